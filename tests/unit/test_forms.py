"""``camunda:formData`` fields, by type: what is accepted, what is refused and with which word."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.calendar import calendar_in
from services.errors import Refusal
from services.forms import FIELD_BYTES, HANDLERS, FieldError, check_sizes, read_field, read_form
from workflows.contract import FormField

ZONE = ZoneInfo("Asia/Shanghai")
ENUM = (("phone", "电话", "Phone"), ("fax", "传真", "Fax"))


def field(type_: str, **keys: Any) -> FormField:
    return FormField("f", "字段", type_, **keys)


@pytest.mark.parametrize(
    ("made", "raw", "value"),
    [
        (field("string"), "  现场  ", "现场"),
        (field("text"), "一行\n二行\n", "一行\n二行\n"),
        (field("string"), "", None),
        (field("long"), "12", 12),
        (field("long"), 12, 12),
        (field("double"), "1.5", 1.5),
        (field("double"), 2, 2.0),
        (field("boolean"), "on", True),
        (field("boolean"), "否", False),
        (field("boolean"), None, False),
        (field("boolean", required=True), "false", False),
        (field("date"), "2026-03-10", date(2026, 3, 10)),
        (field("date"), datetime(2026, 3, 9, 17, tzinfo=UTC), date(2026, 3, 10)),
        (field("datetime"), "2026-03-10T10:00", datetime(2026, 3, 10, 2, tzinfo=UTC)),
        (field("datetime"), "2026-03-10T10:00+00:00", datetime(2026, 3, 10, 10, tzinfo=UTC)),
        (field("enum", options=ENUM), "fax", "fax"),
        (field("enum", options=ENUM), "", None),
    ],
)
def test_accepted(made: FormField, raw: object, value: object) -> None:
    assert read_field(made, raw, ZONE) == value


@pytest.mark.parametrize(
    ("made", "raw", "code"),
    [
        (field("string", required=True), None, "required"),
        (field("boolean", required=True), None, "required"),
        (field("string", constraints={"minlength": "3"}), "ab", "too_short"),
        (field("string", constraints={"maxlength": "3"}), "abcd", "too_long"),
        (field("string"), ["a"], "not_text"),
        (field("long"), "1.5", "not_whole"),
        (field("long"), True, "not_whole"),
        (field("long", constraints={"min": "1"}), "0", "too_small"),
        (field("long", constraints={"max": "9"}), "10", "too_large"),
        (field("double"), "nan", "not_a_number"),
        (field("double"), "inf", "not_a_number"),
        (field("double"), "十", "not_a_number"),
        (field("boolean"), "perhaps", "not_yes_or_no"),
        (field("date"), "2026-02-30", "not_a_date"),
        (field("datetime"), "gestern", "not_a_moment"),
        (field("enum", options=ENUM), "pigeon", "not_an_option"),
        (field("string"), "字" * FIELD_BYTES, "too_big"),
        (field("colour"), "red", "unknown_type"),
    ],
)
def test_refused(made: FormField, raw: object, code: str) -> None:
    with pytest.raises(FieldError) as refused:
        read_field(made, raw, ZONE)
    assert refused.value.code == code


def test_a_form_names_every_wrong_field_and_drops_what_is_none_of_its() -> None:
    fields = (
        FormField("a", "甲", "string", required=True),
        FormField("b", "乙", "long"),
        FormField("c", "丙", "boolean"),
    )
    with pytest.raises(Refusal) as refused:
        read_form(fields, {"b": "x"}, ZONE)
    assert refused.value.args_["errors"] == {"a": "required", "b": "not_whole"}
    assert read_form(fields, {"a": "x", "csrf": "y"}, ZONE) == {"a": "x", "b": None, "c": False}


def test_ten_megabytes_are_refused_with_the_fields_name() -> None:
    with pytest.raises(Refusal) as refused:
        check_sizes({"note": "a" * 10_000_000, "other": "b"})
    assert (refused.value.status, refused.value.args_["errors"]) == (422, {"note": "too_big"})


def test_the_list_of_forms_is_closed() -> None:
    assert set(HANDLERS) == {
        "", "planroom:grade", "planroom:statement-draft", "planroom:statement-review",
        "planroom:statement-approve", "planroom:statement-release", "planroom:report-up",
        "planroom:closing", "planroom:archive", "planroom:destroy",
    }  # fmt: skip


def test_the_calendar_knows_the_days_off_and_the_days_made_up() -> None:
    calendar = calendar_in("Asia/Shanghai")
    assert date(2026, 2, 17) in calendar.holidays  # Spring Festival, a Tuesday
    assert date(2026, 2, 14) in calendar.workdays  # a Saturday worked for it
    assert not any(day.weekday() >= 5 for day in calendar.holidays)
    assert all(day.weekday() >= 5 for day in calendar.workdays)
    assert not any(day.year > 2026 for day in calendar.holidays)  # weekends only, from then on
