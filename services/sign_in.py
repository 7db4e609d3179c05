"""Signing in: slowed, never shut.

After a few failures each further try has to wait, longer and longer up to a limit, by account and
by address. Strangers cannot keep the duty officer out: at an address from which the person has
signed in before only failures there with that name count, and the wait stays short; and from an
address without a failure of its own one try is always free, however long the account is being
attacked from elsewhere. An unknown name costs the same time and gets the same answer.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import delete
from sqlalchemy.orm import Session

from models.people import KnownAddress, LoginThrottle, Person
from services import history, passwords
from services.actor import Actor
from services.errors import KeptRefusal, Refusal
from services.people import person_by_username
from services.uow import UnitOfWork

#: Failures that cost nothing: people mistype.
FREE_FAILURES = 4
#: The longest wait; at an address the person is known at, the longest wait there.
LONGEST = timedelta(minutes=1)
LONGEST_KNOWN = timedelta(seconds=4)
#: After so much quiet the counting starts afresh.
FORGET = timedelta(minutes=30)


def check_password(
    uow: UnitOfWork, username: str, password: str, address: str, now: datetime
) -> Person:
    """The person who signs in from ``address``; ``now`` is wall time.

    Raises `KeptRefusal` ``sign_in_failed`` (401; the failure counted is kept) and `Refusal`
    ``sign_in_slow`` (429, ``retry_after`` in whole seconds), in which the password is not looked
    at. Neither tells whether the account exists or is switched off."""
    session = uow.session
    name = username.strip()[:80]
    person = person_by_username(session, name)
    known = person is not None and session.get(KnownAddress, (person.id, address[:64])) is not None
    keys = _keys(name, address[:64], known)
    longest = LONGEST_KNOWN if known else LONGEST
    counts = [session.get(LoginThrottle, key) for key in keys]
    waits = [_wait(row, longest, now) for row in counts]
    if _failed(counts[-1], now) and max(waits) > timedelta():
        raise Refusal("sign_in_slow", 429, retry_after=ceil(max(waits).total_seconds()))
    right = passwords.matches(
        person.password_hash if person is not None else passwords.nobodys(), password
    )
    if person is None or not right or not person.active:
        failures = max(_count(session, key, now) for key in keys)
        # Rows of names nobody has must not pile up.
        session.execute(delete(LoginThrottle).where(LoginThrottle.last_failure_at < now - FORGET))
        history.append(
            uow,
            "org.sign_in_failed",
            actor=Actor(None, kind="system"),
            occurred_at=now,
            now=now,
            payload={"failures": failures},
            personal={"username": name, "address": address},
        )
        raise KeptRefusal("sign_in_failed", 401)
    person.password_hash = passwords.renewed(person.password_hash, password)
    # The address's own count stays: one good account must not reset an attack on the others.
    session.execute(
        delete(LoginThrottle).where(
            LoginThrottle.key.in_([_account(name), _pair(name, address[:64])])
        )
    )
    session.merge(KnownAddress(person_id=person.id, address=address[:64], last_at=now))
    history.append(
        uow,
        "org.signed_in",
        actor=Actor(person.id),
        occurred_at=now,
        now=now,
        payload={"person": person.id, "method": "password"},
        personal={"address": address},
    )
    return person


def _account(name: str) -> str:
    return f"user:{name.casefold()}"[:160]


def _pair(name: str, address: str) -> str:
    return f"pair:{address}:{name.casefold()}"[:160]


def _keys(name: str, address: str, known: bool) -> list[str]:
    if known:
        return [_pair(name, address)]
    return [_account(name), f"addr:{address}"]


def _failed(row: LoginThrottle | None, now: datetime) -> bool:
    return row is not None and row.failures > 0 and now - row.last_failure_at <= FORGET


def _wait(row: LoginThrottle | None, longest: timedelta, now: datetime) -> timedelta:
    """How long from ``now`` the next try has to wait: 1, 2, 4... seconds after the free ones."""
    if row is None or now - row.last_failure_at > FORGET or row.failures <= FREE_FAILURES:
        return timedelta()
    # The exponent is bounded: a long attack must not make a number too large for a timedelta.
    pause = timedelta(seconds=2 ** min(row.failures - FREE_FAILURES - 1, 16))
    return max(timedelta(), row.last_failure_at + min(pause, longest) - now)


def _count(session: Session, key: str, now: datetime) -> int:
    row = session.get(LoginThrottle, key)
    if row is None:
        row = LoginThrottle(key=key, failures=0, last_failure_at=now)
        session.add(row)
    elif now - row.last_failure_at > FORGET:
        row.failures = 0
    row.failures += 1
    row.last_failure_at = now
    session.flush()
    return row.failures
