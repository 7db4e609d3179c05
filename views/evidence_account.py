"""What the report of an evidence bundle tells: what happened, who approved which text, which limits
were kept, for somebody who has never seen the program. Facts, no verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from models.cases import Case
from models.plans import PlanVersion
from services import (
    case_reading,
    channels,
    evidence_rows,
    files,
    masked_rows,
    statement_reading,
)
from services.case_reading import CaseOverview, Clock
from services.definitions import catalogue_for
from services.directory import organization, people_by_id, roles
from services.masking import Mask
from views.i18n import current_zone, format_moment, format_span, loc
from views.kit import me, now
from views.statement_page import frame
from views.terms import case_title
from views.timeline import LAG, Line, Words, rows_named, timeline


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit that ran: what it was on, when it was due, when the work was done, in words.
    ``entered`` is when that was entered, where it was not at once."""

    what: str
    clauses: str
    due: datetime
    done: datetime | None
    entered: datetime | None
    outcome: str


@dataclass(frozen=True, slots=True)
class Account:
    """All a report tells, masked. ``statements`` are frames as the statement pages have them."""

    unit: str
    case: Case
    versions: Sequence[PlanVersion]
    tier: str
    masked: bool
    length: int
    head: str
    limits: Sequence[Limit]
    statements: Sequence[Mapping[str, Any]]
    files: Sequence[tuple[Any, Any]]
    lines: Sequence[Line]
    made_at: datetime
    zone: str
    moved: bool

    @property
    def title(self) -> str:
        return case_title(self.case, _("佐证报告 %(number)s", number=self.case.number))


def account_of(session: Session, case: Case, mask: Mask) -> Account:
    """What the report tells of a case that the person signed in may have; ``mask`` is theirs."""
    view = masked_rows.overview(mask, case_reading.overview_of(session, case, me(), now()))
    words = _words(session, view)
    last = view.timeline[-1].event if view.timeline else None
    unit = organization(session)
    return Account(
        unit=loc(unit) if unit is not None else "",
        case=view.case,
        versions=evidence_rows.versions_of(session, case),
        tier=loc(view.tier) if view.tier is not None else _("未定级"),
        masked=mask.on,
        length=len(view.timeline),
        head=last.hash if last is not None else "",
        limits=[_limit(words, clock, view.version.manifest) for clock in view.clocks],
        statements=[
            masked_rows.statement_frame(mask, frame(session, one, view.at))
            for one in statement_reading.of_case(session, case.id)
        ],
        files=[
            (masked_rows.attachment(mask, row), stored)
            for row, stored in files.attachments(session, case.id)
        ],
        lines=timeline(words, view.timeline)[::-1],
        made_at=now(),
        zone=current_zone(),
        moved=any(one.event.type == "case.clock_moved" for one in view.timeline),
    )


def _words(session: Session, view: CaseOverview) -> Words:
    read = catalogue_for(session, view.version)
    return Words.of_plan(
        view.version.manifest,
        read.elements,
        read.flows,
        view.at,
        roles={role.key: role for role in roles(session)},
        people=people_by_id(session, rows_named(e.payload for e in view.timeline)),
        channels=channels.by_id(session),
    )


def _limit(words: Words, clock: Clock, manifest: Mapping[str, Any]) -> Limit:
    late = clock.late
    if clock.status == "met":
        outcome = _("按时,余 %(spare)s", spare=format_span(late or 0))
    elif clock.status == "missed":
        outcome = _("超时 %(span)s", span=format_span(late or 0))
    elif clock.status == "overdue":
        outcome = _("已超时,尚未办结")
    elif clock.status == "running":
        outcome = _("尚未到期")
    else:
        outcome = _("已取消")
    task = clock.task
    entered = task.completed_at
    done = task.occurred_at or entered
    later = entered is not None and done is not None and (entered - done).total_seconds() >= LAG
    # Of all the clauses around a step, those that set a limit.
    rules = {str(row["id"]): row for row in manifest.get("clocks", [])}
    own = [rules[one] for one in clock.clauses if one in rules]
    asked = [clock.rule] if clock.rule is not None else own
    clauses = ";".join(f"{row['id']} {loc(row, 'text')}" for row in asked)
    return Limit(
        words.task(task.element_path),
        clauses or " ".join(clock.clauses),
        clock.due_at,
        done,
        entered if later else None,
        outcome,
    )


