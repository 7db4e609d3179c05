"""The V8 isolate that FEEL runs in: its limits, its lock, and its life across forks.

A JavaScript heap and nothing else: no file, no network, no clock that FEEL would show. One
is held by each `Isolate`: made at first use, again in a forked child, and again after it
ran out of memory. The lock lets one evaluation in at a time, so that the time limit counts
an evaluation's own time and not its queue.
"""

from __future__ import annotations

import atexit
import json
import os
import threading
import time
import weakref
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from py_mini_racer import JSEvalException, JSOOMException, JSTimeoutException, MiniRacer
from py_mini_racer._exc import JSTerminatedException

BUNDLE: Final = Path(__file__).with_name("_bundle") / "feel.js"
#: A first run over the limit is run once more, this much longer: a starved machine makes an
#: innocent expression late once, a runaway one is late again.
SECOND_RUN: Final = 4
#: Where the process got less of the processor than this part of the time, the limit says nothing
#: about the expression: one more run, as much longer again.
STARVED: Final = 0.5
#: How often a stop that arrives late may hit what runs next.
LATE_STOPS: Final = 3
#: An answer depends on its request alone, clock and calendar included, so the same request need
#: not go over twice: this many answers are kept, of requests of at most so many characters.
REMEMBERED: Final = 1000
REMEMBERED_LENGTH: Final = 16_000
#: How long a stopped call may take to unwind.
SETTLE_SECONDS: Final = 5.0
_WARM_UP: Final = 'end of day(now()) + duration("PT1H") > now() and today() < date("9999-01-01")'


class LimitExceeded(Exception):
    """The call was stopped at the limit of time or memory. The isolate is usable again."""


class ScriptError(Exception):
    """The JavaScript raised; never by what an author writes, which it catches itself."""


class Isolate:
    """Calls functions of the bundle. Thread-safe, and safe to hold across a fork. ``memory`` is
    the limit of the heap in bytes."""

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._lock = threading.Lock()
        self._racer: MiniRacer | None = None
        self._remembered = lru_cache(maxsize=REMEMBERED)(self._run)
        _instances.add(self)

    def call(self, function: str, request: Any, seconds: float) -> Any:
        """The answer of ``planroomFeel.<function>`` to a JSON-serialisable request, within
        ``seconds`` (or, on a second run, four times that; on a starved machine once more). The
        first call of a process also loads the bundle, outside the limit. Raises LimitExceeded,
        ScriptError; RuntimeError where the bundle is not built."""
        # doubly encoded: JSON.parse, unlike an object literal, treats __proto__ as plain data
        source = f"planroomFeel.{function}({json.dumps(json.dumps(request))})"
        if len(source) > REMEMBERED_LENGTH:
            return json.loads(self._run(source, seconds))
        return json.loads(self._remembered(source, seconds))

    def _run(self, source: str, seconds: float) -> str:
        with self._lock:
            starved = False
            for limit in (seconds, seconds * SECOND_RUN, seconds * SECOND_RUN**2):
                if not starved and limit > seconds * SECOND_RUN:
                    break
                racer = self._ready()
                worked = time.process_time()
                try:
                    text = racer.eval(source, timeout_sec=limit)
                except (JSTimeoutException, JSTerminatedException):
                    starved = time.process_time() - worked < STARVED * limit
                    # unwinding and collecting what was stopped is not the next caller's time
                    racer.low_memory_notification()
                    self._settle(racer)
                    continue
                except JSOOMException:
                    starved = False
                    racer.close()
                    self._racer = None
                    continue
                except JSEvalException as err:
                    raise ScriptError(str(err).strip()[:500]) from None
                return str(text)
        raise LimitExceeded(f"stopped after {seconds * 1000:.0f} ms")

    def _settle(self, racer: MiniRacer) -> None:
        for _ in range(LATE_STOPS):
            try:
                racer.eval("0", timeout_sec=SETTLE_SECONDS)
                return
            except JSTerminatedException:
                continue
            except (JSTimeoutException, JSOOMException):
                break
        _abandoned.append(racer)
        self._racer = None

    def _ready(self) -> MiniRacer:
        if self._racer is None:
            racer = MiniRacer()
            racer.set_hard_memory_limit(self._memory)
            racer.eval(_bundle())
            clock = {"now": "2026-01-01T00:00:00Z", "zone": "UTC", "holidays": [], "workdays": []}
            request = {"variables": {}, "env": clock, "items": [_WARM_UP] * 3, "until_true": False}
            racer.eval(f"planroomFeel.evaluate({json.dumps(json.dumps(request))})")
            self._racer = racer
        return self._racer

    def _after_fork(self) -> None:
        """V8's threads, and a lock held at the fork, belong to the parent. Its isolate is kept
        out of reach, not closed: closing would wait for a thread that is not there."""
        if self._racer is not None:
            _abandoned.append(self._racer)
        self._racer = None
        self._lock = threading.Lock()


@cache
def _bundle() -> str:
    try:
        return BUNDLE.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RuntimeError(f"{BUNDLE.name} is not built: run `npm run build`") from None


_instances: weakref.WeakSet[Isolate] = weakref.WeakSet()
#: Isolates that may not be closed, kept so that nothing collects them.
_abandoned: list[MiniRacer] = []


def _forked() -> None:
    for instance in list(_instances):
        instance._after_fork()


def _exiting() -> None:
    """Left to the interpreter's teardown, an isolate that waits for its own thread, then gone,
    hangs the process about one time in five."""
    for instance in list(_instances):
        racer, instance._racer = instance._racer, None
        if racer is not None:
            racer.close()


os.register_at_fork(after_in_child=_forked)
atexit.register(_exiting)
