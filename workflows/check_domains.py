"""Which values a variable can have, where the plan itself lists them all.

A choice of a form, yes and no, the tiers, what a special form answers, what a decision table can
give. A number field is cut at the numbers it is compared with: within a piece every condition
gives the same answer, so one number stands for all. Where the values are not listed (free text, a
variable handed in, a date) there is no domain, and nothing may be said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from workflows import check_conditions, decision_table, elements
from workflows.catalogue import Place
from workflows.check_conditions import Value
from workflows.contract import DeploymentError, FormField
from workflows.decision_model import DecisionTable, Table
from workflows.diagram import FlowNode, camunda

#: What `planroom:` forms answer, beside the tiers.
_DECISIONS: Final[tuple[Value, ...]] = ("approve", "approve_with_edits", "return", "reject")
_ANSWERS: Final[Mapping[str, Mapping[str, tuple[Value, ...]]]] = {
    "planroom:statement-review": {"decision": _DECISIONS},
    "planroom:statement-approve": {"decision": _DECISIONS},
    "planroom:report-up": {"complete": (True, False), "met": (True, False)},
    "planroom:closing": {"criterion_met": (True, False)},
}


Words = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Domain:
    """What may be said together: each of ``cases`` gives a value to each of ``names``.
    ``writer`` is the path of the element that sets them, "" for what is set from the start;
    ``labels`` name the values as people see them, ``titles`` the names: (Chinese, English)."""

    names: tuple[str, ...]
    cases: tuple[tuple[Value, ...], ...]
    writer: str
    labels: Mapping[tuple[str, Value], Words]
    titles: Mapping[str, Words]


class Domains:
    """The domains of a plan's variables, by data place (a process in its place)."""

    def __init__(self, manifest: Mapping[str, Any], tables: Mapping[str, DecisionTable]) -> None:
        self._manifest = manifest
        self._tables = tables
        self._writers: dict[str, dict[str, list[tuple[Place, FlowNode]]]] = {}

    def of(self, place: Place, literals: Mapping[str, set[Value]]) -> list[Domain] | None:
        """The domains of the names spoken of (``literals``: with what each is compared) in
        ``place``; None when one of them has none."""
        found: dict[tuple[str, ...], Domain] = {}
        for name in sorted(literals):
            domain = self._domain(place, name, literals[name])
            if domain is None:
                return None
            found[domain.names] = domain
        return list(found.values())

    def _domain(self, place: Place, name: str, literals: set[Value]) -> Domain | None:
        head, _, rest = name.partition(".")
        if head == "settings" and "." not in rest:
            return self._setting(name, rest)
        # Set by one element only: of several it is not known which was last.
        writers = self._written(place).get(head, [])
        if len(writers) != 1 or writers[0][1].loop is not None:
            return None
        at, node = writers[0]
        path = at.path_of(node.id)
        if node.kind == "businessRuleTask":
            return self._decided(node, name, rest, path)
        if node.kind != "userTask" or not rest:
            return None
        form = camunda(node.node, "formKey")
        if form == "planroom:grade" and rest in ("tier", "level"):
            return self._graded(node, head, path)
        if rest in _ANSWERS.get(form, {}):
            return _single(name, _ANSWERS[form][rest], path, _name(node))
        if form:
            return None
        fields = {one.id: one for one in elements.form_fields(node.node)}
        return _field(fields[rest], name, literals, path) if rest in fields else None

    def _setting(self, name: str, key: str) -> Domain | None:
        for row in self._manifest.get("settings") or ():
            if row.get("key") == key and row.get("type") == "boolean":
                title = str(row.get("name") or key)
                return _single(name, (True, False), "", (title, str(row.get("name_en") or title)))
        return None

    def _graded(self, node: FlowNode, head: str, path: str) -> Domain | None:
        tiers = self._manifest.get("tiers") or ()
        if not tiers:
            return None
        tier, level = f"{head}.tier", f"{head}.level"
        labels: dict[tuple[str, Value], Words] = {}
        for row in tiers:
            key = str(row.get("key"))
            name = str(row.get("name") or key)
            labels[tier, key] = (name, str(row.get("name_en") or name))
        return Domain(
            (tier, level),
            tuple((str(row.get("key")), float(row.get("level", 0))) for row in tiers),
            path, labels, {tier: ("等级", "Tier"), level: ("级别", "Level")},
        )  # fmt: skip

    def _decided(self, node: FlowNode, name: str, rest: str, path: str) -> Domain | None:
        table = self._tables.get(camunda(node.node, "decisionRef"))
        mode = camunda(node.node, "mapDecisionResult")
        if table is None or not isinstance(table.logic, Table) or table.logic.aggregation:
            return None
        logic = table.logic
        if mode == "singleEntry" and not rest and len(logic.outputs) == 1:
            at = 0
        elif mode == "singleResult" and rest in [output.name for output in logic.outputs]:
            at = [output.name for output in logic.outputs].index(rest)
        else:
            return None
        texts = [rule.outputs[at] for rule in logic.rules] + [logic.outputs[at].default]
        values = [_literal(text) for text in texts if text]
        if not values or any(value is None for value in values):
            return None
        known = tuple(dict.fromkeys(value for value in values if value is not None))
        return _single(name, known, path, _name(node))

    def _written(self, place: Place) -> Mapping[str, list[tuple[Place, FlowNode]]]:
        """Variable -> the elements of the process that set it, in any sub-process of it."""
        root = data_place(place)
        if root.path not in self._writers:
            found: dict[str, list[tuple[Place, FlowNode]]] = {}
            for at in embedded(root):
                for node in at.scope.nodes.values():
                    for name in _sets(at, node):
                        found.setdefault(name, []).append((at, node))
            self._writers[root.path] = found
        return self._writers[root.path]


