"""Releasing a statement: the approved text, an official channel, the link."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from models.cases import Case
from models.people import Person
from models.tasks import UserTask
from services import channels, statement_reading
from views.forms.base import FormInput, Reader, TaskForm
from views.i18n import loc
from views.statement_page import frame
from workflows.contract import Element


def context(
    session: Session, task: UserTask, case: Case, element: Element, person: Person, now: datetime
) -> dict[str, Any]:
    """The text, what stands between it and its release, and the unit's channels."""
    statement = statement_reading.statement_of(session, task)
    if statement is None:
        return {"statement": None}
    return {**frame(session, statement, now), "channels": channel_options(session)}


def channel_options(session: Session) -> list[tuple[int, str]]:
    """The unit's active channels with the public name of their accounts."""
    return [(c.id, f"{loc(c)} · {c.account}") for c in channels.in_use(session)]


def read_release(read: Reader) -> dict[str, Any]:
    """What any release form sends."""
    return {
        "channel_id": read.whole("channel_id", required=True),
        "link": read.text("link", limit=2_000),
        "link_later": read.flag("link_later"),
        "digest": read.text("digest", limit=64),
    }


def parse(form: FormInput) -> dict[str, Any]:
    """Channel, link (or that it follows), and the digest of the text shown."""
    read = Reader(form)
    data = read_release(read)
    read.finish()
    return data


FORM = TaskForm("forms/statement_release.html", context, parse, submit=lambda: _("确认已发布"))
