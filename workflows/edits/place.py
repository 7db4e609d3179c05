"""A place in the drawing for something new on a flow: in line with it where there is room, else
where room is made, else aside in the lane it belongs to.

Every way is tried on a copy and judged by the rules all drawings obey; the first without a new
fault is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from workflows.edits import aside, in_line
from workflows.edits.drawing import Drawing
from workflows.edits.faults import faults
from workflows.edits.pieces import Piece, Row
from workflows.edits.refusal import CannotEdit

Finish = Callable[[Drawing], bool]


def on_flow(
    drawing: Drawing,
    flow: str,
    pieces: Sequence[Piece],
    links: Sequence[str],
    *,
    lanes: Sequence[str] = (),
    finish: Finish = lambda drawing: True,
) -> Drawing:
    """The drawing with the pieces in a row on the flow (`Row`). ``lanes`` are the lanes they
    should stand in, if they can. ``finish`` draws what hangs on them and says whether that could
    be done. Raises CannotEdit ``no_room``."""
    before = faults(drawing)
    for attempt in _ways(drawing, Row(flow, pieces, links), lanes):
        made = attempt()
        if made is not None and finish(made) and not faults(made) - before:
            return made
    raise CannotEdit("no_room")


def _ways(
    drawing: Drawing, row: Row, lanes: Sequence[str]
) -> Iterator[Callable[[], Drawing | None]]:
    yield from in_line.ways(drawing, row, lanes)
    if lanes:
        yield from aside.ways(drawing, row, lanes)
    yield from in_line.ways(drawing, row, ())
    yield from aside.ways(drawing, row, ())
