"""New steps: a task on a flow, a review of a text with its way back, in the lane of their role."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from workflows.edits import roles
from workflows.edits.drawing import Drawing, Edge
from workflows.edits.extension import property_of
from workflows.edits.flows import arrive, behind, flow_id
from workflows.edits.labels import label_beside
from workflows.edits.new_text import NewTask, flow_text, gateway_text, task_text
from workflows.edits.pieces import Piece
from workflows.edits.place import on_flow
from workflows.edits.refusal import CannotEdit
from workflows.edits.route import route
from workflows.edits.tree import BPMN, Source

TASK: Final = (130.0, 80.0)
GATEWAY: Final = (50.0, 50.0)
_APPROVED: Final = '{id}.decision = "approve" or {id}.decision = "approve_with_edits"'


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
    _splice(source, flow, [task_text(source, task, flow, link)], [link], target, [])
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
        task_text(source, task, flow, asks),
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


def _id_of(text: str) -> str:
    return text.split(' id="', 1)[1].split('"', 1)[0]


# ---------------------------------------------------------------------------------- lanes


def drawn(source: Source, flow: str) -> Drawing:
    """The drawing of the file. Raises CannotEdit ``in_diagram`` where the flow, or what it leads
    from and to, is not drawn."""
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
