"""The plan's page, its written plan and its role cards."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from html import unescape

import pytest
from sqlalchemy import select, update

from models.people import Membership, Organization, Person
from models.plans import Plan
from services.uow import UnitOfWork
from tests.integration.world import World, plan_t01
from tests.unit.plan_driver import bundle
from tests.web.conftest import Browser
from tests.web.county import add_roles
from workflows.bundle import Bundle

As = Callable[[str], Browser]

PARTS = ("overview", "roles", "clocks", "tiers", "clauses", "papers", "versions")


@pytest.fixture
def company(world: World) -> World:
    """Plan 4 of the library in a unit that has its roles, held by nobody but the cast."""
    world.db.run(add_roles)
    world.deploy(bundle("p04"))
    return world


def text_of(page: str) -> str:
    """What people read: without marks and scripts."""
    body = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.S)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


# ---------------------------------------------------------------------- plan page


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("plan", ["t01", "p04"])
def test_every_part_opens(as_: As, company: World, plan: str, part: str) -> None:
    page = as_("author").get(f"/plans/{plan}?part={part}")
    assert page.status_code == 200
    assert page.text.count('aria-current="page"') >= 2  # the part, and the view
    # The page's own security policy forbids both.
    assert not re.search(r"\sstyle=|\son\w+=", page.text)


def test_overview_says_what_the_text_is(as_: As, company: World) -> None:
    text = text_of(as_("author").get("/plans/p04").text)
    assert "十五篇原文中的第 4 篇,第 173—245 行" in text
    assert "可以运行的预案" in text
    assert "十五篇" not in text_of(as_("author").get("/plans/t01").text)


def test_a_role_nobody_holds_is_said_in_words(as_: As, company: World) -> None:
    text = text_of(as_("author").get("/plans/p04").text)
    assert "这些角色现在没有人:" in text
    roles = as_("author").get("/plans/p04?part=roles").text
    row = text_of(roles.split('id="roles-spokesperson"')[1].split("</tr>")[0])
    assert "新闻发言人" in row
    assert "没有人:轮到它的步骤没人能办" in row
    held = text_of(roles.split('id="roles-duty"')[1].split("</tr>")[0])
    assert "2 人" in held

    def leave(uow: UnitOfWork) -> None:
        uow.session.execute(update(Person).where(Person.username == "duty2").values(active=False))
        uow.session.execute(
            update(Membership)
            .where(Membership.person_id == company.people["duty"].id)
            .values(until=company.now)
        )

    company.db.run(leave)
    later = as_("author").get("/plans/p04?part=roles").text
    assert "没有人:轮到" in text_of(later.split('id="roles-duty"')[1].split("</tr>")[0])


def test_clocks_name_who_carries_them(as_: As, company: World) -> None:
    page = as_("author").get("/plans/p04?part=clocks").text
    row = page.split('id="clocks-P04-D1"')[1].split("</tr>")[0]
    words = text_of(row)
    for part in ("1 小时", "PT1H", "发现重大舆情", "领导小组办公室", "硬时限", "限时信息报送"):
        assert part in words
    assert "element=report_1h/report_in_time#diagram" in row
    assert page.count("clock-bar") >= 5  # one drawn for each clock with a length


def test_clauses_lead_to_what_does_them(as_: As, company: World) -> None:
    browser = as_("author")
    page = browser.get("/plans/p04?part=clauses").text
    row = page.split('id="c-P04-D1"')[1].split("</tr>")[0]
    assert "流程步骤" in row
    assert 'element=report_1h/limit_due#diagram"' in row
    lost = browser.get("/plans/p04?part=clauses&fate=lost").text
    assert 'id="c-P04-G1"' in lost
    assert 'id="c-P04-D1"' not in lost
    assert "没有这一类条款" in browser.get("/plans/p04?part=clauses&fate=nothing").text


def test_an_element_is_shown_and_marked(as_: As, company: World) -> None:
    browser = as_("author")
    page = browser.get("/plans/p04?element=report_1h/report_in_time").text
    assert 'data-start="report_up"' in page
    assert "限自发现时间" in text_of(page)
    address = unescape(page.split('data-diagram="')[1].split('"')[0])
    sheets = {sheet["key"]: sheet["states"] for sheet in browser.get(address).get_json()["sheets"]}
    assert list(sheets["report_up"]) == ["report_in_time"]
    assert sheets["p04"] == {}
    assert browser.get("/plans/p04?element=none").status_code == 200


def test_tiers_show_their_criteria(as_: As, company: World) -> None:
    text = text_of(as_("author").get("/plans/p04?part=tiers").text)
    assert "几条同时符合的,取等级最高的一条" in text
    assert "未给标准,由研判人判断为重大" in text


@pytest.mark.parametrize(
    "path",
    [
        "/plans/none",
        "/plans/none/written",
        "/plans/none/cards",
        "/plans/t01?part=none",
        "/plans/t01?version=9",
        "/plans/t01?version=x",
        "/plans/t01/written?version=9",
        "/plans/t01/cards?version=0",
        "/plans/t01/cards?role=nobody",
    ],
)
def test_unknown_addresses(as_: As, path: str) -> None:
    assert as_("author").get(path).status_code == 404


@pytest.mark.parametrize("path", ["/plans/t01", "/plans/t01/written", "/plans/t01/cards"])
def test_only_for_people_signed_in(visitor: Browser, path: str) -> None:
    assert visitor.get(path).status_code == 303


def changed_t01() -> Bundle:
    """Plan t01 with another name for its first task."""
    made = plan_t01()
    files = {
        name: body.replace("核查".encode(), "查证".encode()) for name, body in made.files.items()
    }
    return Bundle(files=files, manifest=made.manifest)


def test_an_older_version_says_so_and_stays_as_it_was(as_: As, world: World) -> None:
    world.deploy(changed_t01())
    browser = as_("author")
    new, old = browser.get("/plans/t01").text, browser.get("/plans/t01?version=1").text
    assert "现行的是第" not in text_of(new)
    assert "这是第 1 版,现行的是第 2 版" in text_of(old)
    for page, there, gone in (
        ("written", "查证", "核查"),
        ("cards", "查证", "核查"),
        ("written?version=1", "核查", "查证"),
        ("cards?version=1", "核查", "查证"),
    ):
        text = text_of(browser.get(f"/plans/t01/{page}").text)
        assert there in text, page
        assert gone not in text, page
    # Links of an old version's pages stay with it.
    links = re.findall(r'href="(/plans/t01/(?:written|cards)[^"]*)"', old)
    assert links
    assert all("version=1" in link for link in links)
    with world.db.read() as session:
        plan = session.get(Plan, "t01")
        assert plan is not None


# ------------------------------------------------------------------- written plan


def test_the_written_plan_tells_every_task_once(as_: As, company: World) -> None:
    page = as_("author").get("/plans/p04/written").text
    numbers = re.findall(r'class="plan-step plan-step-\w+" id="s-([^"]+)"', page)
    assert len(numbers) == len(set(numbers))
    assert {"1", "7.1", "A2", "C6"} <= set(numbers)
    step = text_of(page.split('id="s-A2"')[1].split('<div class="plan-step plan-step-')[0])
    for part in ("限时信息报送", "谁办: 值班员", "自定级时间)起 1 小时内完成", "到限前 15 分钟提醒",
                 "过限 5 分钟仍未完成的,报领导小组办公室督办"):  # fmt: skip
        assert part in step
    first = text_of(page.split('id="s-1"')[1].split('<div class="plan-step plan-step-')[0])
    assert "如果“是”,转 第 2 步" in first
    assert "是否重大舆情(是 / 否)" in first
    assert "限平息时间之后第 3 日 24:00 前完成" in text_of(page)


def test_the_written_plan_holds_every_clock_and_clause(as_: As, company: World) -> None:
    text = text_of(as_("author").get("/plans/p04/written").text)
    read = bundle("p04")
    rows = tomllib.loads(read.files["clauses.toml"].decode())["clause"]
    for name in [clock["id"] for clock in read.manifest["clocks"]] + [row["id"] for row in rows]:
        assert name in text, name
    for mark in ("原文无", "原文缺失"):
        assert mark in text


def test_every_link_within_the_written_plan_leads_somewhere(as_: As, company: World) -> None:
    page = as_("author").get("/plans/p04/written").text
    ids = set(re.findall(r'\bid="([^"]+)"', page))
    for name in re.findall(r'href="#([^"]+)"', page):
        assert name in ids or name == "main", name


# ------------------------------------------------------------------------- cards


def test_a_card_for_each_role(as_: As, company: World) -> None:
    page = as_("author").get("/plans/p04/cards").text
    assert len(re.findall(r"<article", page)) == len(bundle("p04").manifest["roles"])
    alone = as_("author").get("/plans/p04/cards?role=leader").text
    assert len(re.findall(r"<article", alone)) == 1
    text = text_of(alone)
    for part in ("签发", "办过“拟稿”的人,不得再办“签发”", "不得匿名、冒用他人", "别人过限时找到您",
                 "办完交给:新闻发言人", "姓名"):  # fmt: skip
        assert part in text
    duty = text_of(as_("author").get("/plans/p04/cards?role=duty").text)
    assert "不得匿名" not in duty  # has no hand in words for the public
    assert "限自口头报告时间起 30 分钟内完成" in duty


# ----------------------------------------------------------------------- English


@pytest.mark.parametrize(
    "path",
    [*(f"/plans/p04?part={part}" for part in PARTS), "/plans/p04/written", "/plans/p04/cards"],
)
def test_no_bare_chinese_in_english(as_: As, company: World, path: str) -> None:
    browser = as_("author")
    browser.get("/inbox")
    browser.post("/language", {"locale": "en"})
    page = browser.get(path).text
    main = page[page.index('<main id="main"') : page.index("</main>")]
    # What the source says in Chinese only is marked as such; the unit's name is its own.
    unit = company.one(select(Organization))
    main = main.replace(unit.name, "")
    main = re.sub(r'<(\w+)[^>]*\blang="zh-CN".*?</\1>', "", main, flags=re.S)
    assert re.findall(r"[\u4e00-\u9fff]+", text_of(main)) == []
