"""A case in which members of the public are named everywhere something can be typed, played once
and copied for each test; and how everything an answer holds is read, whatever its form."""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from models.cases import Case
from models.people import Membership
from models.tasks import UserTask
from models.words import Channel, Statement, StatementVersion
from services import anchors, history, intake, reports, signals, statements, tasks
from services.reports import Entry
from services.statement_text import Parts
from services.uow import Database, UnitOfWork
from tests.integration.world import MORNING, Made, World, bundle, make
from tests.unit.bpmn_builder import Process
from workflows.bundle import Bundle

#: What is known from a field for it, and stands in running text as well.
NAMED = {"name": "欧阳小敏", "nickname": "澜浦一只猫", "relative": "司马长风"}
#: What has a shape.
SHAPED = {
    "mobile": "13812345678",
    "mobile2": "139-8765-4321",
    "landline": "0571-86543210",
    "id": "330106198703072318",
    "email": "ouyang.xm@lanpu-mail.cn",
    "handle": "@澜浦大喇叭",
    "page": "https://weibo.com/u/5512345678",
    "qq": "2233445566",
    "wechat": "oyxm_1987",
    "card": "6222021234567890123",
}
SECRETS = {**NAMED, **SHAPED}
FILE_NAME = "欧阳小敏身份证照片.txt"

EVERYTHING = (
    f"{NAMED['name']}(网名:{NAMED['nickname']})来电{SHAPED['mobile']},家里{SHAPED['landline']},"
    f"亲属{NAMED['relative']} {SHAPED['mobile2']},身份证{SHAPED['id']},{SHAPED['email']},"
    f"{SHAPED['handle']} 已发帖 {SHAPED['page']} ,QQ {SHAPED['qq']},微信号 {SHAPED['wechat']},"
    f"卡号{SHAPED['card']}。"
)


def plan_t03() -> Bundle:
    """A form with fields for persons, a report, a draft, its approval, a release, destroying."""
    p = Process("t03", "来电预案")
    p.start("s")
    p.user_task(
        "ask",
        "duty",
        name="接听",
        fields=[
            ("caller", "string", {"label": "来电人姓名"}),
            ("nick", "string", {"label": "网名"}),
            ("kin", "string", {"label": "亲属", "properties": {"personal": "true"}}),
            ("post", "string", {"label": "岗位姓名牌", "properties": {"personal": "false"}}),
            ("told", "string", {"label": "内容"}),
            ("count", "long"),
        ],
    )
    for key, role, form in (
        ("report", "duty", "planroom:report-up"),
        ("draft", "office", "planroom:statement-draft"),
        ("approve", "leader", "planroom:statement-approve"),
        ("release", "duty", "planroom:statement-release"),
        ("closing", "leader", "planroom:closing"),
        ("destroy", "leader", "planroom:destroy"),
    ):
        apart = {"notSameAs": "draft"} if key == "approve" else {}
        p.user_task(key, role, name=key, form_key=form, properties=apart)
    p.end("e")
    p.chain("s", "ask", "report", "draft", "approve", "release", "closing", "destroy", "e")
    return bundle(
        p,
        roles=["duty", "office", "leader"],
        anchors=["discovered_at", "opened_at", "closed_at"],
        approvals=[{"kind": "final", "role": "leader", "name": "签发", "name_en": "Final"}],
        recipients=[{"key": "party", "name": "党政办", "name_en": "Party office"}],
        closing={"criterion": "三日无新增", "clause": "T03-C1", "origin": "text"},
    )


#: Stands in a field that an author has said to hold no personal data.
POST = "三号窗口"
#: The text that went out.
PUBLIC = "3人受伤,无人死亡。"


