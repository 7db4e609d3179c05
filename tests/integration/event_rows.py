"""A record of many events written in one stroke, and what a filter means said the plain way."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select

from models.cases import Case
from models.history import ChainHead, HistoryEvent
from models.people import Person
from models.plans import PlanVersion
from services.canonical import canonical
from services.definitions import static_path
from services.event_filter import EventFilter
from services.history_types import event_type
from services.uow import UnitOfWork
from tests.integration.world import MORNING, TIERS, World, bundle
from tests.unit.bpmn_builder import Process

__all__ = ["MORNING"]
HASH = "0" * 64
#: Type and payload. Each is valid by the registry.
EVENTS: list[tuple[str, dict[str, Any]]] = [
    ("deadline.missed", {}),
    ("deadline.met", {}),
    ("report.line_acknowledged", {"recipient": "county", "met": True}),
    ("report.line_acknowledged", {"recipient": "county", "met": False}),
    ("approval.given", {"statement": 1, "version": 1, "digest": HASH, "kind": "final"}
     | {"decision": "approve", "oral": True}),
    ("approval.given", {"statement": 1, "version": 1, "digest": HASH, "kind": "final"}
     | {"decision": "approve"}),
    ("tier.overridden", {"tier": "major"}),
    ("task.claimed", {"task": "u"}),
    ("task.completed", {"task": "u"}),
    ("closing.confirmed", {"met": True}),
]  # fmt: skip
OF_NO_CASE: list[tuple[str, str, dict[str, Any]]] = [
    ("org", "org.signed_in", {"person": 1}),
    ("org", "org.setting_changed", {"key": "k", "plan": "t02"}),
    ("org", "org.plan_deployed", {"plan": "t01", "version": 1, "hash": HASH, "approved_by": 2}),
    ("org", "org.plan_deployed", {"plan": "t01", "version": 1, "hash": HASH, "alone": True}),
    ("audit", "audit.opened", {"what": "case"}),
]
PATHS = ["", "check", "check_due", "ask[0]", "ask[1]", "respond/ask", "respond[2]/ask", "respond"]
ROLES = ["", "duty", "office", "leader"]
#: Of t02: one name it shares with t01 under another key, one key under another name.
TIERS_OF_T02 = [
    {"key": "ordinary", "level": 1, "name": "一般", "name_en": "Ordinary"},
    {"key": "major", "level": 2, "name": "严重", "name_en": "Serious"},
]


def plan_t02() -> Any:
    """A sub-process of clause T02-S1 with a task in it."""
    p = Process("t02", "试验预案二")
    p.start("s")
    inner = p.sub_process("respond", properties={"clause": "T02-S1"})
    inner.start("rs").user_task("ask", "duty", name="核实").end("re").chain("rs", "ask", "re")
    p.boundary_timer("respond_due", "respond", "PT2H", interrupting=False, deadline="due")
    p.end("e").end("late").chain("s", "respond", "e").chain("respond_due", "late")
    return bundle(p, roles=["duty"], tiers=TIERS_OF_T02)


def fill(world: World, events: int = 350, seed: int = 7) -> list[Case]:
    """Cases of two plans and events of all kinds in them; many happen at the same moment."""
    world.deploy(plan_t02())
    some = random.Random(seed)

    def work(uow: UnitOfWork) -> list[Case]:
        session = uow.session
        versions = {v.plan_key: v.id for v in session.scalars(select(PlanVersion))}
        cases = [
            Case(
                number=f"2026-{n:04}",
                title=f"=事件{n} 13800138000",
                plan_version_id=versions["t02" if n % 3 == 0 else "t01"],
                tier=[None, "ordinary" if n % 3 == 0 else "general", "major"][n // 3],
                opened_at=world.now,
                opened_by=world.people["duty"].id,
            )
            for n in range(1, 8)
        ]
        session.add_all(cases)
        session.flush()
        rows = [row(some, world.now, [case.id for case in cases], world) for _ in range(events)]
        append(uow, rows)
        return cases

    return world.db.run(work)


def append(uow: UnitOfWork, rows: Sequence[dict[str, Any]]) -> None:
    """Write the rows at the ends of their chains."""
    heads = {head.chain: head for head in uow.session.scalars(select(ChainHead))}
    for row in rows:
        head = heads.get(row["chain"])
        if head is None:
            head = heads[row["chain"]] = ChainHead(chain=row["chain"], seq=0, hash=HASH)
            uow.session.add(head)
        head.seq += 1
        head.hash = HASH
        row["seq"] = head.seq
    uow.session.execute(insert(HistoryEvent), list(rows))


def row(some: random.Random, now: datetime, cases: list[int], world: World) -> dict[str, Any]:
    """An event at random, of one of the cases or of none."""
    people: list[Person] = list(world.people.values())[:4]
    happened = now + timedelta(minutes=some.randrange(60))
    of_case = some.random() < 0.85
    case = some.choice(cases) if of_case else None
    chain, (type_, payload) = (
        (f"case:{case}", some.choice(EVENTS)) if of_case else _split(some.choice(OF_NO_CASE))
    )
    content = {"data": payload, "v": event_type(type_).version}
    return {
        "chain": chain,
        "case_id": case,
        "type": type_,
        "person_id": some.choice([None, *(person.id for person in people)]),
        "role_key": some.choice(ROLES),
        "on_behalf_of": None,
        "element_path": some.choice(PATHS) if of_case else "",
        "occurred_at": happened,
        "recorded_at": happened + timedelta(seconds=some.choice([0, 0, 0, 59, 60, 4000])),
        "content": canonical(content),
        "hash": HASH,
    }


def _split(one: tuple[str, str, dict[str, Any]]) -> tuple[str, tuple[str, dict[str, Any]]]:
    return one[0], (one[1], one[2])


#: What the rules of the registry come to for the events above.
KINDS: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "deadline.missed": lambda data: ["late"],
    "report.line_acknowledged": lambda data: [] if data["met"] else ["late"],
    "approval.given": lambda data: ["oral"] if data.get("oral") else [],
    "tier.overridden": lambda data: ["tier_overridden"],
    "org.setting_changed": lambda data: ["admin_act"],
    "org.plan_deployed": lambda data: [] if "approved_by" in data else ["deployed_alone"],
}
COVERED = {
    "T01-S1": {"check", "check_due", "check_remind", "check_escalate"},
    "T01-D1": {"check_due"},
    "T02-S1": {"respond", "respond/ask", "respond_due"},
}
NAMES = {
    (plan, str(tier["key"])): tier["name"]
    for plan, tiers in (("t01", TIERS), ("t02", TIERS_OF_T02))
    for tier in tiers
}
CATEGORIES = {"closing": "case", "approval": "statement"}


def meant(flt: EventFilter, event: HistoryEvent, cases: dict[int, tuple[str, str | None]]) -> bool:
    """Whether the filter keeps the event; ``cases`` are plan and tier by case id."""
    data = json.loads(event.content)["data"]
    kinds = KINDS[event.type](data) if event.type in KINDS else []
    lag = (event.recorded_at - event.occurred_at).total_seconds()
    if event.person_id and lag >= 60:
        kinds.append("entered_later")
    plan, tier = cases[event.case_id] if event.case_id else (data.get("plan"), None)
    path = static_path(event.element_path)
    late = True if "late" in kinds else None
    if event.type == "deadline.met" or (event.type.startswith("report") and data["met"]):
        late = False
    asked: list[tuple[Any, bool]] = [
        (flt.case, event.case_id == flt.case),
        (flt.plan, plan == flt.plan and not (flt.tier and not event.case_id)),
        (flt.person, event.person_id == flt.person),
        (flt.role, event.role_key == flt.role),
        (flt.element, path == flt.element or flt.element in path.split("/")),
        (flt.clause, path in COVERED.get(flt.clause, set())),
        (flt.types, event.type in flt.types),
        (
            flt.category,
            CATEGORIES.get(event.type.partition(".")[0], event.type.partition(".")[0])
            == flt.category,
        ),
        (flt.kinds, bool(set(kinds) & set(flt.kinds))),
        (flt.tier, bool(tier) and flt.tier in (tier, NAMES[str(plan), str(tier)])),
        (flt.late is not None, late is flt.late),
        (flt.since, flt.since is not None and event.occurred_at >= flt.since),
        (flt.until, flt.until is not None and event.occurred_at < flt.until),
        (flt.open_only, bool(kinds)),
    ]
    return all(holds for given, holds in asked if given)
