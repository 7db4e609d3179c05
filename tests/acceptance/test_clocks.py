"""Every clock of plans 4 and 11, met once and missed once under a moved clock.

These go through the services: the same acts as in the browser, at moments of the test's choosing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from models.cases import Case
from models.history import HistoryEvent
from models.people import Person
from models.tasks import Notification, UserTask
from services import access, cases, history, report_reading
from services.demo import seed
from services.demo.player import Player, approve, release
from tests.kept import copied

LIBRARY = Path(__file__).resolve().parents[2] / "bpmn"
ZONE = ZoneInfo("Asia/Shanghai")
#: A Tuesday, 15:00 in the unit's zone; the cases are discovered then.
DISCOVERED = datetime(2026, 3, 10, 7, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Clock:
    """A row of the table of time limits (acceptance, section 1): ``iso`` as it stands there,
    ``in_plan`` as ``plan.toml`` writes it, ``urge`` the task that opens when it is missed and
    ``escalates`` the role it is for."""

    id: str
    plan: str
    iso: str
    in_plan: str
    urge: str
    escalates: str


CLOCKS = {
    clock.id: clock
    for clock in (
        Clock("P11-D1", "p11", "PT1H", "PT1H", "limit_urge", "office"),
        Clock("P11-D2", "p11", "PT2H", "PT2H", "limit_urge", "office"),
        Clock("P11-D4", "p11", "PT24H", "PT24H", "golden_urge", "leader"),
        Clock("P04-D1", "p04", "PT1H", "PT1H", "limit_urge", "office"),
        Clock("P04-D3", "p04", "PT30M", "PT30M", "written_urge", "office"),
        Clock("P04-D6", "p04", "end of day", "P0D", "opinion_urge", "leader"),
        Clock("P04-D7", "p04", "end of day", "P0D", "result_urge", "leader"),
        Clock("P04-D8", "p04", "P3D", "P3D", "group_urge", "leader"),
    )
}
#: Which of them are hard, and what is only a target.
KINDS = {"P04-D6": "day", "P04-D7": "day"}


def span(iso: str) -> timedelta:
    """An ISO 8601 duration of this table as a length of time."""
    return {
        "PT30M": timedelta(minutes=30),
        "PT1H": timedelta(hours=1),
        "PT2H": timedelta(hours=2),
        "PT24H": timedelta(hours=24),
    }[iso]


def end_of_day(moment: datetime, days_after: int = 0) -> datetime:
    """The last second of a moment's day in the unit's zone, or of a day after it."""
    day = moment.astimezone(ZONE).date() + timedelta(days=days_after)
    return datetime.combine(day, time(23, 59, 59), ZONE)


@pytest.fixture(scope="module")
def furnished(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration, filled once and copied for each test."""
    folder = tmp_path_factory.mktemp("clocks")
    with copied(sqlite_template, folder) as database:
        seed(database, "planroom-acceptance", DISCOVERED - timedelta(days=40), LIBRARY)
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder / "planroom.db"


@pytest.fixture
def play(furnished: Path, tmp_path: Path) -> Iterator[Player]:
    with copied(furnished, tmp_path) as database:
        yield Player(database, DISCOVERED)


# ------------------------------------------------------------------ the way to each clock

TRIAGE_11 = {
    "basis": "first",
    "ours": True,
    "casualties": False,
    "severe": False,
    "sensitive": False,
    "mainstream": False,
    "major_impact": False,
    "trend": "fast",
    "within_50": False,
    "respond": True,
    "report_now": False,
}
TRIAGE_04 = {"basis": "first", "ours": True, "major": True, "urgent": False}
RECIPIENTS = {
    "p11": ("party_office", "superior_department", "cyberspace_office"),
    "p04": ("leading_group_office", "departments"),
}


@dataclass(frozen=True)
class Waiting:
    """A clock that runs: the open task it is over, when it is due, and how to finish the task so
    that it was really finished at a minute. ``before`` is the minute the way there took."""

    case_id: int
    element: str
    due: datetime
    finish: Callable[[float], None]
    before: float


