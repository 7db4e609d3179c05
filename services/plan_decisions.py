"""A draft's decision tables beside their plan: which variables their cells may name, and what a
table answers to values somebody tries."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.plan_folder import bundle_of
from workflows import catalogue, decision_table
from workflows.catalogue import Catalogue
from workflows.check_people import anchors
from workflows.contract import Context, DeploymentError, FeelValue
from workflows.decision_model import DecisionTable, LiteralExpression, Table
from workflows.decision_table import DecisionOutcome
from workflows.feel import MAX_LENGTH, CheckItem, FeelError, default_feel
from workflows.names import Scopes

#: Variables that stand for the columns of a table that is tried.
_COLUMN: Final = "tried_column_{}"
_PATH: Final = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
#: A text that is never closed goes on to the end: looked through once.
_LITERAL: Final = re.compile(r'"((?:[^"\\]|\\.)*)(?:"|\Z)')
_DURATIONS: Final = ("days and time duration", "years and months duration")
#: Types whose values are typed as such; any other is typed as a FEEL expression.
TYPED: Final = ("boolean", "string", "number", "date", "date and time", *_DURATIONS)

#: A value of a choice: itself, and its words in Chinese and English.
Option = tuple[str, str, str]
_Label = tuple[str, str, tuple[Option, ...]]


@dataclass(frozen=True, slots=True)
class Known:
    """A variable a cell may name. ``type`` is a FEEL type, "" where it is not known; the label is
    that of the task or field it comes from; ``options`` are those of a choice (value, zh, en)."""

    name: str
    type: str
    label: str = ""
    label_en: str = ""
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """A value a table asks for. ``key`` names it in the form; ``text`` is the expression it
    stands for; ``choices`` are the strings to choose from, where ``type`` is string."""

    key: str
    label: str
    text: str
    type: str
    choices: tuple[Option, ...] = ()
    label_en: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """What a table answered. ``rules`` are (number in the table, its words) of those whose output
    is the result; ``beaten`` of those that matched and lost by priority."""

    outcome: DecisionOutcome
    rules: tuple[tuple[int, str], ...]
    beaten: tuple[tuple[int, str], ...]


class BadValues(Exception):
    """Values that cannot be read: ``errors`` maps a key of `Wanted` to a code."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        super().__init__(str(self.errors))


def known_variables(files: Mapping[str, bytes], decisions: Iterable[str]) -> list[Known]:
    """What the cells of these decisions may name: all that is known at the steps that take them,
    of a table nobody takes what the plan's own process knows. Empty while the diagram or
    ``plan.toml`` cannot be read."""
    try:
        bundle = bundle_of(files)
        read = catalogue.read(bundle.files, bundle.manifest)
    except DeploymentError:
        return []
    scopes = Scopes(read, bundle.manifest, anchors(read, bundle.manifest))
    wanted = set(decisions)
    places = [
        place
        for place in read.root.walk()
        if any(
            read.elements[path].decision_ref in wanted
            for path in (place.path_of(id) for id in place.scope.nodes)
            if path in read.elements
        )
    ] or [read.root]
    names: dict[str, str | None] = {}
    for place in places:
        for name, kind in scopes.at(place).items():
            names[name] = names.get(name) or kind
    labels = _labels(read, bundle.manifest)
    return [
        Known(name, kind or "", *labels.get(name, ("", "", ())))
        for name, kind in sorted(names.items())
    ]


def _labels(read: Catalogue, manifest: Mapping[str, Any]) -> dict[str, _Label]:
    found: dict[str, _Label] = {}
    for row in (*manifest.get("anchors", ()), *manifest.get("settings", ())):
        key = str(row.get("key", ""))
        name = f"settings.{key}" if "type" in row else key
        found[name] = (str(row.get("name", "")), str(row.get("name_en", "")), ())
    for element in read.elements.values():
        found.setdefault(element.id, (element.name, element.name_en, ()))
        for field in element.form_fields:
            found.setdefault(
                f"{element.id}.{field.id}", (field.label, field.label_en, field.options)
            )
    return found


def wanted_values(decision: DecisionTable, known: Iterable[Known]) -> list[Wanted]:
    """What has to be given to try the decision: its input columns, and the variables its cells
    name besides. Decisions it requires are not taken: what they would give is asked for."""
    named = {one.name: one for one in known}
    wanted: list[Wanted] = []
    if isinstance(decision.logic, Table):
        for number, column in enumerate(decision.logic.inputs):
            own = named.get(column.text.strip())
            choices = _choices(decision.logic, number, own) if column.type == "string" else ()
            wanted.append(
                Wanted(
                    key=f"in_{number}",
                    label=column.label or column.text,
                    text=column.text,
                    type=column.type,
                    choices=choices,
                    label_en=own.label_en if own is not None else "",
                )
            )
    for path in _named_in(decision):
        own = named.get(path)
        kind = own.type if own is not None else ""
        label, english = (own.label, own.label_en) if own is not None else ("", "")
        choices = own.options if own is not None else ()
        wanted.append(Wanted(f"x_{path}", label or path, path, kind, choices, english))
    return wanted


