"""A clock that is set back makes no seal of a day gone by."""

from __future__ import annotations

from datetime import timedelta

from services import heads, proof_portions
from services.actor import Actor
from tests.integration.world import World

DAY = timedelta(days=1)


def test_a_clock_set_back_seals_no_day_gone_by(world: World) -> None:
    """Nor does it look like tampering afterwards: sealing goes on when the day comes that is the
    next."""
    now, made = world.now, list[int]()
    for days in (0, 2, 1, 0, -1, 2, 3):
        world.open()
        at = now + days * DAY
        with world.db.read() as session:
            assert heads.due(session, at) is (not made or days > max(made))
        sealed = world.db.run(lambda uow, at=at: heads.seal(uow, at).day)  # type: ignore[misc]
        made.append((sealed - now.date()).days)
    assert made == [0, 2, 2, 0, 2, 2, 3]
    with world.db.read() as session:
        assert [(one.day - now.date()).days for one in heads.page(session)] == [3, 2, 0]
    found = _all_breaks(world)
    assert found == []


def _all_breaks(world: World) -> list[object]:
    breaks: list[object] = []
    after: str | None = ""
    actor: Actor = world.actor("auditor")
    while after is not None:
        portion = proof_portions.check_some(world.db, after, actor, world.now + 4 * DAY)
        breaks += [*portion.seals, *portion.broken]
        after = portion.after
    return breaks
