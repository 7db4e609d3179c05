"""A case's record held against the diagrams of its versions: rows and history only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.cases import Case
from models.history import HistoryEvent
from models.plans import PlanVersion
from services import history
from services.definitions import catalogue_for, static_path
from workflows.catalogue import Catalogue
from workflows.conformance import Act, Verdict, replay
from workflows.conformance_graph import Graph, graph_of

#: Types of events that move a token or say that one has moved; any with ``steps`` does besides.
_TOLD = frozenset(
    {"instance.started", "instance.migrated", "instance.completed", "instance.cancelled",
     "task.opened", "task.completed", "task.cancelled", "decision.taken"}
)  # fmt: skip


def check_case(session: Session, case_id: int) -> Verdict:
    """Play a case's whole record against its diagrams, its changes of version included. A case
    without a process has a verdict that has not `begun`."""
    return replay(lambda version: graph_for(session, version), _acts(session, case_id))


def names_of(session: Session, case: Case, verdict: Verdict) -> dict[str, str]:
    """What the elements a verdict names are called, by path, on the version the case has now."""
    misfit = verdict.misfit
    if misfit is None:
        return {}
    version = session.get_one(PlanVersion, case.plan_version_id)
    read = catalogue_for(session, version)
    found = {}
    for path in (misfit.path, misfit.detail):
        element = read.elements.get(static_path(path))
        if element is not None and element.name:
            found[path] = element.name
    return found


def graph_for(session: Session, content_hash: str) -> Graph | None:
    """The graph of a version, None where none of that hash was deployed here."""
    version = session.scalars(
        select(PlanVersion).where(PlanVersion.content_hash == content_hash).limit(1)
    ).first()
    return _graph(catalogue_for(session, version)) if version is not None else None


@lru_cache(maxsize=32)
def _graph(read: Catalogue) -> Graph:
    return graph_of(read)


def acts_of(events: Iterable[HistoryEvent]) -> Iterator[Act]:
    """The acts among events of one case, in their order."""
    for event in events:
        payload = history.payload_of(event)
        if event.type in _TOLD or payload.get("steps") or payload.get("flows"):
            yield act_of(event.seq, event.type, event.element_path, payload)


def act_of(seq: int, type_: str, path: str, payload: dict[str, Any]) -> Act:
    """One event as an act."""
    decided = type_ == "decision.taken" and not payload.get("decision")
    return Act(
        seq=seq,
        type=type_,
        path=path,
        steps=tuple(payload.get("steps", ())),
        flows=tuple(payload.get("flows", ())),
        task=str(payload.get("task") or ""),
        round=int(payload.get("round") or 1),
        chosen=tuple(payload["matched"]) if decided else None,
        version=str(payload.get("to_hash") or payload.get("hash") or ""),
    )


def _acts(session: Session, case_id: int) -> Iterator[Act]:
    after = 0
    while events := history.events_of_case(session, case_id, after=after):
        yield from acts_of(events)
        after = events[-1].seq
        for event in events:
            session.expunge(event)
