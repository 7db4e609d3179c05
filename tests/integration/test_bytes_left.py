"""What a finished case leaves: these events and no others, and no more bytes than promised."""

from __future__ import annotations

from sqlalchemy import func, select

from models.tasks import TaskQueue, Timer, UserTask
from services import history
from services.verify import verify_chain
from tests.benchmarks import bytes_left
from tests.benchmarks.house import house

#: (type, element path) of each event, in order. Two tasks are open at first; each task leaves
#: its opening, its completion and whether it was in time.
EVENTS = [
    ("case.opened", ""),
    ("anchor.recorded", ""),
    ("anchor.recorded", ""),
    ("instance.started", ""),
    ("task.opened", "report_1"),
    ("task.opened", "watch"),
    ("task.completed", "report_1"),
    ("task.opened", "verify_1"),
    ("deadline.met", "report_1"),
    ("task.completed", "verify_1"),
    ("task.opened", "check_1/ask"),
    ("deadline.met", "verify_1"),
    ("task.completed", "check_1/ask"),
    ("task.opened", "check_1/answer"),
    ("deadline.met", "check_1/ask"),
    ("task.completed", "check_1/answer"),
    ("decision.taken", "way_1"),
    ("task.opened", "draft"),
    ("deadline.met", "check_1/answer"),
    ("task.completed", "draft"),
    ("task.opened", "approve"),
    ("deadline.met", "draft"),
    ("task.completed", "approve"),
    ("deadline.met", "approve"),
    ("task.completed", "watch"),
    ("instance.completed", ""),
    ("case.closed", ""),
    ("deadline.met", "watch"),
]


def test_a_finished_case_of_seven_tasks_leaves_exactly_these_events(database_url: str) -> None:
    place = house(database_url)
    case = bytes_left.finished_case(place, 1)
    with place.db.read() as session:
        events = history.events_of_case(session, case.id)
        assert [(event.type, event.element_path) for event in events] == EVENTS
        assert [event.seq for event in events] == list(range(1, len(EVENTS) + 1))
        assert verify_chain(session, history.chain_of(case.id)).ok
        left = [session.scalar(select(func.count()).select_from(t)) for t in (Timer, TaskQueue)]
        assert left == [0, 0]  # nothing that is waited for outlives the case
        assert session.scalar(select(func.count()).select_from(UserTask)) == 7
    place.db.dispose()


def test_it_leaves_no_more_bytes_than_promised() -> None:
    figures = {figure.name: figure for figure in bytes_left.measure(cases=30)}
    promised = figures["bytes a finished 7-task case leaves"]
    assert promised.holds, figures
