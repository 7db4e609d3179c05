"""FEEL (DMN 1.3 chapter 10) by bpmn.io's feelin, in a V8 isolate with limits of time and memory.

Nothing an author writes reaches Python's interpreter. `now()` and `today()` are the context's.
To FEEL's own functions come `end of day(x)`, `end of day after(x, n)`, `add working days(x, n)`
and `is working day(x)`, all in the calendar's zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from workflows.contract import Context, FeelValue, Variables
from workflows.feel_isolate import Isolate, LimitExceeded, ScriptError
from workflows.feel_values import (
    EncodingError,
    Wire,
    decode,
    encode,
    encode_variables,
    environment,
)

LIMIT_SECONDS: Final = 0.05
#: No batch, however long, runs longer than this.
BATCH_SECONDS: Final = 1.0
MEMORY_BYTES: Final = 128 * 1024 * 1024
MAX_LENGTH: Final = 10_000
#: Characters that are checked in one call, and calls that may run out of time in one check.
CHECKED: Final = 50_000
PATIENCE: Final = 3
#: What is checked of one plan's expressions (or of one table's cells), see `_weight`: some 15,000
#: texts of the usual length, or eight that nest to the limit.
WHOLE: Final = 300_000

Kind = Literal["expression", "unary"]
#: Names that may be used: bare or dotted paths, each with its FEEL type where that is known.
Names = Mapping[str, str | None] | Iterable[str]


class FeelError(Exception):
    """An evaluation that gave no usable value. ``code``: ``expression_error`` (does not parse,
    or failed), ``expression_timeout`` (over the limit of time or memory), ``condition_null``
    (a condition that is not true or false). ``index`` is the place in a batch."""

    def __init__(self, code: str, message: str, *, expression: str = "", index: int = 0) -> None:
        self.code = code
        self.message = message
        self.expression = expression
        self.index = index
        super().__init__(f"{code}: {message} in `{expression}`" if expression else message)


@dataclass(frozen=True, slots=True)
class FeelResult:
    """One expression of a batch. ``value`` is None with ``warnings`` where FEEL turned a fault
    into null (an unknown variable, types that do not go together), and None with ``error``
    where the expression does not parse or failed. ``missing`` are the warnings of names that
    were not there and that the expression does not itself compare with null: where x was never
    set, ``x = 3`` is false and not null."""

    value: FeelValue
    warnings: tuple[str, ...] = ()
    error: str | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with an expression's text, found without running it. ``code``:
    ``syntax``, ``too_long``, ``too_heavy`` (it takes too long to read), ``unknown_name``,
    ``type_mismatch`` (a comparison that can never be true; ``expected`` and ``found`` are FEEL
    types), ``invalid_literal`` (a date or duration that is none), ``moment_without_offset`` (a
    warning: compared as if it were UTC). ``start`` and ``end`` are places in the text as given;
    ``name`` is the name or the words concerned."""

    code: str
    start: int
    end: int
    name: str = ""
    expected: str = ""
    found: str = ""


@dataclass(frozen=True, slots=True)
class CheckItem:
    """One text for `Feel.check_many`. ``value_type`` is, if known, the FEEL type of ``?`` in
    unary tests and the wanted type of an expression's value."""

    text: str
    kind: Kind = "expression"
    value_type: str | None = None


