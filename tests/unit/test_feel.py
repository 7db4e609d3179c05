"""FEEL over typed values: what comes in, what comes out, and what may not pass silently."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from workflows.contract import Context, FeelValue, WorkCalendar
from workflows.feel import CheckItem, Feel, FeelError, default_feel
from workflows.feel_values import YearsMonthsDuration

SHANGHAI = ZoneInfo("Asia/Shanghai")
#: Sunday 22 November 2026, 23:02 in Beijing.
NOW = datetime(2026, 11, 22, 15, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def feel() -> Feel:
    return default_feel()


@pytest.fixture
def context() -> Context:
    return Context(now=NOW, anchors={"discovered_at": NOW})


def end_of(year: int, month: int, day: int, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime(year, month, day, 23, 59, 59, tzinfo=zone)


# ------------------------------------------------------------------ values


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        False,
        0,
        -7,
        2.5,
        "",
        '引号 " 与 \\ 和 \u2028',
        "\ud800",
        date(2024, 2, 29),
        datetime(2026, 11, 22, 23, 2, 3, 456789, tzinfo=SHANGHAI),
        datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=-5, minutes=-30))),
        time(10, 30),
        time(10, 30, 15, tzinfo=timezone(timedelta(hours=8))),
        timedelta(hours=1),
        timedelta(days=-3, microseconds=5),
        timedelta(0),
        YearsMonthsDuration(14),
        YearsMonthsDuration(-1),
        [],
        [1, "1", None, [True]],
        {},
        {"a": {"b c": [date(2026, 1, 1)]}},
        {"$": "d", "v": "2026-01-01"},
        {"__proto__": {"x": 1}, "constructor": 1},
    ],
)
def test_values_come_back_as_they_went_in(feel: Feel, context: Context, value: FeelValue) -> None:
    back = feel.evaluate("x", {"x": value}, context)
    assert back == value
    assert type(back) is type(value)


def test_decimal_comes_back_as_a_number(feel: Feel, context: Context) -> None:
    assert feel.evaluate("x * 2", {"x": Decimal("1.25")}, context) == 2.5


def test_a_moment_comes_back_in_utc(feel: Feel, context: Context) -> None:
    back = feel.evaluate("x", {"x": datetime(2026, 1, 1, 8, tzinfo=SHANGHAI)}, context)
    assert back.utcoffset() == timedelta(0)
    assert back == datetime(2026, 1, 1, tzinfo=UTC)


def test_the_hour_a_clock_shows_twice_keeps_its_moment(feel: Feel) -> None:
    paris = ZoneInfo("Europe/Paris")
    context = Context(now=NOW, calendar=WorkCalendar(zone="Europe/Paris"))
    for fold in (0, 1):
        moment = datetime(2026, 10, 25, 2, 30, fold=fold, tzinfo=paris).astimezone(UTC)
        assert feel.evaluate("x", {"x": moment}, context) == moment


@pytest.mark.parametrize(
    "value",
    [datetime(2026, 1, 1), float("nan"), float("inf"), b"x", {1: 2}, object()],  # noqa: DTZ001
)
def test_what_is_no_feel_value_is_refused_by_name(
    feel: Feel, context: Context, value: FeelValue
) -> None:
    with pytest.raises(FeelError) as caught:
        feel.evaluate("odd = 1", {"odd": [value]}, context)
    assert caught.value.code == "expression_error"
    assert "odd" in caught.value.message


@pytest.mark.parametrize("text", ["now", "[1..3]", "function(a) a", "[> 3][1]"])
def test_functions_and_ranges_are_no_results(feel: Feel, context: Context, text: str) -> None:
    with pytest.raises(FeelError) as caught:
        feel.evaluate(text, {}, context)
    assert caught.value.code == "expression_error"


def test_one_leading_equals_sign_is_dropped(feel: Feel, context: Context) -> None:
    assert feel.evaluate("= 1 + 1", {}, context) == 2
    assert feel.evaluate("  =tier = 1", {"tier": 1}, context) is True


def test_a_syntax_error_says_where(feel: Feel, context: Context) -> None:
    with pytest.raises(FeelError) as caught:
        feel.evaluate("1 + ", {}, context)
    assert caught.value.code == "expression_error"
    assert "at 5" in caught.value.message


# ------------------------------------------------------------ clock, anchors


def test_trap_now_and_today_read_v8s_clock(feel: Feel, context: Context) -> None:
    assert feel.evaluate("now()", {}, context) == NOW
    assert feel.evaluate("today()", {}, context) == date(2026, 11, 22)
    # 16:30 UTC is already the next day in Beijing
    late = Context(now=datetime(2026, 11, 22, 16, 30, tzinfo=UTC))
    assert feel.evaluate("today()", {}, late) == date(2026, 11, 23)
    assert feel.evaluate("now().hour", {}, late) == 0


def test_the_same_request_goes_over_once_but_never_with_another_clock_or_calendar(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    feel = Feel()
    runs: list[str] = []
    ready = feel._isolate._ready

    def counted() -> object:
        runs.append("run")
        return ready()

    monkeypatch.setattr(feel._isolate, "_ready", counted)
    morning = Context(now=datetime(2026, 10, 1, 1, 0, tzinfo=UTC))
    evening = Context(now=datetime(2026, 10, 1, 11, 0, tzinfo=UTC))
    first = feel.evaluate("[x]", {"x": 1, "unused": 1}, morning)
    first.append(2)  # a caller's own copy
    assert feel.evaluate("[x]", {"x": 1, "unused": 2}, evening) == [1]
    assert len(runs) == 1
    assert feel.evaluate("[x]", {"x": "1"}, evening) == ["1"]
    assert feel.evaluate("now().hour", {}, morning) == 9
    assert feel.evaluate("now().hour", {}, evening) == 19
    day = {"d": date(2026, 10, 1)}
    assert feel.evaluate("is working day(d)", day, morning) is True
    closed = Context(now=morning.now, calendar=OCTOBER)
    assert feel.evaluate("is working day(d)", day, closed) is False
    utc = Context(now=morning.now, calendar=WorkCalendar(zone="UTC"))
    late = {"d": datetime(2026, 10, 1, 20, 0, tzinfo=UTC)}
    assert feel.evaluate("date(d)", late, morning) == date(2026, 10, 2)
    assert feel.evaluate("date(d)", late, utc) == date(2026, 10, 1)


def test_a_variable_cannot_shadow_the_clock(feel: Feel, context: Context) -> None:
    assert feel.evaluate("now()", {"now": 5}, context) == NOW


def test_anchors_are_variables_and_win_over_them(feel: Feel, context: Context) -> None:
    text = 'discovered_at + duration("PT1H")'
    assert feel.evaluate(text, {"discovered_at": 1}, context) == NOW + timedelta(hours=1)


def test_moments_are_shown_on_the_organisations_clock(feel: Feel, context: Context) -> None:
    assert feel.evaluate("discovered_at.hour", {}, context) == 23
    assert feel.evaluate("date(discovered_at) = today()", {}, context) is True


def test_a_moment_without_offset_is_the_organisations(feel: Feel, context: Context) -> None:
    back = feel.evaluate('date and time("2026-11-23T08:00:00")', {}, context)
    assert back == datetime(2026, 11, 23, 8, tzinfo=SHANGHAI)


# ------------------------------------------------------------- added functions


def test_end_of_day(feel: Feel, context: Context) -> None:
    assert feel.evaluate("end of day(discovered_at)", {}, context) == end_of(2026, 11, 22)
    assert feel.evaluate("end of day(today())", {}, context) == end_of(2026, 11, 22)
    past_midnight = {"x": datetime(2026, 11, 22, 16, 0, tzinfo=UTC)}
    assert feel.evaluate("end of day(x)", past_midnight, context) == end_of(2026, 11, 23)


def test_end_of_day_after_does_not_count_the_anchor_day(feel: Feel, context: Context) -> None:
    text = "end of day after(discovered_at, n)"
    assert feel.evaluate(text, {"n": 3}, context) == end_of(2026, 11, 25)
    assert feel.evaluate(text, {"n": 0}, context) == end_of(2026, 11, 22)
    named = "end of day after(n: 8, x: discovered_at)"
    assert feel.evaluate(named, {}, context) == end_of(2026, 11, 30)


def test_end_of_day_where_the_clock_is_moved(feel: Feel) -> None:
    paris = ZoneInfo("Europe/Paris")
    eve = datetime(2026, 10, 24, 12, tzinfo=paris)
    context = Context(now=eve, anchors={"a": eve}, calendar=WorkCalendar(zone="Europe/Paris"))
    assert feel.evaluate("end of day after(a, 1)", {}, context) == end_of(2026, 10, 25, paris)


#: National Day 2026: 1 to 7 October off (weekdays listed), Saturday 10 October worked.
OCTOBER = WorkCalendar(
    holidays=frozenset(date(2026, 10, d) for d in (1, 2, 5, 6, 7)),
    workdays=frozenset({date(2026, 10, 10)}),
)


@pytest.mark.parametrize(
    ("n", "expected"),
    [(1, (2026, 10, 8)), (2, (2026, 10, 9)), (3, (2026, 10, 10)), (4, (2026, 10, 12))],
)
def test_working_days_pass_over_holidays_and_count_worked_weekends(
    feel: Feel, n: int, expected: tuple[int, int, int]
) -> None:
    moment = datetime(2026, 9, 30, 15, 30, tzinfo=SHANGHAI)
    context = Context(now=moment, anchors={"calmed_at": moment}, calendar=OCTOBER)
    back = feel.evaluate("add working days(calmed_at, n)", {"n": n}, context)
    assert back == end_of(*expected)


@pytest.mark.parametrize(
    ("day", "expected"), [(1, False), (3, False), (8, True), (10, True), (11, False), (12, True)]
)
def test_is_working_day(feel: Feel, day: int, expected: bool) -> None:
    context = Context(now=NOW, calendar=OCTOBER)
    assert feel.evaluate("is working day(d)", {"d": date(2026, 10, day)}, context) is expected


@pytest.mark.parametrize(
    "text",
    [
        "add working days(discovered_at, 0)",
        "add working days(discovered_at, 1.5)",
        "end of day after(discovered_at, -1)",
        "end of day after(discovered_at, 1000000)",
        'end of day("2026-11-22")',
        "is working day(null)",
    ],
)
def test_a_wrong_argument_is_null_with_a_reason(feel: Feel, context: Context, text: str) -> None:
    result = feel.evaluate_many([text], {}, context)[0]
    assert result.value is None
    assert result.error is None
    assert "expects" in result.warnings[0]


def test_trap_names_with_spaces_work_for_functions_and_variables(
    feel: Feel, context: Context
) -> None:
    variables = {"end of day": 3, "first name": "李", "signal": {"read count": 5}}
    assert feel.evaluate('first name + "某"', variables, context) == "李某"
    assert feel.evaluate("signal.read count + 1", variables, context) == 6
    # ours win over a variable of the same name
    assert feel.evaluate("end of day(discovered_at)", variables, context) == end_of(2026, 11, 22)


# ------------------------------------------------------------ batches, nulls


def test_a_gateways_conditions_go_over_in_one_call(
    feel: Feel, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    call = feel._isolate.call

    def counted(function: str, request: object, seconds: float) -> object:
        calls.append(function)
        return call(function, request, seconds)

    monkeypatch.setattr(feel._isolate, "call", counted)
    results = feel.evaluate_many(["a > 1", "a", "nope", "1 +"], {"a": 2}, context)
    assert calls == ["evaluate"]
    assert [r.value for r in results] == [True, 2, None, None]
    assert results[2].warnings == ("Variable 'nope' not found",)
    assert results[3].error is not None
    assert feel.evaluate_many([], {}, context) == []


def test_conditions_stop_at_the_first_true(feel: Feel, context: Context) -> None:
    texts = ["a = 1", "a = 2", "nope = 3"]
    assert feel.conditions(texts, {"a": 2}, context, until_true=True) == [False, True, False]
    with pytest.raises(FeelError) as caught:
        feel.conditions(texts, {"a": 2}, context)
    assert (caught.value.code, caught.value.index) == ("condition_null", 2)
    assert "nope" in caught.value.message


def test_trap_unknown_variable_is_null_with_a_warning(feel: Feel, context: Context) -> None:
    with pytest.raises(FeelError) as caught:
        feel.conditions(["graed.tier > 3"], {"grade": {"tier": 4}}, context)
    assert caught.value.code == "condition_null"
    assert "graed" in caught.value.message


@pytest.mark.parametrize(
    ("text", "silent"),
    [
        ("review.decision = 1", False),
        ("grade.teir = 4", True),
        ("grade.teir != 4", True),
        ("graed = 4 or true", True),
        ("if graed = 4 then true else false", True),
        ("empty.level = 4", True),
    ],
)
def test_trap_a_missing_name_compared_is_false_and_not_null(
    feel: Feel, context: Context, text: str, silent: bool
) -> None:
    variables = {"grade": {"tier": 4}, "empty": None, "review": {"decision": "approve"}}
    result = feel.evaluate_many([text], variables, context)[0]
    assert isinstance(result.value, bool) is silent
    with pytest.raises(FeelError) as caught:
        feel.conditions([text], variables, context)
    assert caught.value.code == "condition_null"


def test_a_name_asked_about_may_be_missing(feel: Feel, context: Context) -> None:
    texts = [
        "graed = null",
        "graed != null and graed.level > 3",
        "null != grade.teir",
        "rows[met = true] = []",
        'grade.level = null or grade.level = "x"',
    ]
    variables = {"grade": {"tier": 4}, "rows": [{"kind": 1}, {"met": False}]}
    answers = feel.conditions(texts, variables, context)
    assert answers[:3] == [True, False, False]


def test_trap_number_against_string_is_null_without_a_warning(feel: Feel, context: Context) -> None:
    result = feel.evaluate_many(["tier = 1"], {"tier": "1"}, context)[0]
    assert (result.value, result.warnings) == (None, ())
    with pytest.raises(FeelError) as caught:
        feel.conditions(["tier = 1"], {"tier": "1"}, context)
    assert caught.value.code == "condition_null"
    assert "different types" in caught.value.message


@pytest.mark.parametrize("text", ["1", '"true"', "null", "[true]", "{}"])
def test_a_condition_is_strictly_true_or_false(feel: Feel, context: Context, text: str) -> None:
    with pytest.raises(FeelError) as caught:
        feel.conditions([text], {}, context)
    assert caught.value.code == "condition_null"


def test_trap_iso_string_plus_duration_is_null_unless_typed(feel: Feel, context: Context) -> None:
    text = 'at + duration("PT1H")'
    assert feel.evaluate(text, {"at": NOW.isoformat()}, context) is None
    assert feel.evaluate(text, {"at": NOW}, context) == NOW + timedelta(hours=1)


# ---------------------------------------------------------------- unary tests


@pytest.mark.parametrize(
    ("cell", "value", "expected"),
    [
        ('"a","b"', "b", True),
        ('"a","b"', "c", False),
        ('not("a")', "b", True),
        ('not("a","b")', "b", False),
        ("[5..20]", 5, True),
        ("[5..20)", 20, False),
        ("]5..20]", 5, False),
        ("-", None, True),
        ("", "x", True),
        (">= 3", 3, True),
        ("< 3, > 10", 11, True),
        ("? > 3 and limit < 5", 4, True),
        ("reads * 2 = limit", 2, True),
        ("> 3", None, False),
        ("null", None, True),
        ("true", True, True),
        ("true", False, False),
        ('< date("2026-01-01")', date(2025, 12, 31), True),
        ('> duration("PT1H")', timedelta(hours=2), True),
    ],
)
def test_trap_unary_tests_that_the_stock_engine_cannot_match(
    feel: Feel, context: Context, cell: str, value: FeelValue, expected: bool
) -> None:
    assert feel.unary_tests(cell, value, {"limit": 4}, context, name="reads") is expected


@pytest.mark.parametrize("cell", ["nope", "> ", '"a', "? > nope"])
def test_a_cell_that_cannot_be_a_test_is_an_error(feel: Feel, context: Context, cell: str) -> None:
    with pytest.raises(FeelError) as caught:
        feel.unary_tests(cell, 1, {}, context)
    assert caught.value.code == "expression_error"


# --------------------------------------------------------------------- check

NAMES = {
    "grade.tier": "string",
    "grade.level": "number",
    "discovered_at": "date and time",
    "first name": "string",
    "tier": "number",
    "rows": "list",
    "case": None,
}


@pytest.mark.parametrize(
    "text",
    [
        "= grade.level > 3",
        "upper case(first name)",
        "case.anything.at all = 1",
        "for i in rows, j in 1..i return i + j + count(partial)",
        "some r in rows satisfies r.met = true",
        "every r in rows satisfies r > tier",
        "rows[met = true and item.kind = 1]",
        "{a: tier, b: a + 1}.b",
        "function(a, b) a + b + tier",
        'substring(string: "abc", start position: tier)',
        "tier instance of number",
        'discovered_at + duration("PT1H") > now()',
        "end of day after(discovered_at, 3)",
        "add working days(discovered_at, tier) < end of day(today())",
        "if is working day(today()) then 1 else 2",
        "tier in (1, 2, [3..5])",
        "tier between 1 and 3",
        'date and time("2026-01-01T00:00:00+08:00") < discovered_at',
    ],
)
def test_sound_expressions_have_no_problems(feel: Feel, text: str) -> None:
    assert feel.check(text, NAMES) == []


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("tier = ", "syntax", None),
        ("tier == 3", "syntax", "== 3"),
        ("", "syntax", None),
        ("(tier", "syntax", None),
        ("a ; b", "syntax", None),
        ("teir > 3", "unknown_name", "teir"),
        ("grade.leval > 3", "unknown_name", "grade.leval"),
        ("last name = null", "unknown_name", "last name"),
        ("for i in rows return j", "unknown_name", "j"),
        ("(for i in rows return i) + i", "unknown_name", "i"),
        ("end of dya(discovered_at)", "unknown_name", "end of dya"),
        ('tier = "1"', "type_mismatch", '"1"'),
        ('"4" <= tier', "type_mismatch", "tier"),
        ("grade.tier = 4", "type_mismatch", "4"),
        ('tier in ("1", 2)', "type_mismatch", '"1"'),
        ('discovered_at > date("2026-01-01")', "type_mismatch", 'date("2026-01-01")'),
        ('tier between 1 and "3"', "type_mismatch", '"3"'),
        ("discovered_at < today()", "type_mismatch", "today()"),
        ('(tier + 1) * 2 > "3"', "type_mismatch", '"3"'),
        ('(tier > 1) = "true"', "type_mismatch", '"true"'),
        ('date("2026-13-01")', "invalid_literal", None),
        ('duration("1 hour")', "invalid_literal", None),
        ('@"25:00:00"', "invalid_literal", None),
        (
            'discovered_at > date and time("2026-01-01T08:00:00")',
            "moment_without_offset",
            'date and time("2026-01-01T08:00:00")',
        ),
        ("1 + " * 4000 + "1", "too_long", None),
    ],
)
def test_each_problem_is_found_in_its_place(
    feel: Feel, text: str, code: str, words: str | None
) -> None:
    for marker in ("", " = "):
        problems = feel.check(marker + text, NAMES)
        assert [p.code for p in problems] == [code]
        if words is not None:
            assert (marker + text)[problems[0].start : problems[0].end] == words


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ('"a","b"', []),
        ('not("a")', []),
        ("-", []),
        ("", []),
        ("3", ["type_mismatch"]),
        ('not("a", 3)', ["type_mismatch"]),
        ("[5..20]", ["type_mismatch", "type_mismatch"]),
        ("? = 3", ["type_mismatch"]),
        ('starts with(?, "a")', []),
        ("unbekannt", ["unknown_name"]),
        ('"a" "b"', ["syntax"]),
    ],
)
def test_cells_are_checked_against_the_columns_type(
    feel: Feel, text: str, codes: list[str]
) -> None:
    assert [p.code for p in feel.check(text, NAMES, "unary", value_type="string")] == codes


def test_an_expression_is_checked_against_the_wanted_type(feel: Feel) -> None:
    assert [p.code for p in feel.check("= tier", NAMES, value_type="boolean")] == ["type_mismatch"]
    assert feel.check("tier = 1", NAMES, value_type="boolean") == []
    assert feel.check("case.open", NAMES, value_type="boolean") == []
    moment = "date and time"
    for text in ('discovered_at + duration("PT1H")', "end of day(discovered_at)", "now()"):
        assert feel.check(text, NAMES, value_type=moment) == []
        problems = feel.check(text, NAMES, value_type="boolean")
        assert [(p.expected, p.found) for p in problems] == [("boolean", moment)]


def test_without_names_only_the_words_are_judged(feel: Feel) -> None:
    assert feel.check("anything.goes > here") == []
    assert feel.check("a = 1", ["a"]) == []
    assert [p.code for p in feel.check("b = 1", ["a"])] == ["unknown_name"]
    many = feel.check_many([CheckItem("1 +"), CheckItem("1"), CheckItem("-", "unary")], None)
    assert [[p.code for p in found] for found in many] == [["syntax"], [], []]


def test_checking_runs_nothing(feel: Feel) -> None:
    assert feel.check("count(for i in 1..100000000 return i) = 1", []) == []
