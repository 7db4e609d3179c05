"""What differs between two versions of a plan, as codes and values: the pages say it in words."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal, TypeVar

from services.plan_text import WrittenPlan
from services.plan_text_steps import Part, Step
from workflows.bundle import Bundle
from workflows.catalogue import Catalogue
from workflows.contract import Element, Finding
from workflows.decision_model import DecisionTable
from workflows.diagram import FlowNode

Row = Mapping[str, Any]
T = TypeVar("T")
Kind = Literal["added", "removed", "changed", "moved"]
Group = Literal["limits", "roles", "steps", "approvals", "papers", "tables", "other"]
#: An element as both versions know it: the process it stands in and its id.
Key = tuple[str, str]

GROUPS: Final[tuple[Group, ...]] = (
    "limits", "roles", "steps", "approvals", "papers", "tables", "other",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Both:
    """A text in both languages."""

    name: str
    name_en: str = ""


NOTHING: Final = Both("")


@dataclass(frozen=True, slots=True)
class Subject:
    """What changed. ``kind``: ``step`` or ``element`` (``key`` the element's id, ``process_id``
    where it stands, ``number`` the step's in the version it is taken from), ``part`` (a process),
    ``table`` (a decision), ``plan``, ``clause``, or a table of ``plan.toml`` (``roles``,
    ``tiers``, ...; ``key`` the row's)."""

    kind: str
    key: str
    name: str
    name_en: str = ""
    number: str = ""
    process_id: str = ""
    element_kind: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """``field`` says what of the subject, and of which type ``before`` and ``after`` are (None
    where there was or is none): see `views.plan_diff_words`. ``detail`` names the part of the
    subject (a form's field, a table's column, a step in a call). ``clauses`` are those the
    subject carries. ``importance`` 3: who must do what by when, 2: how, 1: words and drawing.
    ``rank`` is its place in the reading order of the newer version. ``elements`` are what it
    tells of in the drawing."""

    kind: Kind
    group: Group
    subject: Subject
    field: str
    before: Any = None
    after: Any = None
    detail: Subject | None = None
    clauses: tuple[str, ...] = ()
    importance: int = 2
    rank: float = 0.0
    elements: frozenset[Key] = frozenset()


@dataclass(frozen=True)
class PlanText:
    """A version or draft, read. ``tables`` are its decisions by id, ``clauses`` the rows of
    ``clauses.toml``; ``unread`` says what of it could not be read (its decision tables)."""

    bundle: Bundle
    read: Catalogue
    plan: WrittenPlan
    tables: Mapping[str, DecisionTable]
    clauses: Sequence[Row]
    unread: tuple[Finding, ...] = ()

    @cached_property
    def steps(self) -> dict[Key, Step]:
        """The steps by key, in reading order."""
        return {key_of(step.element): step for step in self.plan.by_number.values()}

    @cached_property
    def elements(self) -> dict[Key, Element]:
        """Every element once, however often its process is called."""
        found: dict[Key, Element] = {}
        for element in self.read.elements.values():
            found.setdefault(key_of(element), element)
        return found

    @cached_property
    def nodes(self) -> dict[Key, FlowNode]:
        """The elements of the processes the plan goes through, as its files have them."""
        return {
            (part.key, node.id): node
            for part in self.plan.parts
            for scope in self.read.processes[part.key].scope.walk()
            for node in scope.nodes.values()
        }

    def host(self, key: Key) -> Key | None:
        """The group an element stands in, None for the process itself."""
        host = self.nodes[key].scope.host if key in self.nodes else None
        return (key[0], host.id) if host is not None else None


def key_of(element: Element) -> Key:
    """What tells an element from all others of a version: its process and its id."""
    return element.process_id, element.id


def subject_of(text: PlanText, element: Element) -> Subject:
    """The element as its own version names it."""
    step = text.plan.of_path(element.path)
    own = step is not None and step.element.id == element.id
    return Subject(
        "step" if own else "element", element.id, element.name or element.name_en,
        element.name_en, step.number if step else "", element.process_id, element.kind,
    )  # fmt: skip


def part_subject(part: Part) -> Subject:
    """A part of the plan (one of its processes) as its own version names it."""
    return Subject("part", part.key, part.name, part.name_en, part.letter, part.key)


def ends(kind: Kind, one: Any) -> tuple[Any, Any]:
    """Before and after of what came or went as a whole."""
    return (None, one) if kind == "added" else (one, None)


def pair(
    before: Iterable[T], after: Iterable[T], *keys: Callable[[T], Hashable]
) -> list[tuple[T | None, T | None]]:
    """What of the one is what of the other: by the first key, what is left by the next, each
    used once. In the order of ``after``; what has gone stands behind what it stood behind."""
    old, new = list(before), list(after)
    of_new: dict[int, int] = {}
    free = set(range(len(old)))
    for key in keys:
        waiting: dict[Hashable, list[int]] = {}
        for at in sorted(free):
            waiting.setdefault(key(old[at]), []).append(at)
        for here, one in enumerate(new):
            found = waiting.get(key(one)) if here not in of_new else None
            if found:
                of_new[here] = found.pop(0)
                free.discard(of_new[here])
    gone: dict[int, list[T]] = {}
    place_of = {at: here for here, at in of_new.items()}
    place = -1
    for at, item in enumerate(old):
        place = place_of.get(at, place)
        if at in free:
            gone.setdefault(place, []).append(item)
    pairs: list[tuple[T | None, T | None]] = [(item, None) for item in gone.get(-1, [])]
    for here, item in enumerate(new):
        pairs.append((old[of_new[here]] if here in of_new else None, item))
        pairs += [(left, None) for left in gone.get(here, [])]
    return pairs


def ranks(before: Iterable[Key], after: Iterable[Key]) -> dict[Key, float]:
    """A place in the newer order for everything of both."""
    found: dict[Key, float] = {}
    place = -1.0
    for old, new in pair(before, after, lambda key: key):
        if new is not None:
            place = float(int(place) + 1) if place >= 0 else 0.0
            found[new] = place
        elif old is not None:
            place += 0.001
            found[old] = place
    return found
