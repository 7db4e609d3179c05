"""A small plan that ends in the archive, and cases archived under it, for the tests of retention,
destruction lists and archive packages."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from models.cases import Case
from models.intake import Signal
from models.people import Membership, Person, Role
from models.retention import DestructionList
from services import destruction_lists, retention, retention_signals, retention_table, signals
from services.actor import Actor
from services.signals import Noticed
from services.uow import UnitOfWork
from tests.integration.world import World, bundle
from tests.unit.bpmn_builder import Process
from workflows.bundle import Bundle

#: username -> roles, beside the world's own cast.
KEEPERS = {"archivist": "archive", "lawyer": "legal", "archivist2": "archive"}
#: A wall moment on which a case archived on `world.now` (March 2026) and kept 10 years is due.
LATER = datetime(2037, 1, 5, 2, 0, tzinfo=UTC)


def plan_t11() -> Bundle:
    """Somebody writes something down, then the case is archived by a list of four."""
    p = Process("t11", "归档预案")
    p.start("s")
    p.user_task(
        "fill", "duty", name="电话登记",
        fields=[("remark", "string"), ("who", "string"), ("count", "long")],
    )  # fmt: skip
    p.user_task("put_away", "office", name="归档", form_key="planroom:archive")
    p.end("e")
    p.chain("s", "fill", "put_away", "e")
    items = [
        {"key": "call_notes", "name": "电话记录", "name_en": "Call notes", "holds": "task:fill"},
        {"key": "patrol_notes", "name": "巡查记录", "name_en": "Patrol notes", "holds": "files"},
        {"key": "photos", "name": "现场照片", "name_en": "Photographs", "holds": "files"},
        {"key": "minutes", "name": "会商纪要", "name_en": "Minutes", "holds": ""},
    ]
    return bundle(
        p,
        roles=["duty", "office"],
        anchors=["discovered_at", "opened_at", "graded_at"],
        archive=items,
    )


def with_keepers(world: World) -> World:
    """The archive's people, and the plan."""

    def work(uow: UnitOfWork) -> dict[str, Person]:
        for key in sorted(set(KEEPERS.values())):
            uow.session.add(Role(key=key, name=key))
        uow.session.flush()
        made = {}
        for name, role in KEEPERS.items():
            person = Person(username=name, name=name, password_hash="x", created_at=world.now)
            person.memberships = [Membership(role_key=role, since=world.now)]
            uow.session.add(person)
            made[name] = person
        uow.session.flush()
        return made

    world.people |= world.db.run(work)
    world.deploy(plan_t11())
    return world


def actor(world: World, name: str) -> Actor:
    """A person of either cast."""
    return Actor(world.people[name].id, KEEPERS.get(name, name))


def archived(world: World, remark: str = "", where: str = "档案室 3 柜", **keys: Any) -> Case:
    """A case opened, written down and archived at the world's moment (or ``now``)."""
    at = keys.get("now") or world.now
    return put_away(world, world.open("t11", **keys), at, remark, where)


def taken(world: World, found: Signal) -> Case:
    """The case a signal becomes, archived."""

    def take(uow: UnitOfWork) -> Case:
        duty = world.actor("duty")
        return signals.take(
            uow, found.id, plan_key="t11", title="甲", summary="", actor=duty, now=world.now
        )

    return put_away(world, world.db.run(take), world.now)


def put_away(
    world: World, case: Case, at: datetime, remark: str = "", where: str = "档案室 3 柜"
) -> Case:
    """The case, written down and archived."""
    given = {"remark": remark or "来电一次", "who": "", "count": 3}
    world.complete(case, "fill", "duty", given, at)
    items = {
        "call_notes": {"present": True},
        "patrol_notes": {"note": "未巡查"},
        "photos": {"note": "未拍照"},
        "minutes": {"present": True, "where": where},
    }
    world.complete(case, "put_away", "office", {"items": items}, at)
    with world.db.read() as session:
        return session.get_one(Case, case.id)


def keep(world: World, term: str = "y10", plan: str = "t11") -> None:
    """Set the plan's term."""
    who = actor(world, "archivist")
    world.db.run(lambda uow: retention.set_plan_term(uow, plan, term, who, world.now))


def term_keys(world: World) -> list[str]:
    with world.db.read() as session:
        return [term.key for term in retention_table.terms(session)]


def due(world: World, now: datetime = LATER) -> list[int]:
    with world.db.read() as session:
        return [one.case.id for one in retention.due(session, now)]


def signal(world: World, text: str, now: datetime | None = None, **noticed: Any) -> Signal:
    """A signal that a person on duty has recorded at the world's moment (or ``now``)."""
    at = now or world.now
    told = Noticed(text=text, **noticed)
    return world.db.run(lambda uow: signals.record(uow, told, world.actor("duty"), at))


def set_aside(world: World, found: Signal, reason: str = "与本单位无关", **keys: Any) -> None:
    """Set the signal aside at the world's moment (or ``now``)."""
    at = keys.get("now") or world.now
    world.db.run(lambda uow: signals.dismiss(uow, found.id, reason, world.actor("duty"), at))


def keep_signals(world: World, term: str = "y10", who: str = "archivist") -> None:
    """Set the term of signals that never became a case."""
    by = actor(world, who)
    world.db.run(lambda uow: retention_signals.set_signal_term(uow, term, by, world.now))


def due_signals(world: World, now: datetime = LATER) -> list[int]:
    with world.db.read() as session:
        return [one.signal.id for one in retention_signals.due(session, now, 200)]


def draw_up(
    world: World, *found: Case | Signal, who: str = "archivist", now: datetime = LATER
) -> DestructionList:
    """A list of these cases and signals."""
    ids = [one.id for one in found if isinstance(one, Case)]
    also = [one.id for one in found if isinstance(one, Signal)]
    by = actor(world, who)
    return world.db.run(
        lambda uow: destruction_lists.draw_up(uow, ids, "", by, now, signal_ids=also)
    )


def vote(
    world: World, made: DestructionList, who: str, decision: Any = "approve", **keys: Any
) -> DestructionList:
    digest, comment = keys.get("digest", made.digest), keys.get("comment", "")
    return world.db.run(
        lambda uow: destruction_lists.vote(
            uow, made.id, decision, digest, comment, actor(world, who), LATER
        )
    )


def agreed(world: World, *found: Case | Signal) -> DestructionList:
    """A list two people have agreed to."""
    made = draw_up(world, *found)
    vote(world, made, "leader")
    return vote(world, made, "lawyer")


def lies(folder: Path) -> list[str]:
    """The names of files below a folder."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file())
