"""Refusals a person can understand: a stable code, an HTTP status, and what fills the sentence."""

from __future__ import annotations

from sqlalchemy.exc import DataError

#: The database takes a value in no column of the kind (a zero byte in a text, on PostgreSQL).
NotKept = DataError


class Refusal(Exception):
    """A service said no. Views translate ``code`` and keep what was typed."""

    def __init__(self, code: str, status: int = 422, **args: object) -> None:
        self.code = code
        self.status = status
        self.args_ = args
        super().__init__(f"{code} ({status}) {args}")


class KeptRefusal(Refusal):
    """A refusal whose own record (a failed sign-in counted) is kept: the unit of work commits
    what was written, then raises it."""


class Stale(Exception):
    """A row moved on since it was read; the unit of work is run again from the start."""
