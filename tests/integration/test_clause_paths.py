"""Cases of a clause found by the paths of the record: in whatever round, at or within a part, and
however the database sorts brackets and slashes; on both databases."""

from __future__ import annotations

from sqlalchemy import select

from models.history import HistoryEvent
from services import history
from services.clause_targets import Target, found_by_path
from services.event_streams import element_paths
from services.plan_text_clauses import Doer
from services.uow import UnitOfWork
from tests.integration.world import World

PATHS = (
    "ask",
    "ask[2]",
    "part/ask",
    "part[0]/ask",
    "part[11]/in/ask[1]",
    "part/in",
    "parted",
    "as",
)


def test_every_round_is_found_at_and_within_what_is_meant(world: World) -> None:
    cases = {path: world.open() for path in PATHS}

    def passed(uow: UnitOfWork) -> None:
        for path, case in cases.items():
            history.append(
                uow, "deadline.reminded", case=case, actor=world.actor("duty"), element_path=path,
                occurred_at=world.now, now=world.now, payload={},
            )  # fmt: skip

    world.db.run(passed)
    by = Doer("element", "ask", "ask", "ask")
    for path, meant in (
        ("ask", {"ask", "ask[2]"}),
        ("part", {"part/ask", "part[0]/ask", "part[11]/in/ask[1]", "part/in"}),
        ("part/in", {"part[11]/in/ask[1]", "part/in"}),
        ("none", set()),
    ):
        with world.db.read() as session:
            where = found_by_path([Target("whole", by, path)], lambda: element_paths(session))
            assert where is not None
            assert not {"<", ">="} & set(str(where).split()), "no range: sorting differs"
            query = select(HistoryEvent.case_id).where(where, HistoryEvent.type.like("deadline.%"))
            found = set(session.scalars(query))
        assert found == {cases[one].id for one in meant}
