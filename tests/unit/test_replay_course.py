"""Going about in a replay: wherever one jumps, all stands as if played from the beginning."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.unit.replay_course import plainly, run


def generated(seed: int, events: int) -> dict[str, Any]:
    """Frames of tokens that come, go on, are taken away, come again; with instances of loops."""
    pick = Random(seed)
    paths = ["a", "b", "call", "call/c", "each", "each[0]", "each[1]", "each[2]/d"]
    frames: dict[str, Any] = {
        "paths": paths, "taken": [[0, 0, f"f{n}"] for n in range(5)], "marks": [],
        "stretches": [{"first": 0}], "seq": list(range(1, events + 1)), "recorded": [],
        "ops": [], "flows": [],
    }  # fmt: skip
    moment = 1_000_000
    for n in range(events):
        moment += pick.choice((0, 0, 1, 60, 3600))
        ops: list[int] = []
        for _ in range(pick.choice((0, 0, 1, 2, 5))):
            ops += (pick.randrange(len(paths)) * 4 + pick.randrange(4), pick.randint(1, 3))
        frames["recorded"].append(moment)
        frames["ops"].append(ops)
        frames["flows"].append(pick.sample(range(5), pick.choice((0, 1, 3))))
        if pick.random() < 0.02:
            frames["marks"].append([n, pick.choice(("late", "missed", "decision"))])
    return frames


def test_anywhere_is_as_played_from_the_start() -> None:
    """Lengths about the distance at which states are kept (256), and jumps of every kind."""
    courses = []
    for seed, events in enumerate((0, 1, 3, 255, 256, 257, 511, 512, 513, 900)):
        pick = Random(seed)
        jumps = [pick.randint(-3, events + 3) for _ in range(40)]
        near = [at + step for at in jumps[:5] for step in (0, 1, 2, 1, 0, -1)]
        courses.append((generated(seed, events), [*jumps, *near, 0, events]))
    told = run(*courses)
    for (frames, positions), seen in zip(courses, told["seen"], strict=True):
        events = len(frames["seq"])
        for wanted, there in zip(positions, seen, strict=True):
            at = min(max(wanted, 0), events)
            assert there["at"] == at
            assert (there["found"], there["taken"]) == plainly(frames, at)
            passed = frames["recorded"][at - 1] - frames["recorded"][0] if at else 0
            assert there["elapsed"] == passed


def test_marks_moments_and_addresses() -> None:
    frames = generated(7, 700)
    told = run((frames, []))
    [line] = told["lines"]
    late = [index + 1 for index, kind in frames["marks"] if kind != "decision"]
    after_first = next(at for at in late if at > 1)
    assert line["next"] == [late[0], after_first, None]
    assert line["of"] == list(range(1, 701)) and line["beyond"] == [1, 700]
    # A moment's position is after all that was recorded by then.
    recorded = frames["recorded"]
    assert line["elapsed"] == [
        max(n for n, other in enumerate(recorded, 1) if other <= one) for one in recorded
    ]
    even = told["pauses"]
    assert even == sorted(even) and even[-1] < 5000, "a day's pause is seconds, not minutes"


def test_two_cases_stand_where_each_was_after_the_same_time() -> None:
    one, other = generated(1, 40), generated(2, 300)
    both = run((one, []), (other, []))["both"]
    assert both[0] == [0, 0, 0] and both[-1][1:] == [40, 300]
    for seconds, *positions in both[1:]:
        for frames, at in zip((one, other), positions, strict=True):
            passed = [moment - frames["recorded"][0] <= seconds for moment in frames["recorded"]]
            assert passed == [True] * at + [False] * (len(passed) - at)
