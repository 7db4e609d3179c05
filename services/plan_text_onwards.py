"""Who goes on with a plan after a step: through calls, groups and what Planroom does by itself."""

from __future__ import annotations

from collections.abc import Mapping

from services.plan_text_steps import Part, Start, Step, ends, targets


def after(all_steps: Mapping[str, Step], parts_of: Mapping[str, Part], step: Step) -> list[Step]:
    """The tasks people do next after a step, through calls, groups and what Planroom does by
    itself; at the end of a part, what follows its callers."""
    found: dict[str, Step] = {}
    seen: set[str] = set()

    def into(number: str) -> None:
        if number in seen or number not in all_steps:
            return
        seen.add(number)
        there = all_steps[number]
        if there.kind == "task" and there.used:
            found[number] = there
        elif there.kind == "call" and there.part in parts_of:
            enter(parts_of[there.part].starts)
        elif there.kind == "group":
            enter(there.starts)
        else:
            leave(there)

    def enter(starts: tuple[Start, ...]) -> None:
        for start in starts:
            if not start.event:
                for number in targets(start.to):
                    into(number)

    left: set[str] = set()

    def leave(here: Step) -> None:
        if here.number in left:
            return
        left.add(here.number)
        for number in targets(here.to):
            into(number)
        if ends(here.to):
            for around in _around(all_steps, parts_of, here):
                leave(around)

    leave(step)
    found.pop(step.number, None)
    return list(found.values())


def _around(all_steps: Mapping[str, Step], parts_of: Mapping[str, Part], step: Step) -> list[Step]:
    """The group a step stands in, or the steps that call its part."""
    outer, _, _ = step.number.rpartition(".")
    if outer:
        return [all_steps[outer]] if outer in all_steps else []
    letter = step.number.rstrip("0123456789")
    part = parts_of.get(letter)
    return [all_steps[n] for n in part.callers if n in all_steps] if part and letter else []
