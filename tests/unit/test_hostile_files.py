"""Any file at all may be uploaded: it is read with its findings or refused, never a stack trace,
never more than 10 s or 300 MB. All inputs run in one process (`tests.unit.hostile`)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MOST_SECONDS = 10
MOST_MB = 300

Rows = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def rows() -> Rows:
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.hostile"],
        cwd=ROOT, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    return {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}


def test_nothing_but_findings_ever_comes_out(rows: Rows) -> None:
    assert len(rows) > 100
    raised = {name: row["outcome"] for name, row in rows.items() if name and
              row["outcome"].startswith("raised")}  # fmt: skip
    assert not raised


def test_each_is_done_within_its_time_and_all_within_the_memory(rows: Rows) -> None:
    slow = {name: row["seconds"] for name, row in rows.items() if name and
            row["seconds"] > MOST_SECONDS}  # fmt: skip
    assert not slow
    assert max(row["peak"] for row in rows.values()) - rows[""]["peak"] < MOST_MB


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("empty", "empty_file"), ("zip", "binary_file"), ("png", "binary_file"),
        ("office", "binary_file"), ("utf7", "wrong_encoding"),
        ("gbk_called_utf8", "wrong_encoding"),
        ("html", "not_xml"), ("cut", "not_xml"), ("svg", "not_bpmn"), ("svg.dmn", "not_dmn"),
        ("laughs", "has_dtd"), ("outside", "has_dtd"), ("dtd", "has_dtd"), ("deep", "too_deep"),
        ("attribute", "attribute_too_long"), ("attributes", "too_many_attributes"),
        ("name", "name_too_long"), ("text", "text_too_long"), ("large", "too_large"),
        ("calls", "too_many_elements"), ("feel_long", "condition_invalid"),
    ],
)  # fmt: skip
def test_what_is_refused_is_told_for_what_it_is(rows: Rows, name: str, code: str) -> None:
    outcome = rows[name]["outcome"]
    assert outcome.startswith("refused") and code in outcome


@pytest.mark.parametrize("name", ["row_400", "fields_2000", "fan_6600", "booleans_60"])
def test_what_is_only_large_is_read(rows: Rows, name: str) -> None:
    assert rows[name]["outcome"].startswith("sound")
