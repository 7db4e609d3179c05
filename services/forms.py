"""What a completed task's form may contain: ``camunda:formData`` fields by type, and the closed
list of special forms, each with the service that knows its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from services import (
    approvals,
    archive,
    closing,
    destruction,
    grading,
    releases,
    reports,
    statements,
)
from services.calendar import zone_of
from services.errors import Refusal
from services.submission import Handler, Submission
from services.uow import UnitOfWork
from workflows.contract import FormField

#: The longest a field may be, in bytes of UTF-8.
FIELD_BYTES = 200_000

N = TypeVar("N", int, float)

TRUE_WORDS = frozenset({"true", "on", "1", "yes", "是"})
FALSE_WORDS = frozenset({"false", "off", "0", "no", "否"})


class FieldError(ValueError):
    """A field that cannot be accepted; ``code`` is translated by the views
    (``field.<code>``)."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def size_of(value: object) -> int:
    """Bytes of UTF-8 a submitted value takes as text."""
    return len(str(value).encode("utf-8", "surrogatepass"))


def check_sizes(data: Mapping[str, Any]) -> None:
    """Raises Refusal ``form_invalid`` 422 naming every field over the size limit."""
    errors = {key: "too_big" for key, value in data.items() if size_of(value) > FIELD_BYTES}
    if errors:
        raise Refusal("form_invalid", 422, errors=errors)


def _text(field: FormField, raw: object, zone: ZoneInfo) -> str:
    if not isinstance(raw, str):
        raise FieldError("not_text")
    value = raw if field.type == "text" else raw.strip()
    least, most = field.constraints.get("minlength"), field.constraints.get("maxlength")
    if least and len(value.strip()) < int(least):
        raise FieldError("too_short")
    if most and len(value) > int(most):
        raise FieldError("too_long")
    return value


def _range(field: FormField, value: N) -> N:
    least, most = field.constraints.get("min"), field.constraints.get("max")
    if least and value < float(least):
        raise FieldError("too_small")
    if most and value > float(most):
        raise FieldError("too_large")
    return value


def _whole(field: FormField, raw: object, zone: ZoneInfo) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int | str):
        raise FieldError("not_whole")
    try:
        return _range(field, int(raw))
    except FieldError:
        raise
    except ValueError as wrong:
        raise FieldError("not_whole") from wrong


def _number(field: FormField, raw: object, zone: ZoneInfo) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        raise FieldError("not_a_number")
    try:
        value = float(raw)
    except ValueError as wrong:
        raise FieldError("not_a_number") from wrong
    if value != value or value in (float("inf"), float("-inf")):
        raise FieldError("not_a_number")
    return _range(field, value)


def _boolean(field: FormField, raw: object, zone: ZoneInfo) -> bool:
    if isinstance(raw, bool):
        return raw
    word = str(raw).strip().lower()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise FieldError("not_yes_or_no")


def _date(field: FormField, raw: object, zone: ZoneInfo) -> date:
    if isinstance(raw, datetime):
        return raw.astimezone(zone).date()
    if isinstance(raw, date):
        return raw
    try:
        return date.fromisoformat(str(raw).strip())
    except ValueError as wrong:
        raise FieldError("not_a_date") from wrong


def _moment(field: FormField, raw: object, zone: ZoneInfo) -> datetime:
    try:
        value = raw if isinstance(raw, datetime) else datetime.fromisoformat(str(raw).strip())
    except ValueError as wrong:
        raise FieldError("not_a_moment") from wrong
    # A browser's datetime-local has no offset: it means the unit's own clock.
    return value if value.tzinfo is not None else value.replace(tzinfo=zone)


def _choice(field: FormField, raw: object, zone: ZoneInfo) -> str:
    if raw not in {value for value, _, _ in field.options}:
        raise FieldError("not_an_option")
    return str(raw)


_READERS: Mapping[str, Callable[[FormField, object, ZoneInfo], Any]] = {
    "string": _text,
    "text": _text,
    "long": _whole,
    "double": _number,
    "boolean": _boolean,
    "date": _date,
    "datetime": _moment,
    "enum": _choice,
}


def read_field(field: FormField, raw: object, zone: ZoneInfo) -> Any:
    """One field's value, by its type. None when it was left empty. A required yes/no field is
    answered by "no" too. Raises FieldError."""
    if size_of(raw) > FIELD_BYTES:
        raise FieldError("too_big")
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        if field.required:
            raise FieldError("required")
        # An unticked box is not sent at all; left open it means "no", as on paper.
        return False if field.type == "boolean" else None
    reader = _READERS.get(field.type)
    if reader is None:
        raise FieldError("unknown_type")
    return reader(field, raw, zone)


def read_form(
    fields: tuple[FormField, ...], data: Mapping[str, Any], zone: ZoneInfo
) -> dict[str, Any]:
    """The values of a ``camunda:formData`` form. ``data`` may hold strings as a browser sends
    them or values already of their type; what is no field of the form is dropped. Raises Refusal
    ``form_invalid`` 422 with ``errors`` = {field: code}."""
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for field in fields:
        try:
            values[field.id] = read_field(field, data.get(field.id), zone)
        except FieldError as wrong:
            errors[field.id] = wrong.code
    if errors:
        raise Refusal("form_invalid", 422, errors=errors)
    return values


def handle_form_data(uow: UnitOfWork, submission: Submission) -> dict[str, Any]:
    """The handler of every task without a special form."""
    return read_form(submission.element.form_fields, submission.data, zone_of(uow.session))


#: The closed list of forms: ``camunda:formKey`` -> what it does.
HANDLERS: Mapping[str, Handler] = {
    "": handle_form_data,
    "planroom:grade": grading.handle_grade,
    "planroom:statement-draft": statements.handle_draft,
    "planroom:statement-review": approvals.handle_review,
    "planroom:statement-approve": approvals.handle_approve,
    "planroom:statement-release": releases.handle_release,
    "planroom:report-up": reports.handle_report_up,
    "planroom:closing": closing.handle_closing,
    "planroom:archive": archive.handle_archive,
    "planroom:destroy": destruction.handle_destroy,
}


def handler_for(form_key: str) -> Handler:
    """Raises LookupError for a form that is not on the list (deployment refuses those)."""
    return HANDLERS[form_key]
