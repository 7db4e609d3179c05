"""The organisation's people: accounts, the roles they hold, and deputies."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.people import Deputy, Membership, Person, Role
from services import access, history
from services.actor import Actor
from services.errors import Refusal
from services.passwords import hash_password
from services.uow import UnitOfWork


def person_by_id(session: Session, person_id: int) -> Person | None:
    """The person, active or not."""
    return session.get(Person, person_id)


def person_by_username(session: Session, username: str) -> Person | None:
    """The person with this account name."""
    return session.scalar(select(Person).where(Person.username == username))


def create_person(
    uow: UnitOfWork,
    username: str,
    name: str,
    password: str,
    roles: Collection[str],
    actor: Actor,
    now: datetime,
    *,
    name_en: str = "",
    phone: str = "",
    locale: str = "zh",
    demo: bool = False,
    hashed: str = "",
) -> Person:
    """A new account with its roles. ``hashed`` is what `passwords.hash_password` made of
    ``password`` before: the demonstration's people share one, and hashing is slow on purpose.

    Raises `Refusal`: those of `access.require_administrator` (403), ``form_invalid`` (422),
    ``username_taken`` (409), ``role_unknown`` (422)."""
    session = uow.session
    access.require_administrator(session, actor)
    username, name = username.strip(), name.strip()
    wrong = {
        field: "required" for field, text in (("username", username), ("name", name)) if not text
    }
    if len(username) > 80:
        wrong["username"] = "too_long"
    if len(name) > 120:
        wrong["name"] = "too_long"
    if wrong:
        raise Refusal("form_invalid", 422, errors=wrong)
    if person_by_username(session, username) is not None:
        raise Refusal("username_taken", 409, username=username)
    person = Person(
        username=username,
        name=name,
        name_en=name_en,
        password_hash=hashed or hash_password(password),
        phone=phone,
        locale=locale,
        created_at=now,
        memberships=[],
    )
    session.add(person)
    session.flush()
    history.append(
        uow,
        "org.person_created",
        actor=actor,
        occurred_at=now,
        now=now,
        payload={"person": person.id, "roles": sorted(set(roles)), "demo": demo},
        personal={"username": username, "name": name, "name_en": name_en, "phone": phone},
    )
    set_roles(uow, person.id, roles, actor, now)
    return person


def set_roles(
    uow: UnitOfWork, person_id: int, roles: Collection[str], actor: Actor, now: datetime
) -> Person:
    """Make these, and no others, the roles the person holds. Ended memberships stay on record.

    Raises `Refusal`: those of `access.require_administrator` (403), ``person_unknown`` (404),
    ``role_unknown`` (422)."""
    session = uow.session
    access.require_administrator(session, actor)
    person = _person(session, person_id)
    wanted = set(roles)
    known = set(session.scalars(select(Role.key).where(Role.key.in_(wanted))))
    if wanted - known:
        raise Refusal("role_unknown", 422, roles=sorted(wanted - known))
    rows = {membership.role_key: membership for membership in person.memberships}
    held = {key for key, row in rows.items() if row.until is None}
    for key in sorted(held - wanted):
        rows[key].until = now
    for key in sorted(wanted - held):
        if key in rows:
            rows[key].since, rows[key].until = now, None
        else:
            person.memberships.append(Membership(role_key=key, since=now))
    session.flush()
    if held != wanted:
        history.append(
            uow,
            "org.membership_changed",
            actor=actor,
            occurred_at=now,
            now=now,
            payload={
                "person": person.id,
                "added": sorted(wanted - held),
                "removed": sorted(held - wanted),
            },
        )
    return person


def set_password(
    uow: UnitOfWork, person_id: int, password: str, actor: Actor, now: datetime
) -> Person:
    """A new password; all sessions of the person end. Raises `Refusal` as `create_person`, and
    ``person_unknown`` (404)."""
    access.require_administrator(uow.session, actor)
    person = _person(uow.session, person_id)
    person.password_hash = hash_password(password)
    person.session_epoch += 1
    _changed(uow, person, actor, now, {"password": True})
    return person


def set_active(
    uow: UnitOfWork, person_id: int, active: bool, actor: Actor, now: datetime
) -> Person:
    """Switch an account on, or off (all its sessions end). Raises `Refusal` ``person_unknown``
    (404) and those of `access.require_administrator` (403)."""
    access.require_administrator(uow.session, actor)
    person = _person(uow.session, person_id)
    if person.active != active:
        person.active = active
        if not active:
            person.session_epoch += 1
        _changed(uow, person, actor, now, {"active": active})
    return person


def set_deputy(
    uow: UnitOfWork,
    principal_id: int,
    deputy_id: int,
    role_key: str,
    actor: Actor,
    now: datetime,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    reason: str = "",
) -> Deputy:
    """Let a person act for another in one of their roles, for a time (代理).

    Raises `Refusal`: those of `access.require_writer` (403), ``person_unknown`` (404),
    ``deputy_self`` and ``deputy_role`` (422: not a role the principal holds), ``form_invalid``
    (422: ends before it begins)."""
    session = uow.session
    access.require_writer(session, actor)
    principal, deputy = _person(session, principal_id), _person(session, deputy_id)
    if principal.id == deputy.id:
        raise Refusal("deputy_self", 422)
    if role_key not in principal.role_keys:
        raise Refusal("deputy_role", 422, role=role_key)
    begins = since or now
    if until is not None and until <= begins:
        raise Refusal("form_invalid", 422, errors={"until": "ends_before_begin"})
    row = Deputy(
        principal_id=principal.id,
        deputy_id=deputy.id,
        role_key=role_key,
        since=begins,
        until=until,
    )
    session.add(row)
    session.flush()
    _deputy_event(uow, row, actor, now, reason)
    return row


def end_deputy(uow: UnitOfWork, deputy_row_id: int, actor: Actor, now: datetime) -> Deputy:
    """End a deputy's time now. Raises `Refusal` ``deputy_unknown`` (404), and those
    of `access.require_writer` (403)."""
    access.require_writer(uow.session, actor)
    row = uow.session.get(Deputy, deputy_row_id)
    if row is None:
        raise Refusal("deputy_unknown", 404)
    if row.until is None or row.until > now:
        row.until = now
        _deputy_event(uow, row, actor, now, "")
    return row


def _person(session: Session, person_id: int) -> Person:
    person = session.get(Person, person_id)
    if person is None:
        raise Refusal("person_unknown", 404)
    return person


def _changed(
    uow: UnitOfWork, person: Person, actor: Actor, now: datetime, fields: dict[str, bool]
) -> None:
    history.append(
        uow,
        "org.person_changed",
        actor=actor,
        occurred_at=now,
        now=now,
        payload={"person": person.id, "fields": sorted(fields), **fields},
    )


def _deputy_event(uow: UnitOfWork, row: Deputy, actor: Actor, now: datetime, reason: str) -> None:
    history.append(
        uow,
        "org.deputy_set",
        actor=actor,
        occurred_at=now,
        now=now,
        payload={
            "principal": row.principal_id,
            "deputy": row.deputy_id,
            "role": row.role_key,
            "since": row.since,
            "until": row.until,
        },
        personal={"reason": reason},
    )
