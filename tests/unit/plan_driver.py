"""Plays a plan of the library on the engine alone: no database, no web, no clock of its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from services import plan_settings
from services.plan_folder import read_folder
from tests.acceptance.stories.clocked import Clocked
from workflows import catalogue, engine
from workflows.answers import untouched
from workflows.bundle import Bundle
from workflows.catalogue import Catalogue
from workflows.contract import Advance, Context, Element, TaskOpened, TimerSet
from workflows.definition import Definition, compile_bundle
from workflows.feel import default_feel

LIBRARY = Path(__file__).resolve().parents[2] / "bpmn"
#: Every folder of the library that holds a plan, an alias of another included.
PLANS = tuple(sorted(path.parent.name for path in LIBRARY.glob("*/plan.toml")))


def manifest(key: str) -> Mapping[str, Any]:
    """``plan.toml`` as a deployment has it (of an alias: with what it takes from the other)."""
    return bundle(key).manifest


@cache
def bundle(key: str) -> Bundle:
    """The plan's own files and the shared ones it calls, as a deployment has them."""
    return read_folder(LIBRARY / key)


@cache
def definition(key: str) -> Definition:
    return compile_bundle(bundle(key), default_feel())


@cache
def read(key: str) -> Catalogue:
    return catalogue.read(bundle(key).files, bundle(key).manifest)


class Play(Clocked):
    """One instance of a plan. ``now`` moves only when told; ``done`` are the paths completed in
    order, ``flows`` the sequence flows taken as (process id, flow id). ``settings`` are what the
    unit has set, over the plan's own defaults."""

    def __init__(
        self, key: str, discovered_at: datetime, settings: Mapping[str, Any] | None = None
    ) -> None:
        self.key = key
        self.judged: dict[str, set[str]] = {}
        self.definition = definition(key)
        self.now = discovered_at + timedelta(minutes=1)
        self.anchors = {"discovered_at": discovered_at, "opened_at": self.now}
        self.done: list[str] = []
        self.cancelled: list[str] = []
        self.fired: list[str] = []
        self.ends: list[str] = []
        self.flows: set[tuple[str, str]] = set()
        self.status = "running"
        self.state = b""
        signal = {
            "text": "网传排练时舞台桁架倒塌", "link": "https://video.example.org/v/1",
            "medium": "short_video", "reads": 0, "comments": 0, "reposts": 0,
        }  # fmt: skip
        start = {
            "signal": signal,
            "case": {"number": "2026-0001", "title": "例", "tier": None},
            "settings": setting_values(key, settings or {}),
        }
        self._take(engine.start(self.definition, start, self.context, default_feel()))

    @property
    def context(self) -> Context:
        return Context(now=self.now, anchors=dict(self.anchors))

    # ---------------------------------------------------------------- looking

    @property
    def tasks(self) -> dict[str, TaskOpened]:
        """Open tasks by path (the newest where a path is open twice)."""
        if self.status == "completed":
            return {}
        return {task.path: task for task in self._waiting().tasks}

    @property
    def timers(self) -> dict[str, TimerSet]:
        if self.status == "completed":
            return {}
        return {timer.path: timer for timer in self._waiting().timers}

    def _waiting(self) -> engine.Waiting:
        return engine.waiting(self.definition, self.state)

    def element(self, path: str) -> Element:
        return self.definition.element(path)

    # ----------------------------------------------------------------- acting

    def refused(self, path: str, /, **data: Any) -> Play:
        """Who may do what is the services' to judge: the engine alone refuses nobody."""
        return self

    def recuse(self, *usernames: str, roles: tuple[str, ...] = ()) -> Play:
        """Who stands back is the services' to keep: the engine alone knows no people."""
        return self

    def wait(self, **delta: float) -> Play:
        """Let case time pass and fire every timer that comes due, as the scheduler would."""
        end = self.now + timedelta(**delta)
        while self.status == "running":
            due = sorted(t.due_at for t in self._waiting().timers if t.due_at <= end)
            if not due:
                break
            self.now = max(self.now, due[0])
            ids = [t.id for t in self._waiting().timers if t.due_at <= self.now]
            self._take(
                engine.fire_timers(self.definition, self.state, ids, self.context, default_feel())
            )
        self.now = end
        return self

    def do(self, path: str, /, **data: Any) -> Play:
        """Complete the open task at ``path``; ``data`` over what the form holds untouched."""
        task = self.tasks[path]
        element = self.element(path)
        filled = {**self._untouched(element), **data}
        if element.form_fields:
            assert set(data) <= {field.id for field in element.form_fields}, (path, data)
        named = element.properties.get("setsAnchor")
        if named and filled.get("criterion_met", True):
            self.anchors[named] = self.now
        if element.form_key == "planroom:grade":
            self.anchors["graded_at"] = self.now
        self._take(
            engine.complete(
                self.definition, self.state, task.id, filled, self.context, default_feel()
            )
        )
        self.done.append(path)
        return self

    def retier(self) -> Play:
        self._take(
            engine.send_message(
                self.definition,
                self.state,
                "retier",
                {"reason": "出现新情况"},
                self.context,
                default_feel(),
            )
        )
        return self

    def grade(self, tier: str, /, **triage: Any) -> Play:
        """Triage and confirm a tier (the table's answer does not bind the person)."""
        levels = {row["key"]: row["level"] for row in manifest(self.key)["tiers"]}
        self.do("triage", **triage)
        return self.do("grade", tier=tier, level=levels[tier], overridden=False, reason="")

    def finish(self, **choices: dict[str, Any]) -> Play:
        """Complete whatever is open, oldest first, until the end; ``choices`` by element id."""
        for _ in range(100):
            if self.status == "completed":
                return self
            path = next(iter(self.tasks))
            self.do(path, **choices.get(self.element(path).id, {}))
        raise AssertionError(f"still open after 100 tasks: {list(self.tasks)}")

    # ---------------------------------------------------------------- inside

    def _untouched(self, element: Element) -> dict[str, Any]:
        filled = untouched(element, self.now)
        if element.id == "follow":
            filled |= {"seen": "平稳", "next": "calm"}
        return filled

    def _take(self, advance: Advance) -> None:
        assert not advance.incidents, advance.incidents
        self.state, self.status = advance.state, advance.status
        self.fired += [timer.path for timer in advance.timers_fired]
        self.ends += advance.end_events
        self.cancelled += [t.path for t in advance.closed if t.outcome == "cancelled"]
        for passed in advance.passed:
            if passed.flow:
                process = self.definition.element(passed.path).process_id
                self.flows.add((process, passed.flow))
        for intent in advance.intents:
            if intent.task_id and self.status == "running":
                self._take(
                    engine.answer_external(
                        self.definition,
                        self.state,
                        intent.task_id,
                        None,
                        self.context,
                        default_feel(),
                    )
                )


def setting_values(key: str, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """``[[settings]]`` as a case starts with them: ``chosen`` (booleans, ISO 8601 text) over the
    plan's own defaults; what is not set is null."""
    rows = plan_settings.settings_of(manifest(key))
    assert set(chosen) <= {row.key for row in rows}, chosen
    return plan_settings.as_values(
        [
            plan_settings.SettingRow(row, chosen.get(row.key, row.default), row.key in chosen)
            for row in rows
        ]
    )
