"""Gateways: conditions are FEEL, joins count tokens by the flow they came by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from SpiffWorkflow.bpmn.specs import defaults
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.util.task import TaskState

from workflows.specs.base import Container, Floor, Flow

if TYPE_CHECKING:
    from workflows.task import PlanTask


class _Deciding(Floor):
    """Chooses among its outgoing flows by FEEL conditions, in the order of the file."""

    #: Take the first true flow only.
    exclusive = True

    def connect(self, taskspec: TaskSpec) -> None:
        TaskSpec.connect(self, taskspec)

    def connect_if(self, condition: object, task_spec: TaskSpec) -> None:
        TaskSpec.connect(self, task_spec)

    def leaving(self, my_task: PlanTask) -> Sequence[Flow]:
        if len(self.flows) == 1 and self.flows[0].condition is None:
            return self.flows
        return my_task.step.choose(my_task, self.flows, self.exclusive)


class _Joining(Floor):
    """Waits for tokens. One task per gateway and scope holds them all, in its internal data
    ``tokens``: flow id -> count. As in the stock engine the latest arrival is the one that
    goes on, which settles the order among parallel branches."""

    def entering(self, my_task: PlanTask) -> None:
        older = my_task.workflow.waiting_at(self.name, my_task)
        my_task.enter(again=older is not None)

    def _update_hook(self, my_task: PlanTask) -> bool:
        if len(self.incoming) < 2:
            return True
        if my_task.state == TaskState.FUTURE:
            tokens: dict[str, int] = {}
            older = my_task.workflow.waiting_at(self.name, my_task)
            if older is not None:
                tokens.update(older.internal_data["tokens"])
                older.detach()
            tokens[my_task.via] = tokens.get(my_task.via, 0) + 1
            my_task.internal_data["tokens"] = tokens
            my_task._set_state(TaskState.WAITING)
        return self.may_fire(my_task)

    def may_fire(self, my_task: PlanTask) -> bool:
        raise NotImplementedError

    def _on_complete(self, my_task: PlanTask) -> None:
        tokens = my_task.internal_data.pop("tokens", {})
        super()._on_complete(my_task)
        rest = {flow: n - 1 for flow, n in tokens.items() if n > 1}
        if rest:
            # More than one token stood on a flow: they wait for the next time.
            next_ = my_task.child(self, "")
            next_.internal_data["tokens"] = rest
            next_.enter(quiet=True)
            next_._set_state(TaskState.WAITING)


class ExclusiveGateway(_Deciding, defaults.ExclusiveGateway):
    kind = "exclusiveGateway"


class ParallelGateway(_Joining, defaults.ParallelGateway):
    kind = "parallelGateway"

    def may_fire(self, my_task: PlanTask) -> bool:
        tokens = my_task.internal_data["tokens"]
        return all(tokens.get(flow, 0) > 0 for flow in self.incoming)


class InclusiveGateway(_Deciding, _Joining, defaults.InclusiveGateway):
    """Joins as the standard says: it waits while some other token of the scope could still
    reach one of its empty flows without also being able to reach one that has a token."""

    kind = "inclusiveGateway"
    exclusive = False

    def may_fire(self, my_task: PlanTask) -> bool:
        tokens = my_task.internal_data["tokens"]
        held = {flow for flow in self.incoming if tokens.get(flow, 0) > 0}
        empty = set(self.incoming) - held
        if not empty:
            return True
        workflow = my_task.workflow
        for other in workflow.live():
            if other is my_task or other.task_spec is self:
                continue
            reached = workflow.spec.reach(other.task_spec.name, self.name)
            if reached & empty and not reached & held:
                return False
        return True


class EventBasedGateway(Container, defaults.EventBasedGateway):
    """Waits, through the events after it, for the first of them."""

    kind = "eventBasedGateway"
    holds_children = True

    def connect(self, child: TaskSpec) -> None:
        # The stock class moves the events' definitions into the gateway.
        TaskSpec.connect(self, child)

    def _update_hook(self, my_task: PlanTask) -> bool:
        return True

    def _run_hook(self, my_task: PlanTask) -> bool:
        return True

    def child_ended(self, my_task: PlanTask, child: PlanTask) -> None:
        my_task.internal_data["over"] = True
        for other in my_task.children:
            if other is not child and other.state == TaskState.WAITING:
                other.cancel(by=child.path)
