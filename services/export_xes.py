"""An event log as XES (IEEE 1849-2016), written event by event.

A trace is a case, in the order of its record; ``time:timestamp`` is when it happened (case time),
``recorded`` when it was entered. Extensions: concept, lifecycle, organizational, time, identity.
``concept:name`` is the element's name in the plan, ``concept:instance`` the task's id;
``org:resource`` is a number for the person (``person:7``), ``org:role`` the role they acted in,
both "" where nobody did; ``identity:id`` is made of the event's hash. Names of persons are not in
it: process mining ranks resources, and we rank no persons.

What a task's events mean in the standard model of the lifecycle extension:

================  ============================================================================
task.opened       schedule: offered to its roles (or to the assignee the plan names)
task.claimed      assign. Planroom does not know when somebody begins: there is no ``start``
task.unclaimed    unknown: given back to the queue, for which the model has no transition
task.reassigned   reassign; ``assign`` where nobody had it
task.completed    complete
task.cancelled    withdraw before anybody had taken it, ate_abort after
automatic steps   complete (only where asked for): gateways, events, calls, sub-processes
================  ============================================================================

All other events of the record are left out: they are in the OCEL and table exports.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO
from xml.sax.saxutils import quoteattr

from services.export_source import BATCH, CaseFacts, Entry, Progress, Source
from services.moments import utc_text
from services.xml_text import whole
from workflows.conformance_marking import parse

EXTENSIONS = {
    "Concept": "concept",
    "Lifecycle": "lifecycle",
    "Organizational": "org",
    "Time": "time",
    "Identity": "identity",
}
#: The types an export reads: those of tasks, and those that may tell of automatic steps.
TYPES = ("task.opened", "task.claimed", "task.unclaimed", "task.reassigned", "task.completed",
         "task.cancelled")  # fmt: skip
AUTOMATIC = (*TYPES, "instance.started", "instance.migrated", "message.sent", "element.passed")
_PLAIN = {"task.opened": "schedule", "task.claimed": "assign", "task.unclaimed": "unknown",
          "task.completed": "complete"}  # fmt: skip


def write_xes(out: IO[bytes], source: Source, progress: Progress, *, automatic: bool) -> int:
    """Write the log; returns how many events of the record were read. ``automatic`` adds the
    elements that passed by themselves. A log of no case is a log without traces."""
    out.write(_head().encode())
    n, now_in = 0, None
    tasks = _Tasks()
    for entry in source.by_case(AUTOMATIC if automatic else TYPES):
        n += 1
        if entry.case is None:
            continue
        if now_in is None or now_in.id != entry.case.id:
            if now_in is not None:
                out.write(b"  </trace>\n")
            now_in = entry.case
            tasks = _Tasks()
            out.write(_trace(now_in).encode())
        out.write("".join(_events(source, entry, tasks, automatic)).encode())
        if not n % BATCH:
            progress(n)
    if now_in is not None:
        out.write(b"  </trace>\n")
    out.write(b"</log>\n")
    return n


def _head() -> str:
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<log xes.version="1849.2016" xes.features="" xmlns="http://www.xes-standard.org/">',
    ]
    lines += [
        f'  <extension name="{name}" prefix="{prefix}" '
        f'uri="http://www.xes-standard.org/{prefix}.xesext"/>'
        for name, prefix in EXTENSIONS.items()
    ]
    lines += [
        '  <global scope="trace">',
        '    <string key="concept:name" value=""/>',
        "  </global>",
        '  <global scope="event">',
        '    <string key="concept:name" value=""/>',
        '    <string key="lifecycle:transition" value="complete"/>',
        '    <string key="org:resource" value=""/>',
        '    <string key="org:role" value=""/>',
        '    <date key="time:timestamp" value="1970-01-01T00:00:00Z"/>',
        '    <string key="element" value=""/>',
        "  </global>",
        '  <classifier name="Activity" scope="event" keys="concept:name"/>',
        '  <classifier name="ActivityAndLifecycle" scope="event" '
        'keys="concept:name lifecycle:transition"/>',
        '  <classifier name="Element" scope="event" keys="element"/>',
        '  <classifier name="Role" scope="event" keys="org:role"/>',
        '  <string key="lifecycle:model" value="standard"/>',
        '  <string key="concept:name" value="Planroom"/>',
    ]
    return "\n".join(lines) + "\n"


def _trace(case: CaseFacts) -> str:
    return (
        "  <trace>\n"
        + _string("concept:name", case.number)
        + _string("title", case.title)
        + _string("plan", case.plan)
        + _int("plan_version", case.version)
        + _string("tier", case.tier)
        + _string("status", case.status)
        + _boolean("drill", case.drill)
        + _date("opened", case.opened_at)
    )


@dataclass(slots=True)
class _Tasks:
    """Of the case being written: tasks somebody has taken, and what each was called."""

    taken: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)


def _events(source: Source, entry: Entry, tasks: _Tasks, automatic: bool) -> Iterator[str]:
    event, payload = entry.event, entry.payload
    if event.type.startswith("task."):
        task = str(payload.get("task") or "")
        if event.type == "task.opened" and payload.get("name"):
            tasks.names[task] = str(payload["name"])
        if transition := _transition(entry, task, tasks.taken):
            name = tasks.names.get(task, "")
            yield _event(source, entry, event.element_path, transition, name=name, task=task)
        if event.type in ("task.completed", "task.cancelled"):
            tasks.names.pop(task, None)
    if not automatic:
        return
    for n, step in enumerate(payload.get("steps", ()), 1):
        sign, path, _ = parse(step)
        element = source.element(entry.case, path)
        if not sign and element is not None and element.kind != "userTask":
            yield _event(source, entry, path, "complete", n=n)


def _transition(entry: Entry, task: str, taken: set[str]) -> str:
    type_, payload = entry.event.type, entry.payload
    if type_ == "task.claimed" or (type_ == "task.opened" and payload.get("assignee")):
        taken.add(task)
    elif type_ == "task.unclaimed":
        taken.discard(task)
    elif type_ == "task.reassigned":
        had = payload.get("from") is not None or task in taken
        if payload.get("to") is None:
            taken.discard(task)
            return "unknown"
        taken.add(task)
        return "reassign" if had else "assign"
    elif type_ in ("task.cancelled", "task.completed"):
        had = task in taken
        taken.discard(task)
        if type_ == "task.cancelled":
            return "ate_abort" if had else "withdraw"
    return _PLAIN.get(type_, "")


def _event(
    source: Source,
    entry: Entry,
    path: str,
    transition: str,
    *,
    name: str = "",
    task: str = "",
    n: int = 0,
) -> str:
    """One ``<event>``; ``n`` counts the automatic steps of an event, 0 for the task's own."""
    event, payload = entry.event, entry.payload
    if not name:
        element = source.element(entry.case, path)
        name = (element.name if element is not None else "") or path.rpartition("/")[2]
    acted = n == 0 and event.person_id is not None
    parts = [
        "    <event>\n",
        _string("concept:name", name),
        _string("concept:instance", task) if task else "",
        _string("lifecycle:transition", transition),
        _string("org:resource", f"person:{event.person_id}" if acted else ""),
        _string("org:role", event.role_key if acted else ""),
        _date("time:timestamp", event.occurred_at),
        _attribute("id", "identity:id", _identity(event.hash, n)),
        _string("element", path),
        _string("event", event.type),
        _int("seq", event.seq),
        _date("recorded", event.recorded_at) if event.recorded_at != event.occurred_at else "",
    ]
    if n == 0:
        parts.append(_int("round", int(payload.get("round") or 1)))
        if payload.get("due"):
            parts.append(_attribute("date", "due", str(payload["due"])))
    parts.append("    </event>\n")
    return "".join(parts)


def _identity(digest: str, n: int) -> str:
    made = uuid.UUID(hex=digest[:32])
    return str(uuid.uuid5(made, str(n)) if n else made)


def _attribute(kind: str, key: str, value: str) -> str:
    text = quoteattr(whole(value), {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
    return f"      <{kind} key={quoteattr(key)} value={text}/>\n"


def _string(key: str, value: str) -> str:
    return _attribute("string", key, value)


def _int(key: str, value: int) -> str:
    return _attribute("int", key, str(value))


def _boolean(key: str, value: bool) -> str:
    return _attribute("boolean", key, "true" if value else "false")


def _date(key: str, value: datetime) -> str:
    return _attribute("date", key, utc_text(value))
