"""Rows of a case as an auditor may see them: the row itself, with some of its columns masked. The
rows of the session are left alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar, cast

from models.cases import Case
from models.intake import Attachment, Signal
from models.words import Approval, Release, StatementVersion
from services.case_reading import CaseOverview, TimelineEvent
from services.masking import Mask
from services.signals import Contact
from services.statement_text import PART_NAMES

#: A row of any table.
R = TypeVar("R")


class Veiled:
    """A row read through a mask: some attributes are other values, all others are the row's."""

    __slots__ = ("_row", "_shown")

    def __init__(self, row: Any, shown: Mapping[str, Any]) -> None:
        self._row = row
        self._shown = shown

    def __getattr__(self, name: str) -> Any:
        shown = self._shown
        return shown[name] if name in shown else getattr(self._row, name)


def _veiled(row: R, shown: Mapping[str, Any]) -> R:
    """The row as whoever reads it sees it: it stands for one of its own kind."""
    return cast(R, Veiled(row, shown))


def text_of(mask: Mask, row: R, *names: str) -> R:
    """The row with these columns masked as running text."""
    if not mask.on:
        return row
    return _veiled(row, {name: mask.text(getattr(row, name) or "") for name in names})


def case(mask: Mask, row: Case) -> Case:
    """Title, summary and link masked."""
    if not mask.on:
        return row
    shown = {
        "title": mask.text(row.title),
        "summary": mask.text(row.summary),
        "link": mask.link(row.link),
    }
    return _veiled(row, shown)


def signal(mask: Mask, row: Signal) -> Signal:
    """Text and link masked."""
    if not mask.on:
        return row
    shown = {"text": mask.text(row.text), "link": mask.link(row.link)}
    return _veiled(row, shown)


def contact(mask: Mask, given: Contact) -> Contact:
    """Who told us."""
    return Contact(mask.name(given.name), mask.phone(given.phone))


def attachment(mask: Mask, row: Attachment) -> Attachment:
    """Name and note masked."""
    if not mask.on:
        return row
    shown = {"name": mask.file_name(row.name), "note": mask.text(row.note)}
    return _veiled(row, shown)


def timeline(mask: Mask, entries: Iterable[TimelineEvent]) -> list[TimelineEvent]:
    """Payloads and personal values masked."""
    return [
        replace(
            entry,
            payload=mask.payload(entry.event, entry.payload),
            personal=mask.event(entry.event, entry.payload, entry.personal),
        )
        if mask.on
        else entry
        for entry in entries
    ]


def overview(mask: Mask, view: CaseOverview) -> CaseOverview:
    """All that a case's page shows, masked."""
    if not mask.on:
        return view
    return replace(
        view,
        case=case(mask, view.case),
        timeline=timeline(mask, view.timeline),
        anchors=[text_of(mask, row, "how", "reason") for row in view.anchors],
        files=[attachment(mask, row) for row in view.files],
        incidents=[text_of(mask, row, "message", "resolution") for row in view.incidents],
    )


def report_rows(mask: Mask, context: Mapping[str, Any]) -> dict[str, Any]:
    """What a report's page shows (`report_reading.Report` under ``report``): who was told is staff;
    what was written about it is running text."""
    if not mask.on:
        return dict(context)
    report = context["report"]
    rows = tuple(
        replace(row, line=text_of(mask, row.line, "to_whom", "acknowledged_how", "note"))
        if row.line is not None
        else row
        for row in report.rows
    )
    return {**context, "report": replace(report, rows=rows)}


# ----------------------------------------------------------------------------- statements


def published(releases: Iterable[Release]) -> set[int]:
    """Ids of the versions that are out: what everybody can read is masked for nobody. One that
    was withdrawn is not out any more, perhaps because of what it said about somebody."""
    return {row.version_id for row in releases if row.withdrawn_at is None}


def version(mask: Mask, row: StatementVersion, out: set[int]) -> StatementVersion:
    """A text that is not out, masked; its note always."""
    if not mask.on:
        return row
    shown: dict[str, Any] = {"note": mask.unpublished(row.note)}
    if row.id not in out:
        shown |= {
            name: mask.unpublished(value)
            for name in PART_NAMES
            if isinstance(value := getattr(row, name), str)
        }
    return _veiled(row, shown)


def decision(mask: Mask, row: Approval) -> Approval:
    """What was said to an approval."""
    if not mask.on:
        return row
    return _veiled(row, {"comment": mask.unpublished(row.comment)})


def release(mask: Mask, row: Release) -> Release:
    """Why it was withdrawn."""
    if not mask.on:
        return row
    reason = mask.unpublished(row.withdrawal_reason or "")
    return _veiled(row, {"withdrawal_reason": reason})


def statement_frame(mask: Mask, frame: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of `views.statement_page.frame` that hold words, masked."""
    if not mask.on:
        return dict(frame)
    out = published(frame["releases"])
    return {
        **frame,
        "current": version(mask, frame["current"], out),
        "versions": [version(mask, row, out) for row in frame["versions"]],
        "decisions": [decision(mask, row) for row in frame["decisions"]],
        "releases": [release(mask, row) for row in frame["releases"]],
    }
