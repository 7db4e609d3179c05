"""What the library says of its fifteen source texts, beside the plans themselves: ``library.toml``
(each text and what it really is), ``explanations.toml`` (what may stand unexecuted, and why),
``roles.toml`` (the organisation's roles) and ``real_names.toml`` (fingerprints of the real people
the texts name).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

TEXTS: Final = "library.toml"
EXPLANATIONS: Final = "explanations.toml"
ROLES: Final = "roles.toml"
NAMES: Final = "real_names.toml"

#: What a text really is: a plan that runs as written; a copy of another text; part of a plan;
#: advice; a plan for another kind of emergency; nothing to run.
VERDICTS: Final = ("plan", "alias", "fragment", "guidance", "other_emergency", "none")


@dataclass(frozen=True, slots=True)
class SourceText:
    """One of the texts. ``lines`` is its range in the source, title line first; ``text_lines`` are
    the lines with words but the title, ``long_lines`` those too long for a heading; ``ids`` the
    clause ids that acceptance.md gives it; ``folder`` is "" where nothing runs; ``start_from`` are
    then the plans a unit may begin with."""

    number: int
    key: str
    title: str
    title_en: str
    lines: tuple[int, int]
    text_lines: tuple[int, ...]
    long_lines: frozenset[int]
    ids: tuple[str, ...]
    verdict: str
    subject: str
    subject_en: str
    note: str
    note_en: str
    folder: str
    start_from: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Words of a text that need no step: ``fate`` is lost, replaced or external. Where
    ``optional`` the plan may cover the words otherwise and have no such clause."""

    id: str
    plan: str
    fate: str
    line: int
    said: str
    said_en: str
    optional: bool


@dataclass(frozen=True, slots=True)
class Shelf:
    """``stamp`` tells one state of the files from another."""

    stamp: int
    texts: tuple[SourceText, ...]
    explanations: Mapping[str, Explanation]
    roles: frozenset[str]
    names: frozenset[str]

    def text_of(self, key: str) -> SourceText | None:
        """The source text behind the plan of that key, if it is one of the fifteen."""
        return next((text for text in self.texts if text.key == key), None)

    def explanation_of(self, clause: str) -> Explanation | None:
        """A letter behind the number (P07-E1a) is part of the same explanation."""
        return self.explanations.get(clause) or self.explanations.get(whole(clause))


def whole(clause: str) -> str:
    """``P07-E1a`` -> ``P07-E1``: the id whose part, at another line, this is."""
    return clause[:-1] if clause[-1:].islower() else clause


def read_shelf(folder: Path) -> Shelf:
    """The shelf of a library folder. Raises OSError or tomllib.TOMLDecodeError for a file that
    cannot be read, KeyError for a row without what it must have. Read anew when a file changes."""
    stamps = tuple((folder / name).stat().st_mtime_ns for name in _FILES)
    return _read_shelf(folder, stamps)


_FILES: Final = (TEXTS, EXPLANATIONS, ROLES, NAMES)


@lru_cache(maxsize=8)
def _read_shelf(folder: Path, stamps: tuple[int, ...]) -> Shelf:
    texts, explanations, roles, names = (
        tomllib.loads((folder / name).read_text(encoding="utf-8")) for name in _FILES
    )
    return Shelf(
        stamp=hash(stamps),
        texts=tuple(_text(row) for row in texts["text"]),
        explanations={row["id"]: _explanation(row) for row in explanations["explanation"]},
        roles=frozenset(row["key"] for row in roles["role"]),
        names=frozenset(names["fingerprints"]),
    )


def _text(row: Mapping[str, Any]) -> SourceText:
    first, last = row["lines"]
    if row["verdict"] not in VERDICTS:
        raise KeyError(f"verdict {row['verdict']}")
    return SourceText(
        number=row["number"],
        key=row["key"],
        title=row["title"],
        title_en=row["title_en"],
        lines=(first, last),
        text_lines=tuple(row["text_lines"]),
        long_lines=frozenset(row["long_lines"]),
        ids=tuple(row["ids"]),
        verdict=row["verdict"],
        subject=row["subject"],
        subject_en=row["subject_en"],
        note=row["note"],
        note_en=row["note_en"],
        folder=row["folder"],
        start_from=tuple(row.get("start_from", ())),
    )


def _explanation(row: Mapping[str, Any]) -> Explanation:
    return Explanation(
        id=row["id"],
        plan=row["plan"],
        fate=row["fate"],
        line=row["line"],
        said=row["said"],
        said_en=row["said_en"],
        optional=row.get("optional", False),
    )
