"""Approvals: bound to the text shown, voided by any change, four eyes, by telephone, one tap."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from models.words import Approval, StatementVersion
from services import (
    approval_needs,
    approvals,
    history,
    oral_approvals,
    statement_reading,
    statements,
)
from services.approvals import Decision, handle_approve, handle_review
from services.errors import Refusal
from services.statement_text import Parts
from services.statements import handle_draft
from services.uow import Database
from tests.integration.words_rows import Unit, make_unit

DRAFT = "planroom:statement-draft"
REVIEW = "planroom:statement-review"
APPROVE = "planroom:statement-approve"


@pytest.fixture
def unit(db: Database, now: datetime) -> Unit:
    return make_unit(db, now)


def drafted(unit: Unit) -> dict[str, Any]:
    return unit.submit(handle_draft, DRAFT, unit.text())


def secrecy(unit: Unit, digest: str, decision: str = "approve", **data: Any) -> dict[str, Any]:
    return unit.submit(
        handle_review,
        REVIEW,
        {"decision": decision, "digest": digest, **data},
        path="words/secrecy",
        properties={"approvalKind": "secrecy"},
    )


def final(
    unit: Unit, digest: str, decision: str = "approve", who: str = "leader", **data: Any
) -> dict[str, Any]:
    options = {k: data.pop(k) for k in ("at", "occurred_at") if k in data}
    return unit.submit(
        handle_approve,
        APPROVE,
        {"decision": decision, "digest": digest, **data},
        who=who,
        **options,
    )


def missing(unit: Unit, statement_id: int) -> list[str]:
    with unit.db.read() as session:
        needs = approval_needs.needs(session, statement_reading.get(session, statement_id))
        return [need.kind for need in needs if need.standing is None]


def edit(unit: Unit, made: dict[str, Any], who: str = "publicity", **changes: Any) -> str:
    """Another version from the statement's page; its digest."""

    def work(uow: Any) -> str:
        return statements.add_version(
            uow,
            made["statement_id"],
            Parts.read(unit.text(**changes)),
            unit.actor(who),
            unit.now,
            base_digest=made["digest"],
        ).digest

    return unit.run(work)


def again(unit: Unit, made: dict[str, Any], kind: str, digest: str, who: str) -> Approval:
    return unit.run(
        lambda uow: approvals.approve_again(
            uow, made["statement_id"], kind, digest, unit.actor(who), unit.now
        )
    )


