"""The proof pages: a chain checked on the screen, the bundle, seals and where they are lodged."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from docx import Document
from sqlalchemy import select, text

from config import Settings
from migrations import guards
from models.cases import Case
from models.history import HistoryEvent
from services import history
from tests.integration.evidence_world import SECRET
from tests.integration.world import Made, World
from tests.web.conftest import Browser, Clock
from tools.planroom_verify import verify

As = Callable[[str], Browser]


@pytest.fixture
def made(rich: tuple[Made, Path]) -> Made:
    return rich[0]


@pytest.fixture
def case(world: World, settings: Settings, rich: tuple[Made, Path]) -> Case:
    shutil.copytree(rich[1], settings.data_dir)
    found: Case = world.one(select(Case))
    return found


def audit_events(world: World, type_: str) -> list[dict[str, object]]:
    rows = world.all(select(HistoryEvent).where(HistoryEvent.type == type_))
    return [history.payload_of(event) for event in rows]


def test_an_auditor_checks_a_chain_and_takes_its_bundle(
    world: World, as_: As, case: Case, tmp_path: Path
) -> None:
    auditor, address = as_("auditor"), f"/audit/cases/{case.id}/proof"
    page = auditor.get(address)
    assert page.status_code == 200 and "还没有人核对过这条链" in page.text
    assert page.text.count("相符") >= 29 and "不符" not in page.text
    answer = auditor.post(address)
    assert answer.status_code == 303
    assert "29 条,全部对得上" in auditor.get(address).text
    (told,) = audit_events(world, "audit.verified")
    assert (told["chain"], told["ok"], told["length"]) == (f"case:{case.id}", True, 29)

    answer = auditor.post(f"/audit/cases/{case.id}/bundle")
    assert answer.status_code == 200 and answer.mimetype == "application/zip"
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    path = tmp_path / "b.zip"
    path.write_bytes(answer.data)
    assert verify(path).sound
    with zipfile.ZipFile(io.BytesIO(answer.data)) as box:
        names, report = box.namelist(), box.read("report.html").decode()
        paper = Document(io.BytesIO(box.read("report.docx")))
        manifest = json.loads(box.read("manifest.json"))
    assert "personal.jsonl" not in names and SECRET not in report
    assert "第 2 版" in report and "澜浦发布" in report and "因文字改动失效" in report
    assert SECRET not in "".join(p.text for p in paper.paragraphs)
    cells = [c.text for t in paper.tables for row in t.rows for c in row.cells]
    assert any("因文字改动失效" in one for one in cells) and SECRET not in "".join(cells)
    (told,) = audit_events(world, "audit.bundle_made")
    assert (told["head"], told["masked"], told["seq"]) == (manifest["head"], True, 29)
    assert manifest["made_by"] == {"role": "auditor"}


def test_in_english_and_unmasked(world: World, as_: As, case: Case) -> None:
    auditor = as_("auditor")
    auditor.post("/language", {"locale": "en"})
    reason = {"reason": "对外举证需要", "next": "/"}
    assert auditor.post(f"/audit/cases/{case.id}/unmask", reason).status_code == 303
    answer = auditor.post(f"/audit/cases/{case.id}/bundle")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as box:
        assert SECRET.encode() in b"".join(box.read(name) for name in box.namelist())
        assert 'lang="en"' in box.read("report.html").decode()


def test_a_broken_chain_is_said_to_be(world: World, as_: As, case: Case) -> None:
    auditor, address = as_("auditor"), f"/audit/cases/{case.id}/proof"
    with world.db.engine.begin() as connection:
        guards.remove(connection)
        change = "UPDATE history_event SET role_key = 'x' WHERE chain = :c AND seq = 7"
        connection.execute(text(change), {"c": f"case:{case.id}"})
    auditor.post(address)
    page = auditor.get(address).text
    assert "第一处断点:第 7 条" in page and 'id="link-7"' in page and "不符" in page
    progress = auditor.post("/audit/proof/check").text
    assert "1 处对不上" in progress and "第一处断点:第 7 条" in progress
    named = f'<a href="{address}">{case.number}</a>'
    assert named in progress and "事件链" not in progress, "by its number, with the way there"
    with world.db.engine.begin() as connection:
        row = "UPDATE history_event SET content = '[]' WHERE chain = :c AND seq = 7"
        connection.execute(text(row), {"c": f"case:{case.id}"})
    refused = auditor.post(f"/audit/cases/{case.id}/bundle")
    assert refused.status_code == 409 and not audit_events(world, "audit.bundle_made")
    # The address the form was sent to cannot be opened: showing personal data leads to the page.
    assert f'name="next" value="{address}"' in refused.text


def test_a_case_just_begun_and_bad_addresses(
    world: World, as_: As, clock: Clock, tmp_path: Path
) -> None:
    case, auditor = world.open(), as_("auditor")
    path = tmp_path / "b.zip"
    for hours, outcome in ((0, "尚未到期"), (2, "已超时,尚未办结")):
        clock.forward(hours=hours)
        path.write_bytes(auditor.post(f"/audit/cases/{case.id}/bundle").data)
        assert verify(path).sound
        with zipfile.ZipFile(path) as box:
            report = box.read("report.html").decode()
        assert outcome in report and "T01-D1" in report and "核查" in report
    for after in ("0", "9999999", "-1", "x", "9" * 30):
        page = auditor.get(f"/audit/cases/{case.id}/proof?after={after}")
        assert page.status_code == 200
    assert auditor.get("/audit/cases/999/proof").status_code == 404
    assert auditor.post("/audit/cases/999/bundle").status_code == 404
    assert auditor.post("/audit/cases/999/proof").status_code == 404


def test_the_report_tells_when_a_thing_was_done_and_when_it_was_entered(
    world: World, as_: As, clock: Clock
) -> None:
    case, auditor = world.open(), as_("auditor")
    clock.forward(hours=1)
    done = {"note": "已核", "serious": False, "count": 1}
    world.complete(
        case, "check", "duty", done, clock(), occurred_at=clock() - timedelta(minutes=30)
    )
    with zipfile.ZipFile(io.BytesIO(auditor.post(f"/audit/cases/{case.id}/bundle").data)) as box:
        report = box.read("report.html").decode()
        paper = Document(io.BytesIO(box.read("report.docx")))
    cells = [c.text for t in paper.tables for row in t.rows for c in row.cells]
    entered = clock().astimezone(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%d %H:%M")
    for told in (report, "\n".join(cells)):
        assert told.count(f"({entered} 录入)") >= 2, "of the limit and of the event"
        assert "均为 Asia/Shanghai 时间。" in told
    assert any(one.startswith("T01-D1 ") for one in cells), "the plan's own words for the limit"


def test_what_leads_from_a_case_to_its_proof(as_: As, case: Case) -> None:
    auditor = as_("auditor")
    replay = auditor.get(f"/audit/cases/{case.id}/replay").text
    assert f'href="/audit/cases/{case.id}/proof"' in replay
    proof = auditor.get(f"/audit/cases/{case.id}/proof").text
    assert f'href="/audit/cases/{case.id}/conformance"' in proof
    assert f'href="/audit/cases/{case.id}/replay"' in proof
    conformance = auditor.get(f"/audit/cases/{case.id}/conformance").text
    assert f'href="/cases/{case.id}"' in conformance
    assert f'href="/audit/cases/{case.id}/proof"' in conformance


def test_others_are_kept_out(as_: As, case: Case) -> None:
    for who in ("duty", "leader", "admin", "outsider"):
        person = as_(who)
        for address in (f"/audit/cases/{case.id}/proof", "/audit/proof"):
            assert person.get(address).status_code == 403
        for address in (
            f"/audit/cases/{case.id}/proof", f"/audit/cases/{case.id}/bundle",
            "/audit/proof/lodge", "/audit/proof/check", "/audit/proof/compare",
        ):  # fmt: skip
            assert person.post(address).status_code == 403


def test_a_key_that_is_gone_is_said_and_nothing_made(
    world: World, as_: As, case: Case, settings: Settings
) -> None:
    auditor = as_("auditor")
    assert auditor.post(f"/audit/cases/{case.id}/bundle").status_code == 200
    (settings.data_dir / "keys/signing.pem").unlink()
    assert auditor.post(f"/audit/cases/{case.id}/bundle").status_code == 409
    assert "不能签名" in auditor.get("/audit/proof").text
    assert len(audit_events(world, "audit.bundle_made")) == 1


def test_the_verifier_can_be_taken_along(as_: As) -> None:
    answer = as_("auditor").get("/audit/proof/planroom_verify.py")
    assert answer.data == Path("tools/planroom_verify.py").read_bytes()
    assert "attachment" in answer.headers["Content-Disposition"]
