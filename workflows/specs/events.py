"""Events: catching, boundary, throwing, end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from SpiffWorkflow.bpmn.specs import defaults
from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.util.task import TaskState

from workflows.specs.base import Container, Floor, Flow
from workflows.specs.definitions import Trigger
from workflows.specs.scopes import SubProcess

if TYPE_CHECKING:
    from workflows.task import PlanTask


class Catching(Floor):
    """Waits for its trigger. The due moment of a timer stands in the task's internal data
    (see `workflows.timers`); nothing here reads a clock."""

    KEPT: tuple[str, ...] = ("event_definition",)
    event_definition: Trigger

    def entering(self, my_task: PlanTask) -> None:
        # An event after an event-based gateway is entered only if it is the one that happens.
        my_task.enter(quiet=my_task.raced)

    def _update_hook(self, my_task: PlanTask) -> bool:
        if self.event_definition.kind == "none":
            return True
        my_task._set_state(TaskState.WAITING)
        my_task.step.arm(my_task)
        return False

    def catches(self, my_task: PlanTask, event: Trigger) -> bool:
        return my_task.state == TaskState.WAITING and self.event_definition.matches(event)

    def fire(self, my_task: PlanTask, payload: dict[str, Any] | None, again: bool) -> None:
        """What it waited for has happened. ``again``: a timer cycle has turns left."""
        if payload is not None:
            my_task.internal_data["payload"] = payload
        my_task._ready()

    def _on_cancel(self, my_task: PlanTask) -> None:
        if not my_task.raced:
            super()._on_cancel(my_task)

    def keep(self, my_task: PlanTask) -> None:
        payload = my_task.internal_data.pop("payload", None)
        if payload is not None:
            my_task.store(self.event_definition.result or self.bpmn_id, payload)

    def _run_hook(self, my_task: PlanTask) -> bool:
        if my_task.raced:
            my_task.enter()
        self.keep(my_task)
        return True


class StartEvent(Catching, defaults.StartEvent):
    kind = "startEvent"

    def _update_hook(self, my_task: PlanTask) -> bool:
        # What starts a scope has already happened when the scope opens.
        return True


class CatchEvent(Catching, defaults.IntermediateCatchEvent):
    kind = "intermediateCatchEvent"


class ReceiveTask(Catching, defaults.ReceiveTask):
    kind = "receiveTask"


class BoundaryEvent(Catching, defaults.BoundaryEvent):
    kind = "boundaryEvent"
    KEPT: tuple[str, ...] = ("event_definition", "cancel_activity")
    cancel_activity: bool

    def entering(self, my_task: PlanTask) -> None:
        """Waiting is not entering: it is entered when it happens."""

    def fire(self, my_task: PlanTask, payload: dict[str, Any] | None, again: bool) -> None:
        super_fire = super().fire
        if self.cancel_activity or not (again or self.event_definition.repeats):
            super_fire(my_task, payload, again)
            return
        # It goes on waiting; the branch it opens is no child of it, so that the end of the
        # host cancels the waiting event and not the branch. (The stock engine drops both.)
        my_task.enter()
        if payload is not None:
            my_task.internal_data["payload"] = payload
        self.keep(my_task)
        my_task.step.passed(my_task, "completed")
        parent = my_task.parent
        for child in [parent.child(my_task.spec_of(flow), flow.id) for flow in self.flows]:
            child.task_spec._update(child)

    def _run_hook(self, my_task: PlanTask) -> bool:
        my_task.enter()
        self.keep(my_task)
        if self.cancel_activity:
            my_task.parent.task_spec.interrupt(my_task.parent, my_task)
        return True

    def _on_cancel(self, my_task: PlanTask) -> None:
        """An event that never happened leaves no trace on the diagram."""


class Split(Container, BoundaryEventSplit):
    """Stands before a host with boundary events; host and events are its children. The stock
    ``BoundaryEventJoin`` has no counterpart: the split itself ends the other side."""

    holds_children = True

    def __init__(self, wf_spec: Any, name: str, **kwargs: Any) -> None:
        super().__init__(wf_spec, name, **kwargs)
        self.bpmn_id = ""

    @property
    def main(self) -> str:
        return self.flows[0].target

    def entering(self, my_task: PlanTask) -> None:
        """Not on the diagram."""

    def leaving(self, my_task: PlanTask) -> list[Flow]:
        # The flow by which the host is entered is the one that led to the split.
        return [Flow(my_task.via, self.main), *self.flows[1:]]

    def child_ended(self, my_task: PlanTask, child: PlanTask) -> None:
        if child.task_spec.name == self.main:
            self._close(my_task, "", child)

    def interrupt(self, my_task: PlanTask, event: PlanTask) -> None:
        """``event`` ends the host: the host and the other waiting events go."""
        self._close(my_task, event.path, event)

    def _close(self, my_task: PlanTask, by: str, cause: PlanTask) -> None:
        my_task.internal_data["over"] = True
        for child in my_task.children:
            if child is cause or child.has_state(TaskState.FINISHED_MASK):
                continue
            waits = isinstance(child.task_spec, BoundaryEvent) and child.state == TaskState.WAITING
            if waits or child.task_spec.name == self.main:
                child.cancel(by=by)


class EventSubProcess(SubProcess, Catching):
    """Waits beside the scope it stands in for its start event's trigger. It does not keep the
    scope open while it only waits (a waiting stock timer event sub-process does)."""

    KEPT: tuple[str, ...] = ("subworkflow_spec", "event_definition", "start", "interrupting")

    def __init__(
        self,
        wf_spec: Any,
        name: str,
        subworkflow_spec: str = "",
        event_definition: Trigger | None = None,
        start: str = "",
        interrupting: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(wf_spec, name, subworkflow_spec, **kwargs)
        self.event_definition = event_definition or Trigger("none")
        self.start = start
        self.interrupting = interrupting

    def entering(self, my_task: PlanTask) -> None:
        """Entered when it happens."""

    def _update_hook(self, my_task: PlanTask) -> bool:
        return Catching._update_hook(self, my_task)

    def fire(self, my_task: PlanTask, payload: dict[str, Any] | None, again: bool) -> None:
        acting = my_task
        if self.interrupting:
            for other in my_task.workflow.live():
                if other is not my_task and other.attached:
                    other.cancel(by=my_task.path)
        elif again or self.event_definition.repeats:
            acting = my_task.parent.child(self, "")
        acting.enter()
        acting._set_state(TaskState.STARTED)
        if payload is not None:
            acting.store(self.event_definition.result or self.start, payload)
        acting.workflow.top_workflow.open_scope(acting)

    def _run_hook(self, my_task: PlanTask) -> bool:
        return True

    def _on_cancel(self, my_task: PlanTask) -> None:
        if my_task.started:
            super()._on_cancel(my_task)


class _Throwing(Floor):
    KEPT: tuple[str, ...] = ("event_definition",)
    event_definition: Trigger

    def _run_hook(self, my_task: PlanTask) -> bool:
        my_task.step.throw(my_task, self.event_definition)
        return True


class ThrowEvent(_Throwing, defaults.IntermediateThrowEvent):
    kind = "intermediateThrowEvent"


class SendTask(_Throwing, defaults.SendTask):
    kind = "sendTask"


class EndEvent(_Throwing, defaults.EndEvent):
    kind = "endEvent"

    def _run_hook(self, my_task: PlanTask) -> bool:
        return True

    def _on_complete(self, my_task: PlanTask) -> None:
        super()._on_complete(my_task)
        my_task.step.ended(my_task)
        if self.event_definition.kind == "terminate":
            for other in my_task.workflow.live():
                if other.attached:
                    other.cancel(by=my_task.path)
        else:
            my_task.step.throw(my_task, self.event_definition)
