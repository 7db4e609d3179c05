"""The tiers a step of a plan's table comes for: the condition of the choice it hangs on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.plan_table import TableRow, given_in
from services.plan_table_draft import Draft
from workflows.catalogue import Place
from workflows.edits import skip, tiers
from workflows.edits.extension import given
from workflows.edits.refusal import CannotEdit
from workflows.edits.skip import Names
from workflows.edits.tiers import Tiers
from workflows.edits.tree import Source

_CHOICES: Final = ("exclusiveGateway", "inclusiveGateway")


def set_tiers(draft: Draft, path: str, wanted: frozenset[str]) -> None:
    """Let the step come for these tiers only, by the condition it hangs on. Raises CannotEdit
    ``in_diagram`` where it hangs on none of the tier, ``tier_taken``."""
    row = draft.row(path)
    if row.tiers == wanted:
        return
    every = Tiers.of(draft.table.manifest)
    if not wanted or not wanted <= every.all:
        raise CannotEdit("no_tiers", "tiers")
    place = draft.table.place_of(path)
    flows = place.scope.incoming(row.element.id)
    flow = flows[0] if len(flows) == 1 else None
    gate = place.scope.nodes.get(flow.source) if flow is not None else None
    known = flow is not None and (
        tiers.splits(flow.condition, every)
        or tiers.admitted(flow.condition, every, given_in(place)) != every.all
    )
    if gate is None or gate.kind not in _CHOICES or flow is None or not known:
        _wrap(draft, row, place, wanted, every)
        draft.tell("tiers", row, old=row.tiers, new=wanted)
        return
    others = [one for one in place.scope.outgoing(gate.id) if one is not flow]
    if tiers.splits(flow.condition, every):
        if gate.kind == "exclusiveGateway":
            _require_free(flow.condition, [one.condition for one in others], wanted, every)
        text = tiers.rewritten(flow.condition, wanted, every, grading(draft))
        if not text:  # for every tier: a condition that always holds
            lowest = min(every.levels.values())
            text = f"{grading(draft)}.level >= {lowest}"
        source = Source(draft.files[row.file], row.file)
        node = source.node(flow.id).first("conditionExpression")
        assert node is not None
        source.set_text(node, text)
        draft.put_file(row.file, source.done())
    else:
        _set_handed(draft, place, flow.condition, wanted, every)
    left = next((one for one in others if one.default), None)
    draft.tell("tiers", row, old=row.tiers, new=wanted)
    if left is not None and row.tiers is not None and row.tiers - wanted and left.name:
        draft.tell("tiers_left", row, tiers=row.tiers - wanted, way=left.name, way_en=left.name_en)


def _wrap(draft: Draft, row: TableRow, place: Place, wanted: frozenset[str], every: Tiers) -> None:
    """A choice by tier around a step that comes for all: only where the grading is known, in the
    plan's own process and after it."""
    grade = grading(draft)
    numbers = [one.path for one in draft.table.rows]
    inner = place
    while inner.parent is not None and inner.call is None:
        inner = inner.parent
    around = set(row.path.split("/")[:-1])
    if inner.call is not None or grade in around or numbers.index(grade) >= numbers.index(row.path):
        raise CannotEdit("in_diagram", "tiers")
    if row.tiers is not None and wanted - row.tiers:  # another choice before it decides
        raise CannotEdit("in_diagram", "tiers")
    shown = [one for one in draft.table.manifest.get("tiers", []) if one["key"] in wanted]
    taken = Names(
        "、".join(str(one.get("name", one["key"])) for one in shown),
        ", ".join(str(one.get("name_en") or one["key"]) for one in shown),
    )
    body = skip.wrap(
        draft.files[row.file], row.file, row.element.id, tiers.written(wanted, every, grade),
        Names("按等级?", "By tier?"), taken, Names("其他等级", "Other tiers"),
    )  # fmt: skip
    draft.put_file(row.file, body)


def _require_free(
    condition: str, others: Sequence[str], wanted: frozenset[str], every: Tiers
) -> None:
    """No other way of the same choice may take a tier under the same further condition."""
    rest = tiers.rest(condition, every)
    for other in others:
        if other and tiers.splits(other, every) and tiers.rest(other, every) == rest:
            both = wanted & tiers.admitted(other, every)
            if both:
                raise CannotEdit("tier_taken", "tiers", tiers=" ".join(sorted(both)))


def _set_handed(
    draft: Draft, place: Place, condition: str, wanted: frozenset[str], every: Tiers
) -> None:
    """The condition is a flag its caller hands in: change what is handed in by this call."""
    name = tiers.flag(condition)
    around: Place | None = place
    while around is not None and around.call is None:
        around = around.parent
    if not name or around is None or around.call is None or around.parent is None:
        raise CannotEdit("in_diagram", "tiers")
    mapping = next((one for one in around.call.ins if one.target == name), None)
    if mapping is not None and mapping.source:  # handed on: look where it is said
        _set_handed(draft, around.parent, mapping.source, wanted, every)
        return
    if mapping is None or any(one.call is not None for one in around.parent.up()):
        raise CannotEdit("in_diagram", "tiers")
    text = tiers.rewritten(mapping.expression, wanted, every, grading(draft)) or "true"
    file = around.parent.scope.process.file
    source = Source(draft.files[file], file)
    item = given(source.node(around.path.rpartition("/")[2]), name)
    assert item is not None
    source.set(item, "sourceExpression", text)
    draft.put_file(file, source.done())


def grading(draft: Draft) -> str:
    """The id of the plan's grading task, whose result conditions ask. Raises CannotEdit
    ``in_diagram`` where it has none of its own."""
    root = draft.table.read.root
    for node in root.scope.nodes.values():
        if draft.table.read.elements[node.id].form_key == "planroom:grade":
            return node.id
    raise CannotEdit("in_diagram", "tiers")
