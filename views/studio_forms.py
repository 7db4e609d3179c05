"""The form builder of a draft: which steps have a form, and one form's fields to edit.

The whole form travels with every request: a button that adds, moves or takes away a field sends
what was typed and gets the fields back changed; nothing is kept until it is saved.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from flask import Blueprint, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from markupsafe import Markup
from sqlalchemy.orm import Session

from models.studio import PlanDraft
from services import draft_reading, plan_forms
from services.errors import Refusal
from services.masking_fields import kind_of
from services.masking_text import TOKENS
from services.plan_form_mentions import Mention, gone, mentions, mentions_key
from services.plan_forms import CONSTRAINTS, FormFile
from views.forms import form_data
from views.i18n import LOCALES, current_locale, loc
from views.kit import Answer, actor, database, me, now, render, run, say, seen, wants_fragment
from views.refusals import field_sentence, sentence
from views.studio_diagram_words import FORMS
from views.studio_form_rows import name_new, step, typed
from views.studio_kit import draft_in_hand, draft_page
from workflows.contract import Element, FormField
from workflows.edits_form import FieldEdit, FormTask, as_edit

bp = Blueprint("studio_forms", __name__, url_prefix="/studio")


TYPES: Final = {
    "string": _l("一行文字"),
    "text": _l("多行文字"),
    "long": _l("整数"),
    "double": _l("数字(可有小数)"),
    "boolean": _l("是或否"),
    "date": _l("日期"),
    "datetime": _l("日期和时间"),
    "enum": _l("从选项中选一个"),
}
#: What the special pages do, for whoever wonders why they have no fields to edit.
SPECIAL: Final = {
    "planroom:grade": _l("显示判定表提出的等级,由人确认或改定并写明理由。"),
    "planroom:statement-draft": _l("起草要发布的文稿,每改一次留一版。"),
    "planroom:statement-review": _l("审核文稿:同意、改后同意、退回或不同意。"),
    "planroom:statement-approve": _l("签发文稿,是发布前的最后一道。"),
    "planroom:statement-release": _l("登记文稿从哪个官方渠道、何时发布。"),
    "planroom:report-up": _l("逐个登记向谁报送、何时报送、何时确认收到。"),
    "planroom:closing": _l("对照预案的结束标准,决定事件是否办结。"),
    "planroom:archive": _l("对照归档目录,逐项登记存在何处或为何缺。"),
    "planroom:destroy": _l("销毁事件里的个人信息,留下销毁记录。"),
}
MISTAKES: Final = {
    "id_twice": _l("这个表单里已有同名的字段,请换一个。"),
    "id_shape": _l("只能用小写字母、数字和下划线,以字母开头,最多 60 个字符,如 people_hurt。"),
    "id_of_element": _l("流程图里已有元素用这个名字,会被认错,请换一个。"),
    "id_reserved": _l("这个词另有用处,请换一个。"),
    "no_options": _l("请至少加一个选项。"),
    "too_many_options": _l("选项太多,最多 100 个。"),
    "too_many_fields": _l("字段太多,最多 100 个。"),
    "value_twice": _l("已有同样的选项值,请换一个。"),
    "value_shape": _l("最多 60 个字符,不能有引号、尖括号,首尾不能是空格。"),
    "bounds_crossed": _l("上限不能小于下限。"),
    "one_line": _l("一行文字里不能换行。"),
}  # fmt: skip
#: Whether a field holds personal data of members of the public.
PERSONAL: Final = {"": _l("按名称判断"), "true": _l("是"), "false": _l("不是")}
FIGURES: Final = {
    "minlength": _l("最少字数"),
    "maxlength": _l("最多字数"),
    "min": _l("不小于"),
    "max": _l("不大于"),
}
#: Names of the parts of a field, for the summary of what is wrong.
PARTS: Final = {
    "id": _l("字段名"), "label": _l("中文名称"), "label_en": _l("英文名称"), "type": _l("种类"),
    "default": _l("默认值"), "help": _l("中文提示"), "help_en": _l("英文提示"),
    "options": _l("选项"), "personal": _l("公众的个人信息"), **FIGURES,
}  # fmt: skip


@dataclass(slots=True)
class Editing:
    """A form in hand: ``rows`` as typed, ``errors`` by field name of the page, ``found`` what
    still asks for what is to go, ``focus`` the field name or button to go on at."""

    rows: list[FieldEdit]
    revision: int
    errors: dict[str, str] = field(default_factory=dict)
    found: list[Mention] = field(default_factory=list)
    focus: str = ""
    refused: str = ""


@bp.get("/drafts/<int:draft_id>/forms")
@login_required
def show(draft_id: int) -> Answer:
    """The steps with their forms; with ``file`` and ``task`` the fields of one."""
    with database().read() as session:
        draft = draft_in_hand(session, draft_id)
        files = draft_reading.files_of(session, draft)
        if not request.args.get("task"):
            return _page(session, draft, files)
        task = plan_forms.task_in(files, request.args.get("file", ""), request.args["task"])
        rows = [as_edit(one, place) for place, one in enumerate(task.fields)]
        return _page(session, draft, files, task, Editing(rows, draft.revision))


@bp.post("/drafts/<int:draft_id>/forms")
@login_required
def change(draft_id: int) -> Answer:
    """``do`` says what: ``save``, ``preview`` (``preview-en``: in that language), ``refresh``, or a
    step of editing (`studio_form_rows.step`)."""
    do = request.form.get("do", "save")
    file, task_id = request.form.get("file", ""), request.form.get("task", "")
    with database().read() as session:
        draft = draft_in_hand(session, draft_id)
        files = draft_reading.files_of(session, draft)
        task = plan_forms.task_in(files, file, task_id)
        rows = typed(request.form, task.fields)
        editing = Editing(rows, request.form.get("revision", draft.revision, type=int))
        if do != "save":
            if not do.startswith("preview"):
                editing.focus = step(do, editing.rows)
                name_new(editing.rows)
            if not wants_fragment():
                return _page(session, draft, files, task, editing)
            preview = {**_preview(task, editing.rows), "draft": draft}
            if do.startswith("preview"):
                return render("studio/_form_preview.html", **preview)
            may_edit = draft_reading.may_edit(draft, me())
            shown = preview | _editor(draft, file, task, editing)
            return render("studio/_form_editor.html", **shown, may_edit=may_edit, fragment=True)
    name_new(editing.rows)
    return _save(draft_id, file, task, editing)


def _save(draft_id: int, file: str, task: FormTask, editing: Editing) -> Answer:
    what = _("编辑“%(task)s”的表单", task=loc(task) or task.id)
    confirmed = request.form.get("confirmed", "")

    def work(uow: Any) -> None:
        plan_forms.save_form(
            uow, draft_id, file, task.id, editing.rows, actor(), now(),
            revision=editing.revision, confirmed=confirmed, what=what,
        )  # fmt: skip

    try:
        run(work)
    except Refusal as refusal:
        if refusal.code not in ("form_invalid", "fields_mentioned", "draft_moved", "draft_locked"):
            raise
        return _again(draft_id, file, task, editing, refusal)
    say(_("已保存表单“%(task)s”。", task=loc(task) or task.id))
    return seen(url_for("studio_forms.show", draft_id=draft_id, file=file, task=task.id))


def _again(draft_id: int, file: str, was: FormTask, editing: Editing, refusal: Refusal) -> Answer:
    """The page once more with what was typed, and why it was not saved."""
    with database().read() as session:
        draft = draft_in_hand(session, draft_id)
        files = draft_reading.files_of(session, draft)
        task = plan_forms.task_in(files, file, was.id)
        if refusal.code == "form_invalid":
            errors: Mapping[str, str] = refusal.args_["errors"]  # type: ignore[assignment]
            editing.errors = {_place(key): _mistake(code) for key, code in errors.items()}
        elif refusal.code == "fields_mentioned":
            lost = gone(task.fields, editing.rows)
            editing.found = mentions(files, file, task.id, lost)
        elif refusal.code == "draft_moved":
            editing.revision = draft.revision
            editing.rows = typed(request.form, task.fields)
            editing.refused = (
                _("草稿刚在别处改过,但没有改到这个表单。您填的都在下面,再按一次“保存”即可。")
                if request.form.get("stamp", "") == _stamp(task)
                else _("这个表单刚在别处改过。您填的都在下面;再按一次“保存”,就以您填的为准。")
            )
        else:
            editing.refused = sentence(refusal)
        page = _page(session, draft, files, task, editing)
    return page, refusal.status


def _stamp(task: FormTask) -> str:
    """Tells whether a form is still the one a page was made of."""
    return hashlib.sha256(repr(task.fields).encode()).hexdigest()[:20]


def _place(key: str) -> str:
    return f"f.{key}" if key else ""


def _mistake(code: str) -> str:
    found = MISTAKES.get(code)
    return str(found) if found is not None else field_sentence(code)


# ------------------------------------------------------------------------------ the page


def _page(
    session: Session,
    draft: PlanDraft,
    files: Mapping[str, bytes],
    task: FormTask | None = None,
    editing: Editing | None = None,
) -> str:
    shown: dict[str, Any] = {"task": task, "file": "", "special": FORMS, "does": SPECIAL}
    if task is not None and editing is not None:
        file = request.values.get("file", "")
        shown |= _editor(draft, file, task, editing) | _preview(task, editing.rows)
    return render(
        "studio/forms.html",
        **draft_page(session, draft, "forms"),
        form_files=[_listed(one) for one in plan_forms.form_files(files)],
        **shown,
    )


def _listed(one: FormFile) -> dict[str, Any]:
    """A file's steps: those with fields or none yet, and those with a page of their own."""
    return {
        "file": one.file,
        "process": loc(one),
        "tasks": [task for task in one.tasks if not task.form_key],
        "special": [task for task in one.tasks if task.form_key],
    }


