"""A case's record as frames and details: loops, parallel branches, calls, what was cancelled,
instances of a loop, a change of version, an empty and a running case."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from models.cases import Case
from models.people import Person
from models.plans import PlanVersion
from models.tasks import UserTask
from services import case_migration, history, replay, replay_details, replay_median
from services.case_diagrams import element_states
from services.case_reading import case_events
from services.people import person_by_username
from services.replay import Frames
from services.replay_details import Detail
from services.uow import Database, UnitOfWork
from tests.acceptance.stories import p11
from tests.acceptance.stories.run import Stage
from tests.integration.test_case_migration import CHECK, HALF_HOUR, LEGAL, changed
from tests.integration.world import World, bundle
from tests.kept import copied
from tests.unit.bpmn_builder import Process, multi_instance
from tests.unit.replay_course import Looks, as_given, run

MORNING = datetime.fromisoformat("2026-03-10T09:00:00+08:00")
Told = tuple[Database, dict[str, int]]


@pytest.fixture(scope="module")
def told(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Two finished cases of plan 11: one raised while under way, one reported late."""
    stories = (p11.raised_while_responding, p11.extraordinary_case_reported_late)
    with copied(sqlite_template, tmp_path_factory.mktemp("replay")) as database:
        stage = Stage.set(database, "p11", MORNING)
        yield database, {story.__name__: stage.play(story).case_id for story in stories}


def frames_of(db: Database, case_id: int) -> Frames:
    with db.read() as session:
        return replay.frames(session, session.get_one(Case, case_id))


def stands(frames: Frames, *positions: int) -> list[Looks]:
    """How the browser's script shows the elements after the first n events."""
    [seen] = run((as_given(frames), positions))["seen"]
    return [one["found"] for one in seen]


def place(frames: Frames, type_: str, path: str = "", nth: int = 0) -> int:
    """The position right after the nth event of a type (at a path)."""
    found = [
        n + 1
        for n, number in enumerate(frames.type)
        if frames.types[number] == type_
        and (not path or (frames.path[n] >= 0 and frames.paths[frames.path[n]] == path))
    ]
    return found[nth]


def details_of(db: Database, case_id: int, who: str, first: int = 0) -> list[Detail]:
    with db.read() as session:
        case = session.get_one(Case, case_id)
        person = person_by_username(session, who)
        assert person is not None
        found = replay_details.chunk(session, case, person, first, MORNING + timedelta(days=9))
        session.expunge_all()
        return list(found.details)


# ------------------------------------------------------------------------- a story of the library


def test_raising_the_tier_takes_tokens_away_and_begins_the_second_round(told: Told) -> None:
    frames = frames_of(told[0], told[1]["raised_while_responding"])
    graded = place(frames, "task.completed", "grade")
    raised = place(frames, "message.sent")
    again = place(frames, "task.completed", "grade", 1)
    first, gone, second, end = stands(frames, graded, raised, again, len(frames.seq))
    # Three branches at once, each of its own process.
    for path in ("report_2h/report_in_time", "response/fact_check", "first_statement/draft"):
        assert first[path][0] == "open", path
    assert (
        gone["response/fact_check"][:2] == ["cancelled", 0] and gone["response"][0] == "cancelled"
    )
    assert gone["triage"] == ["open", 1, [2], False]
    assert gone["first_statement/draft"][0] == "open", "a statement under way survives"
    assert second["grade"][:2] == ["done", 2] and second["response/fact_check"][2] == [2]
    assert second["report_1h/report_in_time"][0] == "open"
    assert end["case_closed"][0] == "done"
    assert not any(look[2] for look in end.values()), "no token is left"


def test_flows_are_found_on_the_right_drawing(told: Told) -> None:
    """The process of reporting up is called from two places: its flows are drawn in both."""
    frames = frames_of(told[0], told[1]["raised_while_responding"])
    sheets = frames.stretches[0].sheets
    homes = {
        sheets[sheet].prefix
        for _, sheet, flow in frames.taken
        if flow == "report_in_time__report_end"
    }
    assert homes == {"report_1h", "report_2h"}
    by_event = {
        (frames.paths[frames.path[n]], sheets[frames.taken[flow][1]].prefix)
        for n, flows in enumerate(frames.flows)
        for flow in flows
        if frames.taken[flow][2] == "report_in_time__report_end"
    }
    assert by_event == {
        ("report_1h/report_in_time", "report_1h"),
        ("report_2h/report_in_time", "report_2h"),
    }
    with told[0].read() as session:
        events = case_events(session, frames.case.id)
        recorded = sum(len(history.payload_of(event).get("flows", ())) for event in events)
    assert sum(map(len, frames.flows)) == recorded, "each flow once, none lost"
    places = dict(zip(frames.paths, frames.places(0), strict=True))
    assert sheets[places["report_2h/report_in_time"]].prefix == "report_2h"
    assert places["report_2h"] == 0 and sheets[places["response/fact_check"]].prefix == ""


