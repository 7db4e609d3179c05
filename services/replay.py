"""A case's record as a replay plays it: what each event did to the drawing, small enough to hold
10,000 of them. Read from history and the pinned files only: the engine is never loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from models.cases import Case
from models.history import HistoryEvent
from models.plans import PlanVersion
from services import history
from services.case_diagrams import and_around
from services.definitions import catalogue_for, static_path
from services.errors import Refusal
from services.replay_flows import FlowsTaken
from services.replay_sheets import Sheet, place_of, sheets_of
from workflows.catalogue import Catalogue

#: What an operation does to the token of a path: it has gone on, come in, been taken away; the
#: last notes that the limit of the path has passed.
DONE, ENTERED, CANCELLED, LATE = 0, 1, 2, 3

#: Of an event: seq, type, person, path, when it happened, when it was entered, content.
EventRow = Row[int, str, int | None, str, datetime, datetime, str]

#: An entry this long after the act is shown as entered later (seconds).
LAG: Final = 60

#: Kind of mark by type of event, where the type alone decides.
_MARKED: Final[Mapping[str, str]] = {
    "tier.proposed": "decision",
    "tier.graded": "decision",
    "tier.overridden": "decision",
    "deadline.met": "met",
    "deadline.escalated": "escalation",
    "approval.given": "approval",
    "approval.countersigned": "approval",
    "approval.voided": "approval",
    "statement.created": "statement",
    "statement.version_added": "statement",
    "statement.released": "release",
    "statement.corrected": "release",
    "statement.withdrawn": "release",
    "instance.migrated": "migration",
}


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the case that ran on one version: from the event at ``first`` (an index) until the
    next stretch."""

    first: int
    version: PlanVersion
    read: Catalogue
    sheets: Sequence[Sheet]


@dataclass(slots=True)
class Frames:
    """All events of a case in columns, one entry an event.

    ``type`` and ``path`` are indices into ``types`` and ``paths`` (-1: no path); ``occurred`` and
    ``recorded`` are case time in whole seconds since 1970. ``ops`` holds for each event pairs
    (``path index * 4 + operation``, round), ``flows`` indices into ``taken``, whose entries are
    (index of the stretch, of its sheet, flow id). ``marks`` are (index of the event, kind).
    """

    case: Case
    stretches: list[Stretch]
    types: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    seq: list[int] = field(default_factory=list)
    type: list[int] = field(default_factory=list)
    path: list[int] = field(default_factory=list)
    occurred: list[int] = field(default_factory=list)
    recorded: list[int] = field(default_factory=list)
    ops: list[list[int]] = field(default_factory=list)
    flows: list[list[int]] = field(default_factory=list)
    taken: list[tuple[int, int, str]] = field(default_factory=list)
    marks: list[tuple[int, str]] = field(default_factory=list)

    def places(self, stretch: int) -> list[int]:
        """For each of ``paths`` the sheet of the stretch it is drawn on; -1 where that version
        has no such element."""
        one = self.stretches[stretch]
        return [place_of(path, one.read, one.sheets) for path in self.paths]


def frames(session: Session, case: Case) -> Frames:
    """The whole case. Raises Refusal ``plan_unknown`` 404 when a version it ran on is gone."""
    rows = _rows(session, case.id)
    return _Builder(Frames(case, stretches(session, case, rows))).build(rows)


def stretches(
    session: Session, case: Case, rows: Sequence[EventRow] | None = None
) -> list[Stretch]:
    """The versions the case ran on, in order. With ``rows``, all of its events, ``first`` is their
    index; without, it is the ``seq`` of the first event less one. Raises Refusal ``plan_unknown``
    404 where a version is not there any more."""
    if rows is None:
        found = _rows(session, case.id, "instance.migrated")
        moved = [(row.seq - 1, _data(row)) for row in found]
    else:
        moved = [(n, _data(row)) for n, row in enumerate(rows) if row.type == "instance.migrated"]
    begun: list[tuple[int, int]] = [(0, moved[0][1]["from_version"] if moved else 0)]
    begun += [(first, payload["to_version"]) for first, payload in moved]
    ran = []
    for first, version_id in begun:
        version = session.get(PlanVersion, version_id or case.plan_version_id)
        if version is None:
            raise Refusal("plan_unknown", 404)
        read = catalogue_for(session, version)
        ran.append(Stretch(first, version, read, sheets_of(read)))
    return ran


