"""The history searched: the right events, each once, in order, by the indexes, within a bound."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import event as sa_event
from sqlalchemy import select, text

from models.cases import Case
from models.history import HistoryEvent
from models.plans import PlanVersion
from services import event_conditions, event_kinds, event_search, event_streams
from services.canonical import canonical
from services.errors import Refusal
from services.event_filter import EventFilter
from services.history_types import exception_types
from tests.integration import event_rows
from tests.integration.world import MORNING, World

#: What differs between the databases is the SQL, not what a filter means.
EXAMPLES = {"sqlite": 40, "postgresql": 15}
KINDS = ["late", "oral", "tier_overridden", "admin_act", "deployed_alone", "entered_later"]
TYPES = [*{name for name, _ in event_rows.EVENTS}, *(name for _, name, _ in event_rows.OF_NO_CASE)]


@pytest.fixture
def filled(world: World) -> World:
    event_rows.fill(world)
    return world


@pytest.fixture
def crumbs(monkeypatch: pytest.MonkeyPatch) -> None:
    """So little at a time that every seam between chunks is crossed."""
    monkeypatch.setattr(event_streams, "CHUNK", 7)
    monkeypatch.setattr(event_streams, "TOGETHER", 3)


def everything(world: World) -> tuple[list[HistoryEvent], dict[int, tuple[str, str | None]]]:
    with world.db.read() as session:
        events = list(session.scalars(select(HistoryEvent)))
        cases = session.execute(
            select(Case.id, PlanVersion.plan_key, Case.tier).join(
                PlanVersion, PlanVersion.id == Case.plan_version_id
            )
        )
        return events, {id_: (plan, tier) for id_, plan, tier in cases}


def walk(
    world: World, flt: EventFilter, limit: int = 50, bound: int = 20_000
) -> Iterator[event_search.Page]:
    cursor = None
    while True:
        with world.db.read() as session:
            page = event_search.page(session, flt, cursor, limit, bound)
        yield page
        cursor = page.next_cursor
        if cursor is None:
            return


def moments() -> st.SearchStrategy[object]:
    return st.integers(0, 60).map(lambda n: MORNING + timedelta(minutes=n))


def often_none(values: st.SearchStrategy[object], otherwise: object) -> st.SearchStrategy[object]:
    return st.one_of(st.just(otherwise), st.just(otherwise), values)


def filters() -> st.SearchStrategy[EventFilter]:
    def some(of: list[str]) -> st.SearchStrategy[object]:
        return st.lists(st.sampled_from(of), unique=True, min_size=1, max_size=4).map(tuple)

    place: st.SearchStrategy[dict[str, str]] = st.one_of(
        st.just({}),
        st.just({}),
        st.sampled_from(["t01", "t02"]).map(lambda plan: {"plan": plan}),
        st.sampled_from(["ask", "respond", "respond/ask", "check", "nowhere"]).map(
            lambda element: {"element": element}
        ),
        st.sampled_from(list(event_rows.COVERED)).map(
            lambda clause: {"plan": clause[:3].lower(), "clause": clause}
        ),
    )
    rest = st.fixed_dictionaries(
        {
            "case": often_none(st.integers(1, 8), None),
            "person": often_none(st.integers(1, 5), None),
            "role": often_none(st.sampled_from(event_rows.ROLES), ""),
            "types": often_none(some(TYPES), ()),
            "category": often_none(st.sampled_from(["deadline", "statement", "case", "org"]), ""),
            "kinds": often_none(some(KINDS), ()),
            "tier": often_none(st.sampled_from(["general", "major", "一般", "严重", "无"]), ""),
            "late": often_none(st.booleans(), None),
            "since": often_none(moments(), None),
            "until": often_none(moments(), None),
            "open_only": often_none(st.just(True), False),
        }
    )
    return st.tuples(place, rest).map(lambda parts: EventFilter(**parts[0], **parts[1]))  # type: ignore[arg-type]


def test_pages_and_stream_give_exactly_what_the_filter_means(filled: World, crumbs: None) -> None:
    events, cases = everything(filled)
    seen = {True: 0, False: 0}

    @settings(max_examples=EXAMPLES[filled.db.dialect], phases=[Phase.generate])
    @given(
        filters(),
        st.integers(1, 60),
        st.sampled_from([3, 40, 90, 600]),
        st.sampled_from([0, 3, 200]),
    )
    def check(flt: EventFilter, limit: int, bound: int, few: int) -> None:
        event_conditions.FEW_CASES = few
        wanted = sorted((e.occurred_at, e.id) for e in events if event_rows.meant(flt, e, cases))
        pages = list(walk(filled, flt, limit, bound))
        found = [(e.occurred_at, e.id) for page in pages for e in page.events]
        assert found == wanted[::-1]
        for page in pages:
            assert len(page.events) <= limit
            assert page.complete or (page.next_cursor and len(page.events) < limit)
        with filled.db.read() as session:
            streamed = list(event_search.stream(session, flt, batch=limit))
        assert [(e.occurred_at, e.id) for e in streamed] == wanted
        seen[bool(wanted)] += 1

    few = event_conditions.FEW_CASES
    try:
        check()
    finally:
        event_conditions.FEW_CASES = few
    assert min(seen.values()) > 2, "the filters drawn were all of one sort"


def test_what_is_written_meanwhile_makes_no_page_lose_or_repeat(
    filled: World, crumbs: None
) -> None:
    """Each page is exactly what the filter means beyond the page before, of all that is on record
    when it is asked for; so nothing there from the beginning is lost, and nothing comes twice."""
    some = random.Random(3)
    cases = [event.case_id for event in everything(filled)[0] if event.case_id]

    @settings(
        max_examples=EXAMPLES[filled.db.dialect] // 3, phases=[Phase.explicit, Phase.generate]
    )
    @given(filters(), st.integers(3, 40), st.sampled_from([20, 60, 20_000]))
    @example(EventFilter(), 40, 20_000)
    @example(EventFilter(types=("deadline.missed", "task.claimed")), 40, 20_000)
    def check(flt: EventFilter, limit: int, bound: int) -> None:
        end = None
        for turn, page in enumerate(walk(filled, flt, limit, bound)):
            events, of_cases = everything(filled)
            meant = [e for e in events if event_rows.meant(flt, e, of_cases)]
            keys = sorted(((e.occurred_at, e.id) for e in meant), reverse=True)
            keys = [key for key in keys if end is None or key < end]
            found = [(e.occurred_at, e.id) for e in page.events]
            assert found == keys[: len(found)]
            if page.next_cursor is None:
                assert len(found) == len(keys)
                return
            end = event_search._read_cursor(page.next_cursor)
            assert not [key for key in keys[len(found) :] if key >= end]
            if turn < 5:  # else what is written might outrun what is read
                rows = [event_rows.row(some, filled.now, cases, filled) for _ in range(5)]
                filled.db.run(lambda uow, rows=rows: event_rows.append(uow, rows))  # type: ignore[misc]

    before = len(everything(filled)[0])
    check()
    assert len(everything(filled)[0]) > before + 50


def test_what_one_index_passes_over_another_may_still_give(filled: World, crumbs: None) -> None:
    """Receipts in time, each entered an hour later: among the late ones none of them is meant, yet
    where a chunk of those ends its last stands beside the same event as one entered later."""
    some = random.Random(5)
    case = next(event.case_id for event in everything(filled)[0] if event.case_id)
    rows = [
        event_rows.row(some, filled.now, [case], filled)
        | {"chain": f"case:{case}", "case_id": case, "person_id": filled.people["duty"].id}
        | {"type": "report.line_acknowledged", "recorded_at": moment + timedelta(hours=1)}
        | {"occurred_at": moment, "content": canonical({"data": {"met": True}, "v": 1})}
        for moment in (filled.now + timedelta(hours=2, minutes=n) for n in range(30))
    ]
    filled.db.run(lambda uow: event_rows.append(uow, rows))
    flt = EventFilter(kinds=("late", "entered_later"))
    events, of_cases = everything(filled)
    wanted = sorted((e.occurred_at, e.id) for e in events if event_rows.meant(flt, e, of_cases))
    assert len(wanted) > 30
    for limit in (3, 50):
        pages = walk(filled, flt, limit)
        found = [(event.occurred_at, event.id) for page in pages for event in page.events]
        assert found == wanted[::-1]
    with filled.db.read() as session:
        streamed = event_search.stream(session, flt, batch=7)
        assert [(event.occurred_at, event.id) for event in streamed] == wanted


def test_the_texts_events_are_sieved_by_stand_in_every_exception() -> None:
    """What the registry calls an exception never fails the glance at the content."""
    checked = 0
    for kind, types in exception_types().items():
        marks = event_kinds.marks_of((kind,))
        of_any = event_kinds.marks_of(exception_types())
        for type_ in types:
            fields = {**type_.required, **type_.optional}
            payloads = [{}, *({name: value} for name in fields for value in (True, False, 7, "x"))]
            for payload in payloads:
                if kind in type_.exceptions_of(payload):
                    for texts in (marks[type_.name], of_any[type_.name]):
                        assert not texts or any(text in canonical(payload) for text in texts)
                        checked += bool(texts)
    assert checked >= 8


def test_a_long_look_stops_by_the_clock_and_goes_on(
    small: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    event_rows.fill(small, 900)
    monkeypatch.setattr(event_search, "PATIENCE", -1.0)
    monkeypatch.setattr(event_search, "AT_LEAST", 30)
    flt = EventFilter(role="duty", types=("task.claimed",))
    meant = {e.id for e in everything(small)[0] if e.role_key == "duty"}
    meant &= {e.id for e in everything(small)[0] if e.type == "task.claimed"}
    pages = list(walk(small, flt, limit=50))
    assert [page.complete for page in pages[:-1]] == [False] * (len(pages) - 1) and len(pages) > 1
    found = [event.id for page in pages for event in page.events]
    assert set(found) == meant and len(found) == len(meant)


def test_a_filter_that_finds_nothing_stops_at_the_bound_and_goes_on(small: World) -> None:
    event_rows.fill(small, 900)
    flt = EventFilter(role="duty", types=("task.claimed",), person=small.people["outsider"].id)
    with small.db.read() as session:
        assert event_search.page(session, flt, bound=50).complete  # nobody's: known at once
    flt = EventFilter(kinds=("late",), late=False)  # a contradiction
    with small.db.read() as session:
        first = event_search.page(session, flt, bound=20)
        assert not first.events and not first.complete and first.searched_to is not None
        cursor, looked = first.next_cursor, 1
        while cursor:
            page = event_search.page(session, flt, cursor, bound=20)
            cursor, looked = page.next_cursor, looked + 1
    assert page.complete and not page.events and looked > 2


@pytest.mark.parametrize(
    "cursor",
    ["x", "AAAA", "=", "é", "\x00", "W10", base64.urlsafe_b64encode(b'["2026-03-10",1]').decode(),
     base64.urlsafe_b64encode(b'["2026-03-10T00:00:00Z",-1]').decode(),
     base64.urlsafe_b64encode(b'["2026-03-10T00:00:00Z","1"]').decode(),
     base64.urlsafe_b64encode(b"[" * 5000).decode()],
)  # fmt: skip
def test_a_cursor_of_nobody_is_refused(small: World, cursor: str) -> None:
    with small.db.read() as session, pytest.raises(Refusal) as refused:
        event_search.page(session, EventFilter(), cursor)
    assert (refused.value.code, refused.value.status) == ("cursor_invalid", 422)


def test_a_filter_of_nothing_there_is_refused(small: World) -> None:
    wrong = {
        EventFilter(types=("no.such",)): "filter_unreadable",
        EventFilter(kinds=("no_such",)): "filter_unreadable",
        EventFilter(category="no_such"): "filter_unreadable",
        EventFilter(clause="T01-S1"): "clause_needs_plan",
        EventFilter(plan="t09", clause="T01-S1"): "plan_unknown",
        EventFilter(plan="t01", clause="T01-S99"): "clause_unknown",
    }
    with small.db.read() as session:
        for flt, code in wrong.items():
            with pytest.raises(Refusal) as refused:
                event_search.page(session, flt)
            assert refused.value.code == code


#: Filter -> the index that must answer it.
INDEXES = {
    EventFilter(): "ix_history_event_occurred_at_id",
    EventFilter(since=MORNING, until=MORNING + timedelta(minutes=9)):
        "ix_history_event_occurred_at_id",
    EventFilter(person=2): "ix_history_event_person",
    EventFilter(person=2, since=MORNING, until=MORNING + timedelta(minutes=50)):
        "ix_history_event_person",
    EventFilter(role="duty"): "ix_history_event_role",
    EventFilter(element="ask"): "ix_history_event_element",
    EventFilter(types=("task.claimed", "deadline.met")): "ix_history_event_type_occurred_at_id",
    EventFilter(kinds=("late", "oral")): "ix_history_event_type_occurred_at_id",
    EventFilter(kinds=("entered_later",)): "ix_history_event_entered_later",
}  # fmt: skip


def test_every_page_is_read_along_an_index(filled: World, monkeypatch: pytest.MonkeyPatch) -> None:
    if filled.db.dialect == "postgresql":
        grow(filled)  # a small table is read whole, and rightly
        monkeypatch.setattr(event_search, "_PROBE", 200)
    asked: list[tuple[str, object]] = []

    def note(_c: object, _u: object, statement: str, params: object, *_more: object) -> None:
        # How many there are of each is counted in the indexes alone, whichever they are.
        if "order by" in statement and "count(*)" not in statement:
            asked.append((statement, params))

    sa_event.listen(filled.db.engine, "before_cursor_execute", note)
    explain = {"sqlite": "EXPLAIN QUERY PLAN ", "postgresql": "EXPLAIN "}[filled.db.dialect]
    for flt, index in INDEXES.items():
        asked.clear()
        with filled.db.read() as session:
            # Both the first page and one further on.
            page = event_search.page(session, flt, limit=20)
            event_search.page(session, flt, page.next_cursor, limit=20)
            assert len(page.events) == 20 and page.next_cursor
            statements, connection = list(asked), session.connection()
            for statement, params in statements:
                rows = connection.exec_driver_sql(explain + statement, params).all()  # type: ignore[arg-type]
                plan = "\n".join(str(row[-1]) for row in rows)
                wanted = index if "leap" not in statement else "ix_history_event_element"
                assert wanted in plan, (flt, plan)
                assert "TEMP B-TREE" not in plan and "Sort" not in plan, (flt, plan)
                assert "Seq Scan on history_event" not in plan, (flt, plan)
    sa_event.remove(filled.db.engine, "before_cursor_execute", note)


def grow(world: World) -> None:
    """Forty times the events, so that an index pays."""
    columns = [c.name for c in HistoryEvent.__table__.columns if c.name not in ("id", "seq")]
    names = ", ".join(columns)
    with world.db.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(
            text(
                f"insert into history_event (seq, {names}) select seq + n * 1000, {names}"
                " from history_event, generate_series(1, 40) as g(n)"
            )
        )
        connection.execute(text("analyze history_event"))
