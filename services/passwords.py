"""Passwords: how one is hashed (argon2id) and compared."""

from __future__ import annotations

from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from services.errors import Refusal

MIN_PASSWORD: Final = 8
MAX_PASSWORD: Final = 1000

_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """The argon2id hash to store. Raises `Refusal` ``form_invalid`` (422) for one too short."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise Refusal("form_invalid", 422, errors={"password": "password_length"})
    return _hasher.hash(password)


def matches(stored: str, password: str) -> bool:
    """Whether ``stored`` is this password's hash. Slow on purpose."""
    try:
        return _hasher.verify(stored, password[:MAX_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False


def renewed(stored: str, password: str) -> str:
    """The hash to keep from now on: ``stored``, or a new one where that was made at another
    cost than today's. ``password`` is the right one, of whatever length."""
    return _hasher.hash(password) if _hasher.check_needs_rehash(stored) else stored


@cache
def nobodys() -> str:
    """What an unknown name is checked against, so that it takes as long as a known one."""
    return _hasher.hash("nobody has this password")
