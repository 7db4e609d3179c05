"""What the browser's viewer needs to draw a plan and mark how a case stands in it."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext as _

from models.plans import PlanVersion
from models.tasks import UserTask
from services.case_diagrams import DiagramView
from services.case_reading import CaseOverview
from services.definitions import static_path
from services.plan_reading import process_names
from views.i18n import format_short, loc
from workflows.catalogue import Catalogue
from workflows.contract import Element


def source_url(version: PlanVersion, file: str) -> str:
    """Where the browser fetches a BPMN file of the version."""
    return url_for("plans.file", version_id=version.id, name=file)


def plain_sheets(version: PlanVersion, read: Catalogue) -> list[dict[str, Any]]:
    """The drawings without marks, for the library; the plan's own first."""
    names = process_names(read)
    used = dict.fromkeys([read.process_id, *(call.process_id for call in read.calls.values())])
    return [
        {
            "key": process_id,
            "title": loc(names[process_id]),
            "source": source_url(version, read.processes[process_id].file),
            "states": {},
            "calls": calls(read),
        }
        for process_id in used
        if process_id in read.processes
    ]


def sheet(
    version: PlanVersion, shown: DiagramView, read: Catalogue, view: CaseOverview
) -> dict[str, Any]:
    """A drawing with every element's state, as a key and in words. A late task says when it was
    due, not by how much: that would age while the page is open."""
    states: dict[str, dict[str, Any]] = {}
    for element_id, state in shown.states.items():
        element = next(
            (
                one
                for one in read.elements.values()
                if one.id == element_id and one.process_id == shown.process_id
            ),
            None,
        )
        worked = element is not None and element.kind in {
            "userTask",
            "callActivity",
            "subProcess",
            "businessRuleTask",
        }
        states[element_id] = {
            "state": "open" if state == "late" else state,
            "late": state == "late" or (state == "done" and worked and _was_late(element, view)),
            "text": _note(element, state, view) if worked and element is not None else "",
            "label": loc(element) if element is not None else "",
        }
    for flow in shown.flows:
        states.setdefault(flow, {"state": "done", "late": False, "text": "", "label": ""})
    return {
        "key": shown.process_id,
        "title": loc(process_names(read)[shown.process_id]),
        "source": source_url(version, shown.file),
        "states": states,
        "open": _("%(n)s 项在办", n=shown.open) if shown.open else "",
        "late": shown.late > 0,
        "calls": calls(read),
    }


def calls(read: Catalogue) -> dict[str, str]:
    """Element id of every call activity and the process it opens."""
    return {path.rpartition("/")[2]: call.process_id for path, call in read.calls.items()}


def _note(element: Element, state: str, view: CaseOverview) -> str:
    if state == "done":
        return _("✓ 已办,超时") if _was_late(element, view) else _("✓ 已办")
    if state == "cancelled":
        return _("✕ 已取消")
    due = [
        task.due_at
        for task in view.tasks
        if task.status == "open" and _within(task, element) and task.due_at is not None
    ]
    if state == "late":
        return _("! 超时(%(due)s)", due=format_short(min(due), view.at)) if due else _("! 超时")
    return _("● 在办,%(due)s 前", due=format_short(min(due), view.at)) if due else _("● 在办")


def _within(task: UserTask, element: Element) -> bool:
    """Whether the task is the element's, or stands in the call or sub-process it is."""
    return task.element_id == element.id or f"{static_path(task.element_path)}/".startswith(
        f"{element.path}/"
    )


def _was_late(element: Element | None, view: CaseOverview) -> bool:
    """Whether a task of this element, or one inside it, was done after its limit."""
    return element is not None and any(
        task.due_at is not None and done_at is not None and done_at > task.due_at
        for task in view.tasks
        if task.status == "completed" and _within(task, element)
        for done_at in (task.occurred_at or task.completed_at,)
    )
