"""A plan as a table: a row a step that people do, in reading order, with what its author knows of
it. Read from a bundle's files alone; no engine, no words of any language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from services.plan_text import PlanRole, WrittenPlan, too_long, written_plan
from services.plan_text_moments import read as read_moment
from services.plan_text_order import Numbering
from services.plan_text_steps import Limit
from workflows import catalogue
from workflows.bundle import Bundle
from workflows.catalogue import Catalogue, Place
from workflows.contract import Element
from workflows.diagram import Flow, FlowNode
from workflows.edits import deadlines, tiers
from workflows.edits.deadlines import Deadline
from workflows.edits.tiers import Tiers

RowKind = Literal["task", "call", "group"]
_KINDS: Final[Mapping[str, RowKind]] = {
    "userTask": "task", "callActivity": "call", "subProcess": "group",
}  # fmt: skip
_CHOICES: Final = frozenset({"exclusiveGateway", "inclusiveGateway"})
#: The pages that carry a text through its approvals.
STATEMENTS: Final = frozenset(
    {"planroom:statement-draft", "planroom:statement-review", "planroom:statement-approve",
     "planroom:statement-release"}
)  # fmt: skip
_ORDER: Final[Mapping[str | None, int]] = {"due": 0, None: 1, "remind": 2, "escalate": 3}


@dataclass(frozen=True, slots=True)
class Turn:
    """What led to a step: the answer (``name``) of a question (``asked``), or a timer or event
    (``event``) beside the step called ``asked``."""

    event: str
    asked: str
    asked_en: str
    name: str
    name_en: str


@dataclass(frozen=True, slots=True)
class TableRow:
    """A step. ``path`` is unique; ``depth`` how many calls and groups it stands in. ``tiers``
    are those for which a case may come here, None for a plan without. ``turns`` lead to it
    within its own process or group. ``limits`` are its clocks in this place, ``deadline`` what a
    form may change of them. ``roles`` are keys of the plan's roles. ``shared`` are the paths of
    the other places the same step stands in; ``file`` and ``element.id`` where it is drawn."""

    path: str
    number: str
    kind: RowKind
    depth: int
    file: str
    element: Element
    roles: tuple[str, ...]
    turns: tuple[Turn, ...]
    tiers: frozenset[str] | None
    limits: tuple[Limit, ...]
    deadline: Deadline | None
    recipients: tuple[Mapping[str, Any], ...] = ()
    approvals: tuple[Mapping[str, Any], ...] = ()
    shared: tuple[str, ...] = ()
    called: str = ""


@dataclass(frozen=True)
class PlanTable:
    """``read`` and ``plan`` are what the rows were read from."""

    bundle: Bundle
    read: Catalogue
    plan: WrittenPlan
    rows: tuple[TableRow, ...]
    places: Mapping[str, Place] = field(default_factory=dict)

    @property
    def manifest(self) -> Mapping[str, Any]:
        return self.bundle.manifest

    @property
    def roles(self) -> tuple[PlanRole, ...]:
        return self.plan.roles

    def row(self, path: str) -> TableRow | None:
        """The row of an element's path; None for what is no row."""
        return next((row for row in self.rows if row.path == path), None)

    def place_of(self, path: str) -> Place:
        """The place an element of this path stands in."""
        return self.places[path.rpartition("/")[0]]

    def of_role(self, role: str) -> set[str]:
        """Roles of the plan that appear in the rows of a path's parents are kept with them."""
        wanted = {row.path for row in self.rows if role in row.roles}
        return wanted | {around for path in wanted for around in _around(path)}

    def of_tier(self, tier: str) -> set[str]:
        """The paths of the rows a case of this tier may come to."""
        return {row.path for row in self.rows if row.tiers is None or tier in row.tiers}


