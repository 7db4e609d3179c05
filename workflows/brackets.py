"""Round brackets in the text of an expression."""

from __future__ import annotations


def closes(text: str) -> int:
    """Where the first bracket of the text closes; -1 where it does not."""
    depth = 0
    for at, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth == 0 and letter == ")":
            return at
    return -1


def bare(text: str) -> str:
    """The text without brackets around the whole of it."""
    while text.startswith("(") and closes(text) == len(text) - 1:
        text = text[1:-1].strip()
    return text
