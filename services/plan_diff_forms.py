"""What a step asks for that it did not, or asks otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from services.plan_diff_changes import Both, Change, Subject, pair
from workflows.contract import FormField

#: Whoever asks puts the step in.
NOBODY: Final = Subject("", "", "")
#: Properties with a field of their own.
_OWN: Final = frozenset({"label.en", "name.en", "help", "help.en", "widget"})


def field_changes(before: Sequence[FormField], after: Sequence[FormField]) -> Iterator[Change]:
    """Fields added, gone, asked otherwise (one change a thing that differs), and their order."""
    for old, new in pair(before, after, lambda one: one.id):
        one = new or old
        assert one is not None
        detail = Subject("field", one.id, one.label or one.id, one.label_en)
        if old is None or new is None:
            kind = "added" if new else "removed"
            yield Change(kind, "steps", NOBODY, "field", old, new, detail)  # type: ignore[arg-type]
            continue
        for name, was, now in _differing(old, new):
            yield Change("changed", "steps", NOBODY, name, was, now, detail)
    kept_before = [one.id for one in before if any(one.id == other.id for other in after)]
    kept_after = [one.id for one in after if any(one.id == other.id for other in before)]
    if kept_before != kept_after:
        yield Change("moved", "steps", NOBODY, "field_order", tuple(before), tuple(after))


def _differing(old: FormField, new: FormField) -> Iterator[tuple[str, Any, Any]]:
    for name, was, now in (
        ("field_label", Both(old.label, old.label_en), Both(new.label, new.label_en)),
        ("field_help", Both(old.help, old.help_en), Both(new.help, new.help_en)),
        ("field_type", old.type, new.type),
        ("field_options", old.options, new.options),
        ("field_required", old.required, new.required),
        ("field_default", old.default or "", new.default or ""),
        ("field_bounds", dict(old.constraints), dict(new.constraints)),
        ("field_properties", _rest(old, old, new), _rest(new, old, new)),
    ):
        if was != now:
            yield name, was, now


def _rest(field: FormField, *both: FormField) -> dict[str, str]:
    """Properties nobody else tells; the English of a choice is told with the choices."""
    choices = {f"{value}.en" for one in both for value, _, _ in one.options}
    return {k: v for k, v in field.properties.items() if k not in _OWN | choices}