def opened(play: Player, plan: str, triage: Mapping[str, Any], tier: str) -> int:
    """A case discovered at minute 0, graded at minute 6."""
    case = play.db.run(
        lambda uow: cases.open_case(
            uow,
            plan_key=plan,
            title="舞台桁架坠落",
            summary="短视频称有人死亡",
            discovered_at=play.at(0),
            actor=play.actor("duty"),
            now=play.at(4),
        )
    )
    play.act(5, case.id, "triage", "duty", triage)
    play.act(6, case.id, "grade", "duty", {"tier": tier, "reason": ""})
    return case.id


def report(play: Player, case_id: int, plan: str, element: str, due: datetime) -> Waiting:
    """A report up: every recipient but the last confirmed at once, the last when told to."""
    *early, last = RECIPIENTS[plan]
    start = 40.0
    for recipient in early:
        play.report(start, case_id, element, recipient, "值班室", happened=30, confirmed=30)

    def finish(minute: float) -> None:
        play.report(minute, case_id, element, last, "值班室", happened=minute, confirmed=minute)
        play.act(minute, case_id, element, "duty", {})

    return Waiting(case_id, element, due, finish, start)


def statement(play: Player, case_id: int, minute: float, kind: str, due: datetime) -> Waiting:
    """A statement with every approval, its release left to do."""
    draft = {
        "kind": kind,
        "title": "情况说明",
        "known": "三人受伤,无人死亡。",
        "unknown": "原因在调查。",
        "doing": "场馆已封闭。",
        "next_word_at": play.at(60 * 24 * 5),
        "contact": "0000-1234567",
    }
    play.act(minute, case_id, "draft", "publicity", draft)
    for element, who in (("secrecy_check", "secrecy"), ("legal_check", "legal")):
        play.act(minute + 1, case_id, element, who, approve())
    play.act(minute + 2, case_id, "approve", "leader", approve())

    def finish(at: float) -> None:
        play.act(at, case_id, "release", "spokesperson", release("政务微博", "https://w.example/1"))

    return Waiting(case_id, "release", due, finish, minute + 2)


def p11_report(play: Player, tier: str, iso: str) -> Waiting:
    severe = tier == "extraordinary"
    triage = {**TRIAGE_11, "casualties": severe, "mainstream": True, "major_impact": True}
    case_id = opened(play, "p11", triage, tier)
    return report(play, case_id, "p11", "report_in_time", play.at(0) + span(iso))


def p11_golden(play: Player) -> Waiting:
    case_id = opened(play, "p11", {**TRIAGE_11, "casualties": True}, "extraordinary")
    return statement(play, case_id, 50, "first_facts", play.at(0) + span("PT24H"))


def p04_report(play: Player) -> Waiting:
    case_id = opened(play, "p04", TRIAGE_04, "major")
    return report(play, case_id, "p04", "report_in_time", play.at(0) + span("PT1H"))


def p04_written(play: Player) -> Waiting:
    """The written report counts from the call, which was made at minute 15 and entered at 20."""
    case_id = opened(play, "p04", {**TRIAGE_04, "urgent": True}, "major")
    said = {"to": "领导小组办公室", "said": "舞台桁架坠落,有人受伤"}
    play.act(20, case_id, "oral_report", "duty", said, happened=15)
    return report(play, case_id, "p04", "written_report", play.at(15) + span("PT30M"))


def facts(play: Player, case_id: int, class_: str) -> None:
    answer = {"class": class_, "facts": "三人受伤", "unknown": "原因", "evidence": "医院登记"}
    play.act(20, case_id, "gather_facts", "unit", answer)


def p04_opinion(play: Player) -> Waiting:
    case_id = opened(play, "p04", TRIAGE_04, "major")
    facts(play, case_id, "reply_later")
    return statement(play, case_id, 30, "reply", end_of_day(play.at(0)))


def p04_result(play: Player) -> Waiting:
    """The result is due on the day the matter was settled: two days later, not on discovery's."""
    case_id = opened(play, "p04", TRIAGE_04, "major")
    facts(play, case_id, "reply_later")
    statement(play, case_id, 30, "reply", end_of_day(play.at(0))).finish(60)
    settled = 60 * 44.0
    play.act(settled + 20, case_id, "handle_matter", "unit", {"result": "已赔付"}, happened=settled)
    return statement(play, case_id, settled + 30, "reply", end_of_day(play.at(settled)))


