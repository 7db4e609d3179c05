"""Reporting up: one line a recipient, met by the moments at which receipt was confirmed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from models.cases import Anchor, Case
from models.tasks import UserTask
from models.words import ReportLine
from services import access, history, reports
from services.errors import Refusal
from services.report_reading import Report, open_lines, overview
from services.reports import Entry, handle_report_up
from services.uow import Database
from tests.integration.words_rows import Unit, element_for, make_unit

FORM = "planroom:report-up"
PATH = "report_up/report"


@pytest.fixture
def unit(db: Database, now: datetime, monkeypatch: pytest.MonkeyPatch) -> Unit:
    # The tasks here are rows without a deployed diagram behind them.
    monkeypatch.setattr(access, "element_of", lambda _session, task: element_for(task))
    return make_unit(db, now)


class Story:
    """澜浦县: reported 23:02, limit 00:02; minutes after 23:02 stand for the moments."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.start = unit.now
        self.task = unit.open_task(FORM, PATH, due_at=self.moment(60))

    def moment(self, minutes: int) -> datetime:
        return self.start + timedelta(minutes=minutes)

    def entry(self, happened: int, confirmed: int | None = None, **changes: Any) -> Entry:
        return Entry(
            **{
                "method": "phone",
                "to_whom": "值班室 王科长",
                "happened_at": self.moment(happened),
                "acknowledged_at": None if confirmed is None else self.moment(confirmed),
                **changes,
            }
        )

    def enter(self, recipient: str, entry: Entry, now: int, who: str = "duty") -> ReportLine:
        unit = self.unit
        return unit.run(
            lambda uow: reports.enter_line(
                uow, self.task, recipient, entry, unit.actor(who), self.moment(now)
            )
        )

    def confirm(self, recipient: str, confirmed: int, now: int) -> ReportLine:
        unit = self.unit
        return unit.run(
            lambda uow: reports.acknowledge_line(
                uow,
                self.task,
                recipient,
                "回电确认",
                unit.actor("duty"),
                self.moment(now),
                acknowledged_at=self.moment(confirmed),
            )
        )

    def overview(self) -> Report:
        with self.unit.db.read() as session:
            task = session.get_one(UserTask, self.task)
            return overview(session, task, self._case(session))

    def _case(self, session: Session) -> Case:
        return session.get_one(Case, self.unit.case_id)

    def complete(self, now: int) -> dict[str, Any]:
        return self.unit.submit(handle_report_up, FORM, {}, task_id=self.task, at=self.moment(now))


@pytest.fixture
def story(unit: Unit) -> Story:
    return Story(unit)


def refused(work: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        work()
    return caught.value


def test_one_unconfirmed_call_makes_the_report_late(story: Story) -> None:
    """Three calls entered, one of them unconfirmed until 00:09: the limit of 00:02 is missed."""
    story.enter("party", story.entry(5, 5), 6)
    story.enter("superior", story.entry(9, 9), 10)
    story.enter("cyber", story.entry(12), 13)
    there = story.overview()
    assert not there.complete and there.missing == []
    assert [r.key for r in there.unconfirmed] == ["cyber"]
    refusal = refused(lambda: story.complete(61))
    assert refusal.code == "report_incomplete"
    assert refusal.args_["unconfirmed"] == ["网信部门"]
    story.confirm("cyber", 67, 68)
    result = story.complete(69)
    assert result == {"complete": True, "last_at": story.moment(67), "met": False}
    acknowledged = story.unit.events("report.line_acknowledged")
    assert [(a["recipient"], a["met"], a.get("late")) for a in acknowledged] == [
        ("party", True, None),
        ("superior", True, None),
        ("cyber", False, 7 * 60),
    ]


def test_the_limit_is_met_by_actual_times_though_entered_late(story: Story) -> None:
    for recipient, minute in (("party", 5), ("superior", 9), ("cyber", 60)):
        story.enter(recipient, story.entry(minute, minute), 95)
    there = story.overview()
    assert there.met and there.last_at == story.moment(60)
    assert [row.lag for row in there.rows] == [timedelta(minutes=m) for m in (90, 86, 35)]
    assert story.complete(96)["met"] is True
    assert story.unit.events("report.line_entered")[0]["lag"] == 90 * 60


def test_what_is_written_down_at_once_is_no_late_entry(story: Story) -> None:
    story.enter("party", story.entry(5, 5), 9)
    assert story.overview().rows[0].lag is None


def test_recipients_follow_the_tier_and_entered_ones_stay(story: Story) -> None:
    assert [r.recipient.key for r in story.overview().rows] == ["party", "superior", "cyber"]

    def tier(key: str) -> None:
        def work(uow: Any) -> None:
            story.unit.case(uow).tier = key

        story.unit.run(work)

    tier("major")
    story.enter("province", story.entry(5, 5), 6)
    assert len(story.overview().rows) == 4
    tier("general")
    assert [r.recipient.key for r in story.overview().rows][-1] == "province"


def test_nothing_entered_is_missing_by_name(story: Story) -> None:
    refusal = refused(lambda: story.complete(10))
    assert refusal.args_["missing"] == ["党政办", "上级业务部门", "网信部门"]


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"method": "pigeon"}, {"method": "not_an_option"}),
        ({"to_whom": "  "}, {"to_whom": "required"}),
        ({"to_whom": "字" * 201}, {"to_whom": "too_long"}),
    ],
)
def test_bad_entries_name_the_field(
    story: Story, changes: dict[str, Any], errors: dict[str, str]
) -> None:
    refusal = refused(lambda: story.enter("party", story.entry(5, **changes), 6))
    assert refusal.args_["errors"] == errors


