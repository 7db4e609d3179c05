"""What people are asked that the plan then goes by: the answers a what-if run varies.

A field of a form counts when a condition, a timer, a decision table or the data handed to a called
process reads it; everything else is left as a person leaves it who fills in no more than they must.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from workflows.catalogue import Catalogue
from workflows.contract import Element
from workflows.decision_model import DecisionTable, Table
from workflows.definition import Definition

#: Fields of the special forms that leave a person a choice, the usual one first.
_CHOICES: Final[Mapping[str, Mapping[str, tuple[Any, ...]]]] = {
    "planroom:statement-review": {"decision": ("approve", "return", "reject")},
    "planroom:statement-approve": {"decision": ("approve", "return", "reject")},
    "planroom:closing": {"criterion_met": (True, False)},
}
_WORD: Final = re.compile(r"\w+")
#: A name and the part of it that is asked for; the part may be the name of another such.
_PART: Final = re.compile(r"\b(\w+)(?=\s*\.\s*(\w+))")
#: The question every grading form asks.
TIER: Final = "tier"


@dataclass(frozen=True, slots=True)
class Tier:
    """``level`` counts from 1, the highest last."""

    key: str
    level: int


@dataclass(frozen=True, slots=True)
class Question:
    """A field somebody fills in: ``options`` are the values it may take, the usual one first.
    ``quiet``: only a decision table reads it, whose answer no condition reads."""

    path: str
    field: str
    options: tuple[Any, ...]
    quiet: bool = False

    @property
    def key(self) -> str:
        return f"{self.path}#{self.field}"


@dataclass(frozen=True, slots=True)
class Asked:
    """All a plan asks: ``questions`` by the path of the task, ``tiers`` lowest first."""

    questions: Mapping[str, tuple[Question, ...]]
    tiers: tuple[Tier, ...]

    def question(self, key: str) -> Question | None:
        """The question of a `Question.key`; None where the plan does not ask it."""
        path, _, field = key.rpartition("#")
        return next((q for q in self.questions.get(path, ()) if q.field == field), None)


def read(definition: Definition, catalogue: Catalogue, manifest: Mapping[str, Any]) -> Asked:
    """The questions of a plan."""
    texts, tables = _texts(definition, catalogue)
    in_texts, in_tables = _parts_read(texts), _parts_read(tables)
    aliases = _aliases(catalogue)
    asked: dict[str, tuple[Question, ...]] = {}
    for element in definition.elements.values():
        if element.kind != "userTask":
            continue
        names = (element.id, *sorted(aliases.get(element.id, ())))
        found = []
        for field, options in _fields(element):
            loud = _reads(in_texts, texts, names, field)
            if loud or _reads(in_tables, tables, names, field):
                found.append(Question(element.path, field, options, quiet=not loud))
        if found:
            asked[element.path] = tuple(found)
    tiers = sorted(
        (Tier(str(row["key"]), int(row["level"])) for row in manifest.get("tiers", [])),
        key=lambda tier: tier.level,
    )
    return Asked(asked, tuple(tiers))


def graded(tier: Tier) -> dict[str, Any]:
    """What the grading form gives for a tier."""
    return {"tier": tier.key, "level": tier.level, "overridden": False, "reason": ""}


# ------------------------------------------------------------------------------ reading


def _fields(element: Element) -> list[tuple[str, tuple[Any, ...]]]:
    """The fields with a few known values, the usual one first."""
    special = _CHOICES.get(element.form_key)
    if special is not None:
        return list(special.items())
    found: list[tuple[str, tuple[Any, ...]]] = []
    for field in element.form_fields:
        if field.type == "boolean":
            usual = field.default == "true"
            found.append((field.id, (usual, not usual)))
        elif field.type == "enum" and field.options:
            values = [value for value, _, _ in field.options]
            values.sort(key=lambda value: value != field.default)
            found.append((field.id, tuple(values)))
    return found


def _texts(definition: Definition, catalogue: Catalogue) -> tuple[str, str]:
    """All FEEL a plan goes by, and apart from it that of decision tables whose answer nothing
    of it reads."""
    loud = [flow.condition for flow in catalogue.flows.values() if flow.condition]
    for call in catalogue.calls.values():
        loud += [mapping.expression for mapping in (*call.ins, *call.outs) if mapping.expression]
    for element in definition.elements.values():
        loud += [text for text in (element.timer, element.follow_up) if text]
    results: list[tuple[str, str]] = []
    for spec in definition.specs.values():
        for task in spec.task_specs.values():
            loud += [
                str(text)
                for name in ("collection", "cardinality", "condition")
                if (text := getattr(task, name, None))
            ]
            if getattr(task, "decision", ""):
                results.append((str(task.result or task.bpmn_id), str(task.decision)))
    quiet = []
    # A table that feeds another table's question is loud as soon as that one is: look until
    # nothing changes, the tables being few.
    pending = results
    while pending:
        words = set(_WORD.findall("\n".join(loud)))
        heard = [row for row in pending if row[0] in words]
        if not heard:
            break
        pending = [row for row in pending if row not in heard]
        loud += [_table_text(definition.tables, decision) for _, decision in heard]
    quiet = [_table_text(definition.tables, decision) for _, decision in pending]
    return "\n".join(loud), "\n".join(quiet)


def _table_text(tables: Mapping[str, DecisionTable], decision: str) -> str:
    table = tables.get(decision)
    if table is None:
        return ""
    found: list[str] = []
    for one in (*table.required, table):
        if isinstance(one.logic, Table):
            found += [column.text for column in one.logic.inputs]
            found += [test for rule in one.logic.rules for test in (*rule.tests, *rule.outputs)]
        else:
            found.append(one.logic.text)
    return "\n".join(found)


def _aliases(catalogue: Catalogue) -> dict[str, set[str]]:
    """Under which other names calls hand an element's result on: element id -> names."""
    found: dict[str, set[str]] = {}
    for call in catalogue.calls.values():
        for mapping in (*call.ins, *call.outs):
            if mapping.source and mapping.target and mapping.source != mapping.target:
                found.setdefault(mapping.source, set()).add(mapping.target)
    for name in list(found):  # handed on twice
        for other in list(found[name]):
            found[name] |= found.get(other, set())
    return found


def _reads(read: frozenset[tuple[str, str]], text: str, names: Iterable[str], field: str) -> bool:
    """Whether ``text``, which reads these parts of these names, reads the field of one."""
    return any(
        (name, field) in read
        if name.isidentifier() and field.isidentifier()
        else re.search(rf"\b{re.escape(name)}\s*\.\s*{re.escape(field)}\b", text)
        for name in names
    )


def _parts_read(text: str) -> frozenset[tuple[str, str]]:
    """Every ``name.part`` of a text, also within a longer path. Looked up once for all fields: a
    plan may have thousands."""
    return frozenset(found.groups() for found in _PART.finditer(text))  # type: ignore[misc]
