"""A step after 500 rounds of the plan's loop against a step of the first rounds.

The old instance and a fresh one take their steps in turns, so that both meet the same machine.
At the end the old one is worked to its end, which must be the right one.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.benchmarks import plan
from tests.benchmarks.figures import Figure, median, plain, ratio
from tests.benchmarks.house import House, folder, house
from tests.benchmarks.runners import Floor, Product, Runner

ROUNDS, MEASURED = 500, 30
#: User tasks in one round.
STEPS = 4
#: The end events of the main process, in the order a finished case reaches them.
ENDS = ("end", "watched")


def measure() -> Iterator[Figure]:
    with folder() as path:
        place = house(f"sqlite:///{path / 'planroom.db'}")
        floor, fresh = Floor(path / "old.db"), Floor(path / "fresh.db")
        yield from _compared("engine step", floor, fresh)
        yield _ended("engine step", floor.ends[-2:] == list(ENDS))
        old = Product(place)
        yield from _compared("product step", old, Product(place))
        yield _ended("product step", _right_end(place, old))
        place.db.dispose()


def _compared(what: str, old: Runner, fresh: Runner) -> Iterator[Figure]:
    script = list(plan.script(plan.SMALL, ROUNDS + MEASURED))
    late = STEPS * ROUNDS
    old.start(plan.SMALL)
    for nonce, (element, again) in enumerate(script[:late]):
        old.step(element, plan.answer_to(element, nonce, again=again), [])
    fresh.start(plan.SMALL)
    at_last: list[float] = []
    at_first: list[float] = []
    for nonce, (element, again) in enumerate(script[late : late + STEPS * MEASURED]):
        last = nonce >= STEPS * (MEASURED - 1)
        old.step(element, plan.answer_to(element, 10**6 + nonce, again=again), at_last)
        fresh.step(element, plan.answer_to(element, 10**7 + nonce, again=not last), at_first)
    for nonce, (element, _) in enumerate(script[late + STEPS * MEASURED :]):
        old.step(element, plan.answer_to(element, 10**8 + nonce), [])
    name = f"{what} after {ROUNDS} loop rounds"
    yield ratio(f"{name} / the first rounds'", median(at_last) / median(at_first), "at most", 1.2)
    yield plain(name, median(at_last) * 1000, "ms")
    yield plain(f"{what} in the first rounds", median(at_first) * 1000, "ms")


def _ended(what: str, right: bool) -> Figure:
    name = f"{what}: {ROUNDS + MEASURED} loop rounds end at the right end event"
    return Figure(name, float(right), "yes = 1", "at least 1", right)


def _right_end(place: House, runner: Product) -> bool:
    instance = runner.instance
    with place.db.read() as session:
        steps = runner.steps(session)
    return (
        instance.status == "completed"
        and instance.end_event == ENDS[-1]
        and [path for path in steps if path in ENDS] == list(ENDS)
    )
