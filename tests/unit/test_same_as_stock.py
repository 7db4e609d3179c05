"""Our floor against the stock engine, over generated diagrams and random runs.

Our floor is saved, loaded and compacted at every step (its state crosses every call as bytes);
the stock engine keeps everything in memory. After each step the same user tasks must be open
and the same timers waiting, so tasks open and close in the same order; at the end the same
variables must hold the same values.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from hypothesis import event, given, note, settings
from hypothesis import strategies as st
from SpiffWorkflow.exceptions import WorkflowException

from tests.unit.bpmn_builder import manifest
from tests.unit.engine_case import Run
from tests.unit.generated import Diagram, diagrams
from tests.unit.random_runs import RESULTS
from tests.unit.stock_engine import StockEngine
from workflows.bundle import Bundle
from workflows.definition import Definition, compile_bundle
from workflows.feel import default_feel

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
        self.sent: set[str] = set()
        #: Whether anything was cancelled, with what was only known inside it.
        self.cancelled = False
        #: Element id -> (path, result) of each completion, in order.
        self.written: dict[str, list[tuple[str, dict[str, Any]]]] = {}
        self.agree("start")

    def agree(self, after: str) -> None:
        last = self.ours.advances[-1]
        assert last.status != "incident", last.incidents
        note(f"{after}: {self.ours.open if self.running else 'completed'}")
        ours: tuple[Any, ...] = ([], [], True)
        if self.running:
            due = [timer.due_at for timer in self.ours.waiting.timers]
            ours = (sorted(self.ours.open), sorted(due), False)
        stock = (self.stock.open_tasks(), self.stock.timers(), self.stock.completed)
        assert ours == stock, f"after {after}: ours {ours}, stock {stock}"
        self.cancelled |= any(passed.state == "cancelled" for passed in last.passed)

    @property
    def running(self) -> bool:
        return self.ours.last.status == "running"

    def commands(self) -> list[tuple[str, str]]:
        waiting = self.ours.waiting
        found = [("complete", path) for path in sorted(task.path for task in waiting.tasks)]
        if waiting.timers:
            found.append(("wait", ""))
        # A non-interrupting event hears its message again and again; the stock engine's does not.
        deaf = self.sent & self.diagram.once
        found += [("send", name) for name in sorted(set(waiting.messages) - deaf)]
        return found

    def take(self, command: tuple[str, str], result: dict[str, Any]) -> None:
        kind, what = command
        self.steps += 1
        if kind == "complete":
            result = {**result, "step": self.steps}
            id = what.rpartition("/")[2].partition("[")[0]
            self.written.setdefault(id, []).append((what, result))
            self.ours.done(what, **result)
            self.stock.complete(what, result)
        elif kind == "send":
            self.sent.add(what)
            self.ours.message(what)
            self.stock.send(what)
        else:
            # The stock engine fires what is due before now, ours what is due by now.
            self.ours.now = min(t.due_at for t in self.ours.waiting.timers) + timedelta(seconds=1)
            self.ours.fire()
            self.stock.advance(self.ours.now)
        self.agree(f"{kind} {what} {result if kind == 'complete' else ''}")

    def rounds(self, path: str) -> int:
        """How often the outermost called process of a path was entered."""
        steps = path.split("/")
        outermost = next(n for n, step in enumerate(steps) if step.startswith("k"))
        call = "/".join(steps[: outermost + 1])
        return sum(
            passed.path == call and passed.state == "entered"
            for advance in self.ours.advances
            for passed in advance.passed
        )

    def same_data(self) -> None:
        """At the end: what was written once is the same on both sides. What was written more
        than once (a loop) is on ours the last written; the stock engine may have copied an older
        value through another branch and let it win at the join. Instances of a multi-instance
        give a list on ours, and overwrite each other on the stock side."""
        ours = {k: v for k, v in self.ours.variables.items() if v is not None}
        stock = self.stock.data
        for id, writes in self.written.items():
            path, last = writes[-1]
            called = any(step.startswith("k") for step in path.split("/"))
            if id not in ours:
                # Inside a called process or an instance that was cancelled and gave nothing
                # back; or inside a called process that ran again without coming by this task,
                # and gave back null.
                assert called or id in self.diagram.repeated, id
                assert self.cancelled or (called and self.rounds(path) > 1), id
            elif id in self.diagram.repeated:
                if not self.cancelled and len({path for path, _ in writes}) == len(writes):
                    for path, result in writes:
                        assert _at(ours[id], path) == result, path
            else:
                assert ours[id] == last, id
                if len(writes) == 1 and id in stock:
                    assert stock[id] == last, id
        # The stock engine loses what an event sub-process on a message brings, and, at a
        # terminate end event (beside a timer's), what other branches had brought.
        if not self.cancelled and not {"tick", "watch"} & set(self.diagram.shape.split()):
            assert self.written.keys() <= stock.keys()


def _at(value: Any, path: str) -> Any:
    """The entry of nested lists that the indices in a path (``s1[2]/t3[0]``) lead to."""
    for index in re.findall(r"\[(\d+)\]", path):
        value = value[int(index)]
    return value


@settings(max_examples=120)
@given(diagram=diagrams(), data=st.data())
def test_same_tasks_in_the_same_order_and_the_same_data(
    diagram: Diagram, data: st.DataObject
) -> None:
    play(diagram, data)


def play(diagram: Diagram, data: st.DataObject) -> None:
    """One random run."""
    try:
        pair = Pair(diagram)
        while pair.running and pair.steps < MOST_STEPS:
            commands = pair.commands()
            if not commands:
                break
            chosen = commands[data.draw(st.integers(0, len(commands) - 1))]
            result = data.draw(RESULTS)
            if pair.steps > CALM:
                result = {**result, "again": False}
            pair.take(chosen, result)
    except WorkflowException as fault:
        # It happens to the stock engine only: ours turns faults into incidents.
        event(f"the stock engine fell over: {fault}")
        return
    event("ended" if not pair.running else "cut off")
    if not pair.running:
        pair.same_data()
