"""The forms of a draft's user tasks: which there are, what is wrong with one as edited, what else
in the plan asks for a field that is to go, and saving it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from models.studio import PlanDraft
from services import draft_reading, drafts
from services.actor import Actor
from services.draft_sheets import sheets_of
from services.errors import Refusal
from services.plan_form_mentions import gone, mentions, mentions_key
from services.uow import UnitOfWork
from workflows import edits_form
from workflows.contract import DeploymentError, FormField
from workflows.edits_form import FieldEdit, FormTask

#: Of one form, and of one choice.
MAX_FIELDS: Final = 100
MAX_OPTIONS: Final = 100
LABEL: Final = 500
HELP: Final = 2_000
DEFAULT: Final = 2_000
ID: Final = 60

_ID: Final = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_VALUE: Final = re.compile(r"[^\s\"'\\<>&](?:[^\"'\\<>&\n\r\t]*[^\s\"'\\<>&])?")
#: Words FEEL keeps for itself, and what a page's form already has.
RESERVED: Final = frozenset(
    {"and", "between", "date", "days", "duration", "else", "every", "external", "false", "for",
     "function", "if", "in", "instance", "item", "months", "not", "null", "of", "or", "partial",
     "return", "satisfies", "some", "then", "time", "true", "years", "csrf_token", "occurred_at",
     "action"}
)  # fmt: skip
#: An option's English stands in the property ``VALUE.en``: these would be the field's own.
RESERVED_VALUES: Final = frozenset({"label", "name", "help"})
_LENGTHS: Final = ("minlength", "maxlength")
_BOUNDS: Final = ("min", "max")
#: Constraints by type.
CONSTRAINTS: Final[Mapping[str, tuple[str, str]]] = {
    "string": _LENGTHS, "text": _LENGTHS, "long": _BOUNDS, "double": _BOUNDS,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FormFile:
    """A diagram of the draft with the name of its process, and its user tasks."""

    file: str
    name: str
    name_en: str
    tasks: tuple[FormTask, ...]


def form_files(files: Mapping[str, bytes]) -> list[FormFile]:
    """The draft's diagrams that hold user tasks, the plan's own first; those that cannot be read
    are left out (they are findings)."""
    found = []
    for sheet in sheets_of(files):
        try:
            tasks = tuple(edits_form.form_tasks(files[sheet.file], sheet.file))
        except DeploymentError:
            continue
        if tasks:
            found.append(FormFile(sheet.file, sheet.name, sheet.name_en, tasks))
    return found


def task_in(files: Mapping[str, bytes], file: str, task_id: str) -> FormTask:
    """One user task. Raises Refusal ``file_unknown`` / ``form_unknown`` 404."""
    if file not in files or not file.endswith(".bpmn"):
        raise Refusal("file_unknown", 404)
    try:
        tasks = edits_form.form_tasks(files[file], file)
    except DeploymentError:
        raise Refusal("form_unknown", 404) from None
    found = next((task for task in tasks if task.id == task_id), None)
    if found is None:
        raise Refusal("form_unknown", 404)
    return found


def save_form(
    uow: UnitOfWork,
    draft_id: int,
    file: str,
    task_id: str,
    fields: Sequence[FieldEdit],
    actor: Actor,
    now: datetime,
    *,
    revision: int | None,
    confirmed: str = "",
    what: str = "",
) -> PlanDraft:
    """Write the form into the draft's file. ``confirmed`` is the `mentions_key` of what the
    author was told. Raises Refusal ``form_invalid`` 422 (``errors`` as `mistakes` gives them),
    ``fields_mentioned`` 422 where something still asks for what is to go, and as
    `drafts.save_files`."""
    # Who may, and on which revision, before anything is said of the form.
    draft = drafts.save_files(uow, draft_id, {}, actor, now, revision=revision)
    files = draft_reading.files_of(uow.session, draft)
    task = task_in(files, file, task_id)
    if task.form_key:
        raise Refusal("form_special", 409)
    errors = mistakes(fields, task.fields, edits_form.element_ids(files[file], file))
    if errors:
        raise Refusal("form_invalid", 422, errors=errors)
    found = mentions(files, file, task_id, gone(task.fields, fields))
    if found and confirmed != mentions_key(found):
        raise Refusal("fields_mentioned", 422)
    changed = edits_form.set_form(files[file], task_id, fields, file)
    return drafts.save_files(
        uow, draft_id, {file: changed}, actor, now, revision=revision, what=what
    )


# ---------------------------------------------------------------------------- what is wrong


def mistakes(
    fields: Sequence[FieldEdit], before: Sequence[FormField], taken: Iterable[str]
) -> dict[str, str]:
    """What is wrong with a form, by place: ``2.label``, ``2.o.0.value`` (an option), "" for the
    form as a whole. What stood there before and is left as it was is not judged anew."""
    errors: dict[str, str] = {}
    if len(fields) > MAX_FIELDS:
        errors[""] = "too_many_fields"
    elements = frozenset(taken)
    seen: set[str] = set()
    for number, one in enumerate(fields):
        was = before[one.was] if one.was is not None else None
        for place, code in _wrong(one, was, elements, seen):
            errors.setdefault(f"{number}.{place}", code)
        seen.add(one.id)
    return errors


def _wrong(
    one: FieldEdit, was: FormField | None, elements: frozenset[str], seen: set[str]
) -> Iterator[tuple[str, str]]:
    if not one.id:
        yield "id", "required"
    elif one.id in seen:
        yield "id", "id_twice"
    elif was is None or was.id != one.id:
        if not _ID.fullmatch(one.id) or len(one.id) > ID:
            yield "id", "id_shape"
        elif one.id in elements:
            yield "id", "id_of_element"
        elif one.id in RESERVED:
            yield "id", "id_reserved"
    if not one.label and (was is None or was.label):
        yield "label", "required"
    limits = (("label", LABEL), ("label_en", LABEL), ("help", HELP), ("help_en", HELP))
    for name, limit in (*limits, ("default", DEFAULT)):
        text = getattr(one, name)
        if len(text) > limit:
            yield name, "too_long"
        elif any(ord(c) < 32 and c not in "\n\t" for c in text):
            yield name, "not_text"
    if one.type not in edits_form.TYPES and (was is None or was.type != one.type):
        yield "type", "not_an_option"
    if one.personal not in edits_form.PERSONAL:
        yield "personal", "not_an_option"
    yield from _wrong_options(one)
    yield from _wrong_figures(one, was)


def _wrong_options(one: FieldEdit) -> Iterator[tuple[str, str]]:
    if one.type != "enum":
        return
    if not one.options:
        yield "options", "no_options"
    if len(one.options) > MAX_OPTIONS:
        yield "options", "too_many_options"
    seen: set[str] = set()
    for number, option in enumerate(one.options):
        place = f"o.{number}"
        if not option.value:
            yield f"{place}.value", "required"
        elif option.value in seen:
            yield f"{place}.value", "value_twice"
        elif option.value != option.was and (
            not _VALUE.fullmatch(option.value) or len(option.value) > ID
        ):
            yield f"{place}.value", "value_shape"
        elif option.value != option.was and option.value in RESERVED_VALUES:
            yield f"{place}.value", "id_reserved"
        seen.add(option.value)
        if not option.label and not option.was:
            yield f"{place}.label", "required"
        if max(len(option.label), len(option.label_en)) > LABEL:
            yield f"{place}.label", "too_long"


def _wrong_figures(one: FieldEdit, was: FormField | None) -> Iterator[tuple[str, str]]:
    names = CONSTRAINTS.get(one.type, ())
    figures: dict[str, Decimal] = {}
    for name in names:
        text = one.constraints.get(name, "")
        if not text:
            continue
        figure = _figure(text)
        whole = name in _LENGTHS or one.type == "long"
        if figure is None or (whole and figure != figure.to_integral_value()):
            yield name, "not_whole" if whole else "not_a_number"
        elif name in _LENGTHS and not 0 <= figure <= 200_000:
            yield name, "too_small" if figure < 0 else "too_large"
        else:
            figures[name] = figure
    if len(names) == len(figures) == 2 and figures[names[0]] > figures[names[1]]:
        yield names[1], "bounds_crossed"
    if one.default and (was is None or was.default != one.default or was.type != one.type):
        code = _wrong_default(one, figures)
        if code:
            yield "default", code


def _wrong_default(one: FieldEdit, figures: Mapping[str, Decimal]) -> str:
    text = one.default
    match one.type:
        case "boolean":
            return "" if text in ("true", "false") else "not_yes_or_no"
        case "enum":
            return "" if text in {option.value for option in one.options} else "not_an_option"
        case "date" | "datetime":
            try:
                (date if one.type == "date" else datetime).fromisoformat(text)
            except ValueError:
                return "not_a_date" if one.type == "date" else "not_a_moment"
        case "string" | "text":
            if len(text) < figures.get("minlength", 0):
                return "too_short"
            if "maxlength" in figures and len(text) > figures["maxlength"]:
                return "too_long"
            if one.type == "string" and "\n" in text:
                return "one_line"
        case "long" | "double":
            figure = _figure(text)
            if figure is None:
                return "not_a_number"
            if one.type == "long" and figure != figure.to_integral_value():
                return "not_whole"
            if "min" in figures and figure < figures["min"]:
                return "too_small"
            if "max" in figures and figure > figures["max"]:
                return "too_large"
    return ""


def _figure(text: str) -> Decimal | None:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found) <= 10**15 and text.isascii() else None


def propose_id(one: FieldEdit, taken: Iterable[str]) -> str:
    """An id for a field that has none: of its English label, else ``field_1`` and so on."""
    used = set(taken)
    words = re.sub(r"[^a-z0-9]+", "_", one.label_en.lower()).strip("_")[:40].strip("_")
    if _ID.fullmatch(words) and words not in used | RESERVED:
        return words
    return next(name for n in range(1, 10_000) if (name := f"field_{n}") not in used)
