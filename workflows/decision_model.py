"""A DMN decision as parsed: a table or a literal expression, and what it needs first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

HitPolicy = Literal["UNIQUE", "ANY", "FIRST", "PRIORITY", "RULE ORDER", "OUTPUT ORDER", "COLLECT"]
Aggregation = Literal["", "SUM", "MIN", "MAX", "COUNT"]

HIT_POLICIES: Final[tuple[HitPolicy, ...]] = (
    "UNIQUE", "ANY", "FIRST", "PRIORITY", "RULE ORDER", "OUTPUT ORDER", "COLLECT",
)  # fmt: skip
AGGREGATIONS: Final[tuple[Aggregation, ...]] = ("", "SUM", "MIN", "MAX", "COUNT")
#: Policies whose result is a list of rows.
MULTIPLE: Final[frozenset[HitPolicy]] = frozenset({"RULE ORDER", "OUTPUT ORDER", "COLLECT"})


@dataclass(frozen=True, slots=True)
class Input:
    """An input column. ``type`` is a FEEL type ("" for Any); ``name`` is Camunda's input
    variable, by which cells may call the value beside ``?``. ``allowed`` are the unary tests of
    its input values, "" for none."""

    id: str
    label: str
    text: str
    type: str = ""
    name: str = ""
    allowed: str = ""


@dataclass(frozen=True, slots=True)
class Output:
    """An output column. ``values`` are the FEEL texts of its output values, highest priority
    first; ``default`` is the text of the default output entry, "" for none."""

    id: str
    label: str
    name: str
    type: str = ""
    values: tuple[str, ...] = ()
    default: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """``tests`` and ``outputs`` hold one text a column; ``text`` is the annotation, or the
    rule's description where it has none."""

    id: str
    tests: tuple[str, ...]
    outputs: tuple[str, ...]
    text: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A decision table's logic."""

    hit_policy: HitPolicy
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]
    aggregation: Aggregation = ""


@dataclass(frozen=True, slots=True)
class LiteralExpression:
    """A decision that is one FEEL expression."""

    text: str


@dataclass(frozen=True, slots=True)
class DecisionTable:
    """A DMN decision. ``logic`` is a table or a literal expression; ``variable`` is the name its
    result has for the decisions that need it; ``type`` the FEEL type of that variable.
    ``required`` are the decisions to take first, each with its own, in dependency order."""

    id: str
    name: str
    variable: str
    logic: Table | LiteralExpression
    type: str = ""
    required: tuple[DecisionTable, ...] = ()
    file: str = ""
