"""What the audit room's pages call things: filters, plans, roles and people by their names, never
by keys; several kinds of events chosen without a keyboard's Ctrl."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from html import unescape

import pytest
from flask import Flask
from sqlalchemy import select

from models.cases import Case
from models.people import Person, Role
from models.plans import Plan
from models.tasks import UserTask
from services import history
from services.actor import SYSTEM
from services.moments import utc_text
from services.uow import UnitOfWork
from tests.integration.world import Made, World
from tests.web.conftest import Browser
from tests.web.public_case import give_role, public_made, real, the_case

__all__ = ["public_made"]
As = Callable[[str], Browser]
TITLE, ROLE = "来电处置预案", "值班员"
PEOPLE = {"duty": "岑小值", "leader": "穆组长", "office": "费主任"}


@pytest.fixture
def made(public_made: Made) -> Made:
    return public_made


@pytest.fixture(autouse=True)
def names(world: World) -> None:
    """Names that no key is like."""

    def work(uow: UnitOfWork) -> None:
        uow.session.get_one(Plan, "t03").title = TITLE
        uow.session.get_one(Role, "duty").name = ROLE
        for name, words in PEOPLE.items():
            uow.session.get_one(Person, world.people[name].id).name = words

    world.db.run(work)


def plain(page: str) -> str:
    """The page's words without its marks."""
    page = re.sub(r"<script.*?</script>", " ", page, flags=re.DOTALL)
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", page).split()))


def test_the_log_says_a_filter_as_the_search_names_it(as_: As, world: World, app: Flask) -> None:
    auditor, person = as_("auditor"), world.people["duty"]
    since = world.now - timedelta(days=1)
    query = (
        f"plan=t03&role=duty&person={person.id}&types=task.completed&types=deadline.missed"
        f"&category=task&kinds=oral&late=yes&open_only=yes&since={utc_text(since)}"
    )
    assert auditor.get(f"/audit/search?{query}").status_code == 200
    log = plain(auditor.get("/audit/log").text)
    conditions = (
        f"哪个预案:{TITLE}", f"以何角色:{ROLE}", f"何人所做:{PEOPLE['duty']}", "例外:口头同意",
        "类别:任务", "按时或超时:超时的", "只看还没有后续的",
    )  # fmt: skip
    for said in conditions:
        assert log.count(said) == 2, said  # the page opened, the search made
    # In the unit's zone, eight hours on.
    assert f"从:{since + timedelta(hours=8):%Y-%m-%d %H:%M}" in log
    assert len(re.findall(r"记录类型:(?:办结任务、超时|超时、办结任务)", log)) == 2
    assert not re.search(r"\w=\w", log)
    # The search finds its own trace by the same words, and the export's list has them too.
    found = plain(auditor.get("/audit/search?types=audit.searched").text)
    assert f"检索记录 · 从:{since + timedelta(hours=8):%Y-%m-%d %H:%M} · " in found
    auditor.post("/audit/exports", {"format": "csv", "plan": "t03", "kinds": "oral"})
    app.extensions["planroom_exports"].close()  # it has been made when this returns
    assert f"哪个预案:{TITLE} · 例外:口头同意" in plain(auditor.get("/audit/exports").text)


def test_what_was_opened_is_named(as_: As, world: World) -> None:
    auditor, there = as_("auditor"), real(world)
    name = world.one(select(UserTask.name).where(UserTask.id == there["task_id"]))
    for page in (f"/tasks/{there['task_id']}", "/audit/clauses/t03", "/audit/search?go=1&cursor="):
        assert auditor.get(page).status_code == 200
    log = plain(auditor.get("/audit/log").text)
    assert f"查阅:任务 {name}" in log and f"查阅:条款 {TITLE}" in log
    assert there["task_id"] not in log


def test_events_of_the_unit_name_plans_roles_and_people(as_: As, world: World) -> None:
    give_role(world, "outsider", "auditor", instead=True)
    page = as_("outsider").get("/audit/search?types=org.plan_deployed").text
    assert f"部署预案:{TITLE}第 1 版" in plain(page) and "t03" not in plain(page)
    assert 'href="/plans/t03?part=versions"' in page
    opened = as_("auditor").get("/audit/search?go=1&category=audit")
    assert opened.status_code == 200
    assert "查阅:searching" not in plain(as_("auditor").get("/audit/search?category=audit").text)


def test_the_record_says_who_was_told(as_: As, world: World) -> None:
    case, there = the_case(world), real(world)
    told = [world.people[name].id for name in ("leader", "office")]
    world.db.run(
        lambda uow: history.append(
            uow,
            "notification.sent",
            actor=SYSTEM,
            occurred_at=world.now,
            now=world.now,
            payload={"kind": "case_graded", "to": told},
            case=uow.session.get_one(Case, case.id),
        )
    )
    record = plain(as_("auditor").get(f"/cases/{case.id}/record").text)
    [said] = re.findall(r"发出通知:事件已定级 → (\S+)", record)
    assert sorted(said.split("、")) == sorted([PEOPLE["leader"], PEOPLE["office"]])
    assert there["task_id"] not in record


def test_several_kinds_of_events_are_ticked(as_: As, world: World) -> None:
    auditor = as_("auditor")
    for path in ("/audit/search", "/audit/exports"):
        page = auditor.get(f"{path}?types=task.completed&types=deadline.missed").text
        assert not re.search(r"<select[^>]*\bmultiple\b", page), path
        [folded] = re.findall(r'<details class="many".*?name="types".*?</details>', page, re.DOTALL)
        summary = plain(re.search(r"<summary.*?</summary>", folded, re.DOTALL)[0])  # type: ignore[index]
        assert "办结任务" in summary and "超时" in summary
        ticked = re.findall(r'name="types" value="([^"]+)" checked', page)
        assert sorted(ticked) == ["deadline.missed", "task.completed"]


def test_a_new_notice_leaves_the_bells_panel_where_it_is(as_: As, world: World) -> None:
    """The count is asked for within the button, which means the panel for its own answer."""
    page = as_("duty").get("/inbox").text
    [badge] = re.findall(r'<span id="notification-badge"[^>]*>', page)
    assert 'hx-target="this"' in badge


def test_what_became_of_signals_is_counted_and_led_to(as_: As, world: World) -> None:
    for type_, payload in (
        ("org.signal_retention_set", {"term": "y10"}),
        ("org.destruction_proposed", {"list": 7, "digest": "0" * 64, "signals": [1, 2]}),
        ("org.destruction_carried_out", {"list": 7, "signals": [1], "signals_held": [2]}),
        ("hold.placed", {"id": 1, "signal": 2}),
    ):
        world.db.run(
            partial(
                history.append,
                type_=type_,
                actor=SYSTEM,
                occurred_at=world.now,
                now=world.now,
                payload=payload,
            )
        )
    page = as_("auditor").get(
        "/audit/search?types=org.signal_retention_set&types=org.destruction_proposed"
        "&types=org.destruction_carried_out&types=hold.placed"
    )
    shown = plain(page.text)
    assert "设定未立案线索的保管期限:10年" in shown
    assert "拟定销毁清册第 7 号,共 2 件" in shown
    assert "执行销毁清册第 7 号:销毁 1 件,缓 1 件" in shown
    assert 'href="/signals/2"' in page.text
