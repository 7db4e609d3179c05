"""A plan's diagram as numbered steps: who does each, within what time, and where it leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from services.plan_text_moments import Moment
from services.plan_text_moments import read as read_moment
from services.plan_text_order import Numbering, Told, mainline, numbered
from services.plan_text_steps import (
    Branch,
    Happening,
    Limit,
    Part,
    Repeat,
    Route,
    RouteKind,
    Start,
    Step,
    StepKind,
    targets,
)
from workflows.catalogue import Catalogue
from workflows.diagram import CAMUNDA, FlowNode, Process, Scope, camunda, children

_KINDS: Final[Mapping[str, StepKind]] = {
    "userTask": "task", "callActivity": "call", "subProcess": "group", "adHocSubProcess": "group",
    "transaction": "group", "businessRuleTask": "rule", "serviceTask": "notify",
    "sendTask": "send", "intermediateThrowEvent": "send", "receiveTask": "wait",
    "intermediateCatchEvent": "wait", "exclusiveGateway": "choice", "inclusiveGateway": "choice",
    "eventBasedGateway": "choice",
}  # fmt: skip
_SPLITS: Final[Mapping[str, RouteKind]] = {
    "exclusiveGateway": "choice", "inclusiveGateway": "any", "eventBasedGateway": "first",
    "parallelGateway": "together",
}  # fmt: skip
_ENGLISH: Final = "text/x-en"


def parts(read: Catalogue, manifest: Mapping[str, Any]) -> tuple[list[Part], dict[str, str]]:
    """The plan's own process, then those it calls, in the order of first use; and for every
    element path the number of the step that tells it."""
    return _Walk(read, manifest).parts()


class _Walk:
    def __init__(self, read: Catalogue, manifest: Mapping[str, Any]) -> None:
        self.read = read
        self.numbers = Numbering(read, manifest)
        #: (scope, node) of gateways, events and flows told with a step -> that step's number
        self.owner: dict[tuple[int, str], str] = {}
        self.mainlines: dict[int, frozenset[str]] = {}

    def parts(self) -> tuple[list[Part], dict[str, str]]:
        found = []
        for process_id, letter in self.numbers.letters.items():
            process = self.read.processes[process_id]
            told = self.numbers.told[id(process.scope)]
            callers = [self.numbers.caller(place) for place in told.places]
            found.append(
                Part(
                    process_id,
                    letter,
                    process.name or process_id,
                    _english(process),
                    *_documentation(process),
                    self._starts(told),
                    self._steps(told),
                    tuple(dict.fromkeys(filter(None, callers))),
                )
            )
        return found, self._index()

    def _index(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for place in self.read.root.walk():
            told = self.numbers.told.get(id(place.scope))
            if told is None:
                continue
            first = next((self._number(n) for n in told.order if self._number(n)), "")
            for node in place.scope.nodes.values():
                number = self._number(node) or self.owner.get((id(place.scope), node.id), "")
                found[place.path_of(node.id)] = number or first
        return found

    def _number(self, node: FlowNode) -> str:
        return self.numbers.number.get((id(node.scope), node.id), "")

    def _main(self, scope: Scope) -> frozenset[str]:
        if id(scope) not in self.mainlines:
            self.mainlines[id(scope)] = mainline(scope)
        return self.mainlines[id(scope)]

    # ------------------------------------------------------------------- steps

    def _steps(self, told: Told) -> tuple[Step, ...]:
        made = [self._step(told, node) for node in told.order if self._number(node)]
        for at, step in enumerate(made):
            follows = made[at + 1].number if at + 1 < len(made) else ""
            plain = step.to is not None and step.to.kind == "step" and step.to.number == follows
            made[at] = replace(step, plain=plain)
        return tuple(made)

    def _step(self, told: Told, node: FlowNode) -> Step:
        number = self._number(node)
        paths = tuple(place.path_of(node.id) for place in told.places)
        element = self.read.elements[paths[0]]
        roles = (
            dict.fromkeys(r for place in told.places for r in self.numbers.roles(place, node))
            if node.kind == "userTask"
            else ()
        )
        limits, happenings = self._watched(told, node, number)
        inner = self.numbers.told.get(id(node.inner)) if node.inner is not None else None
        called = node.node.get("calledElement") or ""
        part = self.numbers.letters.get(called, "") if node.kind == "callActivity" else ""
        others = [self.numbers.of_path(path) for path in element.not_same_as]
        return Step(
            number=number,
            kind=_KINDS.get(node.kind, "pass"),
            element=element,
            paths=paths,
            roles=tuple(roles),
            limits=limits,
            happenings=happenings,
            to=self._onwards(node, number),
            part=part,
            inside=self._inside(node, called, number) if part else (),
            starts=self._starts(inner) if inner else (),
            steps=self._steps(inner) if inner else (),
            repeat=_repeat(node),
            used=any(node.id in self.numbers.alive(place) for place in told.places),
            not_same_as=tuple(filter(None, others)),
        )

    def _starts(self, told: Told) -> tuple[Start, ...]:
        found = []
        for node in told.order:
            if node.kind == "startEvent":
                element = self.read.elements[told.places[0].path_of(node.id)]
                first = self._onwards(node, "")
                found.append(Start(element, node.event, node.interrupting, first))
                self.owner[id(node.scope), node.id] = next(iter(targets(first)), "")
        return tuple(found)

    def _inside(self, node: FlowNode, called: str, number: str) -> tuple[tuple[str, Limit], ...]:
        """The limits of the part's own tasks that hold in this call."""
        process = self.read.processes[called]
        return tuple(
            (self._number(inner), limit)
            for scope in process.scope.walk()
            for inner in self.numbers.told[id(scope)].order
            if self._number(inner)
            for limit in self._watched(self.numbers.told[id(scope)], inner, "")[0]
            if limit.kind == "due" and (not limit.calls or number in limit.calls)
        )

    # ------------------------------------------------------------------ clocks

    def _watched(
        self, told: Told, node: FlowNode, number: str
    ) -> tuple[tuple[Limit, ...], tuple[Happening, ...]]:
        limits: list[Limit] = []
        happenings: list[Happening] = []
        for boundary in (*node.scope.boundaries(node.id), *([node] if node.timer[1] else [])):
            element = self.read.elements[told.places[0].path_of(boundary.id)]
            to = None if boundary is node else self._told_onwards(boundary, number)
            if boundary.timer[1]:
                escalate = boundary.properties.get("escalateTo", "")
                for moment, calls in self._moments(told, boundary):
                    limits.append(
                        Limit(
                            element.deadline_kind,
                            moment,
                            element.name,
                            element.name_en,
                            element.origin,
                            boundary is node or boundary.interrupting,
                            self.numbers.plan_role(told.places[0], escalate) if escalate else "",
                            None,
                            to,
                            calls,
                        )
                    )
            else:
                happenings.append(
                    Happening(
                        boundary.event,
                        element.name,
                        element.name_en,
                        boundary.interrupting,
                        element.origin,
                        to,
                    )
                )
        return tuple(_beyond(limits)), tuple(happenings)

    def _moments(self, told: Told, node: FlowNode) -> list[tuple[Moment, tuple[str, ...]]]:
        """The moments of a timer in the places it stands in, with the calls each holds for."""
        kind, text = node.timer
        found: dict[Moment, list[str]] = {}
        alive = [place for place in told.places if node.id in self.numbers.alive(place)]
        for place in alive:
            moment = read_moment(text, kind, place)
            if moment is not None:
                found.setdefault(moment, []).append(self.numbers.caller(place))
        if len(found) == 1 and sum(map(len, found.values())) == len(told.places):
            return [(moment, ()) for moment in found]
        return [(moment, tuple(filter(None, calls))) for moment, calls in found.items()]

    # ------------------------------------------------------------------ routes

    def _told_onwards(self, boundary: FlowNode, number: str) -> Route | None:
        if number:
            self.owner[id(boundary.scope), boundary.id] = number
        route = self._onwards(boundary, number)
        return route if targets(route) else None

    def _onwards(self, node: FlowNode, number: str) -> Route | None:
        """Where the flows out of a node lead; None where there are none."""
        flows = node.scope.outgoing(node.id)
        if not flows:
            return None
        if len(flows) == 1:
            return self._to(node.scope, flows[0].target, number, frozenset())
        kind: RouteKind = _SPLITS.get(
            node.kind, "any" if any(flow.condition for flow in flows) else "together"
        )
        return Route(kind, branches=self._branches(node, number, frozenset()))

    def _branches(self, node: FlowNode, number: str, passed: frozenset[str]) -> tuple[Branch, ...]:
        return tuple(
            Branch(
                flow.name, flow.name_en, flow.condition, flow.default,
                self._to(node.scope, flow.target, number, passed),
            )
            for flow in node.scope.outgoing(node.id)
        )  # fmt: skip

    def _to(self, scope: Scope, target: str, number: str, passed: frozenset[str]) -> Route:
        node = scope.nodes.get(target)
        if node is None:  # a flow of a draft that leads nowhere yet
            return Route("end")
        english = node.properties.get("name.en", "")
        if numbered(node):
            there = self._number(node)
            rank = self.numbers.rank
            back = bool(number) and rank[there] <= rank[number]
            return Route("step", number=there, back=back)
        if number:
            self.owner.setdefault((id(scope), target), number)
        if node.kind == "endEvent" or target in passed:
            stops, side = node.event == "terminate", target not in self._main(scope)
            return Route("end", name=node.name, name_en=english, stops=stops, side=side)
        passed |= {target}
        branches = self._branches(node, number, passed)
        if len(branches) == 1:
            if node.kind == "parallelGateway" and len(scope.incoming(target)) > 1:
                return Route("join", name=node.name, name_en=english, branches=branches)
            return branches[0].to
        kind: RouteKind = _SPLITS.get(node.kind, "together")
        return Route(kind, name=node.name, name_en=english, branches=branches)


