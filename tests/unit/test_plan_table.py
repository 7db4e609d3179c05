"""A plan as a table, and what an author changes in it."""

from __future__ import annotations

from functools import cache

import pytest

from services import plan_table_rows, plan_table_steps
from services.plan_folder import bundle_of, read_folder
from services.plan_table import PlanTable, plan_table
from services.plan_table_draft import Draft
from services.plan_table_edits import StepChange, make
from services.plan_table_limits import LimitChange
from services.plan_table_steps import NewStep
from tests.unit.bpmn_builder import Process, document, manifest
from tests.unit.plan_driver import LIBRARY
from workflows.bundle import Bundle
from workflows.contract import DeploymentError
from workflows.definition import compile_bundle
from workflows.edits.refusal import CannotEdit
from workflows.edits.spans import Span
from workflows.feel import default_feel


@cache
def bundle(key: str) -> Bundle:
    return read_folder(LIBRARY / key)


@cache
def table(key: str) -> PlanTable:
    return plan_table(bundle(key))


def draft(key: str = "p11") -> Draft:
    return Draft(bundle(key).files)


def codes(made: Draft) -> list[str]:
    return [told.code for told in made.told]


def test_rows_say_who_when_and_whom_to_tell() -> None:
    row = table("p11").row("report_1h/report_in_time")
    assert row is not None and row.deadline is not None
    assert (row.roles, row.tiers, row.depth) == (("duty",), frozenset({"extraordinary"}), 1)
    assert row.deadline.span == Span(1, "hours")
    assert [limit.kind for limit in row.limits] == ["due", "remind", "escalate"]
    assert row.limits[2].escalate_to == "office"
    assert [one["key"] for one in row.recipients] == [
        "party_office", "superior_department", "cyberspace_office"
    ]  # fmt: skip
    assert set(row.shared) == {
        "report_2h/report_in_time", "report_discretion/report_in_time"
    }  # fmt: skip


def test_steps_no_case_of_a_call_comes_to_have_no_row() -> None:
    rows = {row.path for row in table("p11").rows}
    assert "report_discretion/report_freely" in rows
    assert "report_discretion/report_in_time" not in rows


def test_tiers_come_from_conditions_also_those_a_call_hands_in() -> None:
    tiers = {row.path: row.tiers for row in table("p11").rows}
    every = frozenset({"general", "considerable", "major", "extraordinary"})
    assert tiers["first_statement/legal_check"] == frozenset({"major", "extraordinary"})
    assert tiers["response/fact_check"] == every - {"general"}  # the way left to the others
    assert tiers["response/carry_out"] == every
    assert tiers["first_statement/approve"] == every


def test_a_text_names_the_approvals_it_needs() -> None:
    found = table("p11")
    release, legal = (found.row(f"first_statement/{id}") for id in ("release", "legal_check"))
    assert release is not None and legal is not None
    assert [one["kind"] for one in release.approvals] == ["secrecy", "legal", "final"]
    assert [one["kind"] for one in legal.approvals] == ["legal"]


def test_rows_of_one_tier_and_of_one_role() -> None:
    found = table("p11")
    assert "response/handling_plan" not in found.of_tier("considerable")
    assert "report_2h" in found.of_tier("major")
    # what a step stands in is shown with it
    assert {"first_statement", "first_statement/legal_check"} <= found.of_role("legal")
    assert "triage" not in found.of_role("legal")


@pytest.mark.parametrize("key", ["p04", "p13", "p15"])
def test_every_task_a_case_may_come_to_is_a_row(key: str) -> None:
    found = table(key)
    shown = {row.path for row in found.rows if row.kind == "task"}
    told = {path for step in found.plan.tasks if step.used for path in step.paths}
    assert shown <= told
    assert {path.rpartition("/")[2] for path in told} == {
        path.rpartition("/")[2] for path in shown
    }  # fmt: skip


def test_the_story_half_an_hour_and_a_legal_review_compiles() -> None:
    """An author who is no programmer moves a deadline and adds a review."""
    made = draft()
    limit = LimitChange(Span(30, "minutes"), remind=15, escalate=5, escalate_to="office")
    make(made, "report_1h/report_in_time", StepChange(limit=limit))
    assert codes(made) == ["limit", "clock"]
    path = plan_table_steps.add(
        made, "first_statement/approve",
        NewStep("法制会签", "Legal countersignature", "legal", "planroom:statement-review",
                "countersign", True, LimitChange(Span(2, "hours"), "")),
    )  # fmt: skip
    assert path == "first_statement/unit_review"
    assert codes(made)[2:] == ["review_added", "limit_added", "shared"]
    row = made.row(path)
    assert row.roles == ("legal",) and row.element.origin == "unit"
    assert row.deadline is not None and row.deadline.span == Span(2, "hours")
    assert [one["kind"] for one in row.approvals] == ["countersign"]
    compiled = compile_bundle(bundle_of(made.files), default_feel())
    assert compiled.element(path).not_same_as == ("first_statement/draft",)
    clock = next(one for one in made.table.manifest["clocks"] if one["id"] == "P11-D1")
    assert (clock["iso"], clock["origin"]) == ("PT30M", "unit")
    assert "1小时" in clock["text"]  # the source's words stay
    plan_table_steps.remove(made, path)
    assert "countersign" not in {one["kind"] for one in made.table.manifest["approvals"]}


