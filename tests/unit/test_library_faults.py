"""A real plan broken one way at a time: the library refuses it, with the file, the element and the
clause."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from services import library_faults
from tests.unit.library_copy import (
    CLAUSES,
    DIAGRAM,
    MANIFEST,
    PLAN,
    SHARED,
    Break,
    Copy,
    without_row,
)

Expected = tuple[str, str, str, str]  # code, file, element, clause


CASES: dict[str, tuple[Break, Expected]] = {
    # ------------------------------------------------------------- clauses
    "element cites an unknown clause": (
        lambda c: c.in_node("take_call", 'name="clause" value="', 'name="clause" value="P13-L999 '),
        ("clause_unknown", DIAGRAM, "take_call", "P13-L999"),
    ),
    "setting cites an unknown clause": (
        lambda c: c.change(MANIFEST, "provisions", "purpose", "clause", '"P13-L999"'),
        ("clause_unknown", MANIFEST, "provisions.purpose", "P13-L999"),
    ),
    "clause claimed by nothing": (
        lambda c: c.clause("P13-L705", "by", "[]"),
        ("clause_unclaimed", CLAUSES, "", "P13-L705"),
    ),
    "clause of an unknown fate": (
        lambda c: c.clause("P13-L705", "fate", '"dropped"'),
        ("clause_unclaimed", CLAUSES, "", "P13-L705"),
    ),
    "clause explained without being listed": (
        lambda c: c.clause("P13-L705", "fate", '"external"'),
        ("explanation_unlisted", CLAUSES, "", "P13-L705"),
    ),
    "clause explained otherwise than listed": (
        lambda c: c.clause("P13-G4", "fate", '"replaced"'),
        ("explanation_other_fate", CLAUSES, "", "P13-G4"),
    ),
    "explanation that explains nothing": (
        lambda c: c.clause("P13-G4", "why", '""'),
        ("clause_unexplained", CLAUSES, "", "P13-G4"),
    ),
    "replaced by nothing": (
        lambda c: c.clause("P13-E1", "by", "[]"),
        ("clause_unclaimed", CLAUSES, "", "P13-E1"),
    ),
    "by names no element that exists": (
        lambda c: c.clause("P13-L709a", "by", '["gw_active", "activate", "ghost"]'),
        ("by_unknown", CLAUSES, "ghost", "P13-L709a"),
    ),
    "by names no field that exists": (
        lambda c: c.clause("P13-L743b", "by", '["take_call#place", "take_call#ghost"]'),
        ("by_unknown", CLAUSES, "take_call#ghost", "P13-L743b"),
    ),
    "by names no provision that exists": (
        lambda c: c.clause("P13-L705", "by", '["provisions.purpose", "provisions.ghost"]'),
        ("by_unknown", CLAUSES, "provisions.ghost", "P13-L705"),
    ),
    "by names no role that exists": (
        lambda c: c.clause("P13-L705", "by", '["provisions.purpose", "roles.ghost"]'),
        ("by_unknown", CLAUSES, "roles.ghost", "P13-L705"),
    ),
    "fate element and no element": (
        lambda c: c.clause("P13-R1", "by", '["provisions.purpose"]'),
        ("by_no_element", CLAUSES, "", "P13-R1"),
    ),
    "fate field and only an ordinary element": (
        lambda c: c.clause("P13-L743b", "by", '["take_call"]'),
        ("by_no_field", CLAUSES, "", "P13-L743b"),
    ),
    "fate setting and nothing set": (
        lambda c: c.clause("P13-L705", "by", '["take_call"]'),
        ("by_no_setting", CLAUSES, "", "P13-L705"),
    ),
    "claimed element that does not cite the clause": (
        lambda c: c.clause("P13-L743a", "by", '["take_call", "closing"]'),
        ("not_cited", CLAUSES, "closing", "P13-L743a"),
    ),
    "citing element that the clause does not claim": (
        lambda c: c.clause("P13-L757", "by", '["repair"]'),
        ("not_claimed", "p13/repair.bpmn", "repair/arrange_supply", "P13-L757"),
    ),
    "clause that stands twice": (
        lambda c: c.edit(CLAUSES, 'id = "P13-L765"', 'id = "P13-L767"'),
        ("clause_twice", CLAUSES, "", "P13-L767"),
    ),
    "clause of another plan": (
        lambda c: c.clause("P13-L705", "id", '"P14-L705"'),
        ("clause_foreign", CLAUSES, "", "P14-L705"),
    ),
    "clause without its English": (
        lambda c: c.clause("P13-L705", "text_en", '""'),
        ("clause_shape", CLAUSES, "", "P13-L705"),
    ),
    "clause outside the text": (
        lambda c: c.clause("P13-L705", "line", "5"),
        ("clause_outside", CLAUSES, "", "P13-L705"),
    ),
    "line of the text without a clause": (
        lambda c: without_row(c, CLAUSES, "clause", "P13-L767"),
        ("line_bare", CLAUSES, "L767", ""),
    ),
    "sentences passed off as a heading": (
        lambda c: c.edit(CLAUSES, "headings = [", "headings = [773, "),
        ("heading_long", CLAUSES, "L773", ""),
    ),
    "heading that is no line of words": (
        lambda c: c.edit(CLAUSES, "headings = [", "headings = [706, "),
        ("heading_unknown", CLAUSES, "L706", ""),
    ),
    "clause of the acceptance list left out": (
        lambda c: without_row(c, CLAUSES, "clause", "P13-A4"),
        ("id_missing", CLAUSES, "", "P13-A4"),
    ),
    "another number": (
        lambda c: c.edit(MANIFEST, "number = 13", "number = 12"),
        ("number_wrong", MANIFEST, "number", ""),
    ),
    "another range of lines": (
        lambda c: c.edit(MANIFEST, "lines = [703, 787]", "lines = [703, 773]"),
        ("lines_wrong", MANIFEST, "source.lines", ""),
    ),
    # ------------------------------------------------------------ elements
    "element of no source": (
        lambda c: c.in_node("closing", 'value="baseline"', 'value="text"'),
        ("element_unsourced", DIAGRAM, "closing", ""),
    ),
    "lane without roles": (
        lambda c: c.in_node("lane_hotline", 'name="roles" value="duty"', 'name="roles" value=""'),
        ("lane_without_roles", DIAGRAM, "lane_hotline", ""),
    ),
    "lane of an unknown role": (
        lambda c: c.in_node("lane_hotline", 'name="roles" value="duty"',
                            'name="roles" value="duty trolls"'),
        ("lane_role_unknown", DIAGRAM, "lane_hotline", ""),
    ),
    "task outside its lane's roles": (
        lambda c: c.in_node("take_call", 'candidateGroups="duty"', 'candidateGroups="leader"'),
        ("outside_lane", DIAGRAM, "take_call", ""),
    ),
    "candidate group that is no role": (
        lambda c: c.in_node("take_call", 'candidateGroups="duty"', 'candidateGroups="trolls"'),
        ("group_unknown", DIAGRAM, "take_call", ""),
    ),
    "role the organisation does not have": (
        lambda c: c.edit(MANIFEST, 'duty = { role = "duty"', 'duty = { role = "trolls"'),
        ("role_unknown", MANIFEST, "roles.duty", ""),
    ),
    "role of a shared process left unbound": (
        lambda c: c.edit(SHARED, 'candidateGroups="', 'candidateGroups="trolls '),
        ("group_unknown", SHARED, "*", ""),
    ),
    "shared process that cites a clause": (
        lambda c: c.in_node("draft", '<camunda:property name="name.en"',
                            '<camunda:property name="clause" value="P13-L705" />'
                            '<camunda:property name="name.en"', SHARED),
        ("shared_cites", SHARED, "draft", "P13-L705"),
    ),
    # -------------------------------------------------------------- clocks
    "clock left out": (
        lambda c: without_row(c, MANIFEST, "clocks", "P13-D5"),
        ("clock_missing", MANIFEST, "clocks.P13-D5", "P13-D5"),
    ),
    "clock without a trigger": (
        lambda c: c.change(MANIFEST, "clocks", "P13-D1", "trigger", ""),
        ("clock_no_trigger", MANIFEST, "on_site/arrive", "P13-D1"),
    ),
    "clock without its trigger in English": (
        lambda c: c.change(MANIFEST, "clocks", "P13-D1", "trigger_en", '""'),
        ("clock_no_trigger", MANIFEST, "on_site/arrive", "P13-D1"),
    ),
    "clock of an unknown kind": (
        lambda c: c.change(MANIFEST, "clocks", "P13-D1", "kind", '"golden"'),
        ("clock_kind", MANIFEST, "on_site/arrive", "P13-D1"),
    ),
    "hard clock without its length": (
        lambda c: c.change(MANIFEST, "clocks", "P13-D1", "iso", '""'),
        ("clock_no_limit", MANIFEST, "on_site/arrive", "P13-D1"),
    ),
    "clock on an element that does not exist": (
        lambda c: c.change(MANIFEST, "clocks", "P13-D1", "element", '"on_site/ghost"'),
        ("clock_element_unknown", MANIFEST, "on_site/ghost", "P13-D1"),
    ),
    "hard clock on a mere setting": (
        lambda c: c.change(MANIFEST, "clocks", "P13-D1", "element", '"provisions.purpose"'),
        ("clock_element_unknown", MANIFEST, "provisions.purpose", "P13-D1"),
    ),
    "hard clock on an element without a timer": (
        lambda c: c.change(MANIFEST, "clocks", "P13-D1", "element", '"take_call"'),
        ("clock_untimed", MANIFEST, "take_call", "P13-D1"),
    ),
    "hard clock whose timer is only a reminder": (
        lambda c: c.in_node("arrive_due", 'value="due"', 'value="remind"', "p13/site.bpmn"),
        ("clock_untimed", MANIFEST, "on_site/arrive", "P13-D1"),
    ),
    "soft clock with a timer": (
        lambda c: c.change(MANIFEST, "clocks", "P13-D1", "kind", '"soft"'),
        ("soft_clock_timed", MANIFEST, "on_site/arrive", "P13-D1"),
    ),
    "timer of no clock with a number": (
        lambda c: c.change(MANIFEST, "clocks", "P13-D5", "kind", '"soft"'),
        ("timer_unclaimed", "p13/repair.bpmn", "repair/ground_due", ""),
    ),
    # --------------------------------------------------------------- files
    "manifest that is no TOML": (
        lambda c: c.edit(MANIFEST, "number = 13", "number = "),
        ("unreadable", MANIFEST, "", ""),
    ),
    "clauses that are no TOML": (
        lambda c: c.edit(CLAUSES, "headings = [", "headings = [["),
        ("unreadable", CLAUSES, "", ""),
    ),
    "shared process that is not there": (
        lambda c: (c.folder / "shared" / "approve_release.bpmn").unlink(),
        ("unreadable", MANIFEST, "", ""),
    ),
}  # fmt: skip


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


@pytest.mark.parametrize("name", CASES)
def test_refused_with_file_element_and_clause(copy: Copy, name: str) -> None:
    breaks, (code, file, element, clause) = CASES[name]
    breaks(copy)
    found = copy.new()
    assert any(
        (fault.code, fault.file, fault.clause) == (code, file, clause)
        and (fault.element == element or (element == "*" and fault.element))
        for fault in found
    ), found
    for fault in found:
        assert re.search("[一-鿿]", fault.words) and re.search("[A-Za-z]", fault.words_en)
        assert "{" not in fault.words + fault.words_en
        assert fault.where.startswith(fault.file) and fault.words in str(fault)


def test_every_kind_of_fault_is_shown_here() -> None:
    shown = {expected[0] for _, expected in CASES.values()}
    elsewhere = {"folder_missing", "alias_origin_unknown", "real_name"}
    assert shown | elsewhere == set(library_faults._WORDS)


def test_folder_that_is_not_there(copy: Copy) -> None:
    shutil.rmtree(copy.folder / PLAN)
    assert [(f.file, f.code) for f in copy.new()] == [(MANIFEST, "folder_missing")]
