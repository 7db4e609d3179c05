"""Gateways that leave a case uncovered, or let two of their conditions be true at once.

Only where every value is listed by the plan (`workflows.check_domains`), and only for cases that
can really come to the gateway: what an earlier gateway sent another way is no hole here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product
from math import prod
from typing import Any, Final

from workflows import check_conditions, check_walk
from workflows.catalogue import Catalogue, Place
from workflows.check_conditions import UNKNOWN, Term, Value
from workflows.check_domains import Domain, Domains, data_place, embedded
from workflows.decision_model import DecisionTable
from workflows.diagram import Flow, FlowNode
from workflows.findings import Findings

#: Combinations tried at one gateway; beyond, nothing is said.
MAX_CASES: Final = 4_096
#: Conditions times combinations at one gateway.
MAX_WORK: Final = 60_000
#: Combinations of one gateway for which a way to it is looked for.
MAX_WAYS: Final = 16
#: Steps of all those looks together, for one plan.
MAX_STEPS: Final = 300_000
#: Flows of one gateway compared two by two.
MAX_FLOWS: Final = 60

Values = dict[str, Value]


def check(
    catalogue: Catalogue, manifest: Mapping[str, Any], tables: Mapping[str, DecisionTable],
    found: Findings,
) -> None:  # fmt: skip
    """Adds the warnings ``case_uncovered`` and ``conditions_overlap``, each with one example."""
    domains = Domains(manifest, tables)
    budget = [MAX_STEPS]
    done = set[tuple[str, str]]()
    for place in catalogue.root.walk():
        for node in place.scope.nodes.values():
            if node.kind not in ("exclusiveGateway", "inclusiveGateway"):
                continue
            key = (place.scope.process.id, node.id)
            if key not in done and _Gateway(place, node, domains, budget, found).check():
                done.add(key)


class _Gateway:
    def __init__(
        self, place: Place, node: FlowNode, domains: Domains, budget: list[int], found: Findings
    ) -> None:
        self.place = place
        self.node = node
        self.domains = domains
        self.budget = budget
        self.found = found
        self.file = place.scope.process.file

    def check(self) -> bool:
        """True when something was found."""
        flows = self.place.scope.outgoing(self.node.id)
        asked = [flow for flow in flows if not flow.default]
        if len(flows) < 2 or not 0 < len(asked) <= MAX_FLOWS:
            return False
        if not all(flow.condition for flow in asked):
            return False  # a finding of its own
        terms = {flow.id: check_conditions.parse(flow.condition) for flow in asked}
        hole = len(asked) == len(flows) and self._hole([terms[flow.id] for flow in asked])
        return (self.node.kind == "exclusiveGateway" and self._overlap(asked, terms)) or hole

    def _hole(self, terms: Sequence[Term | None]) -> bool:
        read = [term for term in terms if term is not None]
        domains = self._domains(read) if len(read) == len(terms) else None
        if domains is None:
            return False
        open_ = (
            case for case in _cases(domains)
            if all(check_conditions.evaluate(term, case) is False for term in read)
        )  # fmt: skip
        example = self._really(open_, domains)
        if example is None:
            return False
        self.found.warning(
            "case_uncovered", self.file, self.node.id, **check_walk.named("gateway", self.node),
            **_example(example, domains),
        )  # fmt: skip
        return True

    def _overlap(self, flows: Sequence[Flow], terms: Mapping[str, Term | None]) -> bool:
        for one, two in combinations(flows, 2):
            first, second = terms[one.id], terms[two.id]
            if first is None or second is None:
                continue
            domains = self._domains([first, second])
            if domains is None:
                continue
            both = (
                case for case in _cases(domains)
                if check_conditions.evaluate(first, case) is True
                and check_conditions.evaluate(second, case) is True
            )  # fmt: skip
            example = self._really(both, domains)
            if example is not None:
                self.found.warning(
                    "conditions_overlap", self.file, self.node.id,
                    **check_walk.named("gateway", self.node), **_example(example, domains),
                    first=self._flow(one), second=self._flow(two),
                )  # fmt: skip
                return True
        return False

    def _flow(self, flow: Flow) -> str:
        target = self.place.scope.nodes.get(flow.target)
        return flow.name or (target.name if target is not None else "") or flow.id

    def _domains(self, terms: Sequence[Term]) -> list[Domain] | None:
        literals: dict[str, set[Value]] = {}
        try:
            for term in terms:
                for name, value in check_conditions.compared(term):
                    if value is None:
                        return None  # whether it was set at all is not a matter of its values
                    literals.setdefault(name, set()).add(value)
        except ValueError:
            return None
        domains = self.domains.of(self.place, literals)
        if not domains:
            return None
        count = prod(len(domain.cases) for domain in domains)
        if count > MAX_CASES or count * len(terms) > MAX_WORK:
            return None
        return domains

    def _really(self, cases: Iterator[Values], domains: Sequence[Domain]) -> Values | None:
        """The first of the cases that can come to the gateway."""
        for _, case in zip(range(MAX_WAYS), cases, strict=False):
            if _comes(self.place, self.node, case, domains, self.budget):
                return case
        return None


def _cases(domains: Sequence[Domain]) -> Iterator[Values]:
    for chosen in product(*(domain.cases for domain in domains)):
        yield {
            name: value
            for domain, case in zip(domains, chosen, strict=True)
            for name, value in zip(domain.names, case, strict=True)
        }


def _example(case: Values, domains: Sequence[Domain]) -> dict[str, str]:
    """`等级=较大,需要回应=否`, as the form's own labels say it, in both languages."""
    said: tuple[list[str], list[str]] = ([], [])
    for domain in domains:
        name = domain.names[0]
        value = case[name]
        labels = domain.labels.get((name, value), _plain(value))
        for words, title, label in zip(said, domain.titles[name], labels, strict=True):
            words.append(f"{title}={label}")
    return {"example": ",".join(said[0]), "example_en": ", ".join(said[1])}


