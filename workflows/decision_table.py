"""Taking a DMN decision: all hit policies of DMN 1.3 (chapter 8.2.10), over FEEL.

A table goes into V8 in one call. What the standard leaves to the reader is decided strictly:
rules that overlap under UNIQUE, no rule that matches (without a default), an input of the wrong
type and a name nobody defined are errors, never a silent nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Literal

from workflows.contract import Context, FeelValue, Finding, Variables
from workflows.decision_hit import DecisionError, DecisionOutcome, take
from workflows.decision_model import DecisionTable, LiteralExpression, Table
from workflows.decision_xml import parse
from workflows.feel import CheckItem, Feel, Names
from workflows.findings import MAX_FINDINGS

__all__ = [
    "DecisionError", "DecisionOutcome", "DecisionTable", "LiteralExpression", "Table",
    "check", "check_alone", "evaluate", "in_order", "map_result", "parse",
]  # fmt: skip

#: Texts that are checked at a time.
_BATCH: Final = 100

ResultMode = Literal["", "singleEntry", "singleResult", "collectEntries", "resultList"]


def evaluate(
    table: DecisionTable, variables: Variables, context: Context, feel: Feel
) -> DecisionOutcome:
    """Takes the decision, and before it those it requires. A required decision's result is
    visible under its variable's name, its id and, for one row, each output's name. Raises
    DecisionError and FeelError."""
    known = dict(variables)
    taken: dict[str, DecisionOutcome] = {}
    for step in in_order(table):
        outcome = take(step, known, context, feel)
        taken[step.id] = outcome
        if len(outcome.rows) == 1 and isinstance(step.logic, Table):
            known.update(outcome.rows[0])
        known[step.id] = known[step.variable] = outcome.output
    last = taken.pop(table.id)
    return replace(last, required=tuple(taken.values()))


def map_result(outcome: DecisionOutcome, mode: ResultMode) -> FeelValue:
    """The outcome as ``camunda:mapDecisionResult`` asks: ``singleEntry`` a value,
    ``singleResult`` a context, ``collectEntries`` a list of values, ``resultList`` (Camunda's
    default, also for "") a list of contexts. Raises DecisionError (decision_result) where there
    are more rows or columns than the mode can hold."""
    rows = outcome.rows

    def refuse(what: str) -> DecisionError:
        return DecisionError(
            "decision_result", f"{mode}: {what}", decision=outcome.decision, rules=outcome.matched
        )

    if mode in ("singleEntry", "singleResult") and len(rows) > 1:
        raise refuse(f"{len(rows)} results")
    if mode in ("singleEntry", "collectEntries") and any(len(row) != 1 for row in rows):
        raise refuse("more than one output")
    match mode:
        case "singleEntry":
            return next(iter(rows[0].values())) if rows else None
        case "singleResult":
            return dict(rows[0]) if rows else None
        case "collectEntries":
            return [next(iter(row.values())) for row in rows]
        case "resultList" | "":
            return [dict(row) for row in rows]
    raise refuse("unknown mapping")


def check(table: DecisionTable, known_names: Names | None, feel: Feel) -> list[Finding]:
    """What is wrong with the decision and those it requires, for deployment. Every cell must
    parse, names must be known (``known_names`` as for `Feel.check`), literals must have the
    column's type. Codes: ``feel_<problem>`` with the problem's text and place, and
    ``decision_priorities`` (PRIORITY or OUTPUT ORDER without output values). The element is
    the rule or column, else the decision."""
    findings: list[Finding] = []
    for step in in_order(table):
        findings += check_alone(step, known_names, feel)
    return findings


def check_alone(table: DecisionTable, known_names: Names | None, feel: Feel) -> list[Finding]:
    """`check` of the decision by itself: the names of those it requires are known, too."""
    names: dict[str, str | None] | None = None
    if known_names is not None:
        names = (
            dict(known_names) if isinstance(known_names, Mapping) else dict.fromkeys(known_names)
        ) | dict.fromkeys(_results_of(table))
    return _check_one(table, names, feel)


def in_order(table: DecisionTable) -> list[DecisionTable]:
    """The decision and all it requires, each after those it requires itself."""
    order: dict[str, DecisionTable] = {}

    def add(step: DecisionTable) -> None:
        if step.id in order:  # required by several
            return
        for needed in step.required:
            add(needed)
        order.setdefault(step.id, step)

    add(table)
    return list(order.values())


def _results_of(table: DecisionTable) -> list[str]:
    names: list[str] = []
    for step in in_order(table)[:-1]:
        names += [step.id, step.variable]
        if isinstance(step.logic, Table):
            names += [output.name for output in step.logic.outputs]
    return names


def _check_one(table: DecisionTable, names: Names | None, feel: Feel) -> list[Finding]:
    items: list[CheckItem] = []
    places: list[str] = []

    def add(item: CheckItem, place: str) -> None:
        items.append(item)
        places.append(place or table.id)

    findings: list[Finding] = []
    if isinstance(table.logic, LiteralExpression):
        add(CheckItem(table.logic.text), "")
    else:
        logic = table.logic
        for column in logic.inputs:
            add(CheckItem(column.text, "expression", column.type or None), column.id)
            if column.allowed:
                add(CheckItem(column.allowed, "unary", column.type or None), column.id)
        for output in logic.outputs:
            for text in (*output.values, output.default):
                if text:
                    add(CheckItem(text, "expression", output.type or None), output.id)
            if logic.hit_policy in ("PRIORITY", "OUTPUT ORDER") and not output.values:
                findings.append(_finding("decision_priorities", table, output.id))
        aliases = [column.name for column in logic.inputs if column.name]
        if names is not None and aliases:
            names = dict.fromkeys(aliases) | dict(
                names if isinstance(names, Mapping) else dict.fromkeys(names)
            )
        for rule in logic.rules:
            for column, text in zip(logic.inputs, rule.tests, strict=True):
                add(CheckItem(text, "unary", column.type or None), rule.id)
            for output, text in zip(logic.outputs, rule.outputs, strict=True):
                if text:
                    add(CheckItem(text, "expression", output.type or None), rule.id)
    answers = (
        answer
        for at in range(0, len(items), _BATCH)
        for answer in feel.check_many(items[at : at + _BATCH], names)
    )
    for item, place, problems in zip(items, places, answers, strict=True):
        if len(findings) >= MAX_FINDINGS:
            break
        for problem in problems:
            args = {"text": item.text, "name": problem.name, "at": str(problem.start + 1)}
            if problem.expected:
                args |= {"expected": problem.expected, "found": problem.found}
            if problem.code == "too_heavy":
                heavy = {"expression": item.text}
                findings.append(_finding("expression_too_heavy", table, place, heavy))
                continue
            findings.append(_finding(f"feel_{problem.code}", table, place, args))
    return findings


def _finding(
    code: str, table: DecisionTable, element: str, args: Mapping[str, str] | None = None
) -> Finding:
    severity: Literal["error", "warning"] = (
        "warning" if code == "feel_moment_without_offset" else "error"
    )
    details = {"decision": table.id, **(args or {})}
    return Finding(code, severity, table.file, element or table.id, details)
