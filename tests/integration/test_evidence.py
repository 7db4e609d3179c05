"""Evidence bundles as they are made: what is in them, what the mask leaves out, what is gone, and
that they need nothing of ours to be checked."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from migrations import guards
from models.cases import Case
from models.history import HistoryEvent
from models.words import Release
from services import evidence, heads, history, releases, signing
from services.errors import Refusal
from services.evidence_parts import Part
from services.files import path_of
from services.uow import Database
from services.verify import verify_chain
from tests.integration.evidence_world import (
    FILE,
    SECRET,
    bundle_of,
    contents,
    no_papers,
    plan_t31,
    rich_case,
    unmask,
)
from tests.integration.test_destruction import TYPED, destroy
from tests.integration.test_destruction import typed as typed
from tests.integration.world import MORNING, Made, World
from tools.planroom_verify import Report, main, verify


@pytest.fixture
def full(rich: tuple[Made, Path], tmp_path: Path) -> Iterator[World]:
    """The rich case on SQLite, its files in ``tmp_path``."""
    (path, people), files = rich
    shutil.copyfile(path, tmp_path / "full.db")
    shutil.copytree(files, tmp_path, dirs_exist_ok=True)
    database = Database(f"sqlite:///{tmp_path / 'full.db'}")
    yield World(database, MORNING, dict(people))
    database.dispose()


def checked(content: bytes, folder: Path, **keys: Any) -> Report:
    path = folder / "b.zip"
    path.write_bytes(content)
    return verify(path, **keys)


def test_what_is_in_it_on_both_databases(world: World, tmp_path: Path) -> None:
    case = rich_case(world, tmp_path)
    masked, made = bundle_of(world, tmp_path, case.id)
    assert checked(masked, tmp_path).sound
    files = contents(masked)
    assert SECRET.encode() not in masked and FILE not in masked, "left out, not only hidden"
    assert "personal.jsonl" not in files and not [n for n in files if n.startswith("files/")]
    assert {row["state"] for row in json.loads(files["files.json"])} == {"withheld"}
    assert json.loads(files["manifest.json"])["masked"] is True
    assert (made.length, made.masked) == (len(files["events.jsonl"].splitlines()), True)

    unmask(world, case.id)
    clear, made = bundle_of(world, tmp_path, case.id)
    assert checked(clear, tmp_path).sound and not made.masked
    files = contents(clear)
    assert SECRET.encode() in files["personal.jsonl"]
    assert FILE in [content for name, content in files.items() if name.startswith("files/")]
    assert files["plan/1/plan.bpmn"] != files["plan/2/plan.bpmn"]
    with world.db.read() as session:
        events = history.events_of_chain(session, history.AUDIT)
        assert [e.type for e in events] == ["audit.bundle_made"] * 2
        told = history.payload_of(events[-1])
        assert (told["head"], told["manifest"]) == (made.head, made.manifest)
        assert verify_chain(session, history.AUDIT).ok


def test_the_same_moment_gives_the_same_bytes(full: World, tmp_path: Path) -> None:
    case = full.one(select(Case))
    first, _made = bundle_of(full, tmp_path, case.id)
    again, _made = bundle_of(full, tmp_path, case.id)
    later, _made = bundle_of(full, tmp_path, case.id, full.now + timedelta(seconds=1))
    assert first == again != later


def test_only_auditors_and_only_what_is_there(small: World, tmp_path: Path) -> None:
    case = small.open()
    for who, case_id, code in (
        ("leader", case.id, "not_your_role"), ("admin", case.id, "not_your_role"),
        ("auditor", 999, "case_unknown"),
    ):  # fmt: skip
        with pytest.raises(Refusal) as refused:
            evidence.make_bundle(
                small.db, tmp_path, case_id, no_papers, small.actor(who), small.now, io.BytesIO()
            )
        assert refused.value.code == code
    assert not (tmp_path / "keys").exists(), "nothing was begun"


def test_a_running_case_and_one_without_a_record(small: World, tmp_path: Path) -> None:
    running = small.open()
    assert checked(bundle_of(small, tmp_path, running.id)[0], tmp_path).sound

    def bare(uow: Any) -> int:
        row = Case(
            number="2026-0900", title="空", plan_version_id=running.plan_version_id,
            opened_at=small.now, opened_by=running.opened_by,
        )  # fmt: skip
        uow.session.add(row)
        uow.session.flush()
        return int(row.id)

    content, made = bundle_of(small, tmp_path, small.db.run(bare))
    assert (made.length, made.head) == (0, "")
    assert checked(content, tmp_path).sound


def test_what_was_destroyed_is_gone_and_the_bundle_holds(
    world: World, typed: Case, tmp_path: Path
) -> None:
    unmask(world, typed.id)
    before = checked(bundle_of(world, tmp_path, typed.id)[0], tmp_path)
    assert before.sound
    destroy(world, typed, tmp_path)
    content, _made = bundle_of(world, tmp_path, typed.id)
    report = checked(content, tmp_path)
    assert report.sound, report.breaks
    (values,) = [args for _step, code, args in report.told if code == "values"]
    assert values["erased"] > 0 and contents(content)["files.json"] == b"[]"
    for word in TYPED.values():
        assert word.encode() not in content


def test_a_text_that_is_not_out_is_masked(small: World, tmp_path: Path) -> None:
    small.deploy(plan_t31())
    case = small.open("t31")
    text_ = {"title": "通报", "known": f"网民来电 {SECRET}", "unknown": "原因", "doing": "核查",
             "next_word_at": small.now + timedelta(hours=2), "contact": "宣传部"}  # fmt: skip
    small.complete(case, "draft", "office", {"kind": "first_facts", **text_})
    content, _made = bundle_of(small, tmp_path, case.id)
    report = checked(content, tmp_path)
    assert report.sound and SECRET.encode() not in content
    (version,) = json.loads(contents(content)["statements/1.json"])["versions"]
    assert version["masked"] == ["known"]
    assert [args["masked"] for _step, code, args in report.told if code == "statements"] == [1]


def test_files_that_are_lost_or_damaged_are_said_to_be(full: World, tmp_path: Path) -> None:
    case = full.one(select(Case))
    unmask(full, case.id)
    held = [name for name in contents(bundle_of(full, tmp_path, case.id)[0]) if "files/" in name]
    lost, damaged = (path_of(tmp_path, name.removeprefix("files/")) for name in held)
    lost.unlink()
    damaged.write_bytes(b"something else")
    report = checked(bundle_of(full, tmp_path, case.id)[0], tmp_path)
    (told,) = [args for _step, code, args in report.told if code == "held"]
    assert report.sound and (told["held"], told["lost"], told["damaged"]) == (0, 1, 1)


def test_a_broken_chain_is_made_into_a_bundle_that_says_so(full: World, tmp_path: Path) -> None:
    case = full.one(select(Case))
    with full.db.engine.begin() as connection:
        guards.remove(connection)
        connection.execute(text("UPDATE history_event SET role_key = 'x' WHERE seq = 9"))
        connection.execute(
            text("UPDATE statement_version SET known = '0人受伤。' WHERE number = 2")
        )
    report = checked(bundle_of(full, tmp_path, case.id)[0], tmp_path)
    assert {b.code: b.args.get("seq") for b in report.breaks} == {
        "event_changed": 9, "text_changed": None, "version_other": None,
    }  # fmt: skip
    with full.db.engine.begin() as connection:
        connection.execute(text("UPDATE history_event SET content = '[' WHERE seq = 3"))
    with pytest.raises(Refusal) as refused:
        bundle_of(full, tmp_path, case.id)
    assert (refused.value.code, refused.value.args_["seq"]) == ("chain_unreadable", 3)


def test_the_verifier_alone_in_an_empty_folder(full: World, tmp_path: Path) -> None:
    case = full.one(select(Case))
    content, _made = bundle_of(full, tmp_path, case.id)
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(Path("tools/planroom_verify.py"), alone)
    (alone / "b.zip").write_bytes(content)
    changed = bytearray(content)
    changed[content.index(b'"plan_version"')] ^= 1
    (alone / "changed.zip").write_bytes(changed)
    (alone / "no.zip").write_bytes(b"PK")

    def run(*words: str) -> tuple[int, str]:
        # -I: neither this folder nor PYTHONPATH is looked into; only what was installed.
        done = subprocess.run(
            [sys.executable, "-I", "planroom_verify.py", *words],
            cwd=alone, capture_output=True, check=False,
        )  # fmt: skip
        return done.returncode, (done.stdout + done.stderr).decode()

    status, told = run("b.zip", "--lang", "zh")
    assert status == 0 and "核对结果:完好" in told and "5. 校验链" in told
    status, told = run("changed.zip", "--lang", "en")
    assert status == 1 and "BREAK A file was changed: events.jsonl" in told
    assert "The first break, in check 4 (Every file)" in told and "What this program cannot" in told
    assert run("no.zip", "--lang", "en")[0] == 2
    assert main([str(alone / "nothing.zip")]) == 2
    assert main([str(alone / "b.zip"), "--key", "xyz"]) == 2


def test_every_sentence_of_the_verifier_is_in_both_languages() -> None:
    import re
    import string

    from tools.planroom_verify import TITLES, WORDS

    source = Path("tools/planroom_verify.py").read_text("utf-8")
    used = set(re.findall(r'(?:broken|say|Unreadable)\(\s*"(\w+)"', source))
    assert used <= WORDS.keys() and set(TITLES) == set(range(1, 13))
    for code, (zh, en) in WORDS.items():
        places = [{name for _, name, _, _ in string.Formatter().parse(t) if name} for t in (zh, en)]
        assert places[0] == places[1], code


def test_memory_does_not_grow_with_what_goes_in(small: World, tmp_path: Path) -> None:
    key = small.db.run(lambda uow: signing.key_of(uow, tmp_path, small.now))
    told = {"case": {"number": "1"}, "length": 0, "head": "", "masked": True}
    many = (b"x" * 65_536 for _ in range(640))
    tracemalloc.start()
    with (tmp_path / "big.zip").open("wb") as out:
        made = evidence.write(out, [Part("big", many)], told, key)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert made.size > 40_000_000 and peak < 2_000_000


# ------------------------------------------------------------------------------------ the key


def test_the_key_is_made_once_and_on_record(world: World, tmp_path: Path) -> None:
    def key() -> signing.Key:
        return world.db.run(lambda uow: signing.key_of(uow, tmp_path, world.now))

    with world.db.read() as session:
        assert signing.look(session, tmp_path) is None
    first = key()
    file = tmp_path / "keys/signing.pem"
    assert file.stat().st_mode & 0o777 == 0o600
    assert key().fingerprint == first.fingerprint
    count = select(func.count()).where(HistoryEvent.type == "org.signing_key_made")
    assert world.one(count) == 1
    with world.db.read() as session:
        assert signing.on_record(session) == first.fingerprint == signing.look(session, tmp_path)

    kept = file.read_bytes()
    for content, code in (
        (None, "signing_key_missing"), (b"no key", "signing_key_unreadable"),
        (_other_key(), "signing_key_replaced"),
    ):  # fmt: skip
        file.unlink() if content is None else file.write_bytes(content)
        with pytest.raises(Refusal) as refused:
            key()
        assert refused.value.code == code
        assert refused.value.args_["fingerprint"] == first.fingerprint
    file.write_bytes(kept)

    second = world.db.run(lambda uow: signing.renew(uow, tmp_path, world.now))
    assert key().fingerprint == second.fingerprint != first.fingerprint
    assert (tmp_path / f"keys/retired-{first.fingerprint[:16]}.pem").read_bytes() == kept
    with world.db.read() as session:
        event = history.events_of_chain(session, history.ORG, limit=900)[-1]
        assert history.payload_of(event)["was"] == first.fingerprint


def test_a_new_key_whose_unit_failed_takes_no_place(small: World, tmp_path: Path) -> None:
    first = small.db.run(lambda uow: signing.key_of(uow, tmp_path, small.now))

    def fails(uow: Any) -> None:
        signing.renew(uow, tmp_path, small.now)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        small.db.run(fails)
    again = small.db.run(lambda uow: signing.key_of(uow, tmp_path, small.now))
    assert again.fingerprint == first.fingerprint
    # The process that ended right after the commit: the next one lets the new key take its place.
    second = small.db.run(lambda uow: signing.renew(uow, tmp_path, small.now))
    folder = tmp_path / "keys"
    (folder / "signing.pem").rename(folder / "signing.new.pem")
    (folder / f"retired-{first.fingerprint[:16]}.pem").rename(folder / "signing.pem")
    again = small.db.run(lambda uow: signing.key_of(uow, tmp_path, small.now))
    assert again.fingerprint == second.fingerprint


def _other_key() -> bytes:
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    return key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())


def test_lodged_heads_go_with_the_bundle(full: World, tmp_path: Path) -> None:
    case = full.one(select(Case))
    content, _made = bundle_of(full, tmp_path, case.id)
    with full.db.read() as session:
        seal = heads.latest(session)
        assert seal is not None
        told = heads.lodged_file(session, seal, signing.on_record(session) or "")
    (tmp_path / "h.json").write_bytes(told)
    report = checked(content, tmp_path, heads=tmp_path / "h.json")
    assert report.sound
    assert ("limit_after", {"seq": seal_of(content), "length": seal_of(content)}) in report.limits


def seal_of(content: bytes) -> int:
    listed = json.loads(contents(content)["heads/list.json"])["chains"]
    return next(int(seq) for chain, seq, _hash in listed if chain.startswith("case:"))


def test_why_a_text_was_withdrawn_is_not_in_a_masked_bundle(
    full: World,
    tmp_path: Path,
) -> None:
    """The chain is given as it was hashed: so that what people typed may only be committed to."""
    case, release = full.one(select(Case)), full.one(select(Release))
    later = full.now + timedelta(days=1)
    name = "欧阳小敏"
    why, duty = f"{name}要求撤回", full.actor("duty")
    full.db.run(lambda uow: releases.withdraw(uow, release.id, why, duty, later))
    raw, made = bundle_of(full, tmp_path, case.id, later)
    assert made.masked
    assert not [name for name, content in contents(raw).items() if name.encode() in content]


@pytest.mark.parametrize(
    ("spoiled", "code"),
    [
        ("UPDATE head_seal SET changes = 'x'", "seal_list"),
        ("UPDATE head_seal SET changes = '[]'", "seal_list"),
        ("UPDATE head_seal SET changes = '[]' WHERE since IS NULL", "seal_list"),
        ("UPDATE head_seal SET changes = 'x' WHERE since IS NOT NULL", "seal_list"),
        ("DELETE FROM head_seal WHERE since IS NULL", "seal_list"),
        ("UPDATE history_event SET content = 'x' WHERE chain = 'heads'", "seal_event"),
        ("DELETE FROM history_event WHERE chain = 'heads'", "seal_event"),
    ],
)
def test_a_seal_that_was_spoiled_is_in_the_bundle_and_is_named(
    full: World, tmp_path: Path, spoiled: str, code: str
) -> None:
    case = full.one(select(Case))
    with full.db.engine.begin() as connection:
        guards.remove(connection)
        connection.execute(text(spoiled))
    report = checked(bundle_of(full, tmp_path, case.id)[0], tmp_path)
    assert code in report.codes()
