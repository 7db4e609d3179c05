"""Ways and tables that depend on what somebody types: what a decision was taken on stands in the
record in the open, so it is shown to auditors unmasked and cannot be destroyed with the case."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from workflows.catalogue import Catalogue
from workflows.contract import FormField
from workflows.decision_model import DecisionTable, LiteralExpression
from workflows.findings import Findings

#: A field as expressions name it: the task's id, a dot, the field's. Texts in quotes are no names.
_NAMED: Final = re.compile(r'"(?:[^"\\]|\\.)*"|(\w+\.\w+)')


def check(catalogue: Catalogue, tables: Mapping[str, DecisionTable], found: Findings) -> None:
    """Adds the warning ``typed_words_decide`` for each condition and each table's input that reads
    a typed field (`workflows.contract.FormField.typed`)."""
    typed = {
        f"{element.id}.{field.id}": field
        for element in catalogue.elements.values()
        if not element.form_key
        for field in element.form_fields
        if field.typed
    }
    if not typed:
        return
    for place in catalogue.root.walk():
        for flow in place.scope.flows:
            for name in sorted(typed.keys() & _names(flow.condition)):
                words = _words(name, typed[name])
                found.warning("typed_words_decide", place.scope.process.file, flow.id, **words)
    for table in tables.values():
        for text in _read_by(table):
            for name in sorted(typed.keys() & _names(text)):
                words = _words(name, typed[name])
                found.warning("typed_words_decide", table.file, table.id, **words)


def _words(name: str, field: FormField) -> dict[str, str]:
    """The field as its form calls it, with its name in expressions."""
    english = field.label_en or field.label
    if not field.label:
        return {"name": name}
    return {"name": f"{field.label} {name}", "name_en": f"{english} {name}"}


def _names(text: str) -> set[str]:
    return {name for name in _NAMED.findall(text) if name}


def _read_by(table: DecisionTable) -> Iterator[str]:
    if isinstance(table.logic, LiteralExpression):
        yield table.logic.text
    else:
        yield from (one.text for one in table.logic.inputs)