def play(world: World, folder: Path) -> None:
    """Everything typed until the case is closed; the last task stays open."""
    db, now, duty = world.db, world.now, world.actor("duty")
    office = world.actor("office")
    world.deploy(plan_t03())

    def channel(uow: UnitOfWork) -> None:
        uow.session.add(Channel(name="官方微博", name_en="Weibo", account="澜浦发布"))

    db.run(channel)
    noticed = signals.Noticed(
        text=EVERYTHING,
        link=SHAPED["page"],
        medium="weibo",
        contact=signals.Contact(NAMED["name"], SHAPED["mobile"]),
    )
    upload = (FILE_NAME, EVERYTHING.encode())
    case = db.run(
        lambda uow: intake.report(
            uow, noticed, [upload], folder, plan_key="t03", actor=duty, now=now
        )
    ).case
    assert case is not None
    # One more, which no case has taken up: what is known of it stands in itself.
    other = replace(noticed, text=EVERYTHING.replace(NAMED["relative"], ""))
    db.run(lambda uow: signals.record(uow, other, duty, now))
    ask = world.claim(world.open_tasks(case)["ask"].id, "duty").id
    db.run(lambda uow: tasks.save_draft(uow, ask, duty, {"told": EVERYTHING}, now))
    db.run(
        lambda uow: tasks.reassign_task(uow, ask, world.people["duty2"].id, duty, now, EVERYTHING)
    )
    world.finish(
        ask,
        "duty2",
        {
            "caller": NAMED["name"],
            "nick": NAMED["nickname"],
            "kin": NAMED["relative"],
            "post": POST,
            "told": EVERYTHING,
            "count": 2,
        },
        now,
    )
    earlier = now - timedelta(minutes=30)
    db.run(
        lambda uow: anchors.correct_anchor(
            uow, case.id, "discovered_at", earlier, EVERYTHING, duty, now
        )
    )
    report = world.open_tasks(case)["report"].id
    entry = Entry("phone", "党政办值班室", now, now, note=EVERYTHING)
    db.run(lambda uow: reports.enter_line(uow, report, "party", entry, duty, now))
    again = Entry("phone", "党政办值班室", now, now, "回电", EVERYTHING)
    db.run(lambda uow: reports.correct_line(uow, report, "party", again, EVERYTHING, duty, now))
    world.complete(case, "report", "duty", {})
    draft = {
        "title": "情况通报",
        "known": EVERYTHING,
        "unknown": "原因正在调查。",
        "doing": "伤者已送医。",
        "next_word_at": now + timedelta(hours=8),
        "next_word_note": "",
        "contact": "宣传部值班室",
    }
    world.complete(case, "draft", "office", {"kind": "first_facts", **draft})

    def digest() -> str:
        newest = select(StatementVersion.digest).order_by(StatementVersion.number.desc())
        return str(world.one(newest.limit(1)))

    statement = world.one(select(Statement.id))
    final = {**draft, "known": PUBLIC}
    db.run(
        lambda uow: statements.add_version(
            uow, statement, Parts.read(final), office, now, base_digest=digest(), note=EVERYTHING
        )
    )
    world.complete(
        case,
        "approve",
        "leader",
        {"decision": "approve", "digest": digest(), "comment": EVERYTHING},
    )
    world.complete(
        case,
        "release",
        "duty",
        {"channel_id": 1, "link": "https://weibo.com/lanpu/1", "digest": digest()},
    )
    world.complete(case, "closing", "leader", {"criterion_met": True, "note": EVERYTHING})


@pytest.fixture(scope="session")
def public_made(furnished: Made, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("public")

    def work(database: Database) -> World:
        world = World(database, MORNING, dict(furnished[1]))
        play(world, folder / "data")
        return world

    return make(furnished[0], folder, work)


def the_case(world: World) -> Case:
    found: Case = world.one(select(Case))
    return found


def real(world: World) -> dict[str, str]:
    """Arguments of addresses that are really there."""
    case = the_case(world)
    task = world.one(select(UserTask.id).where(UserTask.status == "open"))
    return {
        "case_id": str(case.id),
        "task_id": task,
        "recipient": "party",
        "kind": "final",
        "name": "discovered_at",
        "key": "t03",
        "plan_key": "t03",
        "filename": "favicon.svg",
    }


def address(rule: str, there: dict[str, str]) -> str:
    """A rule's address with them; 1 for the rest."""
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: there.get(found[1], "1"), rule)


def words_of(answer: TestResponse) -> str:
    """All text an answer holds: of a page, of JSON with its escapes read, of what is packed."""
    if answer.mimetype == "application/json":
        return json.dumps(answer.json, ensure_ascii=False)
    return _unpacked(answer.data)


def _unpacked(data: bytes) -> str:
    if data[:2] != b"PK":
        return data.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        return "\n".join(f"{name}\n{_unpacked(packed.read(name))}" for name in packed.namelist())


def found_in(text: str) -> set[str]:
    """Which of the secrets a text holds; those of digits alone also where their signs are left out
    (not the four digits of an account: those stand in one random digest of a few hundred)."""
    bare = re.sub(r"[\s\-]", "", text)
    return {
        label
        for label, secret in SECRETS.items()
        if secret in text or (re.fullmatch(r"[\d-]+", secret) and re.sub(r"\D", "", secret) in bare)
    }


def opened(world: World) -> list[dict[str, object]]:
    """What is on record as opened, in order."""
    with world.db.read() as session:
        return [
            history.payload_of(event)
            for event in history.events_of_chain(session, history.AUDIT)
            if event.type == "audit.opened"
        ]


def give_role(world: World, name: str, role: str, *, instead: bool = False) -> None:
    person_id = world.people[name].id

    def work(uow: UnitOfWork) -> None:
        if instead:
            for row in uow.session.scalars(
                select(Membership).where(Membership.person_id == person_id)
            ):
                row.until = world.now
        uow.session.add(Membership(person_id=person_id, role_key=role, since=world.now))

    world.db.run(work)
