"""A small fluent builder of BPMN 2.0 XML for tests (no diagram interchange).

    plan = Process("p1").start().user_task("grade", "duty").end()
    xml = document(plan.chain("start", "grade", "end"))

Every adder returns the scope it was called on, so calls chain; `sub_process` and
`event_sub_process` return the new inner `Scope`. Flows are added by `flow` (one) or
`chain` (several, in order); flow ids default to ``<source>__<target>``. What the builder
writes is schema-valid BPMN 2.0 (elements in the standard's order) unless `raw` is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Self

from lxml import etree

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
CAMUNDA = "http://camunda.org/schema/1.0/bpmn"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
NSMAP = {"bpmn": BPMN, "camunda": CAMUNDA, "xsi": XSI}

#: One `camunda:formField`: (id, type) or (id, type, {attribute or option: text}).
Field = tuple[str, str] | tuple[str, str, Mapping[str, Any]]


def bpmn(tag: str) -> str:
    return f"{{{BPMN}}}{tag}"


def camunda(name: str) -> str:
    return f"{{{CAMUNDA}}}{name}"


class Scope:
    """A process or sub-process: the things that may hold flow elements."""

    def __init__(self, node: etree._Element) -> None:
        self.node = node

    # ------------------------------------------------------------ plumbing

    def add(
        self,
        tag: str,
        id: str,
        *,
        name: str = "",
        documentation: str = "",
        documentation_en: str = "",
        properties: Mapping[str, str] | None = None,
        camunda_attributes: Mapping[str, str] | None = None,
        **attributes: str,
    ) -> etree._Element:
        """The flow element itself, for what the named adders do not cover. ``camunda_attributes``
        are written in the camunda namespace; other keywords as plain attributes."""
        node = etree.SubElement(self.node, bpmn(tag), id=id)
        if name:
            node.set("name", name)
        for key, value in attributes.items():
            node.set(key, value)
        for key, value in (camunda_attributes or {}).items():
            node.set(camunda(key), value)
        if documentation:
            etree.SubElement(node, bpmn("documentation")).text = documentation
        if documentation_en:
            etree.SubElement(
                node, bpmn("documentation"), textFormat="text/x-en"
            ).text = documentation_en
        if properties:
            holder = etree.SubElement(extensions(node), camunda("properties"))
            for key, value in properties.items():
                etree.SubElement(holder, camunda("property"), name=key, value=value)
        return node

    def raw(self, xml: str) -> Self:
        """Anything at all, as text; the prefixes bpmn, camunda and xsi are bound."""
        holder = f'<x xmlns:bpmn="{BPMN}" xmlns:camunda="{CAMUNDA}" xmlns:xsi="{XSI}">{xml}</x>'
        for child in etree.fromstring(holder):
            self.node.append(child)
        return self

    # --------------------------------------------------------------- flows

    def flow(self, source: str, target: str, condition: str | None = None, id: str = "") -> Self:
        node = etree.SubElement(
            self.node,
            bpmn("sequenceFlow"),
            id=id or f"{source}__{target}",
            sourceRef=source,
            targetRef=target,
        )
        if condition is not None:
            expression = etree.SubElement(node, bpmn("conditionExpression"))
            expression.set(f"{{{XSI}}}type", "bpmn:tFormalExpression")
            expression.text = condition
        return self

    def chain(self, *ids: str) -> Self:
        for source, target in pairwise(ids):
            self.flow(source, target)
        return self

    # -------------------------------------------------------------- events

    def start(self, id: str = "start", **keywords: Any) -> Self:
        self.add("startEvent", id, **keywords)
        return self

    def end(self, id: str = "end", *, terminate: bool = False, **keywords: Any) -> Self:
        node = self.add("endEvent", id, **keywords)
        if terminate:
            event(node, "terminate")
        return self

    def start_on(
        self,
        id: str,
        *,
        interrupting: bool = True,
        timer: tuple[str, str] | None = None,
        message: str = "",
        signal: str = "",
        error: str = "",
        **keywords: Any,
    ) -> Self:
        """The start event of an event sub-process. ``timer`` is (date|duration|cycle, text);
        ``message``, ``signal`` and ``error`` are the ids of the document's definitions."""
        node = self.add("startEvent", id, isInterrupting=_flag(interrupting), **keywords)
        trigger(node, timer=timer, message=message, signal=signal, error=error)
        return self

    def catch(
        self,
        id: str,
        *,
        timer: tuple[str, str] | None = None,
        message: str = "",
        signal: str = "",
        **keywords: Any,
    ) -> Self:
        node = self.add("intermediateCatchEvent", id, **keywords)
        trigger(node, timer=timer, message=message, signal=signal)
        return self

    def throw(self, id: str, *, message: str = "", signal: str = "", **keywords: Any) -> Self:
        node = self.add("intermediateThrowEvent", id, **keywords)
        trigger(node, message=message, signal=signal)
        return self

    def boundary(
        self,
        id: str,
        on: str,
        *,
        interrupting: bool = True,
        timer: tuple[str, str] | None = None,
        message: str = "",
        signal: str = "",
        error: str = "",
        **keywords: Any,
    ) -> Self:
        node = self.add(
            "boundaryEvent", id, attachedToRef=on, cancelActivity=_flag(interrupting), **keywords
        )
        trigger(node, timer=timer, message=message, signal=signal, error=error)
        return self

    def boundary_timer(
        self,
        id: str,
        on: str,
        duration: str = "",
        *,
        date: str = "",
        cycle: str = "",
        interrupting: bool = True,
        deadline: str = "",
        escalate_to: str = "",
        properties: Mapping[str, str] | None = None,
        **keywords: Any,
    ) -> Self:
        """A timer on ``on``: exactly one of ``duration``, ``date`` and ``cycle``. ``deadline``
        is the property deadlineKind."""
        texts = {"duration": duration, "date": date, "cycle": cycle}
        kind, text = next((k, v) for k, v in texts.items() if v)
        own = dict(properties or {})
        if deadline:
            own["deadlineKind"] = deadline
        if escalate_to:
            own["escalateTo"] = escalate_to
        return self.boundary(
            id, on, interrupting=interrupting, timer=(kind, text), properties=own, **keywords
        )

    # ---------------------------------------------------------- activities

    def task(self, id: str, **keywords: Any) -> Self:
        """A none task: passes at once."""
        self.add("task", id, **keywords)
        return self

    def user_task(
        self,
        id: str,
        groups: str = "",
        *,
        form_key: str = "",
        fields: Sequence[Field] = (),
        loop: etree._Element | None = None,
        camunda_attributes: Mapping[str, str] | None = None,
        **keywords: Any,
    ) -> Self:
        own = dict(camunda_attributes or {})
        if groups:
            own["candidateGroups"] = groups
        if form_key:
            own["formKey"] = form_key
        node = self.add("userTask", id, camunda_attributes=own, **keywords)
        if fields:
            form_data(node, fields)
        return self._looped(node, loop)

    def service_task(self, id: str, topic: str, **keywords: Any) -> Self:
        own = {"type": "external", "topic": topic}
        self.add("serviceTask", id, camunda_attributes=own, **keywords)
        return self

    def business_rule(
        self, id: str, decision: str, result: str, mapping: str = "singleResult", **keywords: Any
    ) -> Self:
        own = {"decisionRef": decision, "resultVariable": result, "mapDecisionResult": mapping}
        self.add("businessRuleTask", id, camunda_attributes=own, **keywords)
        return self

    def call(
        self,
        id: str,
        process: str,
        *,
        ins: Mapping[str, str] | None = None,
        outs: Mapping[str, str] | None = None,
        in_expressions: Mapping[str, str] | None = None,
        all_in: bool = False,
        all_out: bool = False,
        loop: etree._Element | None = None,
        **keywords: Any,
    ) -> Self:
        """A call activity. ``ins`` and ``outs`` map source variable to target variable;
        ``in_expressions`` maps target variable to a FEEL source expression."""
        node = self.add("callActivity", id, calledElement=process, **keywords)
        for tag, mapping in (("in", ins), ("out", outs)):
            for source, target in (mapping or {}).items():
                etree.SubElement(extensions(node), camunda(tag), source=source, target=target)
        for target, expression in (in_expressions or {}).items():
            etree.SubElement(
                extensions(node), camunda("in"), sourceExpression=expression, target=target
            )
        if all_in:
            etree.SubElement(extensions(node), camunda("in"), variables="all")
        if all_out:
            etree.SubElement(extensions(node), camunda("out"), variables="all")
        return self._looped(node, loop)

    def sub_process(self, id: str, *, loop: etree._Element | None = None, **kw: Any) -> Scope:
        node = self.add("subProcess", id, **kw)
        self._looped(node, loop)
        return Scope(node)

    def event_sub_process(self, id: str, **keywords: Any) -> Scope:
        return Scope(self.add("subProcess", id, triggeredByEvent="true", **keywords))

    def _looped(self, node: etree._Element, loop: etree._Element | None) -> Self:
        if loop is not None:
            node.append(loop)
        return self

    # ------------------------------------------------------------ gateways

    def exclusive(self, id: str, *, default: str = "", **keywords: Any) -> Self:
        """``default`` is the id of a flow (``<source>__<target>`` unless named)."""
        return self._gateway("exclusiveGateway", id, default, keywords)

    def inclusive(self, id: str, *, default: str = "", **keywords: Any) -> Self:
        return self._gateway("inclusiveGateway", id, default, keywords)

    def parallel(self, id: str, **keywords: Any) -> Self:
        return self._gateway("parallelGateway", id, "", keywords)

    def event_based(self, id: str, **keywords: Any) -> Self:
        return self._gateway("eventBasedGateway", id, "", keywords)

    def _gateway(self, tag: str, id: str, default: str, keywords: dict[str, Any]) -> Self:
        if default:
            keywords["default"] = default
        self.add(tag, id, **keywords)
        return self