def test_a_missed_limit_shows_until_the_task_is_done_and_after(told: Told) -> None:
    frames = frames_of(told[0], told[1]["extraordinary_case_reported_late"])
    kinds = {kind for _, kind in frames.marks}
    assert {"missed", "late", "escalation", "release", "approval", "statement", "decision"} <= kinds
    missed = place(frames, "deadline.missed", "report_1h/limit_due")
    before, running, end = stands(frames, missed - 1, missed, len(frames.seq))
    assert before["report_1h/report_in_time"] == ["open", 0, [1], False]
    assert running["report_1h/report_in_time"] == ["open", 0, [1], True]
    assert running["report_1h"][3] and not running["response"][3], "what is around it is late too"
    assert end["report_1h/report_in_time"] == ["done", 1, [], True]
    assert end["response/handling_plan"][1] == 2, "the returned plan is made twice"
    # The boundary timer that went off stands in the drawing, its token does not stay.
    assert end["report_1h/limit_escalate"] == ["done", 1, [], False]


def test_details_tell_what_changed_and_which_rule_matched(told: Told) -> None:
    case_id = told[1]["raised_while_responding"]
    found = details_of(told[0], case_id, "leader")
    triage, again = (d for d in found if d.entry.event.element_path == "triage" and d.given)
    assert not triage.again and {c.field for c in triage.changes} == set(triage.given)
    changes = {c.field: (c.was, c.now) for c in again.changes}
    assert again.again and changes["basis"] == ("first", "raised")
    assert changes["casualties"] == (False, True) and "ours" not in changes
    assert "P11-L681" in again.clauses
    table = next(d for d in found if d.entry.event.type == "tier.proposed")
    [rule] = table.rules
    assert rule.key == "p11_rule_sensitive" and "可能造成重大影响" in rule.text
    asked = {one.label: one for one in table.inputs}
    assert asked["可能造成重大影响"].value is True
    trend = asked["发酵趋势"]  # the record says "fast"; the form says what that is
    assert trend.field is not None and trend.field.id == "trend"
    assert trend.value in {key for key, _zh, _en in trend.field.options}
    way = next(d for d in found if d.entry.event.type == "decision.taken" and d.inputs)
    assert all(one.field is not None for one in way.inputs if one.label.startswith("triage."))
    # The previous round stands in another chunk: it is looked up.
    late = details_of(told[0], case_id, "leader", again.entry.event.seq - 1)
    assert late[0].changes == again.changes and late[0].again
    assert len(found) == 100 and details_of(told[0], case_id, "leader", 5000) == []


def test_a_case_beside_the_others_of_its_plan(told: Told) -> None:
    """By task: when it was taken up after the opening, how long it took. Drills do not count."""
    database, ids = told
    late = ids["extraordinary_case_reported_late"]

    def beside() -> replay_median.Beside:
        with database.read() as session:
            frames = replay.frames(session, session.get_one(Case, late))
            return replay_median.beside_median(session, frames)

    found = beside()
    rows = {row.path: row for row in found.rows}
    assert (found.cases, found.length) == (1, 65 * 60)
    # In the other case the first round was cancelled; the second began after 82 minutes.
    usual = rows["response/fact_check"].usual
    assert usual is not None and (usual.start, usual.length, usual.n) == (82 * 60, 0, 1)
    assert [bar.round for bar in rows["response/handling_plan"].bars] == [1, 2]
    [report] = rows["report_1h/report_in_time"].bars
    assert (report.start, report.end, report.late) == (3 * 60, 65 * 60, True)
    other = rows["report_2h/report_in_time"]
    assert other.bars == () and other.usual is not None

    def drill(uow: UnitOfWork, on: bool) -> None:
        uow.session.get_one(Case, ids["raised_while_responding"]).is_drill = on

    database.run(lambda uow: drill(uow, True))
    alone = beside()
    assert alone.cases == 0 and all(row.usual is None for row in alone.rows)
    database.run(lambda uow: drill(uow, False))


