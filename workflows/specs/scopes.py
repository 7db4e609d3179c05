"""Sub-processes, called processes and event sub-processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from SpiffWorkflow.bpmn.specs import defaults
from SpiffWorkflow.util.task import TaskState

from workflows.specs.base import Floor

if TYPE_CHECKING:
    from workflows.instance import SubWorkflow
    from workflows.task import PlanTask


class SubProcess(Floor, defaults.SubWorkflowTask):
    """An embedded sub-process: works on the data of the scope it stands in."""

    kind = "subProcess"
    KEPT: tuple[str, ...] = ("subworkflow_spec",)
    isolated = False

    @property
    def subworkflow_spec(self) -> str:
        return str(self.spec)

    def _update_hook(self, my_task: PlanTask) -> bool:
        if my_task.state == TaskState.FUTURE:
            my_task._set_state(TaskState.STARTED)
            my_task.workflow.top_workflow.open_scope(my_task)
        return False

    def _on_cancel(self, my_task: PlanTask) -> None:
        my_task.workflow.top_workflow.close_scope(my_task)
        super()._on_cancel(my_task)

    def incoming_data(self, my_task: PlanTask) -> dict[str, Any]:
        """What the inner scope starts with, of its own."""
        return dict(my_task.internal_data.get("locals", {}))

    def outgoing_data(self, my_task: PlanTask, inner: SubWorkflow) -> None:
        """What the inner scope leaves behind. Nothing to do where it is the outer one."""
        if not inner.shared:
            own = my_task.internal_data.get("locals", {})
            for name, value in inner.scope.items():
                if name not in own:
                    my_task.store(name, value)


class CallActivity(SubProcess, defaults.CallActivity):
    """A called process: only what ``camunda:in`` and ``camunda:out`` name goes over."""

    kind = "callActivity"
    KEPT: tuple[str, ...] = ("subworkflow_spec", "ins", "outs")
    isolated = True

    def __init__(
        self,
        wf_spec: Any,
        name: str,
        subworkflow_spec: str = "",
        ins: list[dict[str, str]] | None = None,
        outs: list[dict[str, str]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(wf_spec, name, subworkflow_spec, **kwargs)
        self.ins = ins or []
        self.outs = outs or []

    def incoming_data(self, my_task: PlanTask) -> dict[str, Any]:
        return transfer(my_task, self.ins, my_task.variables())

    def outgoing_data(self, my_task: PlanTask, inner: SubWorkflow) -> None:
        for name, value in transfer(my_task, self.outs, inner.variables()).items():
            my_task.store(name, value)


def transfer(
    my_task: PlanTask, mappings: list[dict[str, str]], source: dict[str, Any]
) -> dict[str, Any]:
    """The variables that ``camunda:in`` or ``camunda:out`` elements carry over. A source
    variable that does not exist arrives as null."""
    result: dict[str, Any] = {}
    for one in mappings:
        if one.get("variables") == "all":
            result.update(source)
        elif "sourceExpression" in one:
            result[one["target"]] = my_task.step.evaluate(my_task, one["sourceExpression"], source)
        elif "source" in one:
            result[one.get("target", one["source"])] = source.get(one["source"])
    return result


class Transaction(SubProcess, defaults.TransactionSubprocess):
    """A transaction without compensation behaves as a sub-process."""

    kind = "transaction"
