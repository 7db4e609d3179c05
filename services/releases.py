"""Letting words out (发布), adding the link later, correcting (更正) and withdrawing (撤回) them.

What goes out is the latest text, and only while every approval it needs stands. That is checked
again inside the transaction that records the release. It goes out through an official channel
of the unit, whose account is public and is written down as it stood.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from models.cases import Case
from models.words import Channel, Release, Statement
from services import history, recused, release_reading
from services.actor import Actor
from services.approval_needs import require_standing
from services.errors import Refusal
from services.release_reading import of_statement, release_task, require_may_release
from services.stamps import touch_case
from services.statement_reading import require_digest, require_statement_of
from services.statement_versions import hold
from services.submission import Submission
from services.uow import UnitOfWork

LINK_LIMIT = 2_000


def require_link(text: str) -> str:
    """The address, if it is one people can open. Raises `Refusal` ``form_invalid`` (422)."""
    text = text.strip()
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or len(text) > LINK_LIMIT:
        raise Refusal("form_invalid", 422, errors={"link": "not_a_link"})
    return text


def release_statement(
    uow: UnitOfWork,
    case: Case,
    statement: Statement,
    *,
    channel_id: int | None,
    link: str,
    link_later: bool,
    digest: str,
    actor: Actor,
    at: datetime,
    occurred_at: datetime,
    task_id: str | None = None,
    element_path: str = "",
) -> Release:
    """Record that the latest text went out; all moments in case time.

    ``link`` may be left empty only with ``link_later``. The same statement may go out through
    further channels, in the same words. Raises `Refusal`: ``approval_missing`` (409, with the
    kinds), ``text_changed`` (409), ``statement_closed`` (409, withdrawn), ``channel_unknown``
    (422, not an active channel of the unit), ``form_invalid`` (422: no link, not a link, a moment
    to come, or before the approvals), ``released_there`` (409, the channel has it)."""
    session = uow.session
    recused.require_not_recused(session, case.id, actor.person_id, actor.on_behalf_of)
    if statement.status == "withdrawn":
        raise Refusal("statement_closed", 409, status_now=statement.status)
    text = require_digest(session, statement, digest)
    # Held first: whoever writes a version from here on waits until this release is recorded.
    hold(session, statement, "draft", "released", status="released")
    approvals = require_standing(session, statement)
    channel = session.get(Channel, channel_id) if channel_id is not None else None
    if channel is None or not channel.active:
        raise Refusal("channel_unknown", 422, errors={"channel_id": "not_an_option"})
    wrong: dict[str, str] = {}
    if occurred_at > at:
        wrong["occurred_at"] = "in_future"
    # Moments are typed to the minute: the minute of the approval itself is not before it.
    elif any(occurred_at < _minute(approval.occurred_at) for approval in approvals):
        wrong["occurred_at"] = "before_approval"
    if not link and not link_later:
        wrong["link"] = "required"
    if wrong:
        raise Refusal("form_invalid", 422, errors=wrong)
    link = require_link(link) if link else ""
    earlier = of_statement(session, statement.id)
    if any(past.channel_id == channel.id and past.withdrawn_at is None for past in earlier):
        raise Refusal("released_there", 409, channel=channel.name, channel_en=channel.name_en)
    release = Release(
        statement_id=statement.id,
        version_id=text.id,
        digest=text.digest,
        channel_id=channel.id,
        account=channel.account,
        link=link,
        person_id=actor.person_id,
        role_key=actor.role,
        task_id=task_id,
        occurred_at=occurred_at,
        recorded_at=at,
    )
    session.add(release)
    session.flush()
    payload = {
        "statement": statement.id,
        "version": text.number,
        "digest": text.digest,
        "id": release.id,
        "channel": channel.id,
        "channel_name": channel.name,
        "account": channel.account,
        "link": link,
        "task": task_id,
        "approvals": [approval.id for approval in approvals],
    }
    history.append(
        uow,
        "statement.released",
        case=case,
        actor=actor,
        element_path=element_path,
        payload=payload,
        occurred_at=occurred_at,
        now=at,
    )
    if statement.corrects_id is not None and not earlier:
        history.append(
            uow,
            "statement.corrected",
            case=case,
            actor=actor,
            element_path=element_path,
            payload={"statement": statement.corrects_id, "by": statement.id, "id": release.id},
            occurred_at=occurred_at,
            now=at,
        )
    return release


def _minute(moment: datetime) -> datetime:
    return moment - timedelta(seconds=moment.second, microseconds=moment.microsecond)


def release_from_page(
    uow: UnitOfWork,
    statement_id: int,
    *,
    channel_id: int | None,
    link: str,
    link_later: bool,
    digest: str,
    actor: Actor,
    now: datetime,
    occurred_at: datetime | None = None,
) -> Release:
    """Release outside a task: a correction or reply begun on a page, or a further channel for
    what is out already. For those who release in this case.

    Raises `Refusal` ``release_by_task`` (409) where a task of the plan waits for it, what
    `release_statement` raises, and ``not_your_role`` (403)."""
    session = uow.session
    statement, case, acting = require_may_release(session, statement_id, actor)
    if statement.status == "draft" and release_task(session, statement) is not None:
        raise Refusal("release_by_task", 409)
    at = case.at(now)
    touch_case(uow, case)
    return release_statement(
        uow,
        case,
        statement,
        channel_id=channel_id,
        link=link,
        link_later=link_later,
        digest=digest,
        actor=acting,
        at=at,
        occurred_at=occurred_at or at,
    )


def add_link(uow: UnitOfWork, release_id: int, link: str, actor: Actor, now: datetime) -> Release:
    """Add (or put right) the public address of what went out; the old one stays on record.

    Raises `Refusal`: ``release_unknown`` (404), ``form_invalid`` (422), ``not_your_role`` (403)."""
    session = uow.session
    release = release_reading.get(session, release_id)
    _statement, case, acting = require_may_release(session, release.statement_id, actor)
    link, was, at = require_link(link), release.link, case.at(now)
    if link == was:
        return release
    release.link = link
    touch_case(uow, case)
    history.append(
        uow,
        "statement.link_added",
        case=case,
        actor=acting,
        occurred_at=at,
        now=at,
        payload={
            "statement": release.statement_id,
            "release": release.id,
            "link": link,
            "was": was,
        },
    )
    return release


def withdraw(
    uow: UnitOfWork,
    release_id: int,
    reason: str,
    actor: Actor,
    now: datetime,
    *,
    occurred_at: datetime | None = None,
) -> Release:
    """Take back what went out through one channel (撤回). The text, and that it was out, stay on
    record; once it is back from every channel the statement is withdrawn.

    Raises `Refusal`: ``release_unknown`` (404), ``withdrawn_already`` (409), ``form_invalid``
    (422: no reason, a moment to come or before the release), ``not_your_role`` (403)."""
    session = uow.session
    release = release_reading.get(session, release_id)
    statement, case, acting = require_may_release(session, release.statement_id, actor)
    at = case.at(now)
    moment = occurred_at or at
    wrong = {} if reason.strip() else {"reason": "required"}
    if moment > at:
        wrong["occurred_at"] = "in_future"
    elif moment < _minute(release.occurred_at):
        wrong["occurred_at"] = "before_release"
    if wrong:
        raise Refusal("form_invalid", 422, errors=wrong)
    if release.withdrawn_at is not None:
        raise Refusal("withdrawn_already", 409)
    release.withdrawn_at = moment
    release.withdrawn_by = acting.person_id
    release.withdrawal_reason = reason.strip()
    touch_case(uow, case)
    session.flush()
    still_out = any(r.withdrawn_at is None for r in of_statement(session, statement.id))
    hold(session, statement, "released", status="released" if still_out else "withdrawn")
    history.append(
        uow,
        "statement.withdrawn",
        case=case,
        actor=acting,
        occurred_at=moment,
        now=at,
        payload={
            "statement": statement.id,
            "release": release.id,
            "digest": release.digest,
            "channel": release.channel_id,
        },
        personal={"reason": release.withdrawal_reason},
    )
    return release


def handle_release(uow: UnitOfWork, s: Submission) -> dict[str, Any]:
    """``planroom:statement-release``. ``s.data``: ``channel_id``, ``link`` or ``link_later``,
    ``digest`` of the text shown; it went out at ``s.occurred_at``. Raises what
    `release_statement` raises, and ``no_statement`` (409)."""
    statement = require_statement_of(uow.session, s.task)
    channel_id = s.data.get("channel_id")
    release = release_statement(
        uow,
        s.case,
        statement,
        channel_id=channel_id if isinstance(channel_id, int) else None,
        link=str(s.data.get("link") or ""),
        link_later=s.data.get("link_later") is True,
        digest=str(s.data.get("digest") or ""),
        actor=s.actor,
        at=s.now,
        occurred_at=s.occurred_at,
        task_id=s.task.id,
        element_path=s.task.element_path,
    )
    return {"released": True, "release_id": release.id, "version": statement.latest_number}
