"""Bundles no system of ours would write, made by somebody who knows the format and has a key: the
verifier answers each in words, and calls none of them sound."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from models.cases import Case
from services import evidence_zip
from services.canonical import canonical, link_hash
from services.signing import Key
from services.uow import Database
from tests.integration.evidence_world import (
    bundle_of,
    contents,
    key_in,
    packed,
    signed,
    unmask,
)
from tests.integration.world import MORNING, Made, World
from tools import planroom_verify
from tools.planroom_verify import Report, Unreadable, main, told, verify


@dataclass
class Sound:
    """An untouched bundle, its files and its key."""

    path: Path
    raw: bytes
    files: dict[str, bytes]
    key: Key

    def answer(self, content: bytes) -> Report | str:
        """The report, or why there is none; both can be said in both languages."""
        self.path.write_bytes(content)
        try:
            report = verify(self.path)
        except Unreadable as error:
            return error.code
        assert all(list(told(report, lang)) for lang in ("zh", "en"))
        return report

    def codes(self, content: bytes) -> set[str]:
        answer = self.answer(content)
        return {answer} if isinstance(answer, str) else answer.codes()


@pytest.fixture(scope="module")
def sound(rich: tuple[Made, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sound]:
    (path, people), files = rich
    folder = tmp_path_factory.mktemp("hostile")
    shutil.copyfile(path, folder / "planroom.db")
    shutil.copytree(files, folder, dirs_exist_ok=True)
    db = Database(f"sqlite:///{folder / 'planroom.db'}")
    world = World(db, MORNING, dict(people))
    case = world.one(select(Case))
    unmask(world, case.id)
    raw, _made = bundle_of(world, folder, case.id)
    yield Sound(folder / "tried.zip", raw, contents(raw), key_in(folder))
    db.dispose()


# ------------------------------------------------------------------------------------- the zip

_BIG = st.sampled_from([0, 1, 2**31, 2**32 - 1, 2**32, 2**53, 2**63 - 1, 2**63, 2**64 - 1])


def _entries(raw: bytes) -> tuple[bytes, list[bytearray], bytes]:
    """What comes before the table of contents, its entries, what comes after."""
    at, end = raw.index(b"PK\1\2"), raw.index(b"PK\5\6")
    found, here = list[bytearray](), at
    while here < end:
        length = 46 + sum(struct.unpack("<3H", raw[here + 28 : here + 34]))
        found.append(bytearray(raw[here : here + length]))
        here += length
    return raw[:at], found, raw[end:]


@settings(max_examples=60)
@given(data=st.data())
def test_sizes_and_places_no_file_has(sound: Sound, data: st.DataObject) -> None:
    """The ZIP64 field of an entry may say up to 2**64 - 1 of its sizes and its place."""
    body, entries, end = _entries(sound.raw)
    one = entries[data.draw(st.integers(0, len(entries) - 1))]
    extra = b""
    for place in data.draw(st.sets(st.sampled_from([24, 20, 42]), min_size=1)):
        one[place : place + 4] = b"\xff" * 4
    for place in (24, 20, 42):
        if one[place : place + 4] == b"\xff" * 4:
            extra += struct.pack("<Q", data.draw(_BIG))
    one[30:32] = struct.pack("<H", len(extra) + 4)
    one += struct.pack("<HH", 1, len(extra)) + extra
    table = b"".join(entries)
    content = body + table + end[:12] + struct.pack("<L", len(table)) + end[16:]
    assert sound.codes(content)


@settings(max_examples=60)
@given(place=st.sampled_from([4, 6, 8, 10, 12, 16, 20]), value=st.binary(min_size=2, max_size=2))
def test_an_end_that_points_elsewhere(sound: Sound, place: int, value: bytes) -> None:
    at = sound.raw.index(b"PK\5\6") + place
    for end in (value, value * 2 if place in (12, 16) else value):
        content = sound.raw[:at] + end + sound.raw[at + len(end) :]
        assert content == sound.raw or sound.codes(content)


@pytest.mark.parametrize("way", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packed_in_another_way_and_damaged(sound: Sound, way: int) -> None:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", way) as box:
        for name, content in sound.files.items():
            box.writestr(name, content)
    raw = out.getvalue()
    assert sound.codes(raw) & {"compressed", "content"}
    for at in range(0, len(raw), max(1, len(raw) // 60)):
        assert sound.codes(raw[:at] + bytes([raw[at] ^ 0x55]) + raw[at + 1 :])


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("items/../../up.html", "unsafe"),
        ("/etc/passwd", "unsafe"),
        ("items\\up.html", "unsafe"),
        ("C:up.html", "unsafe"),
        ("items/a\nb.html", "unsafe"),
        ("items/\u202elmth.html", "unsafe"),
        ("items//a.html", "unsafe"),
        ("items/", "unsafe"),
        ("REPORT.html", "twin"),
        ("Events.jsonl", "twin"),
        ("setup.exe", "stranger"),
        ("report.html.exe", "stranger"),
        ("report.html/x", "stranger"),
    ],
)
def test_a_signature_makes_no_name_good(
    sound: Sound, monkeypatch: pytest.MonkeyPatch, name: str, code: str
) -> None:
    """Signed and listed, a file still may not be unpacked elsewhere or upon another."""
    monkeypatch.setattr(evidence_zip, "_is_plain", bool)
    assert code in sound.codes(signed({**sound.files, name: b"x"}, sound.key))


def test_two_ways_to_write_one_name(sound: Sound) -> None:
    twins = {"items/caf\u00e9.html": b"1", "items/cafe\u0301.html": b"2"}
    assert sound.codes(signed({**sound.files, **twins}, sound.key)) == {"twin"}


# -------------------------------------------------------------------------------- the manifest


def _with_manifest(sound: Sound, raw: bytes) -> bytes:
    own = {"manifest.json": raw, "manifest.sig": sound.key.sign(raw)}
    return packed({**sound.files, **own}.items())


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw.replace(b'"masked":false', b'"masked":0'),
        lambda raw: raw.replace(b'"masked":false', b'"masked":"false"'),
        lambda raw: raw.replace(b'"erased":0', b'"erased":0.5'),
        lambda raw: raw.replace(b'"erased":0', b'"erased":false'),
        lambda raw: raw.replace(b'"length":', b'"length":"29","l":'),
        lambda raw: raw.replace(b'"length":', b'"length":NaN,"l":'),
        lambda raw: raw.replace(b'"length":', b'"length":' + b"9" * 5000),
        lambda raw: raw.replace(b'"size":', b'"size":0.5,"s":', 1),
        lambda raw: raw.replace(b'"role":"auditor"', b'"role":"\\ud800"'),
        lambda raw: raw.replace(b'"role":"auditor"', b'"role":["auditor"]'),
        lambda raw: raw.replace(b'"id":1,', b'"id":2,'),
        lambda raw: b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        lambda _raw: b"null",
    ],
)
def test_a_manifest_of_another_shape(sound: Sound, change: Callable[[bytes], bytes]) -> None:
    raw = change(sound.files["manifest.json"])
    assert raw != sound.files["manifest.json"]
    assert sound.codes(_with_manifest(sound, raw)) == {"manifest_unreadable"}


@pytest.mark.parametrize("added", [b"\n", b"\r\n", b" "])
def test_a_manifest_written_otherwise(sound: Sound, added: bytes) -> None:
    raw = sound.files["manifest.json"]
    for other in (raw + added, b"\xef\xbb\xbf" + raw, raw[:-1] + b',"chain":"case:1"}'):
        assert "not_canonical" in sound.codes(_with_manifest(sound, other))


def test_a_manifest_that_lists_nothing(sound: Sound) -> None:
    told_ = json.loads(sound.files["manifest.json"]) | {"files": []}
    raw = canonical(told_).encode()
    assert "extra" in sound.codes(_with_manifest(sound, raw))
    own = {"manifest.json": raw, "manifest.sig": sound.key.sign(raw)}
    bare = packed({**own, "key.pub": sound.files["key.pub"]}.items())
    assert "missing" in sound.codes(bare)


# ----------------------------------------------------------------------------------- the events


def _retold(sound: Sound, change: Callable[[list[dict[str, Any]]], object]) -> bytes:
    """The chain told anew, joined and signed as if nothing had happened, without a seal."""
    bodies = [json.loads(line)["body"] for line in sound.files["events.jsonl"].splitlines()]
    change(bodies)
    lines, before = list[str](), ""
    for body in bodies:
        before = link_hash(before, canonical(body))
        lines.append(canonical({"body": body, "hash": before}) + "\n")
    files = {n: c for n, c in sound.files.items() if not n.startswith("heads/")}
    files["events.jsonl"] = "".join(lines).encode()
    return signed(files, sound.key, head=before, length=len(lines))


@pytest.mark.parametrize(
    "what",
    [{"type": ["x"]}, {"type": {}}, {"at": 5}, {"personal": "abc"}, {"personal": [["a", "b"]]},
     {"personal": {"a": 5}}, {"seq": True}, {"seq": 4.5}, {"data": []}, {"chain": 1}],
)  # fmt: skip
def test_an_event_of_another_shape(sound: Sound, what: dict[str, Any]) -> None:
    assert not sound.codes(_retold(sound, lambda bodies: None)), "else the rest shows nothing"
    at = 0 if "seq" in what else 3
    assert "event_unreadable" in sound.codes(_retold(sound, lambda bodies: bodies[at].update(what)))


def test_a_chain_that_opens_no_case(sound: Sound) -> None:
    def change(bodies: list[dict[str, Any]]) -> None:
        bodies[0]["type"] = "case.renamed"

    assert "not_opened" in sound.codes(_retold(sound, change))


# ------------------------------------------------------------------------------ the program


def test_without_its_libraries_it_says_what_is_missing() -> None:
    """As somebody meets it who took the one file and nothing else."""
    file = Path(planroom_verify.__file__)
    ran = subprocess.run(
        [sys.executable, "-S", "-I", str(file), "bundle.zip"], capture_output=True, check=False
    )
    told_ = ran.stderr.decode()
    assert ran.returncode == 2 and "pip install rfc8785 cryptography" in told_
    assert "Traceback" not in told_


# -------------------------------------------------------------------------------------- the key


def test_the_verdict_says_when_nobody_vouched_for_the_key(
    sound: Sound, capsys: pytest.CaptureFixture[str]
) -> None:
    sound.path.write_bytes(sound.raw)
    for given_, zh, en in (
        ([], "密钥没有与别处得到的指纹比对", "the key was not compared"),
        (["--key", sound.key.fingerprint], "核对结果:完好。", "Result: sound."),
    ):
        for lang, words in (("zh", zh), ("en", en)):
            assert main([str(sound.path), "--lang", lang, *given_]) == 0
            assert words in capsys.readouterr().out.splitlines()[-1]
