"""One decision: its table sent to V8, and the hit policy applied to the rules that matched."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from workflows.contract import Context, FeelValue, Variables
from workflows.decision_model import (
    MULTIPLE,
    DecisionTable,
    LiteralExpression,
    Rule,
    Table,
)
from workflows.feel import Feel, FeelError
from workflows.feel_values import EncodingError, decode, type_name

Row = dict[str, FeelValue]
#: What V8 answers for one expression: ``value`` and ``warnings``, or ``error``.
Answer = Mapping[str, Any]


class DecisionError(FeelError):
    """A decision that could not be taken. ``code``: ``decision_no_match``, ``decision_overlap``
    (UNIQUE with several matches, ANY with different outputs), ``decision_type`` (an input or
    output of another type than declared, or outside its listed values), ``decision_result``
    (the result does not fit the wanted mapping or aggregation), or a code of FeelError.
    ``rules`` are the ids of the rules concerned."""

    def __init__(
        self, code: str, message: str, *, decision: str, rules: Sequence[str] = (),
        expression: str = "",
    ) -> None:  # fmt: skip
        super().__init__(code, message, expression=expression)
        self.decision = decision
        self.rules = tuple(rules)


@dataclass(frozen=True, slots=True)
class DecisionOutcome:
    """A decision as taken. ``inputs`` are label -> value. ``matched`` are the ids of the rules
    whose output is the result, with their ``rule_texts`` beside them; ``also_matched`` those
    that matched and lost by priority. ``rows`` are the outputs by name, one row a result;
    ``output`` is DMN's result: a value (one column) or a context, in a list where the hit
    policy gives several, a number where it aggregates. ``required`` are the decisions taken
    on the way, first to last."""

    decision: str
    inputs: Mapping[str, FeelValue]
    matched: tuple[str, ...]
    rule_texts: tuple[str, ...]
    output: FeelValue
    rows: tuple[Row, ...]
    also_matched: tuple[str, ...] = ()
    required: tuple[DecisionOutcome, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that matched, with its outputs in column order."""

    rule: Rule
    outputs: tuple[FeelValue, ...]


def take(
    decision: DecisionTable, variables: Variables, context: Context, feel: Feel
) -> DecisionOutcome:
    """Takes one decision; those it requires are already among ``variables``. Raises
    DecisionError and FeelError."""
    if isinstance(decision.logic, LiteralExpression):
        return _literal(decision, decision.logic, variables, context, feel)
    return _Taking(decision, decision.logic).take(variables, context, feel)


def _literal(
    decision: DecisionTable,
    logic: LiteralExpression,
    variables: Variables,
    context: Context,
    feel: Feel,
) -> DecisionOutcome:
    result = feel.evaluate_many([logic.text], variables, context)[0]
    why = result.error or "; ".join(result.missing)
    if not why and result.value is None:
        why = "; ".join(result.warnings)
    if why:
        raise DecisionError("expression_error", why, decision=decision.id, expression=logic.text)
    _require_type(decision, decision.variable, decision.type, result.value)
    row = {decision.variable: result.value}
    return DecisionOutcome(decision.id, {}, (), (), result.value, (row,))