class Feel:
    """Evaluates FEEL. Thread-safe; safe to hold across a fork.

    ``limit`` is seconds for each expression, ``memory`` bytes for the isolate's heap.
    """

    def __init__(self, *, limit: float = LIMIT_SECONDS, memory: int = MEMORY_BYTES) -> None:
        self._limit = limit
        self._isolate = Isolate(memory)

    def evaluate(self, expression: str, variables: Variables, context: Context) -> FeelValue:
        """The value of one expression; None where FEEL gives null. Raises FeelError
        (expression_error, expression_timeout). See `evaluate_many` for the warnings."""
        result = self.evaluate_many([expression], variables, context)[0]
        if result.error is not None:
            raise FeelError("expression_error", result.error, expression=expression)
        return result.value

    def evaluate_many(
        self,
        expressions: Sequence[str],
        variables: Variables,
        context: Context,
        *,
        until_true: bool = False,
    ) -> list[FeelResult]:
        """All expressions over the same variables, in one call into V8. With ``until_true`` it
        stops after the first that is not false, and the list is that much shorter. Anchors are
        visible under their names, before variables of the same name. Raises FeelError
        (expression_timeout with the index; expression_error for a variable that is no FEEL value
        or a text over 10,000 characters)."""
        texts = [strip_marker(text)[0] for text in expressions]
        if not texts:
            return []
        request = self._request(texts, variables, context)
        request |= {"items": texts, "until_true": until_true}
        try:
            wire = self._call("evaluate", request, len(texts), texts[0])
        except FeelError as err:
            if err.code != "expression_timeout" or len(texts) == 1:
                raise
            wire = self._one_by_one(request, texts, until_true)
        return [_result(item) for item in wire]

    def conditions(
        self,
        expressions: Sequence[str],
        variables: Variables,
        context: Context,
        *,
        until_true: bool = False,
    ) -> list[bool]:
        """Each condition strictly true or false, and of names that are there. With
        ``until_true`` those after the first true one are not evaluated and count as false (an
        exclusive gateway). Raises FeelError
        (condition_null with the warning text for null, anything else, or a name that is not
        there and not compared with null; expression_error; expression_timeout), each with the
        condition's index."""
        results = self.evaluate_many(expressions, variables, context, until_true=until_true)
        answers = []
        for index, (expression, result) in enumerate(zip(expressions, results, strict=False)):
            if result.error is not None:
                raise FeelError(
                    "expression_error", result.error, expression=expression, index=index
                )
            if not isinstance(result.value, bool) or result.missing:
                why = "; ".join(result.missing or result.warnings)
                why = why or _why_not_boolean(result.value)
                raise FeelError("condition_null", why, expression=expression, index=index)
            answers.append(result.value)
        return answers + [False] * (len(expressions) - len(answers))

    def unary_tests(
        self, text: str, value: FeelValue, variables: Variables, context: Context, *, name: str = ""
    ) -> bool:
        """Whether ``value`` passes the unary tests of a decision cell (``"a","b"``, ``not("a")``,
        ``[5..20]``, ``-``, ``? > 3``). ``name`` is what the cell may call the value beside ``?``.
        Raises FeelError (expression_error, also for an unknown name; expression_timeout)."""
        if text.strip() in ("", "-"):
            return True
        request = self._request([text], variables, context)
        zone = ZoneInfo(context.calendar.zone)
        try:
            wire_value = encode(value, zone)
        except EncodingError as err:
            raise FeelError("expression_error", str(err), expression=text) from None
        request["items"] = [{"text": text, "value": wire_value, "name": name}]
        wire = self._call("unary", request, 1, text)[0]
        result = _result(wire)
        unknown = [
            w["message"] for w in wire.get("warnings", ()) if w["type"] == "NO_VARIABLE_FOUND"
        ]
        if result.error is not None or unknown:
            raise FeelError("expression_error", result.error or unknown[0], expression=text)
        return result.value is True

    def table(
        self,
        texts: Iterable[str],
        parts: Mapping[str, Any],
        variables: Variables,
        context: Context,
        *,
        name: str,
    ) -> dict[str, Any]:
        """One decision table's inputs, cells and outputs in one call, raw; ``texts`` are all its
        expressions, ``parts`` the request as `frontend/feel/index.js` documents it. For
        `workflows.decision_table` only. Raises FeelError."""
        listed = list(texts)
        request = self._request(listed, variables, context) | dict(parts)
        answer: dict[str, Any] = self._call("table", request, max(1, len(listed)), name)
        return answer

    def check(
        self,
        expression: str,
        known_names: Names | None = None,
        kind: Kind = "expression",
        *,
        value_type: str | None = None,
    ) -> list[Problem]:
        """What is wrong with the text, without running it. ``known_names`` may be a mapping to
        FEEL types (``{"grade.level": "number"}``), which finds comparisons of the wrong type;
        None judges no names. ``value_type`` is as in `CheckItem`. Names bound by for, some,
        every, function, a context or a filter are known where they are bound; so are the
        built-in functions."""
        return self.check_many([CheckItem(expression, kind, value_type)], known_names)[0]

    def check_many(
        self, items: Sequence[CheckItem], known_names: Names | None
    ) -> list[list[Problem]]:
        """`check` for many texts in one call into V8."""
        stripped = [
            strip_marker(item.text) if item.kind == "expression" else (item.text, 0)
            for item in items
        ]
        short = [i for i, (text, _) in enumerate(stripped) if len(text) <= MAX_LENGTH]
        request = {
            "names": _names(known_names),
            "items": [
                {"text": stripped[i][0], "kind": items[i].kind, "input": items[i].value_type}
                for i in short
            ],
        }
        wire = self._checked(request)
        problems = [[Problem("too_long", 0, len(item.text))] for item in items]
        for index, found in zip(short, wire, strict=True):
            offset = stripped[index][1]
            problems[index] = [
                Problem(
                    p["code"],
                    p["from"] + offset,
                    p["to"] + offset,
                    p["name"],
                    p.get("expected", ""),
                    p.get("found", ""),
                )
                for p in found
            ]
        return problems

    def _checked(self, request: Wire) -> list[Any]:
        """What V8 finds in each item. Of long texts a few at a time: the more there is of a plan,
        the more time it has. A text that takes too long by itself is ``too_heavy``; after some of
        these so is the rest, which is no longer tried; so is what comes after `WHOLE`."""
        found: list[Any] = []
        waiting = [*_batches(request["items"])]
        patience, left = PATIENCE, WHOLE
        while waiting:
            batch = waiting.pop(0)
            if patience > 0 and left > 0:
                try:
                    found += self._call("check", request | {"items": batch}, len(batch), "")
                    left -= sum(_weight(item["text"]) for item in batch)
                    continue
                except FeelError as err:
                    if err.code != "expression_timeout":
                        raise
                    patience -= 1
                    if len(batch) > 1:
                        waiting = [[item] for item in batch] + waiting
                        continue
            found += [
                [{"code": "too_heavy", "from": 0, "to": len(item["text"]), "name": ""}]
                for item in batch
            ]
        return found

    def _request(
        self, texts: Sequence[str], variables: Variables, context: Context
    ) -> dict[str, Any]:
        for index, text in enumerate(texts):
            if len(text) > MAX_LENGTH:
                raise FeelError(
                    "expression_error",
                    f"longer than {MAX_LENGTH} characters",
                    expression=text[:80],
                    index=index,
                )
        everything = "\n".join(texts)
        visible = {**variables, **context.anchors}
        # a variable no text mentions need not cross; its first word is enough to be careful
        used = {n: v for n, v in visible.items() if (n.split() or [""])[0] in everything}
        try:
            return {
                "variables": encode_variables(used, ZoneInfo(context.calendar.zone)),
                "env": environment(
                    context,
                    clock="now" in everything or "today" in everything,
                    calendar="working" in everything,
                ),
            }
        except EncodingError as err:
            raise FeelError("expression_error", str(err), expression=texts[0]) from None

    def _one_by_one(self, request: Wire, texts: Sequence[str], until_true: bool) -> list[Wire]:
        """A batch over its limit again, each alone, so that the culprit can be named."""
        results: list[Wire] = []
        for index, text in enumerate(texts):
            try:
                results += self._call("evaluate", request | {"items": [text]}, 1, text)
            except FeelError as err:
                err.index = index
                raise
            if until_true and results[-1].get("value", True) is not False:
                break
        return results

    def _call(self, function: str, request: Wire, weight: int, expression: str) -> Any:
        try:
            return self._isolate.call(function, request, min(self._limit * weight, BATCH_SECONDS))
        except LimitExceeded as err:
            raise FeelError("expression_timeout", str(err), expression=expression) from None
        except ScriptError as err:
            raise FeelError("expression_error", str(err), expression=expression) from None


