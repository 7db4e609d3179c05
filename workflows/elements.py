"""One flow node, read into the `Element` the rest of the product knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Literal, cast

from lxml import etree

from workflows.contract import DeadlineKind, Element, FormField
from workflows.diagram import (
    CAMUNDA,
    FlowNode,
    Lane,
    camunda,
    children,
    extensions,
    words,
)

_CAMUNDA: Final = f"{{{CAMUNDA}}}"
DEADLINE_KINDS: Final = ("remind", "due", "escalate")
_ENGLISH: Final = "text/x-en"


def read(
    node: FlowNode,
    *,
    path: str,
    host_path: str,
    lane: Lane | None,
    groups: tuple[str, ...],
    escalate_to: str,
    not_same_as: tuple[str, ...],
) -> Element:
    """``groups`` and ``escalate_to`` are roles already bound, ``not_same_as`` paths already
    resolved, ``host_path`` the path of the activity a boundary event stands on ("" for others).
    Never raises: what cannot be read is left at its default and reported by `workflows.checks`.
    """
    own = node.properties
    timer_kind, timer = node.timer
    chinese, english = _documentation(node.node)
    deadline = own.get("deadlineKind", "")
    return Element(
        id=node.id,
        path=path,
        kind=node.kind,
        name=node.name,
        name_en=own.get("name.en", ""),
        lane=lane.name if lane else "",
        process_id=node.scope.process.id,
        candidate_groups=groups,
        candidate_users=words(camunda(node.node, "candidateUsers")),
        assignee=camunda(node.node, "assignee"),
        form_key=camunda(node.node, "formKey"),
        form_fields=form_fields(node.node),
        priority=_number(camunda(node.node, "priority"), 50),
        follow_up=camunda(node.node, "followUpDate"),
        not_same_as=not_same_as,
        clauses=words(own.get("clause", "")),
        origin=own.get("origin", "") or "text",
        topic=camunda(node.node, "topic"),
        attached_to=host_path,
        interrupting=node.interrupting,
        deadline_kind=cast(DeadlineKind, deadline) if deadline in DEADLINE_KINDS else None,
        escalate_to=escalate_to,
        anchor=own.get("anchor", ""),
        timer=timer,
        timer_kind=cast(Literal["", "date", "duration", "cycle"], timer_kind),
        decision_ref=camunda(node.node, "decisionRef"),
        documentation=chinese,
        documentation_en=english,
        properties=own,
    )


#: Properties that hold for all that a call or a sub-process holds.
HANDED_DOWN: Final = ("notRecused",)


def hand_down(elements: dict[str, Element]) -> None:
    """Give elements (by path, those around before those within) what is handed down to them."""
    for path, element in elements.items():
        around = elements.get(path.rpartition("/")[0])
        given = around.properties if around is not None else {}
        handed = {name: given[name] for name in HANDED_DOWN if name in given}
        if handed:
            elements[path] = replace(element, properties={**handed, **element.properties})


def form_fields(node: etree._Element) -> tuple[FormField, ...]:
    """The fields of ``camunda:formData`` in order. Labels, help and enum values have their
    English in the field's properties ``label.en`` (or ``name.en``), ``help.en`` and
    ``<value>.en``; ``widget=textarea`` turns a string into a text."""
    return tuple(
        _form_field(item)
        for holder in extensions(node, "formData")
        for item in holder.iterchildren(_CAMUNDA + "formField")
    )


def _form_field(item: etree._Element) -> FormField:
    own = {
        entry.get("id") or entry.get("name") or "": entry.get("value") or ""
        for holder in item.iterchildren(_CAMUNDA + "properties")
        for entry in holder.iterchildren(_CAMUNDA + "property")
    }
    constraints = {
        entry.get("name") or "": entry.get("config") or ""
        for holder in item.iterchildren(_CAMUNDA + "validation")
        for entry in holder.iterchildren(_CAMUNDA + "constraint")
    }
    kind = item.get("type") or ""
    if kind == "string" and own.get("widget") == "textarea":
        kind = "text"
    options = tuple(
        (value.get("id") or "", value.get("name") or "", own.get(f"{value.get('id')}.en", ""))
        for value in item.iterchildren(_CAMUNDA + "value")
    )
    # Camunda's constraint "required" needs no config; only an explicit "false" takes it back.
    required = constraints.pop("required", "false").strip().lower() != "false"
    return FormField(
        id=item.get("id") or "",
        label=item.get("label") or "",
        type=kind,
        label_en=own.get("label.en") or own.get("name.en", ""),
        default=item.get("defaultValue"),
        required=required,
        options=options,
        help=own.get("help", ""),
        help_en=own.get("help.en", ""),
        properties=own,
        constraints=constraints,
    )


def _documentation(node: etree._Element) -> tuple[str, str]:
    """(Chinese, English); a node may have several documentation elements."""
    texts: Mapping[bool, list[str]] = {False: [], True: []}
    for item in children(node, "documentation"):
        text = (item.text or "").strip()
        if text:
            texts[item.get("textFormat") == _ENGLISH].append(text)
    return "\n\n".join(texts[False]), "\n\n".join(texts[True])


def _number(text: str, otherwise: int) -> int:
    try:
        return int(text) if text else otherwise
    except ValueError:
        return otherwise


def multi_instance(node: FlowNode) -> Mapping[str, str]:
    """What a multi-instance activity says of itself: any of ``collection``,
    ``elementVariable``, ``sequential``; empty for others."""
    loop = node.loop
    if loop is None:
        return {}
    said = {key: camunda(loop, key) for key in ("collection", "elementVariable")}
    said["sequential"] = loop.get("isSequential") or "false"
    return {key: value for key, value in said.items() if value}