class _Taking:
    def __init__(self, decision: DecisionTable, table: Table) -> None:
        self.decision = decision
        self.table = table

    def take(self, variables: Variables, context: Context, feel: Feel) -> DecisionOutcome:
        answer = self._ask(variables, context, feel)
        inputs = self._inputs(answer["inputs"])
        if answer["fault"]:
            fault = answer["fault"]
            rule = self.table.rules[fault["rule"]]
            raise self._error("expression_error", fault["error"], [rule.id], fault["text"])
        hits = [
            Hit(rule, self._outputs(found["outputs"], rule))
            for found in answer["rules"]
            for rule in [self.table.rules[found["index"]]]
        ]
        if not hits:
            return self._default(inputs, answer["defaults"])
        chosen, beaten = self._choose(hits, answer["allowed"])
        return self._outcome(inputs, chosen, beaten)

    def _ask(self, variables: Variables, context: Context, feel: Feel) -> dict[str, Any]:
        table = self.table
        ranked = table.hit_policy in ("PRIORITY", "OUTPUT ORDER")
        parts = {
            "inputs": [
                {"text": c.text, "name": c.name, "allowed": c.allowed} for c in table.inputs
            ],
            "rules": [{"tests": r.tests, "outputs": r.outputs} for r in table.rules],
            "first": table.hit_policy == "FIRST",
            "defaults": [o.default for o in table.outputs],
            "allowed": [o.values for o in table.outputs] if ranked else [],
        }
        texts = [c.text for c in table.inputs] + [c.allowed for c in table.inputs]
        for rule in table.rules:
            texts += rule.tests + rule.outputs
        for output in table.outputs:
            texts += (output.default, *output.values)
        return feel.table(
            [text for text in texts if text], parts, variables, context, name=self.decision.id
        )

    def _inputs(self, answers: Sequence[Answer]) -> dict[str, FeelValue]:
        inputs: dict[str, FeelValue] = {}
        for column, answer in zip(self.table.inputs, answers, strict=True):
            value = self._value(answer, column.text, [])
            _require_type(self.decision, column.label, column.type, value)
            if answer.get("allowed") is False:
                raise self._error(
                    "decision_type",
                    f"{column.label}: {value!r} is not among {column.allowed}",
                    [],
                    column.text,
                )
            label = column.label if column.label not in inputs else f"{column.label} ({column.id})"
            inputs[label] = value
        return inputs

    def _outputs(self, answers: Sequence[Answer], rule: Rule) -> tuple[FeelValue, ...]:
        values = []
        for column, answer, text in zip(self.table.outputs, answers, rule.outputs, strict=True):
            value = self._value(answer, text, [rule.id])
            _require_type(self.decision, column.label, column.type, value, [rule.id])
            values.append(value)
        return tuple(values)

    def _value(self, answer: Answer, text: str, rules: Sequence[str]) -> FeelValue:
        """An answer's value; null with a warning (types that do not go together) or a name that
        is not there is an error here, plain null is a value."""
        if answer.get("error"):
            raise self._error("expression_error", answer["error"], rules, text)
        why = "; ".join(answer["missing"])
        if answer["value"] is None and not why:
            why = "; ".join(w["message"] for w in answer["warnings"])
        if why:
            raise self._error("expression_error", why, rules, text)
        try:
            return decode(answer["value"])
        except EncodingError as err:
            raise self._error("expression_error", str(err), rules, text) from None

    def _choose(
        self, hits: list[Hit], allowed: Sequence[Sequence[Answer]]
    ) -> tuple[list[Hit], list[Hit]]:
        """The hits whose outputs are the result, in its order, and those they beat."""
        match self.table.hit_policy:
            case "UNIQUE" if len(hits) > 1:
                raise self._error(
                    "decision_overlap", "several rules match", [h.rule.id for h in hits]
                )
            case "ANY" if any(h.outputs != hits[0].outputs for h in hits):
                raise self._error(
                    "decision_overlap",
                    "rules with different outputs match",
                    [h.rule.id for h in hits],
                )
            case "PRIORITY":
                rank = self._ranking(allowed)
                best = min(rank(hit) for hit in hits)
                chosen = [hit for hit in hits if rank(hit) == best]
                return chosen, [hit for hit in hits if rank(hit) != best]
            case "OUTPUT ORDER":
                return sorted(hits, key=self._ranking(allowed)), []
        return hits, []

    def _ranking(self, allowed: Sequence[Sequence[Answer]]) -> Callable[[Hit], tuple[int, ...]]:
        columns = [[self._value(answer, "", []) for answer in answers] for answers in allowed]

        def rank(hit: Hit) -> tuple[int, ...]:
            places = []
            for output, values, value in zip(self.table.outputs, columns, hit.outputs, strict=True):
                if value not in values:
                    raise self._error(
                        "decision_type",
                        f"{output.label}: {value!r} is not among the output values",
                        [hit.rule.id],
                    )
                places.append(values.index(value))
            return tuple(places)

        return rank

    def _default(
        self, inputs: Mapping[str, FeelValue], answers: Sequence[Answer]
    ) -> DecisionOutcome:
        outputs = self.table.outputs
        if not any(output.default for output in outputs):
            raise self._error(
                "decision_no_match",
                "no rule matches " + ", ".join(f"{k} = {v!r}" for k, v in inputs.items()),
                [],
            )
        values = tuple(
            self._value(answer, output.default, [])
            for answer, output in zip(answers, outputs, strict=True)
        )
        for output, value in zip(outputs, values, strict=True):
            _require_type(self.decision, output.label, output.type, value)
        row = self._row(values)
        output_value = self._plain(row)
        if self.table.hit_policy in MULTIPLE and not self.table.aggregation:
            output_value = [output_value]
        return DecisionOutcome(self.decision.id, inputs, (), (), output_value, (row,))

    def _outcome(
        self, inputs: Mapping[str, FeelValue], chosen: list[Hit], beaten: list[Hit]
    ) -> DecisionOutcome:
        rows = [self._row(hit.outputs) for hit in chosen]
        output: FeelValue
        if self.table.aggregation:
            output = self._aggregate([hit.outputs[0] for hit in chosen])
            rows = [{self.table.outputs[0].name: output}]
        elif self.table.hit_policy in MULTIPLE:
            output = [self._plain(row) for row in rows]
        else:
            rows = rows[:1]
            output = self._plain(rows[0])
        return DecisionOutcome(
            self.decision.id,
            inputs,
            tuple(hit.rule.id for hit in chosen),
            tuple(hit.rule.text for hit in chosen),
            output,
            tuple(rows),
            tuple(hit.rule.id for hit in beaten),
        )

    def _aggregate(self, values: list[FeelValue]) -> FeelValue:
        if self.table.aggregation == "COUNT":
            return len(values)
        kinds = {type_name(value) for value in values}
        if len(kinds) > 1 or not kinds <= _ADDABLE | (
            _ORDERED if self.table.aggregation != "SUM" else set()
        ):
            raise self._error(
                "decision_result", f"{self.table.aggregation} of {', '.join(sorted(kinds))}", []
            )
        match self.table.aggregation:
            case "MIN":
                return min(values)
            case "MAX":
                return max(values)
        if kinds == {"number"}:
            total = math.fsum(values)
            return int(total) if total.is_integer() else total
        return sum(values[1:], start=values[0])

    def _row(self, values: Sequence[FeelValue]) -> Row:
        return {o.name: v for o, v in zip(self.table.outputs, values, strict=True)}

    def _plain(self, row: Row) -> FeelValue:
        return next(iter(row.values())) if len(self.table.outputs) == 1 else dict(row)

    def _error(
        self, code: str, message: str, rules: Sequence[str], expression: str = ""
    ) -> DecisionError:
        return DecisionError(
            code, message, decision=self.decision.id, rules=rules, expression=expression
        )


_ADDABLE: Final = {"number", "days and time duration"}
_ORDERED: Final = {"string", "date", "time", "date and time", "years and months duration"}


def _require_type(
    decision: DecisionTable, label: str, wanted: str, value: FeelValue, rules: Sequence[str] = ()
) -> None:
    if not wanted or value is None:
        return
    found = type_name(value)
    if found != wanted:
        raise DecisionError(
            "decision_type",
            f"{label} must be {wanted}, is {found}: {value!r}",
            decision=decision.id,
            rules=rules,
        )
