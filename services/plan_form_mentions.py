"""What else in a plan asks for a field of a form: what the author is told before it goes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lxml import etree

from services.plan_folder import CLAUSES, read_toml
from workflows import edits_form, xml
from workflows.contract import DeploymentError, FormField
from workflows.decision_model import Table
from workflows.decision_xml import parse as parse_decisions
from workflows.edits_form import FieldEdit


@dataclass(frozen=True, slots=True)
class Mention:
    """A place in the plan that asks for a field, or for one value of a choice. ``element`` is an
    id, ``name`` its name ("" for none), ``text`` what stands there."""

    field: str
    value: str
    file: str
    element: str
    name: str
    text: str


def gone(before: Sequence[FormField], fields: Sequence[FieldEdit]) -> list[tuple[str, str]]:
    """What the plan can no longer ask for: (field, "") for a field that is taken away or renamed,
    (field, value) for a value of a choice."""
    there = {one.id: one for one in fields}
    lost: list[tuple[str, str]] = []
    for old in before:
        one = there.get(old.id)
        if one is None:
            lost.append((old.id, ""))
        elif old.type == "enum":
            values = {option.value for option in one.options} if one.type == "enum" else set()
            lost += [(old.id, value) for value, _, _ in old.options if value not in values]
    return lost


def mentions_key(found: Iterable[Mention]) -> str:
    """What the author confirms: the fields and values that are asked for."""
    return "|".join(sorted({f"{one.field}={one.value}" for one in found}))


def mentions(
    files: Mapping[str, bytes], file: str, task_id: str, lost: Sequence[tuple[str, str]]
) -> list[Mention]:
    """Where conditions, timers, mappings, decision tables and clauses ask for what is lost."""
    found: list[Mention] = []
    for name in sorted(files):
        try:
            if name.endswith(".bpmn"):
                found += _in_diagram(files[name], name, task_id, lost, own=name == file)
            elif name.endswith(".dmn"):
                found += _in_tables(files[name], name, task_id, lost)
            elif name == CLAUSES:
                found += _in_clauses(files, task_id, lost)
        except DeploymentError:
            continue  # a finding of its own
    return list(dict.fromkeys(found))


def _asks(task_id: str, field: str) -> re.Pattern[str]:
    name = rf"{re.escape(task_id)}\s*(?:\[[^\]]{{0,200}}\]\s*)?\.\s*{re.escape(field)}"
    return re.compile(rf"(?<![\w.]){name}(?!\w)")


def _in_diagram(
    data: bytes, file: str, task_id: str, lost: Sequence[tuple[str, str]], *, own: bool
) -> Iterator[Mention]:
    root = xml.parse(data, file)
    patterns = [(field, value, _asks(task_id, field)) for field, value in lost]
    # A file of its own data has a step of this name of its own: only what it hands out counts.
    foreign = not own and task_id in edits_form.element_ids(data, file)
    for node in root.iter():
        if foreign and not str(node.tag).endswith("}out"):
            continue
        for text in (node.text or "", *map(str, node.attrib.values())):
            for field, value, pattern in patterns:
                if pattern.search(text) and (not value or f'"{value}"' in text):
                    holder = _named(node)
                    yield Mention(
                        field, value, file, holder.get("id") or "", holder.get("name") or "",
                        text.strip()[:300],
                    )  # fmt: skip


def _named(node: etree._Element) -> etree._Element:
    """The BPMN element with an id that the node belongs to."""
    inner = ("conditionExpression", "timerEventDefinition", "timeDuration", "timeDate", "timeCycle")
    for one in (node, *node.iterancestors()):
        tag = str(one.tag)
        if one.get("id") and tag.startswith(f"{{{xml.BPMN}}}") and not tag.endswith(inner):
            return one
    return node


def _in_tables(
    data: bytes, file: str, task_id: str, lost: Sequence[tuple[str, str]]
) -> Iterator[Mention]:
    for decision in parse_decisions(data, file).values():
        logic = decision.logic
        cells: list[tuple[str, str, list[str]]]
        if isinstance(logic, Table):
            cells = [
                (column.text, column.label, [column.allowed, *(r.tests[n] for r in logic.rules)])
                for n, column in enumerate(logic.inputs)
            ]
            rest = [text for rule in logic.rules for text in (*rule.tests, *rule.outputs)]
        else:
            cells, rest = [], [logic.text]
        for field, value in lost:
            pattern = _asks(task_id, field)
            for text, label, tests in cells:
                asked = [t for t in tests if f'"{value}"' in t] if value else [text]
                if pattern.search(text) and asked:
                    shown = text if not value else asked[0]
                    yield Mention(field, value, file, decision.id, label or decision.name, shown)
            for text in rest:
                if pattern.search(text) and (not value or f'"{value}"' in text):
                    yield Mention(field, value, file, decision.id, decision.name, text[:300])


def _in_clauses(
    files: Mapping[str, bytes], task_id: str, lost: Sequence[tuple[str, str]]
) -> Iterator[Mention]:
    names = {f"{task_id}#{field}": field for field, value in lost if not value}
    rows = read_toml(files, CLAUSES).get("clause")
    for row in rows if isinstance(rows, list) else ():
        carried = row.get("by") if isinstance(row, Mapping) else None
        for by in carried if isinstance(carried, list) else ():
            field = names.get(str(by).rpartition("/")[2])
            if field is not None:
                text = str(row.get("text", ""))[:300]
                yield Mention(field, "", CLAUSES, str(row.get("id", "")), "", text)
