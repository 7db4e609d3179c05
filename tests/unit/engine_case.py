"""A plan in memory for engine tests: compiled, started, and stepped by element paths.

Every step goes through bytes, as in the product: the state of one call is loaded by the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.unit.bpmn_builder import Process, document, manifest
from workflows import engine
from workflows.contract import Advance, Context, DeploymentError, TimerSet
from workflows.definition import Bundle, Definition, compile_bundle
from workflows.feel import default_feel

START = datetime(2026, 1, 5, 15, 2, tzinfo=UTC)  # 23:02 in Shanghai


def compiled(
    *processes: Process, files: Mapping[str, bytes] | None = None, **keywords: Any
) -> Definition:
    """``keywords`` as for `bpmn_builder.manifest`; messages, signals and errors go to the file."""
    parts = {k: keywords.pop(k, None) for k in ("messages", "signals", "errors")}
    process_id = str(processes[0].node.get("id"))
    bundle = Bundle(
        {"plan.bpmn": document(*processes, **parts), **(files or {})},
        manifest(process_id, **keywords),
    )
    try:
        definition = compile_bundle(bundle, default_feel())
    except DeploymentError as error:
        found = [f"{f.code} {f.element} {dict(f.args)}" for f in error.findings]
        raise AssertionError(found) from error
    return Definition.load(definition.dump())


class Run:
    """One instance. ``now`` may be moved; ``anchors`` are the context's."""

    def __init__(
        self,
        definition: Definition,
        variables: Mapping[str, Any] | None = None,
        *,
        anchors: Mapping[str, datetime] | None = None,
    ) -> None:
        self.definition = definition
        self.now = START
        self.anchors = dict(anchors or {})
        self.advances: list[Advance] = []
        self.last = self._keep(
            engine.start(definition, variables or {}, self.context, default_feel())
        )

    @property
    def context(self) -> Context:
        return Context(self.now, dict(self.anchors))

    @property
    def state(self) -> bytes:
        return self.last.state

    @property
    def variables(self) -> Mapping[str, Any]:
        return self.last.variables

    @property
    def open(self) -> list[str]:
        """Paths of the open user tasks, in the tree's order."""
        return [task.path for task in self.waiting.tasks]

    @property
    def waiting(self) -> engine.Waiting:
        return engine.waiting(self.definition, self.state)

    @property
    def timers(self) -> dict[str, TimerSet]:
        return {timer.path: timer for timer in self.waiting.timers}

    def task_id(self, path: str) -> str:
        return next(task.id for task in self.waiting.tasks if task.path == path)

    def done(self, path: str, **data: Any) -> Advance:
        return self._keep(
            engine.complete(
                self.definition, self.state, self.task_id(path), data, self.context, default_feel()
            )
        )

    def fire(self, *paths: str) -> Advance:
        """Fire the timers of these paths, or all that are due."""
        ids = [
            timer.id
            for timer in self.waiting.timers
            if timer.path in paths or (not paths and timer.due_at <= self.now)
        ]
        return self._keep(
            engine.fire_timers(self.definition, self.state, ids, self.context, default_feel())
        )

    def later(self, **delta: float) -> Run:
        self.now += timedelta(**delta)
        return self

    def message(self, name: str, **payload: Any) -> Advance:
        return self._keep(
            engine.send_message(
                self.definition, self.state, name, payload, self.context, default_feel()
            )
        )

    def answer(self, path: str, result: Any = None) -> Advance:
        id = next(e.task_id for e in self.waiting.externals if e.path == path)
        assert id is not None
        return self._keep(
            engine.answer_external(
                self.definition, self.state, id, result, self.context, default_feel()
            )
        )

    def retime(self, **anchors: datetime) -> Advance:
        self.anchors.update(anchors)
        return self._keep(engine.retime(self.definition, self.state, self.context, default_feel()))

    def _keep(self, advance: Advance) -> Advance:
        if advance.status != "incident":
            self.last = advance
        self.advances.append(advance)
        return advance

    def passed(self, state: str = "completed") -> list[str]:
        """Paths in order over the whole run."""
        return [p.path for a in self.advances for p in a.passed if p.state == state]

    def flows(self) -> list[str]:
        return [p.flow for a in self.advances for p in a.passed if p.flow]
