"""Whether every time limit of a plan's text is there, starts at something, and is timed exactly
where the text gives a number."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from services.library_book import Book
from services.library_faults import Fault, fault
from services.library_named import named
from services.library_shelf import Shelf
from services.plan_folder import MANIFEST
from workflows.diagram import EVENTS, GATEWAYS

#: A ``rule`` is a length of time that decides what holds, not by when something is done.
KINDS: Final = ("hard", "soft", "day", "cover", "external", "rule")
#: Kinds with a number in the text: these run on a timer, the others never do.
TIMED: Final = ("hard", "day")
#: A limit the text itself calls a principle; its golden hours are shown as a soft target.
_SOFT_BUT_TIMED: Final = ("P11-D4",)
_DEADLINE: Final = re.compile(r"P\d\d-D\d+")


def clock_faults(book: Book, shelf: Shelf) -> Iterator[Fault]:
    file = book.file(MANIFEST)
    rows = book.rows("clocks")
    text = shelf.text_of(book.key)
    given = {row.get("id") for row in rows}
    for id in text.ids if text is not None else ():
        if _DEADLINE.fullmatch(id) and id not in given:
            yield fault("clock_missing", file, element=f"clocks.{id}", clause=id)
    timed = {row.get("element") for row in rows if row.get("kind") in TIMED}
    for row in rows:
        yield from _clock(book, row, timed, file)
    if not book.alias:
        yield from _unclaimed(book)


def _clock(book: Book, row: Mapping[str, Any], timed: set[Any], file: str) -> Iterator[Fault]:
    id, kind, element = str(row.get("id")), row.get("kind"), str(row.get("element") or "")
    where = element or f"clocks.{id}"
    if kind not in KINDS:
        yield fault("clock_kind", file, element=where, clause=id, kind=kind)
    if not (row.get("trigger") and row.get("trigger_en")):
        yield fault("clock_no_trigger", file, element=where, clause=id)
    if kind == "hard" and not row.get("iso"):
        yield fault("clock_no_limit", file, element=where, clause=id)
    what = named(book, element)
    if not what or (what == "setting" and kind in TIMED):
        yield fault("clock_element_unknown", file, element=where, clause=id, name=element)
    elif kind in TIMED and what == "element" and not is_timed(book, element):
        yield fault("clock_untimed", file, element=element, clause=id)
    elif (
        kind == "soft"
        and id not in _SOFT_BUT_TIMED
        and element not in timed
        and any(True for _ in _due(book, element))
    ):
        yield fault("soft_clock_timed", file, element=element, clause=id)


def _unclaimed(book: Book) -> Iterator[Fault]:
    """Timers that make something due which no number of the text, no legal overlay and no limit
    of the unit's own asks for."""
    numbers = {
        str(row.get("id"))
        for row in book.rows("clocks")
        if row.get("kind") in (*TIMED, "external") or row.get("id") in _SOFT_BUT_TIMED
    }
    claimed = {str(row.get("element")) for row in book.rows("clocks") if row.get("id") in numbers}
    claimed |= {name for clause in book.clauses if clause.id in numbers for name in clause.by}
    untimed = {
        call.path for call in book.catalogue.calls.values()
        if any(one.target == "timed" and one.expression == "false" for one in call.ins)
    }  # fmt: skip
    for timer in book.elements.values():
        if timer.deadline_kind != "due" or timer.origin == "overlay":
            continue
        host = book.elements[timer.attached_to]
        if (
            host.path not in claimed
            and not numbers.intersection(host.clauses)
            and host.origin != "overlay"
            and timer.path.rpartition("/")[0] not in untimed
        ):
            file = book.file(book.catalogue.processes[timer.process_id].file)
            yield fault("timer_unclaimed", file, element=timer.path)


def is_timed(book: Book, path: str) -> bool:
    """Whether a timer makes the element due: on itself or on what it stands in; or it is a timer,
    or the step a timer leads to."""
    if book.elements[path].timer or _led_to_by_timer(book, path):
        return True
    while path:
        if any(True for _ in _due(book, path)):
            return True
        path = path.rpartition("/")[0]
    return False


def _due(book: Book, path: str) -> Iterator[str]:
    """The due timers standing on an element, or on a step just inside it where it is a call."""
    for element in book.elements.values():
        if element.deadline_kind == "due" and element.timer and element.attached_to == path:
            yield element.path


def _led_to_by_timer(book: Book, path: str) -> bool:
    flows = book.catalogue.flows.values()
    seen, ahead = {path}, [path]
    while ahead:
        here = ahead.pop()
        for source in {flow.source for flow in flows if flow.target == here} - seen:
            seen.add(source)
            element = book.elements[source]
            if element.timer and element.kind in EVENTS:
                return True
            if element.kind in GATEWAYS:
                ahead.append(source)
    return False
