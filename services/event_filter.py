"""What an auditor asks of the history: one filter for the search, the exceptions and the exports.

It is plain data (`to_dict`, `from_dict`), so that it can be kept, put in an address and recorded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from services.errors import Refusal
from services.moments import from_text, utc_text

_MOMENTS = ("since", "until")
#: What JSON can say and no database keeps in a text.
_UNKEPT = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class EventFilter:
    """All conditions together; an empty one asks for everything.

    ``case``, ``person`` are row ids; ``plan`` a plan's key; ``role`` a role key; ``element`` a
    static element path (`services.definitions.static_path`) or the id of an element anywhere on
    one; ``clause`` a clause id of ``plan``; ``types`` event types; ``category`` of the registry;
    ``kinds`` kinds of exception (`history_types.exception_types` and ``entered_later``); ``tier``
    the tier that the case has now, by the name its plan gives it or by its key there; ``late``
    True for what missed a deadline, False for what met one; ``since`` (inclusive) and ``until``
    (exclusive) bound when it happened; ``open_only`` keeps of ``kinds`` those nothing has settled
    yet (an oral approval not countersigned).
    """

    case: int | None = None
    plan: str = ""
    person: int | None = None
    role: str = ""
    element: str = ""
    clause: str = ""
    types: tuple[str, ...] = ()
    category: str = ""
    kinds: tuple[str, ...] = ()
    tier: str = ""
    late: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    open_only: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Only what is set; moments as ISO 8601 text in UTC."""
        found: dict[str, Any] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            if value == one.default:
                continue
            if isinstance(value, datetime):
                value = utc_text(value)
            found[one.name] = list(value) if isinstance(value, tuple) else value
        return found

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> EventFilter:
        """The filter again. Raises Refusal ``filter_unreadable`` 422 for what is none."""
        known = {one.name: one for one in fields(cls)}
        if not isinstance(given, Mapping) or given.keys() - known.keys():
            raise Refusal("filter_unreadable", 422)
        values: dict[str, Any] = dict(given)
        try:
            for name in _MOMENTS:
                if name in values:
                    values[name] = from_text(values[name])
            for name in ("types", "kinds"):
                if name in values:
                    values[name] = tuple(str(one) for one in values[name])
        except (TypeError, ValueError) as error:
            raise Refusal("filter_unreadable", 422) from error
        for name, value in values.items():
            if not _is_of(value, known[name].default, name):
                raise Refusal("filter_unreadable", 422)
        return cls(**values)


def _is_of(value: Any, default: Any, name: str) -> bool:
    if name in ("case", "person"):
        return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31
    if name in _MOMENTS:
        return isinstance(value, datetime)
    if name in ("late", "open_only"):
        return isinstance(value, bool)
    if isinstance(value, str) and _UNKEPT.search(value):
        return False
    return isinstance(value, type(default))
