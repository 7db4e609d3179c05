"""What a case is called where nobody gave it a title: the beginning of what was reported.

It is cut where a sentence or a part of one ends, else before whatever the cut would go through.
Half a telephone number has no shape any more by which it could be masked, and half a name is no
name that is known (`services.masking`).
"""

from __future__ import annotations

import re
from typing import Final

#: Characters of a title.
LIMIT: Final = 60
#: Full stops, commas and the like, full-width and half; a comma within a number is none.
_STOP: Final = re.compile("[\u3002\uff01\uff1f\uff1b\uff0c\u3001!?;]|,(?![0-9])")
_HANGING: Final = " (:\uff08\uff1a"
#: What is not cut through: numbers with their signs between, addresses, accounts, Latin words.
_WHOLE: Final = re.compile(
    r"[+(\uff08]{0,2}[0-9\uff10-\uff19]"
    r"(?:[ \-.,·()\uff08\uff09\u2010-\u2015]{0,2}[0-9\uff10-\uff19])*"
    r"[0-9A-Za-z@_.+\-:/?#&=%~\uff10-\uff19]*"
    r"|[A-Za-z@_][0-9A-Za-z@_.+\-:/?#&=%~'\uff10-\uff19]*"
)


def title_of(title: str, summary: str) -> str:
    """The title given, else the beginning of the summary; at most `LIMIT` characters, "" where
    there is neither."""
    words = " ".join((title.strip() or summary.strip()).split())
    if len(words) <= LIMIT:
        return words
    stops = [found.start() for found in _STOP.finditer(words, LIMIT // 2, LIMIT + 1)]
    if stops:
        return words[: stops[-1]].rstrip()
    through = (found for found in _WHOLE.finditer(words) if found.start() < LIMIT < found.end())
    whole = next(through, None)
    # One that fills a title by itself is cut all the same.
    end = whole.start() if whole is not None and whole.start() else LIMIT
    return words[:end].rstrip(_HANGING) or words[:LIMIT]
