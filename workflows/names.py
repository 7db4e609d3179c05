"""Which variables an expression may use where it stands, with their FEEL types.

Data is scoped by process: embedded sub-processes share their process's variables, a called
process has only what ``camunda:in`` names. Anchors are visible everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from workflows import elements
from workflows.catalogue import Catalogue, DataMapping, Place
from workflows.diagram import FlowNode, camunda

#: FEEL name or dotted path to FEEL type, None where the type is not known.
Names = dict[str, str | None]

#: What every case starts with (docs/developers.md, "Start variables").
START: Final[Mapping[str, str | None]] = {
    "signal": "context", "signal.text": "string", "signal.link": "string",
    "signal.medium": "string", "signal.reads": "number", "signal.comments": "number",
    "signal.reposts": "number", "case": "context", "case.number": "string",
    "case.title": "string", "case.tier": "string",
}  # fmt: skip

#: What the special forms return (docs/developers.md).
_FORM_RESULTS: Final[Mapping[str, Mapping[str, str]]] = {
    "planroom:grade": {
        "tier": "string", "level": "number", "overridden": "boolean", "reason": "string",
    },
    "planroom:statement-draft": {
        "statement_id": "number", "kind": "string", "version": "number", "digest": "string",
    },
    "planroom:statement-review": {
        "decision": "string", "version": "number", "digest": "string", "comment": "string",
    },
    "planroom:statement-approve": {
        "decision": "string", "version": "number", "digest": "string", "comment": "string",
    },
    "planroom:statement-release": {
        "released": "boolean", "release_id": "number", "version": "number",
    },
    "planroom:report-up": {"complete": "boolean", "last_at": "date and time", "met": "boolean"},
    "planroom:closing": {"criterion_met": "boolean", "note": "string"},
    "planroom:archive": {"items": "number", "missing": "number"},
    "planroom:destroy": {"values": "number", "drafts": "number", "files": "number"},
}  # fmt: skip

_FIELD_TYPES: Final = {
    "string": "string", "text": "string", "enum": "string", "long": "number",
    "double": "number", "boolean": "boolean", "date": "date", "datetime": "date and time",
}  # fmt: skip


class Scopes:
    """The names known in each place of a catalogue."""

    def __init__(
        self, catalogue: Catalogue, manifest: Mapping[str, Any], anchors: frozenset[str]
    ) -> None:
        self._anchors: Names = dict.fromkeys(sorted(anchors), "date and time")
        self._own: dict[str, Names] = {}
        self._known: dict[str, Names] = {}
        places = [place for place in catalogue.root.walk() if _holds_data(place)]
        for place in reversed(places):  # callers after what they call, for variables="all"
            self._own[place.path] = self._made_in(place)
        declared = {str(k): str(v) for k, v in (manifest.get("variables") or {}).items()}
        declared |= _settings(manifest)
        for place in places:  # callers first
            own = self._own[place.path]
            if place.call is None:
                given: Names = {**START, **declared}
            else:
                assert place.parent is not None
                given = _given(place.call.ins, self.at(place.parent))
            # A declared type beats a made name that has none.
            typed = {name: kind for name, kind in given.items() if own.get(name) is None}
            self._known[place.path] = {**own, **typed, **self._anchors}

    def at(self, place: Place) -> Names:
        """All names known in ``place``."""
        return self._known[_data_place(place).path]

    def _made_in(self, place: Place) -> Names:
        names: Names = {}
        for node in place.scope.nodes.values():
            names.update(_made_by(node))
            if node.inner is not None:
                inside = next(p for p in place.inner if p.scope is node.inner)
                names.update(self._made_in(inside))
        for inside in place.inner:
            if inside.call is not None:
                names.update(self._returned(inside))
        return names

    def _returned(self, called: Place) -> Names:
        assert called.call is not None
        names: Names = {}
        for out in called.call.outs:
            if out.everything:
                names.update(self._own[called.path])
            elif out.target:
                names[out.target] = None
        return names


#: ``[[settings]]`` rows' types as FEEL has them.
_SETTING_TYPES: Final = {
    "boolean": "boolean", "duration": "days and time duration", "date": "date",
}  # fmt: skip


def _settings(manifest: Mapping[str, Any]) -> dict[str, str]:
    """``settings.KEY`` of every setting the plan declares."""
    return {
        f"settings.{row['key']}": _SETTING_TYPES[row["type"]]
        for row in manifest.get("settings") or ()
        if row.get("type") in _SETTING_TYPES
    }


def _holds_data(place: Place) -> bool:
    return place.parent is None or place.call is not None


def _data_place(place: Place) -> Place:
    return next(around for around in place.up() if _holds_data(around))


def _given(ins: tuple[DataMapping, ...], caller: Names) -> Names:
    names: Names = {}
    for mapping in ins:
        if mapping.everything:
            names.update(caller)
        elif mapping.target:
            names[mapping.target] = caller.get(mapping.source)
            for name, kind in caller.items():
                if mapping.source and name.startswith(f"{mapping.source}."):
                    names[mapping.target + name[len(mapping.source) :]] = kind
    return names


def _made_by(node: FlowNode) -> Names:
    """The variables an element sets when it completes (or, of a multi-instance, before)."""
    names: Names = {}
    variable = elements.multi_instance(node).get("elementVariable", "")
    if variable:
        names[variable] = None
    if node.loop is not None:
        names["loopCounter"] = "number"
    if node.kind == "userTask":
        names[node.id] = None if node.loop is not None else "context"
        if node.loop is None:
            names.update({f"{node.id}.{key}": kind for key, kind in _result(node).items()})
    elif node.kind == "businessRuleTask":
        names[camunda(node.node, "resultVariable") or node.id] = None
    elif node.kind in {"serviceTask", "receiveTask"} or node.event == "message":
        names[_payload(node) or node.id] = None
    return names


def _payload(node: FlowNode) -> str:
    """The variable a message's payload goes to, where the event says so."""
    for definition in node.event_definitions:
        return camunda(definition, "resultVariable")
    return ""


def _result(node: FlowNode) -> Mapping[str, str]:
    """The fields of a user task's result, where its form says; empty for "anything"."""
    special = _FORM_RESULTS.get(camunda(node.node, "formKey"))
    if special is not None:
        return special
    return {
        item.id: _FIELD_TYPES[item.type]
        for item in elements.form_fields(node.node)
        if item.type in _FIELD_TYPES
    }
