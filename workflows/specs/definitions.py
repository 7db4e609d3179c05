"""What an event waits for or throws."""

from __future__ import annotations

from SpiffWorkflow.bpmn.specs.event_definitions.base import EventDefinition


class Trigger(EventDefinition):
    """One definition for all kinds: ``none``, ``timer``, ``message``, ``signal``, ``error``,
    ``escalation``, ``terminate``.

    ``name`` is the message's or signal's name, the error's or escalation's code (empty catches
    every code). A timer has ``text`` (ISO 8601 or FEEL) and ``timer_kind`` (date, duration,
    cycle); its moment is computed by `workflows.timers` from the `Context` it is given.
    ``result`` is the variable a payload goes to.
    """

    def __init__(
        self, kind: str, name: str = "", text: str = "", timer_kind: str = "", result: str = ""
    ) -> None:
        super().__init__(name, kind)
        self.kind = kind
        self.text = text
        self.timer_kind = timer_kind
        self.result = result

    @property
    def repeats(self) -> bool:
        """May happen again while a non-interrupting event waits (a timer says so itself)."""
        return self.kind in ("message", "signal", "escalation")

    def matches(self, thrown: Trigger) -> bool:
        if self.kind != thrown.kind:
            return False
        if self.kind in ("error", "escalation"):
            return self.name in ("", thrown.name)
        return self.name == thrown.name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Trigger) and self.as_list() == other.as_list()

    __hash__ = None  # type: ignore[assignment]

    def as_list(self) -> list[str]:
        return [self.kind, self.name, self.text, self.timer_kind, self.result]
