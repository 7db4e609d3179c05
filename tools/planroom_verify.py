#!/usr/bin/env python3
"""Checks an evidence bundle of Planroom, without Planroom: no server, no database, this one file,
Python 3.10 or newer.

    pip install rfc8785 cryptography
    python planroom_verify.py bundle.zip [--key FINGERPRINT] [--heads LODGED] [--lang zh|en]

``--key``: the fingerprint of the unit's signing key, got by another way than the bundle; again for
each further one, where the unit has changed its key.
``--heads``: a list of chain heads (or a text with its one line) that was lodged outside the unit.
Says in words what was checked and where the first break is. Ends with 0 (sound), 1 (broken),
2 (unreadable).

What a bundle is: a zip in which every byte is settled by its contents (nothing compressed, no
times, no gaps). ``manifest.json`` (RFC 8785) names every other file with size and SHA-256 and is
signed with Ed25519 (``manifest.sig``, ``key.pub``). ``events.jsonl`` holds one event a line,
``{"body": BODY, "hash": HASH}``, HASH = SHA-256(hash of the event before, as hex text, followed by
the canonical JSON of BODY). A personal value's commitment in BODY is SHA-256(16 bytes of salt
followed by the canonical JSON of the value). A plan version's hash is over its files in order of
name, each name and content preceded by its length in 8 bytes, big-endian.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import struct
import sys
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

try:
    from itertools import pairwise  # since Python 3.10

    import rfc8785
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError as missing:
    if __name__ != "__main__":
        raise
    sys.stderr.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    if missing.name == "itertools":
        print("需要 Python 3.10 以上。 Python 3.10 or newer is needed.", file=sys.stderr)
    else:
        print(
            f"缺少程序库 {missing.name}。请先运行:pip install rfc8785 cryptography", file=sys.stderr
        )
        print(
            f"{missing.name} is missing. First: pip install rfc8785 cryptography", file=sys.stderr
        )
    sys.exit(2)

FORMAT, HEADS_FORMAT = "planroom-evidence/1", "planroom-heads/1"
#: Bytes of a file that is read as a whole, of one line of events, and of everything together.
MOST_WHOLE, MOST_LINE, MOST_ALL = 256 << 20, 16 << 20, 2**32 - 1
#: How many breaks of one kind are told one by one.
MOST_TOLD = 5
_SIGNED = ("manifest.json", "manifest.sig", "key.pub")
#: What a bundle may hold besides.
_KINDS = re.compile(
    r"(?:events|personal)\.jsonl|(?:people|files|archive)\.json|(?:report|contents)\.(?:html|docx)"
    r"|(?:plan|statements|files|heads|items)/.+"
)
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, ValueError, KeyError,
    IndexError, NotImplementedError, RuntimeError, OverflowError,
)  # fmt: skip
_MISSHAPEN = (
    KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError, OverflowError,
)  # fmt: skip


class Unreadable(Exception):
    """There is nothing here that could be checked."""

    def __init__(self, code: str, **args: Any) -> None:
        self.code, self.args_ = code, args
        super().__init__(code)


@dataclass(frozen=True)
class Break:
    """Something that does not hold: in which step, what (a key of `WORDS`), and where."""

    step: int
    code: str
    args: Mapping[str, Any]


@dataclass
class Report:
    """What was found. ``told`` holds (step, code, args) in order: what was checked, what is worth
    knowing; ``breaks`` what does not hold; ``limits`` what no check here can show."""

    told: list[tuple[int, str, Mapping[str, Any]]] = field(default_factory=list)
    breaks: list[Break] = field(default_factory=list)
    limits: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    step: int = 0

    def begin(self, step: int) -> None:
        self.step = step

    def say(self, code: str, **args: Any) -> None:
        self.told.append((self.step, code, args))

    def broken(self, code: str, **args: Any) -> None:
        self.breaks.append(Break(self.step, code, args))

    @property
    def sound(self) -> bool:
        return not self.breaks

    def codes(self) -> set[str]:
        """The kinds of breaks, for programs."""
        return {one.code for one in self.breaks}


def canonical(value: Any) -> bytes:
    """RFC 8785. Raises ValueError for what it cannot carry."""
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeError) as error:
        raise ValueError(str(error)) from error


def sha256(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


# ------------------------------------------------------------------------------ 1. the container

_LOCAL, _CENTRAL, _END = (struct.Struct(f) for f in ("<4s5H3L2H", "<4s6H3L5H2L", "<4s4H2LH"))


class Container:
    """The zip and what is in it, read a piece at a time."""

    def __init__(self, file: BinaryIO, report: Report) -> None:
        self._file, self._report = file, report
        try:
            self._zip = zipfile.ZipFile(file)
            infos = self._zip.infolist()
        except _DAMAGED as error:
            raise Unreadable("not_a_zip") from error
        self.order = [info.filename for info in infos]
        self.infos: dict[str, zipfile.ZipInfo] = {}
        for info in infos:
            self.infos.setdefault(info.filename, info)
        if sum(info.file_size for info in infos) > MOST_ALL:
            raise Unreadable("too_much", limit=MOST_ALL)
        for name, count in Counter(self.order).items():
            if count > 1:
                report.broken("twice", name=name)
        self._check_names()
        self._check_layout(infos)

    def _check_names(self) -> None:
        """Unpacked anywhere, each file stays in the folder and none lies upon another."""
        there: dict[str, str] = {}
        for name in self.infos:
            if not _is_plain(name):
                self._report.broken("unsafe", name=name)
            if name.startswith("plan/"):
                continue  # told apart by the version's own list and hash
            other = there.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
            if other != name:
                self._report.broken("twin", name=name, other=other)

    def _check_layout(self, infos: list[zipfile.ZipInfo]) -> None:
        """Every byte between the contents is what it has to be."""
        at, table = 0, b""
        for info in infos:
            name = info.orig_filename.encode("utf-8", "surrogateescape")
            shape = (20, 0x800, 0, 0, 0x21, info.CRC, info.file_size, info.file_size, len(name))
            local = _LOCAL.pack(b"PK\3\4", *shape, 0) + name
            if info.compress_type != zipfile.ZIP_STORED:
                self._report.broken("compressed", name=info.filename)
            elif (
                info.header_offset != at
                or self._bytes(at, len(local)) != local
                or info.filename != info.orig_filename  # what follows a zero byte is not read
            ):
                self._report.broken("layout", name=info.filename, at=at)
            rest = (0, 0, 0, 0, 0o100644 << 16, min(at, 2**32 - 1))
            table += _CENTRAL.pack(b"PK\1\2", 0x314, *shape, *rest) + name
            at += len(local) + info.compress_size
        count = min(len(infos), 2**16 - 1)
        end = _END.pack(
            b"PK\5\6", 0, 0, count, count, min(len(table), 2**32 - 1), min(at, 2**32 - 1), 0
        )
        found = self._bytes(at, len(table) + len(end) + 1)
        if found != table + end:
            same = next((n for n, (a, b) in enumerate(zip(found, table + end, strict=False))
                         if a != b), min(len(found), len(table + end)))  # fmt: skip
            self._report.broken("layout_end", at=at + same)

    def _bytes(self, at: int, count: int) -> bytes:
        """What stands there: nothing at a place no file has."""
        try:
            self._file.seek(at)
            return self._file.read(count)
        except (OSError, ValueError, OverflowError):
            return b""

    def pieces(self, name: str) -> Iterator[bytes]:
        """A file's content. Raises `Unreadable` ``content`` where the zip does not give it."""
        info = self.infos[name]
        if info.file_size > 1000 + 100 * max(info.compress_size, 1):
            raise Unreadable("swells", name=name)
        if info.compress_type == zipfile.ZIP_STORED:
            yield from self._stored(info)
            return
        if info.compress_type != zipfile.ZIP_DEFLATED:
            raise Unreadable("content", name=name)  # a way of packing may ask for gigabytes
        try:
            with self._zip.open(info) as content:
                while piece := content.read(1 << 18):
                    yield piece
        except _DAMAGED as error:
            raise Unreadable("content", name=name) from error

    def _stored(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        """Straight from the file: a damaged header, told already, does not hide the content."""
        at = info.header_offset + _LOCAL.size + len(info.orig_filename.encode("utf-8", "replace"))
        left = info.file_size
        while left:
            piece = self._bytes(at, min(left, 1 << 18))
            if not piece:
                raise Unreadable("content", name=info.filename)
            at, left = at + len(piece), left - len(piece)
            yield piece

    def whole(self, name: str) -> bytes:
        """A small file's content. Raises `Unreadable`."""
        if name not in self.infos:
            raise Unreadable("missing", name=name)
        if self.infos[name].file_size > MOST_WHOLE:
            raise Unreadable("too_large", name=name)
        return b"".join(self.pieces(name))

    def lines(self, name: str) -> Iterator[bytes]:
        """A file's lines without their ends; the last one may lack its own (then it ends in
        ``\\0``, which no line of ours holds)."""
        rest = b""
        for piece in self.pieces(name):
            *whole, rest = (rest + piece).split(b"\n")
            yield from whole
            if len(rest) > MOST_LINE:
                raise Unreadable("too_large", name=name)
        if rest:
            yield rest + b"\0"

    def json(self, name: str) -> Any:
        """A file of canonical JSON; another way of writing it is told as a break. Raises
        `Unreadable` ``no_json``."""
        content = self.whole(name)
        try:
            value = json.loads(content)
            if canonical(value) != content:
                self._report.broken("not_canonical", name=name)
        except (ValueError, RecursionError) as error:
            raise Unreadable("no_json", name=name) from error
        return value


def _is_plain(name: str) -> bool:
    """Whether a name is a relative path that stays below the folder it is unpacked in."""
    parts = name.split("/")
    return (
        "\\" not in name
        and ":" not in name
        and name.isprintable()
        and not any(part in ("", ".", "..") for part in parts)
    )


# ------------------------------------------------------------------------ 2.-4. manifest and key


@dataclass
class Manifest:
    raw: bytes
    told: Mapping[str, Any]
    files: Mapping[str, tuple[int, str]]

    @property
    def chain(self) -> str:
        return str(self.told["chain"])

    @property
    def length(self) -> int:
        return int(self.told["length"])


def read_manifest(box: Container, report: Report) -> Manifest:
    report.begin(2)
    if "manifest.json" not in box.infos:
        raise Unreadable("no_manifest")
    raw = box.whole("manifest.json")
    try:
        told = json.loads(raw)
        if told["format"] != FORMAT:
            raise Unreadable("format", found=str(told["format"])[:60])
        _require_shape(told)
        files = {f["name"]: (f["size"], f["sha256"]) for f in told["files"]}
        if len(files) < len(told["files"]):
            report.broken("listed_twice")
        manifest = Manifest(raw, told, files)
        shown = {
            "unit": str(told["installation"]["name"]), "number": str(told["case"]["number"]),
            "chain": manifest.chain, "length": manifest.length, "head": str(told["head"]),
            "at": str(told["made_at"]), "role": str(told["made_by"]["role"]),
            "key": str(told["key"]), "erased": int(told["erased"]), "masked": bool(told["masked"]),
        }  # fmt: skip
        if canonical(told) != raw:
            report.broken("not_canonical", name="manifest.json")
    except _MISSHAPEN as error:
        raise Unreadable("manifest_unreadable") from error
    report.say("about", **shown)
    return manifest


def _require_shape(told: Mapping[str, Any]) -> None:
    """Raises ValueError for a manifest that says one thing in the kind of another: what is shown
    of it has to be what was checked."""
    texts = [told["chain"], told["head"], told["key"], told["made_at"], told["made_by"]["role"],
             told["installation"]["name"], told["case"]["number"]]  # fmt: skip
    texts += [f[name] for f in told["files"] for name in ("name", "sha256")]
    numbers = [told["length"], told["erased"], told["case"]["id"]]
    numbers += [f["size"] for f in told["files"]]
    for kind, some in ((str, texts), (int, numbers), (bool, [told["masked"]])):
        if any(type(one) is not kind for one in some):
            raise ValueError(kind.__name__)
    if told["chain"] != f"case:{told['case']['id']}":
        raise ValueError("chain")


def check_key(box: Container, manifest: Manifest, keys: frozenset[str], report: Report) -> None:
    """Key and signature; ``keys``: the fingerprints of which it has to have one, where any were
    given."""
    report.begin(3)
    missing = [name for name in ("key.pub", "manifest.sig") if name not in box.infos]
    for name in missing:
        report.broken("missing", name=name)
    if missing:
        return
    pem = box.whole("key.pub")
    try:
        public = serialization.load_pem_public_key(pem)
        if not isinstance(public, Ed25519PublicKey):
            raise ValueError
    except (ValueError, UnsupportedAlgorithm):
        report.broken("key_unreadable")
        return
    coding, form = serialization.Encoding, serialization.PublicFormat
    if public.public_bytes(coding.PEM, form.SubjectPublicKeyInfo) != pem:
        report.broken("key_changed")
    fingerprint = sha256(public.public_bytes(coding.Raw, form.Raw))
    if fingerprint != manifest.told["key"]:
        report.broken("key_other", found=fingerprint, told=str(manifest.told["key"])[:64])
    if keys and fingerprint not in keys:
        report.broken("key_foreign", found=fingerprint, wanted=", ".join(sorted(keys)))
    try:
        public.verify(box.whole("manifest.sig"), manifest.raw)
    except InvalidSignature:
        report.broken("signature")
    else:
        report.say("signed_known" if fingerprint in keys else "signed", key=fingerprint)


def check_files(box: Container, manifest: Manifest, report: Report) -> None:
    report.begin(4)
    names = set(manifest.files) | set(_SIGNED)
    for name in dict.fromkeys(box.order):
        if name not in names:
            report.broken("extra", name=name)
    for name in manifest.files:
        if not _KINDS.fullmatch(name) and name not in _SIGNED:
            report.broken("stranger", name=name)
    if not set(_SIGNED).isdisjoint(manifest.files):
        report.broken("manifest_lists_itself")
    right = 0
    for name, (size, digest) in manifest.files.items():
        if name not in box.infos:
            report.broken("missing", name=name)
            continue
        seen, there, crc = hashlib.sha256(), 0, 0
        try:
            for piece in box.pieces(name):
                seen.update(piece)
                there, crc = there + len(piece), zlib.crc32(piece, crc)
        except Unreadable as error:
            report.broken("changed" if error.code == "content" else error.code, name=name)
            continue
        if (there, seen.hexdigest()) != (size, digest):
            report.broken("changed", name=name)
        elif crc != box.infos[name].CRC:
            report.broken("checksum", name=name)
        else:
            right += 1
    for name in _SIGNED:
        if name in box.infos and zlib.crc32(box.whole(name)) != box.infos[name].CRC:
            report.broken("checksum", name=name)
    wanted = [name for name in (*manifest.files, *_SIGNED) if name in box.infos]
    if [name for name in dict.fromkeys(box.order) if name in names] != wanted:
        report.broken("order")
    report.say("files", right=right, count=len(manifest.files))


# ------------------------------------------------------------------------------ 5. the chain


@dataclass
class Chain:
    """What later steps need of the events. ``hashes`` by sequence number; ``personal``:
    commitment -> (sequence number, field); ``of``: type -> (sequence number, data) of the events
    that other files are held against, ``bodies`` all that such an event says; ``first``: when the
    chain was begun."""

    hashes: dict[int, str] = field(default_factory=dict)
    personal: dict[str, tuple[int, str]] = field(default_factory=dict)
    of: dict[str, list[tuple[int, Mapping[str, Any]]]] = field(default_factory=dict)
    bodies: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    first: str = ""

    @property
    def destroyed(self) -> int:
        """The last event that destroyed personal values, 0 without one."""
        return max((seq for seq, _ in self.events("personal.destroyed")), default=0)

    def events(self, *types: str) -> list[tuple[int, Mapping[str, Any]]]:
        found = [one for type_ in types for one in self.of.get(type_, [])]
        return sorted(found, key=lambda one: one[0])


_HELD_AGAINST = frozenset(
    (
        "case.opened", "instance.started", "instance.migrated", "statement.created",
        "statement.version_added", "approval.given", "approval.voided", "approval.countersigned",
        "statement.released", "statement.withdrawn", "statement.link_added", "file.added",
        "archive.item_recorded", "personal.destroyed", "case.closed", "case.archived",
    )
)  # fmt: skip


def read_chain(box: Container, manifest: Manifest, report: Report) -> Chain:
    report.begin(5)
    chain, order = Chain(), list[int]()
    if "events.jsonl" not in box.infos:
        report.broken("missing", name="events.jsonl")
        return chain
    few = Few(report)
    before: tuple[int, str] | None = (0, "")
    for number, line in enumerate(box.lines("events.jsonl"), 1):
        event = _event(line)
        if event is None:
            few.broken("event_unreadable", line=number)
            before = None
            continue
        body, hash_, text = event
        seq = int(body["seq"])
        order.append(seq)
        follows = before is not None and seq == before[0] + 1
        if follows and before is not None and hash_ != sha256(before[1].encode(), text):
            few.broken("event_changed", seq=seq, type=str(body.get("type"))[:60])
        if body.get("chain") != manifest.chain:
            few.broken("event_foreign", seq=seq, chain=str(body.get("chain"))[:60])
        before = (seq, hash_)
        chain.hashes.setdefault(seq, hash_)
        for name, commitment in body.get("personal", {}).items():
            chain.personal[str(commitment)] = (seq, str(name))
        chain.first = chain.first or str(body.get("at"))
        if body.get("type") in _HELD_AGAINST:
            chain.of.setdefault(str(body["type"]), []).append((seq, body["data"]))
            chain.bodies[seq] = body
    few.tell()
    _check_order(order, manifest, report)
    last = before[1] if before is not None else None
    if last != manifest.told["head"] and len(order) == manifest.length:
        report.broken("head", found=str(last), told=str(manifest.told["head"])[:64])
    for seq, data in chain.events("case.opened"):
        if data.get("number") != manifest.told["case"]["number"]:
            report.broken("other_case", seq=seq, number=str(data.get("number"))[:40])
    if order and order[0] == 1 and not chain.events("case.opened"):
        report.broken("not_opened")
    report.say("chain", count=len(order), head=str(last))
    return chain


def _event(line: bytes) -> tuple[Mapping[str, Any], str, bytes] | None:
    """Body, hash and the body's own text, of a line written as we write it."""
    try:
        told = json.loads(line)
        text, hash_ = canonical(told["body"]), told["hash"]
        if line != b'{"body":' + text + b',"hash":' + canonical(hash_) + b"}":
            return None
        return (told["body"], hash_, text) if _is_event(told["body"], hash_) else None
    except _MISSHAPEN:
        return None


def _is_event(body: Mapping[str, Any], hash_: Any) -> bool:
    """Whether what every event has is of the kind it has to be."""
    texts = [hash_, body["chain"], body["type"], body["at"], *body.get("personal", {}).values()]
    return (
        type(body["seq"]) is int
        and isinstance(body["data"], dict)
        and all(isinstance(text, str) for text in texts)
    )


def _check_order(order: list[int], manifest: Manifest, report: Report) -> None:
    few, there, length = Few(report), Counter(order), manifest.length
    last = max(there, default=0)
    until = min(last, length)
    missing = until - sum(1 <= seq <= until for seq in there)
    told = 0
    for seq in range(1, until + 1):  # never longer than there are events, whatever they claim
        if told == min(missing, MOST_TOLD):
            break
        if seq not in there:
            report.broken("event_missing", seq=seq)
            told += 1
    if missing > told:
        report.broken("more", count=missing - told, of="event_missing")
    for seq, count in there.items():
        if count > 1:
            few.broken("event_twice", seq=seq)
    for one, other in pairwise(order):
        if other < one:
            few.broken("event_moved", seq=other, after=one)
    few.tell()
    if last < length:
        report.broken("cut_off", last=last, length=length)
    if last > length or len(order) > length:
        report.broken("appended", last=last, length=length)


class Few:
    """Tells the first breaks of each kind, and of the others how many there are."""

    def __init__(self, report: Report) -> None:
        self._report, self._counts = report, Counter[str]()

    def broken(self, code: str, **args: Any) -> None:
        self._counts[code] += 1
        if self._counts[code] <= MOST_TOLD:
            self._report.broken(code, **args)

    def tell(self) -> None:
        for code, count in self._counts.items():
            if count > MOST_TOLD:
                self._report.broken("more", count=count - MOST_TOLD, of=code)


# ------------------------------------------------------------------------- 6. personal values


def check_personal(box: Container, manifest: Manifest, chain: Chain, report: Report) -> Values:
    report.begin(6)
    values: Values = {}
    there, masked = "personal.jsonl" in box.infos, bool(manifest.told["masked"])
    if masked:
        if there:
            report.broken("masked_not")
        report.say("masked", count=len(chain.personal))
        return values
    if not there:
        report.broken("missing", name="personal.jsonl")
        return values
    few, seen = Few(report), set[str]()
    for number, line in enumerate(box.lines("personal.jsonl"), 1):
        try:
            told = json.loads(line)
            if canonical(told) != line:
                raise ValueError
            seq, name, commitment = int(told["seq"]), str(told["field"]), str(told["commitment"])
            salt = bytes.fromhex(told["salt"])
            right = sha256(salt, canonical(told["value"])) == commitment and len(salt) == 16
        except _MISSHAPEN:
            few.broken("value_unreadable", line=number)
            continue
        place = chain.personal.get(commitment)
        if place is None:
            few.broken("value_stray", seq=seq, field=name[:60])
        elif place != (seq, name):
            few.broken("value_moved", seq=seq, field=name[:60], of=place[0], was=place[1][:60])
        elif not right:
            few.broken("value_changed", seq=seq, field=name[:60])
        elif commitment in seen:
            few.broken("value_twice", seq=seq, field=name[:60])
        seen.add(commitment)
        values[seq, name] = told["value"]
    for commitment, (seq, name) in chain.personal.items():
        if commitment not in seen and seq > chain.destroyed:
            few.broken("value_untold", seq=seq, field=name[:60])
    few.tell()
    erased = len(chain.personal.keys() - seen)
    if erased != manifest.told["erased"]:
        report.broken("value_missing", found=erased, told=int(manifest.told["erased"]))
    report.say("values", count=len(seen), erased=erased)
    return values


Values = dict[tuple[int, str], Any]


# ------------------------------------------------------- 7.-10. what the events are held against


def check_plans(box: Container, chain: Chain, report: Report) -> None:
    report.begin(7)
    told = box.json("plan/plans.json")
    known, files, listed = {}, 0, {"plan/plans.json"}
    for version in told:
        number, names = int(version["number"]), [str(name) for name in version["files"]]
        known[str(version["hash"])] = (str(version["plan"]), number)
        listed |= {f"plan/{number}/{name}" for name in names}
        digest = hashlib.sha256()
        for name in sorted(names):
            for part in (name.encode(), box.whole(f"plan/{number}/{name}")):
                digest.update(len(part).to_bytes(8, "big"))
                digest.update(part)
        files += len(names)
        if digest.hexdigest() != version["hash"]:
            report.broken("plan_changed", plan=str(version["plan"])[:60], number=number)
    named = [
        (seq, data[key])
        for seq, data in chain.events("instance.started", "instance.migrated")
        for key in ("hash", "from_hash", "to_hash")
        if key in data
    ]
    for seq, hash_ in named:
        if hash_ not in known:
            report.broken("plan_other", seq=seq, hash=str(hash_)[:64])
    for seq, hash_, label in _labels(chain):
        found = known.get(str(hash_), label)
        if any(one is not None and one != shown for one, shown in zip(label, found, strict=True)):
            report.broken("plan_label", seq=seq, plan=found[0][:60], number=found[1])
    for name in box.infos:
        if name.startswith("plan/") and name not in listed:
            report.broken("plan_unlisted", name=name)
    report.say("plans", count=len(known), files=files, named=len(named))


def _labels(chain: Chain) -> Iterator[tuple[int, Any, tuple[Any, Any]]]:
    """Which plan, and which number of it, events say a version is: (seq, hash, (plan, number)),
    None for what one does not say."""
    opened = [data for _, data in chain.events("case.opened")][:1]
    plan = opened[0].get("plan") if opened else None
    for seq, data in chain.events("instance.started")[:1]:
        yield seq, data.get("hash"), (plan, opened[0].get("plan_version") if opened else None)
    for seq, data in chain.events("instance.migrated"):
        for way in ("from", "to"):
            yield seq, data.get(f"{way}_hash"), (plan, data.get(f"{way}_number"))


@dataclass(frozen=True)
class Rows:
    """The chain's word on rows of other files. ``masked``: what people typed is left out."""

    chain: Chain
    values: Values
    masked: bool

    def differs(
        self, event: tuple[int, Mapping[str, Any]], row: Mapping[str, Any],
        same: Mapping[str, str], typed: tuple[str, ...] = (),
    ) -> list[str]:  # fmt: skip
        """Names of what a row says otherwise than its event. ``same``: name -> what of the event
        it is (a key of its data, or ``@by``, ``@role``, ``@for``, ``@at``, ``@happened``);
        ``typed``: personal values of that name."""
        seq, data = event
        body = self.chain.bodies[seq]
        by = body.get("actor")
        said = {
            "@by": by if isinstance(by, int) else None, "@role": body.get("role", ""),
            "@for": body.get("for"), "@at": body["at"],
            "@happened": body.get("happened", body["at"]),
        }  # fmt: skip
        found = [
            name
            for name, key in same.items()
            if (key in said or key in data) and row[name] != (said | dict(data))[key]
        ]
        return found + [name for name in typed if not self._typed(body, seq, name, row[name])]

    def _typed(self, body: Mapping[str, Any], seq: int, name: str, shown: Any) -> bool:
        if self.masked:
            return shown is None
        if name not in dict(body.get("personal") or {}):
            return bool(shown == body["data"].get(name, ""))
        value = self.values.get((seq, name))
        # Gone from the chain's values, it is gone from the row.
        return bool(shown == ("" if value is None else value))


def check_statements(
    box: Container, manifest: Manifest, chain: Chain, values: Values, report: Report
) -> None:
    report.begin(8)
    rows = Rows(chain, values, bool(manifest.told["masked"]))
    wanted = {int(data["statement"]) for _, data in chain.events("statement.created")}
    names = {f"statements/{one}.json" for one in wanted}
    there = {name for name in box.infos if name.startswith("statements/")}
    for name in sorted(names - there):
        report.broken("missing", name=name)
    counts = Counter[str]()
    for name in sorted(there):
        counts += _statement(name, box.json(name), rows, report)
    for seq, data in chain.events("statement.version_added", "approval.given"):
        if int(data["statement"]) not in wanted:
            report.broken("statement_unknown", seq=seq, statement=int(data["statement"]))
    report.say(
        "statements", count=len(there), versions=counts["versions"], masked=counts["masked"],
        approvals=counts["approvals"], releases=counts["releases"],
    )  # fmt: skip


_OF_STATEMENT = {
    "kind": "kind", "corrects": "corrects", "approvals_needed": "approvals",
    "created_by": "@by",
}  # fmt: skip
_OF_VERSION = {
    "id": "id", "digest": "digest", "author": "@by", "role": "@role", "created_at": "@at",
}  # fmt: skip
_OF_APPROVAL = {
    "kind": "kind", "decision": "decision", "digest": "digest", "oral": "oral",
    "person": "person", "entered_by": "@by", "for": "@for", "task": "task",
    "happened": "@happened", "recorded": "@at",
}  # fmt: skip
_OF_RELEASE = {
    "digest": "digest", "channel": "channel", "account": "account", "person": "@by",
    "role": "@role", "task": "task", "happened": "@happened", "recorded": "@at",
}  # fmt: skip


def _statement(name: str, told: Mapping[str, Any], rows: Rows, report: Report) -> Counter[str]:
    """One statement's texts, approvals and releases against the events about it."""
    own, chain = int(told["id"]), rows.chain
    if f"statements/{own}.json" != name:
        report.broken("statement_other", name=name, statement=own)
    for event in _about(chain, "statement.created", own, "statement").values():
        if wrong := rows.differs(event, told, _OF_STATEMENT):
            report.broken("statement_row", statement=own, what=", ".join(wrong))
    counts, numbers = Counter[str](), {}
    added = _about(chain, "statement.version_added", own)
    for version in told["versions"]:
        counts["versions"] += 1
        number, digest = int(version["number"]), str(version["digest"])
        numbers[version["id"]] = (number, digest)
        if version["masked"] and not rows.masked:
            report.broken("text_withheld", statement=own, version=number)
        if version["masked"]:
            counts["masked"] += 1
        elif sha256(canonical(version["text"])) != digest:
            report.broken("text_changed", statement=own, version=number)
        wrong = ["number"]
        if number in added:
            wrong = rows.differs(added.pop(number), version, _OF_VERSION, ("note",))
        if wrong:
            report.broken("version_other", statement=own, version=number, what=", ".join(wrong))
    given = _about(chain, "approval.given", own, "id")
    out = _about(chain, "statement.released", own, "id")
    for kind, some, events in (("approval", told["approvals"], given),
                               ("release", told["releases"], out)):  # fmt: skip
        for row in some:
            counts[kind + "s"] += 1
            number, digest = numbers.get(row["version"], (0, ""))
            wrong, of = ["id"], number
            if row["id"] in events:
                of = events[row["id"]][1].get("version", number)
                wrong = _row_wrong(kind, row, events.pop(row["id"]), rows)
            if (number, digest) != (of, row["digest"]):
                wrong.append("version")
            if wrong:
                report.broken(f"{kind}_other", statement=own, id=int(row["id"]),
                              what=", ".join(wrong))  # fmt: skip
    for some, mark, type_, key, same in _MARKS:
        marked = {row["id"]: row for row in told[some] if row[mark] is not None}
        events = _about(chain, type_, own, key)
        typed = ("reason",) if type_ == "statement.withdrawn" else ()
        if marked.keys() != events.keys() or any(
            rows.differs(events[id_], {**row, "reason": row.get("withdrawal_reason")}, same, typed)
            for id_, row in marked.items()
        ):
            report.broken("mark_other", statement=own, mark=mark)
    for code, left in (("version_missing", added), ("approval_missing", given),
                       ("release_missing", out)):  # fmt: skip
        for key, (seq, _data) in left.items():
            report.broken(code, statement=own, id=key, seq=seq)
    return counts


def _row_wrong(
    kind: str, row: Mapping[str, Any], event: tuple[int, Mapping[str, Any]], rows: Rows
) -> list[str]:
    if kind == "release":
        # A link may be put in later: the last one counts.
        links = [data.get("link") for _, data in rows.chain.events("statement.link_added")
                 if data.get("release") == row["id"]]  # fmt: skip
        wrong = rows.differs(event, row, _OF_RELEASE)
        return wrong + (["link"] if row["link"] != [event[1].get("link"), *links][-1] else [])
    same = dict(_OF_APPROVAL)
    if row["task"] is not None and row["oral"] is False:
        same["role"] = "@role"  # else it is the approver's, who did not enter it there
    return rows.differs(event, row, same, ("comment",))


#: Where a row says that something happened to it, and the event that says so too.
_MARKS: tuple[tuple[str, str, str, str, Mapping[str, str]], ...] = (
    ("approvals", "voided_at", "approval.voided", "id",
     {"voided_at": "@at", "voided_by_version": "by_version"}),
    ("approvals", "countersigned_at", "approval.countersigned", "id", {"countersigned_at": "@at"}),
    ("releases", "withdrawn_at", "statement.withdrawn", "release",
     {"withdrawn_at": "@happened", "withdrawn_by": "@by"}),
)  # fmt: skip


def _about(
    chain: Chain, type_: str, statement: int, key: str = "version"
) -> dict[Any, tuple[int, Mapping[str, Any]]]:
    return {
        data.get(key): (seq, data)
        for seq, data in chain.events(type_)
        if data["statement"] == statement
    }


_OF_FILE = {
    "size": "size", "mime": "mime", "task": "task", "signal": "signal", "added_at": "@at",
    "added_by": "@by",
}  # fmt: skip


def check_held(
    box: Container, manifest: Manifest, chain: Chain, values: Values, report: Report
) -> None:
    """The case's files against the list, and the list against the events that added them."""
    report.begin(9)
    rows = Rows(chain, values, bool(manifest.told["masked"]))
    told, few = box.json("files.json"), Few(report)
    events = {data.get("id"): (seq, data) for seq, data in chain.events("file.added")}
    inside, states, beside = set[str](), Counter[str](), 0
    for row in told:
        sha, state, event = str(row["sha256"]), str(row["state"]), events.pop(row["id"], None)
        states[state] += 1
        if state == "held":
            inside.add(f"files/{sha}")
        if state == "withheld" and not rows.masked:
            few.broken("file_withheld", id=int(row["id"]), sha=sha)
        if event is None:
            if row["signal"] is None:
                few.broken("file_unknown", id=int(row["id"]), sha=sha)
            beside += row["signal"] is not None
            continue
        if event[1].get("sha256") != sha:
            few.broken("file_other", id=int(row["id"]), seq=event[0], sha=sha)
        if wrong := rows.differs(event, row, _OF_FILE, ("name", "note")):
            few.broken("file_row", id=int(row["id"]), seq=event[0], what=", ".join(wrong))
    destroyed = chain.destroyed
    gone = [seq for seq, _data in events.values() if seq < destroyed]
    for seq, data in events.values():
        if seq > destroyed:
            few.broken("file_missing", seq=seq, sha=str(data.get("sha256")))
    for name in sorted(inside):
        if name not in box.infos:
            few.broken("missing", name=name)
        elif sha256(*box.pieces(name)) != name.removeprefix("files/"):
            few.broken("file_swapped", name=name)
    for name in box.infos:
        if name.startswith("files/") and name not in inside:
            few.broken("file_unlisted", name=name)
    few.tell()
    if beside:
        report.limits.append(("limit_signals", {"count": beside}))
    report.say(
        "held", count=len(told), held=states["held"], withheld=states["withheld"],
        lost=states["lost"], damaged=states["damaged"], destroyed=len(gone),
    )  # fmt: skip


def check_archive(
    box: Container, manifest: Manifest, chain: Chain, values: Values, report: Report
) -> None:
    report.begin(10)
    told = box.json("archive.json")
    rows = Rows(chain, values, bool(manifest.told["masked"]))
    items = {str(item["key"]): item.get("recorded") for item in told["items"]}
    last = {str(data["key"]): (seq, data) for seq, data in chain.events("archive.item_recorded")}
    same = {"present": "present", "recorded_at": "@at", "recorded_by": "@by"}
    for key, event in last.items():
        recorded = items.get(key)
        if recorded is None or rows.differs(event, recorded, same, ("where", "note")):
            report.broken("archive_other", key=key[:60], seq=event[0])
    for key, recorded in items.items():
        if recorded is not None and key not in last:
            report.broken("archive_unknown", key=key[:60])
    for name, type_ in (("archived_at", "case.archived"), ("closed_at", "case.closed")):
        bodies = [chain.bodies[seq] for seq, _ in chain.events(type_)]
        if told[name] not in ([one.get("happened", one["at"]) for one in bodies] or [None]):
            report.broken("archive_state", name=name)
    if (told["status"] == "archived") != bool(chain.events("case.archived")):
        report.broken("archive_state", name="status")
    report.say("archive", count=len(items), recorded=len(last))


# ---------------------------------------------------------------------------------- 11. seals


def check_seal(box: Container, manifest: Manifest, chain: Chain, report: Report) -> Seal | None:
    """The daily seal in the bundle. None where there is none."""
    report.begin(11)
    if "heads/seal.json" not in box.infos:
        if "heads/list.json" in box.infos:
            report.broken("missing", name="heads/seal.json")
        report.say("seal_none")
        return None
    told, body = box.json("heads/seal.json"), box.whole("heads/list.json")
    day, digest, hash_ = str(told["day"]), str(told["digest"]), str(told["hash"])
    event = told["event"]
    if sha256(body) != digest:
        report.broken("seal_list", day=day)
    if event is None or sha256(str(told["previous"]).encode(), canonical(event)) != hash_ or (
        event["type"], event["data"]["digest"], event["data"]["day"], event["chain"],
    ) != ("heads.sealed", digest, day, "heads"):  # fmt: skip
        report.broken("seal_event", day=day)
        if event is None:
            return None
    listed = box.json("heads/list.json")
    if listed["day"] != day:
        report.broken("seal_list", day=day)
    heads = {str(name): (int(seq), str(value)) for name, seq, value in listed["chains"]}
    if manifest.chain not in heads:
        report.broken("seal_other", day=day)
        return None
    seq = _hold(heads[manifest.chain], day, manifest, chain, report, "seal")
    return Seal(day, int(event["seq"]), hash_, seq)


@dataclass(frozen=True)
class Seal:
    """``covers``: up to which event the sealed head fixes the chain."""

    day: str
    seq: int
    hash: str
    covers: int


def _hold(
    head: tuple[int, str], day: str, manifest: Manifest, chain: Chain, report: Report, what: str
) -> int:
    seq, hash_ = head
    if seq not in chain.hashes:
        report.broken(f"{what}_cut_off", day=day, seq=seq, length=max(chain.hashes, default=0))
    elif chain.hashes[seq] != hash_:
        report.broken(f"{what}_rewritten", day=day, seq=seq)
    else:
        report.say(f"{what}_holds", day=day, seq=seq, after=manifest.length - seq)
    return seq


_LINE = re.compile(r"planroom (\d{4}-\d\d-\d\d) (\d{1,9}) ([0-9a-f]{64})")


@dataclass(frozen=True)
class Lodged:
    """What was kept elsewhere. ``chains`` is None for lines alone."""

    lines: list[tuple[str, int, str]]
    key: str
    day: str
    chains: Mapping[str, tuple[int, str]] | None
    sealed_at: str = ""


def read_lodged(content: bytes) -> Lodged:
    """Raises `Unreadable` ``lodged`` for what is neither list nor line, ``lodged_changed`` for a
    list that no longer meets its own digest."""
    text = content.decode("utf-8", "replace")
    lines = [(day, int(seq), value) for day, seq, value in _LINE.findall(text)]
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        if not lines:
            raise Unreadable("lodged") from None
        return Lodged(lines, "", "", None)
    try:
        body = canonical({"chains": told["chains"], "day": told["day"]})
        chains = {str(name): (int(seq), str(value)) for name, seq, value in told["chains"]}
        if told["format"] != HEADS_FORMAT:
            raise Unreadable("lodged")
        if sha256(body) != told["digest"]:
            raise Unreadable("lodged_changed")
        at = str(told.get("sealed_at", ""))
        return Lodged(lines, str(told["key"]), str(told["day"]), chains, at)
    except _MISSHAPEN as error:
        raise Unreadable("lodged") from error


def check_lodged(
    lodged: Lodged, seal: Seal | None, manifest: Manifest, chain: Chain, keys: frozenset[str],
    report: Report,
) -> int:  # fmt: skip
    """What was lodged against the bundle; up to which event it fixes the chain (0: none)."""
    report.begin(12)
    covers = 0
    for day, seq, hash_ in lodged.lines:
        if seal is None or seal.day != day:
            report.say("line_other_day", day=day, own=seal.day if seal else "-")
        elif (seal.seq, seal.hash) != (seq, hash_):
            report.broken("line_other", day=day)
        else:
            report.say("line_holds", day=day)
            covers = max(covers, seal.covers)
    if lodged.chains is not None:
        if lodged.key and lodged.key != manifest.told["key"]:
            if manifest.told["key"] in keys:
                report.say("lodged_other_key", day=lodged.day, key=lodged.key[:64])
            else:
                report.broken(
                    "key_foreign", found=str(manifest.told["key"])[:64], wanted=lodged.key[:64]
                )
        if manifest.chain in lodged.chains:
            head = lodged.chains[manifest.chain]
            covers = max(covers, _hold(head, lodged.day, manifest, chain, report, "lodged"))
        elif _long_before(chain.first, lodged.sealed_at):
            report.broken("lodged_unborn", day=lodged.day, chain=manifest.chain[:60])
        else:
            report.say("lodged_unknown", day=lodged.day)
    return covers


def _long_before(one: str, other: str) -> bool:
    """Whether a moment lies well before another: an event is committed a little later than it is
    said to be."""
    try:
        # Python 3.10 reads no "Z".
        early, late = (datetime.fromisoformat(at.replace("Z", "+00:00")) for at in (one, other))
        return early + _COMMITTED < late
    except (ValueError, TypeError, OverflowError):
        return False


#: A chain whose first event is older than the seal by so much must be in the seal.
_COMMITTED = timedelta(minutes=10)


# ----------------------------------------------------------------------------------- together


def verify(path: Path, key: str = "", heads: Path | None = None) -> Report:
    """Check a bundle; ``key``: fingerprints of the unit's keys, with commas between. Raises
    `Unreadable` where there is nothing to check."""
    report = Report()
    keys = frozenset(re.sub(r"[\s:]", "", one).lower() for one in key.split(",") if one.strip())
    if not all(re.fullmatch(r"[0-9a-f]{64}", one) for one in keys):
        raise Unreadable("no_fingerprint")
    try:
        lodged = read_lodged(heads.read_bytes()) if heads is not None else None
        file = path.open("rb")
    except OSError as error:
        raise Unreadable("no_file", name=str(error.filename or path)) from error
    with file:
        report.begin(1)
        box = Container(file, report)
        report.say("container", count=len(box.order))
        manifest = read_manifest(box, report)
        _check(report, lambda: check_key(box, manifest, keys, report))
        _check(report, lambda: check_files(box, manifest, report))
        chain = _check(report, lambda: read_chain(box, manifest, report)) or Chain()
        values = _check(report, lambda: check_personal(box, manifest, chain, report)) or {}
        _check(report, lambda: check_plans(box, chain, report))
        _check(report, lambda: check_statements(box, manifest, chain, values, report))
        _check(report, lambda: check_held(box, manifest, chain, values, report))
        _check(report, lambda: check_archive(box, manifest, chain, values, report))
        seal = _check(report, lambda: check_seal(box, manifest, chain, report))
        covers = 0
        if lodged is not None:
            covers = (
                _check(report, lambda: check_lodged(lodged, seal, manifest, chain, keys, report))
                or 0
            )
    _say_limits(report, manifest, chain, bool(keys or (lodged and lodged.key)), covers)
    return report


def _check(report: Report, work: Callable[[], Any]) -> Any:
    """A step; what it cannot read is a break of it, and the next one goes on."""
    try:
        return work()
    except Unreadable as error:
        report.broken(error.code, **error.args_)
    except _MISSHAPEN as error:
        report.broken("misshapen", why=type(error).__name__)
    return None


def _say_limits(
    report: Report, manifest: Manifest, chain: Chain, key_known: bool, covers: int
) -> None:
    if not key_known:
        report.limits.append(("limit_key", {"key": str(manifest.told["key"])[:64]}))
    if covers:
        report.limits.append(("limit_after", {"seq": covers, "length": manifest.length}))
    else:
        report.limits.append(("limit_rewritten", {}))
    if manifest.told["masked"]:
        report.limits.append(("limit_masked", {"count": len(chain.personal)}))
    report.limits.append(("limit_papers", {}))
    report.limits.append(("limit_truth", {}))


# -------------------------------------------------------------------------------------- words

TITLES = {
    1: ("压缩包", "The zip file"),
    2: ("清单", "The manifest"),
    3: ("签名与密钥", "Signature and key"),
    4: ("每个文件", "Every file"),
    5: ("校验链", "The chain of events"),
    6: ("个人信息原文", "Personal values"),
    7: ("预案各版的图和表", "Diagrams and tables of the plan's versions"),
    8: ("文稿、审签与发布", "Statements, approvals and releases"),
    9: ("附件", "Files"),
    10: ("卷内目录", "Table of contents of the archive"),
    11: ("包内的每日封存", "The daily seal in the bundle"),
    12: ("另存他处的链头", "The heads lodged elsewhere"),
}

WORDS = {
    # what was checked, and what is worth knowing
    "container": ("共 {count} 个文件,名称、次序、长度、时间逐字节核对。",
                  "{count} files; names, order, lengths and times held against every byte."),
    "about": ("{unit},事件 {number},链 {chain},{length} 条,末条校验码 {head};"
              "{at} 制作,角色 {role}。",
              "{unit}, case {number}, chain {chain}, {length} events, last hash {head}; "
              "made {at}, in the role {role}."),
    "signed": ("清单由包内的密钥签名,签名有效。密钥指纹 {key}。",
               "The manifest is signed with the key in the bundle; the signature is valid. "
               "Fingerprint {key}."),
    "signed_known": ("清单由您指定的密钥签名,签名有效。密钥指纹 {key}。",
                     "The manifest is signed with the key you named; the signature is valid. "
                     "Fingerprint {key}."),
    "files": ("清单列出 {count} 个文件,长度和 SHA-256 相符的 {right} 个。",
              "Of {count} files in the manifest, {right} have the size and SHA-256 it says."),
    "chain": ("重算 {count} 条记录的校验码,末条 {head}。",
              "The hashes of {count} events were computed again; the last is {head}."),
    "masked": ("个人信息未放入本包({count} 处),链里只有它们的加盐校验码。",
               "Personal values are left out of this bundle ({count}); the chain holds salted "
               "commitments to them."),
    "values": ("核对 {count} 处原文与链里的加盐校验码;另有 {erased} 处已销毁。",
               "{count} values were held against their commitments; {erased} have been erased."),
    "plans": ("{count} 版预案、{files} 个文件,重算内容校验码,与链里 {named} 处所记相比。",
              "{count} versions of the plan, {files} files: content hashes computed again and "
              "held against {named} places in the chain."),
    "statements": ("{count} 份文稿、{versions} 版,重算文字校验码(遮蔽的 {masked} 版除外);"
                   "{approvals} 个意见、{releases} 次发布与链相比。",
                   "{count} statements with {versions} versions: digests of the texts computed "
                   "again (but for {masked} masked ones); {approvals} approvals and {releases} "
                   "releases held against the chain."),
    "held": ("列出 {count} 个附件:在包内 {held},因遮蔽未放入 {withheld},制作时已不在 {lost},"
             "制作时已损坏 {damaged};链里另有 {destroyed} 个已销毁。",
             "{count} files are listed: {held} in the bundle, {withheld} withheld by the mask, "
             "{lost} lost and {damaged} damaged when it was made; {destroyed} more were "
             "destroyed."),
    "archive": ("{count} 项,其中 {recorded} 项有归档登记。",
                "{count} items, {recorded} of them recorded in the chain."),
    "seal_none": ("包内没有封存:制作时还没有一次封存包括这条链。",
                  "None: no seal knew this chain when the bundle was made."),
    "seal_holds": ("{day} 的封存记着第 {seq} 条的校验码,相符;其后还有 {after} 条。",
                   "The seal of {day} holds the hash of event {seq}, and it is the same; {after} "
                   "events came later."),
    "lodged_holds": ("另存的 {day} 链头记着第 {seq} 条的校验码,相符;其后还有 {after} 条。",
                     "The heads lodged on {day} hold the hash of event {seq}, and it is the same; "
                     "{after} events came later."),
    "lodged_other_key": ("{day} 另存链头时,单位用的是另一把密钥 {key};本包的密钥由 --key 认定。",
                         "When the heads of {day} were lodged the unit had another key, {key}; the "
                         "bundle's is vouched for by --key."),
    "lodged_unknown": ("另存的 {day} 链头里没有这条链(事件可能是后来才有的)。",
                       "The heads lodged on {day} do not know this chain (the case may be "
                       "younger)."),
    "line_holds": ("另存的一行({day})与包内的封存相符。",
                   "The line lodged for {day} is that of the seal in the bundle."),
    "line_other_day": ("另存的一行是 {day} 的,包内的封存是 {own} 的,不能相比。",
                       "The line is for {day}, the bundle's seal for {own}: they cannot be "
                       "compared."),
    # breaks
    "twice": ("压缩包里有两个同名文件:{name}。", "Two files in the zip have the name {name}."),
    "compressed": ("文件被重新压缩过,不是原包:{name}。",
                   "The file was compressed anew; this is not the bundle as made: {name}."),
    "layout": ("文件 {name} 的包头被改,或前面多了少了内容(第 {at} 字节起)。",
               "The header of {name} was changed, or something stands before it that should not "
               "(from byte {at})."),
    "checksum": ("文件 {name} 在压缩包里的校验和(CRC)不符。",
                 "The zip's own checksum (CRC) of {name} is another."),
    "layout_end": ("压缩包的目录或末尾被改(第 {at} 字节起)。",
                   "The zip's table of contents or its end was changed (from byte {at})."),
    "not_canonical": ("文件 {name} 的写法不是系统写出的样子。",
                      "{name} is not written the way Planroom writes it."),
    "missing": ("缺少文件:{name}。", "A file is missing: {name}."),
    "swells": ("文件 {name} 解开后远大于包内长度,不予展开。",
               "{name} would swell far beyond its packed size; it was not unpacked."),
    "content": ("文件 {name} 解不开,内容被改或损坏。",
                "{name} cannot be unpacked: changed or damaged."),
    "too_large": ("文件 {name} 过大,不予读取。", "{name} is too large to be read."),
    "no_json": ("文件 {name} 不是可读的 JSON。", "{name} is no readable JSON."),
    "misshapen": ("文件的结构不是系统写出的样子({why})。",
                  "A file is not shaped the way Planroom writes it ({why})."),
    "key_unreadable": ("key.pub 不是 Ed25519 公钥。", "key.pub is no Ed25519 public key."),
    "key_changed": ("key.pub 被改过。", "key.pub was changed."),
    "key_other": ("key.pub 的指纹是 {found},清单写的是 {told}。",
                  "key.pub has the fingerprint {found}; the manifest says {told}."),
    "key_foreign": ("别人的密钥:包内密钥的指纹是 {found},应当是 {wanted}。",
                    "A foreign key: the bundle's has the fingerprint {found}, expected was "
                    "{wanted}."),
    "signature": ("签名无效:清单、签名或公钥被改过。",
                  "The signature is not valid: manifest, signature or key was changed."),
    "extra": ("清单里没有的文件:{name}。", "A file that the manifest does not know: {name}."),
    "unsafe": ("文件名不安全,解压时会写到别处或看不清:{name}。",
               "An unsafe name, which would be unpacked elsewhere or hides something: {name}."),
    "twin": ("文件名 {name} 与 {other} 只差大小写或写法,解压时会互相覆盖。",
             "{name} and {other} differ only in case or in how letters are encoded: unpacked, one "
             "would lie upon the other."),
    "stranger": ("清单列了材料包里不该有的文件:{name}。",
                 "The manifest lists a file that no evidence bundle has: {name}."),
    "changed": ("文件被改过:{name}。", "A file was changed: {name}."),
    "order": ("文件的次序与清单不同。", "The files do not stand in the manifest's order."),
    "listed_twice": ("清单把同一个文件列了两次。", "The manifest lists a file twice."),
    "manifest_lists_itself": ("清单列了它自己。", "The manifest lists itself."),
    "event_unreadable": ("events.jsonl 第 {line} 行不是系统写出的记录,被改过。",
                         "Line {line} of events.jsonl is no event as Planroom writes it: it was "
                         "changed."),
    "event_changed": ("第 {seq} 条({type})被改过:与前一条连不上。",
                      "Event {seq} ({type}) was changed: it does not follow from the one before."),
    "event_foreign": ("第 {seq} 条属于另一条链 {chain}。",
                      "Event {seq} belongs to another chain, {chain}."),
    "event_missing": ("第 {seq} 条被抽掉。", "Event {seq} was removed."),
    "event_twice": ("第 {seq} 条出现两次。", "Event {seq} stands there twice."),
    "event_moved": ("次序被调换:第 {seq} 条排在第 {after} 条之后。",
                    "Reordered: event {seq} stands after event {after}."),
    "cut_off": ("末尾被截掉:只到第 {last} 条,清单写的是 {length} 条。",
                "The end was cut off: the last event is {last}, the manifest says {length}."),
    "appended": ("末尾被添加:到第 {last} 条,清单写的是 {length} 条。",
                 "Something was appended: the last event is {last}, the manifest says {length}."),
    "head": ("末条校验码是 {found},清单写的是 {told}。",
             "The last hash is {found}; the manifest says {told}."),
    "other_case": ("第 {seq} 条立的是另一件事件:{number}。",
                   "Event {seq} opens another case: {number}."),
    "not_opened": ("没有一条记录立了这件事件。", "No event opens the case."),
    "more": ("另有 {count} 处同类断点({of})。", "{count} more of that kind ({of})."),
    "masked_not": ("清单说个人信息已遮蔽,包内却有 personal.jsonl。",
                   "The manifest says personal values are masked, but personal.jsonl is there."),
    "value_unreadable": ("personal.jsonl 第 {line} 行被改过,读不出。",
                         "Line {line} of personal.jsonl was changed and cannot be read."),
    "value_stray": ("第 {seq} 条的“{field}”:链里没有这个校验码。",
                    "The value of {field!r} at event {seq}: the chain knows no such commitment."),
    "value_moved": ("第 {of} 条“{was}”的原文被挪到第 {seq} 条“{field}”。",
                    "The value of {was!r} at event {of} was moved to {field!r} at event {seq}."),
    "value_changed": ("第 {seq} 条“{field}”的原文被改过。",
                      "The value of {field!r} at event {seq} was changed."),
    "value_twice": ("第 {seq} 条“{field}”的原文出现两次。",
                    "The value of {field!r} at event {seq} stands there twice."),
    "value_untold": ("第 {seq} 条“{field}”的原文不在,其后却没有销毁的记录。",
                     "The value of {field!r} at event {seq} is not there, and no event after it "
                     "destroyed any."),
    "value_missing": ("没有原文的有 {found} 处,清单写的已销毁数是 {told}。",
                      "{found} values are not there; the manifest says {told} were erased."),
    "plan_changed": ("预案 {plan} 第 {number} 版的图或表被换过:内容校验码不符。",
                     "A diagram or table of plan {plan}, version {number}, was swapped: its "
                     "content hash is another."),
    "plan_other": ("第 {seq} 条所用的预案版本({hash})不在包内。",
                   "Event {seq} ran on a plan version ({hash}) that is not in the bundle."),
    "plan_label": ("预案的名称或版次({plan} 第 {number} 版)与第 {seq} 条所记不符。",
                   "A version is called another than event {seq} says (plan {plan}, version "
                   "{number})."),
    "plan_unlisted": ("预案里没有列出的文件:{name}。",
                      "A file of no version of the plan: {name}."),
    "statement_other": ("文件 {name} 里是另一份文稿(编号 {statement})。",
                        "{name} holds another statement (number {statement})."),
    "statement_unknown": ("第 {seq} 条说的文稿 {statement} 没有起草记录。",
                          "Event {seq} is about statement {statement}, which was never begun."),
    "text_changed": ("文稿 {statement} 第 {version} 版的文字被改过:校验码不符。",
                     "The text of statement {statement}, version {version}, was changed: its "
                     "digest is another."),
    "text_withheld": ("文稿 {statement} 第 {version} 版的文字有遮蔽,清单却说没有遮蔽。",
                      "Words of statement {statement}, version {version}, are masked, but the "
                      "manifest says nothing is."),
    "statement_row": ("文稿 {statement} 与链里所记不符({what})。",
                      "Statement {statement} is not as the chain has it ({what})."),
    "version_other": ("文稿 {statement} 第 {version} 版与链里所记不符({what})。",
                      "Statement {statement}, version {version}, is not the one in the chain "
                      "({what})."),
    "version_missing": ("第 {seq} 条写的文稿 {statement} 第 {id} 版不在包内。",
                        "Version {id} of statement {statement}, written at event {seq}, is not in "
                        "the bundle."),
    "approval_other": ("文稿 {statement} 的审签意见 {id} 与链里所记不符({what})。",
                       "Approval {id} of statement {statement} is not the one in the chain "
                       "({what})."),
    "approval_missing": ("第 {seq} 条的审签意见 {id}(文稿 {statement})不在包内。",
                         "Approval {id} of statement {statement}, given at event {seq}, is not in "
                         "the bundle."),
    "release_other": ("文稿 {statement} 的发布 {id} 与链里所记不符({what})。",
                      "Release {id} of statement {statement} is not the one in the chain "
                      "({what})."),
    "release_missing": ("第 {seq} 条的发布 {id}(文稿 {statement})不在包内。",
                        "Release {id} of statement {statement}, made at event {seq}, is not in "
                        "the bundle."),
    "mark_other": ("文稿 {statement} 的失效、补签或撤回({mark})与链里所记不符。",
                   "What became of approvals or releases of statement {statement} ({mark}) is "
                   "not what the chain says."),
    "file_unknown": ("附件 {id}({sha}):链里没有添加它的记录。",
                     "File {id} ({sha}): no event added it."),
    "file_other": ("附件 {id} 被换过:第 {seq} 条添加的不是 {sha}。",
                   "File {id} was swapped: event {seq} did not add {sha}."),
    "file_row": ("附件 {id} 的登记与第 {seq} 条所记不符({what})。",
                 "What is said of file {id} is not what event {seq} says ({what})."),
    "file_withheld": ("附件 {id}({sha})没有放入,清单却说没有遮蔽。",
                      "File {id} ({sha}) was left out, but the manifest says nothing is masked."),
    "file_missing": ("第 {seq} 条添加的附件 {sha} 没有列出。",
                     "The file {sha} added at event {seq} is not listed."),
    "file_swapped": ("附件内容被换过:{name}。", "The content of a file was swapped: {name}."),
    "file_unlisted": ("没有列出的附件:{name}。", "A file that is not listed: {name}."),
    "archive_other": ("卷内目录“{key}”与第 {seq} 条的登记不符。",
                      "The item {key!r} is not what event {seq} recorded."),
    "archive_state": ("卷内目录所写的办结或归档({name})与链里所记不符。",
                      "The table of contents says otherwise than the chain whether and when the "
                      "case was closed or archived ({name})."),
    "archive_unknown": ("卷内目录“{key}”:链里没有它的登记。",
                        "The item {key!r} was never recorded in the chain."),
    "seal_list": ("{day} 的封存:链头清单被改过。",
                  "The seal of {day}: its list of heads was changed."),
    "seal_event": ("{day} 的封存:封存记录被改过。",
                   "The seal of {day}: its event was changed."),
    "seal_other": ("{day} 的封存里没有这条链。", "The seal of {day} does not know this chain."),
    "seal_cut_off": ("末尾被截掉:{day} 的封存记着第 {seq} 条,链只到第 {length} 条。",
                     "The end was cut off: the seal of {day} knows event {seq}, the chain ends "
                     "with {length}."),
    "seal_rewritten": ("整条链被重写:{day} 封存的第 {seq} 条校验码不同。",
                       "The chain was written anew: the hash of event {seq} in the seal of {day} "
                       "is another."),
    "lodged_unborn": ("{day} 另存的链头里没有 {chain},它的第 1 条却写着更早的时间:"
                      "这条链是后来造的。",
                      "The heads lodged on {day} do not know {chain}, whose first event says it is "
                      "older: the chain was made later."),
    "lodged_cut_off": ("末尾被截掉:{day} 另存的链头记着第 {seq} 条,链只到第 {length} 条。",
                       "The end was cut off: the heads lodged on {day} know event {seq}, the "
                       "chain ends with {length}."),
    "lodged_rewritten": ("整条链被重写:{day} 另存的第 {seq} 条校验码不同。",
                         "The chain was written anew: the hash of event {seq} lodged on {day} is "
                         "another."),
    "line_other": ("另存的一行({day})与包内的封存不符:封存被重写过。",
                   "The line lodged for {day} is not that of the seal in the bundle: the seals "
                   "were written anew."),
    # unreadable
    "not_a_zip": ("不是可读的 zip 文件,或它的目录已损坏。",
                  "This is no readable zip file, or its table of contents is damaged."),
    "too_much": ("包内文件合计超过 {limit} 字节,不予读取。",
                 "The files in it add up to more than {limit} bytes; nothing was read."),
    "no_manifest": ("没有 manifest.json:不是佐证材料包,或清单被拿掉。",
                    "There is no manifest.json: no evidence bundle, or its manifest was taken "
                    "out."),
    "manifest_unreadable": ("manifest.json 被改过或损坏,读不出。",
                            "manifest.json was changed or damaged and cannot be read."),
    "format": ("清单的格式是“{found}”,本程序读不了。",
               "The manifest's format is {found!r}, which this program does not read."),
    "no_file": ("打不开文件:{name}。", "The file cannot be opened: {name}."),
    "no_fingerprint": ("--key 应当是 64 位十六进制的指纹。",
                       "--key takes a fingerprint of 64 hexadecimal digits."),
    "lodged": ("--heads 给的文件里没有链头清单,也没有封存的一行。",
               "The file given with --heads holds neither a list of heads nor a seal's line."),
    "lodged_changed": ("--heads 给的链头清单被改过:与它自己的校验码不符。",
                       "The list of heads given with --heads was changed: it does not meet its "
                       "own digest."),
    # limits
    "limit_key": ("密钥是不是该单位的:请把指纹 {key} 与从别处得到的指纹比对(--key)。",
                  "Whether the key is the unit's own: compare the fingerprint {key} with one got "
                  "by another way (--key)."),
    "limit_rewritten": ("持有密钥并能写数据库的人,可以把整条链重写、截掉末尾,再重新封存、签名;"
                        "单看本包发现不了。要发现,须有事先存放在单位以外的链头(--heads)。",
                        "Whoever holds the key and can write the database can write the whole "
                        "chain anew, or cut off its end, seal and sign it again: this bundle alone "
                        "cannot show that. Heads lodged outside the unit beforehand do (--heads)."),
    "limit_after": ("另存的链头只固定到第 {seq} 条(共 {length} 条);其后是否被截掉或重写,看不出。",
                    "The lodged heads fix the chain up to event {seq} of {length}; whether what "
                    "came after was cut off or written anew cannot be seen."),
    "limit_masked": ("{count} 处个人信息没有放入本包,未核对。",
                     "{count} personal values are not in this bundle and were not checked."),
    "limit_papers": ("供阅读的文件(report.*、contents.*、items/)和 people.json "
                     "只核对了是签名时的原样,以记录和文稿为准。",
                     "Of the papers to read (report.*, contents.*, items/) and people.json it was "
                     "only checked that they are the ones signed; events and statements are what "
                     "counts."),
    "limit_signals": ("{count} 个附件来自线索,添加它们的记录在单位的链里,不在本包。",
                      "{count} files came with signals: the events that added them are in the "
                      "organisation's chain, which is not in this bundle."),
    "limit_truth": ("当时填写的内容是否属实。", "Whether what people entered was true."),
    # the frame
    "verdict_sound": ("核对结果:完好。", "Result: sound."),
    "verdict_own_key": ("核对结果:完好;但密钥没有与别处得到的指纹比对,是谁签的不能确定。",
                        "Result: sound; but the key was not compared with a fingerprint got "
                        "elsewhere, so who signed it is not certain."),
    "verdict_broken": ("核对结果:有 {count} 处对不上。第一处断点,第 {step} 项“{title}”:{what}",
                       "Result: {count} things do not hold. The first break, in check {step} "
                       "({title}): {what}"),
    "verdict_unreadable": ("核对结果:无法核对。{what}", "Result: it cannot be checked. {what}"),
    "cannot": ("本程序不能证明的:", "What this program cannot show:"),
}  # fmt: skip


def words(lang: str, code: str, args: Mapping[str, Any]) -> str:
    """The sentence, with what an attacker may have written in it made harmless for a terminal."""
    tame = {k: _tame(v) for k, v in args.items()}
    return WORDS[code][0 if lang == "zh" else 1].format(**tame)


def _tame(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in value[:300])


def told(report: Report, lang: str) -> Iterator[str]:
    """The report as lines of text."""
    at = 0 if lang == "zh" else 1
    good, bad = (("  ", "断点 "), ("  ", "BREAK "))[at]
    for step, title in TITLES.items():
        said = [good + words(lang, c, a) for s, c, a in report.told if s == step]
        said += [bad + words(lang, b.code, b.args) for b in report.breaks if b.step == step]
        if said:
            yield f"{step}. {title[at]}"
            yield from (f"   {line}" for line in said)
    yield ""
    yield words(lang, "cannot", {})
    yield from (f"   - {words(lang, code, args)}" for code, args in report.limits)
    yield ""
    if report.sound:
        unknown = any(code == "limit_key" for code, _args in report.limits)
        yield words(lang, "verdict_own_key" if unknown else "verdict_sound", {})
    else:
        first = min(report.breaks, key=lambda one: one.step)
        what = words(lang, first.code, first.args)
        yield WORDS["verdict_broken"][at].format(
            count=len(report.breaks), step=first.step, title=TITLES[first.step][at], what=what
        )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="planroom-verify", description="Checks an evidence bundle of Planroom."
    )
    parser.add_argument("bundle", type=Path)
    parser.add_argument(
        "--key", action="append", default=[],
        help="fingerprint of the unit's signing key; may be given again",
    )  # fmt: skip
    parser.add_argument("--heads", type=Path, help="chain heads lodged elsewhere (file or line)")
    own = "en" if os.environ.get("LANG", "").lower().startswith("en") else "zh"
    parser.add_argument("--lang", choices=("zh", "en"), default=own)
    given = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        report = verify(given.bundle, ",".join(given.key), given.heads)
    except Unreadable as error:
        what = words(given.lang, error.code, error.args_)
        print(words(given.lang, "verdict_unreadable", {"what": what}))
        return 2
    for line in told(report, given.lang):
        print(line)
    return 0 if report.sound else 1


if __name__ == "__main__":
    sys.exit(main())
