"""ISO 8601 moments, durations and repeats, strictly as this product takes them.

A duration is positive (``-PT1H`` is not silently one hour), a moment carries its offset, a
repeat is ``R<n>/<duration>`` or ``R/<duration>``. Cron is no part of it.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final, Literal

Kind = Literal["date", "duration", "cycle"]

_DURATION: Final = re.compile(
    r"P(?=\d|T\d)(?:\d{1,9}W|(?:\d{1,9}Y)?(?:\d{1,9}M)?(?:\d{1,9}D)?"
    r"(?:T(?=\d)(?:\d{1,9}H)?(?:\d{1,9}M)?(?:\d{1,9}(?:\.\d{1,6})?S)?)?)",
    re.ASCII,
)
_REPEAT: Final = re.compile(r"R(\d{0,4})/([+-]?P.+)", re.ASCII)
_MOMENT: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?", re.ASCII
)
#: Text that can only be meant as ISO 8601 (or cron), not as FEEL.
_MEANT: Final = re.compile(
    r"[+-]?P[\dT][\dA-Z.]*|R-?\d*/.*|\d{4}-\d\d.*|[\d*?/,-]+(?:\s+[\w*?/,#-]+){4,6}", re.ASCII
)


def looks_like(text: str) -> bool:
    """Whether the text is meant as ISO 8601 (well written or not) rather than as FEEL."""
    return _MEANT.fullmatch(text.strip()) is not None


def classify(text: str) -> tuple[Kind | None, str]:
    """(kind, "") for a sound text, else (None, problem). ``problem`` is ``negative``, ``cron``,
    ``no_offset``, ``no_such_day``, ``zero_repeats`` or ``not_iso8601``."""
    text = text.strip()
    if text.startswith(("-P", "+P")):
        return None, "negative"
    if _DURATION.fullmatch(text):
        return "duration", ""
    repeat = _REPEAT.fullmatch(text)
    if repeat:
        if not _DURATION.fullmatch(repeat[2]):
            return None, "negative" if repeat[2][0] in "+-" else "not_iso8601"
        if repeat[1] and int(repeat[1]) == 0:
            return None, "zero_repeats"
        return "cycle", ""
    moment = _MOMENT.fullmatch(text)
    if moment:
        if moment[1] is None:
            return None, "no_offset"
        try:
            datetime.fromisoformat(text)
        except ValueError:
            return None, "no_such_day"
        return "date", ""
    if len(text.split()) >= 5:
        return None, "cron"
    return None, "not_iso8601"
