"""The replay's script run by node, and the same told again in Python as plainly as can be."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from services.replay import Frames
from tests.unit.node import node

#: element -> [state, times completed, rounds of the tokens there, whether past its limit]
Looks = dict[str, list[Any]]


def run(*courses: tuple[Mapping[str, Any], Sequence[int]]) -> dict[str, Any]:
    """What `replay_course.mjs` prints for frames and positions."""
    given = [{"frames": frames, "positions": list(positions)} for frames, positions in courses]
    told: dict[str, Any] = json.loads(
        node("tests/unit/replay_course.mjs", given=json.dumps({"courses": given}))
    )
    return told


def as_given(frames: Frames) -> dict[str, Any]:
    """What the script needs of them, as it comes out of JSON."""
    names = ("paths", "seq", "recorded", "ops", "flows", "taken", "marks")
    given = {name: getattr(frames, name) for name in names}
    given["stretches"] = [{"first": one.first} for one in frames.stretches]
    copy: dict[str, Any] = json.loads(json.dumps(given))
    return copy


def plainly(frames: Mapping[str, Any], position: int) -> tuple[Looks, list[int]]:
    """How all stands after the first ``position`` events, played from the beginning, and how
    often each flow was taken."""
    here: list[tuple[int, int]] = []
    last: dict[str, str] = {}
    passes: dict[str, int] = {}
    late: dict[int, bool] = {}
    taken = [0] * len(frames["taken"])
    for n in range(position):
        ops = frames["ops"][n]
        for code, round_ in zip(ops[::2], ops[1::2], strict=True):
            path, op = divmod(code, 4)
            name = static(frames["paths"][path])
            if op == 3:
                late[path] = True
                continue
            last[name] = ("done", "open", "cancelled")[op]
            here = [one for one in here if one != (path, round_)]
            if op == 1:
                here.append((path, round_))
                late[path] = False
            passes[name] = passes.get(name, 0) + (op == 0 and not is_loop(frames, path))
        for flow in frames["flows"][n]:
            taken[flow] += 1
    looks: Looks = {}
    for name, state in last.items():
        tokens = [(path, r) for path, r in here if static(frames["paths"][path]) == name]
        rounds = sorted(r for path, r in tokens if not is_loop(frames, path))
        was_late = any(on and static(frames["paths"][path]) == name for path, on in late.items())
        looks[name] = ["open" if tokens else state, passes[name], rounds, was_late]
    return looks, taken


def is_loop(frames: Mapping[str, Any], path: int) -> bool:
    """Whether the path is that of a loop whose instances have paths of their own."""
    start = f"{frames['paths'][path]}["
    return any(one.startswith(start) and one.endswith("]") for one in frames["paths"])


def static(path: str) -> str:
    return re.sub(r"\[\d+\]", "", path)
