"""The audit room's pages of deadlines and clauses, over finished cases of plan 11."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import func, select

from models.history import HistoryEvent
from models.people import Person
from services.compliance import EDGES, Figures, Judged, Row
from services.compliance_book import Deadline
from services.compliance_clocks import Verdict
from services.uow import Database
from tests.acceptance.stories import p11
from tests.acceptance.stories.run import Stage
from tests.integration.world import MORNING, Made, World, make
from tests.web.conftest import Browser
from views.compliance_drawing import drawing

As = Callable[[str], Browser]
PAGES = (
    "/audit/compliance",
    "/audit/compliance/cases?plan=p11&deadline=report_1h/report_in_time@1",
    "/audit/compliance/tasks/x",
    "/audit/clauses",
    "/audit/clauses/p11",
    "/audit/clauses/p11?clause=P11-D1",
)
_REPLAY = re.compile(r'href="/audit/cases/(\d+)/replay\?at=(\d+)"')


@pytest.fixture(scope="module")
def told_made(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """One case reported late, one with an untrue post: the library's own plan and people."""

    def work(database: Database) -> World:
        stage = Stage.set(database, "p11", MORNING - timedelta(days=2))
        for story in (p11.extraordinary_case_reported_late, p11.considerable_case_untrue_post):
            stage.play(story)
            stage.now += timedelta(days=1)
        with database.read() as session:
            people = {person.username: person for person in session.scalars(select(Person))}
            for person in people.values():
                session.expunge(person)
        return World(database, MORNING, people)

    return make(sqlite_template, tmp_path_factory.mktemp("told"), work)


@pytest.fixture
def made(told_made: Made) -> Made:
    return told_made


def replays(world: World, page: str) -> list[tuple[int, int, str]]:
    """Every link into a replay, with the type of the event it leads to: all of them exist."""
    found = []
    for case_id, seq in _REPLAY.findall(page):
        event = select(HistoryEvent.type).where(
            HistoryEvent.case_id == int(case_id), HistoryEvent.seq == int(seq)
        )
        type_ = world.one(event)
        assert type_ is not None, (case_id, seq)
        found.append((int(case_id), int(seq), type_))
    return found


def test_figures_lead_down_to_the_events(as_: As, world: World) -> None:
    browser = as_("auditor")
    page = browser.get("/audit/compliance").text
    assert "特别重大舆情务必1小时内上报" in page and "黄金24小时法则" in page
    # Few cases are told one by one; each mark and each name leads on.
    assert "超时 6 分钟" in page and "%" not in re.sub(
        r'<svg.*?</svg>|"[^"]*"', "", page, flags=re.S
    )
    [task] = set(re.findall(r'href="(/audit/compliance/tasks/[^"]+)"[^>]*><title>[^<]*超时', page))
    answer = browser.get(task)
    assert answer.status_code == 303
    [(_case, _seq, type_)] = replays(world, f'href="{answer.headers["Location"]}"')
    assert type_ == "deadline.missed"
    [missed] = re.findall(r'href="([^"]*verdict=missed[^"]*)" class="badge', page)
    listed = browser.get(unescape(missed)).text
    assert {type_ for *_rest, type_ in replays(world, listed)} == {"deadline.missed"}
    for moment, type_ in (
        ("report", "report.line_acknowledged"), ("statement", "statement.released"),
        ("closing", "case.closed"), ("review", "task.completed"),
    ):  # fmt: skip
        assert f"moment={moment}" in page
        shown = browser.get(f"/audit/compliance/cases?plan=p11&moment={moment}").text
        told = replays(world, shown)
        assert {case for case, *_rest in told} == {1, 2}
        assert {one for *_rest, one in told} == {type_}


def test_every_figure_leads_to_as_many_rows(as_: As) -> None:
    browser = as_("auditor")
    page = browser.get("/audit/compliance").text
    figures = re.findall(r'href="(/audit/compliance/cases\?[^"]+)"[^>]*>(?:\D*? )?(\d+)</a>', page)
    kinds = Counter[str]()
    for href, n in figures:
        href = unescape(href)
        shown = browser.get(href).text
        assert len(re.findall(r"<tr", shown.partition("<tbody")[2])) == int(n), href
        kinds.update(name for name in ("verdict", "role", "moment") if f"{name}=" in href)
        kinds.update(["moment and verdict"] if "moment=" in href and "verdict=" in href else [])
    assert all(kinds[name] for name in ("verdict", "role", "moment", "moment and verdict")), kinds


def test_a_clause_shows_its_text_and_its_evidence(as_: As, world: World) -> None:
    browser = as_("auditor")
    plan = browser.get("/audit/clauses/p11").text
    assert "clause=P11-D1" in plan and "【原文缺失】" in plan
    urgent = browser.get("/audit/clauses/p11?clause=P11-D1").text
    told = replays(world, urgent)
    assert {case for case, *_rest in told} == {1}
    assert [one for *_rest, one in told].count("deadline.missed") == 3  # clock, person, timer
    assert "超时" in urgent and "duty" in urgent and "桁架" in urgent
    longest = world.one(select(func.max(HistoryEvent.seq)).where(HistoryEvent.case_id == 1))
    assert max(seq for _case, seq, _type in told) <= longest
    # The question of the form and what was answered; what is replaced, lost or standing says so.
    assert "填写:是" in browser.get("/audit/clauses/p11?clause=P11-D6").text
    replaced = browser.get("/audit/clauses/p11?clause=P11-E4").text
    assert "这一条没有照原文执行" in replaced and "民法典第1195条" in replaced
    assert {case for case, *_rest in replays(world, replaced)} == {2}
    lost = browser.get("/audit/clauses/p11?clause=P11-G1").text
    assert "【原文缺失】" in lost and "没有补写" in lost
    assert "这一条是平时的安排" in browser.get("/audit/clauses/p11?clause=P11-D5").text
    none = browser.get("/audit/clauses/p11?clause=P11-L659").text
    assert "还没有用到这一条的事件" in none
    assert none.count("没有走到") < browser.get(
        "/audit/clauses/p11?clause=P11-L659&all=1"
    ).text.count("没有走到")