def _editor(draft: PlanDraft, file: str, task: FormTask, editing: Editing) -> dict[str, Any]:
    return {
        "file": file,
        "task": task,
        "rows": [_shown(task, place, one) for place, one in enumerate(editing.rows)],
        "revision": editing.revision,
        "stamp": _stamp(task),
        "errors": editing.errors,
        "labels": {name: _label_of(name, editing.rows) for name in editing.errors},
        "found": editing.found,
        "confirm": mentions_key(editing.found),
        "focus": editing.focus,
        "refused": editing.refused,
        "types": [(key, str(words)) for key, words in TYPES.items()],
        "personal": [(key, str(words)) for key, words in PERSONAL.items()],
        "lang": _language(),
        "languages": LOCALES,
    }


def _shown(task: FormTask, place: int, one: FieldEdit) -> dict[str, Any]:
    """A row with the values of its inputs by their names."""
    name = f"f.{place}."
    texts = ("id", "label", "label_en", "type", "default", "help", "help_en", "personal")
    values: dict[str, Any] = {name + key: getattr(one, key) for key in texts}
    values[f"{name}required"] = "true" if one.required else ""
    values |= {name + key: value for key, value in one.constraints.items()}
    for number, option in enumerate(one.options):
        keys = ("value", "label", "label_en")
        values |= {f"{name}o.{number}.{key}": getattr(option, key) for key in keys}
    return {
        "place": place,
        "name": name,
        "edit": one,
        "was": task.fields[one.was].id if one.was is not None else "",
        "typed": values,
        "kind": str(TYPES.get(one.type, one.type)),
        "figures": [(key, str(FIGURES[key])) for key in CONSTRAINTS.get(one.type, ())],
        "choices": [
            (option.value, loc({"name": option.label, "name_en": option.label_en}) or option.value)
            for option in one.options
        ],
        "more": bool(one.help or one.help_en or one.default or one.constraints),
    }