class Process(Scope):
    """One executable process."""

    def __init__(self, id: str, name: str = "", *, executable: bool = True) -> None:
        node = etree.Element(bpmn("process"), nsmap=NSMAP, id=id, isExecutable=_flag(executable))
        if name:
            node.set("name", name)
        super().__init__(node)

    def lanes(self, lanes: Mapping[str, Sequence[str] | Mapping[str, Sequence[str]]]) -> Self:
        """Lane name -> ids of flow nodes, or -> inner lanes (name -> ids). Lane ids are
        ``lane_1``, ``lane_2``, ... in the order written."""
        lane_set = etree.Element(bpmn("laneSet"), id=f"{self.node.get('id')}_lanes")
        self.node.insert(0, lane_set)
        count = 0

        def lane(parent: etree._Element, name: str, ids: Sequence[str]) -> etree._Element:
            nonlocal count
            count += 1
            node = etree.SubElement(parent, bpmn("lane"), id=f"lane_{count}", name=name)
            for id in ids:
                etree.SubElement(node, bpmn("flowNodeRef")).text = id
            return node

        for name, content in lanes.items():
            if isinstance(content, Mapping):
                outer = lane(lane_set, name, [id for ids in content.values() for id in ids])
                inner_set = etree.SubElement(outer, bpmn("childLaneSet"), id=f"{name}_lanes")
                for inner, ids in content.items():
                    lane(inner_set, inner, ids)
            else:
                lane(lane_set, name, content)
        return self


