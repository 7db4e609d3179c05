"""What a task form is, and the small readers every form uses for what a browser sent.

A form module defines ``FORM = TaskForm(...)`` and is listed in ``views/forms/__init__.py``.
Its template is included inside the task page's single ``<form>``: the page gives the CSRF
token, the hidden fields, the buttons and the field ``occurred_at``. When a submission is
refused the page is rendered again with ``values`` (what was typed, a mapping of field name
to text) and ``errors`` (field name to sentence).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from models.cases import Case
from models.people import Person
from models.tasks import UserTask
from views.i18n import current_zone
from workflows.contract import Element

FormInput = MultiDict[str, str]


class Mistakes(Exception):
    """What is wrong with a form, by field name (``""`` for the form as a whole). The task page
    answers 422 and keeps what was typed."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        super().__init__(str(self.errors))


@dataclass(frozen=True, slots=True)
class TaskForm:
    """A special page of the closed list of form keys.

    ``context(session, task, case, element, person, now)`` returns what the template needs
    (``now`` is the case's own time). ``parse(form)`` turns what was typed into the ``data`` of
    `services.submission.Submission`, dates as aware datetimes; raises `Mistakes`.
    ``submit`` is the label of the main button; None: 办结. ``drafts`` is whether 保存草稿 is
    offered.
    """

    template: str
    context: Callable[[Session, UserTask, Case, Element, Person, datetime], dict[str, Any]]
    parse: Callable[[FormInput], dict[str, Any]]
    submit: Callable[[], str] | None = None
    drafts: bool = True


class Reader:
    """Reads a form field by field, remembers every mistake, and raises them together, so that
    nobody is sent back once for each field::

        read = Reader(form)
        title = read.text("title", required=True, limit=300)
        sent_at = read.moment("sent_at")
        read.finish()
    """

    def __init__(self, form: FormInput, zone: str | None = None) -> None:
        self.form = form
        self._zone = zone
        self.errors: dict[str, str] = {}

    @property
    def zone(self) -> str:
        """The zone moments are typed in; looked up only when one is."""
        return self._zone or current_zone()

    def wrong(self, name: str, sentence: str) -> None:
        """Remember a mistake; the first one of a field stays."""
        self.errors.setdefault(name, sentence)

    def finish(self) -> None:
        """Raise `Mistakes` if anything was wrong."""
        if self.errors:
            raise Mistakes(self.errors)

    def _raw(self, name: str, required: bool) -> str:
        text = self.form.get(name, "").replace("\r\n", "\n").strip()
        if required and not text:
            self.wrong(name, _("必填。"))
        return text

    def text(self, name: str, *, required: bool = False, limit: int = 20_000) -> str:
        """Trimmed text, line ends as ``\\n``, at most ``limit`` characters."""
        text = self._raw(name, required)
        if len(text) > limit:
            self.wrong(name, _("最多 %(n)s 个字,现有 %(m)s 个。", n=limit, m=len(text)))
        if "\x00" in text:
            self.wrong(name, _("含有不能保存的字符。"))
        return text

    def flag(self, name: str) -> bool:
        """A check box, or a yes/no choice sent as true or false."""
        return self.form.get(name, "") in {"on", "true", "1", "yes"}

    def choice(self, name: str, allowed: Collection[str], *, required: bool = False) -> str:
        """One of ``allowed``, or "" when empty and not required."""
        text = self._raw(name, required)
        if text and text not in allowed:
            self.wrong(name, _("请从列出的选项中选择。"))
        return text

    def whole(self, name: str, *, required: bool = False) -> int | None:
        """A whole number; full-width digits and thousands separators pass."""
        text = self._raw(name, required).replace(",", "").replace(",", "")
        if not text:
            return None
        try:
            number = int(text)
        except ValueError:
            self.wrong(name, _("请填写整数。"))
            return None
        if abs(number) >= 2**53:
            self.wrong(name, _("数字过大。"))
            return None
        return number

    def number(self, name: str, *, required: bool = False) -> Decimal | None:
        """A finite decimal number."""
        text = self._raw(name, required).replace(",", "").replace(",", "")
        if not text:
            return None
        try:
            number = Decimal(text)
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite() or abs(number) > 10**18:
            self.wrong(name, _("请填写数字。"))
            return None
        return number

    def moment(self, name: str, *, required: bool = False) -> datetime | None:
        """A ``datetime-local`` value, in the organisation's zone unless it carries an offset."""
        text = self._raw(name, required)
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.wrong(name, _("日期时间写法不对,应如 2026-03-01 23:02。"))
            return None
        if not 1970 <= moment.year <= 2200:
            self.wrong(name, _("年份不对。"))
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(self.zone))

    def date(self, name: str, *, required: bool = False) -> date | None:
        """A calendar day."""
        text = self._raw(name, required)
        if not text:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.wrong(name, _("日期写法不对,应如 2026-03-01。"))
            return None
