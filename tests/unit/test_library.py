"""The plan library: every plan deploys, and the library has no fault."""

from __future__ import annotations

import tomllib
from itertools import pairwise

import pytest

from services.library import faults, rows
from services.library_book import open_folder
from services.library_shelf import VERDICTS, read_shelf
from tests.unit.plan_driver import LIBRARY, PLANS, definition, manifest
from workflows.contract import Element

#: Elements whose clauses depend on who calls them.
SHARED = {path.stem for path in (LIBRARY / "shared").glob("*.bpmn")}


def own_elements(key: str) -> list[Element]:
    """The elements of the plan's own process, called processes left out."""
    return [e for e in definition(key).elements.values() if e.process_id not in SHARED]


def clauses(key: str) -> set[str]:
    rows = tomllib.loads((LIBRARY / key / "clauses.toml").read_text(encoding="utf-8"))["clause"]
    return {row["id"] for row in rows}


# ---------------------------------------------------------------- the whole


def test_library_has_no_fault() -> None:
    assert [str(fault) for fault in faults(LIBRARY)] == []


def test_fifteen_texts_each_as_what_it_is() -> None:
    table = rows(LIBRARY)
    assert [row.text.number for row in table] == list(range(1, 16))
    assert {row.text.verdict for row in table} == set(VERDICTS)
    assert {row.text.folder for row in table if row.text.folder} == set(PLANS)
    for row in table:
        assert (row.figures is None) == (row.text.verdict == "none"), row.text.key
        assert bool(row.alias) == (row.text.verdict == "alias"), row.text.key
        if row.figures is not None:
            assert row.figures.uncovered == 0 and row.figures.coverage == 1.0, row.text.key
            assert row.figures.clauses and row.figures.elements, row.text.key
            assert row.kinds, row.text.key


def test_text_without_a_plan_names_where_to_start() -> None:
    [text] = [text for text in read_shelf(LIBRARY).texts if text.verdict == "none"]
    assert text.note == "正文与标题不符,无预案内容"
    assert text.start_from and set(text.start_from) <= set(PLANS)


def test_texts_lie_one_behind_the_other() -> None:
    texts = read_shelf(LIBRARY).texts
    for text in texts:
        first, last = text.lines
        assert text.text_lines[-1] <= last and text.text_lines[0] > first
        assert list(text.text_lines) == sorted(set(text.text_lines))
        assert text.long_lines <= set(text.text_lines)
    for before, after in pairwise(texts):
        assert before.lines[1] < after.lines[0]


def test_explanations_are_of_texts_of_the_library() -> None:
    shelf = read_shelf(LIBRARY)
    for explanation in shelf.explanations.values():
        text = shelf.text_of(explanation.plan)
        assert text is not None and text.folder
        assert explanation.id.startswith(f"{text.key.upper()}-")
        assert text.lines[0] <= explanation.line <= text.lines[1]
        assert explanation.fate in {"lost", "replaced", "external"}
        assert explanation.said and explanation.said_en


# -------------------------------------------------------------------- deploys


@pytest.mark.parametrize("key", PLANS)
def test_plan_compiles_without_a_finding(key: str) -> None:
    assert definition(key).findings == ()
    assert definition(key).process_id == manifest(key)["process"]
    if not manifest(key).get("alias"):
        assert definition(key).process_id == key


@pytest.mark.parametrize("key", PLANS)
def test_manifest_speaks_of_what_is_there(key: str) -> None:
    data = manifest(key)
    assert data["key"] == key
    elements = definition(key).elements
    levels = [tier["level"] for tier in data.get("tiers", [])]
    assert levels == list(range(1, len(levels) + 1))
    tiers = {tier["key"] for tier in data.get("tiers", [])}
    roles = {role["role"] for role in data["roles"].values()}
    for table in ("recipients", "approvals", "archive"):
        for row in data.get(table, []):
            assert set(row.get("tiers", ())) <= tiers
    assert {row["role"] for row in data.get("approvals", [])} <= set(data["roles"])
    assert {group for e in elements.values() for group in e.candidate_groups} <= roles
    assert {e.escalate_to for e in elements.values() if e.escalate_to} <= roles
    for row in data.get("archive", []):
        if row.get("holds", "").startswith("task:"):
            assert row["holds"].removeprefix("task:") in {e.id for e in elements.values()}
    known = clauses(key)
    cited = {row.get("clause", "") for row in data.get("recipients", [])}
    assert cited - {""} <= known or data.get("alias")
    assert {row["id"] for row in data["clocks"]} <= known
    always = {"opened_at", "graded_at"}
    assert {row["key"] for row in data["anchors"]} - always == definition(key).anchors - always


def test_every_role_is_one_of_the_organisation() -> None:
    known = read_shelf(LIBRARY).roles
    for key in PLANS:
        assert {role["role"] for role in manifest(key)["roles"].values()} <= known


# -------------------------------------------------------------------- clauses


@pytest.mark.parametrize("key", PLANS)
def test_replaced_and_lost_are_told_on_the_element(key: str) -> None:
    elements = definition(key).elements
    for clause in open_folder(LIBRARY / key).clauses:
        if clause.fate == "replaced":
            for name in clause.by:
                if name in elements and elements[name].kind.endswith(("Task", "Activity")):
                    assert len(elements[name].documentation) > 20, (clause.id, name)
                    assert len(elements[name].documentation_en) > 20, (clause.id, name)
    for element in elements.values():
        if element.origin == "replaced":
            assert "原文" in element.documentation, element.path


@pytest.mark.parametrize("key", PLANS)
def test_every_step_of_the_plan_says_where_it_comes_from(key: str) -> None:
    """The library's own rule, held here against the compiled plan."""
    for element in own_elements(key):
        plumbing = element.kind.endswith("Gateway") or element.kind in {"startEvent", "endEvent"}
        if not plumbing:
            assert element.clauses or element.origin in {"baseline", "overlay"}, element.path
    if manifest(key).get("alias"):
        # Of an alias the clauses are put on the other plan's elements by its own clauses.toml.
        cited = {id for e in definition(key).elements.values() for id in e.clauses}
        assert cited <= clauses(key)
        return
    shared = [e for e in definition(key).elements.values() if e.process_id in SHARED]
    assert not any(e.clauses for e in shared), "a shared process belongs to no one plan"
