"""Real people whom the source texts name must be named nowhere in the library: found by the
fingerprints of their names, so that no name stands in the product."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

from lxml import etree

from services.library_faults import Fault, fault

_HAN: Final = re.compile(r"[一-鿿]+")
#: Lengths of Chinese names in the texts, in characters.
_SIZES: Final = (2, 3)
#: What a TOML line may start with that says which row is being read.
_ROW: Final = re.compile(r'\s*(?:id|key)\s*=\s*"([^"]+)"')
_CLAUSE: Final = re.compile(r"P\d\d-\w+")


def name_faults(folder: Path, names: frozenset[str]) -> Iterator[Fault]:
    """One fault for each place of a file under ``folder`` that names such a person."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield from names_in(path.relative_to(folder).as_posix(), path.read_bytes(), names)


def names_in(file: str, body: bytes, names: frozenset[str]) -> Iterator[Fault]:
    text = body.decode("utf-8", errors="replace")
    if not _named(text, names):
        return
    places = dict.fromkeys(place for place, part in _parts(file, body, text) if _named(part, names))
    for place in places or [""]:
        clause = place if _CLAUSE.fullmatch(place) else ""
        yield fault("real_name", file, element="" if clause else place, clause=clause)


def _parts(file: str, body: bytes, text: str) -> Iterator[tuple[str, str]]:
    """The text of a file in parts, each with the element or row it stands in."""
    if file.endswith((".bpmn", ".dmn")):
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        for node in etree.fromstring(body, parser).iter():
            values = [str(value) for value in node.values()] if isinstance(node.tag, str) else []
            yield _owner(node), " ".join([node.text or "", node.tail or "", *values])
        return
    place = ""
    for line in text.splitlines():
        found = _ROW.match(line)
        if line.startswith("["):
            place = line.strip("[] ")
        elif found:
            place = found[1]
        yield place, line


def _owner(node: etree._Element) -> str:
    """The element the node belongs to, with its form field if it is part of one."""
    field = ""
    step: etree._Element | None = node
    while step is not None:
        id = step.get("id") if isinstance(step.tag, str) else None
        if id and str(step.tag).endswith("}formField"):
            field = f"#{id}"
        elif id and not str(step.tag).endswith("}value"):
            return id + field
        step = step.getparent()
    return ""


def _named(text: str, names: frozenset[str]) -> bool:
    parts = {
        run[start : start + size]
        for run in _HAN.findall(text)
        for size in _SIZES
        for start in range(len(run) - size + 1)
    }
    return any(_print(part) in names for part in parts)


@lru_cache(maxsize=200_000)
def _print(part: str) -> str:
    return hashlib.sha256(part.encode()).hexdigest()[:16]
