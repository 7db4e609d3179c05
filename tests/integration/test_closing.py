"""Closing: the plan's criterion is confirmed by a person, and what is open is shown."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models.cases import Anchor, Case
from models.history import HistoryEvent
from models.words import ReportLine
from services import closing, history
from services.closing import handle_closing
from services.errors import Refusal
from services.statements import handle_draft
from services.uow import Database, UnitOfWork
from tests.integration.words_rows import Unit, make_unit

FORM = "planroom:closing"


@pytest.fixture
def unit(db: Database, now: datetime) -> Unit:
    return make_unit(db, now)


def close(unit: Unit, data: dict[str, Any], **options: Any) -> dict[str, Any]:
    return unit.submit(handle_closing, FORM, data, **options)


def test_a_confirmed_criterion_closes_the_case_when_it_happened(unit: Unit) -> None:
    really = unit.now - timedelta(hours=2)
    result = close(unit, {"criterion_met": True, "note": "三日无新增"}, occurred_at=really)
    assert result == {"criterion_met": True, "note": "三日无新增"}
    with unit.db.read() as session:
        case = session.get_one(Case, unit.case_id)
        assert (case.status, case.closed_at) == ("closed", really)
        anchor = session.query(Anchor).filter_by(name="closed_at").one()
        assert (anchor.occurred_at, anchor.recorded_at) == (really, unit.now)
    event = unit.events("closing.confirmed")[0]
    assert event["met"] is True and event["criterion"] == "连续三日无新增信息"
    assert event["clause"] == "P11-24" and "note" not in event
    assert len(unit.events("case.closed")) == 1


def test_a_criterion_not_met_leaves_the_case_open(unit: Unit) -> None:
    assert close(unit, {"criterion_met": False, "note": "仍有转发"})["criterion_met"] is False
    with unit.db.read() as session:
        assert session.get_one(Case, unit.case_id).status == "open"
        assert session.query(Anchor).count() == 0
    assert unit.events("closing.confirmed")[0]["met"] is False
    assert unit.events("case.closed") == []


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        ({}, {"criterion_met": "required"}),
        ({"criterion_met": "true"}, {"criterion_met": "required"}),
        ({"criterion_met": False, "note": " "}, {"note": "required"}),
    ],
)
def test_nothing_is_assumed(unit: Unit, data: dict[str, Any], errors: dict[str, str]) -> None:
    with pytest.raises(Refusal) as refusal:
        close(unit, data)
    assert refusal.value.args_["errors"] == errors


def test_a_case_closes_once(unit: Unit) -> None:
    close(unit, {"criterion_met": True})
    with pytest.raises(Refusal) as refusal:
        close(unit, {"criterion_met": True})
    assert (refusal.value.code, refusal.value.status) == ("case_not_open", 409)


def test_what_is_open_is_shown_to_who_closes(unit: Unit) -> None:
    made = unit.submit(handle_draft, "planroom:statement-draft", unit.text())
    with unit.db.read() as session:
        there = closing.readiness(session, session.get_one(Case, unit.case_id))
        assert there.criterion.criterion == "连续三日无新增信息"
        assert [draft.id for draft in there.drafts] == [made["statement_id"]]
        assert there.unconfirmed == [] and there.incidents == []
        assert there.open_work


def test_closing_over_open_work_needs_a_reason_and_keeps_it(unit: Unit) -> None:
    made = unit.submit(handle_draft, "planroom:statement-draft", unit.text())
    with pytest.raises(Refusal) as refusal:
        close(unit, {"criterion_met": True, "open_work_reason": "  "})
    assert (refusal.value.code, refusal.value.status) == ("closing_open_work", 409)
    assert refusal.value.args_["drafts"] == [unit.text()["title"]]
    assert refusal.value.args_["unconfirmed"] == []
    assert unit.events("closing.confirmed") == [] and unit.events("case.closed") == []
    # The plan goes on: nothing is asked.
    close(unit, {"criterion_met": False, "note": "仍有转发"})
    result = close(unit, {"criterion_met": True, "open_work_reason": "已由上级统一发布"})
    assert result == {"criterion_met": True, "note": ""}
    event = unit.events("closing.confirmed")[-1]
    assert event["drafts"] == [made["statement_id"]] and event["unconfirmed"] == []
    assert "open_work_reason" not in event  # a commitment: the words are personal values
    with unit.db.read() as session:
        row = session.scalars(
            select(HistoryEvent)
            .where(HistoryEvent.type == "closing.confirmed")
            .order_by(HistoryEvent.id.desc())
        ).first()
        assert row is not None
        assert history.personal_of(session, row)["open_work_reason"] == "已由上级统一发布"
        assert session.get_one(Case, unit.case_id).status == "closed"


def test_reports_not_made_or_not_confirmed_are_named_in_both_languages(unit: Unit) -> None:
    told = unit.open_task("planroom:report-up", "first/report")
    untold = unit.open_task("planroom:report-up", "second/report")

    def work(uow: UnitOfWork) -> None:
        uow.session.add(
            ReportLine(
                case_id=unit.case_id,
                task_id=told,
                recipient="party_office",
                name="党政办",
                name_en="Party and government office",
            )
        )

    unit.run(work)
    with pytest.raises(Refusal) as refusal:
        close(unit, {"criterion_met": True})
    assert refusal.value.args_["unconfirmed"] == ["党政办", "second/report"]
    assert refusal.value.args_["unconfirmed_en"] == [
        "Party and government office",
        "second/report",
    ]
    close(unit, {"criterion_met": True, "open_work_reason": "电话已通"})
    assert unit.events("closing.confirmed")[0]["reports"] == [untold]
