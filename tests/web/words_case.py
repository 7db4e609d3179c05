"""A case whose plan has every special form of words: report up, draft, secrecy, approval, release,
closing, archive, one after the other; and a person at a browser working through it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from werkzeug.test import TestResponse

from models.cases import Case
from models.words import Channel
from services.uow import UnitOfWork
from tests.integration.world import World, bundle
from tests.unit.bpmn_builder import Process
from tests.web.conftest import Browser, Clock
from workflows.bundle import Bundle

LINK = "https://weibo.com/lanpu/1"
#: Who does which task; ``leader`` is free of the others' work.
STEPS: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    ("report", "duty", "planroom:report-up", {}),
    ("draft", "office", "planroom:statement-draft", {}),
    ("secrecy", "duty", "planroom:statement-review", {"approvalKind": "secrecy"}),
    ("approve", "leader", "planroom:statement-approve", {"notSameAs": "draft"}),
    ("release", "duty", "planroom:statement-release", {}),
    ("closing", "leader", "planroom:closing", {}),
    ("archive", "office", "planroom:archive", {}),
)


def plan_t02() -> Bundle:
    """One task of each form, in a row; the report's limit is an hour from discovery."""
    p = Process("t02", "文稿预案")
    p.start("s")
    for key, role, form, properties in STEPS:
        p.user_task(key, role, name=key, form_key=form, properties=properties)
    p.boundary_timer(
        "report_due",
        "report",
        date='discovered_at + duration("PT1H")',
        interrupting=False,
        deadline="due",
        properties={"anchor": "discovered_at"},
    )
    p.end("report_due_end")
    p.chain("report_due", "report_due_end")
    p.end("e")
    p.chain("s", *(step[0] for step in STEPS), "e")
    return bundle(
        p,
        roles=["duty", "office", "leader"],
        anchors=["discovered_at", "opened_at", "closed_at"],
        approvals=[
            {"kind": "secrecy", "role": "duty", "name": "保密审查", "name_en": "Secrecy"},
            {"kind": "final", "role": "leader", "name": "签发", "name_en": "Final"},
        ],
        recipients=[
            {"key": "party", "name": "党政办", "name_en": "Party office"},
            {"key": "cyber", "name": "网信部门", "name_en": "Cyberspace office"},
        ],
        closing={"criterion": "三日无新增", "clause": "T02-C1", "origin": "text"},
        archive=[
            {"key": "statements", "name": "文稿", "required": True},
            {"key": "minutes", "name": "纪要", "required": True},
        ],
    )


@dataclass
class Desk:
    """The case at its current task, and how a browser works on it."""

    world: World
    case: Case
    as_: Callable[[str], Browser]
    clock: Clock

    def task(self, element: str) -> str:
        """The address of the open task."""
        return f"/tasks/{self.world.open_tasks(self.case)[element].id}"

    def form(self, element: str, who: str) -> tuple[Browser, TestResponse, str]:
        """The task's page in that person's browser, with the digest it shows."""
        browser = self.as_(who)
        page = browser.get(self.task(element))
        assert page.status_code == 200, page.text[:2000]
        return browser, page, digest_in(page)

    def complete(self, element: str, who: str, data: Mapping[str, Any]) -> TestResponse:
        """Fill the task's form in and send it with the digest shown."""
        browser, _page, digest = self.form(element, who)
        return browser.post(
            f"{self.task(element)}/complete", {**({"digest": digest} if digest else {}), **data}
        )

    def text(self, **changes: Any) -> dict[str, str]:
        """A complete first statement as the form's fields."""
        return {
            "kind": "first_facts",
            "title": "情况通报",
            "known": "3人受伤,无人死亡。",
            "unknown": "原因正在调查。",
            "doing": "伤者已送医。",
            "next_word_at": typed(self.clock() + timedelta(hours=8)),
            "contact": "宣传部 0571-0000",
            **changes,
        }

    def report(self) -> None:
        """Both recipients told, both confirmed; on to the draft."""
        duty, task = self.as_("duty"), self.task("report")
        for key in ("party", "cyber"):
            answer = duty.post(
                f"{task}/report/{key}",
                {f"{key}.method": "phone", f"{key}.to_whom": "王", f"{key}.confirmed": "true"},
            )
            assert answer.status_code == 303, answer.text[:2000]
        assert duty.post(f"{task}/complete").status_code == 303

    def until(self, element: str) -> None:
        """Everything before ``element`` done in the ordinary way."""
        done: dict[str, Callable[[], object]] = {
            "report": self.report,
            "draft": lambda: self.complete("draft", "office", self.text()),
            "secrecy": lambda: self.complete("secrecy", "duty", {"decision": "approve"}),
            "approve": lambda: self.complete("approve", "leader", {"decision": "approve"}),
            "release": lambda: self.complete("release", "duty", {"channel_id": "1", "link": LINK}),
            "closing": lambda: self.complete("closing", "leader", {"criterion_met": "true"}),
        }
        for step in STEPS:
            if step[0] == element:
                return
            done[step[0]]()


def open_desk(world: World, as_: Callable[[str], Browser], clock: Clock) -> Desk:
    """The plan deployed, a channel there, a case just opened by the duty officer."""
    world.deploy(plan_t02())

    def channel(uow: UnitOfWork) -> None:
        uow.session.add(Channel(name="官方微博", name_en="Weibo", account="澜浦发布"))

    world.db.run(channel)
    return Desk(world, world.open("t02"), as_, clock)


def digest_in(page: TestResponse) -> str:
    """The digest in the page's form, "" without one."""
    found = re.search(r'name="digest" value="([0-9a-f]{64})"', page.text)
    return found.group(1) if found else ""


def typed(moment: datetime) -> str:
    """As a person in Beijing types it."""
    return (moment.astimezone(UTC) + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M")
