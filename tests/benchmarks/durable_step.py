"""The durable step in process against the stock engine's, at two sizes and late in a loop.

The target is judged like for like, floor against stock: both read one stored instance, take one
step and store it again, and neither writes history, queues or timers. The whole product step is
printed beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.benchmarks import plan
from tests.benchmarks.figures import Figure, milliseconds, plain, ratio
from tests.benchmarks.house import folder, house
from tests.benchmarks.runners import Floor, Product, Runner, Stock

#: Stages of the plan, cases run of it, rounds gone before, and the target.
SITUATIONS = (
    ("at {elements} elements", plan.SMALL, 12, 0, 4.0),
    ("at {elements} elements", plan.LARGE, 2, 0, 12.0),
    ("after 50 loop rounds", plan.SMALL, 1, 50, 40.0),
)
#: Rounds measured once the earlier ones are gone.
MEASURED = 4


def measure() -> Iterator[Figure]:
    with folder() as path:
        place = house(f"sqlite:///{path / 'planroom.db'}", (plan.SMALL, plan.LARGE))
        runners: dict[str, Runner] = {
            "stock": Stock(path / "stock.db"),
            "floor": Floor(path / "floor.db"),
            "product": Product(place),
        }
        for words, stages, cases, before, target in SITUATIONS:
            where = words.format(elements=plan.size(stages))
            if before:
                spent, sizes = _late(runners, stages, before)
            else:
                spent, sizes = _whole(runners, stages, cases)
            yield from _figures(where, spent, sizes, target)
        place.db.dispose()


def _whole(
    runners: dict[str, Runner], stages: int, cases: int
) -> tuple[dict[str, list[float]], dict[str, int]]:
    """Whole cases, every step counted; each step of one is taken right beside the others'."""
    spent: dict[str, list[float]] = {name: [] for name in runners}
    sizes = dict.fromkeys(runners, 0)
    nonce = 0
    for case in range(cases + 1):
        for runner in runners.values():
            runner.start(stages)
        for element, again in plan.script(stages):
            nonce += 1
            for name, runner in runners.items():
                into: list[float] = spent[name] if case else []  # the first is to warm up
                runner.step(element, plan.answer_to(element, nonce, again=again), into)
                if element == "draft":
                    sizes[name] = runner.size
    return spent, sizes


def _late(
    runners: dict[str, Runner], stages: int, before: int
) -> tuple[dict[str, list[float]], dict[str, int]]:
    """`MEASURED` rounds of the loop after ``before`` others."""
    spent: dict[str, list[float]] = {name: [] for name in runners}
    script = list(plan.script(stages, before + MEASURED))
    a_round = 4
    for runner in runners.values():
        runner.start(stages)
    for nonce, (element, again) in enumerate(script[: a_round * (before + MEASURED)]):
        for name, runner in runners.items():
            into: list[float] = spent[name] if nonce >= a_round * before else []
            runner.step(element, plan.answer_to(element, 10**6 + nonce, again=again), into)
    return spent, {name: runner.size for name, runner in runners.items()}


def _figures(
    where: str,
    spent: dict[str, Sequence[float]] | dict[str, list[float]],
    sizes: dict[str, int],
    target: float,
) -> list[Figure]:
    took = {name: milliseconds(values) for name, values in spent.items()}
    return [
        ratio(f"durable step {where}: stock / ours", took["stock"] / took["floor"],
              "at least", target),
        plain(f"durable step {where}: stock (reload, step, JSON)", took["stock"], "ms"),
        plain(f"durable step {where}: ours, like for like", took["floor"], "ms"),
        plain(f"durable step {where}: ours, the whole product step", took["product"], "ms"),
        plain(f"durable step {where}: stock / the whole product step",
              took["stock"] / took["product"], "times"),
        plain(f"stored instance {where}: stock", sizes["stock"] / 1000, "kB"),
        plain(f"stored instance {where}: ours", sizes["floor"] / 1000, "kB"),
    ]  # fmt: skip
