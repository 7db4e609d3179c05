"""Lists of cases and signals to be destroyed (销毁清册): drawn up by the archive, agreed to by two
other people, and only then carried out (`services.destruction_run`).

A list holds cases, and signals that never became one, whose term is over, chosen one by one:
nothing comes onto it by itself. A vote is given to exactly the items that were shown, by their
digest, which is computed from the rows again whenever it matters: a list somebody has changed past
us is not carried out. One refusal closes a list; its items may stand on another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import select, update

from models.cases import Case
from models.people import Person
from models.retention import DestructionItem, DestructionList, DestructionVote
from services import (
    access,
    destruction,
    destruction_notices,
    history,
    keepers,
    retention,
    retention_signals,
)
from services.actor import Actor
from services.destruction_reading import NEEDED, digest_of, get_list, require_due
from services.errors import Refusal
from services.organisation import locked
from services.retention_table import ensure_terms
from services.rows import affected, table
from services.uow import UnitOfWork

#: Who may agree to a list, or refuse it: never who drew it up.
DECIDERS: Final = ("leader", "office", "legal", access.ADMIN)
NOTE_LIMIT: Final = 2_000
#: Most items of one list: it is read through before it is agreed to, and carried out in one go.
MOST: Final = 200
_LISTS: Final = table(DestructionList)


def draw_up(
    uow: UnitOfWork,
    case_ids: Iterable[int],
    note: str,
    actor: Actor,
    now: datetime,
    *,
    signal_ids: Iterable[int] = (),
) -> DestructionList:
    """Draw up a list of cases and signals that are due, and tell those who may decide on it.

    Raises Refusal ``not_your_role`` / ``read_only`` 403, ``form_invalid`` 422 (``cases``: required,
    too_many_cases; ``note``: too_long), ``case_not_due`` 409 with the numbers of those that are not
    due, held, or on another list, ``signal_not_due`` 409 with the ids of such signals."""
    person = access.writer(uow.session, actor)
    access.require_role(person, keepers.ARCHIVE)
    wanted, signals = sorted(set(case_ids)), sorted(set(signal_ids))
    errors = {}
    if not wanted and not signals:
        errors["cases"] = "required"
    elif len(wanted) + len(signals) > MOST:
        errors["cases"] = "too_many_cases"
    if len(note) > NOTE_LIMIT:
        errors["note"] = "too_long"
    if errors:
        raise Refusal("form_invalid", 422, errors=errors)
    locked(uow.session)
    due = {one.case.id: one for one in retention.due(uow.session, now)} if wanted else {}
    if not_due := [one for one in wanted if one not in due]:
        numbers = uow.session.scalars(select(Case.number).where(Case.id.in_(not_due))).all()
        raise Refusal("case_not_due", 409, cases=sorted(numbers))
    also = {one.signal.id: one for one in retention_signals.due_among(uow.session, signals, now)}
    if missing := [one for one in signals if one not in also]:
        raise Refusal("signal_not_due", 409, signals=missing)
    ensure_terms(uow, now)
    chosen = [due[one] for one in wanted]
    items = [
        DestructionItem(case_id=one.case.id, term_key=one.term.key, due_on=one.due_on)
        for one in chosen
    ]
    items += [
        DestructionItem(signal_id=one, term_key=also[one].term.key, due_on=also[one].due_on)
        for one in signals
    ]
    made = DestructionList(
        drawn_by=person.id, drawn_at=now, note=note.strip(), digest=digest_of(items)
    )
    made.items = items
    uow.session.add(made)
    uow.session.flush()
    history.append(
        uow, "org.destruction_proposed", actor=actor, occurred_at=now, now=now,
        payload={"list": made.id, "digest": made.digest, "note": made.note,
                 "cases": [one.case.number for one in chosen],
                 **({"signals": signals} if signals else {})},
    )  # fmt: skip
    destruction_notices.tell_deciders(uow, made, DECIDERS, now)
    return made


def vote(
    uow: UnitOfWork,
    list_id: int,
    decision: Literal["approve", "refuse"],
    digest: str,
    comment: str,
    actor: Actor,
    now: datetime,
) -> DestructionList:
    """Agree to a list, or refuse it with a word why; ``digest`` is that of the items shown. The
    second approval makes it ready to be carried out, one refusal closes it.

    Raises Refusal ``list_unknown`` 404, ``not_your_role`` / ``read_only`` 403, ``own_list`` 403 for
    whoever drew it up, ``list_decided`` 409, ``voted_already`` 409, ``list_moved`` 409 where what
    was shown is not what stands there, ``form_invalid`` 422 (``decision``; ``comment``: required to
    refuse, too_long), and to approve ``list_not_due`` 409 as `destruction_reading.require_due`."""
    person = access.writer(uow.session, actor)
    access.require_role(person, *DECIDERS)
    locked(uow.session)
    found = get_list(uow.session, list_id)
    if person.id == found.drawn_by:
        raise Refusal("own_list", 403)
    if found.status != "open":
        raise Refusal("list_decided", 409, list=found.id)
    if any(one.person_id == person.id for one in found.votes):
        raise Refusal("voted_already", 409)
    if not found.digest == digest == digest_of(found.items):
        raise Refusal("list_moved", 409)
    comment = comment.strip()
    errors = {}
    if decision not in ("approve", "refuse"):
        errors["decision"] = "not_an_option"
    if decision == "refuse" and not comment:
        errors["comment"] = "required"
    elif len(comment) > NOTE_LIMIT:
        errors["comment"] = "too_long"
    if errors:
        raise Refusal("form_invalid", 422, errors=errors)
    if decision == "approve":
        require_due(uow.session, found, now)
    uow.session.add(
        DestructionVote(
            list_id=found.id, person_id=person.id, decision=decision, digest=digest,
            comment=comment, voted_at=now,
        )
    )  # fmt: skip
    given = sum(one.decision == "approve" for one in found.votes) + (decision == "approve")
    if decision == "refuse":
        move(uow, found, ("open",), "refused")
    elif given >= NEEDED:
        move(uow, found, ("open",), "approved")
    uow.session.flush()
    uow.session.expire(found, ["votes"])
    type_ = "org.destruction_approved" if decision == "approve" else "org.destruction_refused"
    history.append(
        uow, type_, actor=actor, occurred_at=now, now=now,
        payload={"list": found.id, "digest": digest}, personal={"comment": comment},
    )  # fmt: skip
    destruction_notices.tell_author(uow, found, now)
    return found


def withdraw(uow: UnitOfWork, list_id: int, actor: Actor, now: datetime) -> DestructionList:
    """Take a list back, or what of it has not been carried out: the archive's. Raises Refusal
    ``list_unknown`` 404, ``not_your_role`` / ``read_only`` 403, ``list_decided`` 409."""
    access.require_role(access.writer(uow.session, actor), keepers.ARCHIVE)
    locked(uow.session)
    found = get_list(uow.session, list_id)
    move(uow, found, ("open", "approved"), "withdrawn")
    history.append(
        uow, "org.destruction_withdrawn", actor=actor, occurred_at=now, now=now,
        payload={"list": found.id},
    )  # fmt: skip
    if any(item.outcome == "destroyed" for item in found.items):
        destruction.clear_freed(uow)
    return found


def move(
    uow: UnitOfWork,
    found: DestructionList,
    was: Sequence[str],
    status: str,
    **more: Any,
) -> None:
    """Give the list another status, from one of ``was``. Raises Refusal ``list_decided`` 409 where
    somebody was faster."""
    done = uow.session.execute(
        update(_LISTS)
        .where(_LISTS.c.id == found.id, _LISTS.c.status.in_(was))
        .values(status=status, **more)
    )
    if affected(done) != 1:
        raise Refusal("list_decided", 409, list=found.id)
    uow.session.refresh(found)


def may_vote(found: DestructionList, person: Person) -> bool:
    """Whether the person may agree to this list, or refuse it, now."""
    return (
        found.status == "open"
        and person.active
        and person.id != found.drawn_by
        and not set(person.role_keys).isdisjoint(DECIDERS)
        and all(one.person_id != person.id for one in found.votes)
    )
