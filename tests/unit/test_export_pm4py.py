"""Our event logs read by somebody else: pm4py, and the rules of the published schemas.

No installed package carries the schemas (pm4py's checks take a path), so their rules are written
down anew: `tests/unit/schemas/xes.xsd` says what xes-ieee-1849-2016.xsd asks for (order of
elements, types, required attributes, under the namespace that the standard's logs have), ``OCEL``
below what ocel20-schema-json.json (draft-07) asks for. Both were compared with the published texts,
element for element, and exports of nine plans found valid under those.
"""

from __future__ import annotations

import importlib
import io
import json
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, FormatChecker
from lxml import etree
from sqlalchemy import select

from models.people import Person
from services import export_xes, outbox
from services.conformance_check import check_case
from services.event_filter import EventFilter
from services.export_ocel import write_ocel
from services.export_source import Source
from services.export_xes import write_xes
from services.uow import Database
from tests.acceptance.stories.run import Stage, Story
from tests.integration.world import MORNING, Made, World
from tests.kept import copied
from tests.unit.plan_driver import LIBRARY

STEPS = (
    ("check", "duty", {"note": "属实", "count": "2"}),
    ("grade", "duty", {"tier": "general"}),
    ("draft", "office", {"words": "文"}),
    ("approve", "leader", {"agreed": "true"}),
)
EVERYTHING = EventFilter()
SCHEMAS = Path(__file__).parent / "schemas"


def _array(items: dict[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "array",
        "items": {"type": "object", "properties": items, "required": list(required)},
    }


_STRING = {"type": "string"}
_MOMENT = {"type": "string", "format": "date-time"}
_TYPES = _array(
    {"name": _STRING, "attributes": _array({"name": _STRING, "type": _STRING}, "name", "type")},
    "name", "attributes",
)  # fmt: skip
_RELATED = _array({"objectId": _STRING, "qualifier": _STRING}, "objectId", "qualifier")
_VALUES = _array({"name": _STRING, "value": _STRING}, "name", "value")
_TIMED = _array({"name": _STRING, "value": _STRING, "time": _MOMENT}, "name", "value", "time")
OCEL: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "properties": {
        "eventTypes": _TYPES,
        "objectTypes": _TYPES,
        "events": _array(
            {"id": _STRING, "type": _STRING, "time": _MOMENT, "attributes": _VALUES,
             "relationships": _RELATED},
            "id", "type", "time",
        ),
        "objects": _array(
            {"id": _STRING, "type": _STRING, "attributes": _TIMED, "relationships": _RELATED},
            "id", "type",
        ),
    },
    "required": ["eventTypes", "objectTypes", "events", "objects"],
}  # fmt: skip


def is_moment(value: object) -> bool:
    """RFC 3339. Raises ValueError for a day or hour there is not."""
    shape = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
    text = str(value)
    return re.fullmatch(shape, text) is not None and datetime.fromisoformat(text) is not None


# Without a package of its own jsonschema takes any text for a moment.
FORMATS = FormatChecker(formats=())
FORMATS.checkers["date-time"] = (is_moment, ValueError)
RULES = Draft7Validator(OCEL, format_checker=FORMATS)


@dataclass(frozen=True)
class Log:
    """An export of everything in a database."""

    xes: Path
    steps: bytes
    ocel: Path
    cases: tuple[int, ...]
    database: Database


def _quiet(_done: int) -> None:
    pass


def _written(
    database: Database, folder: Path, cases: tuple[int, ...], flt: EventFilter = EVERYTHING
) -> Log:
    with database.read() as session:
        person = session.scalars(select(Person).where(Person.username == "auditor")).first()
        person = person or session.scalars(select(Person)).first()
        assert person is not None

        def source() -> Source:
            return Source(session, flt, person, MORNING)

        with (folder / "log.xes").open("wb") as out:
            write_xes(out, source(), _quiet, automatic=False)
        steps = io.BytesIO()
        write_xes(steps, source(), _quiet, automatic=True)
        with (folder / "log.jsonocel").open("wb") as out:
            write_ocel(out, source(), _quiet, folder)
    return Log(folder / "log.xes", steps.getvalue(), folder / "log.jsonocel", cases, database)


