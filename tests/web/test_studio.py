"""The studio's pages: drafts, saving one file, import, a second person's agreement."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from models.people import Role
from models.plans import PlanVersion
from models.studio import DraftFile, PlanDraft
from services.uow import UnitOfWork
from tests.integration.world import World, on_paper, plan_t01
from tests.web.conftest import Browser
from workflows.bundle import Bundle

As = Callable[[str], Browser]


@pytest.fixture
def draft(as_: As, world: World) -> int:
    """The author's draft of ``t01``."""
    answer = as_("author").post("/studio/plans/t01/draft")
    assert answer.status_code == 303
    found: int = world.one(select(PlanDraft.id))
    return found


def upload(browser: Browser, address: str, **files: bytes) -> TestResponse:
    browser.get("/studio")
    given = [(io.BytesIO(body), name.replace("__", ".")) for name, body in files.items()]
    return browser.post(address, {"files": given}, content_type="multipart/form-data")


def plan_file(browser: Browser, draft: int) -> str:
    return browser.get(f"/studio/drafts/{draft}/files/plan.bpmn").text


def test_one_file_is_saved_from_the_revision_it_was_read_at(as_: As, draft: int) -> None:
    author = as_("author")
    body = plan_file(author, draft).replace("PT20M", "PT10M")
    assert author.save(draft, body).get_json() == {"revision": 1, "others": []}
    assert plan_file(author, draft) == body
    again = author.save(draft, body + "\n")
    assert again.status_code == 409 and again.get_json()["code"] == "draft_moved"
    broken = author.save(draft, "<broken", 1)
    assert broken.status_code == 422 and "XML" in broken.get_json()["message"]
    assert plan_file(author, draft) == body
    as_("admin").post("/studio/plans/t01/draft")
    assert author.save(draft, body + "\n", 1).get_json()["others"] == ["admin"]


@pytest.mark.parametrize("body", [None, [], {"content": 3, "revision": 0}, {"content": "x"}])
def test_a_save_of_another_shape_is_refused(as_: As, draft: int, body: Any) -> None:
    author = as_("author")
    author.get("/studio")
    answer = author.client.put(
        f"/studio/drafts/{draft}/files/plan.bpmn",
        data=json.dumps(body),
        content_type="application/json",
        headers={"X-CSRFToken": author.token},
    )
    assert answer.status_code == 422 and answer.get_json()["message"]


def test_a_save_without_the_token_is_refused(as_: As, draft: int) -> None:
    answer = as_("author").client.put(
        f"/studio/drafts/{draft}/files/plan.bpmn", json={"content": "x", "revision": 0}
    )
    assert answer.status_code == 400


def test_outsiders_see_no_draft_and_readers_change_none(as_: As, draft: int) -> None:
    outsider = as_("duty")
    assert outsider.get("/studio").status_code == 403
    for part in ("files", "files/plan.bpmn", "propose"):
        assert outsider.get(f"/studio/drafts/{draft}/{part}").status_code == 404
    for act in ("undo", "discard", "import", "propose"):
        answer = outsider.post(f"/studio/drafts/{draft}/{act}", {"note": "x"})
        assert answer.status_code in (403, 404), act
    assert as_("auditor").save(draft, "<a/>").status_code == 403
    auditor = as_("auditor")
    assert auditor.get(f"/studio/drafts/{draft}/files").status_code == 200
    assert auditor.post("/studio/plans/t01/draft").status_code == 403
    assert auditor.post(f"/studio/drafts/{draft}/discard").status_code == 403


def office_file() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("word/document.xml", "<w/>")
    return packed.getvalue()


