"""What differs in a plan's files though nothing it says does: the drawing, and the writing."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from lxml import etree

from services.plan_diff_changes import Both, Change, Key, PlanText, part_subject, subject_of
from workflows.diagram import ACTIVITIES, EVENTS, GATEWAYS, FlowNode, Lane, local

_DRAWING: Final = "{http://www.omg.org/spec/BPMN/20100524/DI}BPMNDiagram"
#: Parts of a node with an account of their own.
_OTHERS: Final = (
    ACTIVITIES | GATEWAYS | EVENTS | {"sequenceFlow", "incoming", "outgoing", "laneSet"}
)

_Form = tuple[object, ...]


def lane_changes(before: PlanText, after: PlanText) -> Iterator[Change]:
    """Lanes called otherwise, and elements in another lane."""
    for part in after.plan.parts:
        old, new = (text.read.processes.get(part.key) for text in (before, after))
        if old is None or new is None:
            continue
        was, now = ({lane.id: lane for lane in one.lanes.values()} for one in (old, new))
        for id, lane in now.items():
            if id in was and _names(was[id]) != _names(lane):
                yield Change(
                    "changed", "other", part_subject(part), "lane_name", _names(was[id]),
                    _names(lane), importance=1, elements=frozenset({(part.key, id)}),
                )  # fmt: skip
        for id, lane in new.lanes.items():
            other = old.lanes.get(id)
            key = (part.key, id)
            if other is not None and other.id != lane.id and key in after.elements:
                yield Change(
                    "moved", "other", subject_of(after, after.elements[key]), "lane",
                    _names(other), _names(lane), importance=1, elements=frozenset({key}),
                )  # fmt: skip


def process_changes(before: PlanText, after: PlanText) -> Iterator[Change]:
    """Names and explanations of the processes both have."""
    olds = {part.key: part for part in before.plan.parts}
    for new in after.plan.parts:
        old = olds.get(new.key)
        if old is None:
            continue
        names = Both(old.name, old.name_en), Both(new.name, new.name_en)
        if names[0] != names[1]:
            yield Change("changed", "other", part_subject(new), "name", *names)
        texts = (
            Both(old.documentation, old.documentation_en),
            Both(new.documentation, new.documentation_en),
        )
        if texts[0] != texts[1]:
            yield Change(
                "changed", "other", part_subject(new), "documentation", *texts, importance=1
            )


def untold_changes(
    before: PlanText, after: PlanText, told: Collection[Key], processes: Collection[str]
) -> Iterator[Change]:
    """So that nothing goes unsaid: elements written otherwise of which no change tells
    (``told``), processes of which none does (``processes``) but that are written or drawn
    otherwise."""
    seen = set(processes)
    for key, new in after.nodes.items():
        old = before.nodes.get(key)
        if old is None or key in told or key not in after.elements or _own(old) == _own(new):
            continue
        seen.add(key[0])
        yield Change(
            "changed", "other", subject_of(after, after.elements[key]), "written",
            importance=1, elements=frozenset({key}),
        )  # fmt: skip
    for part in after.plan.parts:
        if part.key in seen:
            continue
        roots = [
            text.read.diagrams.roots[text.read.processes[part.key].file]
            for text in (before, after)
            if part.key in text.read.processes
        ]
        if len(roots) < 2:
            continue
        if _said(roots[0]) != _said(roots[1]):
            yield Change("changed", "other", part_subject(part), "written", importance=1)
        elif _drawn(roots[0]) != _drawn(roots[1]):
            yield Change("moved", "other", part_subject(part), "layout", importance=1)


def _names(lane: Lane) -> Both:
    return Both(lane.name, lane.name_en)


def _own(node: FlowNode) -> _Form:
    """A node's XML without what stands in it and where its flows go."""
    return _form(node.node, _OTHERS)


def _said(root: etree._Element) -> list[_Form]:
    return [_form(child) for child in root if _is_element(child) and child.tag != _DRAWING]


def _drawn(root: etree._Element) -> list[_Form]:
    """The drawing, the order of its shapes left aside."""
    return sorted(
        (_form(shape) for child in root if child.tag == _DRAWING for plane in child
         for shape in plane if _is_element(shape)),
        key=repr,
    )  # fmt: skip


def _form(node: etree._Element, without: Collection[str] = ()) -> _Form:
    """An element so that two written alike are equal: spaces around texts and the order of
    attributes do not count."""
    return (
        str(node.tag),
        tuple(sorted((str(k), str(v)) for k, v in node.attrib.items())),
        (node.text or "").strip(),
        tuple(_form(child) for child in node if _is_element(child) and local(child) not in without),
    )


def _is_element(node: etree._Element) -> bool:
    """Not a comment or an instruction."""
    return isinstance(node.tag, str)
