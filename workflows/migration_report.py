"""What a migration of a running instance would do, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from workflows.contract import Advance, DeadlineKind

#: Why an instance cannot be moved: ``step_gone`` (an open step is not in the new version),
#: ``wait_gone`` (an event or outside work that is waited for), ``scope_gone`` (a sub-process or
#: call that is under way), ``kind_changed``, ``call_changed``, ``multi_changed``, ``join_gone``,
#: ``join_waits`` (a join would wait for ever for a branch that was never opened), ``race_gone``,
#: ``result_missing`` (a later condition asks for the result of a step already passed),
#: ``fault`` (a clock or expression of the new version fails on this case), ``not_running``,
#: ``unreadable``.
ReasonCode = Literal[
    "step_gone", "wait_gone", "scope_gone", "kind_changed", "call_changed", "multi_changed",
    "join_gone", "join_waits", "race_gone", "result_missing", "fault", "not_running", "unreadable",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reason:
    """``path`` is the element that keeps the instance on its version; ``other`` a second one (the
    step whose result is missing) or the fault's code."""

    code: ReasonCode
    path: str = ""
    other: str = ""


@dataclass(frozen=True, slots=True)
class KeptTask:
    """An open user task that goes on under the same id; ``was`` and ``due_at`` its due date on
    the old and on the new version."""

    id: str
    path: str
    round: int
    was: datetime | None
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class ClockMoved:
    """A timer that waits before or after. ``change``: ``kept`` (same moment), ``moved`` (counted
    anew from its original start), ``added``, ``dropped``. ``armed`` is that start. ``past``: its
    moment has already gone by, so it fires at once."""

    path: str
    kind: DeadlineKind | None
    change: Literal["kept", "moved", "added", "dropped"]
    was: datetime | None
    due_at: datetime | None
    armed: datetime | None = None
    past: bool = False


@dataclass(frozen=True, slots=True)
class Migration:
    """``advance`` is what `services.instances.record` writes; None where ``reasons`` say why the
    instance stays. Paths: ``ahead`` user tasks of the new version alone that are still to come,
    ``gone`` those of the old alone that will not come any more, ``skipped`` those the new version
    has before the place the instance stands at: they are not made up for. ``waits_added`` and
    ``waits_dropped`` are messages and signals, ``handed`` the calls under way whose input was
    handed in anew (path -> names)."""

    advance: Advance | None
    reasons: tuple[Reason, ...] = ()
    kept: tuple[KeptTask, ...] = ()
    clocks: tuple[ClockMoved, ...] = ()
    ahead: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    waits_added: tuple[str, ...] = ()
    waits_dropped: tuple[str, ...] = ()
    handed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
