"""Multi-instance and loop bodies. Cardinality, collection and conditions are FEEL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from SpiffWorkflow.bpmn.specs.mixins import BpmnSpecMixin
from SpiffWorkflow.util.task import TaskState

from workflows.specs.base import Container
from workflows.specs.tasks import UserTask

if TYPE_CHECKING:
    from workflows.task import PlanTask

#: A cardinality beyond this is a mistake in the data, not a plan.
MOST_INSTANCES = 1000


class MultiInstance(Container, BpmnSpecMixin):
    """The body of a multi-instance activity; ``task_spec`` is the name of the instances' spec.

    Instances see ``element`` (the item's name) and ``loopCounter`` (zero-based). What they
    write arrives outside as a list with one entry an instance. Finished instances leave the
    tree; the body's internal data keeps ``n`` (how many), ``done`` and ``next``.
    """

    kind = "multiInstance"
    KEPT: tuple[str, ...] = (
        "task_spec", "sequential", "cardinality", "collection", "element", "condition",
    )  # fmt: skip

    def __init__(
        self,
        wf_spec: Any,
        name: str,
        task_spec: str = "",
        sequential: bool = False,
        cardinality: str = "",
        collection: str = "",
        element: str = "",
        condition: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(wf_spec, name, **kwargs)
        self.task_spec = task_spec
        self.sequential = sequential
        self.cardinality = cardinality
        self.collection = collection
        self.element = element
        self.condition = condition

    def _update_hook(self, my_task: PlanTask) -> bool:
        if my_task.state != TaskState.FUTURE:
            return False
        items = my_task.step.instances(my_task, self)
        if not items:
            if isinstance(my_task.workflow.spec.task_specs[self.task_spec], UserTask):
                my_task.store(self.bpmn_id, [])
            return True
        my_task.internal_data.update(n=len(items), done=0, next=0)
        if self.sequential and self.collection:
            # Later instances take their item from here: the collection is read once.
            my_task.internal_data["items"] = items
        my_task._set_state(TaskState.STARTED)
        first = [self._create(my_task, item) for item in (items[:1] if self.sequential else items)]
        for child in first:
            if child.attached:
                child.task_spec._update(child)
        return False

    def _create(self, my_task: PlanTask, item: Any) -> PlanTask:
        index = my_task.internal_data["next"]
        my_task.internal_data["next"] = index + 1
        child = my_task.child(my_task.workflow.spec.task_specs[self.task_spec], my_task.via)
        own: dict[str, Any] = {"loopCounter": index}
        if self.element:
            own[self.element] = item
        child.internal_data.update(i=index, locals=own)
        return child

    def child_ended(self, my_task: PlanTask, child: PlanTask) -> None:
        if my_task.state != TaskState.STARTED or child.state != TaskState.COMPLETED:
            return
        data = my_task.internal_data
        data["done"] += 1
        if data["done"] == data["n"] or self._satisfied(my_task, child):
            for other in my_task.children:
                if other is not child and other.has_state(TaskState.NOT_FINISHED_MASK):
                    other.cancel(by=my_task.path)
            my_task._ready()
        elif self.sequential:
            index = data["next"]
            item = data["items"][index] if "items" in data else index
            following = self._create(my_task, item)
            following.task_spec._update(following)

    def _satisfied(self, my_task: PlanTask, child: PlanTask) -> bool:
        if not self.condition:
            return False
        data = my_task.internal_data
        others = (c for c in my_task.children if c is not child)
        running = sum(not c.has_state(TaskState.FINISHED_MASK) for c in others)
        counters = {
            "nrOfInstances": data["n"],
            "nrOfCompletedInstances": data["done"],
            "nrOfActiveInstances": running,
        }
        return my_task.step.holds(my_task, self.condition, {**child.variables(), **counters})


class Loop(Container, BpmnSpecMixin):
    """A standard loop: again while ``condition`` holds, at most ``maximum`` times."""

    KEPT: tuple[str, ...] = ("task_spec", "maximum", "condition", "test_before")

    def __init__(
        self,
        wf_spec: Any,
        name: str,
        task_spec: str = "",
        maximum: int | None = None,
        condition: str | None = None,
        test_before: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(wf_spec, name, **kwargs)
        self.task_spec = task_spec
        self.maximum = maximum
        self.condition = condition
        self.test_before = test_before

    def entering(self, my_task: PlanTask) -> None:
        """Each turn enters the element; the body itself is not on the diagram."""

    def _update_hook(self, my_task: PlanTask) -> bool:
        if my_task.state != TaskState.FUTURE:
            return False
        my_task.internal_data["done"] = 0
        if self.test_before and self._over(my_task):
            return True
        my_task._set_state(TaskState.STARTED)
        self._turn(my_task)
        return False

    def _turn(self, my_task: PlanTask) -> None:
        child = my_task.child(my_task.workflow.spec.task_specs[self.task_spec], my_task.via)
        child.internal_data["locals"] = {"loopCounter": my_task.internal_data["done"]}
        child.task_spec._update(child)

    def _over(self, my_task: PlanTask) -> bool:
        if self.maximum is not None and my_task.internal_data["done"] >= self.maximum:
            return True
        if not self.condition:
            return False
        own = {**my_task.variables(), "loopCounter": my_task.internal_data["done"]}
        return not my_task.step.holds(my_task, self.condition, own)

    def child_ended(self, my_task: PlanTask, child: PlanTask) -> None:
        if my_task.state != TaskState.STARTED or child.state != TaskState.COMPLETED:
            return
        my_task.internal_data["done"] += 1
        if self._over(my_task):
            my_task._ready()
        else:
            self._turn(my_task)
