"""Whatever is sent to the studio's addresses: an answer in words, never a fault of ours."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from models.plans import PlanVersion
from models.studio import PlanProposal
from services import drafts, proposals, whatif_pool
from services.proposals import Wanted
from services.uow import UnitOfWork
from tests.integration.world import World, on_paper, plan_t01
from tests.web.conftest import Browser

As = Callable[[str], Browser]

#: The views this file holds to it.
VIEWS = re.compile(r"(studio|proposing|comparing|migrating|papers)")
JUNK = (
    "", "-1", "0", "99999999999999999999999", "9" * 5_000, "1e999", "NaN", "P1D", "²", "٣",
    "\x00\x07\ufffd\u202e", "../../../etc/passwd", "<script>alert(1)</script>", "%s%(x)s{0}{x}",
    "'\"]}", "a\r\nSet-Cookie: b=c", "预" * 4_000, "2026-02-30", "0001-01-01T00:00+14:00",
)  # fmt: skip
FIELDS = (
    "version", "next", "note", "document_number", "review_on", "comment", "content_hash", "on",
    "reason", "case", "to", "to_version", "from", "tier", "scenario", "role", "path", "do", "table",
    "key", "name", "name_en", "amount", "unit", "anchor", "remind", "remind_unit", "remind_was",
    "escalate", "escalate_unit", "escalate_to", "tiers", "asked_tiers", "kind", "form", "file",
    "task", "rows", "revision", "confirmed", "stamp", "lang", "decision", "seed", "runs", "returns",
    "ordinary", "m-duty", "p-duty", "n-duty", "t-plain", "after", "same", "changed", "doubtful",
    "element", "elements", "required", "fragment", "in_0", "in_1", "x_grade.level", "f.0.id",
    "f.0.was", "f.0.label", "f.0.type", "f.0.options", "f.0.o.0.value", "f.0.min", "f.0.maxlength",
    "f.0.default", "on", "files",
)  # fmt: skip
#: What leads further into a view, the rest of the fields being junk.
DEEPER: dict[str, tuple[dict[str, str], ...]] = {
    "studio_table.show": (
        {"path": "check", "do": "change"}, {"table": "recipients", "do": "add"},
    ),
    "studio_table.change": tuple(
        {"path": "check", "do": do, "name": "核查", "role": "duty"}
        for do in ("change", "add", "review", "remove", "up", "down")
    ),
    "studio_table.change_row": tuple(
        {"table": table, "name": "一行", "key": key}
        for table, key in (("recipients", ""), ("archive", ""), ("approvals", "final"))
    ),
    "studio_forms.show": ({"file": "plan.bpmn", "task": "check"},),
    "studio_forms.change": tuple(
        {"file": "plan.bpmn", "task": "check", "rows": "1", "f.0.options": "1", "do": do, **more}
        for do, more in (
            ("save", {"f.0.type": "long", "f.0.id": "n"}), ("preview", {"f.0.type": "enum"}),
            ("option.0", {}), ("up." + "9" * 5_000, {}), ("option-up.0.0", {"f.0.type": "enum"}),
            ("save", {"f.0.type": "date", "f.0.id": "n"}), ("refresh", {}),
        )
    ),
    "studio_decisions.box": ({"file": "grading.dmn", "decision": "grading"},),
    "studio_decisions.try_": ({"file": "grading.dmn", "decision": "grading"},),
    "proposing.propose_draft": ({"note": "x"}, {"review_on": ""}),
    "proposing.rollback": ({"review_on": ""},),
    "studio.begin": ({"version": "1"},),
    "migrating.move": ({"to_version": "1"},),
    "migrating.show": ({"to": "1"},),
}  # fmt: skip


@pytest.fixture
def draft(world: World, monkeypatch: pytest.MonkeyPatch) -> int:
    """The author's draft of ``t01``, whose second version waits to be agreed to."""
    monkeypatch.setattr(whatif_pool, "_refused", True)
    world.deploy(on_paper(plan_t01()))

    def theirs(uow: UnitOfWork) -> None:
        made = drafts.open_draft(uow, "t01", world.actor("admin"), world.now)
        body = {"plan.bpmn": on_paper(plan_t01()).files["plan.bpmn"].replace(b"PT20M", b"PT10M")}
        drafts.save_files(uow, made.id, body, world.actor("admin"), world.now)
        proposals.propose_draft(uow, made.id, Wanted("x"), world.actor("admin"), world.now)

    def own(uow: UnitOfWork) -> int:
        return drafts.open_draft(uow, "t01", world.actor("author"), world.now).id

    world.db.run(theirs)
    return world.db.run(own)


def rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if VIEWS.match(rule.endpoint)]


