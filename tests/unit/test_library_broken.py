"""Aliases, real people and the counts of a plan that is broken."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.library import Row, faults, plain, rows
from services.library_people import names_in
from tests.unit.library_copy import CLAUSES, DIAGRAM, MANIFEST, PLAN, Break, Copy, without_row


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


# --------------------------------------------------------------------- alias


@pytest.fixture
def alias(copy: Copy) -> Copy:
    """Plan 5 as an alias of the real plan, with one step said to be lost."""
    folder = copy.folder / "p05"
    folder.mkdir()
    folder.joinpath("plan.toml").write_text(
        'key = "p05"\nnumber = 5\nbusiness_prefix = "P05"\nalias = "p13"\n'
        "source = { lines = [247, 287] }\nclocks = []\n"
        '[origins]\ntake_call = "lost"\n',
        encoding="utf-8",
    )
    folder.joinpath("clauses.toml").write_text(
        '[[clause]]\nid = "P05-L275"\nline = 275\ntext = "立即汇报"\ntext_en = "At once"\n'
        'fate = "element"\nby = ["take_call"]\nwhy = ""\nwhy_en = ""\n',
        encoding="utf-8",
    )
    copy.before |= set(faults(copy.folder))
    return copy


def test_alias_is_judged_by_its_own_text(alias: Copy) -> None:
    """Its steps cite the other plan's clauses; what it takes over is no fault of its own."""
    mine = [fault for fault in alias.before if fault.file.startswith("p05/")]
    codes = {fault.code for fault in mine}
    assert codes == {"folder_missing", "line_bare", "id_missing", "clock_missing"}


def test_alias_of_steps_that_do_not_exist(alias: Copy) -> None:
    alias.edit("p05/plan.toml", 'take_call = "lost"', '"repair/ghost" = "lost"')
    found = alias.new()
    assert len(found) == 1, found
    [fault] = found
    assert (fault.code, fault.file, fault.element) == (
        "alias_origin_unknown", "p05/plan.toml", "repair/ghost",
    )  # fmt: skip


def test_alias_whose_clause_names_no_step(alias: Copy) -> None:
    alias.edit("p05/clauses.toml", 'by = ["take_call"]', 'by = ["ghost"]')
    assert ("by_unknown", "P05-L275") in {(f.code, f.clause) for f in alias.new()}


def test_alias_of_nothing(alias: Copy) -> None:
    alias.edit("p05/plan.toml", 'alias = "p13"', 'alias = "p99"')
    assert [(f.code, f.file) for f in alias.new()] == [("unreadable", "p05/plan.toml")]


# ------------------------------------------------------------------- people

#: A name nobody in the sources has, to be looked for.
NAME = "章丘实"
NAMES = frozenset({hashlib.sha256(NAME.encode()).hexdigest()[:16]})


@pytest.fixture
def hunted(copy: Copy) -> Iterator[Copy]:
    text = (copy.folder / "real_names.toml").read_text(encoding="utf-8")
    [fingerprint] = NAMES
    copy.edit("real_names.toml", "fingerprints = [", f'fingerprints = ["{fingerprint}", ')
    yield copy
    assert NAME not in text


@pytest.mark.parametrize(
    ("break_", "expected"),
    [
        (lambda c: c.clause("P13-L705", "text", f'"目的由{NAME}定"'), (CLAUSES, "", "P13-L705")),
        (lambda c: c.in_node("take_call", 'name="登记报漏信息"', f'name="向{NAME}登记"'),
         (DIAGRAM, "take_call", "")),
        (lambda c: c.in_node("take_call", "<bpmn:documentation>", f"<bpmn:documentation>{NAME}。"),
         (DIAGRAM, "take_call", "")),
        (lambda c: c.in_node("take_call", 'id="place" label="', f'id="place" label="{NAME}'),
         (DIAGRAM, "take_call#place", "")),
        (lambda c: c.change(MANIFEST, "provisions", "purpose", "text", f'"{NAME}"'),
         (MANIFEST, "purpose", "")),
    ],
    ids=["clause", "name", "documentation", "field", "provision"],
)  # fmt: skip
def test_real_person_named(hunted: Copy, break_: Break, expected: tuple[str, str, str]) -> None:
    break_(hunted)
    [fault] = [one for one in hunted.new() if one.code == "real_name"]
    assert (fault.file, fault.element, fault.clause) == expected
    assert NAME not in fault.words + fault.words_en, "a fault does not repeat the name"


def test_name_in_any_file() -> None:
    assert [f.file for f in names_in("demo.toml", f'key = "x"\n# {NAME}\n'.encode(), NAMES)] == [
        "demo.toml"
    ]
    assert list(names_in("demo.toml", "# 章丘".encode(), NAMES)) == []


# ---------------------------------------------------------------------- rows


def row_of(copy: Copy, key: str = PLAN) -> Row:
    return next(row for row in rows(copy.folder) if row.text.key == key)


def test_broken_clause_is_not_covered(copy: Copy) -> None:
    whole = row_of(copy).figures
    assert whole is not None and whole.coverage == 1.0 and whole.uncovered == 0
    copy.clause("P13-L705", "by", '["provisions.purpose", "provisions.ghost"]')
    without_row(copy, CLAUSES, "clause", "P13-L767")
    broken = row_of(copy)
    assert broken.figures is not None
    assert broken.figures.uncovered == 2
    assert broken.figures.clauses == whole.clauses - 1
    assert broken.figures.coverage == (whole.clauses - 2) / whole.clauses
    assert {fault.code for fault in broken.faults} == {"by_unknown", "line_bare", "clause_unknown"}
    written = plain(broken)
    assert written["uncovered"] == 2
    assert sum(written["covered"].values()) == whole.clauses - 2
    assert {fault["clause"] for fault in written["faults"]} == {"P13-L705", "P13-L767", ""}


def test_row_counts_what_stands_in_the_folder(copy: Copy) -> None:
    row = row_of(copy)
    assert row.figures is not None
    assert row.figures.clocks == copy.text(MANIFEST).count("[[clocks]]")
    assert row.figures.timed == sum(
        f'kind = "{kind}"' in block
        for block in copy.text(MANIFEST).split("[[")
        if block.startswith("clocks]]")
        for kind in ("hard", "day")
    )
    assert row.figures.clauses == copy.text(CLAUSES).count("[[clause]]")
    assert row.figures.approvals == 4
    assert row.figures.called > 0
    assert row_of(copy, "p12").figures is None and row_of(copy, "p12").faults == ()
    assert [f.code for f in row_of(copy, "p01").faults] == ["folder_missing"]
