"""A plan with one setting of each type, for the tests of services and pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.integration.world import bundle
from tests.unit.bpmn_builder import Process
from workflows.bundle import Bundle

SETTINGS: list[Mapping[str, Any]] = [
    {"key": "check", "type": "boolean", "default": False, "name": "先核查", "origin": "overlay",
     "source": "某办法第3条"},
    {"key": "limit", "type": "duration", "default": "", "name": "核查时限", "origin": "external"},
    {"key": "since", "type": "date", "default": "", "name": "自何日起", "origin": "text"},
]  # fmt: skip


def plan_t03() -> Bundle:
    """Check first, if the unit wants it, with the limit the unit sets; then tell."""
    p = Process("t03", "设定").start("s").exclusive("first", default="first__tell")
    p.exclusive("timed", default="timed__check").user_task("check", "duty")
    p.user_task("check_timed", "duty").user_task("tell", "duty").end("e").end("due_end")
    p.boundary_timer(
        "due", "check_timed", "settings.limit", interrupting=False, deadline="due"
    ).chain("due", "due_end")
    p.flow("s", "first").flow("first", "timed", condition="settings.check = true")
    p.flow("first", "tell").flow("timed", "check_timed", condition="settings.limit != null")
    p.flow("timed", "check").chain("check", "tell", "e").flow("check_timed", "tell")
    return bundle(
        p,
        roles=["duty"],
        variables={"settings": "context"},
        settings=SETTINGS,
    )
