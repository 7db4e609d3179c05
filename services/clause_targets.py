"""What a clause of a plan's text leaves in a case's record, and how to find the cases that have it.

``by`` of ``clauses.toml`` names steps, fields of their forms, and rows of ``plan.toml``. Some of
the rows leave a trace in a case (a recipient reported to, an approval given), others stand for
themselves (a provision, a role) and are in no single case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, and_, false, or_

from models.history import HistoryEvent
from services.definitions import static_path
from services.plan_text_clauses import Doer, doer
from workflows.catalogue import Catalogue
from workflows.contract import Element

#: ``step`` a task, ``whole`` a call or sub-process, ``timer`` a clock on another element, ``pass``
#: anything else of the diagram; ``standing`` is in no single case.
Kind = Literal[
    "step", "whole", "timer", "pass", "field",
    "recipient", "approval", "archive", "closing", "tier", "anchor", "setting", "standing",
]  # fmt: skip
#: Events that say what a step of the engine walked through.
STEPPING: Final = (
    "element.passed", "instance.started", "instance.migrated", "message.sent", "task.completed",
)  # fmt: skip
#: Which events a row of plan.toml leaves, and the payload's field that names the row.
ROWS: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "recipient": (
        ("report.line_entered", "report.line_acknowledged", "report.line_corrected"), "recipient",
    ),
    "approval": (("approval.given",), "kind"),
    "archive": (("archive.item_recorded",), "key"),
    "closing": (("closing.confirmed", "case.closed"), ""),
    "tier": (("tier.graded", "tier.overridden"), "tier"),
    "anchor": (("anchor.recorded", "anchor.corrected"), "name"),
    "setting": (("case.opened",), ""),
}  # fmt: skip
_TABLES: Final[Mapping[str, Kind]] = {
    "recipients": "recipient", "approvals": "approval", "archive": "archive",
    "closing": "closing", "tiers": "tier", "anchors": "anchor", "settings": "setting",
}  # fmt: skip
_WHOLE: Final = ("callActivity", "subProcess")


@dataclass(frozen=True, slots=True)
class Target:
    """One thing a clause is carried out by. ``path`` of an element, ``key`` of a row or field
    ("" for every row of its table); ``timers`` are the paths of the clocks on the element."""

    kind: Kind
    doer: Doer
    path: str = ""
    key: str = ""
    element: Element | None = None
    timers: tuple[str, ...] = ()


def targets_of(
    read: Catalogue, manifest: Mapping[str, Any], clause: Mapping[str, Any]
) -> tuple[Target, ...]:
    """What carries a clause out in one version, each once."""
    found: dict[tuple[str, str, str], Target] = {}
    for by in clause.get("by", []):
        one = _target(read, manifest, doer(read, manifest, by, setting=clause["fate"] == "setting"))
        if one is not None:
            found.setdefault((one.kind, one.path, one.key), one)
    return tuple(found.values())


def _target(read: Catalogue, manifest: Mapping[str, Any], done_by: Doer) -> Target | None:
    if done_by.kind in ("element", "field"):
        return _of_element(read, done_by)
    if done_by.kind != "setting":
        return None
    if done_by.table == "clocks":
        rows = manifest.get("clocks", [])
        rule = next((row for row in rows if row.get("id") == done_by.key), None)
        clocked = doer(read, manifest, str(rule.get("element", ""))) if rule is not None else None
        if clocked is not None and clocked.kind == "element":
            return _of_element(read, clocked)
        return Target("standing", done_by, key=done_by.key)
    return Target(_TABLES.get(done_by.table, "standing"), done_by, key=done_by.key)


def _of_element(read: Catalogue, done_by: Doer) -> Target:
    element = read.elements[done_by.path]
    timers = tuple(
        one.path
        for one in read.elements.values()
        if one.attached_to == element.path and one.deadline_kind is not None
    )
    kind: Kind = "pass"
    if done_by.kind == "field":
        kind = "field"
    elif element.kind == "userTask":
        kind = "step"
    elif element.kind in _WHOLE:
        kind = "whole"
    elif element.attached_to and element.timer:
        kind = "timer"
    return Target(kind, done_by, element.path, done_by.key, element, timers)


def decisive(targets: Sequence[Target]) -> list[Target]:
    """Those that say whether a clause applied: that a gateway was passed or a clock rang counts
    only where there is nothing else."""
    acts = [one for one in targets if one.kind not in ("pass", "timer")]
    return acts or list(targets)


def found_by_path(
    targets: Sequence[Target], recorded: Callable[[], Iterable[str]]
) -> ColumnElement[bool] | None:
    """A condition on `HistoryEvent` rows that the index of element paths answers, however many
    events there are: what happened at the targets or within them, in whatever round. None where one
    of them leaves no events of its own path (a gateway, a row of plan.toml), so that cases have to
    be looked at. ``recorded`` gives the paths of the record (`services.event_streams`); they are
    named one by one, since how a database sorts "/" and "[" is its own affair."""
    paths: set[str] = set()
    for one in decisive(targets):
        if one.kind in ("step", "field", "whole"):
            paths.add(one.path)
        elif one.kind == "timer" and one.element is not None:
            paths.add(one.element.attached_to)
        elif one.kind != "standing":
            return None
    inside = tuple(f"{name}/" for name in paths)
    meant = [
        path
        for path in recorded()
        if static_path(path) in paths or static_path(path).startswith(inside)
    ]
    return and_(HistoryEvent.element_path != "", HistoryEvent.element_path.in_(meant))


def _pattern(path: str) -> str:
    """For LIKE: a path, whatever rounds of repeated steps stand in it."""
    return "%/".join(path.split("/"))


def _mention(path: str) -> str:
    """For LIKE: an event's content that may name the path as a step."""
    return f"%{path.rpartition('/')[2]}%"


def events_of(targets: Sequence[Target]) -> ColumnElement[bool]:
    """A condition on `HistoryEvent` rows: what may tell of one of the targets."""
    conditions: list[ColumnElement[bool]] = []
    for one in targets:
        if one.kind in ROWS:
            conditions.append(HistoryEvent.type.in_(ROWS[one.kind][0]))
        elif one.path:
            paths = [one.path, *one.timers]
            if one.kind == "timer" and one.element is not None:
                paths.append(one.element.attached_to)
            mentions = [HistoryEvent.content.like(_mention(path)) for path in {paths[0], paths[-1]}]
            conditions += [
                HistoryEvent.element_path.in_(paths),
                HistoryEvent.element_path.like(f"{_pattern(one.path)}%"),
                and_(HistoryEvent.type.in_(STEPPING), or_(*mentions)),
            ]
    return or_(false(), *conditions)