@contextmanager
def _staged(template: Path, folder: Path, plan: str) -> Iterator[tuple[Stage, list[Any]]]:
    """The stage of a plan in a database of its own, and the stories told of it."""
    with copied(template, folder) as database:
        told = importlib.import_module(f"tests.acceptance.stories.{plan}").STORIES
        yield Stage.set(database, plan, MORNING), list(told)


@pytest.fixture(scope="module")
def p08(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    """Plan 8: parallel branches, choices and a loop, no boundary event."""
    folder = tmp_path_factory.mktemp("p08")
    with _staged(sqlite_template, folder, "p08") as (stage, stories):
        yield _written(stage.db, folder, tuple(stage.play(story).case_id for story in stories))


@pytest.fixture(scope="module")
def t01(furnished: Made, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    """The test plan has boundary timers; in this case none of them fires."""
    folder = tmp_path_factory.mktemp("t01")
    with copied(furnished[0], folder) as database:
        world = World(database, MORNING, dict(furnished[1]))
        case = world.open()
        for n, (step, who, given) in enumerate(STEPS, 1):
            world.complete(case, step, who, given, world.now + timedelta(minutes=n))
        while outbox.deliver_next(world.db, world.now + timedelta(hours=1)):
            pass
        yield _written(database, folder, (case.id,))


@pytest.fixture(scope="module")
def p11(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    """A case of plan 11 with a statement, and one that has just been opened."""
    folder = tmp_path_factory.mktemp("p11")
    with _staged(sqlite_template, folder, "p11") as (stage, stories):
        cases = (stage.play(stories[0]).case_id, Story(stage, {}).case_id)
        yield _written(stage.db, folder, cases)


@pytest.fixture(scope="module")
def nothing(furnished: Made, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    """No case at all; of the organisation's events none is asked for."""
    folder = tmp_path_factory.mktemp("nothing")
    with copied(furnished[0], folder) as database:
        yield _written(database, folder, (), EventFilter(types=("task.opened",)))


def fitness(log: Log, bpmn: Path) -> tuple[float, float]:
    """Of the completions, by token replay and by alignment, against a diagram's Petri net."""
    import pm4py

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = pm4py.read_xes(str(log.xes))
        done = frame[frame["lifecycle:transition"] == "complete"]
        net, start, end = pm4py.convert_to_petri_net(pm4py.read_bpmn(str(bpmn)))
        labels = {one.label for one in net.transitions if one.label}
        # Every activity of the log is one of the diagram: by the name it has there.
        assert set(done["concept:name"]) <= labels
        assert set(done["case:concept:name"]) and len(done) > 3
        tokens = pm4py.fitness_token_based_replay(done, net, start, end)
        aligned = pm4py.fitness_alignments(done, net, start, end)
    return tokens["log_fitness"], aligned["averageFitness"]


def test_pm4py_finds_our_log_fits_our_diagram(p08: Log, t01: Log, tmp_path: Path) -> None:
    """Where no boundary event fired: pm4py loses their arcs on import (engine-facts.md)."""
    assert fitness(p08, LIBRARY / "p08" / "plan.bpmn") == (1.0, 1.0)
    with t01.database.engine.connect() as connection:
        [plan] = connection.exec_driver_sql(
            "SELECT content FROM plan_file WHERE name = 'plan.bpmn'"
        ).fetchall()
    (tmp_path / "t01.bpmn").write_bytes(plan[0])
    assert fitness(t01, tmp_path / "t01.bpmn") == (1.0, 1.0)
    # And our own replay says the same of the same cases.
    for log in (p08, t01):
        with log.database.read() as session:
            for case_id in log.cases:
                verdict = check_case(session, case_id)
                assert verdict.fits and verdict.ended, (case_id, verdict)


def test_pm4py_reads_our_objects(p08: Log) -> None:
    import pm4py

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read = pm4py.read_ocel2_json(str(p08.ocel))
    given = json.loads(p08.ocel.read_text("utf-8"))
    assert set(read.objects["ocel:type"]) == {"case", "task", "plan_version", "person"}
    related = {one["id"] for one in given["events"] if one["relationships"]}
    assert set(read.events["ocel:eid"]) == related  # pm4py leaves out what relates to nothing
    assert set(read.relations["ocel:qualifier"]) >= {"of case", "of task", "done by", "on version"}
    known = {one["id"] for one in given["objects"]}
    pointed = [
        r["objectId"] for o in given["events"] + given["objects"] for r in o["relationships"]
    ]
    assert set(pointed) <= known and len(known) == len(given["objects"])
    names = [a["name"] for o in given["objects"] if o["type"] == "person" for a in o["attributes"]]
    assert set(names) == {"roles"}


@pytest.mark.parametrize("name", ["p08", "t01", "p11", "nothing"])
def test_logs_are_of_the_published_schemas(name: str, request: pytest.FixtureRequest) -> None:
    log: Log = request.getfixturevalue(name)
    schema = etree.XMLSchema(etree.parse(SCHEMAS / "xes.xsd"))
    for text in (log.xes.read_bytes(), log.steps):
        tree = etree.fromstring(text)
        schema.assertValid(tree)
        # What a schema cannot say: globals stand in every event, keys are of declared extensions.
        space = "{http://www.xes-standard.org/}"
        wanted = {one.get("key") for one in tree.findall(f"{space}global[@scope='event']/*")}
        assert "concept:name" in wanted
        assert bool(log.cases) == (tree.find(f".//{space}event") is not None)
        for event in tree.iter(f"{space}event"):
            keys = [one.get("key") for one in event]
            assert wanted <= set(keys) and len(keys) == len(set(keys))
            prefixes = {str(key).partition(":")[0] for key in keys if ":" in str(key)}
            assert prefixes <= set(export_xes.EXTENSIONS.values())
    given = json.loads(log.ocel.read_text("utf-8"))
    assert list(RULES.iter_errors(given)) == []
    assert bool(log.cases) == bool(given["events"])
    # Nor this: what is related is there, attributes are declared and of the type declared.
    known = {one["id"] for one in given["objects"]}
    types = {
        one["name"]: {a["name"]: a["type"] for a in one["attributes"]}
        for one in given["eventTypes"] + given["objectTypes"]
    }
    for one in given["events"] + given["objects"]:
        assert {related["objectId"] for related in one["relationships"]} <= known
        for attribute in one["attributes"]:
            assert _is_of(attribute["value"], types[one["type"]][attribute["name"]]), attribute


def test_the_rules_refuse_what_the_published_schemas_refuse(t01: Log) -> None:
    schema = etree.XMLSchema(etree.parse(SCHEMAS / "xes.xsd"))
    text = t01.steps.decode()
    for right, wrong in (
        ('key="time:timestamp" value="2026', 'key="time:timestamp" value="on 2026'),
        ('<int key="seq" value="', '<int key="seq" value="No. '),
        ("<extension ", '<string key="early" value=""/><extension '),
        (' scope="event"', ""),
        ('<string key="org:role"', "<string"),
        ("</trace>", '<string key="late" value=""/></trace>'),
    ):
        assert right in text
        assert not schema.validate(etree.fromstring(text.replace(right, wrong, 1).encode())), wrong
    written = t01.ocel.read_text("utf-8")
    for right, wrong in (
        ('"time":"2026-03-10T', '"time":"2026-03-10 '),
        ('{"name":"seq","value":"1"}', '{"name":"seq","value":1}'),
        ('"qualifier":', '"is":'),
        ('"objectTypes"', '"objects types"'),
        ('"type":"case"', '"type":null'),
    ):
        assert right in written
        assert list(RULES.iter_errors(json.loads(written.replace(right, wrong, 1)))), wrong


def _is_of(value: str, type_: str) -> bool:
    if type_ == "integer":
        return re.fullmatch(r"-?\d+", value) is not None
    if type_ == "boolean":
        return value in ("true", "false")
    return type_ == "string" or (type_ == "time" and is_moment(value))
