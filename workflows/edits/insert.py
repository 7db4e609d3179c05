"""New steps: a task on a flow, a review of a text with its way back, in the lane of their role."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from workflows.edits import roles
from workflows.edits.drawing import Drawing, Edge
from workflows.edits.extension import property_of
from workflows.edits.place import Piece, label_beside, on_flow
from workflows.edits.refusal import CannotEdit
from workflows.edits.route import route
from workflows.edits.steps import fresh
from workflows.edits.tree import BPMN, CAMUNDA, XSI, Node, Source, attribute

TASK: Final = (130.0, 80.0)
GATEWAY: Final = (50.0, 50.0)
_APPROVED: Final = '{id}.decision = "approve" or {id}.decision = "approve_with_edits"'


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a new step's form."""

    id: str
    label: str
    label_en: str
    type: str
    long: bool = False
    required: bool = False


@dataclass(frozen=True, slots=True)
class NewTask:
    """``form_key`` is one of the closed list or ""; ``kind`` the approval a review gives;
    ``not_same_as`` whose doer may not take it."""

    id: str
    name: str
    name_en: str
    role: str
    form_key: str = ""
    fields: tuple[Field, ...] = ()
    kind: str = ""
    not_same_as: str = ""


@dataclass(frozen=True, slots=True)
class Inserted:
    """``lane`` is the name of a lane that had to admit the role, "" for none."""

    data: bytes
    lane: str = ""


def add_task(data: bytes, file: str, flow: str, task: NewTask) -> Inserted:
    """A task on a flow: the flow leads to it, a new one from it to where the flow led. Raises
    CannotEdit ``no_room``, ``in_diagram``."""
    source = Source(data, file)
    drawing = drawn(source, flow)
    target = drawing.facts.ends[flow][1]
    link = flow_id(source, task.id, target)
    pieces = [Piece(task.id, "userTask", *TASK)]
    made = on_flow(drawing, flow, pieces, [link], lanes=_lanes(source, drawing, flow, task.role))
    lane = named(source, made, [task.id], task.role)
    _splice(source, flow, [_task_text(source, task, flow, link)], [link], target, [])
    made.write(source)
    return Inserted(source.done(), lane)


def add_review(
    data: bytes, file: str, flow: str, task: NewTask, draft: str, gateway: str, name: str,
    name_en: str,
) -> Inserted:  # fmt: skip
    """A review on a flow with its decision: agreed goes on, anything else goes back to the task
    ``draft``. ``gateway`` is the decision's id, ``name`` its name."""
    source = Source(data, file)
    drawing = drawn(source, flow)
    target = drawing.facts.ends[flow][1]
    asks = flow_id(source, task.id, gateway)
    on = flow_id(source, gateway, target)
    back = flow_id(source, gateway, draft, on)

    def finish(made: Drawing) -> bool:
        made.facts.ends[back] = (gateway, draft)
        if flow in made.facts.inside:
            made.facts.inside[back] = made.facts.inside[flow]
        points = route(made, gateway, draft)
        if points is None:
            return False
        made.edges[back] = Edge(points)
        return True

    pieces = [
        Piece(task.id, "userTask", *TASK), Piece(gateway, "exclusiveGateway", *GATEWAY)
    ]  # fmt: skip
    made = on_flow(
        drawing, flow, pieces, [asks, on],
        lanes=_lanes(source, drawing, flow, task.role), finish=finish,
    )  # fmt: skip
    for id, width in ((gateway, 12.0 * len(name) + 4), (on, 28.0), (back, 28.0)):
        label_beside(made, id, width)
    lane = named(source, made, [task.id, gateway], task.role)
    condition = _APPROVED.format(id=task.id)
    nodes = [
        _task_text(source, task, flow, asks),
        gateway_text(source, gateway, name, name_en, [asks], [on, back], back),
    ]
    flows = [
        flow_text(source, asks, task.id, gateway),
        flow_text(source, on, gateway, target, condition, "同意", "agreed"),
        flow_text(source, back, gateway, draft, "", "退回", "returned"),
    ]
    _splice(source, flow, nodes, [asks, on], target, flows)
    arrive(source, draft, back)
    made.write(source)
    return Inserted(source.done(), lane)


# ------------------------------------------------------------------------------- writing


