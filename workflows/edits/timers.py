"""The text of a deadline taken apart into what it counts from and how long, and put together.

Forms known: an ISO 8601 duration; ``head + duration("PT1H")``; ``head + name``, the name handed in
by the caller; ``end of day(head)``, ``end of day after(head, n)``, ``add working days(head, n)``.
A reminder or an escalation is told by what it adds to the deadline of its task.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal
from xml.sax.saxutils import escape

from workflows.edits.refusal import CannotEdit
from workflows.edits.spans import PLAIN, Span, iso_of, read_iso
from workflows.edits.tree import BPMN, XSI, Node, Source
from workflows.iso8601 import classify

_NAME: Final = r"[A-Za-z_][\w.]*"
DURATION: Final = re.compile(r'duration\("([^"]+)"\)')
_SUM: Final = re.compile(rf'(.*\S)\s*\+\s*(duration\("[^"]+"\)|{_NAME})', re.DOTALL)
_DAY_END: Final = re.compile(r"end of day\((.+)\)", re.DOTALL)
_DAY_END_AFTER: Final = re.compile(r"end of day after\((.+),\s*(\d{1,4})\)", re.DOTALL)
_WORKING: Final = re.compile(r"add working days\((.+),\s*(\d{1,4})\)", re.DOTALL)
_OFFSET: Final = re.compile(r'([+-])\s*duration\("([^"]+)"\)')
START: Final = "now()"
#: Longer texts are of no form known here; some of the patterns look at them many times over.
MAX_LENGTH: Final = 2_000


@dataclass(frozen=True, slots=True)
class Written:
    """``head`` is what is counted from, as written ("" : the step's own opening); ``span`` how
    long, or ``name`` the variable that says it."""

    kind: Literal["date", "duration"]
    text: str
    head: str
    span: Span | None = None
    name: str = ""


def read(kind: str, text: str) -> Written | None:
    """A deadline's text; None for a form not known here."""
    text = text.strip().removeprefix("=").strip()
    if len(text) > MAX_LENGTH:
        return None
    if kind == "duration":
        span = read_iso(text) if classify(text)[0] == "duration" else None
        if span is not None:
            return Written("duration", text, "", span)
        return Written("duration", text, "", None, text) if _plain_name(text) else None
    if kind != "date":
        return None
    for pattern, unit in ((_DAY_END_AFTER, "day_ends"), (_WORKING, "working_days")):
        found = pattern.fullmatch(text)
        if found and balanced(found[1]):
            head = "" if found[1] == START else found[1]
            return Written("date", text, head, Span(int(found[2]), _UNIT[unit]))
    found = _DAY_END.fullmatch(text)
    if found and balanced(found[1]):
        inner = _WORKING.fullmatch(found[1])
        if inner and balanced(inner[1]):
            return Written("date", text, inner[1], Span(int(inner[2]), "working_days"))
        return Written("date", text, "" if found[1] == START else found[1], Span(0, "day_ends"))
    total = _SUM.fullmatch(text)
    if total is None or not balanced(total[1]) or _OFFSET.search(total[1]):
        return None
    literal = DURATION.fullmatch(total[2])
    if literal is None:
        return Written("date", text, total[1], None, total[2])
    span = read_iso(literal[1])
    head = "" if total[1] == START else total[1]
    return Written("date", text, head, span) if span is not None else None


_UNIT: Final[dict[str, Literal["day_ends", "working_days"]]] = {
    "day_ends": "day_ends", "working_days": "working_days",
}  # fmt: skip


def write(head: str, span: Span) -> tuple[Literal["date", "duration"], str]:
    """The kind and text of a deadline ``span`` after ``head`` ("" for the step's opening)."""
    if span.unit in PLAIN:
        return ("date", f'{head} + duration("{span.iso}")') if head else ("duration", span.iso)
    moment = head or START
    if span.unit == "working_days":
        return "date", f"end of day(add working days({moment}, {span.amount}))"
    if span.amount == 0:
        return "date", f"end of day({moment})"
    return "date", f"end of day after({moment}, {span.amount})"


def offset(due: Written, kind: str, text: str) -> int | None:
    """What another timer adds to the deadline, in minutes (negative: before it); None where
    that cannot be told."""
    text = text.strip().removeprefix("=").strip()
    if text.startswith(due.text):
        found = _OFFSET.fullmatch(text[len(due.text) :].lstrip())
        span = read_iso(found[2]) if found else None
        if found and span is not None and span.minutes is not None:
            return span.minutes if found[1] == "+" else -span.minutes
    other = read(kind, text)
    if other is None or other.head != due.head or other.span is None or due.span is None:
        return None
    mine, its = due.span.minutes, other.span.minutes
    return None if mine is None or its is None else its - mine


def beside(due: Written, minutes: int) -> tuple[Literal["date", "duration"], str]:
    """The kind and text of a timer that many minutes after the deadline (before, if negative)."""
    if due.kind == "duration" and due.span is not None and due.span.minutes is not None:
        whole = due.span.minutes + minutes
        if whole <= 0:
            raise CannotEdit("bad_amount", "remind")
        return "duration", iso_of(whole)
    sign = "+" if minutes >= 0 else "-"
    return "date", f'{due.text} {sign} duration("{iso_of(abs(minutes))}")'


def put(source: Source, event: Node, kind: str, text: str) -> None:
    """Write a timer's text into its event."""
    definition = event.first("timerEventDefinition")
    holder = definition.first("timeDate", "timeDuration", "timeCycle") if definition else None
    if holder is None:
        raise CannotEdit("in_diagram", "limit")
    name = f"time{kind.capitalize()}"
    if holder.name == name:
        if holder.text.strip() != text:
            source.set_text(holder, text)
    else:
        source.replace(holder.start, holder.end, element(source, kind, text))


def element(source: Source, kind: str, text: str) -> str:
    """``<timeDate ...>text</timeDate>`` as this file writes it."""
    tag = source.tag(BPMN, f"time{kind.capitalize()}")
    type_ = source.tag(BPMN, "tFormalExpression")
    return f'<{tag} {source.tag(XSI, "type")}="{type_}">{escape(text)}</{tag}>'


def balanced(text: str) -> bool:
    """Whether every bracket closes within the text."""
    depth = 0
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth < 0:
            return False
    return depth == 0


def _plain_name(text: str) -> bool:
    return re.fullmatch(_NAME, text) is not None
