"""Parsed specs to plain data and back.

What is stored is what runs, in our own format (the stock serialiser's format changes with the
library): per process ``[class, name, bpmn id, kept arguments, flows]`` a spec.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit

from workflows.process_spec import ProcessSpec
from workflows.specs import events, gateways, multi, scopes, tasks
from workflows.specs.base import Floor, Flow, PassThrough
from workflows.specs.definitions import Trigger
from workflows.specs.parser import PlanParser


class Root(Floor, BpmnTaskSpec):
    """The root of a scope's tree. It is never run."""


_CLASSES: dict[str, type[Any]] = {
    "user": tasks.UserTask, "external": tasks.ExternalTask, "rule": tasks.RuleTask,
    "task": PassThrough, "exclusive": gateways.ExclusiveGateway,
    "inclusive": gateways.InclusiveGateway, "parallel": gateways.ParallelGateway,
    "event_based": gateways.EventBasedGateway, "start": events.StartEvent,
    "end": events.EndEvent, "catch": events.CatchEvent, "throw": events.ThrowEvent,
    "boundary": events.BoundaryEvent, "send": events.SendTask, "receive": events.ReceiveTask,
    "sub": scopes.SubProcess, "transaction": scopes.Transaction, "call": scopes.CallActivity,
    "event_sub": events.EventSubProcess, "multi": multi.MultiInstance, "loop": multi.Loop,
    "split": events.Split,
}  # fmt: skip
_KEYS = {cls: key for key, cls in _CLASSES.items()}


def collect(roots: Iterable[tuple[str, etree._Element]]) -> dict[str, Any]:
    """The specs of all executable processes of the files (name, root element), as plain data.

    Each file has a parser of its own: two called processes may both hold a sub-process of the
    same id. A sub-process is stored as ``process/sub``. Raises ValidationException, and
    RecursionError for a chain of some 400 elements without a branch.
    """
    found: dict[str, Any] = {}
    for file, root in roots:
        parser = PlanParser()
        parser.add_bpmn_xml(root, filename=file)
        for process_id in parser.get_process_ids():
            _collect(parser, process_id, process_id, process_id, found)
    return found


def _collect(
    parser: PlanParser, process_id: str, root: str, key: str, found: dict[str, Any]
) -> BpmnProcessSpec:
    spec = parser.get_spec(process_id)
    nodes: list[list[Any]] = []
    found[key] = None  # keeps the order: outer before inner
    for task_spec in list(spec.task_specs.values()):
        if isinstance(task_spec, BoundaryEventSplit):
            flows = [Flow("", name) for name in task_spec._outputs]
            nodes.append(["split", task_spec.name, "", {}, _flows(flows)])
            continue
        class_key = _KEYS.get(type(task_spec))
        if class_key is None:
            continue  # the stock start, end join, end and boundary join
        kept = {name: getattr(task_spec, name) for name in task_spec.KEPT}
        if isinstance(task_spec, scopes.SubProcess) and not task_spec.isolated:
            inner_key = f"{root}/{task_spec.spec}"
            inner = _collect(parser, task_spec.spec, root, inner_key, found)
            kept["subworkflow_spec"] = inner_key
            if isinstance(task_spec, events.EventSubProcess):
                start = next(s for s in inner.bpmn_start_events)
                kept.update(event_definition=start.event_definition, start=start.name)
        if "event_definition" in kept:
            kept["event_definition"] = kept["event_definition"].as_list()
        nodes.append([class_key, task_spec.name, task_spec.bpmn_id, kept, _flows(task_spec.flows)])
    starts = list(spec.bpmn_start_events)
    begins = [s.name for s in starts if s.event_definition.kind == "none"]
    found[key] = {
        "nodes": nodes,
        "begins": begins or [s.name for s in starts[:1]],
        "watches": [n[1] for n in nodes if n[0] == "event_sub"],
    }
    return spec


def _flows(flows: Iterable[Flow]) -> list[list[Any]]:
    return [[flow.id, flow.target, flow.condition, flow.default] for flow in flows]


def build(stored: Mapping[str, Any]) -> dict[str, ProcessSpec]:
    """The specs of `collect`'s data, ready to run and never written to again."""
    return {name: _build(name, data) for name, data in stored.items()}


def _build(name: str, data: Mapping[str, Any]) -> ProcessSpec:
    spec = ProcessSpec(name)
    spec.start = Root(spec, "Start")
    incoming: dict[str, list[str]] = {}
    for key, node_name, bpmn_id, kept, flows in data["nodes"]:
        arguments = dict(kept)
        if "event_definition" in arguments:
            arguments["event_definition"] = Trigger(*arguments["event_definition"])
        elif key == "event_based":
            arguments["event_definition"] = Trigger("none")
        made = _CLASSES[key](spec, node_name, **arguments)
        made.bpmn_id = bpmn_id
        made.flows = tuple(Flow(*flow) for flow in flows)
        for flow in made.flows:
            incoming.setdefault(flow.target, []).append(flow.id)
    for target, ids in incoming.items():
        spec.task_specs[target].incoming = tuple(ids)
    spec.begins = tuple(data["begins"])
    spec.watches = tuple(data["watches"])
    return spec
