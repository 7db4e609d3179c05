"""Deadlines hung on a step that has none: timer events on its border with an end for what they
note, drawn below or above it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

from workflows.edits.drawing import Drawing, Edge, Shape
from workflows.edits.faults import faults
from workflows.edits.flows import behind, flow_id
from workflows.edits.geometry import Box, Point
from workflows.edits.new_text import extension_text, flow_text, node_text
from workflows.edits.refusal import CannotEdit
from workflows.edits.steps import fresh
from workflows.edits.timers import element
from workflows.edits.tree import BPMN, Source, attribute

EVENT: Final = 36.0
#: From the border to the end event, and what it takes with the space after it.
DOWN: Final = 26.0
_NAMES: Final = {
    "remind": ("提醒", "Remind"), "due": ("到限", "Limit reached"), "escalate": ("督办", "Escalate")
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Clock:
    """``kind`` is remind, due or escalate; ``timer`` the kind (date, duration) and text; ``to``
    the role an escalation goes to; ``anchor`` what it counts from, "" for the step's opening."""

    kind: str
    timer: tuple[str, str]
    anchor: str = ""
    to: str = ""


def add(data: bytes, file: str, host: str, clocks: Sequence[Clock]) -> bytes:
    """The step with the clocks on its border. Raises CannotEdit ``no_room``, ``in_diagram``."""
    source = Source(data, file)
    drawing = Drawing(source)
    if host not in drawing.shapes:
        raise CannotEdit("in_diagram", "amount")
    order = [one for kind in ("remind", "due", "escalate") for one in clocks if one.kind == kind]
    taken = set(source.names)
    ids: list[str] = []
    for one in order:
        ids.append(fresh(taken, f"{host}_{one.kind}"))
        taken.add(ids[-1])
    noted = fresh(taken, f"{host}_noted")
    flows = [flow_id(source, id, noted) for id in ids]
    made = _drawn(drawing, host, order, ids, noted, flows)
    node = source.node(host)
    events = [
        _event_text(source, one, id, host, flow)
        for one, id, flow in zip(order, ids, flows, strict=True)
    ]
    ended = extension_text(source, [], {"name.en": "Noted", "origin": "unit"})
    events.append(node_text(source, "endEvent", attribute("id", noted), ended, flows, []))
    source.after(behind(source, node), *events)
    _flows_after(
        source, host, [flow_text(source, f, i, noted) for f, i in zip(flows, ids, strict=True)]
    )
    _in_lane(source, drawing, host, [*ids, noted])
    made.write(source)
    return source.done()


def _event_text(source: Source, clock: Clock, id: str, host: str, flow: str) -> str:
    name, english = _NAMES[clock.kind]
    attributes = (
        attribute("id", id) + attribute("name", name) + attribute("attachedToRef", host)
        + ' cancelActivity="false"'
    )  # fmt: skip
    properties = {
        "name.en": english, "origin": "unit", "deadlineKind": clock.kind,
        "escalateTo": clock.to, "anchor": clock.anchor,
    }  # fmt: skip
    definition = source.tag(BPMN, "timerEventDefinition")
    timer = (
        f"<{definition}{attribute('id', f'{id}_timer')}>"
        f"{element(source, *clock.timer)}</{definition}>"
    )
    extension = extension_text(source, [], properties)
    return node_text(source, "boundaryEvent", attributes, extension, [], [flow], [timer])


def _flows_after(source: Source, host: str, texts: Sequence[str]) -> None:
    """Behind the last flow of the scope the host stands in."""
    parent = source.node(host).parent
    assert parent is not None
    flows = list(parent.of("sequenceFlow"))
    source.after((flows or parent.children)[-1], *texts)


def _in_lane(source: Source, drawing: Drawing, host: str, ids: Sequence[str]) -> None:
    lane = drawing.facts.lanes.get(host)
    if lane is None:
        return
    tag = source.tag(BPMN, "flowNodeRef")
    refs = list(source.node(lane).of("flowNodeRef"))
    source.after(refs[-1], *(f"<{tag}>{id}</{tag}>" for id in ids))


