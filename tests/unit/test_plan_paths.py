"""Plans 4 and 11 played on the engine through every branch, with their clocks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.plan_driver import Play, read

#: 23:02 in Beijing, as in the demonstration's story.
FOUND = datetime(2026, 3, 10, 15, 2, tzinfo=UTC)
DAY_END = datetime(2026, 3, 10, 15, 59, 59, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)

Scenario = Callable[[], Play]
SCENARIOS: list[Scenario] = []


def scenario(play: Scenario) -> Scenario:
    SCENARIOS.append(play)
    return play


def p11() -> Play:
    return Play("p11", FOUND)


def p04() -> Play:
    return Play("p04", FOUND)


# ------------------------------------------------------------------- plan 11


@scenario
def general_case() -> Play:
    play = p11().grade("general", within_50=True).finish()
    assert sorted(play.done) == sorted(
        [
            "triage", "grade", "first_statement/draft", "response/carry_out",
            "first_statement/approve", "first_statement/release", "follow", "closing",
            "wrap_up/archive",
        ]
    )  # fmt: skip
    assert "case_closed" in play.ends
    return play


@scenario
def signal_of_another_unit() -> Play:
    play = p11().do("triage", ours=False)
    assert play.status == "completed" and play.ends == ["not_ours"]
    return play


@scenario
def extraordinary_case() -> Play:
    play = p11()
    play.wait(minutes=3).grade("extraordinary", casualties=True)
    report = play.tasks["report_1h/report_in_time"]
    assert report.due_at == FOUND + HOUR
    timers = {path.rpartition("/")[2]: timer for path, timer in play.timers.items()}
    assert timers["limit_remind"].due_at == FOUND + 45 * MINUTE
    assert timers["limit_due"].due_at == FOUND + HOUR
    assert timers["limit_escalate"].due_at == FOUND + 65 * MINUTE
    assert timers["golden_due"].due_at == FOUND + 24 * HOUR
    assert play.tasks["first_statement/draft"].due_at == FOUND + 24 * HOUR
    assert play.tasks["response/fact_check"].due_at is None

    play.do("first_statement/draft")
    assert play.tasks["first_statement/secrecy_check"].due_at == FOUND + 24 * HOUR
    play.do("first_statement/secrecy_check").do("first_statement/legal_check")
    play.do("first_statement/approve", decision="approve_with_edits")
    play.do("first_statement/release")

    play.wait(minutes=62)
    assert play.fired == [
        "report_1h/limit_remind", "report_1h/limit_due", "report_1h/limit_escalate",
    ]  # fmt: skip
    play.do("report_1h/limit_urge", instruction="立即报齐").do("report_1h/report_in_time")

    play.do("response/fact_check", finding="true").do("response/handling_plan")
    play.do("response/office_coordinates", decision="return")
    play.do("response/handling_plan").do("response/office_coordinates", decision="approve")
    play.do("response/carry_out").do("follow", next="calm").do("closing")
    play.do("wrap_up/review").do("wrap_up/archive")
    assert play.status == "completed"
    return play


@scenario
def major_case() -> Play:
    play = p11().grade("major", mainstream=True, major_impact=True)
    assert play.tasks["report_2h/report_in_time"].due_at == FOUND + 2 * HOUR
    timers = {path.rpartition("/")[2]: timer.due_at for path, timer in play.timers.items()}
    assert timers["limit_remind"] == FOUND + timedelta(hours=1, minutes=45)
    assert timers["limit_due"] == FOUND + 2 * HOUR
    play.do("response/fact_check", finding="unclear").do("response/handling_plan")
    play.do("response/group_decides", decision="return").do("response/handling_plan")
    play.do("response/group_decides", decision="approve")
    return play.finish()


@scenario
def considerable_case_untrue_post() -> Play:
    play = p11().grade("considerable", trend="rising")
    assert not any(path.startswith("report") for path in play.tasks)
    play.do("response/fact_check", finding="untrue").do("response/lawful_notice")
    return play.finish()


@scenario
def unlawful_post_reported_at_discretion() -> Play:
    play = p11().grade("considerable", trend="rising", report_now=True)
    assert play.tasks["report_discretion/report_freely"].due_at is None
    play.do("report_discretion/report_freely")
    play.do("response/fact_check", finding="unlawful").do("response/police_report")
    return play.finish()


@scenario
def nothing_to_say_in_public() -> Play:
    play = p11().grade("general", respond=False, within_50=True)
    assert not any(path.startswith("first_statement") for path in play.tasks)
    return play.finish()


@scenario
def statement_is_late() -> Play:
    play = p11().grade("general", within_50=True).wait(hours=26)
    assert play.fired == ["golden_remind", "golden_due", "golden_escalate"]
    play.do("golden_urge", instruction="今晚前发布")
    return play.finish()


@scenario
def statement_returned_by_each_and_refused() -> Play:
    play = p11().grade("major", major_impact=True)
    inside = "first_statement/"
    play.do(inside + "draft").do(inside + "secrecy_check", decision="return")
    play.do(inside + "draft").do(inside + "secrecy_check", decision="approve_with_edits")
    play.do(inside + "legal_check", decision="return")
    play.do(inside + "draft").do(inside + "secrecy_check")
    play.do(inside + "legal_check", decision="approve_with_edits")
    play.do(inside + "approve", decision="return")
    play.do(inside + "draft").do(inside + "secrecy_check").do(inside + "legal_check")
    play.do(inside + "approve", decision="reject")
    assert "first_statement/not_released" in play.ends
    return play.finish()


@scenario
def raised_while_responding() -> Play:
    """The response is interrupted, the statement and the old clock go on, a new clock opens."""
    play = p11().grade("major", sensitive=True, trend="fast", major_impact=True)
    old = play.tasks["report_2h/report_in_time"]
    draft = play.tasks["first_statement/draft"]
    play.wait(minutes=80).retier()
    assert play.cancelled == ["response/fact_check"]
    assert play.tasks["first_statement/draft"].id == draft.id
    assert play.tasks["triage"].round == 2
    play.wait(minutes=2).grade("extraordinary", basis="raised", casualties=True, respond=False)
    assert play.tasks["report_2h/report_in_time"].due_at == old.due_at == FOUND + 2 * HOUR
    new = play.tasks["report_1h/report_in_time"]
    assert new.due_at == play.anchors["graded_at"] + HOUR
    assert play.tasks["first_statement/draft"].id == draft.id
    assert play.tasks["response/fact_check"].round == 2
    play.do("report_2h/report_in_time").do("report_1h/report_in_time")
    return play.finish()


@scenario
def lowered_while_following() -> Play:
    play = p11().grade("considerable", trend="rising")
    play.do("response/fact_check").do("response/carry_out")
    play.retier()
    assert play.cancelled == ["follow"]
    play.grade("general", basis="lowered", respond=False, within_50=True)
    return play.finish()


@scenario
def lowered_before_the_report_was_made() -> Play:
    """The running clock is kept; a lower tier opens no second one, late from the start."""
    play = p11().grade("extraordinary", casualties=True).wait(minutes=10).retier()
    play.wait(hours=3).grade("major", basis="lowered", mainstream=True, respond=False)
    assert play.tasks["report_1h/report_in_time"].due_at == FOUND + HOUR
    assert "report_2h/report_in_time" not in play.tasks
    return play.finish()


@scenario
def long_follow_up() -> Play:
    play = p11().grade("considerable", trend="rising")
    play.do("response/fact_check").do("response/carry_out")
    play.do("follow", next="continue").do("follow", next="progress")
    assert play.tasks["progress_statement/draft"].due_at is None
    play.do("follow", next="respond").do("response/fact_check").do("response/carry_out")
    assert "progress_statement/draft" in play.tasks
    play.do("follow", next="calm").do("closing", criterion_met=False)
    assert "calmed_at" not in play.anchors
    play.do("follow", next="calm").do("closing")
    return play.finish()


# -------------------------------------------------------------------- plan 4


@scenario
def minor_question_answered() -> Play:
    play = p04().grade("other")
    assert list(play.tasks) == ["response/gather_facts"]
    play.do("response/gather_facts", **{"class": "reply_now"})
    assert play.tasks["reply_now/draft"].due_at is None
    play.finish()
    assert "reply_now/secrecy_check" in play.done and "reply_now/legal_check" not in play.done
    assert "wrap_up/review" not in play.done and "group_report" in play.done
    return play


@scenario
def not_of_this_company() -> Play:
    return p04().do("triage", ours=False)


@scenario
def question_that_needs_work() -> Play:
    play = p04().grade("other")
    play.do("response/gather_facts", **{"class": "reply_later"})
    assert play.tasks["reply_opinion/draft"].due_at == DAY_END
    inside = "reply_opinion/"
    for step in ("draft", "secrecy_check", "approve", "release"):
        play.do(inside + step)
    assert play.tasks["handle_matter"].due_at is None
    play.wait(days=1).do("handle_matter")
    assert play.tasks["reply_result/draft"].due_at == DAY_END + timedelta(days=1)
    play.wait(hours=2)
    assert play.fired == ["result_remind", "result_due", "result_escalate"]
    play.do("result_urge", instruction="即刻回复")
    return play.finish()


@scenario
def opinion_is_late() -> Play:
    play = p04().grade("other")
    play.do("response/gather_facts", **{"class": "reply_later"})
    play.wait(hours=2)
    # Found at 23:02: the moment two hours before midnight has passed, so its reminder is at once.
    assert play.fired == ["opinion_remind", "opinion_due", "opinion_escalate"]
    return play.finish()


@scenario
def major_fabrication() -> Play:
    play = p04().grade("major", major=True)
    assert play.tasks["report_1h/report_in_time"].due_at == FOUND + HOUR
    play.do("report_1h/report_in_time")
    play.do("response/gather_facts", **{"class": "fabricated"}).do("response/refer_enforcement")
    for step in ("draft", "secrecy_check", "legal_check", "approve", "release"):
        play.do("clarify/" + step)
    play.do("follow", next="report")
    assert play.tasks["follow_report/report_freely"].due_at is None
    return play.finish()


@scenario
def urgent_report_by_phone() -> Play:
    play = p04().grade("major", major=True, urgent=True)
    assert play.tasks["report_by_phone/oral_report"].due_at == FOUND + HOUR
    play.wait(minutes=20).do("report_by_phone/oral_report")
    written = play.tasks["report_by_phone/written_report"]
    assert written.due_at == play.anchors["oral_at"] + 30 * MINUTE
    play.wait(minutes=40)
    assert play.fired == [
        f"report_by_phone/written_{kind}" for kind in ("remind", "due", "escalate")
    ]
    play.do("report_by_phone/written_urge", instruction="补报书面")
    play.do("report_by_phone/written_report")
    play.do("response/gather_facts", **{"class": "malicious"}).do("response/refer_discipline")
    return play.finish()


@scenario
def phone_call_is_late() -> Play:
    play = p04().grade("major", major=True, urgent=True).wait(minutes=70)
    assert play.fired == [f"report_by_phone/oral_{kind}" for kind in ("remind", "due", "escalate")]
    return play.finish()


@scenario
def one_hour_report_is_late() -> Play:
    play = p04().grade("major", major=True).wait(minutes=70)
    assert play.fired == [f"report_1h/limit_{kind}" for kind in ("remind", "due", "escalate")]
    return play.finish()


@scenario
def raised_twice_in_plan_4() -> Play:
    play = p04().grade("other").retier().grade("major", basis="raised", major=True)
    assert play.tasks["report_1h/report_in_time"].due_at == play.anchors["graded_at"] + HOUR
    play.do("response/gather_facts", **{"class": "reply_now"})
    draft = play.tasks["reply_now/draft"]
    play.retier()
    assert play.tasks["reply_now/draft"].id == draft.id
    play.grade("other", basis="lowered")
    play.do("response/gather_facts", **{"class": "none"})
    return play.finish()


@scenario
def three_days_to_the_group() -> Play:
    play = p04().grade("other").do("response/gather_facts", **{"class": "none"})
    play.do("follow", next="continue").do("follow", next="respond")
    play.do("response/gather_facts", **{"class": "none"})
    play.do("follow").do("closing", criterion_met=False).do("follow").do("closing")
    report = play.tasks["group_report"]
    assert report.due_at == DAY_END + timedelta(days=3)
    play.wait(days=4)
    assert play.fired == ["group_remind", "group_due", "group_escalate"]
    play.do("group_urge", instruction="今日报送")
    return play.finish()


# ----------------------------------------------------------------- the tests


@pytest.mark.parametrize("play", SCENARIOS, ids=lambda play: play.__name__)
def test_path(play: Scenario) -> None:
    assert play().status == "completed"


def test_every_flow_of_every_process_is_taken_by_some_path() -> None:
    taken: set[tuple[str, str]] = set()
    for play in SCENARIOS:
        taken |= play().flows
    drawn = {
        (place.scope.process.id, flow.id)
        for key in ("p04", "p11")
        for place in read(key).root.walk()
        for flow in place.scope.flows
    }
    assert drawn - taken == set()
