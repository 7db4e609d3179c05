"""The lists: by pages, in order, counted, and read from their indexes alone."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert

from models.cases import Case
from models.tasks import TaskQueue, UserTask
from services import inbox
from services.errors import Refusal
from services.queues import NEVER, tally
from services.uow import UnitOfWork
from tests.integration.world import World

CHECK = {"note": "x"}


def many(world: World, case: Case, role: str, n: int) -> None:
    """Waiting tasks as `record` leaves them, without an engine behind each."""

    def work(uow: UnitOfWork) -> None:
        assert case.primary_instance_id is not None
        rows = []
        for i in range(n):
            due = world.now + timedelta(minutes=i // 2) if i % 5 else None
            rows.append(
                {
                    "id": str(uuid.UUID(int=(hash(role) % 2**32 << 64) + i)),
                    "instance_id": case.primary_instance_id,
                    "case_id": case.id,
                    "element_id": "check",
                    "element_path": "check",
                    "name": "核查",
                    "role_key": role,
                    "created_at": world.now,
                    "due_at": due,
                    "sort_due": due or NEVER,
                }
            )
        uow.session.execute(insert(UserTask), rows)
        queue = [{"task_id": r["id"], "role_key": role, "sort_due": r["sort_due"]} for r in rows]
        uow.session.execute(insert(TaskQueue), queue)
        tally(uow.session, {f"role:{role}": n})  # type: ignore[arg-type]

    world.db.run(work)


def all_pages(world: World, who: str, limit: int) -> list[inbox.Row]:
    rows: list[inbox.Row] = []
    cursor: str | None = None
    while True:
        with world.db.read() as session:
            page = inbox.queue(session, world.people[who], cursor, limit)
        rows += page.rows
        cursor = page.next_cursor
        if cursor is None:
            return rows


def test_pages_of_several_roles_are_merged_in_order_of_due_date(world: World) -> None:
    case = world.open()
    many(world, case, "office", 33)
    many(world, case, "leader", 20)
    rows = all_pages(world, "both", 7)
    keys = [(row.task.sort_due, row.task.id) for row in rows]
    assert len(keys) == 53
    assert keys == sorted(set(keys))
    assert rows[0].wall_due == world.now
    assert rows[0].case.number == case.number
    assert rows[-1].wall_due is None
    assert rows[0].seconds_left(world.now + timedelta(minutes=1)) == -60


def test_a_task_of_two_of_ones_roles_is_listed_and_counted_once(world: World) -> None:
    case = world.open()
    world.complete(case, "check", "duty", CHECK)
    world.complete(case, "grade", "duty", {"tier": "general"})
    world.complete(case, "draft", "both", {"words": "稿"})
    with world.db.read() as session:
        both, office = world.people["both"], world.people["office"]
        [row] = inbox.queue(session, both).rows
        assert row.roles == ("leader", "office")
        assert row.barred_by is not None
        assert row.barred_by.element_id == "draft"
        assert inbox.counts(session, both) == inbox.Counts(0, 1)
        [row] = inbox.queue(session, office).rows
        assert row.barred_by is None
        [done] = inbox.done(session, both).rows
        assert done.task.element_id == "draft"


def test_mine_and_done_follow_what_one_does(world: World) -> None:
    for _ in range(3):
        world.open()
    duty = world.people["duty"]
    with world.db.read() as session:
        ids = [row.task.id for row in inbox.queue(session, duty).rows]
        stamps = [inbox.stamp(session, duty)]
    for id_ in ids:
        world.claim(id_, "duty")
    with world.db.read() as session:
        first = inbox.mine(session, duty, limit=2)
        rest = inbox.mine(session, duty, first.next_cursor, limit=2)
        assert [r.task.id for r in [*first.rows, *rest.rows]] == ids
        stamps.append(inbox.stamp(session, duty))
        late = world.now + timedelta(hours=2)
        assert inbox.counts(session, duty, late) == inbox.Counts(3, 0, mine_overdue=3)
    for n, id_ in enumerate(ids):
        world.finish(id_, "duty", CHECK, world.now + timedelta(minutes=n))
    with world.db.read() as session:
        first = inbox.done(session, duty, limit=2)
        rest = inbox.done(session, duty, first.next_cursor, limit=2)
        assert [r.task.id for r in [*first.rows, *rest.rows]] == ids[::-1]
        stamps.append(inbox.stamp(session, duty))
        assert len(set(stamps)) == 3
        assert inbox.stamp(session, duty) == stamps[-1]


def test_overdue_tasks_of_the_queue_are_counted(world: World) -> None:
    case = world.open()
    many(world, case, "office", 40)
    with world.db.read() as session:
        counts = inbox.counts(session, world.people["both"], world.now + timedelta(minutes=4))
    assert counts.queue == 40
    assert counts.queue_overdue == 8


@pytest.mark.parametrize("cursor", ["x", "WzEsMl0", "W10", "\u4e00"])
def test_a_cursor_that_is_none_of_ours_is_refused(world: World, cursor: str) -> None:
    with world.db.read() as session, pytest.raises(Refusal) as refused:
        inbox.queue(session, world.people["duty"], cursor)
    assert (refused.value.code, refused.value.status) == ("cursor_invalid", 422)


def test_no_list_scans_or_sorts_a_table(world: World) -> None:
    """What makes the page flat: every query is answered from an index, in its order."""
    if world.db.dialect != "sqlite":
        return  # the plan of a small PostgreSQL table is a scan by right; `make bench` measures it
    case = world.open()
    many(world, case, "office", 60)
    many(world, case, "leader", 60)
    seen: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _x: Any, _m: bool) -> None:
        seen.append((statement, parameters))

    event.listen(world.db.engine, "before_cursor_execute", note)
    with world.db.read() as session:
        person = world.people["both"]
        page = inbox.queue(session, person)
        inbox.queue(session, person, page.next_cursor)
        inbox.mine(session, person, page.next_cursor)
        inbox.done(session, person, page.next_cursor)
        inbox.counts(session, person, world.now)
        inbox.stamp(session, person)
    event.remove(world.db.engine, "before_cursor_execute", note)
    with world.db.read() as session:
        for statement, parameters in seen:
            if not statement.startswith("SELECT"):
                continue
            plan = session.connection().exec_driver_sql(
                f"EXPLAIN QUERY PLAN {statement}", parameters
            )
            for row in plan:
                detail = row[3]
                assert not ("SCAN user_task" in detail or "SCAN task_queue" in detail), (
                    detail,
                    statement,
                )
                assert "TEMP B-TREE FOR ORDER BY" not in detail, (detail, statement)
