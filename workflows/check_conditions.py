"""Conditions a check can judge by itself: comparisons joined by and, or, not and if.

A small part of FEEL, read in Python because a check asks thousands of combinations, and because it
needs an answer FEEL has not: "cannot be told" (`UNKNOWN`) where a name has no value yet. Whatever
is written otherwise is not understood and nothing is said of it. That both give the same answers
is in ``tests/unit/test_policy_findings.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol, TypeVar

#: A literal: text, number, true or false, null.
Value = str | float | bool | None


class _Unknown:
    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()
#: Longer or deeper ones are left to FEEL.
MAX_LENGTH: Final = 2_000
MAX_DEPTH: Final = 40


@dataclass(frozen=True, slots=True)
class Literal:
    value: Value


@dataclass(frozen=True, slots=True)
class Name:
    """A name or dotted path."""

    path: str


@dataclass(frozen=True, slots=True)
class Compare:
    op: str
    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class Joined:
    """``op`` is and, or, not (one part) or if (three parts)."""

    op: str
    parts: tuple[Term, ...]


Term = Literal | Name | Compare | Joined

_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\["\\nrt])*")|(?P<number>\d+(?:\.\d+)?)"""
    r"""|(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)|(?P<op><=|>=|!=|[=<>(),-]))""",
    re.ASCII,
)
_KEYWORDS: Final = frozenset({"and", "or", "not", "if", "then", "else", "in", "true", "false",
                              "null"})  # fmt: skip
#: FEEL words that start something not read here.
_FOREIGN: Final = frozenset({"for", "some", "every", "function", "between", "instance", "of",
                             "return", "satisfies"})  # fmt: skip
_OPS: Final = frozenset({"=", "!=", "<", "<=", ">", ">="})


class _NotRead(Exception):
    pass


@lru_cache(maxsize=4_096)
def parse(text: str) -> Term | None:
    """The condition, None where it is more than this module reads."""
    if len(text) > MAX_LENGTH:
        return None
    try:
        return _Parser(text.removeprefix("=")).parse()
    except _NotRead:
        return None


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = list(_tokens(text))
        self.at = 0
        self.depth = 0

    def parse(self) -> Term:
        term = self._or()
        if self.at < len(self.tokens):
            raise _NotRead
        return term

    def _peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def _take(self, *wanted: str) -> str:
        token = self._peek()
        if not token or (wanted and token not in wanted):
            raise _NotRead
        self.at += 1
        return token

    def _or(self) -> Term:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _NotRead
        parts = [self._and()]
        while self._peek() == "or":
            self._take()
            parts.append(self._and())
        self.depth -= 1
        return parts[0] if len(parts) == 1 else Joined("or", tuple(parts))

    def _and(self) -> Term:
        parts = [self._comparison()]
        while self._peek() == "and":
            self._take()
            parts.append(self._comparison())
        return parts[0] if len(parts) == 1 else Joined("and", tuple(parts))

    def _comparison(self) -> Term:
        left = self._operand()
        if self._peek() in _OPS:
            return Compare(self._take(), left, self._operand())
        if self._peek() == "in":
            self._take()
            self._take("(")
            choices = [Compare("=", left, self._operand())]
            while self._peek() == ",":
                self._take()
                choices.append(Compare("=", left, self._operand()))
            self._take(")")
            return Joined("or", tuple(choices))
        return left

    def _operand(self) -> Term:
        token = self._take()
        if token == "(":
            term = self._or()
            self._take(")")
            return term
        if token == "not":
            self._take("(")
            term = self._or()
            self._take(")")
            return Joined("not", (term,))
        if token == "if":
            asked = self._or()
            self._take("then")
            then = self._or()
            self._take("else")
            return Joined("if", (asked, then, self._or()))
        if token == "-":
            number = self._take()
            if not number[0].isdigit():
                raise _NotRead
            return Literal(-float(number))
        return _atom(token)


