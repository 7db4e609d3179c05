"""What may be wrong with an edited form, and what else in a plan asks for its fields."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from services.plan_folder import read_folder
from services.plan_form_mentions import Mention, gone, mentions
from services.plan_forms import MAX_FIELDS, form_files, mistakes, propose_id
from workflows.contract import FormField
from workflows.edits_form import FieldEdit, OptionEdit, as_edit, form_tasks

P11 = read_folder(Path("bpmn/p11")).files
TRIAGE = next(one.fields for one in form_tasks(P11["plan.bpmn"]) if one.id == "triage")
LINE = FieldEdit("a", "甲", "string")
CHOICE = FieldEdit("a", "甲", "enum", options=(OptionEdit("x", "X"), OptionEdit("y", "Y")))


@pytest.mark.parametrize(
    ("wrong", "place", "code"),
    [
        (replace(LINE, label=""), "label", "required"),
        (replace(LINE, label="长" * 501), "label", "too_long"),
        (replace(LINE, help="\x07"), "help", "not_text"),
        (replace(LINE, id=""), "id", "required"),
        (replace(LINE, id="Note 1"), "id", "id_shape"),
        (replace(LINE, id="1a"), "id", "id_shape"),
        (replace(LINE, id="字段"), "id", "id_shape"),
        (replace(LINE, id="a" * 61), "id", "id_shape"),
        (replace(LINE, id="triage"), "id", "id_of_element"),
        (replace(LINE, id="null"), "id", "id_reserved"),
        (replace(LINE, type="colour"), "type", "not_an_option"),
        (replace(LINE, personal="maybe"), "personal", "not_an_option"),
        (replace(LINE, constraints={"maxlength": "many"}), "maxlength", "not_whole"),
        (replace(LINE, constraints={"minlength": "-1"}), "minlength", "too_small"),
        (replace(LINE, constraints={"minlength": "5", "maxlength": "4"}), "maxlength",
         "bounds_crossed"),
        (replace(LINE, default="abc", constraints={"maxlength": "2"}), "default", "too_long"),
        (replace(LINE, default="a\nb"), "default", "one_line"),
        (replace(LINE, type="long", constraints={"min": "1.5"}), "min", "not_whole"),
        (replace(LINE, type="double", constraints={"max": "NaN"}), "max", "not_a_number"),
        (replace(LINE, type="long", default="1.5"), "default", "not_whole"),
        (replace(LINE, type="double", default="3", constraints={"min": "5"}), "default",
         "too_small"),
        (replace(LINE, type="boolean", default="perhaps"), "default", "not_yes_or_no"),
        (replace(LINE, type="date", default="2026-02-30"), "default", "not_a_date"),
        (replace(LINE, type="datetime", default="noon"), "default", "not_a_moment"),
        (replace(CHOICE, options=()), "options", "no_options"),
        (replace(CHOICE, default="z"), "default", "not_an_option"),
        (replace(CHOICE, options=(OptionEdit("x", ""),)), "o.0.label", "required"),
        (replace(CHOICE, options=(OptionEdit("", "X"),)), "o.0.value", "required"),
        (replace(CHOICE, options=(OptionEdit('x"', "X"),)), "o.0.value", "value_shape"),
        (replace(CHOICE, options=(OptionEdit("help", "X"),)), "o.0.value", "id_reserved"),
        (replace(CHOICE, options=(OptionEdit("x", "X"), OptionEdit("x", "Y"))), "o.1.value",
         "value_twice"),
    ],
)  # fmt: skip
def test_a_mistake_is_found(wrong: FieldEdit, place: str, code: str) -> None:
    assert mistakes([wrong], (), {"triage"}) == {f"0.{place}": code}


def test_what_stood_there_before_is_not_judged_anew() -> None:
    old = FormField("Old Id", "", "colour", default="x", constraints={"minlength": "2"})
    assert mistakes([as_edit(old, 0)], (old,), {"Old Id"}) == {}
    assert mistakes([as_edit(f, i) for i, f in enumerate(TRIAGE)], TRIAGE, {"triage"}) == {}
    two = [LINE, replace(LINE, label="乙")]
    assert mistakes(two, (), ()) == {"1.id": "id_twice"}
    many = [replace(LINE, id=f"a{n}") for n in range(MAX_FIELDS + 1)]
    assert mistakes(many, (), ()) == {"": "too_many_fields"}


def test_an_id_is_proposed() -> None:
    assert propose_id(replace(LINE, label_en="People hurt?"), ()) == "people_hurt"
    assert propose_id(replace(LINE, label_en="People hurt"), ["people_hurt"]) == "field_1"
    assert propose_id(replace(LINE, label_en="Date"), ["field_1"]) == "field_2"
    assert propose_id(LINE, ()) == "field_1"


def test_what_goes_is_named() -> None:
    fields = [as_edit(one, place) for place, one in enumerate(TRIAGE)]
    assert gone(TRIAGE, fields) == []
    trend = next(place for place, one in enumerate(fields) if one.id == "trend")
    fields[trend] = replace(fields[trend], options=fields[trend].options[:2])
    fields[0] = replace(fields[0], id="reason")
    assert gone(TRIAGE, fields) == [("basis", ""), ("trend", "fast")]
    fields[trend] = replace(fields[trend], type="string", options=())
    assert ("trend", "flat") in gone(TRIAGE, fields)


def test_tables_conditions_and_clauses_that_ask_for_a_field_are_found() -> None:
    found = mentions(P11, "plan.bpmn", "triage", [("trend", ""), ("trend", "fast")])
    assert Mention("trend", "", "p11_tier.dmn", "p11_tier", "发酵趋势", "triage.trend") in found
    cells = [one for one in found if one.value]
    assert [(one.file, one.text) for one in cells] == [("p11_tier.dmn", '"fast"')]
    asked = mentions(P11, "plan.bpmn", "triage", [("ours", "")])
    assert [(one.file, one.element != "") for one in asked if one.file == "plan.bpmn"]
    assert all("triage.ours" in one.text for one in asked if one.file == "plan.bpmn")
    assert mentions(P11, "plan.bpmn", "triage", [("tren", ""), ("rend", "")]) == []


def test_of_another_file_only_what_is_handed_out_counts() -> None:
    """Its own step of the same name is another; what a call hands out of this file is not."""
    twin = {**P11, "x.bpmn": P11["plan.bpmn"]}
    found = mentions(twin, "plan.bpmn", "triage", [("ours", ""), ("trend", "")])
    assert {one.file for one in found} == {"plan.bpmn", "p11_tier.dmn"}
    p02 = read_folder(Path("bpmn/p02")).files
    handed = mentions(p02, "shared/fact_check.bpmn", "conclude", [("finding", "")])
    assert any(one.file != "shared/fact_check.bpmn" for one in handed), handed


def test_the_files_with_forms() -> None:
    found = form_files({**P11, "broken.bpmn": b"<"})
    assert found[0].file == "plan.bpmn"
    assert found[0].name_en
    assert "broken.bpmn" not in {one.file for one in found}
    assert {task.form_key for one in found for task in one.tasks} >= {"", "planroom:grade"}
