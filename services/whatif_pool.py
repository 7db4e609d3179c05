"""Where what-if runs are computed: in two processes beside the server's, made when first wanted.

Where no process can be had (a sandbox, no memory), the same work is done here, portion by portion;
the figures do not depend on it. What made the processes die is not done here: it would end the
server too.
"""

from __future__ import annotations

import atexit
import logging
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from threading import Lock, Thread
from typing import Any, Final, TypeVar

from services.errors import Refusal

T = TypeVar("T")
#: A piece of work: a module-level function and its arguments.
Work = tuple[Callable[..., T], tuple[Any, ...]]

WORKERS: Final = 2
#: Seconds until a new process has to have answered.
PATIENCE: Final = 60

_log = logging.getLogger(__name__)
_pool: ProcessPoolExecutor | None = None
_refused = False
_making = Lock()
#: In this process one portion at a time: what it keeps unpacked is for one thread.
_here = Lock()


class _Gone(Exception):
    """The processes ended; ``left`` was not done."""

    def __init__(self, left: Sequence[Work[Any]]) -> None:
        self.left = left
        super().__init__()


def as_done(works: Sequence[Work[T]], *, processes: bool = True) -> Iterator[T]:
    """The results, as they come. Closing the iterator takes back what has not begun. Raises what
    the work raises, and Refusal ``whatif_stopped`` 503 where its processes died twice."""
    left = list(works)
    for _attempt in range(2):
        pool = _the_pool() if processes else None
        if pool is None:
            yield from _in_turn(left)
            return
        try:
            yield from _through(pool, left)
        except _Gone as gone:  # perhaps by what somebody else had computed: once more
            left = list(gone.left)
            _drop(pool)
        else:
            return
    raise Refusal("whatif_stopped", 503)


def close() -> None:
    """Let the processes end."""
    with _making:
        pool = _pool
    if pool is not None:
        _drop(pool)


def _through(pool: ProcessPoolExecutor, works: Sequence[Work[T]]) -> Iterator[T]:
    left = list(works)
    running: dict[Future[T], Work[T]] = {}
    try:
        while left or running:
            while left and len(running) < WORKERS + 1:
                work, arguments = left[0]
                try:
                    future = pool.submit(work, *arguments)
                except RuntimeError:  # broken, or another thread has let it go
                    raise _Gone([*running.values(), *left]) from None
                running[future] = left.pop(0)
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                try:
                    result = future.result()
                except (BrokenProcessPool, CancelledError) as error:
                    _log.warning("the processes of what-if runs have ended: %r", error)
                    raise _Gone([*running.values(), *left]) from None
                del running[future]
                yield result
    finally:
        for future in running:
            future.cancel()


def _in_turn(works: Sequence[Work[T]]) -> Iterator[T]:
    for work, arguments in works:
        with _here:
            result = work(*arguments)
        yield result


def _the_pool() -> ProcessPoolExecutor | None:
    global _pool, _refused
    with _making:
        if _pool is None and not _refused:
            try:
                context = multiprocessing.get_context("spawn")
                made = ProcessPoolExecutor(WORKERS, context, initializer=_end_with_the_server)
                try:
                    made.submit(int).result(PATIENCE)
                except BaseException:
                    made.shutdown(wait=False, cancel_futures=True)
                    raise
                _pool = made
            except (OSError, ValueError, ImportError, RuntimeError) as error:
                # From now on the work is done here.
                _log.warning("no processes for what-if runs: %r", error)
                _refused = True
        return _pool


def _end_with_the_server() -> None:
    """A server that is killed says nothing to its processes: each watches for its end."""
    server = multiprocessing.parent_process()

    def watch() -> None:
        if server is not None:
            server.join()
            os._exit(0)

    Thread(target=watch, daemon=True).start()


def _drop(pool: ProcessPoolExecutor) -> None:
    global _pool
    with _making:
        if _pool is pool:
            _pool = None
    pool.shutdown(wait=False, cancel_futures=True)


atexit.register(close)
