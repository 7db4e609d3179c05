"""Conditions, timers and data mappings: do they parse, and do they speak of what is known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from workflows import diagram, elements, iso8601
from workflows.catalogue import Catalogue, DataMapping, Place
from workflows.check_shape import FEEL_NAME
from workflows.diagram import FlowNode, camunda
from workflows.feel import CheckItem, Feel, Problem
from workflows.findings import Findings
from workflows.names import Names, Scopes

#: Problems the author should see but that do not stop a plan.
_DOUBTS: Final = frozenset({"moment_without_offset"})
_BATCH: Final = 50
#: Expressions that take too long; after so many no more are looked at.
MOST_HEAVY: Final = 5
_WORD: Final = re.compile(r"\w+")
_FEEL_LANGUAGES: Final = ("", "feel", "http://www.omg.org/spec/feel/20140401",
    "https://www.omg.org/spec/dmn/20191111/feel/")  # fmt: skip
#: Counters a completion condition may use (Camunda).
_COUNTERS: Final[Names] = {
    "nrOfInstances": "number", "nrOfActiveInstances": "number",
    "nrOfCompletedInstances": "number", "loopCounter": "number",
}  # fmt: skip


def check(
    catalogue: Catalogue, manifest: Mapping[str, Any], anchors: frozenset[str], feel: Feel,
    found: Findings,
) -> None:  # fmt: skip
    scopes = Scopes(catalogue, manifest, anchors)
    heavy = [0]
    for place in catalogue.root.walk():
        _Place(place, scopes, feel, found, heavy).check()


class _Place:
    def __init__(
        self, place: Place, scopes: Scopes, feel: Feel, found: Findings, heavy: list[int]
    ) -> None:
        self.place = place
        self.scopes = scopes
        self.feel = feel
        self.found = found
        #: How many expressions of the plan took too long: it is refused for them already.
        self.heavy = heavy
        self.file = place.scope.process.file
        #: What is to be checked, gathered so that one call into V8 does a whole place:
        #: (element id, finding code, text, names beyond those of the place).
        self.texts: list[tuple[str, str, str, Names]] = []

    def check(self) -> None:
        for flow in self.place.scope.flows:
            if flow.condition:
                self._expression(flow.id, "condition_invalid", flow.condition)
        for holder in diagram.children(self.place.scope.node, "sequenceFlow"):
            self._condition_language(holder)
        for node in self.place.scope.nodes.values():
            self._timer(node)
            self._follow_up(node)
            self._loop(node)
        for inside in self.place.inner:
            if inside.call is not None:
                self._mappings(inside)
        self._run()

    def _error(self, code: str, element: str, **args: str) -> None:
        self.found.error(code, self.file, element, **args)

    def _expression(self, element: str, code: str, text: str, extra: Names | None = None) -> None:
        self.texts.append((element, code, text, extra or {}))

    def _run(self) -> None:
        known = self.scopes.at(self.place)
        for extra in ({}, _COUNTERS):
            texts = [entry for entry in self.texts if entry[3] == extra]
            for at in range(0, len(texts), _BATCH):
                self._batch(texts[at : at + _BATCH], {**known, **extra})

    def _batch(self, texts: list[tuple[str, str, str, Names]], known: Names) -> None:
        if self.heavy[0] > MOST_HEAVY or self.found.full:
            return
        items = [CheckItem(text) for _, _, text, _ in texts]
        # Each name known makes the parser slower, so only those that are spoken of go over.
        words = set(_WORD.findall(" ".join(item.text for item in items)))
        spoken = {name: kind for name, kind in known.items() if name.partition(".")[0] in words}
        answers = self.feel.check_many(items, spoken)
        for (element, code, text, _), problems in zip(texts, answers, strict=True):
            for problem in problems:
                self._problem(element, code, text, problem)

    def _problem(self, element: str, code: str, text: str, problem: Problem) -> None:
        args = {"expression": text, "problem": problem.code, "name": problem.name}
        if problem.code in _DOUBTS:
            self.found.warning("expression_doubtful", self.file, element, **args)
        elif problem.code == "too_heavy":
            self.heavy[0] += 1
            self._error("expression_too_heavy", element, expression=text)
        elif problem.code == "unknown_name":
            self._error("unknown_variable", element, name=problem.name, expression=text)
        elif problem.code == "type_mismatch":
            args |= {"expected": problem.expected, "found": problem.found}
            self._error("type_mismatch", element, **args)
        else:
            self._error(code, element, **args)

    # ---------------------------------------------------------------- kinds

    def _condition_language(self, flow_xml: Any) -> None:
        for item in diagram.children(flow_xml, "conditionExpression"):
            id = flow_xml.get("id") or ""
            language = (item.get("language") or "").lower().rstrip("/")
            if language not in {known.rstrip("/") for known in _FEEL_LANGUAGES}:
                self._error("wrong_language", id, language=language)
            if camunda(item, "resource"):
                self._error("unsupported_extension", id, name="resource")
            if not (item.text or "").strip().removeprefix("=").strip():
                self._error("condition_invalid", id, expression="", problem="syntax")

    def _timer(self, node: FlowNode) -> None:
        if node.event != "timer":
            return
        kind, text = node.timer
        if not text:
            self._error("timer_missing", node.id)
        else:
            self._moment(node.id, "timer_invalid", kind, text)

    def _follow_up(self, node: FlowNode) -> None:
        text = camunda(node.node, "followUpDate")
        if text:
            self._moment(node.id, "follow_up_invalid", "", text)

    def _moment(self, element: str, code: str, kind: str, text: str) -> None:
        """``kind`` is what the text must be: date, duration or cycle; "" for a date or a
        duration."""
        if text.startswith("=") or not iso8601.looks_like(text):
            if kind == "cycle":
                self._error(code, element, expression=text, problem="cycle_not_iso")
            elif text.removeprefix("=").strip().startswith('"'):
                self._error(code, element, expression=text, problem="quoted")
            else:
                self._expression(element, code, text)
            return
        actual, problem = iso8601.classify(text)
        if problem:
            self._error(code, element, expression=text, problem=problem)
        elif actual != kind and not (kind == "" and actual in {"date", "duration"}):
            self._error(code, element, expression=text, problem=f"{actual}_in_{kind or 'date'}")

    def _loop(self, node: FlowNode) -> None:
        loop = node.loop
        if loop is None:
            return
        if diagram.local(loop) == "standardLoopCharacteristics":
            condition = diagram.child_text(loop, "loopCondition")
            maximum = loop.get("loopMaximum") or ""
            if condition:
                self._expression(node.id, "loop_invalid", condition)
            elif not maximum:
                self._error("loop_needs_one_count", node.id)
            if maximum and not maximum.isdecimal():
                self._error("loop_invalid", node.id, expression=maximum, problem="not_a_number")
            return
        cardinality = diagram.child_text(loop, "loopCardinality")
        collection = elements.multi_instance(node).get("collection", "")
        if (cardinality and collection) or not (cardinality or collection):
            self._error("loop_needs_one_count", node.id)
        if cardinality:
            self._expression(node.id, "loop_invalid", cardinality)
        if collection:
            self._expression(node.id, "loop_invalid", collection)
        variable = elements.multi_instance(node).get("elementVariable", "")
        if variable and not FEEL_NAME.fullmatch(variable):
            self._error("bad_variable_name", node.id, name=variable)
        until = diagram.child_text(loop, "completionCondition")
        if until:
            self._expression(node.id, "loop_invalid", until, _COUNTERS)

    # ------------------------------------------------------------- mappings

    def _mappings(self, called: Place) -> None:
        call = called.call
        assert call is not None
        id = called.path.rpartition("/")[2]
        caller, inside = self.scopes.at(self.place), self.scopes.at(called)
        for mapping in call.ins:
            self._mapping(id, mapping, caller)
            if mapping.expression:
                self._expression(id, "mapping_invalid", mapping.expression)
        for mapping in call.outs:
            if mapping.everything and any(given.everything for given in call.ins):
                # What was given in comes back as it was then, over what changed meanwhile.
                self.found.warning("everything_comes_back", self.file, id)
            self._mapping(id, mapping, inside)
            if mapping.expression:
                self._batch([(id, "mapping_invalid", mapping.expression, {})], inside)

    def _mapping(self, id: str, mapping: DataMapping, known: Names) -> None:
        if mapping.everything:
            return
        if not mapping.target or not FEEL_NAME.fullmatch(mapping.target):
            self._error("bad_variable_name", id, name=mapping.target)
        if not mapping.source and not mapping.expression:
            self._error("mapping_without_source", id, target=mapping.target)
        elif mapping.source and mapping.source not in known:
            self._error("unknown_variable", id, name=mapping.source, expression=mapping.source)
