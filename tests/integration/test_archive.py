"""The archive: the plan's table of contents against what there is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from models.cases import Case
from models.intake import ArchiveItem
from services import archive
from services.archive import handle_archive
from services.errors import Refusal
from services.statements import handle_draft
from services.uow import Database
from tests.integration.words_rows import Unit, make_unit

FORM = "planroom:archive"


@pytest.fixture
def unit(db: Database, now: datetime) -> Unit:
    return make_unit(db, now)


def put_away(unit: Unit, items: Any) -> dict[str, Any]:
    return unit.submit(handle_archive, FORM, {"items": items})


def test_the_list_says_what_planroom_holds_itself(unit: Unit) -> None:
    unit.submit(handle_draft, "planroom:statement-draft", unit.text())
    unit.submit(lambda _uow, _s: {}, "", {}, path="consult", who="office")
    with unit.db.read() as session:
        found = archive.holdings(session, session.get_one(Case, unit.case_id))
    assert [(h.rule.key, h.found) for h in found] == [
        ("statements", 1),
        ("minutes", 1),
        ("photos", None),
    ]


def test_every_item_is_recorded_and_the_case_archived(unit: Unit) -> None:
    unit.submit(handle_draft, "planroom:statement-draft", unit.text())
    result = put_away(
        unit,
        {
            "statements": {"present": True},
            "minutes": {"present": True, "where": "档案室 3 柜 2 格", "note": "原件"},
        },
    )
    assert result == {"items": 3, "missing": 1}  # photos were not asked for
    with unit.db.read() as session:
        case = session.get_one(Case, unit.case_id)
        assert (case.status, case.archived_at) == ("archived", unit.now)
        rows = {row.key: row for row in session.query(ArchiveItem)}
        assert rows["minutes"].where == "档案室 3 柜 2 格" and rows["minutes"].present
        assert not rows["photos"].present
    recorded = unit.events("archive.item_recorded")
    assert [(e["key"], e["present"]) for e in recorded] == [
        ("statements", True),
        ("minutes", True),
        ("photos", False),
    ]
    assert unit.events("case.archived") == [{"items": 3, "missing": 1}]


@pytest.mark.parametrize("items", [None, {}, [], {"minutes": "yes"}])
def test_what_is_required_and_missing_needs_a_word_why(unit: Unit, items: Any) -> None:
    with pytest.raises(Refusal) as refusal:
        put_away(unit, items)
    assert refusal.value.args_["errors"] == {
        "items.statements.note": "required",
        "items.minutes.note": "required",
    }
    done = put_away(
        unit, {"statements": {"note": "未发布"}, "minutes": {"note": "电话会商,无纪要"}}
    )
    assert done == {"items": 3, "missing": 3}


def test_what_lies_elsewhere_is_said_where(unit: Unit) -> None:
    with pytest.raises(Refusal) as refusal:
        put_away(
            unit,
            {
                "statements": {"note": "无"},
                "minutes": {"present": True},
                "photos": {"present": True, "where": "字" * 301},
            },
        )
    assert refusal.value.args_["errors"] == {
        "items.minutes.where": "required",
        "items.photos.where": "too_long",
    }


def test_an_archived_case_stays_so(unit: Unit) -> None:
    items = {"statements": {"note": "无"}, "minutes": {"note": "无"}}
    put_away(unit, items)
    with pytest.raises(Refusal) as refusal:
        put_away(unit, items)
    assert refusal.value.code == "case_archived"
