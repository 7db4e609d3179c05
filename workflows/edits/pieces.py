"""The shapes to be put in a row on a flow, and what they are to the rest once they stand there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from workflows.edits.drawing import Drawing, Shape
from workflows.edits.geometry import Box

#: Between a new shape and what stands before and after it on the flow.
GAP: Final = 40
#: Between a new shape and everything beside the flow.
BESIDE: Final = 14


@dataclass(frozen=True, slots=True)
class Piece:
    """One of the shapes to be put in a row on a flow."""

    id: str
    kind: str
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Row:
    """The ``pieces`` in their order on ``flow``, which then leads to the first; of ``links``, as
    many as pieces, each leads from a piece to the next and the last to the flow's old target."""

    flow: str
    pieces: Sequence[Piece]
    links: Sequence[str]

    def ways(self, target: str) -> Iterator[tuple[str, str, str]]:
        """Each link with what it leads from and to."""
        ids = [*(piece.id for piece in self.pieces), target]
        for link, (one, other) in zip(self.links, pairwise(ids), strict=True):
            yield link, one, other


def stand(drawing: Drawing, row: Row, boxes: Mapping[str, Box], lane: str) -> None:
    """Draw the pieces in their boxes, in the lane ("" none)."""
    for piece in row.pieces:
        drawing.shapes[piece.id] = Shape(boxes[piece.id])
        drawing.facts.kinds[piece.id] = piece.kind
        if lane:
            drawing.facts.lanes[piece.id] = lane


def join(drawing: Drawing, row: Row) -> None:
    """What leads where and stands in what, for the rules that ask it."""
    facts = drawing.facts
    source, target = facts.ends[row.flow]
    facts.ends[row.flow] = (source, row.pieces[0].id)
    for link, one, other in row.ways(target):
        facts.ends[link] = (one, other)
    if row.flow in facts.inside:
        for id in (*(piece.id for piece in row.pieces), *row.links):
            facts.inside[id] = facts.inside[row.flow]
    elif facts.lanes:
        for piece in row.pieces:
            if piece.id not in facts.lanes:
                facts.lanes[piece.id] = _lane_at(drawing, drawing.shapes[piece.id].box, source)


def _lane_at(drawing: Drawing, box: Box, source: str) -> str:
    for id in dict.fromkeys(drawing.facts.lanes.values()):
        if id in drawing.shapes and drawing.shapes[id].box.holds(box):
            return id
    return drawing.lane_of(source)