# --------------------------------------------------------------------------- small plans


def many() -> Any:
    """Three are asked at once; then the case ends."""
    p = Process("many", "多人")
    p.start("s")
    p.user_task("ask", "duty", loop=multi_instance(cardinality="3"), fields=[("words", "string")])
    p.end("e")
    p.chain("s", "ask", "e")
    return bundle(p, roles=["duty"], tiers=[])


def test_instances_of_a_loop_stand_side_by_side(small: World) -> None:
    small.deploy(many())
    case = small.open("many")
    frames = frames_of(small.db, case.id)
    assert {"ask[0]", "ask[1]", "ask[2]"} <= set(frames.paths)
    [look] = stands(frames, len(frames.seq))
    # The loop is the sum of its instances, and they come by the one flow.
    assert look["ask"] == ["open", 0, [1, 1, 1], False]
    assert sum(map(len, frames.flows)) == 1
    for n, who in enumerate(("duty", "duty2", "duty")):
        at = small.now + timedelta(minutes=n)
        with small.db.read() as session:
            task = session.query(UserTask).filter_by(element_path=f"ask[{n}]").one().id
        small.finish(task, who, {"words": "知道"}, at)
        frames = frames_of(small.db, case.id)
        [look] = stands(frames, place(frames, "task.completed", f"ask[{n}]"))
        assert look["ask"][:2] == ["open" if n < 2 else "done", n + 1]
    assert look["ask"][2] == [] and look["e"][0] == "done"


def test_a_change_of_version_is_a_mark_and_a_new_drawing(small: World) -> None:
    case = small.open()
    small.complete(case, "check", "duty", {**CHECK, "count": 1})
    new = small.deploy(changed(HALF_HOUR, LEGAL))
    small.db.run(
        lambda uow: case_migration.migrate_case(
            uow, case.id, new.id, "限时", small.actor("author"), small.now
        )
    )
    at = small.now + timedelta(minutes=9)
    small.complete(case, "grade", "duty", {"tier": "general"}, at)
    small.complete(case, "draft", "office", {"words": "文"}, at)
    frames = frames_of(small.db, case.id)
    moved = place(frames, "instance.migrated")
    assert [one.version.number for one in frames.stretches] == [1, 2]
    assert frames.stretches[1].first == moved - 1 and (moved - 1, "migration") in frames.marks
    legal = frames.paths.index("legal")
    assert (frames.places(0)[legal], frames.places(1)[legal]) == (-1, 0)
    before, after = stands(frames, moved - 1, len(frames.seq))
    assert before["grade"][0] == "open" and after["legal"][0] == "open"
    # Each event is told with the version it happened on.
    found = details_of(small.db, case.id, "duty")
    assert found[0].stretch.version.number == 1 and found[-1].stretch.version.number == 2
    opened = next(d for d in found if d.entry.event.element_path == "legal")
    assert opened.element is not None and opened.element.name == "法审"


def test_an_empty_and_a_running_case(small: World) -> None:
    def bare(uow: UnitOfWork) -> int:
        version = uow.session.query(PlanVersion).first()
        person = uow.session.query(Person).first()
        assert version is not None and person is not None
        case = Case(
            number="0", title="空", plan_version_id=version.id, opened_at=small.now,
            opened_by=person.id,
        )  # fmt: skip
        uow.session.add(case)
        uow.session.flush()
        return case.id

    frames = frames_of(small.db, small.db.run(bare))
    assert frames.seq == [] and len(frames.stretches) == 1
    assert stands(frames, 0, 9) == [{}, {}]
    running = frames_of(small.db, small.open().id)
    [look] = stands(running, 99)
    assert look["check"] == ["open", 0, [1], False]
    with small.db.read() as session:
        events = case_events(session, running.case.id)
        tasks = session.query(UserTask).filter_by(case_id=running.case.id).all()
        states = element_states([history.payload_of(e) for e in events], tasks, small.now)
    assert {path: one[0] for path, one in look.items()} == states