def p04_group(play: Player) -> Waiting:
    """Three days: the day on which it calmed is not counted, the third day's end is the limit."""
    case_id = opened(play, "p04", TRIAGE_04, "major")
    facts(play, case_id, "none")
    # A case is not closed while its report is still to be made.
    report(play, case_id, "p04", "report_in_time", play.at(60)).finish(45)
    calmed = 60 * 30.0
    play.act(calmed - 30, case_id, "follow", "office", {"seen": "平稳", "next": "calm"})
    closing = {"criterion_met": True, "note": "无新增"}
    play.act(calmed, case_id, "closing", "office", closing)

    def finish(at: float) -> None:
        answer = {"to_improve": "传真无人确认", "reference": "澜文〔2026〕1号"}
        play.act(at, case_id, "group_report", "office", answer)

    return Waiting(case_id, "group_report", end_of_day(play.at(calmed), 3), finish, calmed)


WAYS: dict[str, Callable[[Player], Waiting]] = {
    "P11-D1": lambda play: p11_report(play, "extraordinary", "PT1H"),
    "P11-D2": lambda play: p11_report(play, "major", "PT2H"),
    "P11-D4": p11_golden,
    "P04-D1": p04_report,
    "P04-D3": p04_written,
    "P04-D6": p04_opinion,
    "P04-D7": p04_result,
    "P04-D8": p04_group,
}


# ----------------------------------------------------------------------------- the tests


@pytest.mark.parametrize("clock", CLOCKS.values(), ids=CLOCKS)
def test_plan_says_what_the_source_says(clock: Clock) -> None:
    manifest = tomllib.loads((LIBRARY / clock.plan / "plan.toml").read_text("utf-8"))
    found = {row["id"]: row for row in manifest["clocks"]}[clock.id]
    assert found["iso"] == clock.in_plan
    assert found["kind"] == KINDS.get(clock.id, "hard")


def minute_of(play: Player, moment: datetime) -> float:
    return (moment - play.start) / timedelta(minutes=1)


def deadline_events(play: Player, way: Waiting) -> list[tuple[str, str, dict[str, Any]]]:
    """(type, "clock" or "person", payload) of the deadline events of the clock's task, in order."""
    with play.db.read() as session:
        task = session.scalars(
            select(UserTask)
            .where(UserTask.case_id == way.case_id, UserTask.element_id == way.element)
            .order_by(UserTask.created_at.desc())
        ).first()
        assert task is not None
        rows = session.scalars(
            select(HistoryEvent)
            .where(HistoryEvent.case_id == way.case_id, HistoryEvent.type.like("deadline.%"))
            .order_by(HistoryEvent.seq)
        )
        shown = [
            (row.type, "person" if row.person_id else "clock", history.payload_of(row))
            for row in rows
        ]
        return [(t, who, p) for t, who, p in shown if p.get("task") == task.id]


@pytest.mark.parametrize("id_", WAYS)
def test_met(play: Player, id_: str) -> None:
    way = WAYS[id_](play)
    with play.db.read() as session:
        task = play.open_task(session, way.case_id, way.element)
        assert task.due_at == way.due
        assert task.overdue_at is None
        task_id = task.id
    due = minute_of(play, way.due)
    assert way.before < due
    # The last whole minute before the limit.
    last = due - 1 if due == int(due) else float(int(due))
    way.finish(last)
    events = deadline_events(play, way)
    assert [t for t, _, _ in events if t != "deadline.reminded"] == ["deadline.met"]
    assert events[-1][2]["spare"] == round((due - last) * 60)
    # Reminded in time, before the limit, and nobody was bothered with a miss.
    with play.db.read() as session:
        kinds = set(
            session.scalars(select(Notification.kind).where(Notification.task_id == task_id))
        )
    assert "deadline_reminder" in kinds
    assert not kinds & {"deadline_missed", "deadline_escalated"}