def flow_id(source: Source, start: str, end: str, *taken: str) -> str:
    """``start__end``, as flows are called here."""
    return fresh({*source.names, *taken}, f"{start}__{end}")


def flow_text(
    source: Source, id: str, start: str, end: str, condition: str = "", name: str = "",
    name_en: str = "",
) -> str:  # fmt: skip
    """A sequence flow."""
    tag = source.tag(BPMN, "sequenceFlow")
    named = attribute("name", name) if name else ""
    head = (
        f"<{tag}{attribute('id', id)}{named}"
        f"{attribute('sourceRef', start)}{attribute('targetRef', end)}"
    )
    inner = []
    if name_en:
        inner.append(extension_text(source, [], {"name.en": name_en}))
    if condition:
        expression = source.tag(BPMN, "conditionExpression")
        type_ = f' {source.tag(XSI, "type")}="{source.tag(BPMN, "tFormalExpression")}"'
        inner.append(f"<{expression}{type_}>{_escaped(condition)}</{expression}>")
    if not inner:
        return f"{head} />"
    return f"{head}>\n{_indented(inner)}\n</{tag}>"


def node_text(
    source: Source, name: str, attributes: str, extension: str, incoming: Sequence[str],
    outgoing: Sequence[str], body: Sequence[str] = (),
) -> str:  # fmt: skip
    """A flow node with its extension elements and the flows it names."""
    tag = source.tag(BPMN, name)
    inner = [extension] if extension else []
    for kind, flows in (("incoming", incoming), ("outgoing", outgoing)):
        written = source.tag(BPMN, kind)
        inner += [f"<{written}>{flow}</{written}>" for flow in flows]
    return f"<{tag}{attributes}>\n{_indented([*inner, *body])}\n</{tag}>"


def _task_text(source: Source, task: NewTask, incoming: str, outgoing: str) -> str:
    camunda = {"candidateGroups": task.role, "formKey": task.form_key}
    attributes = attribute("id", task.id) + attribute("name", task.name)
    attributes += "".join(
        attribute(source.tag(CAMUNDA, key), value) for key, value in camunda.items() if value
    )
    properties = {
        "name.en": task.name_en, "origin": "unit", "notSameAs": task.not_same_as,
        "approvalKind": task.kind,
    }  # fmt: skip
    form = [_form(source, task.fields)] if task.fields else []
    extension = extension_text(source, form, properties)
    return node_text(source, "userTask", attributes, extension, [incoming], [outgoing])


def gateway_text(
    source: Source, id: str, name: str, name_en: str, incoming: Sequence[str],
    outgoing: Sequence[str], default: str,
) -> str:  # fmt: skip
    attributes = attribute("id", id) + (attribute("name", name) if name else "")
    if default:
        attributes += attribute("default", default)
    extension = extension_text(source, [], {"name.en": name_en, "origin": "unit"})
    return node_text(source, "exclusiveGateway", attributes, extension, incoming, outgoing)


def extension_text(source: Source, parts: Sequence[str], properties: dict[str, str]) -> str:
    tag = source.tag(BPMN, "extensionElements")
    return f"<{tag}>\n{_indented([*parts, properties_text(source, properties)])}\n</{tag}>"


def properties_text(source: Source, properties: dict[str, str]) -> str:
    tag, item = source.tag(CAMUNDA, "properties"), source.tag(CAMUNDA, "property")
    rows = [
        f"<{item}{attribute('name', name)}{attribute('value', value)} />"
        for name, value in properties.items()
        if value
    ]
    return f"<{tag}>\n{_indented(rows)}\n</{tag}>"


def _form(source: Source, fields: Sequence[Field]) -> str:
    tag = source.tag(CAMUNDA, "formData")
    return f"<{tag}>\n{_indented([_field(source, one) for one in fields])}\n</{tag}>"


def _field(source: Source, field: Field) -> str:
    tag, group = source.tag(CAMUNDA, "formField"), source.tag(CAMUNDA, "properties")
    item = source.tag(CAMUNDA, "property")
    rows = [f"<{item}{attribute('id', 'label.en')}{attribute('value', field.label_en)} />"]
    if field.long:
        rows.append(f"<{item}{attribute('id', 'widget')}{attribute('value', 'textarea')} />")
    inner = [f"<{group}>\n{_indented(rows)}\n</{group}>"]
    if field.required:
        outer, rule = source.tag(CAMUNDA, "validation"), source.tag(CAMUNDA, "constraint")
        required = f'<{rule} name="required" config="true" />'
        inner.append(f"<{outer}>\n{_indented([required])}\n</{outer}>")
    head = attribute("id", field.id) + attribute("label", field.label)
    return f"<{tag}{head}{attribute('type', field.type)}>\n{_indented(inner)}\n</{tag}>"


