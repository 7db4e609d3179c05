"""Clocks in a story: met, missed, or not there at all, held against the table of the texts."""

from __future__ import annotations

import re
import tomllib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Protocol, Self
from zoneinfo import ZoneInfo

from workflows.definition import Definition

ZONE = ZoneInfo("Asia/Shanghai")
_TABLE = Path(__file__).resolve().parents[1] / "clocks.toml"


@dataclass(frozen=True, slots=True)
class SourceClock:
    """A row of the table. ``iso`` are the durations it may have (several: a person says which)."""

    id: str
    kind: str
    iso: tuple[str, ...]

    @property
    def timed(self) -> bool:
        """Whether the text gives a number a timer runs on."""
        return self.kind in {"hard", "day"}


@cache
def source_clocks() -> Mapping[str, SourceClock]:
    """Every time limit of the fifteen texts, by id."""
    rows = tomllib.loads(_TABLE.read_text(encoding="utf-8"))["clock"]
    return {row["id"]: SourceClock(row["id"], row["kind"], tuple(row["iso"])) for row in rows}


def limit(iso: str, since: datetime) -> datetime:
    """The moment a limit of ``iso`` from ``since`` ends: whole days at the end of the last one."""
    if match := re.fullmatch(r"PT(\d+)([HM])", iso):
        unit = "hours" if match[2] == "H" else "minutes"
        return since + timedelta(**{unit: int(match[1])})
    days = int(iso.removeprefix("P").removesuffix("D"))
    local = since.astimezone(ZONE) + timedelta(days=days)
    return local.replace(hour=23, minute=59, second=59, microsecond=0)


class Due(Protocol):
    """An open task or a waiting timer, as far as a story looks at it."""

    @property
    def due_at(self) -> datetime | None: ...


class Clocked(ABC):
    """The words of a story that speak of clocks. ``judged`` collects what was shown of each:
    clock id -> {"met", "missed"} or {"untimed"}; ``fired`` are the paths of timers fired."""

    definition: Definition
    now: datetime
    fired: list[str]
    judged: dict[str, set[str]]

    @property
    @abstractmethod
    def tasks(self) -> Mapping[str, Any]:
        """Open tasks by path."""

    @property
    @abstractmethod
    def timers(self) -> Mapping[str, Any]:
        """Waiting timers by path."""

    @abstractmethod
    def do(self, path: str, /, **data: Any) -> Self:
        """Complete the open task at ``path``."""

    @abstractmethod
    def wait(self, **delta: float) -> Self:
        """Let time pass; what comes due happens."""

    # ------------------------------------------------------------------ words

    def meet(self, clock: str, path: str, since: datetime, /, **data: Any) -> Self:
        """The activity at ``path`` is due ``clock``'s duration after ``since``; it is done now, in
        time. A called process or sub-process is gone through with forms as they come."""
        due = self._judge(clock, self._timer_of(path, "due"), since, "met")
        assert self.now <= due, (clock, self.now, due)
        self._through(path, data)
        assert self.now <= due, (clock, "was to be met")
        return self

    def miss(self, clock: str, path: str, since: datetime, /, **data: Any) -> Self:
        """The same, but time passes until the deadline has escalated; then it is done, late."""
        remind, due, escalate = (self._timer_of(path, kind) for kind in _KINDS)
        moment = self._judge(clock, due, since, "missed")
        after = self.timers[escalate].due_at
        assert after >= moment, (clock, "escalates before it is due")
        before = {name: self.fired.count(name) for name in (remind, due, escalate)}
        self.wait(seconds=(after - self.now).total_seconds() + 60)
        for name, times in before.items():
            assert self.fired.count(name) == times + 1, (clock, name, "did not fire once")
        self._through(path, data)
        return self

    def before(self, clock: str, timer: str, since: datetime, /) -> Self:
        """The timer at path ``timer`` waits for ``clock``'s moment, which the story will not
        reach: the clock is met."""
        assert self.now <= self._judge(clock, timer, since, "met")
        return self

    def after(self, clock: str, timer: str, since: datetime, /) -> Self:
        """The timer at path ``timer`` waits for ``clock``'s moment; it is let pass and fires."""
        due = self._judge(clock, timer, since, "missed")
        times = self.fired.count(timer)
        self.wait(seconds=(due - self.now).total_seconds() + 60)
        assert self.fired.count(timer) == times + 1, (clock, timer, "did not fire once")
        return self

    def untimed(self, clock: str, path: str, /) -> Self:
        """A clock without a number in its text puts no deadline on the open task at ``path``."""
        assert not source_clocks()[clock].timed, clock
        assert path in self.tasks, (clock, path, list(self.tasks))
        assert self.tasks[path].due_at is None, (clock, path)
        self.judged.setdefault(clock, set()).add("untimed")
        return self

    # ----------------------------------------------------------------- inside

    def _timer_of(self, path: str, kind: str) -> str:
        """The waiting timer of that deadline kind on the activity at ``path``."""
        found = [
            name for name in self.timers
            if self.definition.element(name).attached_to == path
            and self.definition.element(name).deadline_kind == kind
        ]  # fmt: skip
        if not found:
            # An instance of a multi-instance activity: its element stands without the index.
            plain = re.sub(r"\[\d+\]", "", path)
            found = [
                name for name in self.timers
                if self.definition.element(name).attached_to == plain
                and self.definition.element(name).deadline_kind == kind
                and name.startswith(path.rpartition("/")[0])
            ]  # fmt: skip
        assert found, (path, kind, "no such timer waits", list(self.timers))
        return found[-1]

    def _judge(self, clock: str, timer: str, since: datetime, verdict: str) -> datetime:
        due: datetime = self.timers[timer].due_at
        allowed = [limit(iso, since) for iso in source_clocks()[clock].iso]
        assert due in allowed, (clock, timer, f"due {due}, the text says {allowed}")
        self.judged.setdefault(clock, set()).add(verdict)
        return due

    def _through(self, path: str, data: Mapping[str, Any]) -> None:
        if path in self.tasks:
            self.do(path, **data)
            return
        for _ in range(40):
            inside = [name for name in self.tasks if name.startswith(path + "/")]
            if not inside:
                return
            self.do(inside[0], **data)
            data = {}
        raise AssertionError(f"{path} does not end")


_KINDS = ("remind", "due", "escalate")
