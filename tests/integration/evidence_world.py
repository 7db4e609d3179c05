"""A case that has everything an evidence bundle can hold, and the bundle itself."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.orm import Session

from models.audit import Unmasking
from models.cases import Case
from models.words import Channel
from services import approvals, case_migration, evidence, files, heads, statements
from services.canonical import canonical
from services.evidence_parts import Mask
from services.evidence_zip import ZipWriter
from services.signing import Key
from services.statement_reading import get, latest, of_case
from services.statement_text import Parts
from services.uow import UnitOfWork
from tests.integration.world import World, bundle, on_paper
from tests.unit.bpmn_builder import Process
from workflows.bundle import Bundle

SIGNED = ("manifest.json", "manifest.sig", "key.pub")
HOUR = timedelta(hours=1)
STEPS: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    ("draft", "office", "planroom:statement-draft", {}),
    ("secrecy", "duty", "planroom:statement-review", {"approvalKind": "secrecy"}),
    ("approve", "leader", "planroom:statement-approve", {"notSameAs": "draft"}),
    ("release", "duty", "planroom:statement-release", {}),
    ("archive", "office", "planroom:archive", {}),
)
FILE = "现场照片说明:桁架倒向北侧。".encode()
SECRET = "13800138000"


def plan_t31(title: str = "佐证预案") -> Bundle:
    """A statement from its draft to its release, then the archive."""
    p = Process("t31", title)
    p.start("s")
    for key, role, form, properties in STEPS:
        p.user_task(key, role, name=key, form_key=form, properties=properties)
    p.end("e")
    p.chain("s", *(step[0] for step in STEPS), "e")
    return on_paper(
        bundle(
            p,
            roles=["duty", "office", "leader"],
            anchors=["discovered_at", "opened_at"],
            approvals=[
                {"kind": "secrecy", "role": "duty", "name": "保密审查", "name_en": "Secrecy"},
                {"kind": "final", "role": "leader", "name": "签发", "name_en": "Final"},
            ],
            archive=[
                {"key": "statements", "name": "文稿", "name_en": "Statements", "required": True},
                {"key": "minutes", "name": "纪要", "name_en": "Minutes", "required": False},
            ],
        )
    )


def rich_case(world: World, data_dir: Path) -> Case:
    """A case moved to a second version of its plan, with two files, a text written twice, approvals
    one of which is void, a release, and its archive; the heads of two days sealed."""
    world.deploy(plan_t31())
    now, duty = world.now, world.actor("duty")

    def channel(uow: UnitOfWork) -> int:
        row = Channel(name="官方微博", name_en="Weibo", account="澜浦发布")
        uow.session.add(row)
        uow.session.flush()
        return row.id

    channel_id = world.db.run(channel)
    case = world.open("t31", summary=f"来电 {SECRET}")
    for name, content in (("现场.txt", FILE), ("名单.txt", SECRET.encode())):
        world.db.run(
            lambda uow, n=name, c=content: files.add_to_case(  # type: ignore[misc]
                uow, data_dir, case.id, n, c, duty, now, note="值班室"
            )
        )
    text: dict[str, Any] = {
        "title": "情况通报", "known": "3人受伤。", "unknown": "原因在查。", "doing": "已送医。",
        "next_word_at": now + timedelta(hours=8), "contact": "宣传部 0571-0000",
    }  # fmt: skip
    world.complete(case, "draft", "office", {"kind": "first_facts", **text})
    second = world.deploy(plan_t31("佐证预案(修订)"))
    moved = world.db.run(
        lambda uow: case_migration.migrate_case(
            uow, case.id, second.id, "修订", world.actor("author"), now
        )
    )
    assert moved.moved
    world.db.run(lambda uow: heads.seal(uow, now))
    decide(world, case, "secrecy", "duty")

    def edit(uow: UnitOfWork) -> None:
        statement = of_case(uow.session, case.id)[0]
        statements.add_version(
            uow, statement.id, Parts.read({**text, "known": "4人受伤。"}), world.actor("office"),
            now, base_digest=latest(uow.session, statement).digest, note="人数更正",
        )  # fmt: skip

    world.db.run(edit)
    decide(world, case, "approve", "leader", comment=f"已核,来电 {SECRET}")
    statement_id = world.db.run(lambda uow: of_case(uow.session, case.id)[0].id)
    again(world, statement_id)
    released = {"channel_id": channel_id, "link_later": True, "digest": digest(world, case)}
    world.complete(case, "release", "duty", released, now + timedelta(minutes=5))
    lines = {"statements": {"present": True, "where": "系统"}, "minutes": {"present": False}}
    world.complete(case, "archive", "office", {"items": lines}, now + timedelta(minutes=9))
    world.db.run(lambda uow: heads.seal(uow, now + timedelta(days=1)))
    return case


def digest(world: World, case: Case) -> str:
    with world.db.read() as session:
        return latest(session, of_case(session, case.id)[0]).digest


def decide(world: World, case: Case, element: str, who: str, comment: str = "") -> None:
    given = {"decision": "approve", "digest": digest(world, case), "comment": comment}
    world.complete(case, element, who, given)


def again(world: World, statement_id: int) -> None:
    """The secrecy check once more: the first was for the text before."""

    def work(uow: UnitOfWork) -> None:
        shown = latest(uow.session, get(uow.session, statement_id)).digest
        duty = world.actor("duty")
        approvals.approve_again(uow, statement_id, "secrecy", shown, duty, world.now)

    world.db.run(work)


# -------------------------------------------------------------------------------- the bundle


def no_papers(_session: Session, _case: Case, _mask: Mask) -> Iterable[tuple[str, bytes]]:
    """What a view would write."""
    return [("report.html", "<p>经过</p>".encode())]


def bundle_of(
    world: World, data_dir: Path, case_id: int, now: datetime | None = None
) -> tuple[bytes, evidence.Made]:
    """The case's bundle as the auditor gets it."""
    out = io.BytesIO()
    made = evidence.make_bundle(
        world.db, data_dir, case_id, no_papers, world.actor("auditor"), now or world.now, out
    )
    return out.getvalue(), made