def _label_of(name: str, rows: Sequence[FieldEdit]) -> str:
    parts = name.split(".")
    if len(parts) < 3 or not parts[1].isdigit():
        return ""
    part = str(PARTS["options"]) if parts[2] == "o" else str(PARTS.get(parts[2], ""))
    return _("第 %(n)s 个字段的%(part)s", n=int(parts[1]) + 1, part=part)


def _language() -> str:
    chosen = request.form.get("do", "").removeprefix("preview-")
    wanted = chosen if chosen in LOCALES else request.values.get("lang", "")
    return wanted if wanted in LOCALES else current_locale()


def _preview(task: FormTask, rows: Sequence[FieldEdit]) -> dict[str, Any]:
    """The form as staff will see it, in the language asked for: its words in that language only,
    so that the reader's own does not choose others."""
    lang = _language()
    choose: Callable[[str, str], str] = (
        (lambda zh, en: en or zh) if lang == "en" else (lambda zh, en: zh)
    )
    fields = tuple(
        FormField(
            id=one.id or f"row_{place}",
            label=choose(one.label, one.label_en) or f"({place + 1})",
            type=one.type,
            default=one.default or None,
            required=one.required,
            options=tuple((o.value, choose(o.label, o.label_en), "") for o in one.options),
            help=choose(one.help, one.help_en),
            properties={"widget": "textarea", "personal": one.personal}
            if one.type == "text"
            else {"personal": one.personal},
        )
        for place, one in enumerate(rows)
    )
    element = Element(task.id, task.id, "userTask", task.name, form_fields=fields)
    with force_locale(lang):
        drawn = render(
            form_data.TEMPLATE,
            fields=form_data.shown_fields(element),
            values=form_data.defaults(element),
            errors={},
            options=lambda one: [(value, words) for value, words, _en in one.options],
        )
    # By both names, as masking reads them, whatever the preview's language.
    masked = [
        (shown.label, TOKENS[kind])
        for shown, one in zip(fields, rows, strict=True)
        if (kind := kind_of(replace(shown, label=one.label, label_en=one.label_en)))
    ]
    return {"preview": Markup(drawn), "lang": lang, "languages": LOCALES, "masked": masked}
