"""The deadline of a step: read for a form, changed where it is written, its reminder and
escalation moved with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from workflows.catalogue import Place
from workflows.diagram import FlowNode
from workflows.edits import timers
from workflows.edits.extension import given, set_property
from workflows.edits.refusal import CannotEdit
from workflows.edits.spans import PLAIN, Span, read_iso
from workflows.edits.timers import Written
from workflows.edits.tree import Source

Files = dict[str, bytes]
NULL: Final = "null"


@dataclass(frozen=True, slots=True)
class Handed:
    """Where a limit handed into a called process is written: the call activity ``id`` of
    ``file``, the name it is handed in under, and the text."""

    file: str
    id: str
    target: str
    text: str


@dataclass(frozen=True, slots=True)
class Deadline:
    """A step's deadline. ``span`` None: not of a form known here (``why``: ``in_diagram`` or
    ``by_setting``). ``handed`` when the caller says how long. ``remind`` and ``escalate`` are
    minutes before and after, None where there is none or it cannot be told."""

    due: str
    head: str
    span: Span | None
    handed: Handed | None = None
    why: str = ""
    remind: int | None = None
    escalate: int | None = None
    escalate_to: str = ""
    remind_id: str = ""
    escalate_id: str = ""


def of(place: Place, id: str) -> Deadline | None:
    """The deadline on the activity ``id`` in this place; None where it has none, or where the
    caller hands in none."""
    timed = [event for event in place.scope.boundaries(id) if event.timer[1]]
    by_kind = {event.properties.get("deadlineKind", ""): event for event in timed}
    due = by_kind.get("due")
    if due is None:
        return None
    written = timers.read(*due.timer)
    if written is None:
        return Deadline(due.id, "", None, why="in_diagram")
    span, handed, why = written.span, None, ""
    if span is None:
        try:
            handed = handed_in(place, written.name)
        except CannotEdit as cannot:
            why = cannot.code
        if handed is not None:
            if handed.text == NULL:
                return None
            span = _literal(handed.text)
            why = "" if span is not None else "in_diagram"
    beside: dict[str, FlowNode | None] = {k: by_kind.get(k) for k in ("remind", "escalate")}
    offsets = {
        kind: timers.offset(written, *event.timer) if event is not None else None
        for kind, event in beside.items()
    }
    remind, escalate = offsets["remind"], offsets["escalate"]
    event = beside["escalate"]
    return Deadline(
        due=due.id, head=written.head, span=span, handed=handed, why=why,
        remind=-remind if remind is not None else None, escalate=escalate,
        escalate_to=event.properties.get("escalateTo", "") if event is not None else "",
        remind_id=beside["remind"].id if beside["remind"] is not None else "",
        escalate_id=event.id if event is not None else "",
    )  # fmt: skip


def handed_in(place: Place, name: str) -> Handed:
    """Where the value of a name is written that callers hand in. Raises CannotEdit
    ``by_setting`` for one the unit sets, ``in_diagram`` for one that is computed."""
    if name.startswith("settings."):
        raise CannotEdit("by_setting", "limit", setting=name.removeprefix("settings."))
    around: Place | None = place
    while around is not None and around.call is None:
        around = around.parent
    if around is None or around.call is None or around.parent is None:
        raise CannotEdit("in_diagram", "limit")
    for mapping in around.call.ins:
        if mapping.target == name:
            text = mapping.expression or mapping.source or NULL
            if _literal(text) is not None or text == NULL:
                file = around.parent.scope.process.file
                return Handed(file, around.path.rpartition("/")[2], name, text)
            return handed_in(around.parent, text)
    raise CannotEdit("in_diagram", "limit")


def change(
    files: Files,
    place: Place,
    id: str,
    span: Span,
    *,
    anchor: str | None = None,
    remind: int | None = None,
    escalate: int | None = None,
) -> tuple[Files, tuple[str, ...]]:
    """Give the activity's deadline another length, counted from ``anchor`` ("" : the step's
    opening; None: as before), with the reminder ``remind`` minutes before and the escalation
    ``escalate`` minutes after (None: as far off as before). Returns the changed files and what
    else is to be said (``remind_moved``; ``remind_early``: the reminder of a called process comes
    before the clock starts; ``remind_kept``, ``escalate_kept``: counted by itself, so left
    alone). Raises CannotEdit."""
    now = of(place, id)
    if now is None:
        raise CannotEdit("not_found", "limit")
    if now.span is None:
        raise CannotEdit(now.why, "limit")
    if now.handed is not None:
        return _change_handed(files, place, now, span, anchor, remind, escalate)
    source = Source(files[place.scope.process.file], place.scope.process.file)
    head = now.head if anchor is None else anchor
    kind, text = timers.write(head, span)
    new = Written(kind, text, head, span)
    told: list[str] = []
    before = remind if remind is not None else now.remind
    after = escalate if escalate is not None else now.escalate
    if before is not None and span.minutes is not None and before >= span.minutes:
        before = max(1, span.minutes // 2)
        told.append("remind_moved")
    for event_id, minutes in (
        (now.remind_id, -before if before is not None else None),
        (now.escalate_id, after),
    ):
        if not event_id:
            continue
        if minutes is None:  # counted by itself: it does not follow
            told.append("remind_kept" if event_id == now.remind_id else "escalate_kept")
            continue
        _write(source, event_id, *_beside(new, minutes, place.scope.nodes[event_id]), anchor)
    _write(source, now.due, kind, text, anchor)
    return {**files, source.file: source.done()}, tuple(told)


def _beside(due: Written, minutes: int, event: FlowNode) -> tuple[str, str]:
    """A reminder or an escalation in the way it was written: as a sum of its own, or as what it
    adds to the deadline."""
    old = timers.read(*event.timer)
    if old is not None and old.span is not None and due.span is not None:
        whole = due.span.minutes
        if whole is not None and whole + minutes > 0:
            return timers.write(due.head, _in_minutes(whole + minutes))
    return timers.beside(due, minutes)


def _in_minutes(minutes: int) -> Span:
    return Span(minutes // 60, "hours") if minutes % 60 == 0 else Span(minutes, "minutes")


def _write(source: Source, id: str, kind: str, text: str, anchor: str | None) -> None:
    event = source.node(id)
    timers.put(source, event, kind, text)
    if anchor is not None:
        set_property(source, event, "anchor", anchor)


def _change_handed(
    files: Files, place: Place, now: Deadline, span: Span, anchor: str | None,
    remind: int | None, escalate: int | None,
) -> tuple[Files, tuple[str, ...]]:  # fmt: skip
    """The caller says how long: change it there. The rest is the called process's, for all
    calls."""
    handed = now.handed
    assert handed is not None
    if span.unit not in PLAIN:
        raise CannotEdit("needs_duration", "unit")
    if anchor is not None and anchor != now.head:
        raise CannotEdit("in_diagram", "anchor")
    source = Source(files[handed.file], handed.file)
    item = given(source.node(handed.id), handed.target)
    if item is None:
        raise CannotEdit("in_diagram", "limit")
    source.set(item, "sourceExpression", f'duration("{span.iso}")')
    files = {**files, handed.file: source.done()}
    inner = place.scope.process.file
    written = timers.read(*place.scope.nodes[now.due].timer)
    assert written is not None
    for event_id, minutes, was in (
        (now.remind_id, -remind if remind is not None else None, now.remind),
        (now.escalate_id, escalate, now.escalate),
    ):
        if event_id and minutes is not None and abs(minutes) != was:
            source = Source(files[inner], inner)
            timers.put(source, source.node(event_id), *timers.beside(written, minutes))
            files = {**files, inner: source.done()}
    before = remind if remind is not None else now.remind
    early = before is not None and span.minutes is not None and before >= span.minutes
    return files, ("remind_early",) if early else ()


def escalate_to(files: Files, place: Place, id: str, role: str) -> Files:
    """Bring the missed deadline to another role. Raises CannotEdit where nothing escalates."""
    now = of(place, id)
    if now is None or not now.escalate_id:
        raise CannotEdit("not_found", "escalate_to")
    file = place.scope.process.file
    source = Source(files[file], file)
    set_property(source, source.node(now.escalate_id), "escalateTo", role)
    return {**files, file: source.done()}


def _literal(text: str) -> Span | None:
    found = timers.DURATION.fullmatch(text)
    return read_iso(found[1]) if found else None