def document(
    *processes: Process,
    messages: Mapping[str, str] | None = None,
    signals: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> bytes:
    """The XML file: ``messages`` and ``signals`` map id to name, ``errors`` id to error code."""
    root = etree.Element(
        bpmn("definitions"),
        nsmap=NSMAP,
        id="definitions",
        targetNamespace="https://example.org/bpmn",
    )
    for id, name in (messages or {}).items():
        etree.SubElement(root, bpmn("message"), id=id, name=name)
    for id, name in (signals or {}).items():
        etree.SubElement(root, bpmn("signal"), id=id, name=name)
    for id, code in (errors or {}).items():
        etree.SubElement(root, bpmn("error"), id=id, name=id, errorCode=code)
    for process in processes:
        _wire(process.node)
        root.append(process.node)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def multi_instance(
    *,
    cardinality: str = "",
    collection: str = "",
    element_variable: str = "",
    sequential: bool = False,
    until: str = "",
) -> etree._Element:
    """Loop characteristics for ``loop=``. ``collection`` and ``element_variable`` are camunda's;
    ``until`` is the completion condition."""
    node = etree.Element(bpmn("multiInstanceLoopCharacteristics"), isSequential=_flag(sequential))
    if collection:
        node.set(camunda("collection"), collection)
    if element_variable:
        node.set(camunda("elementVariable"), element_variable)
    for tag, text in (("loopCardinality", cardinality), ("completionCondition", until)):
        if text:
            expression = etree.SubElement(node, bpmn(tag))
            expression.set(f"{{{XSI}}}type", "bpmn:tFormalExpression")
            expression.text = text
    return node


def manifest(
    process: str = "p1",
    *,
    roles: Sequence[str] | Mapping[str, str] = ("duty", "office", "leader"),
    variables: Mapping[str, str] | None = None,
    anchors: Sequence[str] = (),
    calls: Sequence[str] = (),
    **more: Any,
) -> dict[str, Any]:
    """plan.toml as parsed. ``roles`` are bound to roles of the same key unless mapped."""
    bound = dict(roles) if isinstance(roles, Mapping) else {key: key for key in roles}
    return {
        "key": process,
        "title": process,
        "process": process,
        "calls": list(calls),
        "roles": {k: {"role": v, "name": k, "name_en": k} for k, v in bound.items()},
        "variables": dict(variables or {}),
        "anchors": [{"key": key, "name": key, "name_en": key} for key in anchors],
        **more,
    }


def extensions(node: etree._Element) -> etree._Element:
    """The node's extensionElements, made if missing, in its place after documentation."""
    found = node.find(bpmn("extensionElements"))
    if found is not None:
        return found
    made = etree.Element(bpmn("extensionElements"))
    node.insert(len(node.findall(bpmn("documentation"))), made)
    return made


def event(node: etree._Element, kind: str, **attributes: str) -> etree._Element:
    """An event definition inside ``node``: event(node, "terminate"), event(node, "error", ...)."""
    made = etree.SubElement(node, bpmn(f"{kind}EventDefinition"))
    made.set("id", f"{node.get('id')}_{kind}")
    for key, value in attributes.items():
        made.set(key, value)
    return made


def trigger(
    node: etree._Element,
    *,
    timer: tuple[str, str] | None = None,
    message: str = "",
    signal: str = "",
    error: str = "",
) -> None:
    if timer is not None:
        kind, text = timer
        holder = etree.SubElement(event(node, "timer"), bpmn(f"time{kind.capitalize()}"))
        holder.set(f"{{{XSI}}}type", "bpmn:tFormalExpression")
        holder.text = text
    if message:
        event(node, "message", messageRef=message)
    if signal:
        event(node, "signal", signalRef=signal)
    if error:
        event(node, "error", errorRef=error)


def form_data(node: etree._Element, fields: Sequence[Field]) -> None:
    """``camunda:formData``. In a field's mapping ``label`` and ``defaultValue`` are attributes,
    ``options`` maps value to label, ``properties`` and ``validation`` map name to text."""
    holder = etree.SubElement(extensions(node), camunda("formData"))
    for id, kind, *rest in fields:
        more: Mapping[str, Any] = rest[0] if rest else {}
        made = etree.SubElement(holder, camunda("formField"), id=str(id), type=str(kind))
        for key in ("label", "defaultValue"):
            if key in more:
                made.set(key, more[key])
        if "properties" in more:
            own = etree.SubElement(made, camunda("properties"))
            for key, value in more["properties"].items():
                etree.SubElement(own, camunda("property"), id=key, value=value)
        if "validation" in more:
            rules = etree.SubElement(made, camunda("validation"))
            for key, value in more["validation"].items():
                etree.SubElement(rules, camunda("constraint"), name=key, config=value)
        for key, value in more.get("options", {}).items():
            etree.SubElement(made, camunda("value"), id=key, name=value)


def _flag(value: bool) -> str:
    return "true" if value else "false"


#: What stands before bpmn:incoming in every flow node.
_BEFORE_FLOWS = (bpmn("documentation"), bpmn("extensionElements"))


def _wire(process: etree._Element) -> None:
    """Write the incoming and outgoing references the standard asks of every flow node."""
    if process.find(f".//{bpmn('incoming')}") is not None:
        return
    nodes = {node.get("id"): node for node in process.iter() if node.get("id")}
    ends: dict[str, list[etree._Element]] = {}
    for flow in process.iter(bpmn("sequenceFlow")):
        for tag, end in (("incoming", "targetRef"), ("outgoing", "sourceRef")):
            reference = etree.Element(bpmn(tag))
            reference.text = flow.get("id")
            ends.setdefault(str(flow.get(end)), []).append(reference)
    for id, references in ends.items():
        node = nodes.get(id)
        if node is None:
            continue
        at = sum(1 for child in node if child.tag in _BEFORE_FLOWS)
        for reference in sorted(references, key=lambda r: str(r.tag).endswith("outgoing")):
            node.insert(at, reference)
            at += 1