def test_receipt_lies_between_the_report_and_now(story: Story) -> None:
    assert refused(lambda: story.enter("party", story.entry(7), 6)).args_["errors"] == {
        "happened_at": "in_future"
    }
    refusal = refused(lambda: story.enter("party", story.entry(5, 4), 6))
    assert refusal.args_["errors"] == {"acknowledged_at": "before_report"}
    story.enter("party", story.entry(5), 6)
    refusal = refused(lambda: story.confirm("party", 9, 8))
    assert refusal.args_["errors"] == {"acknowledged_at": "in_future"}


def test_nothing_was_reported_before_it_was_discovered(story: Story) -> None:
    """Else a report could be said to have met its limit before there was anything to report."""
    story.unit.run(
        lambda uow: uow.session.add(
            Anchor(
                case_id=story.unit.case_id, name="discovered_at",
                occurred_at=story.moment(2) + timedelta(seconds=30), recorded_at=story.start,
            )
        )
    )  # fmt: skip
    wrong = {"happened_at": "before_discovery"}
    assert refused(lambda: story.enter("party", story.entry(1), 6)).args_["errors"] == wrong
    # Moments are typed to the minute: the minute of the discovery is not before it.
    task = story.enter("party", story.entry(2), 6).task_id
    actor, again = story.unit.actor("duty"), story.entry(1)
    refusal = refused(
        lambda: story.unit.run(
            lambda uow: reports.correct_line(
                uow, task, "party", again, "记错了", actor, story.moment(9)
            )
        )
    )
    assert refusal.args_["errors"] == wrong


def test_entering_and_confirming_twice_is_refused(story: Story) -> None:
    assert refused(lambda: story.confirm("party", 5, 6)).code == "line_missing"
    story.enter("party", story.entry(5, 5), 6)
    assert refused(lambda: story.enter("party", story.entry(5), 6)).code == "line_entered"
    assert refused(lambda: story.confirm("party", 6, 7)).code == "line_acknowledged"
    assert refused(lambda: story.enter("nobody", story.entry(5), 6)).status == 404


def test_other_roles_and_finished_tasks_are_refused(story: Story) -> None:
    assert refused(lambda: story.enter("party", story.entry(5), 6, "legal")).status == 403
    assert refused(lambda: story.enter("party", story.entry(5), 6, "auditor")).code == "read_only"
    for recipient in ("party", "superior", "cyber"):
        story.enter(recipient, story.entry(5, 5), 6)
    story.complete(7)
    assert refused(lambda: story.enter("party", story.entry(5), 8)).code == "task_done"


def test_a_correction_keeps_what_was_said_and_why(story: Story) -> None:
    for recipient in ("party", "superior", "cyber"):
        story.enter(recipient, story.entry(5, 5), 6)
    story.complete(7)
    unit = story.unit

    def correct(reason: str) -> ReportLine:
        return unit.run(
            lambda uow: reports.correct_line(
                uow,
                story.task,
                "party",
                story.entry(4, 8, to_whom="值班室 李科长"),
                reason,
                unit.actor("duty"),
                story.moment(20),
            )
        )

    assert refused(lambda: correct("")).args_["errors"] == {"reason": "required"}
    line = correct("看了通话记录")
    assert line.happened_at == story.moment(4) and line.acknowledged_at == story.moment(8)
    event = unit.events("report.line_corrected")[0]
    assert event["fields"] == ["to_whom", "happened_at", "acknowledged_at"]
    with unit.db.read() as session:
        found = [
            e
            for e in history.events_of_case(session, unit.case_id)
            if e.type == "report.line_corrected"
        ]
        personal = history.personal_of(session, *found)
        assert personal["reason"] == "看了通话记录"
        assert personal["was"]["to_whom"] == "值班室 王科长"
        assert "王科长" not in found[0].content


def test_unconfirmed_lines_stay_on_the_cases_list(story: Story) -> None:
    story.enter("party", story.entry(5), 6)
    story.enter("superior", story.entry(5, 5), 6)
    with story.unit.db.read() as session:
        assert [line.recipient for line in open_lines(session, story.unit.case_id)] == ["party"]
