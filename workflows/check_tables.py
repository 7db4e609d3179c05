"""Decision tables that leave a case without a rule, or where two rules of a table that allows only
one match the same case.

Each column is cut into the pieces between which its cells tell apart; a rule is then, a column, the
set of pieces it takes. Only cells read here (values, lists, comparisons, intervals, not, yes and
no) are judged; a table with any other is left alone.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from workflows import check_conditions
from workflows.check_conditions import Literal, Value
from workflows.check_domains import pieces
from workflows.decision_model import DecisionTable, Input, Rule, Table
from workflows.findings import Findings

MAX_RULES: Final = 300
#: Different cells times pieces of one column.
MAX_CELLS: Final = 40_000
#: Steps of the search for a case without a rule.
MAX_STEPS: Final = 20_000
#: A text that none of the rules names.
OTHER: Final = "…"

_COMPARED: Final = re.compile(r"(<=|>=|<|>|=|!=)\s*(.+)", re.DOTALL)
_NOT: Final = re.compile(r"not\s*\((.*)\)", re.DOTALL)
#: A column's literals are all of one type, and of the type of its pieces.
_OPS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le,
    ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Column:
    """``complete``: its pieces are all values there can be."""

    label: str
    pieces: tuple[Value, ...]
    complete: bool
    sets: tuple[int, ...]  # a rule: the pieces it takes, as bits


class _NotRead(Exception):
    pass


def check(tables: Mapping[str, DecisionTable], found: Findings) -> None:
    """Adds the warnings ``table_uncovered`` and ``rules_overlap``, each with one example."""
    for decision in tables.values():
        if isinstance(decision.logic, Table):
            _table(decision, decision.logic, found)


def _table(decision: DecisionTable, table: Table, found: Findings) -> None:
    if not 0 < len(table.rules) <= MAX_RULES or not table.inputs:
        return
    columns = [_column(table, i, column) for i, column in enumerate(table.inputs)]
    if table.hit_policy == "UNIQUE":
        _overlap(decision, table.rules, columns, found)
    read = [column for column in columns if column is not None and column.complete]
    if len(read) == len(columns) and not any(output.default for output in table.outputs):
        hole = _Hole(read).find((1 << len(table.rules)) - 1)
        if hole is not None:
            found.warning(
                "table_uncovered", decision.file, decision.id, table=decision.name or decision.id,
                **_example(read, hole),
            )  # fmt: skip


def _overlap(
    decision: DecisionTable, rules: Sequence[Rule], columns: Sequence[_Column | None],
    found: Findings,
) -> None:  # fmt: skip
    read = [column for column in columns if column is not None]
    if len(read) < len(columns):
        return
    for (i, one), (j, two) in combinations(enumerate(rules), 2):
        shared = [column.sets[i] & column.sets[j] for column in read]
        if all(shared):
            at = [(bits & -bits).bit_length() - 1 for bits in shared]
            found.warning(
                "rules_overlap", decision.file, two.id or decision.id,
                table=decision.name or decision.id, first=str(i + 1), second=str(j + 1),
                rule=one.id, **_example(read, at),
            )  # fmt: skip
            return


class _Hole:
    """Looks for a piece of each column that no rule takes all of."""

    def __init__(self, columns: Sequence[_Column]) -> None:
        self.columns = columns
        self.steps = 0
        self.dead = set[tuple[int, int]]()
        self.rows = [
            [
                sum(1 << rule for rule, taken in enumerate(column.sets) if taken >> piece & 1)
                for piece in range(len(column.pieces))
            ]
            for column in columns
        ]
        #: From each column on: the rules that take everything in it and after it.
        self.all = [0] * (len(columns) + 1)
        self.all[-1] = (1 << len(columns[0].sets)) - 1
        for at in range(len(columns) - 1, -1, -1):
            whole = self.all[at + 1]
            for taken in self.rows[at]:
                whole &= taken
            self.all[at] = whole

    def find(self, rules: int, at: int = 0) -> list[int] | None:
        """The pieces, from column ``at`` on, that leave none of ``rules``; None when every case
        has a rule, or the search grows too long."""
        if not rules:
            return [0] * (len(self.columns) - at)
        if rules & self.all[at] or (at, rules) in self.dead:
            return None
        self.steps += 1
        if self.steps > MAX_STEPS:
            return None
        for piece, taken in enumerate(self.rows[at]):
            rest = self.find(rules & taken, at + 1)
            if rest is not None:
                return [piece, *rest]
        self.dead.add((at, rules))
        return None


def _example(columns: Sequence[_Column], at: Sequence[int]) -> dict[str, str]:
    said: tuple[list[str], list[str]] = ([], [])
    for column, piece in zip(columns, at, strict=True):
        value = column.pieces[piece]
        if isinstance(value, bool):
            words = ("是", "yes") if value else ("否", "no")
        elif value == OTHER:
            words = ("其他", "other")
        else:
            words = (_text(value), _text(value))
        for into, word in zip(said, words, strict=True):
            into.append(f"{column.label}={word}")
    return {"example": ",".join(said[0]), "example_en": ", ".join(said[1])}


def _text(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


# --------------------------------------------------------------------- cells


def _column(table: Table, at: int, column: Input) -> _Column | None:
    cells = [rule.tests[at] for rule in table.rules]
    try:
        tests = [_cell(text) for text in cells]
        allowed = _allowed(column)
    except _NotRead:
        return None
    literals = [value for test in tests for value in test.literals]
    kinds = {type(value) for value in literals}
    if len(kinds) > 1:
        return None
    if kinds == {bool} or (column.type == "boolean" and not kinds):
        values: list[Value] = [True, False]
        complete = True
    elif allowed and kinds <= {str}:
        values, complete = allowed, True
    elif kinds == {float} or (column.type == "number" and not kinds):
        numbers = [value for value in literals if isinstance(value, float)]
        values, complete = list(pieces(numbers, whole=False)), True
    elif kinds <= {str} and column.type in ("string", ""):
        # Whatever else may be written there: only a rule that asks nothing takes it for sure.
        values, complete = [*dict.fromkeys(literals), OTHER], not literals
    else:
        return None
    by_text = dict(zip(cells, tests, strict=True))
    if len(by_text) * len(values) > MAX_CELLS:
        return None
    taken = {
        text: sum(1 << piece for piece, value in enumerate(values) if test.takes(value))
        for text, test in by_text.items()
    }
    sets = tuple(taken[text] for text in cells)
    return _Column(column.label or column.text, tuple(values), complete, sets)


def _allowed(column: Input) -> list[Value]:
    """The column's listed values, [] where it lists none or says it otherwise."""
    if not column.allowed:
        return []
    values = [_value(part) for part in _split(column.allowed)]
    return values if all(isinstance(value, str) for value in values) else []


