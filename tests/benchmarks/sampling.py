"""Where the time of a piece of work goes: a timer signal looks at the stack a thousand times a
second. Little is added to what is measured, unlike with a tracing profiler."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import CodeType, FrameType

INTERVAL = 0.001

#: Innermost frame first: (part, piece of the file's path, function or ""). What no rule names
#: goes to the caller; what nobody names is the web's.
RULES = (
    ("FEEL", "/workflows/feel", ""),
    ("encode", "/workflows/state.py", ""),
    ("engine", "/workflows/", ""),
    ("commit", "/sqlalchemy/orm/session.py", "commit"),
    ("commit", "/services/uow.py", "begin_write"),
    ("history", "/services/history", ""),
    ("history", "/services/canonical.py", ""),
    ("rows", "/services/task_rows.py", ""),
    ("rows", "/services/timer_rows.py", ""),
    ("rows", "/services/queues.py", ""),
    ("rows", "/services/instances.py", ""),
    ("history", "/services/step_events.py", ""),
    ("read", "/services/", ""),
    ("read", "/views/session.py", "load"),
)
PARTS = ("web", "read", "FEEL", "engine", "encode", "rows", "history", "commit")


class Samples:
    """How often each part was found at work."""

    def __init__(self) -> None:
        self.found: Counter[str] = Counter()

    def look(self, _signal: int, frame: FrameType | None) -> None:
        self.found[_part(frame)] += 1

    def shares(self) -> dict[str, float]:
        """Part to share of the whole, in the order of `PARTS`."""
        total = sum(self.found.values()) or 1
        return {part: self.found[part] / total for part in PARTS}


@contextmanager
def sampled() -> Iterator[Samples]:
    """Sample the main thread while the block runs."""
    samples = Samples()
    before = signal.signal(signal.SIGALRM, samples.look)
    signal.setitimer(signal.ITIMER_REAL, INTERVAL, INTERVAL)
    try:
        yield samples
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _part(frame: FrameType | None) -> str:
    while frame is not None:
        if part := _part_of(frame.f_code):
            return part
        frame = frame.f_back
    return "web"


@cache
def _part_of(code: CodeType) -> str:
    for part, file, function in RULES:
        if file in code.co_filename and function in ("", code.co_name):
            return part
    return ""
