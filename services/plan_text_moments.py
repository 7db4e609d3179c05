"""When a plan's timers run out, taken apart so that it can be said in words.

Timers are FEEL or ISO 8601 (docs/developers.md). The forms the library uses are read into a
`Moment`; any other text stays as it is written (``text``), never guessed at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from workflows.brackets import bare, closes
from workflows.catalogue import Place
from workflows.iso8601 import classify

Frame = Literal["", "day_end", "day_end_after", "working_days"]
#: A sign and an ISO 8601 duration; several with "|" between where the case decides which;
#: ``settings.KEY`` for one the unit sets; `OTHER` for one that only the case knows (a pause).
Term = tuple[Literal["+", "-"], str]

OTHER: Final = "?"
#: Longer texts are of no form known here; each bracket in them would be looked for anew.
MAX_LENGTH: Final = 2_000

_NAME: Final = r"[A-Za-z_][\w.]*"
_DURATION: Final = re.compile(r'duration\("([^"]+)"\)')
_LEAF: Final = re.compile(r'(?:then|else)\s+(duration\("[^"]+"\)|null|if\b|\S+)')
_DAY_END: Final = re.compile(r"end of day\((.+)\)", re.DOTALL)
_DAY_END_AFTER: Final = re.compile(r"end of day after\((.+),\s*(\d+)\)", re.DOTALL)
_WORKING: Final = re.compile(r"add working days\((.+),\s*(\d+)\)", re.DOTALL)
_IF: Final = re.compile(
    rf"if\s+({_NAME})\s*(=|!=)\s*null\s+then\s+({_NAME})\s+else\s+({_NAME})", re.DOTALL
)
_ANCHOR: Final = re.compile(r"\b([a-z]\w*_at)\b")
_CONSTANT: Final = re.compile(rf"({_NAME})\s*=\s*(true|false)")
_REPEAT: Final = re.compile(r"R(\d*)/(P.+)")


@dataclass(frozen=True, slots=True)
class Moment:
    """``base`` is the anchor counted from ("" when the step opens); ``instead`` another anchor
    that takes its place once there is one; ``frame`` and ``count`` a calendar's end: of that
    day, of the ``count``-th day after, or ``count`` working days on. ``every`` is a repeat (an
    ISO 8601 duration, ``times`` of them, 0 for ever). ``text`` is set, and all else empty, where
    the timer is of a form not known here."""

    base: str = ""
    instead: str = ""
    frame: Frame = ""
    count: int = 0
    terms: tuple[Term, ...] = ()
    every: str = ""
    times: int = 0
    text: str = ""

    def beyond(self, other: Moment) -> Term | None:
        """What this adds to the other moment, where it is that moment and one term more."""
        same = (self.base, self.instead, self.frame, self.count, self.text) == (
            other.base, other.instead, other.frame, other.count, other.text,
        )  # fmt: skip
        known = len(other.terms)
        if same and not self.text and self.terms[:known] == other.terms:
            return self.terms[known] if len(self.terms) == known + 1 else None
        return None


def read(text: str, kind: str, place: Place) -> Moment | None:
    """The moment of a timer written in ``place``, with what its caller hands in put in.
    None where that leaves no clock: a limit or a moment that is null in this call."""
    written = text.strip().removeprefix("=").strip()
    if len(written) > MAX_LENGTH:
        return Moment(text=written)
    repeat = _REPEAT.fullmatch(written)
    if repeat:
        return Moment(every=repeat[2], times=int(repeat[1] or 0))
    if classify(written)[0] == "duration":
        return Moment(terms=(("+", written),))
    try:
        found = _read(written, place)
        if kind == "duration" and found.base and not found.terms:
            span = _span(found.base, place)
            return Moment(terms=(("+", span),)) if span else Moment(text=written)
        return found
    except _Never:
        return None
    except ValueError:
        return Moment(text=written)


def constant(condition: str, place: Place) -> bool | None:
    """Whether a condition ``name = true|false`` is always or never met in this call, since the
    caller hands in a literal; None where that depends on the case."""
    found = _CONSTANT.fullmatch(condition.strip())
    if found is None:
        return None
    given, _ = _given(found[1], place)
    return (given == found[2]) if given in ("true", "false") else None


class _Never(Exception):
    """The caller hands in null."""


def _read(text: str, place: Place) -> Moment:
    text = bare(text)
    for pattern, frame in ((_DAY_END_AFTER, "day_end_after"), (_WORKING, "working_days")):
        found = pattern.fullmatch(text)
        if found and closes(text) == len(text) - 1:
            inner = _read(found[1].strip(), place)
            return _framed(inner, frame, int(found[2]))
    found = _DAY_END.fullmatch(text)
    if found and closes(text) == len(text) - 1:
        inner = _read(found[1].strip(), place)
        if inner.frame == "working_days" and not inner.terms:
            return inner
        return _framed(inner, "day_end", 0)
    chosen = _IF.fullmatch(text)
    if chosen:
        return _chosen(chosen, place)
    if not text.startswith("if "):
        at = _last_sign(text)
        if at > 0:
            head, span = _read(text[:at].strip(), place), _span(text[at + 1 :].strip(), place)
            if not span and not head.terms:
                raise ValueError(text)
            sign: Literal["+", "-"] = "+" if text[at] == "+" else "-"
            # A sum of pauses begins at nothing: what it comes to only the case knows.
            span = OTHER if span in ("", "PT0S") else span
            if head.terms[-1:] == ((sign, OTHER),) and span == OTHER:
                return head
            return Moment(
                head.base, head.instead, head.frame, head.count, (*head.terms, (sign, span))
            )
    if text in ("now()", "today()"):
        return Moment()
    if re.fullmatch(_NAME, text):
        given, where = _given(text, place)
        if given == "null":
            raise _Never
        return Moment(base=text) if where is place else _read(given, where)
    raise ValueError(text)


def _framed(inner: Moment, frame: str, count: int) -> Moment:
    if inner.frame or inner.terms:
        raise ValueError(frame)
    known: Frame = "day_end" if frame == "day_end" else "day_end_after"
    if frame == "working_days":
        known = "working_days"
    return Moment(inner.base, inner.instead, known, count)


def _chosen(found: re.Match[str], place: Place) -> Moment:
    """``if x = null then a else b``: from a, once there is an x from b."""
    plain, other = (found[3], found[4]) if found[2] == "=" else (found[4], found[3])
    base = _read(plain, place)
    given, _ = _given(found[1], place)
    if given == "null":
        return base
    later, _ = _given(other, place)
    anchor = _ANCHOR.search(later)
    if base.frame or base.terms or anchor is None:
        raise ValueError(found[0])
    return Moment(base.base, anchor[1] if anchor[1] != base.base else "")


def _span(text: str, place: Place) -> str:
    """A term's length; "" for what is none."""
    text = bare(text)
    if text.startswith("if "):
        leaves = [leaf for leaf in _LEAF.findall(text) if leaf not in ("null", "if")]
        spans = [found[1] for leaf in leaves if (found := _DURATION.fullmatch(leaf))]
        return "|".join(dict.fromkeys(spans)) if len(spans) == len(leaves) else ""
    written = _DURATION.fullmatch(text)
    if written:
        return written[1]
    if text.startswith("settings."):
        return text
    given, where = _given(text, place)
    if given == "null":
        raise _Never
    return "" if where is place else _span(given, where)


def _given(name: str, place: Place) -> tuple[str, Place]:
    """What the caller hands in under the name, as written, and where it is written; the name
    itself where nothing does."""
    around: Place | None = place
    while around is not None and around.call is None:
        around = around.parent
    if around is None or around.call is None or around.parent is None:
        return name, place
    for mapping in around.call.ins:
        if mapping.target == name:
            return mapping.expression or mapping.source or "null", around.parent
    return name, place


def _last_sign(text: str) -> int:
    """Where the last + or - stands outside brackets and quotes; -1 for none."""
    depth, quoted, last = 0, False, -1
    for at, letter in enumerate(text):
        quoted ^= letter == '"'
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter in "+-" and depth == 0 and not quoted:
            last = at
    return last