# -------------------------------------------------------------------------------- drawing


def _drawn(
    drawing: Drawing, host: str, clocks: Sequence[Clock], ids: Sequence[str], noted: str,
    flows: Sequence[str],
) -> Drawing:  # fmt: skip
    before = faults(drawing)
    for room, wide, below, at in product(
        (False, True), (False, True), (True, False), ("left", "right")
    ):
        made = drawing.copy()
        _hang(made, host, clocks, ids, noted, flows, below=below, room=room, wide=wide, at=at)
        if not faults(made) - before:
            return made
    raise CannotEdit("no_room", "amount")


def _hang(
    made: Drawing, host: str, clocks: Sequence[Clock], ids: Sequence[str], noted: str,
    flows: Sequence[str], *, below: bool, room: bool, wide: bool, at: str,
) -> None:  # fmt: skip
    step = EVENT + 8
    need = step * max(len(ids), 2) + 12
    box = made.shapes[host].box
    if wide:  # beside a line that meets the middle of the border
        _widen(made, host, 2 * need + 20 - box.width)
        box = made.shapes[host].box
    if room:
        edge = box.bottom + 1 if below else box.y - 1
        made.make_room("y", edge, EVENT / 2 + DOWN + EVENT + 20)
        box = made.shapes[host].box
    border = box.bottom if below else box.y
    sign = 1 if below else -1
    width = step * len(ids) - 8
    first = box.x + 6 if at == "left" else box.right - width - 6
    if not wide and width + 12 > box.width:
        first = box.x + (box.width - width) / 2
    middles = [first + EVENT / 2 + step * n for n in range(len(ids))]
    due = next((n for n, one in enumerate(clocks) if one.kind == "due"), 0)
    end_y = border + sign * (EVENT / 2 + DOWN + EVENT / 2)
    end_x = middles[due]
    _put(made, noted, "endEvent", (end_x, end_y), host)
    for n, (id, flow) in enumerate(zip(ids, flows, strict=True)):
        _put(made, id, "boundaryEvent", (middles[n], border), host)
        made.facts.hosts[id] = host
        name = _NAMES[clocks[n].kind][0]
        top = border + EVENT / 2 + 3 if below else border - EVENT / 2 - 19
        made.shapes[id].label = Box(middles[n] + 4, top, 12.0 * len(name) + 4, 16)
        made.facts.ends[flow] = (id, noted)
        if host in made.facts.inside:
            made.facts.inside[flow] = made.facts.inside[host]
        start: Point = (middles[n], border + sign * EVENT / 2)
        if n == due:
            made.edges[flow] = Edge([start, (end_x, end_y - sign * EVENT / 2)])
        else:
            side = -1 if middles[n] < end_x else 1
            made.edges[flow] = Edge([start, (middles[n], end_y), (end_x + side * EVENT / 2, end_y)])


def _put(made: Drawing, id: str, kind: str, middle: Point, host: str) -> None:
    made.shapes[id] = Shape(Box(middle[0] - EVENT / 2, middle[1] - EVENT / 2, EVENT, EVENT))
    made.facts.kinds[id] = kind
    if host in made.facts.inside:
        made.facts.inside[id] = made.facts.inside[host]
    elif host in made.facts.lanes:
        made.facts.lanes[id] = made.facts.lanes[host]


def _widen(made: Drawing, host: str, by: float) -> None:
    """Make the step wider to the right; what stands right of it moves on."""
    if by <= 0:
        return
    box = made.shapes[host].box
    made.make_room("x", box.right - 1, by)
    made.shapes[host].box = Box(box.x, box.y, box.width + by, box.height)
    for id, edge in made.edges.items():
        ends = made.facts.ends.get(id, ("", ""))
        for end, spot in ((ends[0], 0), (ends[1], -1)):
            x, y = edge.points[spot]
            if end == host and x == box.right:
                edge.points[spot] = (x + by, y)