BILLION = b"""<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">&b;</definitions>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE d SYSTEM "file:///etc/passwd"><definitions/>"""
HEAD = b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">'
HOSTILE = {
    "entities": ("plan__bpmn", BILLION, "DOCTYPE"),
    "external": ("plan__bpmn", OUTSIDE, "DOCTYPE"),
    "deep": ("plan__bpmn", HEAD + b"<process>" * 5_000, "嵌套"),
    "attribute": ("plan__bpmn", HEAD[:-1] + b' id="' + b"a" * 1_000_000 + b'"/>', "属性"),
    "zip": ("plan__zip", office_file(), "zip"),
    "png": ("plan__bpmn", b"\x89PNG\r\n\x1a\n" + bytes(100), "png"),
    "empty": ("plan__bpmn", b"", "空"),
    "word": ("预案__docx", office_file(), "zip"),
    "encoding": ("plan__bpmn", HEAD + "舆情应急预案".encode("gbk"), "UTF-8"),
    "text": ("plan__txt", "预案正文".encode(), "XML"),
    "toml": ("plan__toml", b"= x", "TOML"),
    "dmn only": ("grading__dmn", plan_t01().files["grading.dmn"], "BPMN"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_what_cannot_be_read_is_refused_in_words_and_nothing_is_kept(
    as_: As, world: World, case: str
) -> None:
    name, body, word = HOSTILE[case]
    answer = upload(as_("author"), "/studio/import", **{name: body})
    assert answer.status_code == 422 and word in answer.text
    assert "Traceback" not in answer.text
    assert world.all(select(PlanDraft)) == [] == world.all(select(DraftFile))


def test_a_plan_of_another_modeler_is_taken_as_it_is_with_a_manifest_of_its_own(
    as_: As, world: World
) -> None:
    body = plan_t01().files["plan.bpmn"].replace(b'"t01"', b'"Process_1"')
    table = plan_t01().files["grading.dmn"]
    author = as_("author")
    answer = upload(author, "/studio/import", 县里的预案__bpmn=body, grading__dmn=table)
    assert answer.status_code == 303
    files = {row.name: row.content for row in world.all(select(DraftFile))}
    assert body in files.values() and files["grading.dmn"] == table
    assert b'key = "process_1"' in files["plan.toml"] and b"duty" in files["plan.toml"]
    assert author.get(answer.location).status_code == 200
    again = upload(author, "/studio/import", 县里的预案__bpmn=body)
    assert again.status_code == 409 and "process_1" in again.text


def test_import_into_a_draft_replaces_the_file_of_the_same_process(
    as_: As, world: World, draft: int
) -> None:
    author = as_("author")
    body = plan_t01().files["plan.bpmn"].replace(b"PT20M", b"PT5M")
    answer = upload(author, f"/studio/drafts/{draft}/import", download__bpmn=body)
    assert answer.status_code == 303 and plan_file(author, draft) == body.decode()
    before = {row.name for row in world.all(select(DraftFile))}
    refused = upload(author, f"/studio/drafts/{draft}/import", x__bpmn=b"\x89PNG\r\n\x1a\n")
    assert refused.status_code == 422 and "png" in refused.text
    assert {row.name for row in world.all(select(DraftFile))} == before
    assert author.post(f"/studio/drafts/{draft}/undo").status_code == 303
    assert "PT20M" in plan_file(author, draft)
    assert upload(author, f"/studio/drafts/{draft}/import").status_code == 422


def test_a_second_person_puts_it_in_force(as_: As, world: World, draft: int) -> None:
    author, leader = as_("author"), as_("leader")
    author.save(draft, plan_file(author, draft).replace("PT20M", "PT10M"))
    author.get(f"/studio/drafts/{draft}/propose")
    page = author.post(f"/studio/drafts/{draft}/propose", {"note": "", "document_number": "7号"})
    assert page.status_code == 422 and "7号" in page.text
    bad = author.post(f"/studio/drafts/{draft}/propose", {"note": "x", "review_on": "soon"})
    assert bad.status_code == 422
    answer = author.post(
        f"/studio/drafts/{draft}/propose", {"note": "缩短", "review_on": "2027-03-01"}
    )
    assert answer.status_code == 303
    page = author.get(answer.location)
    assert "撤回申请" in page.text and "同意启用" not in page.text
    page = leader.get(answer.location)
    (shown,) = {part.split('"')[0] for part in page.text.split('name="content_hash" value="')[1:]}
    assert leader.post(f"{answer.location}/refuse", {"comment": ""}).status_code == 422
    assert author.post(f"{answer.location}/approve", {"content_hash": shown}).status_code == 403
    assert as_("duty").get(answer.location).status_code == 404
    done = leader.post(f"{answer.location}/approve", {"content_hash": shown})
    assert done.status_code == 303
    assert world.one(select(PlanVersion.number).order_by(PlanVersion.id.desc()).limit(1)) == 2
    late = as_("admin").post(f"{answer.location}/approve", {"content_hash": shown})
    assert late.status_code == 409


def test_only_administrators_switch_the_second_person_off(as_: As, draft: int) -> None:
    assert (
        as_("author").post("/studio/second-person", {"on": "false", "reason": "x"}).status_code
        == 403
    )
    admin = as_("admin")
    assert admin.post("/studio/second-person", {"on": "false", "reason": "人少"}).status_code == 303
    assert "例外" in admin.get("/studio").text
    author = as_("author")
    author.save(draft, plan_file(author, draft).replace("PT20M", "PT10M"))
    answer = author.post(f"/studio/drafts/{draft}/propose", {"note": "缩短"})
    assert answer.location.endswith("/plans/t01")
    assert "例外" in author.get("/plans/t01?part=versions").text


def test_going_back_to_an_earlier_version(as_: As, world: World) -> None:
    world.deploy(plan_t01())
    versions = world.all(select(PlanVersion).order_by(PlanVersion.id))
    address = f"/studio/plans/t01/versions/{versions[0].id}/rollback"
    author = as_("author")
    assert author.get(address).status_code == 200
    assert as_("duty").get(address).status_code == 403
    assert author.post(address, {"note": " "}).status_code == 422
    answer = author.post(address, {"note": "改错了"})
    assert answer.status_code == 303 and "恢复" in author.get(answer.location).text
    page = as_("leader").get(answer.location)
    (shown,) = {part.split('"')[0] for part in page.text.split('name="content_hash" value="')[1:]}
    as_("leader").post(f"{answer.location}/approve", {"content_hash": shown})
    page = author.get("/plans/t01?part=versions")
    assert "恢复过的版本" in page.text and "改错了" in page.text


def test_going_back_to_a_version_whose_role_is_gone_says_so(as_: As, world: World) -> None:
    """Proposed while the unit had the role, and proposed when it no longer has."""
    plan = plan_t01()
    first = world.one(select(PlanVersion))
    extra = {**plan.manifest, "roles": {**plan.manifest["roles"], "guest": {"role": "guest"}}}

    def role(uow: UnitOfWork, gone: bool) -> None:
        found = uow.session.get(Role, "guest")
        if gone and found is not None:
            uow.session.delete(found)
        else:
            uow.session.add(Role(key="guest", name="来宾", name_en="Guest"))

    world.db.run(lambda uow: role(uow, False))
    made = world.deploy(on_paper(Bundle(plan.files, extra)))
    body = plan.files["plan.bpmn"].replace(b"PT20M", b"PT15M")
    world.deploy(on_paper(Bundle({**plan.files, "plan.bpmn": body}, plan.manifest)))
    author, leader = as_("author"), as_("leader")
    address = f"/studio/plans/t01/versions/{made.id}/rollback"
    assert author.get(f"/studio/plans/p99/versions/{made.id}/rollback").status_code == 404
    sent = author.post(address, {"note": "新版有误"})
    waiting = author.get(sent.location).text
    world.db.run(lambda uow: role(uow, True))
    shown = re.search(r'name="content_hash" value="(\w+)"', leader.get(sent.location).text)
    assert shown is not None and "新版有误" in waiting
    refused = leader.post(f"{sent.location}/approve", {"content_hash": shown[1]})
    assert refused.status_code == 422 and "guest" in refused.text
    as_("admin").post("/studio/second-person", {"on": "false", "reason": "人少"})
    alone = author.post(address, {"note": "新版有误"})
    assert alone.status_code == 422 and "guest" in alone.text
    assert first.id != made.id


def test_undoing_leads_nowhere_else(as_: As, draft: int) -> None:
    author = as_("author")
    author.save(draft, plan_file(author, draft) + "\n")
    answer = author.post(f"/studio/drafts/{draft}/undo", {"next": "https://example.org/\r\na: b"})
    assert answer.status_code == 303 and answer.location.endswith(f"/studio/drafts/{draft}")


def test_a_plan_whose_key_is_no_address_is_not_taken_in(as_: As, world: World) -> None:
    author = as_("author")
    plan = on_paper(plan_t01())
    for key in ("../p11", "k" * 80, "A b"):
        body = plan.files["plan.toml"].replace(b'key = "t01"', f'key = "{key}"'.encode(), 1)
        answer = upload(author, "/studio/import", plan__bpmn=plan.files["plan.bpmn"],
                        plan__toml=body)  # fmt: skip
        assert answer.status_code == 422 and "my_plan" in answer.text
    assert world.all(select(PlanDraft)) == []