@dataclass(frozen=True, slots=True)
class _Test:
    """``parts`` are (operator, literal); ``ends`` are intervals (low, low taken, high, taken)."""

    parts: tuple[tuple[str, Value], ...] = ()
    ends: tuple[tuple[float, bool, float, bool], ...] = ()
    negated: bool = False
    anything: bool = False

    @property
    def literals(self) -> list[Value]:
        numbers = [number for low, _, high, _ in self.ends for number in (low, high)]
        return [value for _, value in self.parts] + [*numbers]

    def takes(self, value: Value) -> bool:
        if self.anything:
            return True
        taken = any(_OPS[op](value, literal) for op, literal in self.parts) or any(
            (low < value or (low_in and low == value))
            and (value < high or (high_in and high == value))
            for low, low_in, high, high_in in self.ends
            if isinstance(value, float)
        )
        return taken is not self.negated


def _cell(text: str) -> _Test:
    text = text.strip()
    if text in ("", "-"):
        return _Test(anything=True)
    if len(text) > check_conditions.MAX_LENGTH:
        raise _NotRead
    denied = _NOT.fullmatch(text)
    parts: list[tuple[str, Value]] = []
    ends: list[tuple[float, bool, float, bool]] = []
    for part in _split(denied[1] if denied else text):
        interval = _interval(part)
        compared = _COMPARED.fullmatch(part)
        if interval:
            low, high = map(_value, interval)
            if not (isinstance(low, float) and isinstance(high, float)):
                raise _NotRead
            ends.append((low, part[0] == "[", high, part[-1] == "]"))
        elif compared:
            parts.append((compared[1], _value(compared[2])))
        else:
            parts.append(("=", _value(part)))
    return _Test(tuple(parts), tuple(ends), negated=denied is not None)


def _interval(text: str) -> tuple[str, str] | None:
    """The two ends of ``[a..b]`` with any of FEEL's brackets."""
    if len(text) < 2 or text[0] not in "[](" or text[-1] not in "])[":
        return None
    low, dots, high = text[1:-1].partition("..")
    return (low.strip(), high.strip()) if dots and low.strip() and high.strip() else None


def _value(text: str) -> Value:
    term = check_conditions.parse(text)
    if not isinstance(term, Literal) or term.value is None:
        raise _NotRead
    return term.value


def _split(text: str) -> list[str]:
    """At commas outside quotation marks."""
    # A text that is never closed goes on to the end: looked through once, then not read.
    found = re.findall(r'(?:"(?:[^"\\]|\\.)*(?:"|\Z)|[^",])+', text)
    if sum(map(len, found)) + max(0, len(found) - 1) != len(text):
        raise _NotRead
    return [part.strip() for part in found]
