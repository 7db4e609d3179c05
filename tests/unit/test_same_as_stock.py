"""Our floor against the stock engine, over generated diagrams and random runs.

Our floor is saved, loaded and compacted at every step (its state crosses every call as bytes);
the stock engine keeps everything in memory. After each step the same user tasks must be open
and the same timers waiting, so tasks open and close in the same order; at the end the same
variables must hold the same values.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, note, settings
from hypothesis import strategies as st

from tests.unit.engine_case import Run
from tests.unit.bpmn_builder import manifest
from tests.unit.generated import Diagram, diagrams
from tests.unit.stock_engine import StockEngine
from workflows.bundle import Bundle
from workflows.definition import Definition, compile_bundle
from workflows.feel import default_feel
from datetime import timedelta

MOST_STEPS = 40
#: After this many steps no loop goes round again, so that runs end.
CALM = 15


class Pair:
    """Both engines on one diagram, taken the same steps."""

    def __init__(self, diagram: Diagram) -> None:
        bundle = Bundle({"plan.bpmn": diagram.ours}, manifest("p1", roles=["duty"]))
        definition = compile_bundle(bundle, default_feel())
        self.diagram = diagram
        self.ours = Run(Definition.load(definition.dump()))
        self.stock = StockEngine(diagram.stock, "p1", self.ours.now)
        self.steps = 0
        self.written: Counter[str] = Counter()
        self.cancelled = False
        self.agree("start")

    def agree(self, after: str) -> None:
        last = self.ours.advances[-1]
        assert last.status != "incident", last.incidents
        note(f"{after}: {self.ours.open if last.status == 'running' else 'completed'}")
        if last.status == "completed":
            ours: Any = ([], [], True)
        else:
            due = [timer.due_at for timer in self.ours.waiting.timers]
            ours = (sorted(self.ours.open), sorted(due), False)
        stock = (self.stock.open_tasks(), self.stock.timers(), self.stock.completed)
        assert ours == stock, f"after {after}: ours {ours}, stock {stock}"
        self.cancelled |= any(closed.outcome == "cancelled" for closed in last.closed)

    @property
    def running(self) -> bool:
        return self.ours.last.status == "running"

    def commands(self) -> list[tuple[str, str]]:
        waiting = self.ours.waiting
        found = [("complete", path) for path in sorted(task.path for task in waiting.tasks)]
        if waiting.timers:
            found.append(("wait", ""))
        found += [("send", name) for name in sorted(waiting.messages)]
        return found

    def take(self, command: tuple[str, str], data: dict[str, Any]) -> None:
        kind, what = command
        self.steps += 1
        if kind == "complete":
            data = {**data, "step": self.steps}
            self.written[what.rpartition("/")[2].partition("[")[0]] += 1
            self.ours.done(what, **data)
            self.stock.complete(what, data)
        elif kind == "send":
            self.ours.message(what)
            self.stock.send(what)
        else:
            # The stock engine fires what is due before now, ours what is due by now.
            self.ours.now = min(t.due_at for t in self.ours.waiting.timers) + timedelta(seconds=1)
            self.ours.fire()
            self.stock.advance(self.ours.now)
        self.agree(f"{kind} {what} {data if kind == 'complete' else ''}")


RESULTS = st.fixed_dictionaries(
    {"c": st.integers(0, 2), "a": st.booleans(), "b": st.booleans(), "again": st.booleans()}
)


@settings(max_examples=150)
@given(diagram=diagrams(), data=st.data())
def test_same_tasks_in_the_same_order_and_the_same_data(
    diagram: Diagram, data: st.DataObject
) -> None:
    play(diagram, data)


def play(diagram: Diagram, data: st.DataObject) -> None:
    """One random run."""
    note(diagram.shape)
    pair = Pair(diagram)
    while pair.running and pair.steps < MOST_STEPS:
        commands = pair.commands()
        chosen = commands[data.draw(st.integers(0, len(commands) - 1))]
        result = data.draw(RESULTS)
        if pair.steps > CALM:
            result = {**result, "again": False}
        pair.take(chosen, result)
