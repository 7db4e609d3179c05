"""Reading DMN 1.1 to 1.5 XML, as Camunda Modeler and dmn-js write it, into `decision_model`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeVar

from lxml import etree

from workflows.contract import DeploymentError, Finding
from workflows.decision_model import (
    AGGREGATIONS,
    HIT_POLICIES,
    DecisionTable,
    Input,
    LiteralExpression,
    Output,
    Rule,
    Table,
)
from workflows.xml import parse_dmn

CAMUNDA: Final = "http://camunda.org/schema/1.0/dmn"
#: typeRef as files spell it -> FEEL type; "" is Any.
TYPES: Final = {
    "string": "string",
    "boolean": "boolean",
    "number": "number",
    "integer": "number",
    "long": "number",
    "double": "number",
    "date": "date",
    "time": "time",
    "datetime": "date and time",
    "dateandtime": "date and time",
    "daytimeduration": "days and time duration",
    "daysandtimeduration": "days and time duration",
    "yearmonthduration": "years and months duration",
    "yearsandmonthsduration": "years and months duration",
    "context": "context",
    "list": "list",
    "any": "",
    "": "",
}
_UNSUPPORTED: Final = (
    "invocation", "context", "relation", "list", "functionDefinition", "conditional", "filter",
    "for", "every", "some",
)  # fmt: skip

#: Decisions that require one another in a row.
MAX_REQUIRED: Final = 50

Choice = TypeVar("Choice", bound=str)


def parse(data: bytes, file: str = "") -> dict[str, DecisionTable]:
    """Every decision of a DMN file by its id, each carrying the decisions it requires.

    Raises DeploymentError: codes of `workflows.xml.parse_dmn`, and ``decision_logic`` (no table
    or literal expression), ``decision_language`` (an expression not in FEEL),
    ``decision_hit_policy``, ``decision_shape`` (a rule's cells do not fit the columns),
    ``decision_type`` (an unknown typeRef), ``decision_required`` (a decision that is not in the
    file), ``decision_cycle``, ``decision_duplicate``.
    """
    return _Reader(parse_dmn(data, file), file).read()


class _Reader:
    def __init__(self, root: etree._Element, file: str) -> None:
        self.root = root
        self.file = file
        self.namespace = str(etree.QName(root).namespace)
        self.findings: list[Finding] = []
        self.items = {
            e.get("name", ""): e for e in self._children(root, "itemDefinition") if e.get("name")
        }

    def read(self) -> dict[str, DecisionTable]:
        elements: dict[str, etree._Element] = {}
        for element in self._children(self.root, "decision"):
            if element.get("id", "") in elements:
                self._fault("decision_duplicate", element)
            elements[element.get("id", "")] = element
        decisions: dict[str, DecisionTable] = {}
        for key in elements:
            self._decision(key, elements, decisions, ())
        if self.findings:
            raise DeploymentError(self.findings)
        return {key: decisions[key] for key in elements}

    def _decision(
        self,
        key: str,
        elements: dict[str, etree._Element],
        done: dict[str, DecisionTable],
        above: tuple[str, ...],
    ) -> DecisionTable | None:
        if key in done:
            return done[key]
        element = elements[key]
        if key in above:
            self._fault("decision_cycle", element, path=" > ".join((*above, key)))
            return None
        if len(above) > MAX_REQUIRED:
            self._fault("too_deep", element, line=str(element.sourceline), limit=str(MAX_REQUIRED))
            return None
        required: list[DecisionTable] = []
        for requirement in self._children(element, "informationRequirement"):
            for reference in self._children(requirement, "requiredDecision"):
                other = reference.get("href", "").rpartition("#")[2]
                if other not in elements:
                    self._fault("decision_required", element, decision=other)
                    continue
                found = self._decision(other, elements, done, (*above, key))
                if found is not None:
                    required.append(found)
        variable = self._child(element, "variable")
        name = element.get("name") or key
        done[key] = DecisionTable(
            id=key,
            name=name,
            variable=variable.get("name") or name if variable is not None else name,
            type=self._type(variable) if variable is not None else "",
            logic=self._logic(element),
            required=tuple(required),
            file=self.file,
        )
        return done[key]

    def _logic(self, element: etree._Element) -> Table | LiteralExpression:
        table = self._child(element, "decisionTable")
        if table is not None:
            return self._table(table)
        literal = self._child(element, "literalExpression")
        if literal is not None:
            return LiteralExpression(self._text(literal))
        found = [k for k in _UNSUPPORTED if self._child(element, k) is not None]
        self._fault("decision_logic", element, found=", ".join(found))
        return LiteralExpression("null")

    def _table(self, element: etree._Element) -> Table:
        policy = self._choice(element, "hitPolicy", HIT_POLICIES, "UNIQUE")
        aggregation = self._choice(element, "aggregation", AGGREGATIONS, "")
        inputs = tuple(
            self._input(child, number)
            for number, child in enumerate(self._children(element, "input"), 1)
        )
        outputs = tuple(self._output(child) for child in self._children(element, "output"))
        if not outputs:
            self._fault("decision_shape", element, found="no output")
        if aggregation and (policy != "COLLECT" or (len(outputs) > 1 and aggregation != "COUNT")):
            self._fault("decision_hit_policy", element, found=f"{policy} {aggregation}")
        rules = []
        for number, child in enumerate(self._children(element, "rule"), 1):
            rule = self._rule(child, number)
            if (len(rule.tests), len(rule.outputs)) != (len(inputs), len(outputs)):
                self._fault("decision_shape", child, found=f"{len(rule.tests)}+{len(rule.outputs)}")
            rules.append(rule)
        return Table(policy, inputs, outputs, tuple(rules), aggregation)

    def _input(self, element: etree._Element, number: int) -> Input:
        expression = self._child(element, "inputExpression")
        name = element.get(f"{{{CAMUNDA}}}inputVariable", "")
        text = self._text(expression) if expression is not None else ""
        if not text:
            self._fault("decision_shape", element, found="an input without an expression")
        values = self._child(element, "inputValues")
        label = element.get("label") or (
            expression.get("label", "") if expression is not None else ""
        )
        return Input(
            id=element.get("id", f"input_{number}"),
            label=label or text,
            text=text,
            type=self._type(expression) if expression is not None else "",
            name=name,
            allowed=self._text(values) if values is not None else "",
        )

    def _output(self, element: etree._Element) -> Output:
        values = self._child(element, "outputValues")
        default = self._child(element, "defaultOutputEntry")
        name = element.get("name", "")
        return Output(
            id=element.get("id", ""),
            label=element.get("label") or name,
            name=name or element.get("id", "output"),
            type=self._type(element),
            values=tuple(split_list(self._text(values))) if values is not None else (),
            default=self._text(default) if default is not None else "",
        )

    def _rule(self, element: etree._Element, number: int) -> Rule:
        notes = [self._text(a) for a in self._children(element, "annotationEntry")]
        description = self._child(element, "description")
        text = "; ".join(note for note in notes if note)
        if not text and description is not None:
            text = (description.text or "").strip()
        return Rule(
            id=element.get("id", f"rule_{number}"),
            tests=tuple(self._text(e) for e in self._children(element, "inputEntry")),
            outputs=tuple(self._text(e) for e in self._children(element, "outputEntry")),
            text=text,
        )

    def _type(self, element: etree._Element) -> str:
        """FEEL type of the element's typeRef, through item definitions. DMN 1.1 writes a
        QName (``feel:string``), 1.2 and later a plain name."""
        reference = element.get("typeRef", "")
        seen: set[str] = set()
        while reference in self.items and reference not in seen:
            seen.add(reference)
            item = self.items[reference]
            if item.get("isCollection") == "true":
                return "list"
            inner = self._child(item, "typeRef")
            if inner is None:
                return "context"
            reference = (inner.text or "").strip()
        plain = reference.rpartition(":")[2].replace(" ", "").lower()
        if plain not in TYPES:
            self._fault("decision_type", element, found=reference)
            return ""
        return TYPES[plain]

    def _choice(
        self, element: etree._Element, key: str, choices: tuple[Choice, ...], default: Choice
    ) -> Choice:
        given = element.get(key) or default
        for choice in choices:
            if choice == given:
                return choice
        self._fault("decision_hit_policy", element, found=given)
        return default

    def _text(self, element: etree._Element) -> str:
        language = element.get("expressionLanguage", "")
        if language and "feel" not in language.lower():
            self._fault("decision_language", element, language=language)
        child = self._child(element, "text")
        return (child.text or "").strip() if child is not None else ""

    def _children(self, element: etree._Element, name: str) -> Iterator[etree._Element]:
        return element.iterchildren(f"{{{self.namespace}}}{name}")

    def _child(self, element: etree._Element, name: str) -> etree._Element | None:
        return next(self._children(element, name), None)

    def _fault(self, code: str, element: etree._Element, **args: str) -> None:
        named: etree._Element | None = element
        while named is not None and not named.get("id"):
            named = named.getparent()
        name = named.get("id", "") if named is not None else ""
        self.findings.append(Finding(code, "error", self.file, name, args))


def split_list(text: str) -> list[str]:
    """The parts of a comma-separated list of FEEL texts, commas in strings and brackets kept."""
    parts, depth, quoted, start = [], 0, False, 0
    for place, char in enumerate(text):
        if quoted:
            quoted = char != '"' or text[place - 1] == "\\"
        elif char == '"':
            quoted = True
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == "," and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]
