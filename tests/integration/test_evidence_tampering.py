"""Every way of tampering with a bundle is found and called by its name, wherever it is done: by
somebody without the key (the manifest no longer fits), and by somebody who has it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from models.cases import Case
from services import evidence_zip, heads
from services.canonical import canonical, link_hash
from services.signing import Key
from tests.integration.evidence_world import (
    bundle_of,
    contents,
    key_in,
    packed,
    signed,
    unmask,
)
from tests.integration.world import MORNING, Made, World
from tests.kept import copied
from tools.planroom_verify import Report, Unreadable, told, verify

Files = dict[str, bytes]
DAY = timedelta(days=1)


@dataclass
class Exhibit:
    """An untouched bundle with everything in it, its key, and what was lodged before."""

    folder: Path
    raw: bytes
    files: Files
    key: Key
    lodged: Path
    line: Path

    def verify(self, content: bytes, **keys: Any) -> Report:
        path = self.folder / "tried.zip"
        path.write_bytes(content)
        return verify(path, **keys)

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.files["events.jsonl"].splitlines()]


@pytest.fixture(scope="module")
def exhibit(rich: tuple[Made, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exhibit]:
    (path, people), files = rich
    folder = tmp_path_factory.mktemp("exhibit")
    shutil.copytree(files, folder, dirs_exist_ok=True)
    with copied(path, folder) as db:
        world = World(db, MORNING, dict(people))
        case = world.one(select(Case))
        unmask(world, case.id)
        raw, _made = bundle_of(world, folder, case.id)
        key = key_in(folder)
        lodged, line = folder / "lodged.json", folder / "line.txt"
        with db.read() as session:
            seal = heads.latest(session)
            assert seal is not None
            lodged.write_bytes(heads.lodged_file(session, seal, key.fingerprint))
            line.write_text(f"抄存:{heads.line(seal)}\n", "utf-8")
        yield Exhibit(folder, raw, contents(raw), key, lodged, line)


def test_untouched_it_is_sound(exhibit: Exhibit) -> None:
    for heads_ in (None, exhibit.lodged, exhibit.line):
        report = exhibit.verify(exhibit.raw, key=exhibit.key.fingerprint, heads=heads_)
        assert report.sound, report.breaks
    told = {code for _step, code, _args in report.told}
    assert {"values", "plans", "statements", "held", "seal_holds", "line_holds"} <= told
    assert exhibit.verify(signed(exhibit.files, exhibit.key)).sound, "else the rest shows nothing"


# ------------------------------------------------------------------------------------- bytes


@settings(max_examples=40)
@given(data=st.data())
def test_no_byte_can_be_changed(exhibit: Exhibit, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(exhibit.raw) - 1))
    content = bytearray(exhibit.raw)
    content[at] ^= 1 << data.draw(st.integers(0, 7))
    hit = _file_at(exhibit.raw, at)
    try:
        report = exhibit.verify(bytes(content))
    except Unreadable as error:
        assert error.code in {"not_a_zip", "no_manifest", "manifest_unreadable", "format"}
        assert hit in {None, "manifest.json"}
        return
    assert not report.sound
    if hit in {"manifest.json", "manifest.sig"}:
        assert "signature" in report.codes()
    elif hit == "key.pub":
        assert any(code.startswith("key_") for code in report.codes())
    elif hit is not None:
        assert any(b.code == "changed" and b.args["name"] == hit for b in report.breaks)


def _file_at(raw: bytes, at: int) -> str | None:
    """The file whose content lies there; None between contents."""
    with zipfile.ZipFile(io.BytesIO(raw)) as box:
        for info in box.infolist():
            start = info.header_offset + 30 + len(info.filename.encode())
            if start <= at < start + info.file_size:
                return info.filename
    return None


def test_no_checksum_can_be_changed_in_both_places(exhibit: Exhibit) -> None:
    with zipfile.ZipFile(io.BytesIO(exhibit.raw)) as box:
        for info in box.infolist():
            crc = info.CRC.to_bytes(4, "little")
            content = exhibit.raw.replace(crc, bytes([crc[0] ^ 1]) + crc[1:])
            report = exhibit.verify(content)
            assert any(
                b.code == "checksum" and b.args["name"] == info.filename for b in report.breaks
            )


@settings(max_examples=12)
@given(data=st.data())
def test_it_cannot_be_cut_or_lengthened(exhibit: Exhibit, data: st.DataObject) -> None:
    cut = exhibit.raw[: data.draw(st.integers(0, len(exhibit.raw) - 1))]
    more = data.draw(st.binary(min_size=1, max_size=40))
    for content in (cut, exhibit.raw + more, more + exhibit.raw):
        try:
            assert not exhibit.verify(content).sound
        except Unreadable as error:
            assert error.code == "not_a_zip"


# ------------------------------------------------------------------- what the contents say

#: name -> (what is done to the files; the break it must be called; what the break must say)
Way = Callable[[Exhibit, st.DataObject], tuple[Files, str, dict[str, Any]]]
WAYS: dict[str, Way] = {}


def way(work: Way) -> Way:
    WAYS[work.__name__] = work
    return work


def _lines(events: list[dict[str, Any]]) -> bytes:
    return "".join(canonical(event) + "\n" for event in events).encode()


def _with_events(exhibit: Exhibit, events: list[dict[str, Any]]) -> Files:
    return {**exhibit.files, "events.jsonl": _lines(events)}


def _with_json(exhibit: Exhibit, name: str, change: Callable[[Any], None]) -> Files:
    value = json.loads(exhibit.files[name])
    change(value)
    return {**exhibit.files, name: canonical(value).encode()}


@way
def event_removed(exhibit: Exhibit, data: st.DataObject) -> tuple[Files, str, dict[str, Any]]:
    events = exhibit.events()
    at = data.draw(st.integers(0, len(events) - 2))
    del events[at]
    return _with_events(exhibit, events), "event_missing", {"seq": at + 1}


@way
def events_reordered(exhibit: Exhibit, data: st.DataObject) -> tuple[Files, str, dict[str, Any]]:
    events = exhibit.events()
    one = data.draw(st.integers(0, len(events) - 2))
    other = data.draw(st.integers(one + 1, len(events) - 1))
    events[one], events[other] = events[other], events[one]
    return _with_events(exhibit, events), "event_moved", {}


@way
def event_appended(exhibit: Exhibit, data: st.DataObject) -> tuple[Files, str, dict[str, Any]]:
    events = exhibit.events()
    for _ in range(data.draw(st.integers(1, 3))):
        body = {**events[-1]["body"], "seq": len(events) + 1}
        events.append({"body": body, "hash": link_hash(events[-1]["hash"], canonical(body))})
    return _with_events(exhibit, events), "appended", {"last": len(events)}


@way
def end_cut_off(exhibit: Exhibit, data: st.DataObject) -> tuple[Files, str, dict[str, Any]]:
    events = exhibit.events()
    kept = data.draw(st.integers(0, len(events) - 1))
    return _with_events(exhibit, events[:kept]), "cut_off", {"last": kept}


@way
def event_changed(exhibit: Exhibit, data: st.DataObject) -> tuple[Files, str, dict[str, Any]]:
    events = exhibit.events()
    at = data.draw(st.integers(0, len(events) - 1))
    body = events[at]["body"]
    name = data.draw(st.sampled_from(["actor", "at", "role", "type", "data", "v"]))
    body[name] = {"x": 1} if name == "data" else "2026-01-01T00:00:00Z" if name != "v" else 9
    return _with_events(exhibit, events), "event_changed", {"seq": at + 1}


@way
def event_twice(exhibit: Exhibit, data: st.DataObject) -> tuple[Files, str, dict[str, Any]]:
    events = exhibit.events()
    at = data.draw(st.integers(0, len(events) - 1))
    events.insert(at, events[at])
    return _with_events(exhibit, events), "event_twice", {"seq": at + 1}


@way
def event_of_another_case(
    exhibit: Exhibit, data: st.DataObject
) -> tuple[Files, str, dict[str, Any]]:
    events = exhibit.events()
    at = data.draw(st.integers(0, len(events) - 1))
    events[at]["body"]["chain"] = "case:99"
    return _with_events(exhibit, events), "event_foreign", {"seq": at + 1}


@way
def diagram_swapped(exhibit: Exhibit, data: st.DataObject) -> tuple[Files, str, dict[str, Any]]:
    number = data.draw(st.sampled_from([1, 2]))
    other = exhibit.files[f"plan/{3 - number}/plan.bpmn"]
    files = {**exhibit.files, f"plan/{number}/plan.bpmn": other}
    return files, "plan_changed", {"number": number}


@way
def diagram_and_its_hash_swapped(
    exhibit: Exhibit, data: st.DataObject
) -> tuple[Files, str, dict[str, Any]]:
    body = exhibit.files["plan/2/plan.bpmn"] + b"<!-- -->" * data.draw(st.integers(1, 3))
    digest = hashlib.sha256()
    for name, content in (("plan.bpmn", body), ("plan.toml", exhibit.files["plan/2/plan.toml"])):
        for part in (name.encode(), content):
            digest.update(len(part).to_bytes(8, "big") + part)

    def change(value: Any) -> None:
        value[1]["hash"] = digest.hexdigest()

    files = _with_json(exhibit, "plan/plans.json", change) | {"plan/2/plan.bpmn": body}
    return files, "plan_other", {}


PARTS = ["title", "known", "unknown", "doing", "contact"]


@way
def statement_text_changed(
    exhibit: Exhibit, data: st.DataObject
) -> tuple[Files, str, dict[str, Any]]:
    number, part = data.draw(st.sampled_from([1, 2])), data.draw(st.sampled_from(PARTS))
    more = data.draw(st.text("甲乙丙 1。", min_size=1, max_size=5))

    def change(value: Any) -> None:
        value["versions"][number - 1]["text"][part] += more

    files = _with_json(exhibit, "statements/1.json", change)
    return files, "text_changed", {"statement": 1, "version": number}


@way
def statement_text_and_digests_changed(
    exhibit: Exhibit, data: st.DataObject
) -> tuple[Files, str, dict[str, Any]]:
    part = data.draw(st.sampled_from(PARTS))
    old = json.loads(exhibit.files["statements/1.json"])["versions"][1]["digest"]

    def change(value: Any) -> None:
        text = value["versions"][1]["text"]
        text[part] += "!"
        digest = hashlib.sha256(canonical(text).encode()).hexdigest()
        for row in (*value["versions"], *value["approvals"], *value["releases"]):
            row["digest"] = digest if row["digest"] == old else row["digest"]

    files = _with_json(exhibit, "statements/1.json", change)
    return files, "version_other", {"statement": 1, "version": 2}


@way
def approval_left_out(exhibit: Exhibit, data: st.DataObject) -> tuple[Files, str, dict[str, Any]]:
    at = data.draw(st.integers(0, 2))

    def change(value: Any) -> None:
        del value["approvals"][at]

    files = _with_json(exhibit, "statements/1.json", change)
    return files, "approval_missing", {"id": at + 1}


@way
def text_called_masked(exhibit: Exhibit, _data: st.DataObject) -> tuple[Files, str, dict[str, Any]]:
    """Of a masked text the digest cannot be checked: so that it may not be called so."""

    def change(value: Any) -> None:
        value["versions"][1] |= {"masked": ["known"]}
        value["versions"][1]["text"]["known"] = "无人受伤。"

    files = _with_json(exhibit, "statements/1.json", change)
    return files, "text_withheld", {"version": 2}


@way
def void_approval_revived(
    exhibit: Exhibit, data: st.DataObject
) -> tuple[Files, str, dict[str, Any]]:
    at = data.draw(st.integers(0, 2))

    def change(value: Any) -> None:
        row = value["approvals"][at]
        row["voided_at"] = None if row["voided_at"] else "2026-03-10T02:00:00Z"

    return _with_json(exhibit, "statements/1.json", change), "mark_other", {"mark": "voided_at"}


@way
def release_changed(exhibit: Exhibit, data: st.DataObject) -> tuple[Files, str, dict[str, Any]]:
    version = data.draw(st.sampled_from([1, 7]))

    def change(value: Any) -> None:
        value["releases"][0]["version"] = version

    return _with_json(exhibit, "statements/1.json", change), "release_other", {"id": 1}


@way
def statement_left_out(exhibit: Exhibit, _data: st.DataObject) -> tuple[Files, str, dict[str, Any]]:
    files = {n: c for n, c in exhibit.files.items() if n != "statements/1.json"}
    return files, "missing", {"name": "statements/1.json"}


@way
def file_swapped(exhibit: Exhibit, data: st.DataObject) -> tuple[Files, str, dict[str, Any]]:
    names = [name for name in exhibit.files if name.startswith("files/")]
    name = data.draw(st.sampled_from(names))
    files = {**exhibit.files, name: data.draw(st.binary(max_size=30))}
    return files, "file_swapped", {"name": name}


@way
def file_and_its_hash_swapped(
    exhibit: Exhibit, data: st.DataObject
) -> tuple[Files, str, dict[str, Any]]:
    at, content = data.draw(st.integers(0, 1)), data.draw(st.binary(min_size=1, max_size=30))
    sha = hashlib.sha256(content).hexdigest()
    rows = json.loads(exhibit.files["files.json"])

    def change(value: Any) -> None:
        value[at]["sha256"] = sha

    files = _with_json(exhibit, "files.json", change)
    del files[f"files/{rows[at]['sha256']}"]
    return {**files, f"files/{sha}": content}, "file_other", {"id": rows[at]["id"]}


@way
def file_left_out(exhibit: Exhibit, data: st.DataObject) -> tuple[Files, str, dict[str, Any]]:
    at = data.draw(st.integers(0, 1))
    sha = json.loads(exhibit.files["files.json"])[at]["sha256"]

    def change(value: Any) -> None:
        del value[at]

    files = _with_json(exhibit, "files.json", change)
    del files[f"files/{sha}"]
    return files, "file_missing", {"sha": sha}


@way
def file_put_in(exhibit: Exhibit, data: st.DataObject) -> tuple[Files, str, dict[str, Any]]:
    content = data.draw(st.binary(max_size=30))
    name = f"files/{hashlib.sha256(content).hexdigest()}"
    return {**exhibit.files, name: content}, "file_unlisted", {"name": name}


@way
def file_withheld(exhibit: Exhibit, data: st.DataObject) -> tuple[Files, str, dict[str, Any]]:
    at = data.draw(st.integers(0, 1))
    row = json.loads(exhibit.files["files.json"])[at]

    def change(value: Any) -> None:
        value[at]["state"] = "withheld"

    files = _with_json(exhibit, "files.json", change)
    del files[f"files/{row['sha256']}"]
    return files, "file_withheld", {"id": row["id"]}


@way
def plan_called_another(exhibit: Exhibit, data: st.DataObject) -> tuple[Files, str, dict[str, Any]]:
    at = data.draw(st.integers(0, 1))

    def change(value: Any) -> None:
        value[at]["plan"] = "t99"

    files = _with_json(exhibit, "plan/plans.json", change)
    return files, "plan_label", {"plan": "t99", "number": at + 1}


@way
def plan_file_put_in(exhibit: Exhibit, data: st.DataObject) -> tuple[Files, str, dict[str, Any]]:
    name = f"plan/{data.draw(st.integers(1, 3))}/other.bpmn"
    return {**exhibit.files, name: b"<x/>"}, "plan_unlisted", {"name": name}


def _values(exhibit: Exhibit) -> list[dict[str, Any]]:
    return [json.loads(line) for line in exhibit.files["personal.jsonl"].splitlines()]


@way
def value_changed(exhibit: Exhibit, data: st.DataObject) -> tuple[Files, str, dict[str, Any]]:
    values = _values(exhibit)
    one = data.draw(st.sampled_from(values))
    one[data.draw(st.sampled_from(["value", "salt"]))] = "0" * 32
    files = {**exhibit.files, "personal.jsonl": _lines(values)}
    return files, "value_changed", {"seq": one["seq"], "field": one["field"]}


@way
def value_moved(exhibit: Exhibit, data: st.DataObject) -> tuple[Files, str, dict[str, Any]]:
    values = _values(exhibit)
    one = data.draw(st.sampled_from(values))
    was = {"of": one["seq"], "was": one["field"]}
    one["seq" if data.draw(st.booleans()) else "field"] = data.draw(st.sampled_from([77, 78]))
    return {**exhibit.files, "personal.jsonl": _lines(values)}, "value_moved", was


@way
def value_left_out(exhibit: Exhibit, data: st.DataObject) -> tuple[Files, str, dict[str, Any]]:
    values = _values(exhibit)
    del values[data.draw(st.integers(0, len(values) - 1))]
    return {**exhibit.files, "personal.jsonl": _lines(values)}, "value_missing", {"found": 1}


@way
def value_said_to_be_destroyed(
    exhibit: Exhibit, data: st.DataObject
) -> tuple[Files, str, dict[str, Any]]:
    """Taken out, and the manifest told so: but no event destroyed it."""
    values = _values(exhibit)
    one = values.pop(data.draw(st.integers(0, len(values) - 1)))
    files = {**exhibit.files, "personal.jsonl": _lines(values)}
    manifest = json.loads(files["manifest.json"]) | {"erased": 1}
    files["manifest.json"] = canonical(manifest).encode()
    return files, "value_untold", {"seq": one["seq"], "field": one["field"]}


@way
def value_made_up(exhibit: Exhibit, data: st.DataObject) -> tuple[Files, str, dict[str, Any]]:
    values = _values(exhibit)
    one = data.draw(st.sampled_from(values))
    salt, text = "0" * 32, '"x"'
    made = hashlib.sha256(bytes.fromhex(salt) + text.encode()).hexdigest()
    one |= {"commitment": made, "salt": salt, "value": "x"}
    return {**exhibit.files, "personal.jsonl": _lines(values)}, "value_stray", {"seq": one["seq"]}


@way
def archive_changed(exhibit: Exhibit, data: st.DataObject) -> tuple[Files, str, dict[str, Any]]:
    at = data.draw(st.integers(0, 1))

    def change(value: Any) -> None:
        row = value["items"][at]["recorded"]
        row["present"] = not row["present"]

    return _with_json(exhibit, "archive.json", change), "archive_other", {}


@way
def seal_changed(exhibit: Exhibit, data: st.DataObject) -> tuple[Files, str, dict[str, Any]]:
    def change(value: Any) -> None:
        data.draw(st.sampled_from(value["chains"]))[2] = "b" * 64

    return _with_json(exhibit, "heads/list.json", change), "seal_list", {}


@way
def seal_event_changed(exhibit: Exhibit, data: st.DataObject) -> tuple[Files, str, dict[str, Any]]:
    name = data.draw(st.sampled_from(["at", "seq", "v"]))

    def change(value: Any) -> None:
        value["event"][name] = 7

    return _with_json(exhibit, "heads/seal.json", change), "seal_event", {}


@dataclass(frozen=True)
class Otherwise:
    """A way that tells one field of one row otherwise. ``rows`` finds the rows in a file's JSON,
    ``says`` what the break must say of the row at an index and of a field."""

    file: str
    rows: Callable[[Any], list[dict[str, Any]]]
    fields: Mapping[str, Any]
    code: str
    says: Callable[[int, str], dict[str, Any]]

    def __call__(self, exhibit: Exhibit, data: st.DataObject) -> tuple[Files, str, dict[str, Any]]:
        value = json.loads(exhibit.files[self.file])
        rows = self.rows(value)
        at = data.draw(st.integers(0, len(rows) - 1))
        name = data.draw(st.sampled_from(sorted(self.fields)))
        rows[at][name] = self.fields[name]
        files = {**exhibit.files, self.file: canonical(value).encode()}
        return files, self.code, self.says(at, name)


EARLIER = "2026-03-09T02:00:00Z"
WAYS |= {
    "approval_changed": Otherwise(
        "statements/1.json", lambda told: told["approvals"][:3],
        {"decision": "reject", "kind": "legal", "oral": True, "digest": "a" * 64, "version": 99},
        "approval_other", lambda at, _: {"id": at + 1},
    ),
    # Who approved what, when, is what a bundle is asked for.
    "approval_given_to_somebody_else": Otherwise(
        "statements/1.json", lambda told: told["approvals"][:3],
        {"person": 99, "entered_by": 99, "for": 99, "happened": EARLIER, "recorded": EARLIER,
         "comment": "另一句"},
        "approval_other", lambda at, name: {"id": at + 1, "what": name},
    ),
    "release_through_another_channel": Otherwise(
        "statements/1.json", lambda told: told["releases"][:1],
        {"account": "别家", "channel": 9, "person": 99, "role": "leader", "link": "http://x",
         "happened": EARLIER, "recorded": EARLIER},
        "release_other", lambda _, name: {"id": 1, "what": name},
    ),
    "text_written_by_somebody_else": Otherwise(
        "statements/1.json", lambda told: [told["versions"][1]],
        {"author": 99, "role": "leader", "created_at": EARLIER, "note": "另一句"},
        "version_other", lambda _, name: {"version": 2, "what": name},
    ),
    "statement_of_another_kind": Otherwise(
        "statements/1.json", lambda told: [told],
        {"kind": "cause", "created_by": 99, "approvals_needed": ["final"], "corrects": 7},
        "statement_row", lambda _, name: {"statement": 1, "what": name},
    ),
    "file_said_to_be_another": Otherwise(
        "files.json", lambda told: told[:2],
        {"size": 1, "mime": "image/png", "added_by": 99, "added_at": EARLIER, "name": "别的.txt",
         "note": "别的"},
        "file_row", lambda at, name: {"id": at + 1, "what": name},
    ),
    "archive_put_elsewhere": Otherwise(
        "archive.json", lambda told: [item["recorded"] for item in told["items"][:2]],
        {"where": "别处", "note": "别的", "recorded_by": 99, "recorded_at": EARLIER},
        "archive_other", lambda _at, _name: {},
    ),
    "archived_at_another_time": Otherwise(
        "archive.json", lambda told: [told],
        {"archived_at": None, "closed_at": EARLIER, "status": "open"},
        "archive_state", lambda _, name: {"name": name},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WAYS)
@settings(max_examples=4)
@given(data=st.data())
def test_each_way_is_called_by_its_name(exhibit: Exhibit, name: str, data: st.DataObject) -> None:
    files, code, args = WAYS[name](exhibit, data)
    with_key = exhibit.verify(signed(files, exhibit.key), key=exhibit.key.fingerprint)
    without = exhibit.verify(packed(files.items()))
    for report in (with_key, without):
        assert any(b.code == code and args.items() <= b.args.items() for b in report.breaks), (
            report.breaks
        )
    assert not {"changed", "signature"} & with_key.codes()
    assert {"changed", "missing", "extra"} & without.codes(), "the manifest does not fit"


# --------------------------------------------------------- what only keys, seals, lodging show


@settings(max_examples=4)
@given(seed=st.binary(min_size=32, max_size=32))
def test_a_foreign_key(exhibit: Exhibit, seed: bytes) -> None:
    foreign = Key(Ed25519PrivateKey.from_private_bytes(seed))
    content = signed(exhibit.files, foreign)
    assert exhibit.verify(content).sound, "the bundle alone cannot know"
    for given_ in ({"key": exhibit.key.fingerprint}, {"heads": exhibit.lodged}):
        assert exhibit.verify(content, **given_).codes() == {"key_foreign"}
    # The unit's next key, vouched for beside the one under which the heads were lodged.
    both = f"{exhibit.key.fingerprint}, {foreign.fingerprint}"
    report = exhibit.verify(content, key=both, heads=exhibit.lodged)
    assert report.sound and "lodged_other_key" in {code for _step, code, _args in report.told}
    assert exhibit.verify(exhibit.raw, key=both, heads=exhibit.lodged).sound
    half = packed({**exhibit.files, "key.pub": foreign.public_pem}.items())
    assert exhibit.verify(half).codes() == {"key_other", "signature"}


@settings(max_examples=4)
@given(data=st.data())
def test_what_the_keys_owner_can_do_is_seen_by_seals_only(
    exhibit: Exhibit, data: st.DataObject
) -> None:
    events = exhibit.events()
    at = data.draw(st.integers(1, len(events) - 1))
    cut = events[:at]
    anew = [dict(event) for event in events]
    anew[at]["body"] = {**anew[at]["body"], "role": "leader2"}
    for n in range(at, len(anew)):
        before = anew[n - 1]["hash"]
        anew[n]["hash"] = link_hash(before, canonical(anew[n]["body"]))
    for forged, what in ((cut, "cut_off"), (anew, "rewritten")):
        told = {"length": len(forged), "head": forged[-1]["hash"]}
        files = _with_events(exhibit, forged)
        content = signed(files, exhibit.key, **told)
        assert f"seal_{what}" in exhibit.verify(content).codes()
        bare = {n: c for n, c in files.items() if not n.startswith("heads/")}
        content = signed(bare, exhibit.key, **told)
        chain = {"event_changed", "event_missing", "cut_off", "head", "appended"}
        alone = exhibit.verify(content)
        assert not chain & alone.codes()
        assert "limit_rewritten" in {code for code, _args in alone.limits}, "it says so"
        report = exhibit.verify(content, heads=exhibit.lodged)
        assert f"lodged_{what}" in report.codes()


def test_a_chain_made_later_is_seen_by_the_list_lodged(exhibit: Exhibit, tmp_path: Path) -> None:
    """The case told anew under another number of a chain: the list lodged knows no such chain,
    though its first event says it is older."""
    lodged = json.loads(exhibit.lodged.read_bytes())
    lodged["chains"] = [one for one in lodged["chains"] if one[0] != "case:1"]
    body = canonical({"chains": lodged["chains"], "day": lodged["day"]})
    lodged["digest"] = hashlib.sha256(body.encode()).hexdigest()
    path = tmp_path / "lodged.json"
    path.write_text(json.dumps(lodged), "utf-8")
    assert exhibit.verify(exhibit.raw, heads=path).codes() == {"lodged_unborn"}
    # Lodged before the case was opened, it says nothing of it.
    path.write_text(json.dumps(lodged | {"sealed_at": "2026-03-10T01:00:00Z"}), "utf-8")
    report = exhibit.verify(exhibit.raw, heads=path)
    assert report.sound and "lodged_unknown" in {code for _step, code, _args in report.told}


def test_seals_written_anew_are_seen_by_the_line_lodged(exhibit: Exhibit) -> None:
    seal = json.loads(exhibit.files["heads/seal.json"])
    seal["event"]["at"] = "2026-03-11T09:00:00Z"
    seal["hash"] = link_hash(seal["previous"], canonical(seal["event"]))
    files = {**exhibit.files, "heads/seal.json": canonical(seal).encode()}
    content = signed(files, exhibit.key)
    assert exhibit.verify(content).sound
    assert exhibit.verify(content, heads=exhibit.line).codes() == {"line_other"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@settings(max_examples=40)
@given(data=st.data())
def test_whatever_stands_in_it_the_verifier_answers(exhibit: Exhibit, data: st.DataObject) -> None:
    names = [name for name in exhibit.files if name.endswith((".json", ".jsonl"))]
    name = data.draw(st.sampled_from(names))
    rows = [json.loads(line) for line in exhibit.files[name].splitlines()]
    place: Any = rows
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(JSON)
    content = _lines(rows) if name.endswith("l") else canonical(rows[0]).encode()
    files = {**exhibit.files, name: content}
    try:
        without = exhibit.verify(packed(files.items()))
        assert not without.sound or content == exhibit.files[name]
        with_key = exhibit.verify(signed(files, exhibit.key))
    except (Unreadable, TypeError, KeyError) as error:
        # What the manifest cannot be signed with, or says to be another format.
        assert name == "manifest.json", error
        return
    for lang in ("zh", "en"):
        assert all(list(told(report, lang)) for report in (without, with_key))


# -------------------------------------------------------------------------------- bad zips


def test_no_bundle_at_all(exhibit: Exhibit) -> None:
    bare = {n: c for n, c in exhibit.files.items() if n != "manifest.json"}
    for content, code in (
        (b"", "not_a_zip"),
        (os.urandom(3000), "not_a_zip"),
        (packed(bare.items()), "no_manifest"),
        (packed([("manifest.json", b"[]")]), "manifest_unreadable"),
        (packed([("manifest.json", b'{"format":"x"}')]), "format"),
        (packed([("manifest.json", b"[" * 200_000)]), "manifest_unreadable"),
    ):
        with pytest.raises(Unreadable) as refused:
            exhibit.verify(content)
        assert refused.value.code == code
    for lodged, code in ((b"{}", "lodged"), (b"nothing", "lodged")):
        path = exhibit.folder / "bad.json"
        path.write_bytes(lodged)
        with pytest.raises(Unreadable) as refused:
            exhibit.verify(exhibit.raw, heads=path)
        assert refused.value.code == code
    changed = exhibit.lodged.read_bytes().replace(b'"case:1",\n', b'"case:2",\n')
    path.write_bytes(changed)
    with pytest.raises(Unreadable) as refused:
        exhibit.verify(exhibit.raw, heads=path)
    assert refused.value.code == "lodged_changed"


def test_numbers_too_large_to_count_to(exhibit: Exhibit) -> None:
    events = exhibit.events()
    events[-1]["body"]["seq"] = 2**53 - 1
    files = _with_events(exhibit, events)
    report = exhibit.verify(signed(files, exhibit.key, length=2**53 - 1))
    assert [b.args["seq"] for b in report.breaks if b.code == "event_missing"][:1] == [len(events)]


def test_of_a_file_that_came_with_a_signal_it_says_what_it_cannot(exhibit: Exhibit) -> None:
    def change(value: Any) -> None:
        value.append({**value[0], "id": 77, "signal": 1})

    report = exhibit.verify(signed(_with_json(exhibit, "files.json", change), exhibit.key))
    assert report.sound and ("limit_signals", {"count": 1}) in report.limits
    assert all(list(told(report, lang)) for lang in ("zh", "en"))


def test_a_number_without_end(exhibit: Exhibit) -> None:
    for name in ("length", "erased"):
        raw = re.sub(rb'"%s":\d+' % name.encode(), b'"%s":1e999' % name.encode(),
                     exhibit.files["manifest.json"])  # fmt: skip
        with pytest.raises(Unreadable) as refused:
            exhibit.verify(packed({**exhibit.files, "manifest.json": raw}.items()))
        assert refused.value.code == "manifest_unreadable"


def test_nothing_hides_behind_a_name(exhibit: Exhibit, monkeypatch: pytest.MonkeyPatch) -> None:
    """A zip's reader cuts a name off at a zero byte: what stands behind it would not be seen."""
    monkeypatch.setattr(evidence_zip, "_is_plain", bool)
    hidden = {"report.html": "report.html\0" + "x" * 40}
    files = [(hidden.get(name, name), content) for name, content in exhibit.files.items()]
    report = exhibit.verify(packed(files), key=exhibit.key.fingerprint)
    assert [(b.code, b.args["name"]) for b in report.breaks] == [("layout", "report.html")]


