"""Changing the form of one user task inside a BPMN file.

Only the task's ``camunda:formData`` is written anew, and of it only the fields that changed;
every other byte of the file stays. What a field carries that we do not know (other properties,
constraints, attributes, elements of other namespaces) stays with the field.

A field says which one it was (`FieldEdit.was`), so that it can be moved and renamed and still
keeps what it carried.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree

from workflows import diagram, elements, xml
from workflows.contract import FormField
from workflows.edits_form_field import (
    PERSONAL,
    TYPES,
    FieldEdit,
    OptionEdit,
    as_edit,
    edited,
)
from workflows.edits_form_places import TAG, Places, places_of

__all__ = [
    "PERSONAL", "TYPES", "FieldEdit", "FormTask", "OptionEdit", "as_edit", "element_ids",
    "form_tasks", "set_form",
]  # fmt: skip

_CAMUNDA: Final = f"{{{diagram.CAMUNDA}}}"
_XMLNS: Final = re.compile(r"\s(xmlns(?::[\w.-]+)?)=\"([^\"]*)\"")
#: As `workflows.xml` reads them; it has refused all others.
_ENCODINGS: Final = {
    "gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030", "iso-8859-1": "latin-1",
}  # fmt: skip
_DECLARED: Final = re.compile(rb"^\s*<\?xml\s[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class FormTask:
    """A user task and its form as written. ``form_key`` is the special page it has instead."""

    id: str
    name: str
    name_en: str
    form_key: str
    fields: tuple[FormField, ...]


def form_tasks(data: bytes, file: str = "") -> list[FormTask]:
    """The user tasks of a file in document order. Raises DeploymentError for a file that cannot
    be read (`workflows.xml.parse`)."""
    root = xml.parse(data, file)
    return [
        FormTask(
            id=node.get("id") or "",
            name=(node.get("name") or "").strip(),
            name_en=diagram.properties(node).get("name.en", ""),
            form_key=diagram.camunda(node, "formKey"),
            fields=elements.form_fields(node),
        )
        for node in root.iter(f"{{{xml.BPMN}}}userTask")
    ]


def element_ids(data: bytes, file: str = "") -> frozenset[str]:
    """Every BPMN id of the file: no field may have one of them (the parser takes one for the
    other)."""
    root = xml.parse(data, file)
    return frozenset(
        node.get("id") or ""
        for node in root.iter(f"{{{xml.BPMN}}}*")
        if node.get("id") and diagram.local(node)
    )


def set_form(data: bytes, task_id: str, fields: Sequence[FieldEdit], file: str = "") -> bytes:
    """The file with the task's form as ``fields`` say, in their order.

    ``camunda:formData`` is made where there is none and taken away with its last field. Fields
    that are as they were keep their bytes. Raises DeploymentError for a file that cannot be read,
    KeyError for a task that is not in it.
    """
    xml.parse(data, file)  # the gate: what follows reads the very bytes
    encoding = _encoding(data)
    source = data if encoding == "utf-8" else data.decode(encoding).encode()
    places = places_of(source, task_id)
    node = _task(source, task_id)
    before = [
        item
        for holder in diagram.extensions(node, "formData")
        for item in holder.iterchildren(_CAMUNDA + "formField")
    ]
    known = elements.form_fields(node)
    indent = _Indent.of(source, places)
    written: list[_Written] = []
    for one in fields:
        if one.was is not None and as_edit(known[one.was], one.was) == one:
            start, end = places.fields[one.was]
            written.append((source[start:end], one.was))
        else:
            item = edited(one, before[one.was] if one.was is not None else None, node)
            written.append((_markup(item, indent), one.was))
    made = _spliced(source, places, written, indent, node)
    return made if encoding == "utf-8" else made.decode().encode(encoding)


def _encoding(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16-le" if data[:2] == b"\xff\xfe" else "utf-16-be"
    declared = _DECLARED.match(data[:400].removeprefix(b"\xef\xbb\xbf"))
    name = declared[1].decode().lower() if declared else "utf-8"
    return _ENCODINGS.get(name, "utf-8")


#: A field's bytes, with the place it had before (None: a new one).
_Written = tuple[bytes, int | None]

# ------------------------------------------------------------------------------------ places


def _task(source: bytes, task_id: str) -> etree._Element:
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        collect_ids=False,
    )  # fmt: skip
    root = etree.fromstring(source, parser)
    return next(node for node in root.iter(f"{{{xml.BPMN}}}userTask") if node.get("id") == task_id)


# ------------------------------------------------------------------------------------ writing


@dataclass(frozen=True, slots=True)
class _Indent:
    """How the file is laid out: one step of indentation ("" for a file on one line), the task's
    own, its line ends, and how it closes an empty element."""

    step: str
    task: str
    newline: str
    close: str

    @classmethod
    def of(cls, source: bytes, places: Places) -> _Indent:
        start = source.rfind(b"\n", 0, places.task[0]) + 1
        lead = source[start : places.task[0]]
        laid_out = start > 0 and not lead.strip()
        newline = "\r\n" if b"\r\n" in source else "\n"
        close = " />" if b" />" in source else "/>"
        if not laid_out:
            return cls("", "", newline, close)
        child = re.match(rb"\s*\n([ \t]*)<", source[places.task_open : places.task[1]])
        step = child[1].removeprefix(lead) if child is not None else b""
        step = step or (b"\t" if b"\t" in lead else b"  ")
        return cls(step.decode(), lead.decode(), newline, close)

    def line(self, depth: int) -> str:
        """A line end and the indentation of something ``depth`` levels within the task."""
        return self.newline + self.task + self.step * depth if self.step else ""


def _spliced(
    source: bytes,
    places: Places,
    written: Sequence[_Written],
    indent: _Indent,
    node: etree._Element,
) -> bytes:
    """The source with the fields in place."""
    if places.forms:
        return _in_form(source, places, written, indent)
    if not written:
        return source
    body = "".join(indent.line(3) + text.decode() for text, _ in written)
    prefix = next((p for p, uri in node.nsmap.items() if uri == diagram.CAMUNDA and p), None)
    declared = "" if prefix else f' xmlns:camunda="{diagram.CAMUNDA}"'
    name = f"{prefix or 'camunda'}:formData"
    form = f"{indent.line(2)}<{name}{declared}>{body}{indent.line(2)}</{name}>"
    bpmn = places.name.rpartition(":")[0]
    holder = f"{bpmn}:extensionElements" if bpmn else "extensionElements"
    if places.extensions is not None:
        start, end = places.extensions
        tag = TAG.match(source, start)
        assert tag is not None
        if not tag[1]:
            return source[: tag.end()] + form.encode() + source[tag.end() :]
        opened = re.sub(rb"\s*/>$", b">", source[start:end])
        closed = f"{indent.line(1)}</{holder}>".encode()
        return source[:start] + opened + form.encode() + closed + source[end:]
    whole = f"{indent.line(1)}<{holder}>{form}{indent.line(1)}</{holder}>".encode()
    if places.empty:
        opened = re.sub(rb"\s*/>$", b">", source[places.task[0] : places.task_open])
        closed = f"{indent.line(0)}</{places.name}>".encode()
        return source[: places.task[0]] + opened + whole + closed + source[places.task_open :]
    return source[: places.after] + whole + source[places.after :]


def _in_form(
    source: bytes,
    places: Places,
    written: Sequence[_Written],
    indent: _Indent,
) -> bytes:
    """What stands between the fields (comments, elements of others) stays before the field it
    stood before; before one that is gone, it is put at the end."""
    gaps: list[bytes] = []
    tails: list[bytes] = []
    heads: list[bytes] = []
    for start, end in places.forms:
        tag = TAG.match(source, start)
        assert tag is not None
        heads.append(source[start : tag.end()])
        at = tag.end()
        for field_start, field_end in places.fields:
            if start < field_start < end:
                gaps.append(source[at:field_start])
                at = field_end
        close = end if tag[1] else source.rindex(b"</", start, end)
        tails.append(source[at:close])
    kept = {was for _, was in written}
    orphans = [gap for i, gap in enumerate(gaps) if i not in kept and gap.strip()]
    orphans += [tail for tail in tails[:-1] if tail.strip()]
    first, last = places.forms[0], places.forms[-1]
    head = heads[0]
    bare = re.fullmatch(rb"<[^\s/>]+\s*/?>", head) is not None
    if not written and not orphans and not tails[-1].strip() and bare:
        # With it go the spaces before it: its line.
        lead = len(source[: first[0]]) - len(source[: first[0]].rstrip())
        return source[: first[0] - lead] + source[last[1] :]
    body = b"".join(
        (indent.line(3).encode() if was is None else gaps[was]) + text for text, was in written
    )
    body += b"".join(gap.rstrip() for gap in orphans)
    name = head[1:].split(None, 1)[0].rstrip(b"/>").decode()
    tail = tails[-1] or indent.line(2).encode()
    return (
        source[: first[0]]
        + re.sub(rb"\s*/>$", b">", head)
        + body
        + tail
        + f"</{name}>".encode()
        + source[last[1] :]
    )


def _markup(item: etree._Element, indent: _Indent) -> bytes:
    """The element's own text, without the namespaces that are declared around it."""
    tail, item.tail = item.tail, None
    if indent.step:
        level = len((indent.task + indent.step * 3).replace("\t", indent.step)) // len(indent.step)
        etree.indent(item, indent.step, level=level)
    text = etree.tostring(item, encoding="unicode").replace("/>", indent.close)
    item.tail = tail
    parent = item.getparent()
    around = dict(parent.nsmap) if parent is not None else {}
    end = text.index(">")
    head = _XMLNS.sub(
        lambda m: "" if around.get(m[1].partition(":")[2] or None) == m[2] else m[0], text[:end]
    )
    return (head + text[end:]).replace("\n", indent.newline).encode()
