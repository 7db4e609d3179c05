"""Every diagram of the plan library is drawn to be read."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from tests.unit.drawing import Drawing
from tests.unit.plan_driver import LIBRARY

DIAGRAMS = sorted(LIBRARY.glob("*/*.bpmn"))


@pytest.mark.parametrize("path", DIAGRAMS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_diagram_is_drawn_to_be_read(path: Path) -> None:
    drawing = Drawing(path.read_bytes())
    assert drawing.undrawn() == []
    assert list(drawing.overlaps()) == []
    assert drawing.slanting() == []
    assert list(drawing.crossings()) == []
    assert list(drawing.struck_labels()) == []
    unnamed = [
        id for id in drawing.nodes
        if not drawing.names[id] and drawing.kinds[id].endswith(("Task", "Activity", "Process"))
    ]  # fmt: skip
    assert unnamed == []


@pytest.mark.parametrize("path", DIAGRAMS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_node_stands_in_the_lane_it_names(path: Path) -> None:
    drawing = Drawing(path.read_bytes())
    root = etree.fromstring(path.read_bytes())
    space = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
    listed: dict[str, str] = {}
    for lane in root.iter(f"{space}lane"):
        for reference in lane.iterchildren(f"{space}flowNodeRef"):
            assert reference.text not in listed
            listed[str(reference.text)] = str(lane.get("id"))
    assert set(listed) == {id for id in drawing.nodes if id not in drawing.inside}
    for id, lane_id in listed.items():
        if id not in drawing.hosts:
            assert drawing.shapes[lane_id].holds(drawing.shapes[id]), (id, lane_id)
