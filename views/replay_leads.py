"""From a replayed event on to what it was about: the words that were approved, the form that was
filled in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import url_for
from flask_babel import gettext as _

from services.case_reading import TimelineEvent

#: Events in whose payload a statement's ``version`` is the one they are about.
_OF_VERSION: Final = frozenset(
    {"statement.version_added", "approval.given", "approval.voided", "statement.released"}
)


@dataclass(frozen=True, slots=True)
class Lead:
    """A link."""

    text: str
    href: str


def leads(entry: TimelineEvent) -> list[Lead]:
    """The pages of the statement and of the task an event names; who may read the case may read
    both."""
    given, found = entry.payload, []
    statement, version, task = given.get("statement"), given.get("version"), given.get("task")
    if isinstance(statement, int):
        if entry.event.type in _OF_VERSION and isinstance(version, int):
            text = _("看这一版文稿")
            href = url_for("statements.printable", statement_id=statement, version=version)
        else:
            text, href = _("看文稿"), url_for("statements.show", statement_id=statement)
        found.append(Lead(text, href))
    if isinstance(task, str) and task:
        if entry.event.type.startswith("report."):
            found.append(Lead(_("看报送"), url_for("reports.show", task_id=task)))
        else:
            found.append(Lead(_("看任务"), url_for("tasks.show", task_id=task)))
    return found
