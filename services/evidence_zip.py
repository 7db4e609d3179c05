"""A zip file of which every byte is settled by what it holds.

Nothing is compressed, all times are alike, there are no comments and no extra fields, and entries
follow each other without gaps. So a reader can say of any byte what it has to be: a bundle with one
byte changed anywhere is found out, and none can swell when it is unpacked. (PKWARE's APPNOTE 6.3.)
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO, Final

from services.errors import Refusal

#: No ZIP64: a reader of this format needs to know one layout only.
MAX_BYTES: Final = 2**32 - 1
MAX_ENTRIES: Final = 2**16 - 1

_LOCAL: Final = struct.Struct("<4s5H3L2H")
_CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
_END: Final = struct.Struct("<4s4H2LH")
_VERSION, _UTF8, _STORED, _TIME, _DAY = 20, 0x800, 0, 0, 0x21  # 1980-01-01 00:00
_UNIX_FILE: Final = 0o100644 << 16


@dataclass(frozen=True, slots=True)
class Entry:
    """A file that was written: where it begins, and what it holds."""

    name: str
    offset: int
    size: int
    crc: int
    sha256: str


class ZipWriter:
    """Writes entries one after another to a file that can be gone back in; `close` ends it."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._start = out.tell()
        self.entries: list[Entry] = []
        self._names: set[str] = set()

    def add(self, name: str, pieces: Iterable[bytes]) -> Entry:
        """A file. Raises ValueError for a name that is no plain relative path or is there
        already, `Refusal` ``bundle_too_large`` (413) above 4 GB or 65,535 files."""
        if name in self._names or not _is_plain(name):
            raise ValueError(f"no name for a file of a bundle: {name!r}")
        self._names.add(name)
        offset = self._out.tell() - self._start
        self._require(len(self.entries) + 1, offset)
        self._out.write(_local(name, 0, 0))
        digest, crc, size = hashlib.sha256(), 0, 0
        for piece in pieces:
            size += len(piece)
            self._require(0, offset + size)
            digest.update(piece)
            crc = zlib.crc32(piece, crc)
            self._out.write(piece)
        end = self._out.tell()
        self._out.seek(self._start + offset)
        self._out.write(_local(name, size, crc))
        self._out.seek(end)
        entry = Entry(name, offset, size, crc, digest.hexdigest())
        self.entries.append(entry)
        return entry

    def close(self) -> int:
        """Write the table of contents; returns the file's size in bytes. Raises Refusal
        ``bundle_too_large`` 413."""
        begin = self._out.tell() - self._start
        for entry in self.entries:
            self._out.write(_central(entry))
        size = self._out.tell() - self._start - begin
        self._require(0, begin + size)
        count = len(self.entries)
        self._out.write(_END.pack(b"PK\5\6", 0, 0, count, count, size, begin, 0))
        return self._out.tell() - self._start

    @staticmethod
    def _require(entries: int, size: int) -> None:
        if entries > MAX_ENTRIES or size > MAX_BYTES:
            raise Refusal("bundle_too_large", 413, limit=MAX_BYTES)


def _is_plain(name: str) -> bool:
    parts = name.split("/")
    return (
        0 < len(name.encode()) < 1000
        and "\\" not in name
        and ":" not in name
        and name.isprintable()
        and not any(part in ("", ".", "..") for part in parts)
    )


def _local(name: str, size: int, crc: int) -> bytes:
    told = name.encode()
    return (
        _LOCAL.pack(b"PK\3\4", _VERSION, _UTF8, _STORED, _TIME, _DAY, crc, size, size, len(told), 0)
        + told
    )


def _central(entry: Entry) -> bytes:
    name = entry.name.encode()
    return (
        _CENTRAL.pack(
            b"PK\1\2", 0x300 | _VERSION, _VERSION, _UTF8, _STORED, _TIME, _DAY, entry.crc,
            entry.size, entry.size, len(name), 0, 0, 0, 0, _UNIX_FILE, entry.offset,
        )
        + name
    )  # fmt: skip