def _beyond(limits: list[Limit]) -> list[Limit]:
    """Reminders and escalations told from the due moment of the same calls, where they can be."""
    due = [limit for limit in limits if limit.kind == "due"]

    def told(limit: Limit) -> Limit:
        for other in due:
            if limit.kind in ("remind", "escalate") and limit.calls == other.calls:
                return replace(limit, beyond=limit.moment.beyond(other.moment))
        return limit

    order = {"due": 0, None: 1, "remind": 2, "escalate": 3}
    return sorted((told(limit) for limit in limits), key=lambda limit: order[limit.kind])


def _repeat(node: FlowNode) -> Repeat | None:
    loop = node.loop
    if loop is None:
        return None
    return Repeat(camunda(loop, "collection"), (loop.get("isSequential") or "") == "true")


def _english(process: Process) -> str:
    for holder in children(process.node, "extensionElements"):
        for item in holder.iter(f"{{{CAMUNDA}}}property"):
            if item.get("name") == "name.en":
                return item.get("value") or ""
    return ""


def _documentation(process: Process) -> tuple[str, str]:
    texts: dict[bool, list[str]] = {False: [], True: []}
    for item in children(process.node, "documentation"):
        texts[item.get("textFormat") == _ENGLISH].append((item.text or "").strip())
    return "\n\n".join(filter(None, texts[False])), "\n\n".join(filter(None, texts[True]))
