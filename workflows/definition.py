"""A plan version, compiled: what the engine needs to run it, pinned by its content hash."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException

from workflows import catalogue, check_people, checks, decision_table, xml
from workflows.bundle import Bundle
from workflows.check_expressions import MOST_HEAVY
from workflows.contract import DeploymentError, Element, Finding, FormField
from workflows.decision_model import DecisionTable
from workflows.feel import Feel
from workflows.findings import Findings
from workflows.process_spec import ProcessSpec
from workflows.specs import store
from workflows.state import pack, unpack
from workflows.task import static_path

__all__ = ["Bundle", "Definition", "DefinitionError", "compile_bundle"]

FORMAT = 1


class DefinitionError(Exception):
    """Bytes that are no stored definition, or one of a format not known here."""


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """A compiled plan version. Read-only: one is shared by all threads.

    ``elements`` are keyed by path, called processes in place. ``findings`` are the warnings of
    its deployment. ``anchors`` are the names of all anchors the plan may know.
    """

    content_hash: str
    process_id: str
    elements: Mapping[str, Element]
    findings: tuple[Finding, ...]
    anchors: frozenset[str]
    specs: dict[str, ProcessSpec]
    tables: Mapping[str, DecisionTable]
    _source: dict[str, Any] = field(repr=False)

    def element(self, path: str) -> Element:
        """The element at ``path``; multi-instance indices are left out of account. Raises
        KeyError."""
        return self.elements[static_path(path)]

    def dump(self) -> bytes:
        """The definition as bytes, in format 1: a byte of version, then zlib over JSON."""
        return bytes([FORMAT]) + zlib.compress(pack(self._source), 6)

    @classmethod
    def load(cls, data: bytes) -> Definition:
        """What `dump` gave. Raises DefinitionError."""
        if not data or data[0] != FORMAT:
            raise DefinitionError(f"definition format {data[0] if data else 'none'} is not known")
        try:
            return _of_source(unpack(zlib.decompress(data[1:])))
        except (zlib.error, ValueError, KeyError, TypeError) as error:
            raise DefinitionError(f"unreadable definition: {error!r}") from error


def compile_bundle(bundle: Bundle, feel: Feel) -> Definition:
    """Check a bundle and compile it. Raises DeploymentError with all findings, warnings too,
    when at least one is an error."""
    read = catalogue.read(bundle.files, bundle.manifest)
    findings = checks.check(bundle, read, feel)
    findings += [finding for finding in _in_tables(bundle, feel) if finding not in findings]
    if any(finding.severity == "error" for finding in findings):
        raise DeploymentError(findings)
    tables = dict(bundle.of_type(".dmn"))
    source = {
        "content_hash": bundle.content_hash,
        "process_id": read.process_id,
        "elements": [_plain(asdict(element)) for element in read.elements.values()],
        "findings": [_plain(asdict(finding)) for finding in findings],
        "anchors": sorted(check_people.anchors(read, bundle.manifest)),
        "specs": _specs(bundle, findings),
        "decisions": {name: base64.b64encode(data).decode() for name, data in tables.items()},
    }
    # Through its stored form, so that what was just deployed and what is loaded tomorrow are one.
    return _of_source(unpack(pack(source)))


def _in_tables(bundle: Bundle, feel: Feel) -> list[Finding]:
    """What is wrong inside the decision tables: their shape, and the FEEL of every cell. Names are
    not judged, since what a table is given depends on where it is called."""
    found = Findings()
    for name, data in bundle.of_type(".dmn"):
        try:
            for table in decision_table.parse(data, name).values():
                heavy = sum(one.code == "expression_too_heavy" for one in found.all())
                if heavy > MOST_HEAVY or found.full:
                    break
                for finding in decision_table.check_alone(table, None, feel):
                    found.add(finding)
        except DeploymentError as error:
            for finding in error.findings:
                found.add(finding)
    return found.all()


def _specs(bundle: Bundle, findings: list[Finding]) -> dict[str, Any]:
    files = [(name, xml.parse(data, name)) for name, data in bundle.of_type(".bpmn")]
    try:
        return store.collect(files)
    except ValidationException as error:
        if "RecursionError" in str(error):  # the stock parser follows the flows by recursion
            raise DeploymentError([_too_long(error), *findings]) from None
        refused = Finding(
            "engine_refused",
            "error",
            error.file_name or "",
            error.id or "",
            {"message": str(error)},
        )
    raise DeploymentError([refused, *findings])


def _too_long(error: ValidationException) -> Finding:
    """Some 480 elements in one row, without a gateway, are more than the parser can follow."""
    args = {"limit": "480"}
    return Finding("too_many_elements", "error", error.file_name or "", error.id or "", args)


def _plain(record: dict[str, Any]) -> dict[str, Any]:
    return {k: dict(v) if isinstance(v, Mapping) else v for k, v in record.items()}


def _of_source(source: dict[str, Any]) -> Definition:
    tables: dict[str, DecisionTable] = {}
    for name, data in source["decisions"].items():
        tables.update(decision_table.parse(base64.b64decode(data), name))
    elements = (_element(record) for record in source["elements"])
    return Definition(
        content_hash=source["content_hash"],
        process_id=source["process_id"],
        elements={element.path: element for element in elements},
        findings=tuple(Finding(**record) for record in source["findings"]),
        anchors=frozenset(source["anchors"]),
        specs=store.build(source["specs"]),
        tables=tables,
        _source=source,
    )


_TUPLES = frozenset(f.name for f in fields(Element) if str(f.type).startswith("tuple"))


def _element(record: dict[str, Any]) -> Element:
    values: dict[str, Any] = {k: tuple(v) if k in _TUPLES else v for k, v in record.items()}
    values["form_fields"] = tuple(
        FormField(**{**one, "options": tuple(tuple(option) for option in one["options"])})
        for one in record["form_fields"]
    )
    return Element(**values)
