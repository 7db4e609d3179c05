"""The papers of an archive package: the table of contents (卷内目录) as HTML and DOCX, and a page
for each piece that is no file of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import render_template
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from models.people import Role
from services import masked_rows
from services.archive_dossier import Dossier, Item, Piece
from services.directory import organization, roles
from services.tiers import tier_named
from views import archive_pieces
from views.i18n import current_locale, format_moment, loc
from views.plan_docx_paper import Paper
from views.terms import ORIGINS, case_title, named

#: Where the papers stand in the package.
CONTENTS_HTML, CONTENTS_DOCX = "contents.html", "contents.docx"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table of contents, in words. ``href`` leads to the piece in the package;
    ``head`` marks an item of the plan's list, its pieces follow."""

    number: str
    title: str
    when: str
    who: str
    place: str
    note: str
    href: str = ""
    head: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """What stands on both papers: ``facts`` (name, value) of the case, then the rows."""

    unit: str
    title: str
    facts: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]
    remarks: tuple[str, ...]
    made_at: datetime


def papers(session: Session, found: Dossier) -> Iterator[tuple[str, bytes]]:
    """All papers of the package, by their place in it, in the reader's language."""
    names = {role.key: role for role in roles(session)}
    table = table_of(session, found, names)
    page = render_template("archive_room/package/contents.html", table=table)
    yield CONTENTS_HTML, page.encode()
    yield CONTENTS_DOCX, _docx(table)
    for item in found.items:
        for piece in item.pieces:
            if piece.name and piece.kind not in ("file", "history"):
                shown = archive_pieces.shown(session, found, piece)
                text = render_template(
                    "archive_room/package/piece.html",
                    table=table,
                    item=_item_name(item),
                    who=_who(found, piece, names),
                    when=format_moment(piece.when),
                    piece=shown,
                )
                yield piece.name, text.encode()


def table_of(session: Session, found: Dossier, names: dict[str, Role]) -> Table:
    """The table of contents in words."""
    unit, case = organization(session), masked_rows.case(found.mask, found.case)
    tier = tier_named(found.version.manifest, found.case.tier)
    kept = loc(found.term.term)
    if found.term.due_on is not None:
        kept = _("%(term)s(%(day)s 起可列入销毁清册)", term=kept, day=found.term.due_on.isoformat())
    facts = (
        (_("事件编号"), found.case.number),
        (_("预案"), _("%(plan)s 第 %(n)s 版", plan=loc(found.version.manifest, "title"),
                     n=found.version.number)),
        (_("舆情等级"), loc(tier) if tier is not None else _("未定级")),
        (_("启动时间"), format_moment(found.case.opened_at)),
        (_("办结时间"), format_moment(found.case.closed_at) or "—"),
        (_("归档时间"), format_moment(found.case.archived_at) or _("尚未归档")),
        (_("保管期限"), kept),
    )  # fmt: skip
    rows = [row for item in found.items for row in _rows(found, item, names)]
    return Table(
        unit=loc(unit) if unit is not None else "",
        title=case_title(case, case.title),
        facts=facts,
        rows=tuple(rows),
        remarks=tuple(_remarks(found)),
        made_at=found.at,
    )


def _remarks(found: Dossier) -> Iterator[str]:
    yield _("全部记录(events.jsonl)、预案原件、文稿各版和附件原件另附;manifest.json 列有每个文件的"
            "校验码,用 planroom-verify 核验。")  # fmt: skip
    if found.mask.on:
        yield _("本包按查阅权限隐去了公众的个人信息,附件内容没有放入。")
    if found.destroyed:
        yield _("保管期满,填写的文字、附件和线索已按两人同意的销毁清册销毁。")
    if found.case.status != "archived":
        yield _("事件尚未归档,以下是目前的情况。")


def _rows(found: Dossier, item: Item, names: dict[str, Role]) -> Iterator[Row]:
    recorded = item.recorded
    note = found.mask.text(recorded.note) if recorded is not None else ""
    if item.rule is not None and item.rule.origin != "text":
        note = " ".join(filter(None, (named(ORIGINS, item.rule.origin), note)))
    yield Row(
        number=str(item.number),
        title=_item_name(item),
        when=format_moment(recorded.recorded_at) if recorded is not None else "",
        who=_person(found, recorded.recorded_by if recorded is not None else None),
        place=_place(found, item),
        note=note,
        head=True,
    )
    for piece in item.pieces:
        yield Row(
            number=f"{item.number}.{piece.number}",
            title=archive_pieces.title(found, piece),
            when=format_moment(piece.when),
            who=_who(found, piece, names),
            place=_piece_place(piece),
            note=archive_pieces.note(found, piece),
            href=piece.name,
        )


def _item_name(item: Item) -> str:
    return loc(item.rule) if item.rule is not None else _("目录以外的附件")


def _place(found: Dossier, item: Item) -> str:
    where = found.mask.text(item.recorded.where) if item.recorded is not None else ""
    count = len(item.pieces)
    held = _("系统内 %(n)s 件", n=count) if count else ""
    if item.state == "missing":
        return _("缺")
    if item.state == "open":
        return _("尚未登记")
    if item.state == "elsewhere":
        return _("存于:%(where)s", where=where or _("(未写明)"))
    return _(";").join(filter(None, (held, _("存于:%(where)s", where=where) if where else "")))


def _piece_place(piece: Piece) -> str:
    if piece.state == "withheld":
        return _("未放入(个人信息未显示)")
    if piece.state == "lost":
        return _("存储中已找不到")
    return piece.name


def _who(found: Dossier, piece: Piece, names: dict[str, Role]) -> str:
    name = _person(found, piece.person)
    role = names.get(piece.role)
    if name and role is not None:
        return _("%(name)s(%(role)s)", name=name, role=loc(role))
    return name or (loc(role) if role is not None else "")


def _person(found: Dossier, person_id: int | None) -> str:
    person = found.people.get(person_id or 0)
    return loc(person) if person is not None else ""


def _docx(table: Table) -> bytes:
    paper = Paper(lying=True)
    paper.title(_("卷内目录"))
    paper.centred(table.unit, size=14)
    paper.centred(table.title)
    paper.table((_("项目"), _("内容")), table.facts, (1, 4))
    head = (_("序号"), _("题名"), _("日期"), _("责任者"), _("份数/位置"), _("备注"))
    rows: list[tuple[Any, ...]] = [
        (row.number, row.title, row.when, row.who, row.place, row.note) for row in table.rows
    ]
    paper.table(head, rows, (0.7, 3.2, 1.7, 2, 3.2, 2))
    for remark in table.remarks:
        paper.line(remark)
    header = " · ".join(filter(None, (table.unit, table.title)))
    paper.margins(header, _("第 {page} 页,共 {pages} 页"))
    language = "en" if current_locale() == "en" else "zh-CN"
    return paper.save(_("卷内目录"), table.title, table.made_at, language)
