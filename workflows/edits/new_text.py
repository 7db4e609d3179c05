"""What is new in a file, as text: steps, gateways and flows of the unit's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from workflows.edits.tree import BPMN, CAMUNDA, XSI, Source, attribute


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a new step's form."""

    id: str
    label: str
    label_en: str
    type: str
    long: bool = False
    required: bool = False


@dataclass(frozen=True, slots=True)
class NewTask:
    """``form_key`` is one of the closed list or ""; ``kind`` the approval a review gives;
    ``not_same_as`` whose doer may not take it."""

    id: str
    name: str
    name_en: str
    role: str
    form_key: str = ""
    fields: tuple[Field, ...] = ()
    kind: str = ""
    not_same_as: str = ""


def flow_text(
    source: Source, id: str, start: str, end: str, condition: str = "", name: str = "",
    name_en: str = "",
) -> str:  # fmt: skip
    """A sequence flow."""
    tag = source.tag(BPMN, "sequenceFlow")
    named = attribute("name", name) if name else ""
    head = (
        f"<{tag}{attribute('id', id)}{named}"
        f"{attribute('sourceRef', start)}{attribute('targetRef', end)}"
    )
    inner = []
    if name_en:
        inner.append(extension_text(source, [], {"name.en": name_en}))
    if condition:
        expression = source.tag(BPMN, "conditionExpression")
        type_ = f' {source.tag(XSI, "type")}="{source.tag(BPMN, "tFormalExpression")}"'
        inner.append(f"<{expression}{type_}>{escape(condition)}</{expression}>")
    if not inner:
        return f"{head} />"
    return f"{head}>\n{_indented(inner)}\n</{tag}>"


def node_text(
    source: Source, name: str, attributes: str, extension: str, incoming: Sequence[str],
    outgoing: Sequence[str], body: Sequence[str] = (),
) -> str:  # fmt: skip
    """A flow node with its extension elements and the flows it names."""
    tag = source.tag(BPMN, name)
    inner = [extension] if extension else []
    for kind, flows in (("incoming", incoming), ("outgoing", outgoing)):
        written = source.tag(BPMN, kind)
        inner += [f"<{written}>{flow}</{written}>" for flow in flows]
    return f"<{tag}{attributes}>\n{_indented([*inner, *body])}\n</{tag}>"


def task_text(source: Source, task: NewTask, incoming: str, outgoing: str) -> str:
    camunda = {"candidateGroups": task.role, "formKey": task.form_key}
    attributes = attribute("id", task.id) + attribute("name", task.name)
    attributes += "".join(
        attribute(source.tag(CAMUNDA, key), value) for key, value in camunda.items() if value
    )
    properties = {
        "name.en": task.name_en, "origin": "unit", "notSameAs": task.not_same_as,
        "approvalKind": task.kind,
    }  # fmt: skip
    form = [_form(source, task.fields)] if task.fields else []
    extension = extension_text(source, form, properties)
    return node_text(source, "userTask", attributes, extension, [incoming], [outgoing])


def gateway_text(
    source: Source, id: str, name: str, name_en: str, incoming: Sequence[str],
    outgoing: Sequence[str], default: str,
) -> str:  # fmt: skip
    """An exclusive gateway of the unit's own; ``default`` is the flow taken when no other is
    ("": none)."""
    attributes = attribute("id", id) + (attribute("name", name) if name else "")
    if default:
        attributes += attribute("default", default)
    extension = extension_text(source, [], {"name.en": name_en, "origin": "unit"})
    return node_text(source, "exclusiveGateway", attributes, extension, incoming, outgoing)


def extension_text(source: Source, parts: Sequence[str], properties: dict[str, str]) -> str:
    """``extensionElements`` with these parts and, after them, our properties."""
    tag = source.tag(BPMN, "extensionElements")
    return f"<{tag}>\n{_indented([*parts, properties_text(source, properties)])}\n</{tag}>"


def properties_text(source: Source, properties: dict[str, str]) -> str:
    """``camunda:properties`` by name; those without a value are left out."""
    tag, item = source.tag(CAMUNDA, "properties"), source.tag(CAMUNDA, "property")
    rows = [
        f"<{item}{attribute('name', name)}{attribute('value', value)} />"
        for name, value in properties.items()
        if value
    ]
    return f"<{tag}>\n{_indented(rows)}\n</{tag}>"


def _form(source: Source, fields: Sequence[Field]) -> str:
    tag = source.tag(CAMUNDA, "formData")
    return f"<{tag}>\n{_indented([_field(source, one) for one in fields])}\n</{tag}>"


def _field(source: Source, field: Field) -> str:
    tag, group = source.tag(CAMUNDA, "formField"), source.tag(CAMUNDA, "properties")
    item = source.tag(CAMUNDA, "property")
    rows = [f"<{item}{attribute('id', 'label.en')}{attribute('value', field.label_en)} />"]
    if field.long:
        rows.append(f"<{item}{attribute('id', 'widget')}{attribute('value', 'textarea')} />")
    inner = [f"<{group}>\n{_indented(rows)}\n</{group}>"]
    if field.required:
        outer, rule = source.tag(CAMUNDA, "validation"), source.tag(CAMUNDA, "constraint")
        required = f'<{rule} name="required" config="true" />'
        inner.append(f"<{outer}>\n{_indented([required])}\n</{outer}>")
    head = attribute("id", field.id) + attribute("label", field.label)
    return f"<{tag}{head}{attribute('type', field.type)}>\n{_indented(inner)}\n</{tag}>"


def _indented(texts: Sequence[str]) -> str:
    return "\n".join(f"  {line}" for text in texts for line in text.split("\n"))
