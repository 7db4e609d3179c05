"""An object-centric event log as OCEL 2.0 JSON, written event by event.

Every event of the record that the filter keeps is an event, of its own type; its time is when it
happened. Objects are cases, tasks, statements, plan versions and people, related to events by what
they are to them (the qualifiers below) and to each other (a task and a statement to their case, a
case to its plan version). A person is a number and roles; the name only in an export of one case
that stands unmasked for the reader: process mining ranks resources, and we rank no persons.

All values are texts, as the published JSON schema has it (ocel20-schema-json.json); the types that
they stand for are declared. Which objects occur is gathered in a small database on disk beside the
file, so that memory does not grow with them.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import orjson
from sqlalchemy import select

from models.people import Person
from models.tasks import UserTask
from models.words import Statement
from services.export_rows import BATCH
from services.export_seen import Seen
from services.export_source import Entry, Progress, Source
from services.moments import utc_text

_EVENT_ATTRIBUTES = {
    "seq": "integer", "chain": "string", "element": "string", "role": "string",
    "recorded": "time", "round": "integer", "due": "time", "late_seconds": "integer",
    "decision": "string", "tier": "string", "kind": "string", "hash": "string",
}  # fmt: skip
_OBJECT_ATTRIBUTES: Mapping[str, Mapping[str, str]] = {
    "case": {"number": "string", "title": "string", "tier": "string", "status": "string",
             "drill": "boolean", "opened": "time"},
    "task": {"element": "string", "name": "string", "role": "string", "round": "integer",
             "status": "string", "due": "time"},
    "statement": {"kind": "string"},
    "plan_version": {"plan": "string", "number": "integer", "content_hash": "string"},
    "person": {"roles": "string", "name": "string"},
}  # fmt: skip
#: Attributes of an object that never change have the first moment there is (specification, 7).
_ALWAYS = "1970-01-01T00:00:00Z"
#: Fields of payloads that hold a person's number, and what the person is to the event.
_PERSONS = {
    "to": "given to", "from": "taken from", "assignee": "assigned", "person": "about",
    "approved_by": "agreed by", "proposed_by": "proposed by", "principal": "principal",
    "deputy": "deputy",
}  # fmt: skip


def write_ocel(out: IO[bytes], source: Source, progress: Progress, folder: Path) -> int:
    """Write the log; returns how many events. ``folder`` takes the list of objects meanwhile."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".objects-") as kept:
        seen = Seen(Path(kept) / "objects.db")
        try:
            return _write(out, source, progress, seen)
        finally:
            seen.close()


def _write(out: IO[bytes], source: Source, progress: Progress, seen: Seen) -> int:
    n, types = 0, set[str]()
    out.write(b'{"events":[')
    written: list[bytes] = []
    for entry in source.by_time():
        event = entry.event
        related = _relationships(entry)
        seen.add(id_ for id_, _ in related)
        types.add(event.type)
        written.append(
            _json(
                {
                    "id": f"{event.chain}:{event.seq}",
                    "type": event.type,
                    "time": utc_text(event.occurred_at),
                    "attributes": _values(entry),
                    "relationships": [
                        {"objectId": id_, "qualifier": what} for id_, what in related
                    ],
                }
            )
        )
        n += 1
        if not n % BATCH:
            out.write((b",\n" if n > BATCH else b"\n") + b",\n".join(written))
            written.clear()
            progress(n)
    if written:
        out.write((b",\n" if n > BATCH else b"\n") + b",\n".join(written))
    out.write(b'\n],"objects":[')
    first = True
    for one in _objects(source, seen):
        out.write((b"\n" if first else b",\n") + _json(one))
        first = False
    out.write(b'\n],"eventTypes":')
    out.write(_json([_type(name, _EVENT_ATTRIBUTES) for name in sorted(types)]))
    out.write(b',"objectTypes":')
    out.write(_json([_type(name, declared) for name, declared in _OBJECT_ATTRIBUTES.items()]))
    out.write(b"}\n")
    return n


# --------------------------------------------------------------------------------- events


def _values(entry: Entry) -> list[dict[str, str]]:
    event, payload = entry.event, entry.payload
    get = payload.get
    values = (
        ("seq", str(event.seq)),
        ("chain", event.chain),
        ("element", event.element_path),
        ("role", event.role_key),
        ("recorded", utc_text(event.recorded_at)),
        ("hash", event.hash),
        ("round", _text(get("round"))),
        ("due", _text(get("due"))),
        ("tier", _text(get("tier"))),
        ("kind", _text(get("kind"))),
        ("late_seconds", _text(get("late"))),
        ("decision", _text(get("decision"))),
    )
    return [{"name": name, "value": value} for name, value in values if value]


