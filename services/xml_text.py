"""Text as an XML 1.0 file may carry it."""

from __future__ import annotations

import re

_CANNOT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def whole(text: str) -> str:
    """The text, what XML cannot carry (not even escaped) replaced by U+FFFD."""
    return _CANNOT.sub("\ufffd", text)
