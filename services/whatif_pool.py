"""Where what-if runs are computed: in two processes beside the server's, made when first wanted.

Where no process can be had (a sandbox, no memory), the same work is done here, portion by portion;
the figures do not depend on it.
"""

from __future__ import annotations

import atexit
import logging
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from threading import Lock
from typing import Any, Final, TypeVar

T = TypeVar("T")
#: A piece of work: a module-level function and its arguments.
Work = tuple[Callable[..., T], tuple[Any, ...]]

WORKERS: Final = 2

_log = logging.getLogger(__name__)
_pool: ProcessPoolExecutor | None = None
_refused = False
_making = Lock()
#: In this process one portion at a time: what it keeps unpacked is for one thread.
_here = Lock()


def as_done(works: Sequence[Work[T]], *, processes: bool = True) -> Iterator[T]:
    """The results, as they come. Closing the iterator takes back what has not begun."""
    pool = _the_pool() if processes else None
    if pool is None:
        yield from _in_turn(works)
        return
    done = 0
    left = list(works)
    running: dict[Future[T], Work[T]] = {}
    try:
        while left or running:
            while left and len(running) < WORKERS + 1:
                work, arguments = left.pop(0)
                running[pool.submit(work, *arguments)] = (work, arguments)
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                result = future.result()
                del running[future]
                done += 1
                yield result
    except (BrokenProcessPool, RuntimeError, OSError) as error:
        _give_up(error)
        yield from _in_turn([*running.values(), *left])
    finally:
        for future in running:
            future.cancel()


def close() -> None:
    """Let the processes end."""
    global _pool
    with _making:
        pool, _pool = _pool, None
    if pool is not None:
        pool.shutdown(wait=False, cancel_futures=True)


def _in_turn(works: Sequence[Work[T]]) -> Iterator[T]:
    for work, arguments in works:
        with _here:
            result = work(*arguments)
        yield result


def _the_pool() -> ProcessPoolExecutor | None:
    global _pool
    with _making:
        if _pool is None and not _refused:
            try:
                context = multiprocessing.get_context("spawn")
                _pool = ProcessPoolExecutor(WORKERS, mp_context=context)
                atexit.register(close)
            except (OSError, ValueError, ImportError) as error:
                _log.warning("no processes for what-if runs: %r", error)
        return _pool


def _give_up(error: BaseException) -> None:
    """The processes are gone: from now on the work is done here."""
    global _refused
    _log.warning("what-if runs go on in this process: %r", error)
    _refused = True
    close()