_SELECT = select(
    HistoryEvent.seq,
    HistoryEvent.type,
    HistoryEvent.person_id,
    HistoryEvent.element_path,
    HistoryEvent.occurred_at,
    HistoryEvent.recorded_at,
    HistoryEvent.content,
)


def _rows(session: Session, case_id: int, type_: str = "") -> Sequence[EventRow]:
    """The case's events (of one type) without making objects of them."""
    wanted = _SELECT.where(HistoryEvent.chain == history.chain_of(case_id))
    if type_:
        wanted = wanted.where(HistoryEvent.type == type_)
    return session.execute(wanted.order_by(HistoryEvent.seq)).all()


def _data(row: EventRow) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(row.content)["data"]
    return found


class _Builder:
    def __init__(self, out: Frames) -> None:
        self.out = out
        self.types: dict[str, int] = {}
        self.paths: dict[str, int] = {}
        self.takens: dict[tuple[int, int, str], int] = {}
        #: id of a task -> its path: what a limit on a sub-process is told of
        self.tasks: dict[str, str] = {}
        self.flows = [FlowsTaken(one.read, one.sheets) for one in out.stretches]

    def build(self, rows: Sequence[EventRow]) -> Frames:
        out, here = self.out, 0
        firsts = [one.first for one in out.stretches]
        for n, row in enumerate(rows):
            while here + 1 < len(firsts) and firsts[here + 1] <= n:
                here += 1
            seq, type_, person, path, occurred, recorded, content = row
            entered = recorded.timestamp()
            happened = entered if occurred == recorded else occurred.timestamp()
            out.seq.append(seq)
            out.type.append(self._number(self.types, type_))
            out.path.append(self._path(path) if path else -1)
            out.occurred.append(int(happened))
            out.recorded.append(int(entered))
            ops: list[int] = []
            flows: list[int] = []
            # Most events move nothing; what is not needed is not read.
            if '"steps":' in content:
                payload = _data(row)
                steps = payload.get("steps", ())
                ops = self._ops(steps)
                for sheet, flow in self.flows[here].taken(payload.get("flows", ()), steps):
                    flows.append(self._number(self.takens, (here, sheet, flow)))
            elif type_ == "task.opened":
                self.tasks[_data(row)["task"]] = path
            elif type_ == "deadline.missed":
                ops = self._missed(row, out.stretches[here].read)
            out.ops.append(ops)
            out.flows.append(flows)
            if kind := _mark(type_, person, content):
                out.marks.append((n, kind))
            # A moment recorded lies in the past by its nature.
            if entered - happened >= LAG and person is not None and not type_.startswith("anchor."):
                out.marks.append((n, "entered_later"))
        out.types, out.paths = list(self.types), list(self.paths)
        out.taken = list(self.takens)
        return out

    def _number(self, known: dict[Any, int], key: Any) -> int:
        return known.setdefault(key, len(known))

    def _path(self, path: str) -> int:
        return self._number(self.paths, path)

    def _ops(self, steps: Sequence[str]) -> list[int]:
        ops: list[int] = []
        for step in steps:
            path, _, round_ = step.lstrip("+-").partition("#")
            sign = ENTERED if step[0] == "+" else CANCELLED if step[0] == "-" else DONE
            ops += (self._path(path) * 4 + sign, int(round_ or 1))
        return ops

    def _missed(self, row: EventRow, read: Catalogue) -> list[int]:
        """The task whose limit passed, and every call and sub-process around it."""
        path = self.tasks.get(str(_data(row).get("task") or ""), "")
        if not path:
            element = read.elements.get(static_path(row.element_path))
            path = (element.attached_to if element is not None else "") or row.element_path
        ops: list[int] = []
        for one in and_around(path) if path else ():
            ops += (self._path(one) * 4 + LATE, 1)
        return ops


def _mark(type_: str, person: int | None, content: str) -> str | None:
    """The kind of mark an event is, None for most."""
    if type_ == "deadline.missed":
        # The clock notes that a limit passes, a person's act that it was late.
        return "missed" if person is None else "late"
    if type_ == "decision.taken":
        return "decision" if '"decision":' in content else None
    if type_.startswith("report.") and '"met":false' in content:
        return "late"
    return _MARKED.get(type_)