def unmask(world: World, case_id: int) -> None:
    """The auditor sees the case in the clear for an hour."""
    person, since = world.people["auditor"].id, world.now
    row = Unmasking(person_id=person, case_id=case_id, since=since, until=since + HOUR)
    world.db.run(lambda uow: uow.session.add(row))


def contents(content: bytes) -> dict[str, bytes]:
    """File by name, in order."""
    with zipfile.ZipFile(io.BytesIO(content)) as box:
        return {name: box.read(name) for name in box.namelist()}


def packed(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A zip as ours is written."""
    out = io.BytesIO()
    writer = ZipWriter(out)
    for name, content in files:
        writer.add(name, [content])
    writer.close()
    return out.getvalue()


def signed(files: Mapping[str, bytes], key: Key, **told: Any) -> bytes:
    """The files with a manifest that fits them, signed: what somebody who has the key could make
    of them. ``told`` goes over what the manifest says."""
    parts = {name: content for name, content in files.items() if name not in SIGNED}
    manifest = json.loads(files["manifest.json"])
    manifest["files"] = [
        {"name": name, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        for name, content in parts.items()
    ]
    raw = canonical({**manifest, "key": key.fingerprint, **told}).encode()
    own = {"manifest.json": raw, "manifest.sig": key.sign(raw), "key.pub": key.public_pem}
    return packed([*parts.items(), *own.items()])


def key_in(data_dir: Path) -> Key:
    """The installation's key, as its administrator could read it."""
    key = serialization.load_pem_private_key((data_dir / "keys/signing.pem").read_bytes(), None)
    assert isinstance(key, Ed25519PrivateKey)
    return Key(key)