def data_place(place: Place) -> Place:
    """The place whose variables ``place`` shares: sub-processes have none of their own."""
    return next(at for at in place.up() if at.parent is None or at.call is not None)


def embedded(root: Place) -> Iterator[Place]:
    """A process's place and the sub-processes in it, called processes left out."""
    yield root
    for inside in root.inner:
        if inside.call is None:
            yield from embedded(inside)


def _sets(place: Place, node: FlowNode) -> Iterator[str]:
    if node.kind == "userTask":
        yield node.id
    elif node.kind == "businessRuleTask":
        yield camunda(node.node, "resultVariable") or node.id
    elif node.kind == "callActivity":
        path = place.path_of(node.id)
        call = next((inside.call for inside in place.inner if inside.path == path), None)
        if call is not None:
            yield from (out.target or "*" for out in call.outs)
    elif node.kind in {"serviceTask", "receiveTask"} or node.event == "message":
        yield node.id
        for definition in node.event_definitions:
            yield camunda(definition, "resultVariable")


def _name(node: FlowNode) -> Words:
    name = node.name or node.id
    return name, node.properties.get("name.en") or name


def _single(name: str, values: Iterable[Value], writer: str, title: Words) -> Domain:
    return Domain((name,), tuple((value,) for value in values), writer, {}, {name: title})


def _field(item: FormField, name: str, literals: set[Value], path: str) -> Domain | None:
    title = item.label or item.id, item.label_en or item.label or item.id
    if item.type == "boolean":
        return _single(name, (True, False), path, title)
    if item.type == "enum" and item.options:
        labels: dict[tuple[str, Value], Words] = {
            (name, value): (label or value, english or label or value)
            for value, label, english in item.options
        }
        cases = tuple((value,) for value, *_ in item.options)
        return Domain((name,), cases, path, labels, {name: title})
    if item.type in ("long", "double"):
        numbers = [value for value in literals if _is_number(value)]
        if len(numbers) != len(literals):
            return None
        low, high = _bound(item, "min"), _bound(item, "max")
        cuts = [float(number) for number in numbers if number is not None]
        points = pieces([*cuts, *(x for x in (low, high) if x is not None)], item.type == "long")
        inside = [p for p in points if (low is None or p >= low) and (high is None or p <= high)]
        return _single(name, inside, path, title)
    return None


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _bound(item: FormField, name: str) -> float | None:
    try:
        return float(item.constraints[name])
    except (KeyError, ValueError):
        return None


def pieces(cuts: Iterable[float], whole: bool) -> list[float]:
    """One number for each cut, and one between each two and beyond the ends."""
    at = sorted(set(cuts))
    if not at:
        return [0.0]
    found = [at[0] - 1]
    for number, after in zip(at, [*at[1:], at[-1] + 2], strict=True):
        between = float((number + after) // 2) if whole else (number + after) / 2
        found.append(number)
        if number < between < after:
            found.append(between)
    return found


def _literal(text: str) -> Value:
    term = check_conditions.parse(text)
    return term.value if isinstance(term, check_conditions.Literal) else None


def tables_of(files: Mapping[str, bytes]) -> dict[str, DecisionTable]:
    """The decisions of a bundle that can be read."""
    found: dict[str, DecisionTable] = {}
    for name, data in sorted(files.items()):
        if name.lower().endswith(".dmn"):
            try:
                found.update(decision_table.parse(data, name))
            except DeploymentError:
                continue
    return found
