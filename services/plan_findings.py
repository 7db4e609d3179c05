"""All that is wrong or doubtful with a plan, in one report: for drafts, uploads and proposals.

What the plan's own files show is found by `workflows.checks` and kept by content hash, since pages
ask for the same draft again and again. What depends on the unit (who holds which role) and on the
version in force is looked at each time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, Final

from sqlalchemy.orm import Session

from models.plans import PlanVersion
from services.plan_findings_unit import unit_findings
from services.plan_folder import CLAUSES, bundle_of, read_toml
from services.plan_text_clauses import coverage
from workflows import catalogue, check_loosened, decision_table
from workflows.bundle import Bundle
from workflows.catalogue import Catalogue
from workflows.check_people import anchors
from workflows.contract import DeploymentError, Finding
from workflows.definition import compile_bundle
from workflows.feel import Feel, default_feel
from workflows.findings import Findings
from workflows.names import Scopes

#: Drafts and versions whose findings are kept.
KEPT: Final = 32


@dataclass(frozen=True, slots=True)
class FindingReport:
    """``deployable``: nothing in ``findings`` is an error."""

    findings: tuple[Finding, ...]
    deployable: bool


def findings_of(
    session: Session,
    bundle: Bundle,
    feel: Feel | None = None,
    *,
    in_force: PlanVersion | None = None,
) -> FindingReport:
    """Errors first. With ``in_force`` also what the plan asks less of than that version does.
    Never raises for what an author wrote."""
    found = Findings()
    read = _read(bundle)
    # First what a second person must see: however many warnings there are, these are among them.
    changed = in_force is not None and in_force.content_hash != bundle.content_hash
    if read is not None and in_force is not None and changed:
        _loosened(in_force, read, bundle, found)
    for finding in _of_files(bundle, feel or default_feel()):
        found.add(finding)
    if read is not None:
        unit_findings(session, read, bundle.manifest, found)
        _clauses(read, bundle, in_force, found)
    return _report(found.all())


def findings_of_files(
    session: Session, files: Mapping[str, bytes], *, in_force: PlanVersion | None = None
) -> FindingReport:
    """`findings_of` for a draft's files, whatever became of its ``plan.toml``."""
    try:
        bundle = bundle_of(files)
    except DeploymentError as error:
        return _report(error.findings)
    return findings_of(session, bundle, in_force=in_force)


def _report(found: Sequence[Finding]) -> FindingReport:
    return FindingReport(tuple(found), not any(one.severity == "error" for one in found))


_lock = Lock()
_kept: OrderedDict[str, tuple[Finding, ...]] = OrderedDict()


def _of_files(bundle: Bundle, feel: Feel) -> tuple[Finding, ...]:
    key = bundle.content_hash
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    try:
        found = compile_bundle(bundle, feel).findings
    except DeploymentError as error:
        found = error.findings
    if all(one.severity == "warning" for one in found):
        found = (*found, *_names_in_tables(bundle, feel))
    with _lock:
        _kept[key] = found
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return found


def _names_in_tables(bundle: Bundle, feel: Feel) -> Iterator[Finding]:
    """Names in decision tables that no step that takes them knows. Warnings: a deployment does
    not judge them, since a table stands by itself, and a case that meets one stops there."""
    try:
        read = catalogue.read(bundle.files, bundle.manifest)
        tables = {
            id: table
            for name, body in bundle.of_type(".dmn")
            for id, table in decision_table.parse(body, name).items()
        }
    except DeploymentError:  # told already
        return
    scopes = Scopes(read, bundle.manifest, anchors(read, bundle.manifest))
    known: dict[str, dict[str, str | None]] = {}
    for place in read.root.walk():
        for node in place.scope.nodes:
            element = read.elements.get(place.path_of(node))
            if element is not None and element.decision_ref in tables:
                known.setdefault(element.decision_ref, {}).update(scopes.at(place))
    for id, names in list(known.items()):  # what is taken with it sees the same
        for step in decision_table.in_order(tables[id])[:-1]:
            known.setdefault(step.id, {}).update(names)
    for id, names in known.items():
        for one in decision_table.check_alone(tables[id], names, feel):
            if one.code == "feel_unknown_name":
                yield replace(one, severity="warning")


def _read(bundle: Bundle) -> Catalogue | None:
    try:
        return catalogue.read(bundle.files, bundle.manifest)
    except DeploymentError:
        return None


def _loosened(in_force: PlanVersion, read: Catalogue, bundle: Bundle, found: Findings) -> None:
    files = {file.name: file.content for file in in_force.files}
    before = _read(Bundle(files, in_force.manifest))
    if before is not None:
        check_loosened.check(before, in_force.manifest, read, bundle.manifest, found)


# ------------------------------------------------------------------- clauses


def _clauses(
    read: Catalogue, bundle: Bundle, in_force: PlanVersion | None, found: Findings
) -> None:
    """Clauses of the plan's text that nothing carries any more."""
    try:
        rows = _rows(read_toml(bundle.files, CLAUSES))
    except DeploymentError as error:
        for finding in error.findings:
            found.add(finding)
        return
    for covered in coverage(read, bundle.manifest, rows).clauses:
        missing = [doer.by for doer in covered.doers if doer.kind == "unknown"]
        args = {**_said(covered.clause), "by": ", ".join(missing)}
        if missing and len(missing) == len(covered.doers):
            found.warning("clause_uncovered", CLAUSES, args["clause"], **args)
        elif missing:
            found.warning("clause_partly", CLAUSES, args["clause"], **args)
    if in_force is None:
        return
    now = {str(row.get("id")) for row in rows}
    for row in _rows(in_force.clauses):
        if str(row.get("id")) not in now:
            args = _said(row)
            found.warning("clause_gone", CLAUSES, args["clause"], **args)


def _said(row: Mapping[str, Any]) -> dict[str, str]:
    text = str(row.get("text", ""))
    english = str(row.get("text_en") or text)
    return {"clause": str(row.get("id", "")), "text": text[:80], "text_en": english[:160]}


def _rows(clauses: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The clauses as far as they have the shape of one; the rest is the library's to judge."""
    rows = clauses.get("clause", [])
    if not isinstance(rows, list):
        return []
    return [
        {**row, "by": [str(by) for by in row["by"]] if isinstance(row.get("by"), list) else []}
        for row in rows
        if isinstance(row, Mapping)
    ]
