"""What-if runs of plan 11: how many a second, here and in two processes, against taking every run
through the engine's durable steps (state read and stored each time), as a case in force is.

Both sides are made to meet the same answers and times: those of the same runs of one seed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

from services import plan_settings, whatif, whatif_pool
from services.plan_folder import read_folder
from tests.benchmarks.figures import Figure, plain, ratio
from tests.unit.whatif_case import CALENDAR, Durable, package
from workflows.bundle import Bundle
from workflows.definition import Definition, compile_bundle
from workflows.feel import default_feel
from workflows.whatif import live, play, runs
from workflows.whatif.memo import MemoFeel
from workflows.whatif.package import Package, play_portion, walk_through

LIBRARY = Path("bpmn")
#: Runs on the durable engine, here, and of a whole calculation.
DURABLE, HERE, WHOLE = 20, 300, 1000


def measure() -> Iterator[Figure]:
    bundle = read_folder(LIBRARY / "p11")
    package, definition = _package(bundle)
    begun = perf_counter()
    learned = walk_through(package, {}, {})
    yield plain("what-if: walk of plan 11", perf_counter() - begun, "s")
    yield plain("what-if: scenarios of the walk", len(learned.scenarios), "scenarios")
    chances = runs.Chances({}, 0.15, 0.7, learned.returning, learned.usual)
    trial = runs.Trial(1, WHOLE, {}, {}, chances)
    # Fresh memory, as the first calculation has it.
    stage = play.Stage(
        definition, package.asked, package.settings, CALENDAR, MemoFeel(default_feel()), {}
    )
    begun = perf_counter()
    runs.tally(stage, trial, range(HERE))
    here = HERE / (perf_counter() - begun)
    begun = perf_counter()
    _durable(stage, trial)
    durable = DURABLE / (perf_counter() - begun)
    yield ratio("what-if run / the same run in durable steps", here / durable, "at least", 2)
    yield plain("what-if runs of plan 11 in one process", here, "runs/s")
    yield plain("the same in durable steps", durable, "runs/s")
    yield from _two(package, trial, here)


def _two(package: Package, trial: runs.Trial, here: float) -> Iterator[Figure]:
    """A whole calculation in two processes, their start apart."""
    begun = perf_counter()
    list(
        whatif_pool.as_done([(play_portion, (0, package, trial, range(n, n + 1))) for n in (0, 1)])
    )
    yield plain("what-if: two processes start", perf_counter() - begun, "s")
    portions = range(0, WHOLE, whatif.PORTION)
    works = [
        (play_portion, (0, package, trial, range(first, first + whatif.PORTION)))
        for first in portions
    ]
    begun = perf_counter()
    total = runs.Tally()
    for _, found in whatif_pool.as_done(works):
        total.add(found)
    seconds = perf_counter() - begun
    whatif_pool.close()
    right = total.runs == WHOLE
    yield Figure("what-if: all 1000 runs are counted", float(right), "yes = 1", "at least 1", right)
    yield plain(f"{WHOLE} what-if runs of plan 11 in two processes", seconds, "s")
    yield plain("two processes / one", WHOLE / seconds / here, "times")


def _package(bundle: Bundle) -> tuple[Package, Definition]:
    definition = compile_bundle(bundle, default_feel())
    settings = plan_settings.as_values(
        [
            plan_settings.SettingRow(row, row.default, False)
            for row in plan_settings.settings_of(bundle.manifest)
        ]
    )
    return package(bundle, definition, settings), definition


def _durable(stage: play.Stage, trial: runs.Trial) -> None:
    """The first runs once more, each of its steps taken by the public engine. What is done when is
    written down while the run is played, and that is not measured against it: it is a hundredth."""
    script: list[tuple[str, Any]] = []
    kept = play.LiveRun  # type: ignore[attr-defined]
    play.LiveRun = _Noting.into(script)  # type: ignore[attr-defined]
    try:
        runs.tally(stage, trial, range(DURABLE))
    finally:
        play.LiveRun = kept  # type: ignore[attr-defined]
    case: Durable | None = None
    for verb, given in script:
        if verb == "start":
            case = Durable(stage.definition, given)
        elif case is not None:
            getattr(case, verb)(*given)


class _Noting(live.LiveRun):
    """Writes down what it is told to do."""

    script: list[tuple[str, Any]]

    @classmethod
    def into(cls, script: list[tuple[str, Any]]) -> type[_Noting]:
        return type("Noting", (cls,), {"script": script})

    def start(self) -> live.Moved:
        self.script.append(("start", dict(self.variables)))
        return super().start()

    def complete(self, task_id: str, data: Any, now: Any) -> live.Moved:
        self.script.append(("complete", (int(task_id), dict(data), now)))
        return super().complete(task_id, data, now)

    def fire(self, now: Any) -> live.Moved:
        self.script.append(("fire", (now,)))
        return super().fire(now)
