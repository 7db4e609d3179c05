"""A fresh installation's exceptions: its founding is one line, which opens into all it was."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import openpyxl
from sqlalchemy import select

from models.history import HistoryEvent
from services import history
from services.actor import SYSTEM
from services.uow import UnitOfWork
from tests.integration.world import World
from tests.web.conftest import Browser

As = Callable[[str], Browser]


def found_again(world: World) -> None:
    """What `flask org init` writes."""
    at = world.now + timedelta(hours=3)

    def work(uow: UnitOfWork) -> None:
        acts: tuple[tuple[str, dict[str, Any]], ...] = (
            ("org.setting_changed", {"key": "organization", "value": {"name": "某县"}}),
            *[("org.role_changed", {"role": "duty", "name": "值班员"})] * 3,
            ("org.person_created", {"person": 1, "roles": ["admin"]}),
            *[("org.plan_deployed", {"plan": "p", "version": 1, "hash": "0" * 64})] * 2,
        )
        for type_, payload in acts:
            history.append(uow, type_, actor=SYSTEM, occurred_at=at, now=at, payload=payload)

    world.db.run(work)


def test_the_founding_is_one_line_that_opens(as_: As, world: World) -> None:
    found_again(world)
    auditor = as_("auditor")
    page = auditor.get("/audit/exceptions").text
    [count] = re.findall(r'data-batch="(\d+)"', page)
    assert count == "7" and "首次安装:没有人登录,由命令行办理,共 7 条" in page
    assert "修改设置 1 条、修改角色 3 条、新增人员 1 条、部署预案 2 条" in page
    # Every event is on the page, in the line.
    inside = page[page.index("data-batch") : page.index("</details>", page.index("data-batch"))]
    for type_, n in (("org.role_changed", 3), ("org.plan_deployed", 2), ("org.setting_changed", 1)):
        assert inside.count(f"<code>{type_}</code>") == n
    # A filter gathers what it keeps, and does not call it the founding.
    some = auditor.get("/audit/exceptions?kinds=admin_act&kinds=deployed_alone").text
    assert 'data-batch="7"' in some
    few = auditor.get("/audit/exceptions?kinds=deployed_alone").text
    deployed = world.all(select(HistoryEvent.id).where(HistoryEvent.type == "org.plan_deployed"))
    assert "data-batch" not in few
    assert few.count("<code>org.plan_deployed</code>") == len(deployed) == 3
    # The file lists each.
    answer = auditor.post("/audit/exceptions/sheet", {"query": json.dumps({})})
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    types = [row[9].value for row in sheet.iter_rows()]
    assert types.count("org.role_changed") == 3
    written = world.all(select(HistoryEvent.id).where(HistoryEvent.type == "org.role_changed"))
    assert len(written) == 3


def test_it_speaks_english(as_: As, world: World) -> None:
    found_again(world)
    auditor = as_("auditor")
    auditor.post("/language", {"locale": "en"})
    page = auditor.get("/audit/exceptions").text
    assert "Installation: from the command line, nobody signed in, 7 events" in page
