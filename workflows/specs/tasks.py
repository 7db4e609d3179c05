"""Tasks: of people, of the outside, of decision tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from SpiffWorkflow.bpmn.specs.defaults import ServiceTask as StockServiceTask
from SpiffWorkflow.bpmn.specs.defaults import UserTask as StockUserTask
from SpiffWorkflow.bpmn.specs.mixins import BpmnSpecMixin

from workflows.specs.base import Floor

if TYPE_CHECKING:
    from workflows.task import PlanTask


class UserTask(Floor, StockUserTask):
    """Waits, READY, for `engine.complete`. Its result becomes the variable of its id."""

    kind = "userTask"
    manual = True

    def __init__(self, wf_spec: Any, name: str, **kwargs: Any) -> None:
        kwargs.pop("form", None)  # forms are read by the catalogue
        super().__init__(wf_spec, name, **kwargs)
        self.manual = True

    def _update_hook(self, my_task: PlanTask) -> bool:
        my_task.step.opening(my_task)
        return True


class ExternalTask(Floor, StockServiceTask):
    """``serviceTask camunda:type="external"``: an intent, then STARTED until answered."""

    kind = "serviceTask"

    def _run_hook(self, my_task: PlanTask) -> bool | None:
        my_task.step.external(my_task)
        return None


class RuleTask(Floor, BpmnSpecMixin):
    """``businessRuleTask``: our own decision tables; the stock DMN engine is not used."""

    kind = "businessRuleTask"
    KEPT: tuple[str, ...] = ("decision", "result", "mapping")

    def __init__(
        self,
        wf_spec: Any,
        name: str,
        decision: str = "",
        result: str = "",
        mapping: str = "",
        **kwargs: Any,
    ) -> None:
        kwargs.pop("dmnEngine", None)
        super().__init__(wf_spec, name, **kwargs)
        self.decision = decision
        self.result = result
        self.mapping = mapping

    def _run_hook(self, my_task: PlanTask) -> bool:
        value = my_task.step.decide(my_task, self.decision, self.mapping)
        my_task.store(self.result or self.bpmn_id, value)
        return True