def plan_table(bundle: Bundle) -> PlanTable:
    """The table of a bundle. Raises DeploymentError for files that cannot be read, and for a plan
    with more elements in one row than can be followed."""
    read = catalogue.read(bundle.files, bundle.manifest)
    plan = written_plan(read, bundle.manifest, {})
    reader = _Reader(read, bundle.manifest)
    try:
        rows = tuple(reader.rows(read.root, 0, None))
    except RecursionError:
        raise too_long(read) from None
    return PlanTable(bundle, read, plan, rows, reader.places)


class _Reader:
    def __init__(self, read: Catalogue, manifest: Mapping[str, Any]) -> None:
        self.read = read
        self.manifest = manifest
        self.numbers = Numbering(read, manifest)
        self.tiers = Tiers.of(manifest)
        self.places = {place.path: place for place in read.root.walk()}
        self.guards: dict[str, tuple[tuple[Turn, ...], frozenset[str]]] = {}
        #: reading order of every scope's nodes: what leads back to a node does not lead to it
        self.rank = {
            (key, node.id): n
            for key, told in self.numbers.told.items()
            for n, node in enumerate(told.order)
        }

    def rows(self, place: Place, depth: int, around: frozenset[str] | None) -> Iterator[TableRow]:
        told = self.numbers.told[id(place.scope)]
        inner = {inside.path: inside for inside in place.inner}
        alive = self.numbers.alive(place)
        for node in told.order:
            kind = _KINDS.get(node.kind)
            if kind is None or node.id not in alive:
                continue
            turns, own = self._guard(place, node, frozenset())
            within = own if around is None else own & around
            row = self._row(place, node, kind, depth, turns, within)
            yield row
            inside = inner.get(row.path)
            if inside is not None:
                yield from self.rows(inside, depth + 1, within)

    def _row(
        self, place: Place, node: FlowNode, kind: RowKind, depth: int,
        turns: tuple[Turn, ...], own: frozenset[str],
    ) -> TableRow:  # fmt: skip
        path = place.path_of(node.id)
        element = self.read.elements[path]
        shared = tuple(
            other.path_of(node.id)
            for other in self.numbers.told[id(place.scope)].places
            if other is not place
        )
        return TableRow(
            path=path,
            number=self.numbers.number.get((id(node.scope), node.id), ""),
            kind=kind,
            depth=depth,
            file=node.scope.process.file,
            element=element,
            roles=self.numbers.roles(place, node) if kind == "task" else (),
            turns=turns,
            tiers=own if self.tiers.levels else None,
            limits=self._limits(place, node),
            deadline=deadlines.of(place, node.id),
            recipients=self._recipients(element, own),
            approvals=self._approvals(element, own),
            shared=shared,
            called=(node.node.get("calledElement") or "") if kind == "call" else "",
        )

    # ------------------------------------------------------------------ clocks

    def _limits(self, place: Place, node: FlowNode) -> tuple[Limit, ...]:
        found: list[Limit] = []
        for event in node.scope.boundaries(node.id):
            kind, text = event.timer
            moment = read_moment(text, kind, place) if text else None
            if moment is None:
                continue
            element = self.read.elements[place.path_of(event.id)]
            target = event.properties.get("escalateTo", "")
            found.append(
                Limit(
                    element.deadline_kind, moment, element.name, element.name_en, element.origin,
                    event.interrupting, self.numbers.plan_role(place, target) if target else "",
                )
            )  # fmt: skip
        due = next((one for one in found if one.kind == "due"), None)
        told = [
            Limit(
                one.kind, one.moment, one.name, one.name_en, one.origin, one.interrupting,
                one.escalate_to,
                one.moment.beyond(due.moment) if due is not None and one is not due else None,
            )
            for one in found
        ]  # fmt: skip
        return tuple(sorted(told, key=lambda one: _ORDER.get(one.kind, 1)))

    # ------------------------------------------------------------- plan.toml rows

    def _recipients(self, element: Element, own: frozenset[str]) -> tuple[Mapping[str, Any], ...]:
        if element.form_key != "planroom:report-up":
            return ()
        return tuple(
            row
            for row in self.manifest.get("recipients", [])
            if (not row.get("elements") or _stands_in(element.path, row["elements"]))
            and (not row.get("tiers") or own & set(row["tiers"]))
        )

    def _approvals(self, element: Element, own: frozenset[str]) -> tuple[Mapping[str, Any], ...]:
        if element.form_key not in STATEMENTS:
            return ()
        rows = [
            row
            for row in self.manifest.get("approvals", [])
            if not row.get("tiers") or own & set(row["tiers"])
        ]
        if element.form_key in ("planroom:statement-draft", "planroom:statement-release"):
            return tuple(rows)
        kind = element.properties.get("approvalKind", "")
        return tuple(row for row in rows if row.get("kind") == kind)

    # --------------------------------------------------------------- situation

    def _guard(
        self, place: Place, node: FlowNode, seen: frozenset[str]
    ) -> tuple[tuple[Turn, ...], frozenset[str]]:
        """The turns that lead to a node within its scope, and the tiers they let through."""
        key = place.path_of(node.id)
        if key in self.guards or node.id in seen:
            return self.guards.get(key, ((), self.tiers.all))
        seen |= {node.id}
        scope = place.scope
        if node.attached_to and node.attached_to in scope.nodes:
            host = scope.nodes[node.attached_to]
            turns, keys = self._guard(place, host, seen)
            element, event = self.read.elements[place.path_of(host.id)], self.read.elements[key]
            turn = Turn(node.event, element.name, element.name_en, event.name, event.name_en)
            found = ((*turns, turn), keys)
        else:
            ways = [
                self._way(place, flow, seen)
                for flow in scope.incoming(node.id)
                if flow.source in scope.nodes
                and self.rank[id(scope), flow.source] < self.rank[id(scope), node.id]
            ]
            found = _joined(ways, self.tiers.all)
        self.guards[key] = found
        return found

    def _way(
        self, place: Place, flow: Flow, seen: frozenset[str]
    ) -> tuple[tuple[Turn, ...], frozenset[str]]:
        source = place.scope.nodes[flow.source]
        turns, keys = self._guard(place, source, seen)
        flows = place.scope.outgoing(source.id)
        if source.kind not in _CHOICES or len(flows) < 2:
            return turns, keys
        if flow.condition:
            keys &= tiers.admitted(flow.condition, self.tiers, given_in(place))
        elif flow.default and source.kind == "exclusiveGateway":
            others = [other for other in flows if other is not flow]
            if all(tiers.pure(other.condition, self.tiers) for other in others):
                for other in others:
                    keys -= tiers.admitted(other.condition, self.tiers)
        asked = self.read.elements[place.path_of(source.id)]
        if not flow.name and not asked.name:
            return turns, keys
        return (*turns, Turn("", asked.name, asked.name_en, flow.name, flow.name_en)), keys


def given_in(place: Place) -> tiers.Given:
    """What the caller of the process ``place`` stands in hands in under a name."""

    def look(name: str) -> tuple[str, tiers.Given] | None:
        around: Place | None = place
        while around is not None and around.call is None:
            around = around.parent
        if around is None or around.call is None or around.parent is None:
            return None
        for mapping in around.call.ins:
            if mapping.target == name:
                return mapping.expression or mapping.source, given_in(around.parent)
        return None

    return look


def _joined(
    ways: list[tuple[tuple[Turn, ...], frozenset[str]]], every: frozenset[str]
) -> tuple[tuple[Turn, ...], frozenset[str]]:
    """What all ways to a node have in common."""
    if not ways:
        return (), every
    keys: frozenset[str] = frozenset().union(*(way[1] for way in ways))
    common: list[Turn] = []
    for turns in zip(*(way[0] for way in ways), strict=False):
        if any(turn != turns[0] for turn in turns):
            break
        common.append(turns[0])
    return tuple(common), keys


def _stands_in(path: str, names: list[str]) -> bool:
    """As `services.manifest.recipients` has it."""
    return any(path == one or path.startswith(f"{one}/") for one in names)


def _around(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
