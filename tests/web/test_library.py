"""The library's page: the fifteen texts, what each is, and the plans in use here."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from models.people import Role
from models.plans import PlanVersion
from services.library_shelf import read_shelf
from services.plan_folder import read_folder
from services.uow import UnitOfWork
from tests.integration.world import World
from tests.unit.plan_driver import LIBRARY
from tests.web.conftest import Browser
from workflows.bundle import Bundle

As = Callable[[str], Browser]


def deploy(world: World, bundle: Bundle) -> PlanVersion:
    """Deploys a plan of the library, whose roles the unit takes over first."""

    def take_over(uow: UnitOfWork) -> None:
        for key in sorted({str(role["role"]) for role in bundle.manifest["roles"].values()}):
            if uow.session.get(Role, key) is None:
                uow.session.add(Role(key=key, name=key))

    world.db.run(take_over)
    return world.deploy(bundle)


def row(page: str, title: str) -> str:
    """The table row that says ``title``."""
    rows: list[str] = re.findall(r'<tr role="row">.*?</tr>', page, re.DOTALL)
    [found] = [part for part in rows if title in part]
    return found


def test_every_text_is_listed_with_its_exact_title(as_: As) -> None:
    page = as_("duty").get("/plans").text
    for text in read_shelf(LIBRARY).texts:
        assert f'data-label="篇">{text.number}</td>' in page
        assert text.title in page and text.subject in page
        assert f"原文第 {text.lines[0]} 至 {text.lines[1]} 行" in page


def test_text_without_a_plan_says_so(as_: As) -> None:
    found = row(as_("duty").get("/plans").text, "正文与标题不符,无预案内容")
    assert "没有可运行的内容,不从中生成任何东西。" in found
    assert all(f"第 {n} 篇" in found for n in (1, 2, 9))
    assert "href" not in found, "none of these plans is in use here"


def test_plan_of_no_text_is_listed_too(as_: As) -> None:
    page = as_("author").get("/plans").text
    assert "本单位另外启用的预案" in page
    assert 'href="/plans/t01"' in page and "本单位编制" in page


def test_plan_in_use_is_counted_as_deployed(as_: As, world: World) -> None:
    version = deploy(world, read_folder(LIBRARY / "p13"))
    found = row(as_("duty").get("/plans").text, "县供水公司的供水防冻应急抢险")
    assert 'href="/plans/p13"' in found
    assert f"第 {version.number} 版" in found and "本单位尚未启用" not in found
    clauses = len(version.clauses["clause"])
    assert f"{clauses} / {clauses} 条 · 100%" in found
    assert re.search(rf'data-label="时限"><b>{len(version.manifest["clocks"])}</b>', found)
    assert 'data-label="审批"><b>4</b>' in found
    assert "个问题" not in found


def test_plan_not_in_use_is_counted_from_the_library(as_: As) -> None:
    found = row(as_("duty").get("/plans").text, "县供水公司的供水防冻应急抢险")
    assert "本单位尚未启用" in found and "100%" in found
    assert "href" not in found


def test_faults_of_a_plan_are_told(as_: As, world: World) -> None:
    bundle = read_folder(LIBRARY / "p13")
    clauses = bundle.files["clauses.toml"].replace(b'id = "P13-L767"', b'id = "P13-L767x"', 1)
    deploy(world, Bundle(files={**bundle.files, "clauses.toml": clauses}, manifest=bundle.manifest))
    found = row(as_("author").get("/plans").text, "县供水公司的供水防冻应急抢险")
    assert "1 个问题" in found
    assert "p13/plan.toml provisions.obey P13-L767" in found and "引用了不存在的条款" in found


@pytest.mark.parametrize(
    ("kind", "there"), [("utility", True), ("school", False), ("", True), ("none-such", True)]
)
def test_filter_by_kind_of_unit(as_: As, kind: str, there: bool) -> None:
    page = as_("duty").get(f"/plans?kind={kind}").text
    assert ("县供水公司的供水防冻应急抢险" in page) == there
    known = kind if kind in ("utility", "school") else ""
    address = f"/plans?kind={known}" if known else "/plans"
    assert f'<a class="nav-link text-nowrap active" href="{address}" aria-current="page">' in page
    assert ("正文与标题不符" in page) == (kind in ("", "none-such"))


def test_only_for_people_signed_in(visitor: Browser, as_: As) -> None:
    answer = visitor.get("/plans")
    assert answer.status_code == 303 and "/sign-in" in answer.headers["Location"]
    assert as_("auditor").get("/plans").status_code == 200


def test_english(as_: As) -> None:
    reader = as_("duty")
    reader.post("/language", {"locale": "en", "next": "/plans"})
    page = reader.get("/plans").text
    assert "A county water company" in page
    assert 'lang="zh-CN">制定环境监测应急预案' in page, "the exact title stands beside"
