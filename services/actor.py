"""Who acts: a person, in a role, perhaps for someone else; or the clock; or Planroom itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Actor:
    """``role`` is the role acted in ("" where none applies). ``on_behalf_of`` is the person
    deputised for. Four-eyes rules bind ``person_id``, never the role."""

    person_id: int | None
    role: str = ""
    on_behalf_of: int | None = None
    kind: Literal["person", "clock", "system"] = "person"


CLOCK = Actor(None, kind="clock")
SYSTEM = Actor(None, kind="system")