def _choices(table: Table, number: int, own: Known | None) -> tuple[Option, ...]:
    """The strings that stand in the column, and those the plan's own form offers there."""
    found = {value: (value, zh, en) for value, zh, en in (own.options if own is not None else ())}
    texts = [table.inputs[number].allowed, *(rule.tests[number] for rule in table.rules)]
    for text in texts:
        for value in _LITERAL.findall(text[:MAX_LENGTH]):
            found.setdefault(value, (value, value, value))
    return tuple(found.values())


def _named_in(decision: DecisionTable) -> list[str]:
    """The variables an expression or the cells of a table name, as dotted paths."""
    logic = decision.logic
    if isinstance(logic, LiteralExpression):
        items = [CheckItem(logic.text)]
        own: dict[str, str | None] = {}
    else:
        own = {column.name: None for column in logic.inputs if column.name}
        items = [CheckItem(text, "unary") for rule in logic.rules for text in rule.tests]
        items += [CheckItem(text) for rule in logic.rules for text in rule.outputs if text]
    paths: dict[str, None] = {}
    for item, problems in zip(items, default_feel().check_many(items, own), strict=True):
        for problem in problems:
            if problem.code == "unknown_name":
                found = _PATH.match(item.text, problem.start)
                paths[found[0] if found is not None else problem.name] = None
    return list(paths)


def try_decision(
    decision: DecisionTable, wanted: Iterable[Wanted], given: Mapping[str, str], now: datetime
) -> Tried:
    """The decision taken on what was typed (by key; a column left empty is null). Raises
    BadValues, and DecisionError and FeelError for a table that gives no answer."""
    errors: dict[str, str] = {}
    variables: dict[str, FeelValue] = {}
    context = Context(now=now)
    for one in wanted:
        try:
            value = _value(one.type, given.get(one.key, "").strip(), context)
        except ValueError as wrong:
            errors[one.key] = str(wrong)
            continue
        if one.key.startswith("in_"):
            variables[_COLUMN.format(one.key[3:])] = value
        elif value is not None:  # what was never answered is not there at all
            _put(variables, one.text.split("."), value)
    if errors:
        raise BadValues(errors)
    alone = replace(decision, required=())
    if isinstance(decision.logic, Table):
        columns = tuple(
            replace(column, text=_COLUMN.format(number))
            for number, column in enumerate(decision.logic.inputs)
        )
        alone = replace(alone, logic=replace(decision.logic, inputs=columns))
    outcome = decision_table.evaluate(alone, variables, context, default_feel())
    rules = alone.logic.rules if isinstance(alone.logic, Table) else ()
    told = {rule.id: (number, rule.text) for number, rule in enumerate(rules, 1)}
    return Tried(
        outcome,
        tuple(told[id] for id in outcome.matched),
        tuple(told[id] for id in outcome.also_matched),
    )


def _put(variables: dict[str, FeelValue], path: list[str], value: FeelValue) -> None:
    for name in path[:-1]:
        inner = variables.setdefault(name, {})
        if not isinstance(inner, dict):
            return  # typed as a whole already
        variables = inner
    variables[path[-1]] = value


def _value(kind: str, text: str, context: Context) -> FeelValue:
    """What was typed, as FEEL has it. Raises ValueError with a code."""
    if not text:
        return None
    match kind:
        case "boolean":
            if text not in ("true", "false"):
                raise ValueError("not_an_option")
            return text == "true"
        case "string":
            return text
        case "number":
            return _number(text)
        case "date":
            try:
                return date.fromisoformat(text)
            except ValueError:
                raise ValueError("not_a_date") from None
        case "date and time":
            return _moment(text, context)
        case "days and time duration" | "years and months duration":
            quoted = text.replace('"', "")
            return _expression(f'duration("{quoted}")', context, "not_a_duration")
    return _expression(text, context, "not_feel")


def _number(text: str) -> int | float:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("not_a_number") from None
    if not number.is_finite() or abs(number) > 10**15:
        raise ValueError("not_a_number")
    return int(number) if number == number.to_integral_value() else float(number)


def _moment(text: str, context: Context) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("not_a_moment") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(context.calendar.zone))


def _expression(text: str, context: Context, code: str) -> FeelValue:
    try:
        value = default_feel().evaluate(text, {}, context)
    except FeelError:
        raise ValueError(code) from None
    if value is None and text != "null":
        raise ValueError(code)
    return value