def test_a_name_that_gives_the_old_limit_is_pointed_out() -> None:
    made = draft()
    limit = LimitChange(Span(12, "hours"), remind=240, escalate=60)
    make(made, "first_statement", StepChange(limit=limit))
    assert codes(made) == ["limit", "clock", "name_says"]


def test_a_limit_is_set_where_there_was_none_and_taken_away() -> None:
    made = draft()
    limit = LimitChange(Span(1, "day_ends"), "calmed_at", 120, 60, "leader")
    make(made, "closing", StepChange(limit=limit))
    row = made.row("closing")
    assert codes(made) == ["limit_added"]
    assert row.deadline is not None
    assert (row.deadline.head, row.deadline.remind, row.deadline.escalate) == ("calmed_at", 120, 60)
    make(made, "closing", StepChange(limit=LimitChange(None)))
    assert made.row("closing").deadline is None


def test_a_role_takes_its_approval_along() -> None:
    made = draft()
    make(made, "first_statement/legal_check", StepChange(role="secrecy"))
    row = made.row("first_statement/legal_check")
    assert row.roles == ("secrecy",)
    assert [one["role"] for one in row.approvals] == ["secrecy"]
    with pytest.raises(CannotEdit, match="unknown_role"):
        make(made, "triage", StepChange(role="nobody"))


def test_tiers_change_where_they_are_decided() -> None:
    made = draft()
    every = frozenset({"general", "considerable", "major", "extraordinary"})
    make(made, "first_statement/legal_check", StepChange(tiers=every))
    assert made.row("first_statement/legal_check").tiers == every
    # another call of the same process keeps what it hands in
    assert made.row("progress_statement/legal_check").tiers == frozenset({"major", "extraordinary"})
    with pytest.raises(CannotEdit, match="tier_taken"):
        make(made, "report_1h", StepChange(tiers=frozenset({"major", "extraordinary"})))
    make(made, "response/carry_out", StepChange(name="落实"))
    make(made, "follow", StepChange(name="跟踪"))
    assert codes(made) == ["tiers", "renamed", "renamed"]


def test_a_step_of_the_common_path_gets_a_way_past_it() -> None:
    made = draft()
    new = plan_table_steps.add(made, "closing", NewStep("回访", "", "office", "done"))
    make(made, new, StepChange(tiers=frozenset({"extraordinary"})))
    assert made.row(new).tiers == frozenset({"extraordinary"})
    make(made, new, StepChange(tiers=frozenset({"major", "extraordinary"})))
    assert made.row(new).tiers == frozenset({"major", "extraordinary"})
    compile_bundle(bundle_of(made.files), default_feel())


def test_what_others_need_is_not_taken_out() -> None:
    for path, code in (
        ("triage", "asked_elsewhere"), ("grade", "in_diagram"),
        ("report_1h/report_in_time", "clock_on_it"), ("wrap_up/review", "kept_in_archive"),
    ):  # fmt: skip
        with pytest.raises(CannotEdit, match=code):
            plan_table_steps.remove(draft(), path)


def test_whom_to_tell_is_kept_in_plan_toml() -> None:
    made = draft()
    plan_table_rows.put(made, "recipients", "", {"name": "宣传部", "tiers": ["major"]})
    told = {row.path: [one["name"] for one in row.recipients] for row in made.table.rows}
    assert "宣传部" in told["report_2h/report_in_time"]
    assert "宣传部" not in told["report_1h/report_in_time"]
    plan_table_rows.drop(made, "recipients", "unit")
    assert made.changes == {}
    with pytest.raises(CannotEdit, match="required"):
        plan_table_rows.put(made, "recipients", "", {"name": " "})


def test_an_approval_for_more_tiers_takes_its_steps_along() -> None:
    made = draft()
    plan_table_rows.put(
        made, "approvals", "legal",
        {"name": "法制审核", "role": "legal", "tiers": ["considerable", "major", "extraordinary"]},
    )  # fmt: skip
    wanted = frozenset({"considerable", "major", "extraordinary"})
    assert made.row("first_statement/legal_check").tiers == wanted
    assert made.row("progress_statement/legal_check").tiers == wanted


def test_a_row_too_long_to_follow_is_said_to_be() -> None:
    p, before = Process("p1").start().end(), "start"
    for n in range(700):
        p.exclusive(f"g{n}", default=f"on{n}").task(f"k{n}").exclusive(f"m{n}")
        p.flow(before, f"g{n}").flow(f"g{n}", f"k{n}", "case.tier = 1").flow(f"k{n}", f"m{n}")
        p.flow(f"g{n}", f"m{n}", id=f"on{n}")
        before = f"m{n}"
    p.flow(before, "end")
    with pytest.raises(DeploymentError, match="too_many_elements"):
        plan_table(Bundle({"plan.bpmn": document(p)}, manifest("p1")))
