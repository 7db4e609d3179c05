"""The decision tables of a draft: their editor (`frontend/decisions`), and a box beside it in
which a table is tried."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from flask_wtf.csrf import generate_csrf

from models.studio import PlanDraft
from services import draft_reading, plan_decisions
from services.errors import Refusal
from services.plan_decisions import BadValues, Known, Tried, Wanted
from services.plan_folder import bundle_of
from views import finding_words, terms
from views.i18n import loc
from views.kit import Answer, database, now, render
from views.refusals import field_sentence
from views.studio_kit import draft_in_hand, draft_page
from workflows import decision_table
from workflows.contract import DeploymentError
from workflows.decision_model import DecisionTable
from workflows.decision_table import DecisionError
from workflows.feel import FeelError

bp = Blueprint("studio_decisions", __name__, url_prefix="/studio")

# ruff: noqa: E501 - a sentence stands on one line
#: Why a table gave no answer. What the engine says about it stands beside the sentence.
WHY: Final = {
    "decision_no_match": _l("没有一条规则符合这些值。正式运行时流程会停在这里:请补一条规则,或给输出列设默认值。"),
    "decision_overlap": _l("有几条规则同时符合,而命中策略只许一条(或要求结果相同)。请改规则或命中策略。"),
    "decision_type": _l("有一个值的类型与所在列不符,或不在该列列出的值里。请核对列的类型和单元格的写法。"),
    "decision_result": _l("结果合不到一起(如对文字求和)。请核对命中策略的汇总方式。"),
    "expression_error": _l("单元格里有算不出来的写法,多半是写错了变量名,或有要用到的值没有填。"),
    "expression_timeout": _l("计算时间过长,已停止。请改简单些。"),
}  # fmt: skip
TYPES: Final = {
    "string": _l("文字"),
    "number": _l("数字"),
    "boolean": _l("是/否"),
    "date": _l("日期"),
    "time": _l("时间"),
    "date and time": _l("日期和时间"),
    "days and time duration": _l("时长"),
    "years and months duration": _l("年月时长"),
    "context": _l("一组值"),
    "list": _l("列表"),
}
FIELD_ERRORS: Final = {
    "not_a_duration": _l("请填写时长,如 PT2H(2 小时)或 P3D(3 天)。"),
    "not_feel": _l('请写成表达式,如 3、"文字"、duration("PT2H")。'),
}


@bp.get("/drafts/<int:draft_id>/decisions")
@login_required
def show(draft_id: int) -> Answer:
    """The editor; for readers who may not edit, the tables as they are. ``file`` and ``element``
    (a decision's id) in the address say what is shown first."""
    with database().read() as session:
        draft = draft_in_hand(session, draft_id)
        files = draft_reading.files_of(session, draft)
        page = draft_page(session, draft, "tables")
        editor = _editor(draft, files, bool(page["may_edit"]))
        return render("studio/decisions.html", **page, editor=editor, words=editor_words())


@bp.get("/drafts/<int:draft_id>/decisions/try")
@login_required
def box(draft_id: int) -> Answer:
    """The box for one table (``file``, ``decision``), nothing tried yet."""
    return _box(draft_id, request.args)


@bp.post("/drafts/<int:draft_id>/decisions/try")
@login_required
def try_(draft_id: int) -> Answer:
    """The table of the draft as last saved, on the values typed. Nothing is written."""
    return _box(draft_id, request.form, tried=True)


def _box(draft_id: int, given: Mapping[str, str], *, tried: bool = False) -> Answer:
    file, key = given.get("file", ""), given.get("decision", "")
    with database().read() as session:
        draft = draft_in_hand(session, draft_id)
        files = draft_reading.files_of(session, draft)
    shown: dict[str, Any] = {
        "draft": draft, "file": file, "decision": key, "wanted": [], "errors": {}, "why": "",
        "result": None, "unreadable": "", "given": {name: given.get(name, "") for name in given},
    }  # fmt: skip
    try:
        decision = _decision(files, file, key)
    except DeploymentError as error:
        shown["unreadable"] = " ".join(map(finding_words.sentence, error.findings[:3]))
        return render("studio/_decision_try.html", **shown)
    wanted = plan_decisions.wanted_values(decision, plan_decisions.known_variables(files, [key]))
    shown["wanted"] = [_asked(one) for one in wanted]
    if tried:
        try:
            shown["result"] = _told(
                decision,
                plan_decisions.try_decision(decision, wanted, shown["given"], now()),
                files,
            )
        except BadValues as wrong:
            shown["errors"] = {name: _mistake(code) for name, code in wrong.errors.items()}
        except FeelError as error:
            shown["why"] = _why(error)
            shown["detail"] = error.message
            shown["rules"] = _numbers(decision, error)
    return render("studio/_decision_try.html", **shown), 422 if shown["errors"] else 200


def _decision(files: Mapping[str, bytes], file: str, key: str) -> DecisionTable:
    if file not in files or not file.endswith(".dmn"):
        raise Refusal("file_unknown", 404)
    found = decision_table.parse(files[file], file).get(key)
    if found is None:
        raise Refusal("decision_unknown", 404)
    return found


def _asked(one: Wanted) -> dict[str, Any]:
    return {
        "key": one.key,
        "label": loc(one, "label") or one.text,
        "text": one.text,
        "type": one.type,
        "hint": TYPES.get(one.type, ""),
        "choices": [
            (value, words if words == value else f"{words} ({value})")
            for value, zh, en in one.choices
            for words in [loc({"name": zh, "name_en": en})]
        ],
        "typed": one.type in plan_decisions.TYPED,
    }


def _told(decision: DecisionTable, tried: Tried, files: Mapping[str, bytes]) -> dict[str, Any]:
    tiers = _tiers(files)
    return {
        "rules": tried.rules,
        "beaten": tried.beaten,
        "output": _value(tried.outcome.output, tiers),
        "literal": not tried.rules and not tried.outcome.inputs,
        "default": not tried.rules and bool(tried.outcome.inputs),
        "several": isinstance(tried.outcome.output, list),
    }


def _value(value: object, tiers: Mapping[str, str]) -> str:
    """A result in words; one that is a tier of the plan by the tier's name."""
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if value is None:
        return _("空(null)")
    if isinstance(value, Mapping):
        return _(";").join(f"{name} = {_value(one, tiers)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return _("、").join(_value(one, tiers) for one in value) or _("空列表")
    text = str(value)
    return f"{tiers[text]} ({text})" if text in tiers else text


def _tiers(files: Mapping[str, bytes]) -> dict[str, str]:
    try:
        manifest = bundle_of(files).manifest
    except DeploymentError:
        return {}
    return {str(row["key"]): loc(row) for row in manifest.get("tiers", ()) if row.get("key")}


def _why(error: FeelError) -> str:
    found = WHY.get(error.code)
    return str(found) if found is not None else _("算不出结果(%(code)s)。", code=error.code)


def _numbers(decision: DecisionTable, error: FeelError) -> str:
    """The rules concerned, by their numbers in the table."""
    ids = error.rules if isinstance(error, DecisionError) else ()
    rules = getattr(decision.logic, "rules", ())
    return _("、").join(str(n) for n, rule in enumerate(rules, 1) if rule.id in ids)


def _mistake(code: str) -> str:
    found = FIELD_ERRORS.get(code)
    return str(found) if found is not None else field_sentence(code)


# ------------------------------------------------------------------------------- the editor


def _editor(draft: PlanDraft, files: Mapping[str, bytes], may_edit: bool) -> dict[str, Any]:
    """What the editor works with, as JSON: files and their addresses, what is shown first, the
    variables of each file's tables, the draft's revision, the page's token."""
    names = sorted(name for name in files if name.endswith(".dmn"))
    wanted = request.args.get("file", "")
    return {
        "files": [
            {
                "name": name,
                "address": url_for("studio.file", draft_id=draft.id, name=name),
                "variables": [_variable(one) for one in _variables(files, name)],
            }
            for name in names
        ],
        "start": wanted if wanted in names else (names[0] if names else ""),
        "element": request.args.get("element", ""),
        "revision": draft.revision,
        "token": generate_csrf(),
        "findings": f"{url_for('studio.index')}/drafts/{draft.id}/findings.json",
        "box": url_for("studio_decisions.box", draft_id=draft.id),
        "may_edit": may_edit,
    }


def _variables(files: Mapping[str, bytes], name: str) -> list[Known]:
    try:
        decisions = decision_table.parse(files[name], name)
    except DeploymentError:
        return []
    return plan_decisions.known_variables(files, decisions)


def _variable(one: Known) -> dict[str, Any]:
    label = loc(one, "label")
    if label in ("", one.name):
        label = str(terms.ANCHORS.get(one.name, ""))
    return {
        "name": one.name,
        "type": one.type,
        "detail": str(TYPES.get(one.type, "")),
        "label": label,
        "options": [
            {"value": value, "label": loc({"name": zh, "name_en": en})}
            for value, zh, en in one.options
        ],
    }


def editor_words() -> dict[str, str]:
    """The words the editor's script writes itself."""
    return {
        "close": _("关闭"),
        "saved": _("已保存"),
        "typing": _("有改动,尚未保存"),
        "saving": _("正在保存…"),
        "offline": _("暂时连不上服务器,改动还在这一页上,稍后自动再存"),
        "moved": _("没有保存:草稿刚在别处改过"),
        "refused": _("没有保存"),
        "reading": _("只能查看"),
        "reload": _("放弃这里的改动,载入最新内容"),
        "drd": _("决策关系图"),
        "old_version": _("这个文件是旧版 DMN(%(version)s),这里的编辑器只能编辑 DMN 1.3。文件原样保留,不影响运行;要在这里改,请先用建模工具另存为 DMN 1.3 再导入。"),
        "unreadable": _("文件打不开,没有改动它:%(message)s"),
        "strange": _("文件里有编辑器不认识的内容,为免丢失,这里只供查看:%(message)s"),
        "comments": _("文件里有 XML 注释,在这里保存后注释会丢失,其他内容不受影响。"),
        "import_wrong": _("这不是可用的 DMN 1.3 文件,没有导入:%(message)s"),
        "imported": _("已导入 %(file)s 的内容。"),
        "copied": _("已复制 %(name)s"),
        "inserted": _("已插入 %(name)s"),
        "no_variables": _("没有可用的变量。"),
        "severity_error": _("须改正"),
        "severity_warning": _("请留意"),
        "others": _("还有人在改这个预案:%(names)s"),
        "failed": _("没有算成,请稍后再试。"),
    }  # fmt: skip
