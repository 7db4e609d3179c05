"""How an event type is described, and the schema fragments the registry is written in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

Schema = Mapping[str, Any]
Category = Literal[
    "case",
    "tier",
    "task",
    "deadline",
    "engine",
    "statement",
    "report",
    "intake",
    "notice",
    "org",
    "audit",
]

TEXT: Schema = {"type": "string", "maxLength": 20_000}
KEY: Schema = {"type": "string", "minLength": 1, "maxLength": 120}
PATH: Schema = {"type": "string", "minLength": 1, "maxLength": 300}
UUID: Schema = {"type": "string", "minLength": 1, "maxLength": 80}
DIGEST: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
MOMENT: Schema = {
    "type": "string",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)$",
}
INT: Schema = {"type": "integer"}
ROW: Schema = {"type": "integer", "minimum": 1}  # the id of a row
COUNT: Schema = {"type": "integer", "minimum": 0}
BOOL: Schema = {"type": "boolean"}
NUMBER: Schema = {"type": "number"}
ANY: Schema = {}
CONTEXT: Schema = {"type": "object"}


def nullable(schema: Schema) -> Schema:
    """The schema, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def listing(schema: Schema, most: int = 2000) -> Schema:
    """A list of at most ``most`` items of the schema."""
    return {"type": "array", "items": schema, "maxItems": most}


def one_of(*values: str) -> Schema:
    """One of a few words."""
    return {"enum": list(values)}


class PayloadError(ValueError):
    """An event that the registry does not allow: a fault of ours, never of the person."""


@dataclass(frozen=True)
class EventType:
    """One type in one version.

    ``required`` and ``optional`` are the payload's fields; nothing else may stand in it.
    ``personal`` names the fields whose values the event only commits to. ``exceptions`` says when
    such an event belongs on the exceptions list: kind -> JSON schema the payload meets (``{}``:
    always). The list, its filter and its Excel file know kinds from here only.
    """

    name: str
    category: Category
    required: Mapping[str, Schema] = field(default_factory=dict)
    optional: Mapping[str, Schema] = field(default_factory=dict)
    personal: frozenset[str] = frozenset()
    version: int = 1
    exceptions: Mapping[str, Schema] = field(default_factory=dict)

    def exceptions_of(self, payload: Mapping[str, Any]) -> tuple[str, ...]:
        """The kinds of exception (例外) an event of this type with this payload is."""
        return tuple(kind for kind, rule in self._rules.items() if rule.is_valid(payload))

    @cached_property
    def _rules(self) -> dict[str, Draft202012Validator]:
        return {kind: Draft202012Validator(when) for kind, when in self.exceptions.items()}

    @cached_property
    def schema(self) -> Schema:
        """The payload's JSON schema (draft 2020-12)."""
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": f"{self.name} v{self.version}",
            "type": "object",
            "properties": {**self.required, **self.optional},
            "required": sorted(self.required),
            "additionalProperties": False,
        }

    @cached_property
    def _validator(self) -> Draft202012Validator:
        Draft202012Validator.check_schema(self.schema)
        return Draft202012Validator(self.schema)

    def check(self, payload: Mapping[str, Any], personal: Mapping[str, Any]) -> None:
        """Raise `PayloadError` when the payload is not of the schema, or a personal value is
        given for a field that is not declared so."""
        error = best_match(self._validator.iter_errors(payload))
        if error is not None:
            where = "/".join(map(str, error.absolute_path)) or "payload"
            raise PayloadError(f"{self.name} v{self.version}: {where}: {error.message}")
        unknown = personal.keys() - self.personal
        if unknown:
            raise PayloadError(f"{self.name}: not declared personal: {sorted(unknown)}")
