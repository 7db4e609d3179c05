"""The deadlines of plans, told from their versions' files: what stands behind a task's due date.

A task is due by the timer on itself, else by that on the call or sub-process it stands in. The
same deadline in several versions of a plan is one as long as its limit says the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.cases import Case
from models.plans import PlanVersion
from services.definitions import catalogue_for, static_path
from services.plan_text_moments import Moment, read
from workflows.catalogue import Catalogue, Place
from workflows.contract import Element

#: Property ``milestone`` of the steps that are a plan's after-action review (总结评估).
REVIEWED: Final = "reviewed"


@dataclass(slots=True)
class Deadline:
    """``path`` is the element that has to be done in time; ``whole``: a call or sub-process, in
    time once its last task is. ``timer`` is the path of the timer, ``moment`` what it says ("" and
    None where there is none any more), ``rule`` the plan's own row of ``[[clocks]]``. ``clauses``:
    the nearest first, ``own`` how many of them are the deadline's own. ``versions`` are numbers;
    element, manifest and rule are the newest's."""

    no: int
    plan: str
    path: str
    element: Element
    manifest: Mapping[str, Any]
    timer: str
    moment: Moment | None
    rule: Mapping[str, Any] | None
    clauses: tuple[str, ...]
    own: int
    whole: bool
    versions: list[int] = field(default_factory=list)

    @property
    def key(self) -> str:
        """Names it within its plan: the path, and the first version with this limit."""
        return f"{self.path}@{self.versions[0]}"


@dataclass(slots=True)
class Book:
    """``deadlines`` by number; ``places``: (version id, path as tasks hold it) -> deadline;
    ``reviews``: the review steps, as (version id, path)."""

    versions: dict[int, PlanVersion] = field(default_factory=dict)
    deadlines: list[Deadline] = field(default_factory=list)
    places: dict[tuple[int, str], Deadline] = field(default_factory=dict)
    reviews: list[tuple[int, str]] = field(default_factory=list)

    def of_plan(self, plan: str) -> list[Deadline]:
        """A plan's deadlines (its key), in the order of their numbers."""
        return [one for one in self.deadlines if one.plan == plan]

    def clauses_of(self, plan: str) -> list[str]:
        """Clauses with a deadline of their own, in order."""
        found = [c for one in self.of_plan(plan) for c in one.clauses[: one.own]]
        return sorted(dict.fromkeys(found))


def versions_with_cases(session: Session, plan: str = "") -> list[PlanVersion]:
    """Versions that some case runs or ran on, a plan's oldest first."""
    used = select(Case.plan_version_id).distinct()
    query = select(PlanVersion).where(PlanVersion.id.in_(used))
    if plan:
        query = query.where(PlanVersion.plan_key == plan)
    return list(session.scalars(query.order_by(PlanVersion.plan_key, PlanVersion.number)))


def book_of(
    session: Session, versions: Iterable[PlanVersion], seen: Iterable[tuple[int, str]]
) -> Book:
    """The deadlines behind the due dates of tasks; ``seen`` are the places such tasks were found
    at: (version id of the case, element path). A task done before its case moved to a version
    without its step belongs to the newest version of the plan that has it."""
    book = Book({one.id: one for one in versions})
    read_ = {one.id: catalogue_for(session, one) for one in book.versions.values()}
    by_limit: dict[tuple[str, str, Moment | None], Deadline] = {}
    found: list[tuple[PlanVersion, str, int]] = []
    for version_id, path in sorted(seen):
        version = book.versions.get(version_id)
        home = _home(book, read_, version, static_path(path)) if version is not None else None
        if home is not None:
            found.append((home, path, version_id))
    # In the order of versions, so that the newest's names are kept.
    for home, path, version_id in sorted(found, key=lambda one: (one[0].plan_key, one[0].number)):
        deadline = _enter(book, by_limit, home, read_[home.id], static_path(path))
        book.places[version_id, path] = deadline
    for version in book.versions.values():
        for element in read_[version.id].elements.values():
            if element.properties.get("milestone") == REVIEWED and element.kind == "userTask":
                book.reviews.append((version.id, element.path))
    return book


def _home(
    book: Book, read_: Mapping[int, Catalogue], version: PlanVersion, path: str
) -> PlanVersion | None:
    if path in read_[version.id].elements:
        return version
    others = [one for one in book.versions.values() if one.plan_key == version.plan_key]
    for other in sorted(others, key=lambda one: -one.number):
        if path in read_[other.id].elements:
            return other
    return None


def _enter(
    book: Book,
    by_limit: dict[tuple[str, str, Moment | None], Deadline],
    version: PlanVersion,
    catalogue: Catalogue,
    path: str,
) -> Deadline:
    timer = _timer_for(catalogue, path)
    host = catalogue.elements[timer.attached_to if timer is not None else path]
    moment = _moment(catalogue, timer) if timer is not None else None
    rules = version.manifest.get("clocks", [])
    rule = next((row for row in rules if row.get("element") == host.path), None)
    clauses, own = clauses_of(catalogue, host.path, timer, rule)
    key = (version.plan_key, host.path, moment)
    deadline = by_limit.get(key)
    if deadline is None:
        deadline = Deadline(
            len(book.deadlines), version.plan_key, host.path, host, version.manifest,
            timer.path if timer is not None else "", moment, rule, clauses, own,
            host.kind != "userTask",
        )  # fmt: skip
        by_limit[key] = deadline
        book.deadlines.append(deadline)
    if version.number not in deadline.versions:
        deadline.versions.append(version.number)
    deadline.element, deadline.manifest, deadline.rule = host, version.manifest, rule
    deadline.clauses, deadline.own = clauses, own
    return deadline


def _timer_for(catalogue: Catalogue, path: str) -> Element | None:
    """The timer that makes a task due: its own, else the nearest around it."""
    due = {
        one.attached_to: one for one in catalogue.elements.values() if one.deadline_kind == "due"
    }
    while path and path not in due:
        path = path.rpartition("/")[0]
    return due.get(path)


def _moment(catalogue: Catalogue, timer: Element) -> Moment | None:
    within = timer.path.rpartition("/")[0]
    place: Place | None = next((p for p in catalogue.root.walk() if p.path == within), None)
    return read(timer.timer, timer.timer_kind, place) if place is not None else None


def clauses_of(
    catalogue: Catalogue, path: str, timer: Element | None, rule: Mapping[str, Any] | None
) -> tuple[tuple[str, ...], int]:
    """The clauses a deadline stands on, and how many of them are its own: of its row in
    ``[[clocks]]`` and its timer, else of the nearest element that cites any."""
    own = [str(rule["id"])] if rule is not None else []
    own += timer.clauses if timer is not None else ()
    around: list[str] = []
    while path:
        if not own:
            own += catalogue.elements[path].clauses
        around += catalogue.elements[path].clauses
        path = path.rpartition("/")[0]
    first = tuple(dict.fromkeys(own))
    return tuple(dict.fromkeys((*first, *around))), len(first)