def _splice(
    source: Source, flow: str, nodes: Sequence[str], links: Sequence[str], target: str,
    flows: Sequence[str],
) -> None:  # fmt: skip
    """Put the nodes behind the one the flow comes from, the flows behind the flow."""
    node = source.node(flow)
    origin = source.node(node.get("sourceRef"))
    first = _id_of(nodes[0])
    source.set(node, "targetRef", first)
    texts = list(flows) or [flow_text(source, links[0], first, target)]
    source.after(behind(source, origin), *nodes)
    source.after(node, *texts)
    for one in source.node(target).of("incoming"):
        if one.text.strip() == flow:
            source.set_text(one, links[-1])


def only_flow(source: Source, id: str, *, into: bool) -> Node:
    """The one flow into a node, or out of it. Raises CannotEdit ``in_diagram`` for several."""
    end = "targetRef" if into else "sourceRef"
    found = [n for n in source.root.walk() if n.name == "sequenceFlow" and n.get(end) == id]
    if len(found) != 1:
        raise CannotEdit("in_diagram")
    return found[0]


def behind(source: Source, node: Node) -> Node:
    """The last of a node and the boundary events written right after it."""
    parent = node.parent
    assert parent is not None
    at = parent.children.index(node)
    while at + 1 < len(parent.children) and (
        parent.children[at + 1].get("attachedToRef") == node.id
    ):
        at += 1
    return parent.children[at]


def arrive(source: Source, id: str, flow: str) -> None:
    """Name a flow among those that lead to a node, where the file names them."""
    node = source.node(id)
    there = list(node.of("incoming"))
    if there:
        tag = source.tag(BPMN, "incoming")
        source.after(there[-1], f"<{tag}>{flow}</{tag}>")


def leave(source: Source, id: str, flow: str) -> None:
    """Name a flow among those that come from a node."""
    node = source.node(id)
    there = list(node.of("outgoing")) or list(node.of("incoming"))
    if there:
        tag = source.tag(BPMN, "outgoing")
        source.after(there[-1], f"<{tag}>{flow}</{tag}>")


def _id_of(text: str) -> str:
    return text.split(' id="', 1)[1].split('"', 1)[0]


# ---------------------------------------------------------------------------------- lanes


def drawn(source: Source, flow: str) -> Drawing:
    drawing = Drawing(source)
    if flow not in drawing.edges or not set(drawing.facts.ends.get(flow, ())) <= set(
        drawing.shapes
    ):
        raise CannotEdit("in_diagram")
    return drawing


def _lanes(source: Source, drawing: Drawing, flow: str, role: str) -> list[str]:
    """The lanes of the role's steps; none for a flow in a sub-process, which is in one lane."""
    if flow in drawing.facts.inside:
        return []
    return [lane.node.id for lane in roles.lanes(source) if role in lane.roles]


def named(source: Source, drawing: Drawing, ids: Sequence[str], role: str) -> str:
    """Name the new nodes in their lanes; the role among those of the lane it stands in. Returns
    the name of a lane that did not have the role."""
    tag = source.tag(BPMN, "flowNodeRef")
    lane_ids = {id: drawing.facts.lanes.get(id, "") for id in ids}
    for lane_id in dict.fromkeys(lane_ids.values()):
        if not lane_id:
            continue
        refs = list(source.node(lane_id).of("flowNodeRef"))
        texts = [f"<{tag}>{id}</{tag}>" for id in ids if lane_ids[id] == lane_id]
        source.after(refs[-1], *texts)
    first = drawing.lane_of(ids[0])
    if not first or not role:
        return ""
    node = source.node(first)
    allowed = tuple(property_of(node, "roles").split())
    lane = roles.Lane(node, allowed, frozenset())
    return node.get("name") if roles.admit(source, lane, role) else ""


def _indented(texts: Sequence[str]) -> str:
    return "\n".join(f"  {line}" for text in texts for line in text.split("\n"))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
