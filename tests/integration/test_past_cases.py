"""Finished cases played again: on their own version as on record, on another where they differ."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from models.cases import Case
from models.plans import PlanVersion
from models.tasks import UserTask
from services import case_migration, outbox, past_cases
from services.definitions import definition_for
from services.past_cases import Replay
from services.past_differences import Difference
from services.uow import Database, UnitOfWork
from tests.acceptance.stories import p11
from tests.acceptance.stories.run import Stage
from tests.integration.test_case_migration import CHECK, HALF_HOUR, LEGAL, changed
from tests.integration.world import World, on_paper, plan_t01
from tests.kept import copied
from tests.unit.plan_driver import bundle
from workflows.bundle import Bundle

MORNING = datetime.fromisoformat("2026-03-10T09:00:00+08:00")


def reported_after_40_minutes(s: Any) -> None:
    s.grade("extraordinary", severe=True).wait(minutes=38).do("report_1h/report_in_time")
    s.finish()


STORIES = (
    p11.general_case,
    reported_after_40_minutes,
    p11.considerable_case_untrue_post,
    p11.raised_while_responding,
)
HALF = ('duration("PT1H")\' target="limit"', 'duration("PT30M")\' target="limit"')
REVIEW = (
    '<bpmn:sequenceFlow id="fact_check__gw_finding" sourceRef="fact_check" '
    'targetRef="gw_finding" />',
    '<bpmn:userTask id="legal_look" name="法审" camunda:candidateGroups="legal" />'
    '<bpmn:sequenceFlow id="fact_check__gw_finding" sourceRef="fact_check" '
    'targetRef="legal_look" />'
    '<bpmn:sequenceFlow id="legal_look__gw" sourceRef="legal_look" targetRef="gw_finding" />',
)
#: Only what is of level 1 was left to the unit itself; now level 2 is too.
LIGHTER = ("grade.level = 1</bpmn", "grade.level &lt;= 2</bpmn")


@pytest.fixture(scope="module")
def told(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Database, dict[str, int]]]:
    """Plan 11 with a few finished cases, by the name of their story."""
    with copied(sqlite_template, tmp_path_factory.mktemp("past")) as database:
        stage = Stage.set(database, "p11", MORNING)
        yield database, {story.__name__: stage.play(story).case_id for story in STORIES}


@cache
def version(*swaps: tuple[str, str], file: str = "plan.bpmn") -> Bundle:
    given = bundle("p11")
    text = given.files[file].decode()
    for old, new in swaps:
        assert old in text, old
        text = text.replace(old, new)
    return Bundle({**given.files, file: text.encode()}, given.manifest)


def on(told: tuple[Database, dict[str, int]], given: Bundle, *names: str) -> list[Replay]:
    database, ids = told
    with database.read() as session:
        definition = past_cases.compiled(session, given)
        cases = [session.get_one(Case, ids[name]) for name in names or ids]
        return past_cases.replay(session, cases, definition, given.manifest)


def of_kind(replay: Replay, kind: str) -> list[Difference]:
    assert not replay.doubt, (replay.doubt, replay.at)
    return [one for one in replay.differences if one.kind == kind]


def test_on_their_own_version_cases_go_as_they_went(
    told: tuple[Database, dict[str, int]],
) -> None:
    """Also one with a message, late reports and returned work: the record is enough."""
    for one in on(told, bundle("p11")):
        assert (one.doubt, one.differences) == ("", ()), (one.case.id, one.at)
        assert one.before is not None and len(one.before.done) > 4
    database, ids = told
    with database.read() as session:
        found = past_cases.finished_cases(session, "p11")
        assert {case.id for case in found} == set(ids.values())
        assert len(past_cases.finished_cases(session, "p11", limit=2)) == 2


def test_half_an_hour_instead_of_one(told: tuple[Database, dict[str, int]]) -> None:
    urgent, plain = on(told, version(HALF), "reported_after_40_minutes", "general_case")
    assert plain.differences == ()
    [one] = of_kind(urgent, "deadline")
    assert one.path == "report_1h/report_in_time" and one.verdict_changed
    assert one.was - one.now == timedelta(minutes=30)
    assert (one.late_was, one.late) == (-21 * 60, 9 * 60)
    # The urging its new deadline brings is a step nobody was asked to take.
    [more] = of_kind(urgent, "more")
    assert (more.path, more.assumed) == ("report_1h/limit_urge", True)


def test_a_review_put_in_is_one_step_more(told: tuple[Database, dict[str, int]]) -> None:
    major, plain = on(told, version(REVIEW), "reported_after_40_minutes", "general_case")
    [more] = of_kind(major, "more")
    assert (more.path, more.assumed) == ("response/legal_look", True)
    assert major.after is not None and major.after.status == "completed"
    assert not of_kind(major, "less") and not of_kind(major, "choice")
    assert plain.differences == ()


def test_a_condition_sends_a_case_another_way(told: tuple[Database, dict[str, int]]) -> None:
    [one] = on(told, version(LIGHTER), "considerable_case_untrue_post")
    [choice] = of_kind(one, "choice")
    assert (choice.path, choice.was, choice.now) == (
        "response/gw_general", ("response/fact_check",), ("response/carry_out",),
    )  # fmt: skip
    gone = {less.path for less in of_kind(one, "less")}
    assert "response/fact_check" in gone and "response/lawful_notice/sign_off" in gone
    assert not of_kind(one, "more")  # what was carried out is carried out, sooner


def test_a_tier_table_that_proposes_otherwise(told: tuple[Database, dict[str, int]]) -> None:
    text = bundle("p11").files["p11_tier.dmn"].decode()
    head, rule, rest = text.partition('<rule id="p11_rule_severe">')
    swapped = rest.replace('<text>"extraordinary"</text>', '<text>"major"</text>', 1)
    files = {**bundle("p11").files, "p11_tier.dmn": (head + rule + swapped).encode()}
    given = Bundle(files, bundle("p11").manifest)
    severe, plain = on(told, given, "reported_after_40_minutes", "general_case")
    [tier] = of_kind(severe, "tier")
    assert (tier.was, tier.now) == ("extraordinary", "major")
    # A person confirmed the tier: on record that stands, and the case goes on as it did.
    assert len(severe.differences) == 1 and plain.differences == ()


# ------------------------------------------------------------------- what cannot be compared


def finish(world: World, case: Case, at: datetime) -> None:
    world.complete(case, "check", "duty", CHECK, at)
    world.complete(case, "grade", "duty", {"tier": "general"}, at + timedelta(minutes=2))
    world.complete(case, "draft", "office", {"words": "文"}, at + timedelta(minutes=9))
    for step in ("legal", "approve"):
        if step in world.open_tasks(case):
            world.complete(case, step, "leader", {"agreed": "true"}, at + timedelta(minutes=20))


def one_of(world: World, given: Bundle) -> Replay:
    while outbox.deliver_next(world.db, world.now + timedelta(hours=2)):
        pass
    with world.db.read() as session:
        definition = past_cases.compiled(session, given)
        [found] = past_cases.replay(
            session, past_cases.finished_cases(session, "t01"), definition, given.manifest
        )
        return found


def test_a_case_that_changed_version_is_named_and_left(small: World) -> None:
    case = small.open()
    new = small.deploy(changed(HALF_HOUR, LEGAL))
    small.db.run(
        lambda uow: case_migration.migrate_case(
            uow, case.id, new.id, "限时", small.actor("author"), small.now
        )
    )
    finish(small, case, small.now + timedelta(minutes=5))
    assert one_of(small, plan_t01()).doubt == "migrated"


def test_destroyed_words_are_said_and_the_choices_still_play(small: World) -> None:
    case = small.open()
    finish(small, case, small.now + timedelta(minutes=5))
    whole = one_of(small, changed(HALF_HOUR))
    assert not whole.destroyed and [one.kind for one in whole.differences] == ["deadline"]

    def destroy(uow: UnitOfWork) -> None:
        for task in uow.session.query(UserTask).filter(UserTask.element_id == "check"):
            task.result = {**(task.result or {}), "note": {"destroyed": True}}

    small.db.run(destroy)
    blank = one_of(small, changed(HALF_HOUR))
    assert blank.destroyed and blank.differences == whole.differences


def test_a_record_that_does_not_play_is_not_compared(small: World) -> None:
    case = small.open()
    finish(small, case, small.now + timedelta(minutes=5))
    wrong = small.now + timedelta(days=9)
    small.db.run(
        lambda uow: uow.session.execute(
            update(UserTask).where(UserTask.element_id == "draft").values(due_at=wrong)
        )
    )
    found = one_of(small, changed(HALF_HOUR))
    assert (found.doubt, found.at, found.differences) == ("due", "draft", ())


def test_a_new_version_that_stops_at_a_fault_says_where(small: World) -> None:
    case = small.open()
    finish(small, case, small.now + timedelta(minutes=5))
    bad = changed(("approve.agreed = true", "check.count > 3"))  # nobody was asked to count
    found = one_of(small, bad)
    [stuck] = [one for one in found.differences if one.kind == "stuck"]
    assert (stuck.path, stuck.now) == ("agreed", "condition_null")


def test_the_version_that_ran_is_read_from_the_store(small: World) -> None:
    with small.db.read() as session:
        row = session.get_one(PlanVersion, 1)
        definition = past_cases.compiled(session, on_paper(plan_t01()))
        assert definition is definition_for(session, row.content_hash)