@pytest.mark.parametrize("name", ["duty", "leader", "admin", "author"])
def test_only_auditors_come_in(as_: As, name: str) -> None:
    browser = as_(name)
    for path in PAGES:
        assert browser.get(path).status_code == 403, path


def test_what_is_not_there_is_said_in_words(as_: As, visitor: Browser) -> None:
    assert visitor.get(PAGES[0]).status_code in {302, 303}
    browser = as_("auditor")
    for path, status, words in (
        ("compliance?plan=p11&tier=huge", 422, "请从列出的选项中选择"),
        ("compliance?plan=p11&clause=P11-D99", 422, "请从列出的选项中选择"),
        ("compliance?tier=major", 422, "必填"),
        ("compliance?since=yesterday", 422, "日期写法不对"),
        ("compliance?since=2026-03-02&until=2026-03-01", 422, "结束不能早于开始"),
        ("compliance?since=2026-03-01&until=9999-12-31", 200, "特别重大"),
        ("compliance?since=0001-01-01", 200, "特别重大"),
        ("compliance?since=9999-12-31", 200, "没有符合条件的事件"),
        ("compliance?until=0001-01-01", 200, "没有符合条件的事件"),
        ("compliance?plan=p99", 404, "没有这个预案"),
        ("compliance?plan=p11&since=2031-01-01", 200, "没有符合条件的事件"),
        ("compliance/cases?plan=p11&deadline=x@1", 404, ""),
        ("compliance/cases?plan=p11&deadline=report_1h/report_in_time@1&verdict=huge", 200, "按时"),
        ("compliance/cases?plan=p11&moment=report&before=99999999999999", 200, "事件"),
        ("compliance/cases?plan=x&moment=report", 404, "没有这个预案"),
        ("compliance/cases?plan=p11&moment=report&since=0001-01-01&until=9999-12-31", 200, "事件"),
        (
            "compliance/cases?plan=p11&deadline=report_1h/report_in_time@1&role=%00",
            200,
            "按时",
        ),
        ("compliance/tasks/none", 404, ""),
        ("compliance/tasks/%00", 404, ""),
        ("clauses/p99", 404, "没有这个预案"),
        ("clauses/p11?clause=P11-D99", 404, ""),
        ("clauses/p11?clause=%00%27&before=-3", 404, ""),
    ):
        answer = browser.get(f"/audit/{path}")
        assert answer.status_code == status, path
        assert words in answer.text, path


def test_an_address_only_leads_on_by_what_the_page_knows(as_: As) -> None:
    """What `url_for` understands itself must not come from outside: a link of another scheme."""
    given = "plan=p11&moment=report&drills=1&before=99"
    odd = "_external=1&_scheme=javascript&_method=POST&_anchor=x&endpoint=y&cls=z"
    answer = as_("auditor").get(f"/audit/compliance/cases?{odd}&{given}")
    assert answer.status_code == 200
    links = [unescape(one) for one in re.findall(r'href="([^"]*)"', answer.text)]
    assert "/audit/compliance/cases?plan=p11&drills=1&moment=report" in links
    assert not [one for one in links if "javascript" in one]


def test_the_drawing_puts_what_was_late_right_of_the_limit() -> None:
    """Few are marks by themselves, none upon another; many are bars that keep the count."""
    late = [-86_400, -3_600, -3_600, -3_600, 0, 1, 360, 259_200 * 2]
    judged = [
        Judged(n, str(n), str(n), "missed" if one > 0 else "met", one) for n, one in enumerate(late)
    ] + [Judged(99, "99", "99", "missed", None)]
    few = Figures(Counter[Verdict]({"met": 5, "missed": 4}), judged=judged)
    spans = [0] * (len(EDGES) + 1)
    spans[0], spans[5], spans[6], spans[-1] = 20, 100, 7, 3
    many = Figures(Counter[Verdict]({"met": 120, "missed": 10}), spans=spans)
    rows = [Row(cast(Deadline, None), {"": one}) for one in (few, many, Figures())]
    picture = drawing(rows)
    assert picture is not None and len(picture.lanes) == 2
    marks, bars = picture.lanes[0].marks, picture.lanes[1].bars
    for mark in marks:
        assert (mark.x > picture.limit) == (mark.judged.verdict == "missed")
        assert 0 <= mark.x <= 100
    assert len({(mark.x, mark.y) for mark in marks}) == len(judged)
    assert [(bar.count, bar.missed, bar.x > picture.limit) for bar in bars] == [
        (20, False, False), (100, False, False), (7, True, True), (3, True, True),
    ]  # fmt: skip
    assert all(bar.x + bar.width <= 100 for bar in bars)
    assert drawing([rows[2]]) is None