def test_a_file_listed_twice(exhibit: Exhibit) -> None:
    manifest = json.loads(exhibit.files["manifest.json"])
    twice = [{**manifest["files"][0], "sha256": "a" * 64}, *manifest["files"]]
    raw = canonical({**manifest, "files": twice}).encode()
    own = {"manifest.json": raw, "manifest.sig": exhibit.key.sign(raw)}
    report = exhibit.verify(packed({**exhibit.files, **own}.items()))
    assert report.codes() == {"listed_twice"}


def test_extra_missing_and_double_files(exhibit: Exhibit) -> None:
    files = list(exhibit.files.items())
    extra = exhibit.verify(packed([*files, ("注意.txt", b"x")]))
    assert extra.codes() == {"extra"}
    for name in exhibit.files:
        if name != "manifest.json":
            gone = exhibit.verify(packed([f for f in files if f[0] != name]))
            assert any(b.code == "missing" and b.args["name"] == name for b in gone.breaks)
    moved = exhibit.verify(packed([*files[1:], files[0]]))
    assert moved.codes() == {"order"}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as box, pytest.warns(UserWarning):
        for name, content in [*files, ("events.jsonl", b"")]:
            box.writestr(name, content)
    assert "twice" in exhibit.verify(out.getvalue()).codes()


def test_a_bomb_is_not_unpacked(exhibit: Exhibit) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as box:
        for name, content in exhibit.files.items():
            box.writestr(name, bytes(80_000_000) if name == "report.html" else content)
    assert len(out.getvalue()) < 200_000
    report = exhibit.verify(out.getvalue())
    assert {"compressed", "swells"} <= report.codes()
    assert any(b.code == "swells" and b.args["name"] == "report.html" for b in report.breaks)
    with pytest.raises(Unreadable) as refused:
        exhibit.verify(_claims(out.getvalue(), 2**32 - 2))
    assert refused.value.code == "too_much"


def _claims(raw: bytes, size: int) -> bytes:
    """The zip with two entries in its table of contents said to be this large."""
    content, at = bytearray(raw), 0
    for _ in range(2):
        at = content.index(b"PK\1\2", at) + 4
        content[at + 20 : at + 24] = size.to_bytes(4, "little")
    return bytes(content)
