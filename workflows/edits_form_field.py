"""One field of a form: as it is to be, and its ``camunda:formField`` changed to say so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from workflows import diagram
from workflows.contract import FormField

_CAMUNDA: Final = f"{{{diagram.CAMUNDA}}}"
#: The types a field may have (`FormField.type`).
TYPES: Final = ("string", "text", "long", "double", "boolean", "date", "datetime", "enum")
#: The constraints with a figure.
CONSTRAINTS: Final = ("minlength", "maxlength", "min", "max")
#: The property that says whether a field holds personal data, and what it may say.
_PERSONAL: Final = "personal"
PERSONAL: Final = ("", "true", "false")


@dataclass(frozen=True, slots=True)
class OptionEdit:
    """A value of an enum; ``was`` is the value it had, "" for a new one."""

    value: str
    label: str
    label_en: str = ""
    was: str = ""


@dataclass(frozen=True, slots=True)
class FieldEdit:
    """A field as it is to be. ``was`` is its place in the form before, None for a new one.
    ``type`` is one of `TYPES`, or the one the field had; ``constraints`` holds `CONSTRAINTS` only,
    and those it does not name are taken away. ``personal`` is one of `PERSONAL`: whether the field
    holds personal data of members of the public; "" leaves it to be told by its name."""

    id: str
    label: str
    type: str
    was: int | None = None
    label_en: str = ""
    required: bool = False
    default: str = ""
    help: str = ""
    help_en: str = ""
    constraints: Mapping[str, str] = field(default_factory=dict)
    options: tuple[OptionEdit, ...] = ()
    personal: str = ""


def as_edit(one: FormField, was: int | None) -> FieldEdit:
    """A field as written, as the edit that changes nothing."""
    return FieldEdit(
        id=one.id,
        label=one.label,
        type=one.type,
        was=was,
        label_en=one.label_en,
        required=one.required,
        default=one.default or "",
        help=one.help,
        help_en=one.help_en,
        constraints={k: v for k, v in one.constraints.items() if k in CONSTRAINTS},
        options=tuple(OptionEdit(value, zh, en, was=value) for value, zh, en in one.options),
        personal=_personal(one.properties),
    )


def edited(one: FieldEdit, item: etree._Element | None, task: etree._Element) -> etree._Element:
    """The field's element (a new one in the task where it was not there), changed to say it."""
    if item is None:
        known = diagram.CAMUNDA in task.nsmap.values()
        item = etree.SubElement(
            task, _CAMUNDA + "formField", nsmap=None if known else {"camunda": diagram.CAMUNDA}
        )
    item.set("id", one.id)
    item.set("label", one.label)
    item.set("type", "string" if one.type == "text" else one.type)
    if one.default:
        item.set("defaultValue", one.default)
    elif "defaultValue" in item.attrib:
        del item.attrib["defaultValue"]
    before = [value.get("id") or "" for value in item.iterchildren(_CAMUNDA + "value")]
    names = {option.was for option in one.options} | {option.value for option in one.options}
    said = dict.fromkeys((f"{value}.en" for value in [*before, *names] if value), "")
    own = _own(item)
    if "label.en" in own or "name.en" not in own or not one.label_en:
        said["label.en"] = one.label_en
        if not one.label_en:
            said["name.en"] = ""
    else:
        said["name.en"] = one.label_en
    said |= {"help": one.help, "help.en": one.help_en}
    if one.type == "text":
        said["widget"] = "textarea"
    elif own.get("widget") == "textarea":
        said["widget"] = ""
    said |= {f"{option.value}.en": option.label_en for option in one.options}
    if one.personal != _personal(own):
        said[_PERSONAL] = one.personal
    _say(item, said)
    _constrain(item, one)
    _choose(item, one.options)
    if len(item) == 0 and not (item.text or "").strip():
        item.text = None
    return item


def _personal(properties: Mapping[str, str]) -> str:
    """What is said, however it is written; nothing where it says neither."""
    said = properties.get(_PERSONAL, "").strip().lower()
    return said if said in PERSONAL else ""


def _own(item: etree._Element) -> dict[str, str]:
    return {
        entry.get("id") or entry.get("name") or "": entry.get("value") or ""
        for holder in item.iterchildren(_CAMUNDA + "properties")
        for entry in holder.iterchildren(_CAMUNDA + "property")
    }


def _say(item: etree._Element, said: Mapping[str, str]) -> None:
    """Properties by id; "" takes one away."""
    holder = item.find(_CAMUNDA + "properties")
    there: dict[str, list[etree._Element]] = {}
    for entry in item.findall(f"{_CAMUNDA}properties/{_CAMUNDA}property"):
        there.setdefault(entry.get("id") or entry.get("name") or "", []).append(entry)
    for name, value in said.items():
        entries = there.get(name, [])
        if value and entries:
            entries[-1].set("value", value)
        elif value:
            if holder is None:
                holder = etree.Element(_CAMUNDA + "properties")
                item.insert(0, holder)
            etree.SubElement(holder, _CAMUNDA + "property", id=name, value=value)
        else:
            _drop(entries)
    _drop_if_empty(item.findall(_CAMUNDA + "properties"))


def _constrain(item: etree._Element, one: FieldEdit) -> None:
    holder = item.find(_CAMUNDA + "validation")
    entries: dict[str, list[etree._Element]] = {}
    for entry in item.findall(f"{_CAMUNDA}validation/{_CAMUNDA}constraint"):
        entries.setdefault(entry.get("name") or "", []).append(entry)
    required = any((e.get("config") or "").lower() != "false" for e in entries.get("required", []))
    wanted = {name: one.constraints.get(name, "") for name in CONSTRAINTS}
    if required != one.required:
        wanted["required"] = "true" if one.required else ""
    for name, config in wanted.items():
        there = entries.get(name, [])
        if config and there:
            there[-1].set("config", config)
        elif config:
            if holder is None:
                holder = etree.Element(_CAMUNDA + "validation")
                properties = item.find(_CAMUNDA + "properties")
                item.insert(0 if properties is None else item.index(properties) + 1, holder)
            etree.SubElement(holder, _CAMUNDA + "constraint", name=name, config=config)
        else:
            _drop(there)
    _drop_if_empty(item.findall(_CAMUNDA + "validation"))


def _choose(item: etree._Element, options: Sequence[OptionEdit]) -> None:
    """The values in their order; each keeps what else it carries."""
    there = {value.get("id") or "": value for value in item.iterchildren(_CAMUNDA + "value")}
    _drop(there.values())
    for option in options:
        value = there.pop(option.was, None) if option.was else None
        if value is None:
            value = etree.Element(_CAMUNDA + "value")
        value.set("id", option.value)
        value.set("name", option.label)
        item.append(value)


def _drop(entries: Iterable[etree._Element]) -> None:
    for entry in list(entries):
        parent = entry.getparent()
        if parent is not None:
            parent.remove(entry)


def _drop_if_empty(holders: Iterable[etree._Element]) -> None:
    _drop(holder for holder in list(holders) if len(holder) == 0 and not holder.attrib)
