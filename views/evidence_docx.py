"""The report of an evidence bundle as a Word file: what `audit/report.html` tells, for paper."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from flask_babel import gettext as _

from services.statement_text import PART_NAMES
from views import evidence_account as cells
from views.evidence_account import Account
from views.i18n import current_locale, format_moment, format_size, loc
from views.mask_words import in_words
from views.plan_docx_paper import Paper
from views.terms import STATEMENT_KINDS, named

#: Events told on paper; the page and ``events.jsonl`` have all of them.
MOST_EVENTS: Final = 2_000


def written(account: Account) -> bytes:
    """The file, in the reader's language."""
    paper, heads = Paper(), cells.heads()
    paper.title(in_words(account.title))
    if account.unit:
        paper.centred(account.unit, size=16)
    paper.centred(in_words(account.case.title))
    _about(paper, account)
    paper.heading(_("各项时限"), 1)
    limits = list(map(cells.limit_line, account.limits))
    _table(paper, heads["limits"], limits, (2, 3, 2.1, 2.2, 2), _("没有设时限的任务。"))
    paper.heading(_("对外文稿与审签"), 1)
    if not account.statements:
        paper.line(_("没有文稿。"))
    for shown in account.statements:
        _statement(paper, shown)
    paper.heading(_("附件"), 1)
    files = [
        (row.name, format_size(stored.size), format_moment(row.added_at), stored.sha256)
        for row, stored in account.files
    ]
    _table(paper, heads["files"], files, (3, 1, 1.6, 5), _("没有附件。"))
    paper.heading(_("经过"), 1)
    lines = list(map(cells.event_line, account.lines[:MOST_EVENTS]))
    _table(paper, heads["events"], lines, (0.8, 2.2, 2.6, 5.4), _("没有记录。"))
    if len(account.lines) > MOST_EVENTS:
        more = len(account.lines) - MOST_EVENTS
        paper.line(_("另有 %(n)s 条,见 report.html。", n=more))
    paper.heading(_("怎样核对"), 1)
    paper.items(how_to_check())
    header = " · ".join(filter(None, (account.unit, account.title)))
    paper.margins(header, _("第 {page} 页,共 {pages} 页"))
    language = "en" if current_locale() == "en" else "zh-CN"
    return paper.save(account.title, account.case.number, account.made_at, language)


def how_to_check() -> Sequence[str]:
    """What the reader can do, and what no check shows; the page says the same."""
    return (
        _("把 planroom_verify.py 拷到任何一台装有 Python 的电脑,装好 rfc8785 和 cryptography,"
          "运行:python planroom_verify.py 材料包.zip --key 密钥指纹。不需要服务器和数据库。"),
        _("密钥指纹应从别处得到(单位的公文、网站、以前的材料包),不要只看包里写的。"),
        _("单看一条链,看不出末尾被截掉,也看不出整条链被重写后重新签名;"
          "能看出的是事先存放在单位以外的链头(--heads)。"),
    )  # fmt: skip


def _about(paper: Paper, account: Account) -> None:
    case = account.case
    versions = _("、").join(
        f"{loc(one.manifest, 'title')} " + _("第 %(n)s 版", n=one.number)
        for one in account.versions
    )
    rows = [
        (_("事件"), f"{case.number} {in_words(case.title)}"),
        (_("预案"), versions),
        (_("等级"), account.tier),
        (_("启动时间"), format_moment(case.opened_at)),
        (_("办结时间"), format_moment(case.closed_at) or "—"),
        (_("归档时间"), format_moment(case.archived_at) or "—"),
        (_("记录"), _("%(n)s 条,末条校验码 %(head)s", n=account.length, head=account.head or "—")),
        (_("制作于"), format_moment(account.made_at)),
        (_("所列时间"), cells.times(account)),
    ]
    paper.table((_("项目"), _("内容")), rows, (1.4, 6))
    if account.masked:
        paper.line(_("公众的姓名、电话、账号等个人信息已遮蔽,附件没有放入。"))


def _statement(paper: Paper, shown: Mapping[str, Any]) -> None:
    """Its text as it stands, then every version, approval and release."""
    current, words, heads = shown["current"], shown["words"], cells.heads()
    name = current.title or named(STATEMENT_KINDS, shown["statement"].kind)
    paper.heading(in_words(name), 2)
    for part in PART_NAMES:
        value = getattr(current, part)
        if value and part != "title":
            told = value if isinstance(value, str) else format_moment(value)
            paper.line((words.part_name(part) + _(":"), True), in_words(told))
    tables = (
        ("versions", _("各版"), cells.version_line, shown["versions"], (1.4, 1.7, 2, 4, 2)),
        ("decisions", _("审签"), cells.decision_line, shown["decisions"],
         (1.4, 1.7, 1.7, 1.6, 2.1, 1.7, 2.2)),
        ("releases", _("发布"), cells.release_line, shown["releases"],
         (1.4, 2.2, 1.8, 2.1, 1.7, 2.4)),
    )  # fmt: skip
    for key, title, line, rows, widths in tables:
        paper.heading(title, 3)
        _table(paper, heads[key], [line(shown, row) for row in rows], widths, _("没有。"))


def _table(
    paper: Paper,
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    widths: Sequence[float],
    otherwise: str,
) -> None:
    told = [[in_words(cell) for cell in row] for row in rows]
    if told:
        paper.table(head, told, widths)
    else:
        paper.line(otherwise)
