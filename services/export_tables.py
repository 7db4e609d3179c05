"""The record as a table: CSV for any program, XLSX for Excel. Row by row, in bounded memory.

CSV as in RFC 4180 (CRLF, texts in quotes, quotes doubled), UTF-8 with a byte order mark: Excel
takes a file without one for the local code page. Text that begins like a formula is guarded
(`services.sheets`). A sheet of Excel holds 1,048,576 rows: what is more goes on on the next.
Persons of the unit stand with their names, as on the case's own page; words about members of the
public are masked as there.
"""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

import xlsxwriter

from services.export_rows import BATCH
from services.export_source import Entry, Progress, Source
from services.moments import utc_text
from services.sheets import MOST_CHARACTERS, Cells, guarded
from services.xml_text import whole

#: The columns in order: what is a key has its name beside it.
COLUMNS = (
    "case", "case_title", "plan", "plan_title", "version", "tier", "drill", "seq", "type",
    "type_name", "happened", "recorded", "lag", "person", "person_name", "role", "role_name",
    "for_name", "element", "element_name", "details", "words", "hash",
)  # fmt: skip
_WIDTHS = {"case_title": 36, "plan_title": 30, "type": 22, "type_name": 22, "role_name": 18,
           "happened": 19, "recorded": 19, "element": 30,
           "element_name": 24, "details": 60, "words": 60, "hash": 20}  # fmt: skip
#: Rows of events on one sheet: what Excel holds, less the heading.
MOST_ROWS = 1_048_575

_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True)

Cell = str | int | bool | datetime | None


@dataclass(frozen=True, slots=True)
class Labels:
    """A table's words in the reader's language, looked up once for all its rows: ``headings`` by
    column, the names of types of event, plans and roles by key. A key without one has ""."""

    headings: Mapping[str, str]
    types: Mapping[str, str] = field(default_factory=dict)
    plans: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)


def write_csv(out: IO[bytes], source: Source, progress: Progress, labels: Labels) -> int:
    """Write the table; returns how many events. Moments are ISO 8601 in UTC."""
    text = io.TextIOWrapper(out, encoding="utf-8-sig", errors="replace", newline="")
    try:
        # Every text in quotes: a program whose separator is another does not take it apart, and
        # begins no cell in the middle of one.
        writer = csv.writer(text, lineterminator="\r\n", quoting=csv.QUOTE_NONNUMERIC)
        writer.writerow([guarded(labels.headings[name]) for name in COLUMNS])
        n = 0
        for row in _rows(source, labels):
            writer.writerow([_plain(value) for value in row])
            n += 1
            if not n % BATCH:
                progress(n)
    finally:
        text.detach()  # the caller closes what it opened
    return n


def write_xlsx(
    out: IO[bytes],
    source: Source,
    progress: Progress,
    labels: Labels,
    folder: Path,
    zone: str,
    most: int = MOST_ROWS,
) -> int:
    """Write the workbook; returns how many events. Moments are local time of ``zone``, cells are
    cut at what Excel holds; ``folder`` takes what is not yet packed, ``most`` are the rows of a
    sheet. Packing, the last part of the work, is stopped by ``progress`` as the rest is."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".sheets-") as kept:
        told = _Told(out)
        book: Any = xlsxwriter.Workbook(
            told,
            {
                "constant_memory": True,
                "tmpdir": kept,
                "use_zip64": True,  # a full sheet may have more than 4 GB before it is packed
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        try:
            n = _fill(book, source, progress, labels, ZoneInfo(zone), most)
            told.listener = lambda: progress(n)
            book.close()
        except BaseException:
            # Not by `close`, which packs all there is.
            told.listener = None
            for sheet in book.worksheets():
                sheet.row_data_fh.close()
            raise
    return n


class _Told:
    """A file that lets somebody know of each part written to it."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self.listener: Callable[[], None] | None = None

    def write(self, part: bytes) -> int:
        if self.listener is not None:
            self.listener()
        return self._out.write(part)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._out, name)


def _fill(
    book: Any, source: Source, progress: Progress, labels: Labels, zone: ZoneInfo, most: int,
) -> int:  # fmt: skip
    n, at = 0, 0
    cells = Cells(book, zone, _text)
    head = book.add_format({"bold": True, "bottom": 1})
    sheet = _sheet(book, head, labels.headings)
    for row in _rows(source, labels):
        if at == most:
            sheet, at = _sheet(book, head, labels.headings), 0
        at += 1
        n += 1
        cells.write(sheet, at, row)
        if not n % BATCH:
            progress(n)
    return n


def _text(value: str) -> str:
    return whole(guarded(value))[:MOST_CHARACTERS]


def _sheet(book: Any, head: Any, headings: Mapping[str, str]) -> Any:
    sheet = book.add_worksheet()
    for place, name in enumerate(COLUMNS):
        sheet.set_column(place, place, _WIDTHS.get(name, 12))
        sheet.write_string(0, place, guarded(headings[name]), head)
    sheet.freeze_panes(1, 0)
    return sheet


def _rows(source: Source, labels: Labels) -> Iterator[Sequence[Cell]]:
    for entry in source.by_time(words=True):
        yield _row(source, entry, labels)


def _row(source: Source, entry: Entry, labels: Labels) -> Sequence[Cell]:
    event, case = entry.event, entry.case
    person = source.person_named(event.person_id)
    principal = source.person_named(event.on_behalf_of)
    element = source.element(case, event.element_path)
    lag = int((event.recorded_at - event.occurred_at).total_seconds())
    return (
        case.number if case else "",
        case.title if case else "",
        case.plan if case else "",
        labels.plans.get(case.plan, "") if case else "",
        case.version if case else None,
        case.tier_name or case.tier if case else "",
        case.drill if case else None,
        event.seq,
        event.type,
        labels.types.get(event.type, ""),
        event.occurred_at,
        event.recorded_at,
        lag or None,
        event.person_id,
        person.name if person else "",
        event.role_key,
        labels.roles.get(event.role_key, ""),
        principal.name if principal else "",
        event.element_path,
        element.name if element else "",
        _json(entry.payload),
        _json(entry.personal),
        event.hash,
    )


def _json(value: Mapping[str, Any]) -> str:
    return _ENCODER.encode(value) if value else ""


def _plain(value: Cell) -> str | int:
    if isinstance(value, str):
        return guarded(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return utc_text(value) if isinstance(value, datetime) else value
