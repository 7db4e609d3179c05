"""A form's fields on their way through the form builder's page: read as the browser sent them,
and changed by one step of editing. A field is named by its place: ``f.2.label``,
``f.2.o.0.value``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from werkzeug.datastructures import MultiDict

from services import plan_forms
from services.plan_forms import CONSTRAINTS
from workflows.contract import FormField
from workflows.edits_form import FieldEdit, OptionEdit, as_edit

#: Rows a form may be sent with; beyond it nobody typed them.
_ROWS: Final = 200


def typed(form: MultiDict[str, str], before: Sequence[FormField]) -> list[FieldEdit]:
    """The fields as the browser sent them, in their order."""
    places = {one.id: number for number, one in reversed(list(enumerate(before)))}
    count = min(max(form.get("rows", 0, type=int), 0), _ROWS)
    return [_row(form, f"f.{number}.", places, before) for number in range(count)]


def _row(
    form: MultiDict[str, str], name: str, places: Mapping[str, int], before: Sequence[FormField]
) -> FieldEdit:
    def text(key: str) -> str:
        return form.get(name + key, "").replace("\r\n", "\n").strip()

    was = places.get(form.get(f"{name}was", ""))
    kind = text("type")
    old = before[was] if was is not None else None
    # The figures of another type are not on the page: they stay with a field of the same type.
    kept = as_edit(old, was).constraints if old is not None and old.type == kind else {}
    figures = {key: text(key) for key in CONSTRAINTS.get(kind, ()) if text(key)}
    count = min(max(form.get(f"{name}options", 0, type=int), 0), _ROWS)
    options = tuple(
        OptionEdit(
            text(f"o.{n}.value"), text(f"o.{n}.label"), text(f"o.{n}.label_en"),
            form.get(f"{name}o.{n}.was", ""),
        )
        for n in range(count)
    )  # fmt: skip
    return FieldEdit(
        id=text("id"),
        label=text("label"),
        type=kind,
        was=was,
        label_en=text("label_en"),
        required=form.get(f"{name}required") == "true",
        default=text("default"),
        help=text("help"),
        help_en=text("help_en"),
        constraints={k: v for k, v in kept.items() if k not in CONSTRAINTS.get(kind, ())} | figures,
        options=options if kind == "enum" else (),
        personal=text("personal"),
    )


def step(do: str, rows: list[FieldEdit]) -> str:
    """One step of editing: ``add``, ``up.2``, ``down.2``, ``delete.2``, ``option.2`` (adds one),
    ``option-up.2.0``, ``option-down.2.0``, ``option-delete.2.0``. Returns where to go on."""
    verb, _dot, rest = do.partition(".")
    numbers = [
        int(part) for part in rest.split(".") if part.isascii() and part.isdigit() and len(part) < 5
    ]
    if verb == "add" and len(rows) < _ROWS:
        rows.append(FieldEdit("", "", "string"))
        return f"f.{len(rows) - 1}.label"
    if not numbers or numbers[0] >= len(rows):
        return ""
    place = numbers[0]
    if verb in ("up", "down", "delete"):
        return _moved(verb, rows, place, "") or "add"
    options = list(rows[place].options)
    focus = ""
    if verb == "option" and len(options) < _ROWS:
        options.append(OptionEdit(_new_value(options), ""))
        focus = f"f.{place}.o.{len(options) - 1}.label"
    elif len(numbers) == 2 and numbers[1] < len(options) and verb.startswith("option-"):
        focus = _moved(verb.removeprefix("option-"), options, numbers[1], f"option-{{}}.{place}.")
        focus = focus or f"option.{place}"
    rows[place] = replace(rows[place], options=tuple(options))
    return focus


def _moved(verb: str, rows: list[Any], place: int, name: str) -> str:
    """Move or take away one of the rows. Returns the button to go on at: the same one of the row
    then in hand, or the one the other way where the row can go no further; "" when none is left.
    """
    name = name or "{}."
    if verb == "delete":
        del rows[place]
        return f"{name.format(verb)}{min(place, len(rows) - 1)}" if rows else ""
    other = place + (-1 if verb == "up" else 1)
    if 0 <= other < len(rows):
        rows[place], rows[other] = rows[other], rows[place]
        place = other
    if place == (0 if verb == "up" else len(rows) - 1):
        verb = "down" if verb == "up" else "up"
    return f"{name.format(verb)}{place}"


def _new_value(options: Sequence[OptionEdit]) -> str:
    used = {option.value for option in options}
    return next(value for n in range(1, 1000) if (value := f"option_{n}") not in used)


def name_new(rows: list[FieldEdit]) -> None:
    """Give every field without an id one of its own; a choice begins with an option."""
    for place, one in enumerate(rows):
        if not one.id and (one.label or one.label_en):
            taken = [row.id for row in rows]
            rows[place] = one = replace(one, id=plan_forms.propose_id(one, taken))
        if one.type == "enum" and not one.options and one.was is None:
            rows[place] = replace(one, options=(OptionEdit(_new_value(()), ""),))
