"""What stands on the page of one piece of an archive package: headed rows of label and text, masked
for whoever may not see it all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from models.tasks import UserTask
from models.words import ReportLine
from services import (
    approval_needs,
    channels,
    masked_rows,
    release_reading,
    signals,
    statement_reading,
)
from services.archive_dossier import Dossier, Piece
from services.directory import people_by_id
from services.statement_text import PART_NAMES
from services.tiers import tier_named
from services.typed_words import is_destroyed
from views import statement_terms
from views.i18n import format_moment, format_size, loc
from views.terms import MEDIA, STATEMENT_KINDS, named, shown_value

#: What a special form's result holds, by key. Ids and digests stand in the record.
_RESULT = {
    "tier": _l("舆情等级"),
    "decision": _l("结论"),
    "version": _l("文稿版次"),
    "reason": _l("理由"),
    "comment": _l("意见"),
    "note": _l("说明"),
    "criterion_met": _l("达到办结条件"),
    "complete": _l("报送完毕"),
    "met": _l("按时"),
    "last_at": _l("最后一次报送"),
    "released": _l("已发布"),
    "items": _l("归档项数"),
    "missing": _l("缺项"),
}


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with its rows of label and text."""

    heading: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A piece as it is read."""

    title: str
    sections: tuple[Section, ...]


def title(found: Dossier, piece: Piece) -> str:
    """What the piece is called in the table of contents."""
    row = piece.row
    if piece.kind == "file":
        return found.mask.file_name(row.name)
    if piece.kind == "statement":
        return _(
            "%(kind)s(共 %(n)s 版)", kind=named(STATEMENT_KINDS, row.kind), n=row.latest_number
        )
    if piece.kind == "signal":
        return _("舆情线索 %(n)s", n=row.id)
    if piece.kind == "history":
        return _("全部记录")
    name = loc(row)
    return _("%(name)s(第 %(n)s 次)", name=name, n=row.round) if row.round > 1 else name


def note(found: Dossier, piece: Piece) -> str:
    """What else the table of contents says of it."""
    if piece.kind == "file" and piece.stored is not None:
        size = format_size(piece.stored.size)
        return " ".join(filter(None, (size, found.mask.text(piece.row.note))))
    if piece.kind == "statement":
        return statement_terms.status_name(piece.row.status)
    return ""


def shown(session: Session, found: Dossier, piece: Piece) -> Shown:
    """The page of a piece that is no file."""
    sections = {
        "task": lambda: [_task(found, piece)],
        "report": lambda: [_line(found, line) for line in piece.lines],
        "statement": lambda: list(_statement(session, found, piece)),
        "signal": lambda: [_signal(session, found, piece)],
    }[piece.kind]()
    return Shown(title(found, piece), tuple(sections))


def _task(found: Dossier, piece: Piece) -> Section:
    task: UserTask = piece.row
    result, element = task.result or {}, piece.element
    rows = [(_("办结时间"), format_moment(task.completed_at))]
    if task.occurred_at and task.completed_at and task.occurred_at != task.completed_at:
        rows.insert(0, (_("实际办理时间"), format_moment(task.occurred_at)))
    if task.due_at is not None:
        rows.append((_("办理时限"), format_moment(task.due_at)))
    for field in element.form_fields if element is not None else ():
        value = found.mask.value(element, field, result.get(field.id))
        options = {key: loc({"name": zh, "name_en": en}) for key, zh, en in field.options}
        rows.append((loc(field, "label") or field.id, options.get(str(value), shown_value(value))))
    if element is None or element.form_key:
        rows += [(str(_RESULT[key]), _result(found, key, result[key]))
                 for key in _RESULT if key in result]  # fmt: skip
    return Section("", tuple(rows))


def _result(found: Dossier, key: str, value: Any) -> str:
    if key == "tier":
        tier = tier_named(found.version.manifest, value)
        return loc(tier) if tier is not None else str(value)
    if key == "decision":
        return statement_terms.decision_name(str(value))
    return shown_value(value if is_destroyed(value) else found.mask.any(value))


def _line(found: Dossier, line: ReportLine) -> Section:
    row = masked_rows.text_of(found.mask, line, "to_whom", "acknowledged_how", "note")
    rows = (
        (_("方式"), statement_terms.method_name(line.method)),
        (_("报给"), row.to_whom),
        (_("报送时间"), format_moment(line.happened_at)),
        (_("确认时间"), format_moment(line.acknowledged_at)),
        (_("如何确认"), row.acknowledged_how),
        (_("说明"), row.note),
    )
    return Section(loc(line), _said(rows))


def _statement(session: Session, found: Dossier, piece: Piece) -> Iterator[Section]:
    mask, statement = found.mask, piece.row
    releases = release_reading.of_statement(session, statement.id)
    approvals = approval_needs.of_statement(session, statement.id)
    versions = statement_reading.versions(session, statement.id)
    people = people_by_id(
        session,
        [r.author_id for r in versions]
        + [r.person_id for r in approvals]
        + [r.person_id for r in releases],
    )
    out = masked_rows.published(releases)
    numbers = {row.id: row.number for row in versions}
    accounts = channels.by_id(session)
    for row in versions:
        text = masked_rows.version(mask, row, out)
        rows = [(_("拟稿"), f"{loc(people[row.author_id])} {format_moment(row.created_at)}")]
        rows += [(statement_terms.part_name(name), shown_value(getattr(text, name)))
                 for name in PART_NAMES if getattr(text, name)]  # fmt: skip
        rows.append((_("校验码"), row.digest))
        yield Section(_("第 %(n)s 版", n=row.number), tuple(rows))
    for one in approvals:
        said = masked_rows.decision(mask, one)
        yield Section(
            _("第 %(n)s 版的签批", n=numbers[one.version_id]),
            _said((
                (_("签批人"), loc(people[one.person_id])),
                (_("结论"), statement_terms.decision_name(one.decision)),
                (_("时间"), format_moment(one.occurred_at)),
                (_("电话请示"), _("是") if one.oral else ""),
                (_("补签"), format_moment(one.countersigned_at)),
                (_("失效"), format_moment(one.voided_at)),
                (_("意见"), said.comment),
            )),
        )  # fmt: skip
    for out_row in releases:
        channel = accounts[out_row.channel_id]
        said_of = masked_rows.release(mask, out_row)
        yield Section(
            _("第 %(n)s 版的发布", n=numbers[out_row.version_id]),
            _said((
                (_("渠道"), f"{loc(channel)} {out_row.account}".strip()),
                (_("发布人"), loc(people[out_row.person_id])),
                (_("时间"), format_moment(out_row.occurred_at)),
                (_("链接"), out_row.link),
                (_("撤回"), format_moment(out_row.withdrawn_at)),
                (_("撤回原因"), said_of.withdrawal_reason or ""),
            )),
        )  # fmt: skip


def _signal(session: Session, found: Dossier, piece: Piece) -> Section:
    signal = masked_rows.signal(found.mask, piece.row)
    contact = masked_rows.contact(found.mask, signals.contact_of(session, piece.row))
    rows = (
        (_("内容"), signal.text or (_("(已销毁)") if found.destroyed else "")),
        (_("链接"), signal.link),
        (_("载体"), named(MEDIA, signal.medium)),
        (_("发现时间"), format_moment(signal.discovered_at)),
        (_("报料人"), contact.name),
        (_("联系电话"), contact.phone),
    )
    return Section("", _said(rows))


def _said(rows: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Rows that say something."""
    return tuple((label, text) for label, text in rows if text)
