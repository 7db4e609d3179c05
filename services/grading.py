"""Grading: the plan's table proposes a tier, a person decides.

What the table proposed is read from history (``tier.proposed``), so that the page, the decision
and the record speak of one and the same proposal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.history import HistoryEvent
from services import anchors, history
from services.errors import Refusal
from services.manifest import manifest_of
from services.submission import Submission
from services.tiers import Proposal, tier_named
from services.uow import UnitOfWork

FORM = "planroom:grade"


def latest_proposal(session: Session, case_id: int, manifest: Mapping[str, Any]) -> Proposal | None:
    """The last tier the case's table proposed, with the rules that matched; None when there has
    been none. Rule texts are Chinese, as the table has them."""
    event = session.scalar(
        select(HistoryEvent)
        .where(
            HistoryEvent.chain == history.chain_of(case_id), HistoryEvent.type == "tier.proposed"
        )
        .order_by(HistoryEvent.seq.desc())
        .limit(1)
    )
    if event is None:
        return None
    payload = history.payload_of(event)
    tier = tier_named(manifest, payload["tier"])
    if tier is None:
        return None
    return Proposal(
        tier=tier,
        rules=tuple(payload.get("rules", ())),
        texts=tuple(payload.get("texts", ())),
        inputs=payload.get("inputs", {}),
    )


def handle_grade(uow: UnitOfWork, submission: Submission) -> dict[str, Any]:
    """Set the case's tier. ``data`` holds ``tier`` (a tier's key) and ``reason``, which must be
    given when the tier is another than the table's. Returns ``{tier, level, overridden,
    reason}``. Raises Refusal ``form_invalid`` 422."""
    case, actor = submission.case, submission.actor
    manifest = manifest_of(uow.session, case)
    key = str(submission.data.get("tier") or "")
    reason = str(submission.data.get("reason") or "").strip()
    tier = tier_named(manifest, key)
    if tier is None:
        raise Refusal("form_invalid", 422, errors={"tier": "not_an_option" if key else "required"})
    proposal = latest_proposal(uow.session, case.id, manifest)
    overridden = proposal is not None and proposal.tier.key != tier.key
    if overridden and not reason:
        raise Refusal("form_invalid", 422, errors={"reason": "required"})
    payload: dict[str, Any] = {"tier": tier.key, "level": tier.level, "task": submission.task.id}
    if case.tier is not None:
        payload["was"] = case.tier
    if proposal is not None:
        payload |= {"proposed": proposal.tier.key, "rules": list(proposal.rules)}
    case.tier = tier.key
    uow.session.flush()
    history.append(
        uow,
        "tier.overridden" if overridden else "tier.graded",
        case=case,
        actor=actor,
        occurred_at=submission.occurred_at,
        now=submission.now,
        element_path=submission.task.element_path,
        payload=payload,
        personal={"reason": reason},
    )
    return {"tier": tier.key, "level": tier.level, "overridden": overridden, "reason": reason}


#: The anchor a form records by itself, beside the element's ``setsAnchor``.
ANCHORS = {FORM: anchors.GRADED}
