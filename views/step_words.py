"""What the engine did by itself in words: a gateway's way on, the steps it went through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from services.definitions import static_path
from views.i18n import loc


@dataclass(frozen=True, slots=True)
class Way:
    """A flow a gateway took: its name, else its target's; the condition it was taken on."""

    name: str
    asked: str


def way(key: str, home: str, elements: Mapping[str, Any], flows: Mapping[str, Any]) -> Way | None:
    """The way by the flow ``key`` of a gateway in the process at ``home`` ("" the plan's own);
    None where the version has no such flow."""
    flow = flows.get(f"{home}/{key}" if home else key)
    if flow is None:
        return None
    target = elements.get(flow.target)
    name = loc(flow) or (loc(target) if target is not None else "") or flow.id
    return Way(name, flow.condition or (_("其他情况") if flow.default else ""))


def passed(steps: Iterable[str], elements: Mapping[str, Any]) -> str:
    """The names of the steps that were gone through, "" where none has one."""
    paths = [static_path(step.partition("#")[0]) for step in steps if step[0] not in "+-"]
    found = [elements.get(path) for path in paths]
    names = [loc(one) for one in found if one is not None]
    return _("、").join(name for name in dict.fromkeys(names) if name)


def step_sentence(
    type_: str,
    path: str,
    task: str,
    given: Mapping[str, Any],
    elements: Mapping[str, Any],
    flows: Mapping[str, Any],
) -> str:
    """What the record's own sentence leaves out of such an event; "" for every other one."""
    if type_ == "decision.taken" and not given.get("decision"):
        home = static_path(path).rpartition("/")[0]
        ways = [(way(str(key), home, elements, flows), str(key)) for key in given["matched"]]
        names = _("、").join(found.name if found is not None else key for found, key in ways)
        return _("走向:%(task)s %(ways)s", task=task, ways=f"→ {names}")
    if type_ == "element.passed":
        shown = passed(given["steps"], elements)
        return _("流程自行前进:%(names)s", names=shown) if shown else ""
    return ""
