"""The page of the daily seals: lodged, compared, checked in portions with all chains; and what the
command line does."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from migrations import guards
from models.cases import Case
from services import heads
from tests.integration.world import World
from tests.web.conftest import Browser, Clock
from tests.web.test_audit_proof import audit_events
from tests.web.test_audit_proof import case as case
from tests.web.test_audit_proof import made as made

As = Callable[[str], Browser]


def test_seals_are_lodged_and_compared(world: World, as_: As, case: Case) -> None:
    auditor = as_("auditor")
    with world.db.read() as session:
        seal = heads.latest(session)
    assert seal is not None
    day, line = seal.day.isoformat(), heads.line(seal)
    assert f'id="seal-{day}"' in auditor.get("/audit/proof").text
    file = auditor.post("/audit/proof/lodge", {"day": day, "how": "file"})
    assert file.status_code == 200 and json.loads(file.data)["line"] == line
    mail = auditor.post("/audit/proof/lodge", {"day": day, "how": "mail"})
    page = auditor.get(mail.headers["Location"]).text
    assert line in page and "mailto:?subject=" in page
    assert auditor.post("/audit/proof/lodge", {"day": day, "how": "print"}).status_code == 303
    hows = [told["how"] for told in audit_events(world, "heads.lodged")]
    assert hows == ["file", "mail", "print"]

    def compare(content: bytes = b"", given: str = "") -> tuple[int, str]:
        sent = {"line": given, "file": (io.BytesIO(content), "h.json")}
        answer = auditor.post("/audit/proof/compare", sent)
        return answer.status_code, answer.text

    assert "现在的链里都在" in compare(file.data)[1]
    assert "现在的链里都在" in compare(given=line)[1]
    assert compare(b"nothing")[0] == 422 and compare()[0] == 422
    status, page = compare(given="planroom 2026 <x>")
    assert status == 422 and 'value="planroom 2026 &lt;x&gt;"' in page, "typed again by nobody"
    with world.db.engine.begin() as connection:
        guards.remove(connection)
        for table in ("history_event", "chain_head"):
            where = "seq > 20" if table == "history_event" else "true"
            cut = f"DELETE FROM {table} WHERE chain = :c AND {where}"
            connection.execute(text(cut), {"c": f"case:{case.id}"})
    status, page = compare(file.data)
    assert status == 200 and f"{case.number} 第 29 条" in page and "末尾被截掉" in page
    assert f'href="/audit/cases/{case.id}/proof"' in page


def test_bad_input_to_the_seals(as_: As, case: Case) -> None:
    auditor = as_("auditor")
    for day, how, status in (
        ("2026-03-11", "fax", 422), ("2020-01-01", "file", 404), ("x", "file", 404), ("", "", 404),
    ):  # fmt: skip
        answer = auditor.post("/audit/proof/lodge", {"day": day, "how": how})
        assert answer.status_code == status
    for query in ("before=x", "before=2026-99-99", "lodged=1", "before=0001-01-01"):
        assert auditor.get(f"/audit/proof?{query}").status_code == 200


def test_all_chains_are_checked_a_portion_at_a_time(
    world: World, as_: As, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    auditor, after, done = as_("auditor"), "", 0
    htmx = {"HX-Request": "true"}
    monkeypatch.setattr("services.proof_portions.time.monotonic", _Ticks())
    for _ in range(20):
        sent = {"after": after, "done": str(done), "bad": "0"}
        page = auditor.post("/audit/proof/check", sent, headers=htmx).text
        found = page.partition('name="after" value="')[2].partition('"')[0]
        if not found:
            break
        assert found > after
        after, done = found, done + 1
    assert "全部对得上,各日封存也相符" in page and done == 2
    told = audit_events(world, "audit.verified")
    assert len(told) == done + 1 and all(one["ok"] for one in told)


def test_seals_are_checked_a_portion_at_a_time(
    world: World, as_: As, case: Case, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for later in range(1, 6):
        world.db.run(lambda uow: heads.seal(uow, clock() + timedelta(days=later + 1)))  # noqa: B023
    auditor, htmx = as_("auditor"), {"HX-Request": "true"}
    with world.db.engine.begin() as connection:
        guards.remove(connection)
        days = connection.execute(text("SELECT day FROM head_seal ORDER BY day")).scalars().all()
        spoil = "UPDATE head_seal SET changes = '[]' WHERE day = :d"
        connection.execute(text(spoil), {"d": days[2]})
    monkeypatch.setattr("services.proof_portions.time.monotonic", _Ticks())
    monkeypatch.setattr("services.seal_walk._BATCH", 2)
    sent, pages = {"after": "", "done": "0", "bad": "0"}, []
    for _ in range(20):
        pages.append(auditor.post("/audit/proof/check", sent, headers=htmx).text)
        for name in sent:
            sent[name] = pages[-1].partition(f'name="{name}" value="')[2].partition('"')[0]
        if not sent["after"]:
            break
    first, second, third = pages[:3]
    assert "已核对 2 次,共 7 次" in first and 'max="7" value="2"' in first
    assert "封存的清单被改过" not in first
    assert f"<strong>第一处断点</strong> · {days[2]} 的封存:封存的清单被改过" in second
    assert "已核对 4 次,共 7 次" in second and "<strong>" not in third
    assert "第一处断点" not in "".join(pages[2:]), "said once"
    assert "处对不上" in pages[-1]
    told = audit_events(world, "audit.verified")
    assert [one["ok"] for one in told][:2] == [True, False] and len(told) == len(pages)
    assert told[0] | {"chain": "", "length": 0} == {
        "chain": "", "ok": True, "length": 0, "reason": "",
    }  # fmt: skip
    assert f"各日封存,到 {days[1]} 为止" in auditor.get("/audit/log").text
    refused = auditor.post("/audit/proof/lodge", {"day": str(days[2]), "how": "file"})
    assert refused.status_code == 409 and "不能存成文件" in refused.text
    assert not audit_events(world, "heads.lodged")


def test_of_many_breaks_some_are_told_and_how_many_more(
    world: World, as_: As, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world.db.engine.begin() as connection:
        guards.remove(connection)
        connection.execute(text("UPDATE history_event SET hash = :h"), {"h": "0" * 64})
    monkeypatch.setattr("views.proof.MOST", 2)
    page = as_("auditor").post("/audit/proof/check").text
    assert page.count("整条链被重写") == 1 and page.count("另有") == 2


class _Ticks:
    """A clock on which every look takes two seconds: one chain a portion."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        self.at += 2.0
        return self.at


