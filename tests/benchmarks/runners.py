"""Three ways to take one durable step of the same plan on SQLite (WAL, synchronous NORMAL):

* `Stock`: SpiffWorkflow as its own examples use it: the whole instance read from JSON, stepped,
  written back whole, committed.
* `Floor`: our engine floor like for like: the state read, stepped, written back, committed.
* `Product`: `services.tasks.complete_task` in `Database.run`: with permissions, claim, history,
  queues and counts, timers and forms.
"""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from lxml import etree
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.camunda.parser.CamundaParser import CamundaParser
from SpiffWorkflow.camunda.serializer import DEFAULT_CONFIG
from SpiffWorkflow.util.task import TaskState
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.cases import ProcessInstance
from models.history import HistoryEvent
from services import history
from tests.benchmarks import plan
from tests.benchmarks.figures import clocked
from tests.benchmarks.house import NOON, House
from workflows import engine
from workflows.contract import Context
from workflows.definition import Definition, compile_bundle
from workflows.feel import default_feel


class Runner(Protocol):
    """One instance of the plan at a time."""

    def start(self, stages: int) -> None:
        """Begin a new instance."""

    def step(self, element_id: str, data: dict[str, Any], into: list[float]) -> None:
        """Complete the open task of that element; the seconds it takes go to ``into``."""

    @property
    def size(self) -> int:
        """Bytes of the stored instance."""


class Stock:
    """SpiffWorkflow 3.2.0 with its own parser, script engine and serialiser. Its `refresh_timers`
    is left out of the step, which spares it a walk over the tree."""

    def __init__(self, path: Path) -> None:
        sys.setrecursionlimit(20_000)
        self._db = _connect(path, "TEXT")
        registry = BpmnWorkflowSerializer.configure(DEFAULT_CONFIG)
        self._serializer = BpmnWorkflowSerializer(registry)
        self._specs: dict[int, Any] = {}
        self._open: dict[str, UUID] = {}
        self._id = 0

    def start(self, stages: int) -> None:
        if stages not in self._specs:
            parser = CamundaParser()
            for name, body in plan.stock_files(stages).items():
                parser.add_bpmn_xml(etree.fromstring(body), filename=name)
            key = plan.key_of(stages)
            self._specs[stages] = parser.get_spec(key), parser.get_subprocess_specs(key)
        workflow = BpmnWorkflow(*self._specs[stages])
        workflow.task_tree.set_data(**plan.variables())
        workflow.do_engine_steps()
        self._id += 1
        state = self._serializer.serialize_json(workflow)
        _insert(self._db, self._id, state)
        self._look(workflow)

    def step(self, element_id: str, data: dict[str, Any], into: list[float]) -> None:
        task_id = self._open[element_id]
        with clocked(into):
            workflow = self._serializer.deserialize_json(_read(self._db, self._id))
            task = workflow.get_task_from_id(task_id)
            task.set_data(**{element_id: data})
            task.run()
            workflow.do_engine_steps()
            _write(self._db, self._id, self._serializer.serialize_json(workflow))
        self._look(workflow)

    def _look(self, workflow: BpmnWorkflow) -> None:
        ready = workflow.get_tasks(state=TaskState.READY, manual=True)
        self._open = {task.task_spec.bpmn_id: task.id for task in ready}

    @property
    def size(self) -> int:
        return len(_read(self._db, self._id).encode())


class Floor:
    """`workflows.engine` alone: definition compiled once, state as a blob."""

    def __init__(self, path: Path) -> None:
        self._db = _connect(path, "BLOB")
        self._definitions: dict[int, Definition] = {}
        self._definition: Definition
        self._open: dict[str, str] = {}
        self._id = 0
        self.status = ""
        self.ends: list[str] = []

    def start(self, stages: int) -> None:
        if stages not in self._definitions:
            self._definitions[stages] = compile_bundle(plan.bundle(stages), default_feel())
        self._definition = self._definitions[stages]
        context = Context(NOON, {"discovered_at": NOON, "opened_at": NOON})
        advance = engine.start(self._definition, plan.variables(), context, default_feel())
        self._id += 1
        _insert(self._db, self._id, advance.state)
        self._open = {task.element_id: task.id for task in advance.opened}
        self.ends = []

    def step(self, element_id: str, data: dict[str, Any], into: list[float]) -> None:
        task_id = self._open.pop(element_id)
        context = Context(NOON, {"discovered_at": NOON, "opened_at": NOON})
        with clocked(into):
            state = _read(self._db, self._id)
            advance = engine.complete(
                self._definition, state, task_id, data, context, default_feel()
            )
            _write(self._db, self._id, advance.state)
        self._open |= {task.element_id: task.id for task in advance.opened}
        self.status = advance.status
        self.ends += advance.end_events

    @property
    def size(self) -> int:
        return len(_read(self._db, self._id))


class Product:
    """A person completes a task, all that belongs to it included."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._case_id = 0
        self._open: dict[str, str] = {}
        self._instance = ""

    def start(self, stages: int) -> None:
        case = self._house.open(stages)
        self._case_id, self._instance = case.id, str(case.primary_instance_id)
        self._open = self._house.open_tasks(case.id)

    def step(self, element_id: str, data: dict[str, Any], into: list[float]) -> None:
        task_id = self._open[element_id]
        with clocked(into):
            done = self._house.complete(task_id, data)
        if done.incidents:
            raise RuntimeError(done.incidents)
        self._open = self._house.open_tasks(self._case_id)

    @property
    def size(self) -> int:
        return len(self.instance.state or b"")

    def steps(self, session: Session) -> list[str]:
        """The paths the case's history says were passed, in order."""
        query = select(HistoryEvent).where(HistoryEvent.case_id == self._case_id)
        events = session.scalars(query.order_by(HistoryEvent.seq))
        return [path for event in events for path in history.payload_of(event).get("steps", ())]

    @property
    def instance(self) -> ProcessInstance:
        with self._house.db.read() as session:
            found = session.get(ProcessInstance, self._instance)
            assert found is not None
            return found


def _connect(path: Path, kind: str) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=NORMAL")
    db.execute(f"CREATE TABLE instance (id INTEGER PRIMARY KEY, state {kind}, revision INTEGER)")
    return db


def _insert(db: sqlite3.Connection, id: int, state: Any) -> None:
    db.execute("INSERT INTO instance VALUES (?, ?, 0)", (id, state))


def _read(db: sqlite3.Connection, id: int) -> Any:
    return db.execute("SELECT state FROM instance WHERE id = ?", (id,)).fetchone()[0]


def _write(db: sqlite3.Connection, id: int, state: Any) -> None:
    db.execute("BEGIN IMMEDIATE")
    db.execute("UPDATE instance SET state = ?, revision = revision + 1 WHERE id = ?", (state, id))
    db.execute("COMMIT")
