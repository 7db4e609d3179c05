"""Who is told of a destruction list, with the event that says so."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from models.history import HistoryEvent
from models.tasks import Notification
from services import destruction_lists, destruction_notices, destruction_reading, history
from services.errors import Refusal
from tests.integration.archive_world import archived, draw_up, keep, vote, with_keepers
from tests.integration.world import World


def test_who_may_decide_is_told_and_who_drew_it_up_learns_of_it(world: World) -> None:
    with_keepers(world)
    keep(world)

    def told(kind: str) -> list[tuple[str, dict[str, Any]]]:
        rows = world.all(select(Notification).where(Notification.kind == kind))
        names = {person.id: name for name, person in world.people.items()}
        return sorted((names[row.person_id], row.args) for row in rows)

    made = draw_up(world, archived(world), archived(world))
    args = {"list": made.id, "n": 2}
    who = ["admin", "both", "lawyer", "leader", "office"]
    assert told("destruction_waiting") == [(name, args) for name in who]
    vote(world, made, "leader")
    assert told("destruction_agreed") == [], "one is not enough"
    with world.db.read() as session:
        found = destruction_reading.get_list(session, made.id)
        left = destruction_notices.deciders(session, found, destruction_lists.DECIDERS)
    assert left == sorted(world.people[name].id for name in ("admin", "both", "lawyer", "office"))
    vote(world, made, "lawyer")
    assert told("destruction_agreed") == [("archivist", args)]
    refused = draw_up(world, archived(world))
    vote(world, refused, "office", "refuse", comment="尚在诉讼")
    assert told("destruction_refused") == [("archivist", {"list": refused.id, "n": 1})]
    sent = world.all(select(HistoryEvent).where(HistoryEvent.type == "notification.sent"))
    assert {event.chain for event in sent} == {history.ORG}
    record = [history.payload_of(event) for event in sorted(sent, key=lambda event: event.seq)]
    assert [(one["kind"], len(one["to"])) for one in record] == [
        ("destruction_waiting", 5), ("destruction_agreed", 1),
        ("destruction_waiting", 5), ("destruction_refused", 1),
    ]  # fmt: skip
    assert set(record[0]["to"]) == {world.people[name].id for name in who}


def test_a_list_that_is_not_drawn_up_tells_nobody(small: World) -> None:
    with_keepers(small)
    keep(small)
    case = archived(small)
    draw_up(small, case)
    before = len(small.all(select(Notification)))
    with pytest.raises(Refusal, match="case_not_due"):
        draw_up(small, case)
    assert len(small.all(select(Notification))) == before