def _atom(token: str) -> Term:
    if token.startswith('"'):
        return Literal(re.sub(r"\\(.)", _escape, token[1:-1]))
    if token[0].isdigit():
        return Literal(float(token))
    if token in ("true", "false"):
        return Literal(token == "true")
    if token == "null":
        return Literal(None)
    if token in _KEYWORDS | _FOREIGN or not (token[0].isalpha() or token[0] == "_"):
        raise _NotRead
    return Name(token)


def _escape(found: re.Match[str]) -> str:
    return {"n": "\n", "r": "\r", "t": "\t"}.get(found[1], found[1])


def _tokens(text: str) -> Iterator[str]:
    at, text = 0, text.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise _NotRead
        yield found[0].strip()
        at = found.end()


# ------------------------------------------------------------------ evaluating


def evaluate(term: Term, values: Mapping[str, object]) -> object:
    """The value, UNKNOWN where it depends on a name ``values`` has not (three-valued logic)."""
    match term:
        case Literal():
            return term.value
        case Name(path):
            return values.get(path, UNKNOWN)
        case Compare(op, left, right):
            return _compare(op, evaluate(left, values), evaluate(right, values))
        case Joined("not", (part,)):
            denied = evaluate(part, values)
            return (not denied) if isinstance(denied, bool) else UNKNOWN
        case Joined("if", (asked, then, other)):
            chosen = evaluate(asked, values)
            if chosen is UNKNOWN:
                one, two = evaluate(then, values), evaluate(other, values)
                return one if one == two and type(one) is type(two) else UNKNOWN
            return evaluate(then if chosen is True else other, values)
        case Joined(op, parts):
            decided = op == "or"
            found = [evaluate(part, values) for part in parts]
            if any(one is decided for one in found):
                return decided
            return (not decided) if all(one is (not decided) for one in found) else UNKNOWN
    raise AssertionError(term)


def _compare(op: str, left: object, right: object) -> object:
    if left is UNKNOWN or right is UNKNOWN:
        return UNKNOWN
    if left is None or right is None:
        same = left is right
        return {"=": same, "!=": not same}.get(op, UNKNOWN)
    if isinstance(left, bool) != isinstance(right, bool):
        return UNKNOWN
    if isinstance(left, str) and isinstance(right, str):
        return _ordered(op, left, right)
    if isinstance(left, int | float) and isinstance(right, int | float):
        return _ordered(op, left, right)
    return UNKNOWN


_Ordered = TypeVar("_Ordered", str, float)


def _ordered(op: str, left: _Ordered, right: _Ordered) -> bool:
    return {
        "=": left == right, "!=": left != right, "<": left < right, "<=": left <= right,
        ">": left > right, ">=": left >= right,
    }[op]  # fmt: skip


def names(term: Term) -> Iterator[str]:
    """Every name spoken of."""
    match term:
        case Name(path):
            yield path
        case Compare(_, left, right):
            yield from names(left)
            yield from names(right)
        case Joined(_, parts):
            for part in parts:
                yield from names(part)


def compared(term: Term) -> Iterator[tuple[str, Value]]:
    """Every name with each literal it is compared with. Raises ValueError where a name is
    compared with another name, or taken by itself as other than true or false."""
    match term:
        case Compare(_, Name(path), Literal(value)) | Compare(_, Literal(value), Name(path)):
            yield path, value
        case Compare():
            raise ValueError("two names")
        case Joined(_, parts):
            for part in parts:
                yield from compared(part)
        case Name(path):
            yield path, True


class _Flow(Protocol):
    @property
    def condition(self) -> str: ...
    @property
    def default(self) -> bool: ...


F = TypeVar("F", bound=_Flow)


def open_flows(flows: Sequence[F], values: Mapping[str, object]) -> Iterator[F]:
    """The flows of an exclusive gateway that may be taken with these values: the first whose
    condition is true, before it those that cannot be told, else the default."""
    for flow in flows:
        if flow.default:
            continue
        term = parse(flow.condition) if flow.condition else Literal(True)
        value = evaluate(term, values) if term is not None else UNKNOWN
        if value is True:
            yield flow
            return
        if value is UNKNOWN:
            yield flow
    yield from (flow for flow in flows if flow.default)