@pytest.mark.parametrize("id_", WAYS)
def test_missed(play: Player, id_: str) -> None:
    way = WAYS[id_](play)
    due = minute_of(play, way.due)
    # Long enough for every escalation of the library: at most an hour after the limit.
    late = float(int(due)) + 67
    play.pass_time(late)
    with play.db.read() as session:
        task = play.open_task(session, way.case_id, way.element)
        assert task.overdue_at == way.due
        assert task.escalated_at is not None
        urged = session.scalars(
            select(UserTask).where(
                UserTask.case_id == way.case_id,
                UserTask.element_id == CLOCKS[id_].urge,
                UserTask.status == "open",
            )
        ).all()
        assert [row.role_key for row in urged] == [CLOCKS[id_].escalates]
        told = session.scalars(
            select(Notification.person_id).where(
                Notification.task_id == task.id, Notification.kind == "deadline_escalated"
            )
        ).all()
    assert play.actor(CLOCKS[id_].escalates).person_id in told
    way.finish(late)
    events = deadline_events(play, way)
    by_clock = [t for t, who, _ in events if who == "clock"]
    assert by_clock == ["deadline.reminded", "deadline.missed", "deadline.escalated"]
    # What the person did is judged once more, by when it was really done.
    last, who, payload = events[-1]
    assert (last, who) == ("deadline.missed", "person")
    assert payload["late"] == round((late - due) * 60)


def test_entered_later_but_done_in_time_was_met(play: Player) -> None:
    """The limit is judged by when the last call was confirmed, not by when it was written down."""
    case_id = opened(play, "p11", {**TRIAGE_11, "casualties": True}, "extraordinary")
    for n, recipient in enumerate(RECIPIENTS["p11"]):
        play.report(
            80, case_id, "report_in_time", recipient, "值班室", happened=50 + n, confirmed=50 + n
        )
    with play.db.read() as session:
        task_id = play.open_task(session, case_id, "report_in_time").id
    play.act(82, case_id, "report_in_time", "duty", {})
    with play.db.read() as session:
        task = session.get_one(UserTask, task_id)
        case = session.get_one(Case, case_id)
        made = report_reading.overview(session, task, case)
        assert made.met
        assert made.last_at == play.at(52)
        assert all(row.lag is not None for row in made.rows)
        assert task.result is not None
        assert task.result["met"] is True
    way = Waiting(case_id, "report_in_time", play.at(60), lambda _: None, 0)
    last, _who, payload = deadline_events(play, way)[-1]
    assert last == "deadline.met"
    assert payload["spare"] == 8 * 60
    assert payload["lag"] == 30 * 60


def test_raised_tier_opens_a_new_clock_and_keeps_the_old_one(play: Player) -> None:
    """重大, then 特别重大: the two hours from discovery stay, one hour from the new grading
    comes beside it."""
    triage = {**TRIAGE_11, "mainstream": True, "major_impact": True}
    case_id = opened(play, "p11", triage, "major")
    play.db.run(
        lambda uow: cases.retier(uow, case_id, "医院确认有人受伤", play.actor("duty"), play.at(30))
    )
    again = {**triage, "basis": "raised", "casualties": True, "respond": False}
    play.act(32, case_id, "triage", "duty", again)
    play.act(35, case_id, "grade", "duty", {"tier": "extraordinary", "reason": ""})
    with play.db.read() as session:
        dues = session.scalars(
            select(UserTask.due_at).where(
                UserTask.case_id == case_id,
                UserTask.element_id == "report_in_time",
                UserTask.status == "open",
            )
        ).all()
    assert sorted(due for due in dues if due) == [play.at(95), play.at(120)]


def test_whoever_is_told_may_see_the_case(play: Player) -> None:
    """The leaders are told of the grading before they have a task in the case."""
    case_id = opened(play, "p11", {**TRIAGE_11, "casualties": True}, "extraordinary")
    with play.db.read() as session:
        case = session.get_one(Case, case_id)
        told = session.scalars(
            select(Notification.person_id).where(
                Notification.case_id == case_id, Notification.kind == "case_graded"
            )
        ).all()
        assert play.actor("leader").person_id in told
        for person_id in told:
            assert access.can_see_case(session, session.get_one(Person, person_id), case)
