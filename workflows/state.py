"""An instance's state to bytes and back: the live task tree, the scopes' data, the rounds.

No spec is in it. Format 1: one byte of version, then zlib over JSON. Values JSON has no form
for are tagged ``{"$": [tag, text]}``; a context with a ``$`` key is itself tagged. Tasks stand
in tree order as ``[n, parent's place, spec name, state, internal data]`` (the last left out
when empty).
Datetimes never go through orjson's own form (OPT_PASSTHROUGH_DATETIME): it would come back as
text, and a deadline would silently become a string.
"""

from __future__ import annotations

import zlib
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from workflows.feel_values import YearsMonthsDuration
from workflows.instance import PlanWorkflow, SubWorkflow
from workflows.process_spec import ProcessSpec
from workflows.task import PlanTask, walk

FORMAT = 1
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS


class StateError(Exception):
    """Bytes that are no state, or a state of a format or definition not known here."""


def save(workflow: PlanWorkflow) -> bytes:
    """The state as bytes. Equal states give equal bytes."""
    scopes = [_scope(workflow, None)]
    pending = list(walk(workflow.task_tree))
    while pending:
        task = pending.pop(0)
        inner = workflow.subprocesses.get(task.id)
        if inner is not None:
            scopes.append(_scope(inner, task.n))
            pending[:0] = walk(inner.task_tree)
    document = {
        "seed": f"{workflow.seed:024x}",
        "count": workflow.count,
        "process": workflow.spec.name,
        "rounds": workflow.rounds,
        "scopes": scopes,
    }
    return bytes([FORMAT]) + zlib.compress(pack(document), 6)


def load(data: bytes, specs: dict[str, ProcessSpec]) -> PlanWorkflow:
    """The instance, ready for a step. Raises StateError."""
    if not data or data[0] not in _READERS:
        raise StateError(f"state format {data[0] if data else 'none'} is not known")
    try:
        document = _READERS[data[0]](data[1:])
        return _build(document, specs)
    except (zlib.error, orjson.JSONDecodeError, KeyError, IndexError, TypeError) as error:
        raise StateError(f"unreadable state: {error!r}") from error


def pack(value: Any) -> bytes:
    """Any value of ours to JSON with types kept. Raises StateError for what is none (a naive
    datetime, bytes, a key that is no text)."""
    try:
        return orjson.dumps(_tag(value), option=_OPTIONS)
    except orjson.JSONEncodeError as error:
        raise StateError(str(error)) from error


def unpack(data: bytes) -> Any:
    """What `pack` made."""
    return _untag(orjson.loads(data))


def _scope(scope: PlanWorkflow | SubWorkflow, host: int | None) -> dict[str, Any]:
    places: dict[int, int] = {}
    tasks: list[list[Any]] = []
    for task in walk(scope.task_tree):
        parent = task.parent
        places[task.n] = len(tasks)
        row = [task.n, places[parent.n] if parent else -1, task.task_spec.name, task._state]
        tasks.append([*row, task.internal_data] if task.internal_data else row)
    entry: dict[str, Any] = {"spec": scope.spec.name, "tasks": tasks}
    if host is not None:
        entry["host"] = host
    if not (isinstance(scope, SubWorkflow) and scope.shared):
        entry["data"] = scope.scope
    return entry


def _build(document: dict[str, Any], specs: dict[str, ProcessSpec]) -> PlanWorkflow:
    scopes = document["scopes"]
    workflow = PlanWorkflow(
        specs, document["process"], scopes[0]["data"], int(document["seed"], 16)
    )
    workflow.count = document["count"]
    workflow.rounds = document["rounds"]
    hosts: dict[int, PlanTask] = {}
    for entry in scopes:
        scope: PlanWorkflow | SubWorkflow = workflow
        if "host" in entry:
            host = hosts[entry["host"]]
            scope = SubWorkflow(specs[entry["spec"]], host, workflow, entry.get("data"))
            workflow.subprocesses[host.id] = scope
        made: list[PlanTask] = []
        for n, parent, name, state, *internal in entry["tasks"]:
            spec = scope.spec.task_specs[name]
            task = PlanTask(scope, spec, made[parent] if parent >= 0 else None, state, n)
            if internal:
                task.internal_data = internal[0]
            made.append(task)
            hosts[n] = task
        scope.task_tree = made[0]
    return workflow


def _tag(value: Any) -> Any:
    kind = type(value)
    if kind in (str, int, float, bool) or value is None:
        return value if kind is not int or abs(value) < 2**63 else {"$": ["int", str(value)]}
    if kind is dict:
        plain = {key: _tag(one) for key, one in value.items()}
        return {"$": ["ctx", plain]} if "$" in plain else plain
    if kind in (list, tuple):
        return [_tag(one) for one in value]
    match value:
        case datetime():
            if value.utcoffset() is None:
                raise StateError("a date and time without offset cannot be stored")
            return {"$": ["dt", value.isoformat()]}
        case date():
            return {"$": ["d", value.isoformat()]}
        case time():
            zone = value.tzinfo.key if isinstance(value.tzinfo, ZoneInfo) else ""
            text = value.replace(tzinfo=None).isoformat() if zone else value.isoformat()
            return {"$": ["t", f"{text}@{zone}" if zone else text]}
        case timedelta():
            return {"$": ["dur", [value.days, value.seconds, value.microseconds]]}
        case YearsMonthsDuration():
            return {"$": ["ym", value.months]}
        case Decimal():
            return {"$": ["dec", str(value)]}
        case dict():
            return _tag(dict(value))
        case list() | tuple():
            return _tag(list(value))
        case str():
            return str(value)
    if hasattr(value, "items"):
        return _tag(dict(value.items()))
    raise StateError(f"{kind.__name__} cannot be stored")


def _untag(value: Any) -> Any:
    if type(value) is dict:
        tagged = value.get("$")
        if tagged is not None:
            return _value(*tagged)
        for key, one in value.items():
            if type(one) in (dict, list):
                value[key] = _untag(one)
        return value
    if type(value) is list:
        return [_untag(one) if type(one) in (dict, list) else one for one in value]
    return value


def _value(tag: str, text: Any) -> Any:
    match tag:
        case "dt":
            return datetime.fromisoformat(text)
        case "d":
            return date.fromisoformat(text)
        case "t":
            clock, _, zone = text.partition("@")
            moment = time.fromisoformat(clock)
            return moment.replace(tzinfo=ZoneInfo(zone)) if zone else moment
        case "dur":
            return timedelta(*text)
        case "ym":
            return YearsMonthsDuration(text)
        case "dec":
            return Decimal(text)
        case "int":
            return int(text)
        case "ctx":
            return {key: _untag(one) for key, one in text.items()}
    raise StateError(f"unknown tag {tag}")


def _read_1(data: bytes) -> dict[str, Any]:
    document: dict[str, Any] = unpack(zlib.decompress(data))
    return document


#: One reader a format ever written; `tests/unit/test_engine_state.py` keeps a fixture of each.
_READERS = {1: _read_1}
