"""The form generated from a task's ``camunda:formData``.

Values go to the service as the browser sent them: `services.forms.read_form` reads them by the
plan's types and is the only place that knows those rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from views.forms.base import FormInput
from workflows.contract import Element, FormField

TEMPLATE = "forms/form_data.html"

#: What a browser calls the plan's types.
_INPUTS = {
    "string": "text",
    "text": "textarea",
    "long": "number",
    "double": "number",
    "boolean": "yes_no",
    "date": "date",
    "datetime": "moment",
    "enum": "select",
}

#: An enum of up to this many options is shown whole, as buttons.
_IN_SIGHT = 5


@dataclass(frozen=True, slots=True)
class ShownField:
    """A field and the widget it is shown with."""

    field: FormField
    widget: str

    @property
    def required(self) -> bool:
        """Whether the plan asks for it, in either of the two ways it may say so."""
        return self.field.required or self.field.constraints.get("required") in {
            "true",
            "required",
        }

    @property
    def maxlength(self) -> int:
        """Characters the browser lets a person type."""
        return int(self.field.constraints.get("maxlength") or 20_000)


def shown_fields(element: Element) -> list[ShownField]:
    """The fields in the plan's order."""
    shown = []
    for field in element.form_fields:
        widget = _INPUTS.get(field.type, "text")
        if field.properties.get("widget") == "textarea":
            widget = "textarea"
        if widget == "select" and len(field.options) <= _IN_SIGHT:
            widget = "radios"
        shown.append(ShownField(field, widget))
    return shown


def context(element: Element) -> dict[str, Any]:
    """What the template needs."""
    return {"fields": shown_fields(element)}


def defaults(element: Element) -> dict[str, Any]:
    """What the fields hold before anybody typed."""
    return {f.id: f.default for f in element.form_fields if f.default is not None}


def parse(element: Element, form: FormInput) -> dict[str, Any]:
    """The form's fields as text; an empty one is left out."""
    given: Mapping[str, str] = {
        field.id: form.get(field.id, "").replace("\r\n", "\n") for field in element.form_fields
    }
    return {name: text for name, text in given.items() if text.strip()}


def labels(element: Element) -> dict[str, FormField]:
    """Fields by id, for the summary of what is wrong."""
    return {field.id: field for field in element.form_fields}
