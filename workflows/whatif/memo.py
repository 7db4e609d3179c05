"""FEEL that remembers: an expression over the same values is asked of V8 once.

The answer of an expression depends on its text, on the values of the names it mentions and, if it
mentions ``now`` or ``today``, on the moment; nothing else is in the key, so a thousand runs of a
plan ask V8 a few hundred times.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from workflows.contract import Context, FeelValue, Variables
from workflows.feel import Feel, FeelError, FeelResult

#: More answers than any plan needs; past it the memory is emptied and filled again.
MOST: Final = 50_000
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_CLOCK: Final = re.compile(r"\b(?:now|today)\b")
_ABSENT: Final = ("absent",)
_PLAIN: Final = frozenset({str, int, float, bool, type(None), datetime, date, time, timedelta,
                           Decimal})  # fmt: skip

#: Gives what an expression would see of one name, as something that can be a key.
Look = Callable[[Variables, Mapping[str, datetime]], Any]


class MemoFeel(Feel):
    """Evaluates through ``inner`` and keeps the answers. For one calendar, and for one thread:
    make one for each calculation."""

    def __init__(self, inner: Feel) -> None:
        super().__init__()
        self._inner = inner
        self._kept: dict[Any, Any] = {}
        self._looks: dict[Any, tuple[tuple[Look, ...], bool]] = {}
        #: How often V8 was asked, and how often it need not be.
        self.asked = 0
        self.saved = 0

    def evaluate_many(
        self,
        expressions: Sequence[str],
        variables: Variables,
        context: Context,
        *,
        until_true: bool = False,
    ) -> list[FeelResult]:
        texts = tuple(expressions)
        found: list[FeelResult] = self._remember(
            ("many", texts, until_true), texts, variables, context,
            lambda: self._inner.evaluate_many(texts, variables, context, until_true=until_true),
        )  # fmt: skip
        return found

    def unary_tests(
        self, text: str, value: FeelValue, variables: Variables, context: Context, *, name: str = ""
    ) -> bool:
        passes: bool = self._remember(
            ("unary", text, name, frozen(value)), (text,), variables, context,
            lambda: self._inner.unary_tests(text, value, variables, context, name=name),
        )  # fmt: skip
        return passes

    def table(
        self,
        texts: Iterable[str],
        parts: Mapping[str, Any],
        variables: Variables,
        context: Context,
        *,
        name: str,
    ) -> dict[str, Any]:
        listed = tuple(texts)
        answer: dict[str, Any] = self._remember(
            ("table", name, listed), listed, variables, context,
            lambda: self._inner.table(listed, parts, variables, context, name=name),
        )  # fmt: skip
        return answer

    def _remember(
        self,
        what: Any,
        texts: tuple[str, ...],
        variables: Variables,
        context: Context,
        ask: Callable[[], Any],
    ) -> Any:
        anchors = context.anchors
        shape = (texts, tuple(variables), tuple(anchors))
        found = self._looks.get(shape)
        if found is None:
            found = self._looks[shape] = _looks(texts, variables, anchors)
        looks, clock = found
        key = (what, context.now if clock else None, *[look(variables, anchors) for look in looks])
        if key in self._kept:
            self.saved += 1
            answer = self._kept[key]
            if isinstance(answer, FeelError):
                raise answer
            return answer
        self.asked += 1
        if len(self._kept) >= MOST:
            self._kept.clear()
        try:
            answer = ask()
        except FeelError as error:
            if error.code != "expression_timeout":  # that was the machine's, not the values'
                self._kept[key] = error
            raise
        self._kept[key] = answer
        return answer


def frozen(value: Any) -> Any:
    """A FEEL value as a key: equal keys are values FEEL cannot tell apart. The type is in it,
    since Python holds 1, 1.0 and true to be equal."""
    kind = type(value)
    if kind is str or value is None:
        return value
    if kind in _PLAIN:
        return (kind, value)
    if isinstance(value, Mapping):
        return ("context", *[(name, frozen(one)) for name, one in value.items()])
    if isinstance(value, list | tuple):
        return ("list", *[frozen(one) for one in value])
    return (kind, value)


def _looks(
    texts: tuple[str, ...], variables: Variables, anchors: Mapping[str, datetime]
) -> tuple[tuple[Look, ...], bool]:
    """How to look at what the texts see: the names `Feel` would send over, each at its parts
    where the texts ask for nothing but parts of it."""
    everything = "\n".join(texts)
    bare = _STRING.sub('""', everything)
    looks: list[Look] = []
    for name in dict.fromkeys((*variables, *anchors)):
        if (name.split() or [""])[0] not in everything:
            continue
        if name in anchors:
            looks.append(_anchor(name))
            continue
        parts = _parts(name, bare)
        looks.append(_whole(name) if parts is None else _partly(name, parts))
    return tuple(looks), _CLOCK.search(bare) is not None


def _parts(name: str, bare: str) -> tuple[str, ...] | None:
    """The fields of ``name`` the text asks for, where it never asks for the whole; a field's own
    fields count as the field. None where it may."""
    if not name.isidentifier():
        return None
    found: list[str] = []
    for match in re.finditer(rf"\b{re.escape(name)}\b(\s*\.\s*([^\W\d]\w*))?", bare):
        if match[2] is None:
            return None
        found.append(match[2])
    return tuple(dict.fromkeys(found)) if found else None


def _anchor(name: str) -> Look:
    return lambda variables, anchors: anchors[name]


def _whole(name: str) -> Look:
    return lambda variables, anchors: frozen(variables[name])


def _partly(name: str, parts: tuple[str, ...]) -> Look:
    def look(variables: Variables, anchors: Mapping[str, datetime]) -> Any:
        value = variables[name]
        if type(value) is not dict:
            return frozen(value)
        return tuple([frozen(value[p]) if p in value else _ABSENT for p in parts])

    return look
