"""Plans 1 and 14: the secrecy branch of the publication chain holds although the text may change
after it, and each report goes to those it is for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from models.words import Statement
from services import approvals, report_reading, statement_reading
from services.approval_needs import needs
from services.errors import Refusal
from services.statement_text import parts_of
from tests.acceptance.stories.run import Stage, Story
from tests.kept import copied

CHECKS = "publish_information/sensitive_checks"


@pytest.fixture
def stage(sqlite_template: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stage]:
    at = datetime.fromisoformat("2026-03-10T09:00:00+08:00")
    with copied(sqlite_template, tmp_path) as database:
        yield Stage.set(database, request.param, at)


def missing(s: Any) -> list[str]:
    with s.db.read() as session:
        statement = session.scalars(select(Statement)).one()
        return [need.kind for need in needs(session, statement) if need.standing is None]


def latest_parts(s: Any) -> dict[str, Any]:
    with s.db.read() as session:
        statement = session.scalars(select(Statement)).one()
        parts = parts_of(statement_reading.latest(session, statement))
        return {name: getattr(parts, name) for name in parts.__slots__}


def recipients(s: Any, path: str) -> list[str]:
    with s.db.read() as session:
        task = s.tasks[path]
        return [row.recipient.key for row in report_reading.overview(session, task, s.case).rows]


@pytest.mark.parametrize("stage", ["p01"], indirect=True)
def test_ordinary_information_needs_nobody_who_was_not_asked(stage: Stage) -> None:
    def story(s: Any) -> None:
        s.do("triage", matter="information").do("publish_information/draft")
        assert missing(s) == ["final"]
        s.do("publish_information/first_review").do("publish_information/approve")
        assert missing(s) == []

    stage.play(story)


@pytest.mark.parametrize("stage", ["p01"], indirect=True)
def test_words_changed_after_the_secrecy_check_go_back_to_it(stage: Stage) -> None:
    """The approver changes the text: nothing goes out until the offices have seen the new one."""

    def story(s: Story) -> None:
        s.do("triage", matter="information", sensitive=True).do("publish_information/draft")
        s.do("publish_information/first_review")
        for office in ("secrecy_check", "party_check", "office_check"):
            s.do(f"{CHECKS}/{office}")
        edited = {**latest_parts(s), "known": "桁架一段脱落,附排练名单。"}
        s.do("publish_information/approve", decision="approve_with_edits", **edited)
        assert set(missing(s)) == {"review", "secrecy", "countersign"}
        s.refused("publish_information/release", "approval_missing")
        with s.db.read() as session:
            statement = session.scalars(select(Statement)).one()
            digest = statement_reading.latest(session, statement).digest

        def again(kind: str, who: str) -> None:
            actor = s.actor(who)
            s.db.run(lambda uow: approvals.approve_again(uow, 1, kind, digest, actor, s.now))

        with pytest.raises(Refusal, match="not_your_role"):
            again("secrecy", "publicity")
        for kind, who in (
            ("review", "unit"),
            ("secrecy", "secrecy"),
            ("countersign", "party_office"),
        ):
            again(kind, who)
        s.do("publish_information/release")
        assert s.status == "completed"

    stage.play(story)


@pytest.mark.parametrize("stage", ["p01"], indirect=True)
def test_nobody_reviews_or_approves_their_own_draft(stage: Stage) -> None:
    def story(s: Story) -> None:
        s.do("triage", matter="information", sensitive=True).do("publish_information/draft")
        chain = "publish_information"
        for path in (f"{chain}/first_review", f"{chain}/approve"):
            assert s.element(path).not_same_as == (f"{chain}/draft",)
        for office in ("secrecy_check", "party_check", "office_check"):
            assert s.element(f"{CHECKS}/{office}").not_same_as == (f"{chain}/draft",)

    stage.play(story)


@pytest.mark.parametrize("stage", ["p14"], indirect=True)
def test_each_report_goes_to_those_it_is_for(stage: Stage) -> None:
    def story(s: Story) -> None:
        s.do("triage", matter="incident").do("tell_leader")
        assert recipients(s, "report_1h/report_in_time") == ["leading_group"]
        s.do("report_1h/report_in_time").do("approve_measures", decision="start")
        s.do("assessment/analyse", report_up=True, check=False)
        s.do("response_plan", publish=False)
        assert recipients(s, "report_superior/report_freely") == ["superior"]

    story.settings = {"baseline_grading": False}  # type: ignore[attr-defined]
    stage.play(story)
