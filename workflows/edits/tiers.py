"""For which tiers a condition lets the work through, and the condition for other tiers.

Known are terms over the grading's result (``grade.level >= 3``, ``grade.tier = "major"``,
``grade.tier in ("a", "b")``) joined by ``and`` with anything else. What is not known restricts
nothing: the answer is the tiers for which a case *may* come this way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from workflows import brackets
from workflows.edits.refusal import CannotEdit

_LEVEL: Final = re.compile(r"([A-Za-z_]\w*)\.level\s*(<=|>=|!=|<|>|=)\s*(\d+)")
_TIER: Final = re.compile(r'([A-Za-z_]\w*)\.tier\s*(!=|=)\s*"([^"]*)"')
_IN: Final = re.compile(r"([A-Za-z_]\w*)\.(tier|level)\s+in\s*[(\[](.*)[)\]]", re.DOTALL)
_FLAG: Final = re.compile(r"([A-Za-z_]\w*)(?:\s*=\s*true)?")
#: Longer conditions are not taken apart: each bracket is looked for anew.
MAX_LENGTH: Final = 2_000
_TESTS: Final[Mapping[str, Callable[[int, int], bool]]] = {
    "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b, "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b, ">": lambda a, b: a > b, "=": lambda a, b: a == b,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tiers:
    """The plan's tiers, key to level."""

    levels: Mapping[str, int]

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Tiers:
        """From a plan's ``[[tiers]]``."""
        rows = manifest.get("tiers") or []
        return cls({str(row["key"]): int(row.get("level", 0)) for row in rows})

    @property
    def all(self) -> frozenset[str]:
        """The keys of all tiers."""
        return frozenset(self.levels)


#: What a flag handed in by the caller says there: its condition, and how to look further up.
Given = Callable[[str], "tuple[str, Given] | None"]


def admitted(condition: str, tiers: Tiers, given: Given | None = None) -> frozenset[str]:
    """The tiers for which the condition may be true."""
    return _admitted(condition, tiers, given)[0]


def pure(condition: str, tiers: Tiers) -> bool:
    """Whether the condition is over the tier and nothing else."""
    return _admitted(condition, tiers, None)[1]


def _admitted(text: str, tiers: Tiers, given: Given | None) -> tuple[frozenset[str], bool]:
    text = bare(text)
    parts = split(text, "or")
    if len(parts) > 1:
        found = [_admitted(part, tiers, given) for part in parts]
        return frozenset().union(*(keys for keys, _ in found)), all(known for _, known in found)
    parts = split(text, "and")
    if len(parts) > 1:
        found = [_admitted(part, tiers, given) for part in parts]
        keys = tiers.all
        for one, _ in found:
            keys &= one
        return keys, all(known for _, known in found)
    own = term(text, tiers)
    if own is not None:
        return own, True
    flag = _FLAG.fullmatch(text)
    if flag and given is not None:
        handed = given(flag[1])
        if handed is not None:
            return _admitted(handed[0], tiers, handed[1])[0], False
    if text == "false":
        return frozenset(), False
    return tiers.all, False


def term(text: str, tiers: Tiers) -> frozenset[str] | None:
    """The tiers of one comparison; None for any other text."""
    text = bare(text)
    found = _LEVEL.fullmatch(text)
    if found:
        test, level = _TESTS[found[2]], int(found[3])
        return frozenset(key for key, own in tiers.levels.items() if test(own, level))
    found = _TIER.fullmatch(text)
    if found and found[3] in tiers.levels:
        same = frozenset({found[3]})
        return same if found[2] == "=" else tiers.all - same
    found = _IN.fullmatch(text)
    if found and found[2] == "tier":
        named = frozenset(re.findall(r'"([^"]*)"', found[3]))
        return named if named <= tiers.all else None
    if found and re.fullmatch(r"[\d\s,]+", found[3]):
        levels = {int(one) for one in re.findall(r"\d+", found[3])}
        return frozenset(key for key, own in tiers.levels.items() if own in levels)
    return None


def rewritten(condition: str, wanted: frozenset[str], tiers: Tiers, grade: str) -> str:
    """The condition for other tiers, what else it says kept. ``grade`` is the id of the grading
    task. Raises CannotEdit ``in_diagram`` where the tier stands in an alternative of ``or``,
    ``no_tiers`` for none wanted."""
    if not wanted:
        raise CannotEdit("no_tiers", "tiers")
    parts = [part for part in split(bare(condition), "and") if part]
    rest = [part for part in parts if not pure(part, tiers)]
    if any(re.search(r"\.(tier|level)\b", part) for part in rest):
        raise CannotEdit("in_diagram", "tiers")
    if len(split(bare(condition), "or")) > 1 and rest:
        rest = [f"({bare(condition)})"]
    by_key = any(".tier" in part for part in parts)
    own = written(wanted, tiers, grade, by_key=by_key)
    if own and rest and len(split(own, "or")) > 1:
        own = f"({own})"
    return " and ".join([*([own] if own else []), *rest])


def written(wanted: frozenset[str], tiers: Tiers, grade: str, *, by_key: bool = False) -> str:
    """The condition for some tiers: a range of levels where they are one; "" for all."""
    if wanted >= tiers.all:
        return ""
    ranked = sorted(tiers.levels, key=lambda key: tiers.levels[key])
    if len(wanted) == 1 and by_key:
        return f'{grade}.tier = "{next(iter(wanted))}"'
    if len(wanted) == 1:
        return f"{grade}.level = {tiers.levels[next(iter(wanted))]}"
    for n in range(1, len(ranked)):
        if wanted == set(ranked[n:]):
            return f"{grade}.level >= {tiers.levels[ranked[n]]}"
        if wanted == set(ranked[:n]):
            return f"{grade}.level <= {tiers.levels[ranked[n - 1]]}"
    return " or ".join(f'{grade}.tier = "{key}"' for key in ranked if key in wanted)


def bare(text: str) -> str:
    """Without a leading ``=`` and outer brackets."""
    text = text.strip().removeprefix("=").strip()
    if len(text) > MAX_LENGTH:
        return text
    return brackets.bare(text)


def split(text: str, word: str) -> Sequence[str]:
    """The parts of a text between ``and`` or ``or`` outside brackets and quotes. A text with
    ``if`` is one part."""
    if len(text) > MAX_LENGTH or re.match(r"if\b", text):
        return [text]
    parts, depth, quoted, start, at = [], 0, False, 0, 0
    while at < len(text):
        letter = text[at]
        quoted ^= letter == '"'
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(letter, 0) if not quoted else 0
        found = depth == 0 and not quoted and re.compile(rf"\s{word}\s").match(text, at)
        if found:
            parts.append(text[start:at].strip())
            start = at = found.end()
        else:
            at += 1
    return [*parts, text[start:].strip()]


def splits(condition: str, tiers: Tiers) -> bool:
    """Whether the condition asks for the tier in a part of its own."""
    return any(pure(part, tiers) for part in split(bare(condition), "and"))


def rest(condition: str, tiers: Tiers) -> tuple[str, ...]:
    """What a condition asks for besides the tier."""
    parts = split(bare(condition), "and")
    return tuple(sorted(bare(part) for part in parts if not pure(part, tiers)))


def flag(condition: str) -> str:
    """The name of a condition ``name`` or ``name = true``; "" for any other."""
    found = _FLAG.fullmatch(bare(condition))
    return found[1] if found else ""
