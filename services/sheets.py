"""Excel files and what is safe to stand in a cell: shared by the lists and the exports.

A cell that begins like a formula is one to Excel, LibreOffice and most readers of CSV. So text that
begins so (perhaps after spaces) gets an apostrophe before it, and is written as a string besides.
Source: OWASP, "CSV Injection".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from typing import IO, Any

import xlsxwriter

#: Rows under the heading: what a sheet of Excel holds, less the heading and the word at the cut.
MOST_ROWS = 1_048_574
#: Characters a cell holds.
MOST_CHARACTERS = 32_767
_SHEET_NAME = 31
_A4 = 9
_NOT_IN_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
#: How a formula begins, the full-width forms included: some readers fold them.
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
#: What nobody sees before it, and some readers drop: spaces, controls, marks without a width.
_UNSEEN = re.compile(r"[\s\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]*")
_BREAKS = ("\t", "\r", "\n")
#: What XML cannot carry, not even escaped.
_NOT_IN_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")

Value = str | int | float | bool | date | datetime | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading and its width in characters."""

    title: str
    width: float = 16


@dataclass(frozen=True, slots=True)
class Written:
    """How many rows were written; ``cut`` when there were more than were allowed."""

    rows: int
    cut: bool


def guarded(text: str) -> str:
    """The text as it may stand in a cell of a CSV or Excel file."""
    if text[:1].isalnum():  # as nearly all: no formula begins so
        return text
    begins = _UNSEEN.match(text)
    at = begins.end() if begins is not None else 0
    if text.startswith(_BREAKS) or text.startswith(_FORMULA, at):
        return "'" + text
    return text


class Cells:
    """Writes rows of values to sheets of one book: moments as local time of ``zone``, words through
    ``text``, each kind as its own; what is empty is left out."""

    def __init__(self, book: Any, zone: tzinfo, text: Callable[[str], str]) -> None:
        self._zone = zone
        self._text = text
        self._moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._day = book.add_format({"num_format": "yyyy-mm-dd"})

    def write(self, sheet: Any, at: int, row: Sequence[Value]) -> None:
        """Write one row ``at`` a place counted from 0."""
        for place, value in enumerate(row):
            if value is None or value == "":
                continue
            if isinstance(value, bool):
                sheet.write_boolean(at, place, value)
            elif isinstance(value, datetime):
                shown = value.astimezone(self._zone).replace(tzinfo=None)
                sheet.write_datetime(at, place, shown, self._moment)
            elif isinstance(value, date):
                sheet.write_datetime(at, place, value, self._day)
            elif isinstance(value, int | float):
                sheet.write_number(at, place, value)
            else:
                sheet.write_string(at, place, self._text(value))


def write_sheet(
    target: str | Path | IO[bytes],
    title: str,
    columns: Sequence[Column | str],
    rows: Iterable[Sequence[Value]],
    *,
    zone: tzinfo = UTC,
    most: int = MOST_ROWS,
    cut: str = "",
) -> Written:
    """Write one sheet named ``title`` to a path or a binary file, row by row: memory does not grow
    with the rows. Moments are written as local time of ``zone``; text is guarded and cut at
    `MOST_CHARACTERS`. After ``most`` rows (never more than `MOST_ROWS`) the rest is left out and
    the sentence ``cut`` stands in the last row."""
    most = min(most, MOST_ROWS)
    book = xlsxwriter.Workbook(
        str(target) if isinstance(target, Path) else target,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    with book:
        sheet = book.add_worksheet(_sheet_name(title))
        head = book.add_format({"bold": True, "bottom": 1})
        cells = Cells(book, zone, _text)
        for place, given in enumerate(columns):
            column = Column(given) if isinstance(given, str) else given
            sheet.set_column(place, place, column.width)
            sheet.write_string(0, place, _text(column.title), head)
        sheet.freeze_panes(1, 0)
        # On paper: across, as wide as the page, the headings on each, whose time it is at the foot.
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        sheet.set_footer(f"&L{zone}&R&P / &N")
        written, was_cut = 0, False
        for row in rows:
            if written >= most:
                was_cut = True
                sheet.write_string(written + 1, 0, _text(cut))
                break
            written += 1
            cells.write(sheet, written, row)
        if columns:
            sheet.autofilter(0, 0, max(written, 1), len(columns) - 1)
    return Written(written, was_cut)


def _text(value: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", guarded(value))[:MOST_CHARACTERS]


def _sheet_name(title: str) -> str:
    # Excel takes neither an empty name, nor an apostrophe at either end, nor its own "History".
    name = _NOT_IN_NAME.sub(" ", _NOT_IN_XML.sub(" ", title))[:_SHEET_NAME].strip("' ")
    return "Sheet1" if not name or name.lower() == "history" else name