def addresses(rule: Rule, world: World, draft: int) -> Iterator[str]:
    """The address with what there is, and with what there is not."""
    known = {
        "key": "t01", "draft_id": draft, "name": "plan.bpmn",
        "version_id": world.one(select(PlanVersion.id).order_by(PlanVersion.id).limit(1)),
        "proposal_id": world.one(select(PlanProposal.id)), "verdict": "approve",
    }  # fmt: skip
    text = rule.rule
    strange = {"key": "%00%2e%2e", "name": "shared/..%2f..%2fplan.bpmn", "draft_id": "9" * 30}
    for values in (known, {**known, **strange, "version_id": 2**31 - 1, "verdict": "refuse"}):
        yield re.sub(r"<(?:[^<>]*:)?(\w+)>", lambda found: str(values[found[1]]), text)  # noqa: B023


def refresh(browser: Browser) -> Browser:
    browser.get("/studio")
    return browser


def asked(browser: Browser, method: str, address: str, given: dict[str, Any]) -> TestResponse:
    if method == "GET":
        return browser.client.get(address, query_string=given)
    headers = {"X-CSRFToken": browser.token}
    if method == "PUT":
        return browser.client.put(address, data=json.dumps(given), headers=headers,
                                  content_type="application/json")  # fmt: skip
    return browser.client.post(address, data=given, headers=headers)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_junk_in_every_field_is_never_a_fault_of_ours(
    app: Flask, as_: As, world: World, draft: int, method: str
) -> None:
    author = refresh(as_("author"))
    faults, tried = [], 0
    for rule in rules(app):
        if method not in (rule.methods or ()):
            continue
        for number, address in enumerate(addresses(rule, world, draft)):
            ways = [{}, *DEEPER.get(rule.endpoint, ())] if number == 0 else [{}]
            for place, (at, way) in enumerate(product(range(len(JUNK)), ways)):
                # Each junk by some way, each way with some junk; of what is not there, a few.
                if place % (11 if number == 0 else len(JUNK)):
                    continue
                junk = JUNK[at][: 200 if method == "GET" else 6_000]
                fields: dict[str, Any] = dict.fromkeys(FIELDS, junk)
                tried += 1
                status = asked(author, method, address, fields | way).status_code
                if status >= 500:
                    faults.append((rule.endpoint, status, way, junk[:40]))
    assert not faults
    assert tried > 2


SURROGATE = b'{"content": "\\ud800", "revision": 0}'
DEEP = b'{"content": ' + b"[" * 100_000 + b"]" * 100_000 + b', "revision": 0}'


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"\xff\xfe", SURROGATE, DEEP, b'{"content": "x", "revision": 1e999}',
     b'{"content": "x", "revision": ' + b"9" * 5_000 + b"}", b'{"content": 3, "revision": -1}'],
    ids=["empty", "null", "list", "bytes", "surrogate", "deep", "infinite", "huge", "types"],
)  # fmt: skip
def test_junk_for_a_file_is_refused(as_: As, draft: int, body: bytes) -> None:
    author = refresh(as_("author"))
    answer = author.client.put(
        f"/studio/drafts/{draft}/files/plan.bpmn", data=body, content_type="application/json",
        headers={"X-CSRFToken": author.token},
    )  # fmt: skip
    assert answer.status_code in (409, 422)
    assert answer.get_json()["message"]


TOMLS = {
    "no table": b"key = 3", "a long key": b'key = "' + b"k" * 500 + b'"\ntitle = "x"',
    "a path": b'key = "../p11"', "deep": b"a = " + b"[" * 5_000 + b"]" * 5_000,
    "dots": b"a" + b".a" * 5_000 + b" = 1",
    "levels": b'key = "t01"\n[[tiers]]\nkey = "a"\nlevel = 1e9',
    "roles": b'key = "t01"\n[roles]\na = 3', "aliased": b'key = "t01"\nalias = "t01"',
    "bytes": b"\xff\xfe\x00",
}  # fmt: skip


@pytest.mark.parametrize("body", TOMLS.values(), ids=TOMLS.keys())
def test_any_plan_toml_at_all_is_taken_in_or_refused(
    as_: As, world: World, draft: int, body: bytes
) -> None:
    """And every page of a draft with it is a page."""
    author = refresh(as_("author"))
    plan = on_paper(plan_t01()).files["plan.bpmn"]
    taken = []
    for address in ("/studio/import", f"/studio/drafts/{draft}/import"):
        files = [(io.BytesIO(plan), "plan.bpmn"), (io.BytesIO(body), "plan.toml")]
        answer = author.post(address, {"files": files}, content_type="multipart/form-data")
        assert answer.status_code in (303, 409, 422)
        if answer.status_code == 303:
            taken.append(answer.location.rpartition("/findings")[0])
    for made in taken:
        for part in ("", "/diagram", "/diagram/sheets", "/decisions", "/forms", "/findings",
                     "/findings.json", "/whatif", "/whatif/walk", "/past", "/past/cases", "/files",
                     "/propose", "/changes", "/written.docx", "/changes.docx"):  # fmt: skip
            assert author.get(made + part).status_code < 500, part
        for act in ("steps", "rows"):
            given = {"path": "check", "do": "change", "name": "x", "table": "archive"}
            assert author.post(f"{made}/{act}", given).status_code < 500, act
