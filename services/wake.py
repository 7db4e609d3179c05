"""How a commit tells the scheduler of its own process that something is due sooner than it
knows. A nudge only: the rows are the truth, and every scheduler also looks by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

_listeners: list[Callable[[datetime], None]] = []


def listen(callback: Callable[[datetime], None]) -> None:
    """Call ``callback(moment)`` with the wall moment of new due work."""
    _listeners.append(callback)


def forget(callback: Callable[[datetime], None]) -> None:
    """Stop calling it."""
    if callback in _listeners:
        _listeners.remove(callback)


def at(moment: datetime) -> None:
    """Something will be due at this wall moment."""
    for callback in tuple(_listeners):
        callback(moment)
