"""Taking typed words out of an instance's state: what a case may no longer hold, its engine may
not remember either. No step is taken: tasks and timers stay as they are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from workflows import state as states
from workflows.definition import Definition
from workflows.instance import PlanWorkflow, SubWorkflow


def forget(
    definition: Definition,
    state: bytes,
    words: Collection[str],
    fields: Mapping[str, Collection[str]],
) -> bytes:
    """The state without the words.

    ``fields`` maps the name of a variable (an element's id, ``signal``) to the fields of it that
    hold typed words: those become null. Besides, text equal to one of ``words`` becomes empty
    wherever it stands, since a call may have handed it on under another name; text that is a
    choice of some form is a choice and stays. Raises `workflows.state.StateError`."""
    workflow = states.load(state, definition.specs)
    typed = frozenset(words) - _choices(definition)
    scopes: list[PlanWorkflow | SubWorkflow] = [workflow, *workflow.subprocesses.values()]
    for scope in scopes:
        for name in list(scope.scope):
            value = _without(scope.scope[name], frozenset(fields.get(name, ())))
            scope.scope[name] = _clean(value, typed)
        for task in scope.tasks.values():
            for key in ("locals", "items"):
                if key in task.internal_data:
                    task.internal_data[key] = _clean(task.internal_data[key], typed)
    return states.save(workflow)


def _choices(definition: Definition) -> frozenset[str]:
    return frozenset(
        value
        for element in definition.elements.values()
        for field in element.form_fields
        for value, _, _ in field.options
    )


def _without(value: Any, fields: frozenset[str]) -> Any:
    """A result with these fields null; a list of results likewise (several instances)."""
    if not fields:
        return value
    if isinstance(value, dict):
        return {key: None if key in fields else part for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_without(part, fields) for part in value]
    return value


def _clean(value: Any, words: frozenset[str]) -> Any:
    if isinstance(value, str):
        return "" if value in words else value
    if isinstance(value, dict):
        return {key: _clean(part, words) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(part, words) for part in value]
    return value
