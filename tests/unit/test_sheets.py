"""Excel files: nothing a person typed becomes a formula, a link or a broken file."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import openpyxl
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sheets import Column, Value, guarded, write_sheet

_STARTS = ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\u3000@", "\uff1d",
           "\ufeff=", "\u200b +", "\x00-", "\u202e@", ""]  # fmt: skip


def read_back(
    title: str, rows: list[list[Value]], **keys: object
) -> list[list[tuple[object, str]]]:
    file = io.BytesIO()
    write_sheet(file, title, ["a", Column("b", 30)], rows, **keys)  # type: ignore[arg-type]
    sheet = openpyxl.load_workbook(file).active
    assert sheet is not None
    return [[(cell.value, cell.data_type) for cell in row] for row in sheet.iter_rows(min_row=2)]


@settings(max_examples=25)
@given(st.text(max_size=40), st.lists(st.tuples(st.sampled_from(_STARTS), st.text(max_size=20)),
                                      min_size=1, max_size=8))  # fmt: skip
def test_typed_text_is_text(title: str, texts: list[tuple[str, str]]) -> None:
    rows = read_back(title, [["x", start + rest] for start, rest in texts])
    assert len(rows) == len(texts)
    for [_, (value, kind)], (start, rest) in zip(rows, texts, strict=True):
        assert kind in ("s", "n") and (kind == "s" or not start + rest)
        if start:
            assert str(value).startswith("'")
            assert guarded(start + rest) == "'" + start + rest


def test_values_keep_their_kind_and_the_cut_is_said() -> None:
    at = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
    rows = read_back(
        "=[清单]*", [[at, -5], ["长" * 40_000, True], ["https://example.org", None], ["多", 1]],
        zone=ZoneInfo("Asia/Shanghai"), most=3, cut="只列出 3 条。",
    )  # fmt: skip
    assert rows[0] == [(at.replace(hour=10, tzinfo=None), "d"), (-5, "n")]
    assert rows[1] == [("长" * 32_767, "s"), (True, "b")]
    assert rows[2][0] == ("https://example.org", "s")
    assert rows[3][0] == ("只列出 3 条。", "s") and len(rows) == 4


def test_on_paper_headings_stand_on_each_page_and_the_zone_at_the_foot() -> None:
    file = io.BytesIO()
    write_sheet(file, "清单", ["时间"], [[None]], zone=ZoneInfo("Asia/Shanghai"))
    sheet = openpyxl.load_workbook(file).active
    assert sheet is not None
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.sheet_properties.pageSetUpPr.fitToPage and sheet.page_setup.fitToHeight == 0
    assert sheet.print_title_rows == "$1:$1"
    assert sheet.oddFooter.left.text == "Asia/Shanghai"
