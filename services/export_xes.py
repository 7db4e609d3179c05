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

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import IO
from xml.sax.saxutils import quoteattr

from services.export_rows import BATCH
from services.export_source import CaseFacts, Entry, Progress, Source
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
#: What an attribute's value cannot hold as it is.
_SPECIAL = re.compile('[&<>"\x00-\x1f\ud800-\udfff\ufffe\uffff]')
_PLAIN = {"task.opened": "schedule", "task.claimed": "assign", "task.unclaimed": "unknown",
          "task.completed": "complete"}  # fmt: skip


def write_xes(out: IO[bytes], source: Source, progress: Progress, *, automatic: bool) -> int:
    """Write the log; returns how many events of the record were read. ``automatic`` adds the
    elements that passed by themselves. A log of no case is a log without traces."""
    out.write(_head().encode())
    n, now_in = 0, None
    tasks = _Tasks()
    parts: list[str] = []
    for entry in source.by_case(AUTOMATIC if automatic else TYPES):
        n += 1
        if entry.case is None:
            continue
        if now_in is None or now_in.id != entry.case.id:
            if now_in is not None:
                parts.append("  </trace>\n")
            now_in = entry.case
            tasks = _Tasks()
            parts.append(_trace(now_in))
        parts += _events(source, entry, tasks, automatic)
        if not n % BATCH:
            out.write("".join(parts).encode())
            parts.clear()
            progress(n)
    if now_in is not None:
        parts.append("  </trace>\n")
    parts.append("</log>\n")
    out.write("".join(parts).encode())
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
        sign, path, _ = _parsed(step)
        if sign:
            continue
        element = source.element(entry.case, path)
        if element is not None and element.kind != "userTask":
            name = element.name or path.rpartition("/")[2]
            yield _event(source, entry, path, "complete", name=name, n=n)


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
    resource = f"person:{event.person_id}" if acted else ""
    role = event.role_key if acted else ""
    parts = [
        f'    <event>\n      <string key="concept:name" value={_known(name)}/>\n',
        _string("concept:instance", task) if task else "",
        f'      <string key="lifecycle:transition" value="{transition}"/>\n'
        f'      <string key="org:resource" value="{resource}"/>\n'
        f'      <string key="org:role" value={_known(role)}/>\n'
        f'      <date key="time:timestamp" value="{utc_text(event.occurred_at)}"/>\n'
        f'      <id key="identity:id" value="{_identity(event.hash, n)}"/>\n'
        f'      <string key="element" value={_known(path)}/>\n'
        f'      <string key="event" value={_known(event.type)}/>\n'
        f'      <int key="seq" value="{event.seq}"/>\n',
        _date("recorded", event.recorded_at) if event.recorded_at != event.occurred_at else "",
    ]
    if n == 0:
        parts.append(_int("round", int(payload.get("round") or 1)))
        if payload.get("due"):
            parts.append(_attribute("date", "due", str(payload["due"])))
    parts.append("    </event>\n")
    return "".join(parts)


def _identity(digest: str, n: int) -> str:
    """A UUID of the hash's first 128 bits; of an event's further steps, version 5 (RFC 9562) of
    their number under it. Spelled out here: the objects of `uuid` take several times as long."""
    made = digest[:32]
    if n:
        made = hashlib.sha1(bytes.fromhex(made) + str(n).encode()).hexdigest()
        made = f"{made[:12]}5{made[13:16]}{'89ab'[int(made[16], 16) & 3]}{made[17:32]}"
    return f"{made[:8]}-{made[8:12]}-{made[12:16]}-{made[16:20]}-{made[20:]}"


def _quoted(value: str) -> str:
    """The value of an attribute in its quotation marks."""
    if not _SPECIAL.search(value):
        return f'"{value}"'
    return quoteattr(whole(value), {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


#: What comes again and again.
_known = lru_cache(4096)(_quoted)
_parsed = lru_cache(4096)(parse)


def _attribute(kind: str, key: str, value: str) -> str:
    return f'      <{kind} key="{key}" value={_quoted(value)}/>\n'


def _string(key: str, value: str) -> str:
    return _attribute("string", key, value)


def _int(key: str, value: int) -> str:
    return _attribute("int", key, str(value))


def _boolean(key: str, value: bool) -> str:
    return _attribute("boolean", key, "true" if value else "false")


def _date(key: str, value: datetime) -> str:
    return _attribute("date", key, utc_text(value))
