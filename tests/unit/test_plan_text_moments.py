"""Timers taken apart, so that they can be said in words."""

from __future__ import annotations

import pytest

from services.plan_text_moments import OTHER, Moment, Term, constant, read
from tests.unit.bpmn_builder import Process, document, manifest
from workflows import catalogue
from workflows.catalogue import Place


def place(ins: dict[str, str] | None = None) -> Place:
    """The inside of a call that hands these in (the plan's own process without them)."""
    called = Process("called").start().user_task("do", "duty").end().chain("start", "do", "end")
    p = Process("p").start()
    given = "".join(
        f"<camunda:in sourceExpression='{text}' target='{name}'/>"
        for name, text in (ins or {}).items()
    )
    p.raw(
        f'<bpmn:callActivity id="call" calledElement="called"><bpmn:extensionElements>{given}'
        "</bpmn:extensionElements></bpmn:callActivity>"
    )
    p.end().chain("start", "call", "end")
    found = catalogue.read({"p.bpmn": document(p, called)}, manifest("p", roles=["duty"]))
    return found.root.inner[0] if ins is not None else found.root


PT1H: tuple[Term, ...] = (("+", "PT1H"),)


_UNKNOWN = "a_at + (if x = 1 then y else null)"


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("PT20M", "duration", Moment(terms=(("+", "PT20M"),))),
        ('duration("PT1H")', "duration", Moment(text='duration("PT1H")')),
        ("R3/PT10M", "cycle", Moment(every="PT10M", times=3)),
        ("R/P1D", "cycle", Moment(every="P1D")),
        ('discovered_at + duration("PT1H")', "date", Moment("discovered_at", terms=PT1H)),
        (
            'discovered_at + duration("PT1H") - duration("PT15M")',
            "date",
            Moment("discovered_at", terms=(*PT1H, ("-", "PT15M"))),
        ),
        ("end of day(discovered_at)", "date", Moment("discovered_at", frame="day_end")),
        (
            'end of day after(calmed_at, 3) + duration("PT1H")',
            "date",
            Moment("calmed_at", frame="day_end_after", count=3, terms=PT1H),
        ),
        ("end of day(now())", "date", Moment(frame="day_end")),
        (
            "end of day(add working days(calmed_at, 5))",
            "date",
            Moment("calmed_at", frame="working_days", count=5),
        ),
        (
            "taken_at + settings.investigation_limit",
            "date",
            Moment("taken_at", terms=(("+", "settings.investigation_limit"),)),
        ),
        (
            'a_at + (if x = 1 then duration("PT1M") else if x = 2 then duration("PT3M") else null)',
            "date",
            Moment("a_at", terms=(("+", "PT1M|PT3M"),)),
        ),
        ("a_at + (if x = 1 then y else null)", "date", Moment(text=_UNKNOWN)),
        (
            'a_at + duration("PT1H") + paused + (if b_at > c_at then b_at - c_at else null)',
            "date",
            Moment("a_at", terms=(*PT1H, ("+", OTHER))),
        ),
        ("max(a, b)", "date", Moment(text="max(a, b)")),
        ("if a then b else c", "date", Moment(text="if a then b else c")),
    ],
)
def test_forms(text: str, kind: str, expected: Moment) -> None:
    if text == 'duration("PT1H")':
        # A duration written as FEEL is the same as the ISO text.
        assert read(text, kind, place()) in (expected, Moment(terms=PT1H))
    else:
        assert read(text, kind, place()) == expected


def test_what_the_caller_hands_in_is_put_in() -> None:
    text = "(if raised_at = null then discovered_at else raised_at) + limit"
    raised = "if triage.raised then graded_at else null"
    inside = place({"limit": 'duration("PT2H")', "raised_at": raised})
    assert read(text, "date", inside) == Moment(
        "discovered_at", "graded_at", terms=(("+", "PT2H"),)
    )
    plain = place({"limit": 'duration("PT2H")', "raised_at": "null"})
    assert read(text, "date", plain) == Moment("discovered_at", terms=(("+", "PT2H"),))


def test_no_clock_where_the_call_gives_none() -> None:
    assert read("discovered_at + limit", "date", place({"limit": "null"})) is None
    assert read("discovered_at + limit", "date", place({"other": "1"})) == Moment(
        text="discovered_at + limit"
    )


def test_a_reminder_is_told_from_the_limit() -> None:
    due = Moment("a", terms=PT1H)
    assert Moment("a", terms=(*PT1H, ("-", "PT15M"))).beyond(due) == ("-", "PT15M")
    assert Moment("b", terms=(*PT1H, ("-", "PT15M"))).beyond(due) is None
    assert Moment("a", terms=(("+", "PT2H"),)).beyond(due) is None
    assert due.beyond(due) is None


def test_constants() -> None:
    assert constant("timed = true", place({"timed": "false"})) is False
    assert constant("timed = true", place({"timed": "true"})) is True
    assert constant("timed = true", place({"timed": "grade.level > 2"})) is None
    assert constant("timed = true", place()) is None
    assert constant("grade.level > 2", place({"timed": "true"})) is None
