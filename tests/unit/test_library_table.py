"""`make plans`: the table a terminal shows, the file it writes, its exit status."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.unit.plan_driver import LIBRARY
from tools import plans


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A library of one plan; the others' folders are missing."""
    folder = tmp_path / "bpmn"
    folder.mkdir()
    for path in LIBRARY.glob("*.toml"):
        shutil.copy(path, folder / path.name)
    for name in ("shared", "p08"):
        shutil.copytree(LIBRARY / name, folder / name)
    return folder


def test_library_is_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = tmp_path / "build" / "plans.json"
    assert plans.main([], LIBRARY, written) == 0
    lines = capsys.readouterr().out.splitlines()
    table = lines[: lines.index(next(line for line in lines if line.startswith("环节:")))]
    assert len(table) == 2 + 15
    assert [line.split()[0] for line in table[2:]] == [str(n) for n in range(1, 16)]
    # A column begins at the same place of the terminal in every line.
    assert len({plans.width(line) for line in table if line.endswith(" 0")}) == 1
    rows = json.loads(written.read_text(encoding="utf-8"))["plans"]
    assert [row["number"] for row in rows] == list(range(1, 16))
    assert all(row["coverage"] == 1.0 for row in rows if row["verdict"] != "none")
    assert {row["alias"] for row in rows} == {"", "p01"}
    assert not any(row["faults"] for row in rows)
    assert not written.with_suffix(".tmp").exists()


def test_faults_are_listed_and_fail(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plans.main([], small, tmp_path / "plans.json") == 1
    out = capsys.readouterr().out
    assert "p01/plan.toml: 缺少预案文件夹" in out and "13 个问题 faults" in out
    rows = json.loads((tmp_path / "plans.json").read_text(encoding="utf-8"))["plans"]
    [missing] = [row for row in rows if row["key"] == "p01"]
    assert missing["coverage"] is None
    assert [fault["code"] for fault in missing["faults"]] == ["folder_missing"]


def test_one_plan(small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = tmp_path / "plans.json"
    assert plans.main(["p08"], small, written) == 0
    assert plans.main(["p08", "p01"], small, written) == 1
    assert plans.main(["p99"], small, written) == 2
    assert not written.exists(), "only the whole library is written"
    assert "p99" in capsys.readouterr().err


def test_width_of_a_terminal() -> None:
    assert plans.width("预案 plan") == 9
    assert plans.width("(第1篇)") == 7
