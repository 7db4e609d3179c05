"""A record of as many events as wanted, made in the database, for the search to be measured on.

One event every 15 seconds: ten cases at once of 300 events each, 200 people, 15 plans, 160 element
paths; one event in fifty belongs to the organisation. Nothing in it is oral, and of what rests on
two conditions some never meet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, TextClause, insert, select, text

from migrations import guards
from models.cases import Case
from models.history import HistoryEvent
from models.people import Person
from models.plans import Plan, PlanVersion
from services.actor import SYSTEM
from services.plans import deploy_plan
from tests.benchmarks.house import NOON, House, house
from tests.benchmarks.inbox import _without_indexes
from tests.unit.bpmn_builder import Process, document, manifest
from workflows.bundle import Bundle

EVERY = 15  # seconds
#: The plan whose clauses are known, of its elements step1 to step3.
PLAN = "plan3"
_TIERS = [
    {"key": "general", "level": 1, "name": "一般"},
    {"key": "major", "level": 2, "name": "重大"},
]

#: Of a hundred events; what is rare comes of the number itself.
TYPES = (
    ("task.opened", 22), ("timer.set", 12), ("element.passed", 12), ("task.claimed", 12),
    ("task.completed", 15), ("deadline.met", 8), ("task.draft_saved", 9), ("deadline.missed", 2),
    ("report.line_acknowledged", 3), ("approval.given", 3), ("tier.graded", 2),
)  # fmt: skip
DATA = {
    "report.line_acknowledged": '{"met":true,"recipient":"county"}',
    "approval.given": '{"decision":"approve","kind":"final","statement":1,"version":1}',
    "tier.graded": '{"tier":"major"}',
    "element.passed": '{"steps":["a","b"]}',
    "deadline.missed": '{"due":"2026-03-10T02:00:00Z","late":0,"task":"u","timer":"t"}',
}
OTHER = '{"round":1,"task":"0123456789abcdef0123456789abcdef"}'


def filled(url: str, events: int) -> House:
    """A house with that many events, the last at `NOON`."""
    place = house(url, stages=())
    place.db.run(lambda uow: deploy_plan(uow, _bundle(), "", SYSTEM, NOON))
    postgres = place.db.dialect == "postgresql"
    with place.db.engine.begin() as connection:
        if postgres:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            connection.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
        else:
            connection.execute(text("PRAGMA foreign_keys = off"))
            connection.execute(text("PRAGMA cache_size = -1000000"))
        guards.remove(connection)
        connection.execute(text("delete from history_event"))
        with _without_indexes(connection, HistoryEvent):  # made when the rows are there
            _fill(connection, events)
        connection.execute(text("delete from chain_head"))
        connection.execute(text(
            "insert into chain_head (chain, seq, hash) select chain, max(seq), min(hash)"
            " from history_event group by chain"
        ))  # fmt: skip
    if postgres:
        with place.db.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text("VACUUM ANALYZE"))
    place.db.dispose()
    return place


def _fill(connection: Connection, events: int) -> None:
    postgres = connection.dialect.name == "postgresql"

    def series(n: int) -> str:
        if postgres:
            return f"(select i::bigint from generate_series(1, {n}) as g(i)) as s"
        return (
            f"(with recursive g(i) as (select 1 union all select i + 1 from g where i < {n})"
            " select i from g) as s"
        )

    def at(seconds: str) -> str:
        """So many seconds before noon."""
        if postgres:
            return f"(timestamptz '{NOON.isoformat()}' - make_interval(secs => {seconds}))"
        return (
            f"strftime('%Y-%m-%d %H:%M:%S.000000', '{NOON:%Y-%m-%d %H:%M:%S}', "
            f"'-' || ({seconds}) || ' seconds')"
        )

    deployed = connection.scalar(select(PlanVersion.id).where(PlanVersion.plan_key == PLAN))
    plans = {n: 100 + n if f"plan{n}" != PLAN else int(deployed or 0) for n in range(15)}
    made = {n: id_ for n, id_ in plans.items() if id_ != deployed}
    for model, rows in (
        (Person, [_person(n) for n in range(1, 201)]),
        (Plan, [{"key": f"plan{n}", "title": "plan"} for n in made]),
        (PlanVersion, [_version(n, id_) for n, id_ in made.items()]),
        (Case, [_case(n, plans[n % 15]) for n in range(1, events // 300 + 11)]),
    ):
        connection.execute(insert(model), rows)
    connection.execute(_plain(_events(events, series(events), at, postgres)))


def _events(events: int, series: str, at: Callable[[str], str], postgres: bool) -> str:
    def draw(factor: int, below: int) -> str:
        """Numbers spread evenly, those of different factors independent of each other."""
        return f"((i * {factor}) % 4294967291 / 7 % {below})"

    types, edge = [], 0
    for name, share in TYPES:
        edge += share
        types.append(f"when {draw(2654435761, 100)} < {edge} then '{name}'")
    type_ = (
        "case when i % 50 = 0 then 'org.signed_in' when i % 5003 = 0 then 'approval.voided'"
        f" when i % 20011 = 0 then 'tier.overridden' {' '.join(types)} end"
    )
    # Nobody acts when a deadline is met or a clock set; person 17 acts in one event of thirty.
    nobody = "type in ('deadline.met', 'timer.set')"
    who = f"case when {draw(1597334677, 30)} = 0 then 17 else {draw(3812015801, 200)} + 11 end"
    person = f"(case when {nobody} then null else {who} end)"
    role = f"(case when {nobody} then '' else 'role' || {draw(3266489917, 12)} end)"
    place = f"'step' || {draw(668265263, 150)}"
    round_ = f"'ask[' || {draw(374761393, 10)} || ']'"
    path = (
        f"(case when i % 50 = 0 then '' when {draw(2246822519, 40)} = 0 then {round_}"
        f" else {place} end)"
    )
    data = " ".join(f"when '{name}' then '{value}'" for name, value in DATA.items())
    late = f"(case when {draw(2246822507, 97)} = 0 then 600 else 0 end)"
    case = "(i / 3000 * 10 + i % 10 + 1)"
    before = f"(({events} - i) * {EVERY})"
    return (
        "insert into history_event (id, chain, seq, case_id, type, person_id, role_key,"
        " on_behalf_of, element_path, occurred_at, recorded_at, content, hash)"
        f" select i, case when i % 50 = 0 then 'org' else 'case:' || {case} end,"
        f" case when i % 50 = 0 then i / 50 else i % 3000 / 10 + 1 end,"
        f" case when i % 50 = 0 then null else {case} end, type, {person}, {role}, null, {path},"
        f" {at(f'{before} + {late}')}, {at(before)},"
        ' case when type = \'org.signed_in\' then \'{"data":{"person":1},"v":1}\' else'
        f" '{{\"data\":' || (case type {data} when 'tier.overridden' then '{{\"tier\":\"major\"}}'"
        " when 'approval.voided' then '{\"statement\":1}'"
        f" else '{OTHER}' end) || ',\"v\":1}}' end,"
        f" '{'0' * 64}' from (select i, {type_} as type from {series}) as t"
    )


def _person(n: int) -> dict[str, Any]:
    return {"id": n + 10, "username": f"p{n}", "name": f"p{n}", "password_hash": "x"} | {
        "created_at": NOON
    }


def _bundle() -> Bundle:
    p = Process(PLAN, "测量用预案").start()
    names = ("step1", "step2", "step3")
    for name in names:
        p.user_task(name, "duty", properties={"clause": name})
    p.end("end").chain("start", *names, "end")
    return Bundle(
        files={"plan.bpmn": document(p)}, manifest=manifest(PLAN, roles=["duty"], tiers=_TIERS)
    )


def _version(n: int, id_: int) -> dict[str, Any]:
    return {"id": id_, "plan_key": f"plan{n}", "number": 1, "content_hash": f"h{n}"} | {
        "manifest": {"tiers": _TIERS}, "clauses": {}, "deployed_at": NOON
    }  # fmt: skip


def _case(n: int, version: int) -> dict[str, Any]:
    tier = (None, "general", "major")[n // 15 % 3]
    return {"id": n, "number": f"B{n}", "title": "舞台桁架坠落", "summary": "网传五人死亡" * 20} | {
        "plan_version_id": version, "tier": tier, "status": "closed", "opened_at": NOON,
        "opened_by": 11,
    }  # fmt: skip


def _plain(statement: str) -> TextClause:
    # A colon in what is inserted is no parameter.
    return text(statement.replace(":", "\\:"))