def _plain(value: Value) -> tuple[str, str]:
    if isinstance(value, bool):
        return ("是", "yes") if value else ("否", "no")
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text, text


def _comes(
    place: Place, gateway: FlowNode, case: Values, domains: Sequence[Domain], budget: list[int]
) -> bool:
    """Whether the process can come to the gateway with exactly these values.

    Searched over (element, which values are final). Passing the element that sets values either
    makes them final, as the case has them, or leaves them open: they will be set anew later. A way
    that passes the element again after that is none. False when the search grows too long.
    """
    root = data_place(place)
    everywhere = {at.path: at for at in embedded(root)}
    writers: dict[str, int] = {}
    for i, domain in enumerate(domains):
        writers[domain.writer] = writers.get(domain.writer, 0) | 1 << i
    full = (1 << len(domains)) - 1
    waiting = [
        (root, node.id, writers.get("", 0))
        for node in root.scope.nodes.values()
        if node.kind == "startEvent" or node.triggered
    ]
    seen = set[tuple[str, str, int]]()
    while waiting:
        at, id, final = waiting.pop()
        if (at.path, id, final) in seen:
            continue
        if final == full and id == gateway.id and at is place:
            return True
        seen.add((at.path, id, final))
        budget[0] -= 1
        node = at.scope.nodes.get(id)
        if node is None or budget[0] < 0:
            continue
        written = writers.get(at.path_of(id), 0)
        waiting += [(to, target, final) for to, target in _meanwhile(at, node)]
        if written & final:
            continue
        for then in {final, final | written}:
            known = {
                name: case[name]
                for i, domain in enumerate(domains)
                if then & 1 << i
                for name in domain.names
            }
            waiting += [(to, goal, then) for to, goal in _onward(at, node, known, everywhere)]
    return False


def _meanwhile(at: Place, node: FlowNode) -> list[tuple[Place, str]]:
    """What may strike while the process stands at ``node``: events on it, on the sub-processes it
    is in, and event sub-processes beside it."""
    found = [(at, event.id) for event in at.scope.boundaries(node.id)]
    around = at
    while True:
        found += [(around, one.id) for one in around.scope.nodes.values() if one.triggered]
        if around.scope.host is None or around.parent is None:
            return found
        host = around.scope.host.id
        around = around.parent
        found += [(around, event.id) for event in around.scope.boundaries(host)]


def _onward(
    at: Place, node: FlowNode, known: Values, everywhere: Mapping[str, Place]
) -> Iterator[tuple[Place, str]]:
    scope = at.scope
    inside = everywhere.get(at.path_of(node.id)) if node.inner is not None else None
    if inside is not None:
        for held in inside.scope.nodes.values():
            if held.kind == "startEvent":
                yield inside, held.id
        return  # left by its ends or by what strikes
    flows: Sequence[Flow] = scope.outgoing(node.id)
    if node.kind == "exclusiveGateway":
        flows = list(check_conditions.open_flows(flows, known))
    elif node.kind == "inclusiveGateway":
        flows = [flow for flow in flows if _may(flow, known)]
    for flow in flows:
        yield at, flow.target
    if node.kind == "endEvent" and scope.host is not None and at.parent is not None:
        for flow in at.parent.scope.outgoing(scope.host.id):
            yield at.parent, flow.target


def _may(flow: Flow, known: Values) -> bool:
    term = check_conditions.parse(flow.condition) if flow.condition else None
    if term is None:
        return True
    value = check_conditions.evaluate(term, known)
    return value is True or value is UNKNOWN