# ---------------------------------------------------------------------- the command line


def test_seals_and_keys_on_the_command_line(
    world: World, app: Flask, case: Case, clock: Clock, tmp_path: Path
) -> None:
    call = app.test_cli_runner().invoke
    out = tmp_path / "heads.json"
    clock.forward(days=1)
    first = call(args=["history", "heads", "--out", str(out)])
    assert first.exit_code == 0 and out.exists()
    same = call(args=["history", "seal"])
    assert same.output.strip() == first.output.splitlines()[0], "the day has its seal"
    clock.moment += timedelta(days=3)
    later = call(args=["history", "seal"])
    assert later.output.strip() != same.output.strip()
    assert audit_events(world, "heads.sealed")[-1]["was"] == "2026-03-11"
    assert call(args=["history", "heads", "--against", str(out)]).exit_code == 0
    assert "seals: 3 hold" in call(args=["history", "verify"]).output
    made = call(args=["history", "new-key", "--yes"])
    told = audit_events(world, "org.signing_key_made")
    assert made.output.strip() == told[-1]["fingerprint"]


def test_a_spoiled_seal_on_the_command_line(
    world: World, app: Flask, case: Case, clock: Clock, tmp_path: Path
) -> None:
    call, out = app.test_cli_runner().invoke, tmp_path / "heads.json"
    clock.forward(days=2)
    line = call(args=["history", "seal"]).output
    with world.db.engine.begin() as connection:
        guards.remove(connection)
        connection.execute(text("UPDATE head_seal SET changes = '[]' WHERE seq <= 2"))
    first, second = audit_events(world, "heads.sealed")[:2]
    told = call(args=["history", "verify"])
    assert told.exit_code == 1 and f"seal of {first['day']}: BROKEN (list)" in told.output
    assert f"seal of {second['day']} to" in told.output and "BROKEN (lost)" in told.output
    refused = call(args=["history", "heads", "--out", str(out)])
    assert refused.exit_code == 1 and "was changed" in refused.output and not out.exists()
    assert call(args=["history", "heads"]).output == line, "the line holds without the list"
    assert not audit_events(world, "heads.lodged")


def test_a_seal_of_a_day_to_come_is_told(world: World, as_: As, case: Case, clock: Clock) -> None:
    """The server's clock was ahead when it sealed: until that day there is no seal, and the page
    says why."""
    day = world.db.run(lambda uow: heads.seal(uow, clock() + timedelta(days=40)).day)
    page = as_("auditor").get("/audit/proof").text
    assert "封存停着" in page and f"最近一次封存的日期是 {day}" in page
    clock.moment += timedelta(days=40)
    assert "封存停着" not in as_("auditor").get("/audit/proof").text