def refused(work: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        work()
    return caught.value


def test_every_kind_asked_for_has_to_stand(unit: Unit) -> None:
    made = drafted(unit)
    assert missing(unit, made["statement_id"]) == ["secrecy", "final"]
    assert secrecy(unit, made["digest"])["decision"] == "approve"
    assert missing(unit, made["statement_id"]) == ["final"]
    result = final(unit, made["digest"], comment="同意发布")
    assert result == {
        "decision": "approve",
        "version": 1,
        "digest": made["digest"],
        "comment": "同意发布",
    }
    assert missing(unit, made["statement_id"]) == []


def test_a_raised_tier_asks_for_more(unit: Unit) -> None:
    made = drafted(unit)

    def raise_tier(uow: Any) -> None:
        unit.case(uow).tier = "major"

    unit.run(raise_tier)
    assert missing(unit, made["statement_id"]) == ["secrecy", "final", "legal"]


def test_a_decision_on_a_text_that_changed_meanwhile_is_refused_with_both(unit: Unit) -> None:
    made = drafted(unit)
    edit(unit, made, doing="伤者已送医。")
    refusal = refused(lambda: final(unit, made["digest"]))
    assert (refusal.code, refusal.status) == ("text_changed", 409)
    assert (refusal.args_["shown"], refusal.args_["latest"]) == (1, 2)
    assert refused(lambda: final(unit, "f" * 64)).args_["shown"] is None
    assert refused(lambda: final(unit, "")).code == "text_changed"


def test_approving_with_edits_makes_and_approves_a_version_by_the_approver(unit: Unit) -> None:
    made = drafted(unit)
    secrecy(unit, made["digest"])
    result = final(unit, made["digest"], "approve_with_edits", **unit.text(unknown="正在调查。"))
    assert result["version"] == 2 and result["digest"] != made["digest"]
    # The secrecy approval was of the text before the leader changed it.
    assert missing(unit, made["statement_id"]) == ["secrecy"]
    with unit.db.read() as session:
        version = session.query(StatementVersion).filter_by(number=2).one()
        assert version.author_id == unit.people["leader"]
        assert version.digest == result["digest"]
    again(unit, made, "secrecy", result["digest"], "secrecy")
    assert missing(unit, made["statement_id"]) == []


def test_approving_with_edits_needs_an_edit(unit: Unit) -> None:
    made = drafted(unit)
    refusal = refused(lambda: final(unit, made["digest"], "approve_with_edits", **unit.text()))
    assert refusal.code == "text_unchanged"


def test_a_typo_fixed_afterwards_is_approved_again_with_one_tap(unit: Unit) -> None:
    made = drafted(unit)
    secrecy(unit, made["digest"])
    final(unit, made["digest"])
    digest = edit(unit, made, contact="县委宣传部 0571-11111111")
    assert missing(unit, made["statement_id"]) == ["secrecy", "final"]
    assert refused(lambda: again(unit, made, "final", digest, "publicity")).status == 403
    assert refused(lambda: again(unit, made, "final", made["digest"], "leader")).status == 409
    again(unit, made, "final", digest, "leader")
    again(unit, made, "secrecy", digest, "secrecy")
    assert missing(unit, made["statement_id"]) == []
    assert refused(lambda: again(unit, made, "final", digest, "leader")).code == "approval_not_due"


def test_one_tap_is_not_for_a_text_whose_task_still_waits(unit: Unit) -> None:
    made = drafted(unit)
    refusal = refused(lambda: again(unit, made, "final", made["digest"], "leader"))
    assert refusal.code == "approval_not_due"


def test_the_drafter_does_not_finally_approve(unit: Unit) -> None:
    made = unit.submit(handle_draft, DRAFT, unit.text(), who="leader")
    refusal = refused(lambda: final(unit, made["digest"]))
    assert (refusal.code, refusal.status) == ("four_eyes", 403)
    # Not through an edit of their own text either, nor behind somebody else's small change.
    edited = unit.text(known="别的")
    assert refused(lambda: final(unit, made["digest"], "approve_with_edits", **edited)).code == (
        "four_eyes"
    )
    digest = edit(unit, made, who="publicity", doing="伤者已送医。")
    assert refused(lambda: final(unit, digest)).code == "four_eyes"
    assert final(unit, digest, who="leader2")["decision"] == "approve"


def test_the_writer_of_the_latest_version_does_not_finally_approve_it(unit: Unit) -> None:
    made = drafted(unit)
    digest = edit(unit, made, who="leader", doing="伤者已送医。")
    assert refused(lambda: final(unit, digest)).code == "four_eyes"
    assert final(unit, digest, who="leader2")["version"] == 2


def test_who_edited_in_approving_may_approve_that_text_again(unit: Unit) -> None:
    made = drafted(unit)
    result = final(unit, made["digest"], "approve_with_edits", **unit.text(doing="甲"))
    assert final(unit, result["digest"])["digest"] == result["digest"]


def test_returning_and_rejecting_need_a_word_and_do_not_approve(unit: Unit) -> None:
    made = drafted(unit)
    for decision in ("return", "reject"):
        refusal = refused(lambda d=decision: final(unit, made["digest"], d))
        assert refusal.args_["errors"] == {"comment": "required"}
    assert final(unit, made["digest"], "return", comment="数字要核实")["decision"] == "return"
    assert "final" in missing(unit, made["statement_id"])


def test_a_later_no_ends_an_earlier_yes_of_its_kind(unit: Unit) -> None:
    made = drafted(unit)
    secrecy(unit, made["digest"])
    secrecy(unit, made["digest"], "return", comment="涉及未公开情况")
    assert "secrecy" in missing(unit, made["statement_id"])


def test_a_telephone_decision_is_entered_later_and_signed(unit: Unit) -> None:
    made = drafted(unit)
    called, entered = unit.now, unit.now + timedelta(minutes=25)
    leader = unit.people["leader"]
    final(unit, made["digest"], who="office", oral_by=leader, at=entered, occurred_at=called)
    with unit.db.read() as session:
        row = session.query(Approval).one()
        assert row.oral and row.person_id == leader and row.role_key == "leader"
        assert row.entered_by == unit.people["office"]
        assert (row.occurred_at, row.recorded_at) == (called, entered)
        assert row.countersigned_at is None
        approval_id = row.id
    assert "final" not in missing(unit, made["statement_id"])

    def sign(who: str) -> Approval:
        return unit.run(
            lambda uow: oral_approvals.countersign(uow, approval_id, unit.actor(who), entered)
        )

    assert refused(lambda: sign("office")).code == "not_your_approval"
    assert sign("leader").countersigned_at == entered
    assert refused(lambda: sign("leader")).code == "countersigned_already"
    assert unit.events("approval.given")[0]["oral"] is True
    assert len(unit.events("approval.countersigned")) == 1


def test_a_telephone_decision_is_of_somebody_who_may_decide(unit: Unit) -> None:
    made = drafted(unit)
    office = unit.people["office"]
    refusal = refused(lambda: final(unit, made["digest"], who="duty", oral_by=office))
    assert refusal.args_["errors"] == {"oral_by": "not_an_approver"}
    leader = unit.people["leader"]
    # The writer's word that the leader said yes is one pair of eyes.
    refusal = refused(lambda: final(unit, made["digest"], who="publicity", oral_by=leader))
    assert refusal.code == "oral_own_text"
    edits = unit.text(doing="甲")
    refusal = refused(
        lambda: final(
            unit, made["digest"], "approve_with_edits", who="office", oral_by=leader, **edits
        )
    )
    assert refusal.args_["errors"] == {"oral": "oral_edits"}


def test_a_task_handed_to_somebody_else_does_not_make_them_an_approver(unit: Unit) -> None:
    made = drafted(unit)
    assert refused(lambda: final(unit, made["digest"], who="office")).code == "not_an_approver"


def test_an_oral_yes_to_a_late_change_is_entered_on_the_page(unit: Unit) -> None:
    made = drafted(unit)
    final(unit, made["digest"])
    digest = edit(unit, made, doing="甲")
    given = Decision("final", "approve", digest, oral_by=unit.people["leader"])

    def enter(who: str) -> Approval:
        return unit.run(
            lambda uow: oral_approvals.enter_oral(
                uow,
                made["statement_id"],
                given,
                unit.actor(who),
                unit.now,
                occurred_at=unit.now,
            )
        )

    assert refused(lambda: enter("archive")).status == 403
    assert enter("secrecy").oral is True
    assert "final" not in missing(unit, made["statement_id"])


def test_nothing_happened_in_the_future(unit: Unit) -> None:
    made = drafted(unit)
    later = unit.now + timedelta(minutes=1)
    refusal = refused(lambda: final(unit, made["digest"], occurred_at=later))
    assert refusal.args_["errors"] == {"occurred_at": "in_future"}


def test_comments_are_only_committed_to(unit: Unit) -> None:
    made = drafted(unit)
    final(unit, made["digest"], "return", comment="请张医生核实")
    with unit.db.read() as session:
        events = history.events_of_case(session, unit.case_id)
        given = next(event for event in events if event.type == "approval.given")
        assert "张医生" not in given.content
        assert history.personal_of(session, given) == {"comment": "请张医生核实"}


def test_nobody_approved_a_text_before_it_was_written(unit: Unit) -> None:
    """Otherwise the record would say that this exact text was agreed to when there was none. A
    text worked on earlier and entered later counts from when it was really written."""
    earlier, minute = unit.now - timedelta(minutes=30), timedelta(minutes=1)
    made = unit.submit(handle_draft, DRAFT, unit.text(), occurred_at=earlier)
    refusal = refused(lambda: final(unit, made["digest"], occurred_at=earlier - minute))
    assert refusal.args_["errors"] == {"occurred_at": "before_text"}
    said: dict[str, Any] = {"who": "duty", "oral_by": unit.people["leader"]}
    refusal = refused(lambda: final(unit, made["digest"], occurred_at=earlier - minute, **said))
    assert refusal.args_["errors"] == {"occurred_at": "before_text"}
    # Moments are typed to the minute: the minute it was written in is not before it.
    whole = earlier.replace(second=0, microsecond=0)
    assert final(unit, made["digest"], occurred_at=whole)["decision"] == "approve"
    changed = edit(unit, made, known="4人受伤,无人死亡。")
    refusal = refused(lambda: final(unit, changed, occurred_at=earlier))
    assert refusal.args_["errors"] == {"occurred_at": "before_text"}