def strip_marker(expression: str) -> tuple[str, int]:
    """The expression without Camunda's leading ``=``, and how many characters were dropped."""
    rest = expression.lstrip()
    if rest.startswith("="):
        rest = rest[1:]
    return rest, len(expression) - len(rest)


def _weight(text: str) -> int:
    """How long a text takes to read, at worst: its length, and more of it the longer it is."""
    return len(text) * (1 + len(text) // 200)


def _batches(items: Sequence[Wire]) -> Iterator[list[Wire]]:
    """The items in their order, each batch of the weight `CHECKED` or one item."""
    batch: list[Wire] = []
    weight = 0
    for item in items:
        weight += _weight(item["text"])
        if batch and weight > CHECKED:
            yield batch
            batch, weight = [], _weight(item["text"])
        batch.append(item)
    if batch:
        yield batch


@cache
def default_feel() -> Feel:
    """The process-wide instance. It costs nothing until first used."""
    return Feel()


def _result(wire: Mapping[str, Any]) -> FeelResult:
    if "error" in wire:
        at = wire.get("at")
        where = "" if at is None else f" at {at + 1}"
        return FeelResult(None, error=f"{wire['error']}{where}")
    warnings = tuple(str(w["message"]) for w in wire["warnings"])
    try:
        return FeelResult(decode(wire["value"]), warnings, None, tuple(wire["missing"]))
    except EncodingError as err:
        return FeelResult(None, warnings, error=str(err))


def _why_not_boolean(value: FeelValue) -> str:
    if value is None:
        return "null: a value is missing, or values of different types were compared"
    return f"not true or false but {type(value).__name__}"


def _names(known: Names | None) -> dict[str, str | None] | None:
    if known is None:
        return None
    return dict(known) if isinstance(known, Mapping) else dict.fromkeys(known)
