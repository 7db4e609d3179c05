"""The stock SpiffWorkflow engine in memory, driven as our floor is: its own parser, its own
task tree, Python conditions, and the clock of its timers set by the test."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from unittest import mock

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.bpmn.util.event import BpmnEvent
from SpiffWorkflow.util.task import TaskState

from tests.unit.generated import HIDDEN

_TIMERS = "SpiffWorkflow.bpmn.specs.event_definitions.timer.datetime"


class StockEngine:
    """One instance. ``now`` is what its timers take the time to be."""

    def __init__(self, bpmn: bytes, process_id: str, now: datetime) -> None:
        parser = BpmnParser()
        parser.add_bpmn_str(bpmn)
        self.now = now
        spec = parser.get_spec(process_id)
        with self._clock():
            self.workflow = BpmnWorkflow(spec, parser.get_subprocess_specs(process_id))
            self._settle()

    def _clock(self) -> Any:
        """While this holds, the engine's timers take the time from ``now``."""
        outer = self

        class Clock(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
                return outer.now

        return mock.patch(_TIMERS, Clock)

    def _settle(self) -> None:
        for _ in range(100):
            self.workflow.do_engine_steps()
            self.workflow.refresh_timers()
            if not self.workflow.get_tasks(state=TaskState.READY, manual=False):
                return
        raise AssertionError("the stock engine does not come to rest")

    # ------------------------------------------------------------- commands

    def complete(self, path: str, data: Mapping[str, Any]) -> None:
        task = next(task for task in self._open() if self.path(task) == path)
        with self._clock():
            task.data[task.task_spec.bpmn_id] = dict(data)
            task.run()
            self._settle()

    def send(self, message: str) -> None:
        with self._clock():
            self.workflow.catch(BpmnEvent(MessageEventDefinition(message), {}))
            self._settle()

    def advance(self, now: datetime) -> None:
        self.now = now
        with self._clock():
            self._settle()

    # ----------------------------------------------------------- what waits

    def open_tasks(self) -> list[str]:
        return sorted(self.path(task) for task in self._open())

    def _open(self) -> list[Any]:
        return list(self.workflow.get_tasks(state=TaskState.READY, manual=True))

    def path(self, task: Any) -> str:
        """As our floor writes it: ``call/sub[1]/task``."""
        steps = []
        while task is not None:
            own = str(task.task_spec.bpmn_id)
            if task.task_spec.name.endswith("[child]"):
                index = task.internal_data.get("item", task.internal_data.get("key_or_index"))
                own += f"[{index}]"
            if not own.startswith(HIDDEN):
                steps.append(own)
            host_id = task.workflow.parent_task_id
            task = None if host_id is None else self.workflow.get_task_from_id(host_id)
        return "/".join(reversed(steps))

    def timers(self) -> list[datetime]:
        """When the timers that wait are due."""
        found = []
        for task in self.workflow.event_manager.tasks.values():
            if task.state == TaskState.WAITING and "event_value" in task.internal_data:
                due = datetime.fromisoformat(task.internal_data["event_value"])
                found.append(due.astimezone(UTC))
        return sorted(found)

    @property
    def completed(self) -> bool:
        return bool(self.workflow.completed)

    @property
    def data(self) -> dict[str, Any]:
        data = {**self.workflow.data, **self.workflow.last_task.data}
        return {key: value for key, value in data.items() if key != "data_objects"}
