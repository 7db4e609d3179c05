"""A step that comes for some tiers only: a choice before it, the way past it, and where both
ways meet again."""

from __future__ import annotations

from dataclasses import dataclass

from workflows.edits.drawing import Drawing, Edge
from workflows.edits.flows import behind, flow_id, only_flow
from workflows.edits.insert import GATEWAY, drawn, named
from workflows.edits.labels import label_beside
from workflows.edits.new_text import flow_text, gateway_text
from workflows.edits.pieces import Piece
from workflows.edits.place import on_flow
from workflows.edits.route import route
from workflows.edits.steps import fresh
from workflows.edits.tree import Source


@dataclass(frozen=True, slots=True)
class Names:
    """A name in the plan's two languages."""

    zh: str
    en: str


def wrap(
    data: bytes, file: str, id: str, condition: str, asked: Names, taken: Names, passed: Names
) -> bytes:
    """The step only when the condition holds. ``asked`` names the choice, ``taken`` and
    ``passed`` its two ways. Raises CannotEdit ``in_diagram``, ``no_room``."""
    source = Source(data, file)
    before, after = only_flow(source, id, into=True), only_flow(source, id, into=False)
    drawing = drawn(source, before.id)
    target = after.get("targetRef")
    choice = fresh(source.names, f"gw_{id}_tier")
    meeting = fresh({*source.names, choice}, f"gw_{id}_on")
    inner = flow_id(source, choice, id)
    onward = flow_id(source, meeting, target)
    past = flow_id(source, choice, meeting)
    lanes = [lane] if (lane := drawing.facts.lanes.get(id)) else []

    def finish(made: Drawing) -> bool:
        made.facts.ends[past] = (choice, meeting)
        if before.id in made.facts.inside:
            made.facts.inside[past] = made.facts.inside[before.id]
        points = route(made, choice, meeting)
        if points is None:
            return False
        made.edges[past] = Edge(points)
        return True

    first, second = (Piece(one, "exclusiveGateway", *GATEWAY) for one in (choice, meeting))
    made = on_flow(drawing, before.id, [first], [inner], lanes=lanes)
    made = on_flow(made, after.id, [second], [onward], lanes=lanes, finish=finish)
    label_beside(made, choice, 12.0 * len(asked.zh) + 4)
    label_beside(made, inner, 12.0 * len(taken.zh) + 4)
    label_beside(made, past, 12.0 * len(passed.zh) + 4)
    named(source, made, [choice, meeting], "")
    source.set(before, "targetRef", choice)
    source.set(after, "targetRef", meeting)
    node = source.node(id)
    for one in node.of("incoming"):
        source.set_text(one, inner)
    for one in source.node(target).of("incoming"):
        if one.text.strip() == after.id:
            source.set_text(one, onward)
    source.before(
        node,
        gateway_text(source, choice, asked.zh, asked.en, [before.id], [inner, past], past),
    )
    source.after(
        behind(source, node),
        gateway_text(source, meeting, "", "Merge", [after.id, past], [onward], ""),
    )
    source.after(
        after,
        flow_text(source, inner, choice, id, condition, taken.zh, taken.en),
        flow_text(source, past, choice, meeting, "", passed.zh, passed.en),
        flow_text(source, onward, meeting, target),
    )
    made.write(source)
    return source.done()