def _relationships(entry: Entry) -> Collection[tuple[str, str]]:
    """The objects of an event with their qualifiers, each pair once."""
    event, payload = entry.event, entry.payload
    found: dict[tuple[str, str], None] = {}

    def add(kind: str, id_: Any, qualifier: str) -> None:
        if isinstance(id_, int | str) and not isinstance(id_, bool) and id_ != "":
            found[f"{kind}:{id_}", qualifier] = None

    if event.case_id is not None:
        found[f"case:{event.case_id}", "of case"] = None
    add("task", payload.get("task"), "of task")
    add("statement", payload.get("statement"), "of statement")
    if event.type == "instance.started":  # what opened the case names the number, not the row
        add("plan_version", payload.get("plan_version"), "on version")
    if event.type == "instance.migrated":
        add("plan_version", payload.get("from_version"), "from version")
        add("plan_version", payload.get("to_version"), "to version")
    if event.person_id is not None:
        found[f"person:{event.person_id}", "done by"] = None
    if event.on_behalf_of is not None:
        found[f"person:{event.on_behalf_of}", "on behalf of"] = None
    for name, qualifier in _PERSONS.items():
        if name in payload and isinstance(payload[name], int):
            add("person", payload[name], qualifier)
    for one in payload.get("persons", ()):
        add("person", one, "told")
    return found.keys()


# --------------------------------------------------------------------------------- objects


def _objects(source: Source, seen: Seen) -> Iterator[dict[str, Any]]:
    # Tasks and statements first: they name cases, and cases name versions.
    session = source.session
    for ids in seen.batches("task"):
        tasks = select(
            UserTask.id, UserTask.case_id, UserTask.element_path, UserTask.name,
            UserTask.role_key, UserTask.round, UserTask.status, UserTask.due_at,
        ).where(UserTask.id.in_(ids))  # fmt: skip
        rows = {row.id: row for row in session.execute(tasks)}
        seen.add(f"case:{row.case_id}" for row in rows.values())
        for id_ in ids:
            row = rows.get(id_)
            if row is None:  # a step of the outside, no person's
                yield _object("task", id_, {}, [])
                continue
            values = {
                "element": row.element_path, "name": row.name, "role": row.role_key,
                "round": row.round, "status": row.status, "due": row.due_at,
            }  # fmt: skip
            yield _object("task", id_, values, [(f"case:{row.case_id}", "of case")])
    for ids in seen.batches("statement"):
        statements = select(Statement.id, Statement.case_id, Statement.kind).where(
            Statement.id.in_([int(one) for one in ids])
        )
        for number, of_case, kind in session.execute(statements):
            seen.add([f"case:{of_case}"])
            of = [(f"case:{of_case}", "of case")]
            yield _object("statement", str(number), {"kind": kind}, of)
    for ids in seen.batches("case"):
        for case in source.cases([int(one) for one in ids]):
            seen.add([f"plan_version:{case.version_id}"])
            values = {
                "number": case.number, "title": case.title, "tier": case.tier,
                "status": case.status, "drill": case.drill, "opened": case.opened_at,
            }  # fmt: skip
            of = [(f"plan_version:{case.version_id}", "runs on")]
            yield _object("case", str(case.id), values, of)
    for ids in seen.batches("plan_version"):
        for version in (source.version(int(one)) for one in ids):
            values = {
                "plan": version.plan_key, "number": version.number,
                "content_hash": version.content_hash,
            }  # fmt: skip
            yield _object("plan_version", str(version.id), values, [])
    for ids in seen.batches("person"):
        yield from _people(source, [int(one) for one in ids])


def _people(source: Source, ids: list[int]) -> Iterator[dict[str, Any]]:
    case = source.flt.case
    named = case is not None and not source.mask_of(case).on
    for person in source.session.scalars(select(Person).where(Person.id.in_(ids))):
        values = {"roles": " ".join(sorted(person.role_keys))}
        if named:
            values["name"] = person.name
        yield _object("person", str(person.id), values, [])


def _object(
    kind: str, id_: str, values: Mapping[str, Any], related: Iterable[tuple[str, str]]
) -> dict[str, Any]:
    return {
        "id": f"{kind}:{id_}",
        "type": kind,
        "attributes": [{**one, "time": _ALWAYS} for one in _attributes(values)],
        "relationships": [{"objectId": other, "qualifier": what} for other, what in related],
    }


def _attributes(values: Mapping[str, Any]) -> list[dict[str, str]]:
    texts = ((name, _text(value)) for name, value in values.items())
    return [{"name": name, "value": text} for name, text in texts if text]


def _text(value: Any) -> str:
    """A value as text; "" for none, which is left out."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return utc_text(value)
    return str(value)


def _type(name: str, declared: Mapping[str, str]) -> dict[str, Any]:
    attributes = [{"name": one, "type": type_} for one, type_ in declared.items()]
    return {"name": name, "attributes": attributes}


def _json(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # half a surrogate pair
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "replace"
        )