def limit_line(one: Limit) -> tuple[str, ...]:
    """A limit as cells: on what, clause, when due, when done (and entered), how it came out."""
    done = format_moment(one.done) or "—"
    if one.entered is not None:
        done += " " + _("(%(at)s 录入)", at=format_moment(one.entered)).strip()
    return (one.what, one.clauses or "—", format_moment(one.due), done, one.outcome)


def event_line(line: Line) -> tuple[str, ...]:
    """An event as cells: number, when, who, what; when it was entered, where it was not at once."""
    text = line.text
    if line.lag:
        text += " " + _("(%(at)s 录入)", at=format_moment(line.recorded_at)).strip()
    return (str(line.seq), format_moment(line.at, seconds=True), line.who, text)


def times(account: Account) -> str:
    """What the moments of the report are."""
    said = _("均为 %(zone)s 时间。", zone=account.zone)
    if account.moved:
        said += _("本事件的时钟快进过:除制作时间外,都是事件自己的时间。")
    return said


def version_line(shown: Mapping[str, Any], row: Any) -> tuple[str, ...]:
    """A version as cells: number, who, when, digest, note."""
    return (
        str(row.number),
        _name(shown, row.author_id),
        format_moment(row.created_at),
        row.digest,
        row.note or "—",
    )


def decision_line(shown: Mapping[str, Any], row: Any) -> tuple[str, ...]:
    """An approval as cells: version, kind, decision, who, when, digest, what became of it."""
    needs = {need.kind: need for need in shown["needs"]}
    signed, void = format_moment(row.countersigned_at), format_moment(row.voided_at)
    fate = [
        _("口头") if row.oral else "",
        _("%(when)s 补签", when=signed) if signed else "",
        _("%(when)s 因文字改动失效", when=void) if void else "",
        row.comment,
    ]
    return (
        str(shown["version_numbers"][row.version_id]),
        loc(needs[row.kind]) if row.kind in needs else row.kind,
        shown["words"].decision_name(row.decision),
        _name(shown, row.person_id),
        format_moment(row.occurred_at),
        row.digest[:16],
        _("、").join(filter(None, fate)) or "—",
    )


def release_line(shown: Mapping[str, Any], row: Any) -> tuple[str, ...]:
    """A release as cells: version, channel and account, who, when, digest, what became of it."""
    channel = shown["channel_names"].get(row.channel_id)
    taken = format_moment(row.withdrawn_at)
    fate = [row.link, _("%(when)s 撤回", when=taken) if taken else "", row.withdrawal_reason or ""]
    return (
        str(shown["version_numbers"][row.version_id]),
        f"{loc(channel) if channel is not None else ''} {row.account}".strip(),
        _name(shown, row.person_id),
        format_moment(row.occurred_at),
        row.digest[:16],
        _("、").join(filter(None, fate)) or "—",
    )


def _name(shown: Mapping[str, Any], person_id: int | None) -> str:
    who = shown["writers"].get(person_id)
    return loc(who) if who is not None else "—"


def heads() -> dict[str, tuple[str, ...]]:
    """What stands above the cells, by table."""
    return {
        "versions": (_("版次"), _("作者"), _("时间"), _("校验码"), _("说明")),
        "decisions": (
            _("版次"),
            _("审签"),
            _("意见"),
            _("何人"),
            _("时间"),
            _("校验码"),
            _("备注"),
        ),
        "releases": (_("版次"), _("渠道"), _("何人"), _("时间"), _("校验码"), _("备注")),
        "limits": (_("任务"), _("条款"), _("办理时限"), _("办结时间"), _("情况")),
        "files": (_("名称"), _("大小"), _("时间"), _("校验码")),
        "events": (_("序号"), _("发生时间"), _("何人"), _("何事")),
    }
