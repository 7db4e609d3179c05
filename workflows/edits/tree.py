"""A BPMN file as text in which every element's place is known.

lxml would write attributes, quotes and empty elements its own way; here the bytes are kept and
only the places meant are written over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat
from xml.sax.saxutils import escape

from workflows import xml
from workflows.edits.refusal import CannotEdit

BPMN: Final = xml.BPMN
CAMUNDA: Final = "http://camunda.org/schema/1.0/bpmn"
DI: Final = "http://www.omg.org/spec/BPMN/20100524/DI"
DC: Final = "http://www.omg.org/spec/DD/20100524/DC"
DD: Final = "http://www.omg.org/spec/DD/20100524/DI"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_PREFIXES: Final[Mapping[str, str]] = {
    BPMN: "bpmn", CAMUNDA: "camunda", DI: "bpmndi", DC: "dc", DD: "di", XSI: "xsi",
}  # fmt: skip
_NAME: Final = rb"[^\s=/>\"']+"
_ATTRIBUTE: Final = re.compile(rb"(\s+)(" + _NAME + rb")(\s*=\s*)(\"[^\"]*\"|'[^']*')")
_OPEN: Final = re.compile(
    rb"<" + _NAME + rb"(?:\s+" + _NAME + rb"\s*=\s*(?:\"[^\"]*\"|'[^']*'))*\s*/?>"
)


@dataclass(eq=False, slots=True)
class Node:
    """An element. ``space`` and ``name`` are its namespace and local name; ``start`` to ``end``
    its bytes, ``open_end`` where its content begins, ``close`` where its end tag does (of an
    empty element written ``<a/>`` both are ``end``). ``values`` are attributes by name as
    written; ``text`` its own text up to the first child."""

    space: str
    name: str
    values: Mapping[str, str]
    parent: Node | None
    start: int
    open_end: int = 0
    close: int = 0
    end: int = 0
    text: str = ""
    children: list[Node] = field(default_factory=list)

    @property
    def id(self) -> str:
        return self.values.get("id", "")

    @property
    def empty(self) -> bool:
        return self.open_end == self.end

    def get(self, name: str) -> str:
        """An attribute by its name as written; "" where there is none."""
        return self.values.get(name, "")

    def of(self, *names: str, space: str = BPMN) -> Iterator[Node]:
        """Children of these local names."""
        for child in self.children:
            if child.space == space and child.name in names:
                yield child

    def first(self, *names: str, space: str = BPMN) -> Node | None:
        """The first child of these local names."""
        return next(self.of(*names, space=space), None)

    def walk(self) -> Iterator[Node]:
        """The element and all in it, in the order of the file."""
        yield self
        for child in self.children:
            yield from child.walk()


class Source:
    """One file's text. Changes are noted against the text as read and made by `done`; two of
    them may not touch the same bytes. Raises CannotEdit ``not_utf8``, and DeploymentError for
    what `workflows.xml.parse` refuses."""

    def __init__(self, data: bytes, file: str) -> None:
        xml.parse(data, file)
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            raise CannotEdit("not_utf8") from None
        self.data = data
        self.file = file
        self.changes: list[tuple[int, int, bytes]] = []
        self.spaces: dict[str, str] = {}  # namespace -> prefix, of the root
        self.root = _Reader(data, self.spaces).read()
        #: elements of the diagram; a form's field may have the name of one
        self.by_id: dict[str, Node] = {}
        self.names: set[str] = set()
        for node in self.root.walk():
            if node.id:
                self.names.add(node.id)
                if node.space != CAMUNDA:
                    self.by_id.setdefault(node.id, node)

    # ----------------------------------------------------------------- reading

    def node(self, id: str) -> Node:
        """Raises CannotEdit ``not_found``."""
        found = self.by_id.get(id)
        if found is None:
            raise CannotEdit("not_found", element=id)
        return found

    def tag(self, space: str, name: str) -> str:
        """A name as it is written in this file."""
        prefix = self.spaces.get(space)
        if prefix is None:  # bound on the root when the file is next written
            prefix = _PREFIXES[space]
            root = self.root
            at = root.start + len(_open_name(self.data, root.start))
            self.changes.append((at, at, f' xmlns:{prefix}="{space}"'.encode()))
            self.spaces[space] = prefix
        return f"{prefix}:{name}" if prefix else name

    def raw(self, node: Node) -> str:
        """The element as it stands in the file, before any change."""
        return self.data[node.start : node.end].decode("utf-8")

    def indent(self, node: Node) -> str:
        """The spaces before a node that begins its line; "" when it does not."""
        line = self.data.rfind(b"\n", 0, node.start) + 1
        before = self.data[line : node.start]
        return before.decode() if not before.strip() and line else ""

    # ----------------------------------------------------------------- changes

    def replace(self, start: int, end: int, text: str) -> None:
        """Note that bytes of the file as read become another text."""
        self.changes.append((start, end, text.encode("utf-8")))

    def set(self, node: Node, name: str, value: str, space: str = "") -> None:
        """Give an attribute a value."""
        wanted = self.tag(space, name) if space else name
        if node.values.get(wanted) == value:
            return
        head = self.data[node.start : node.open_end]
        for found in _ATTRIBUTE.finditer(head):
            if found[2].decode() == wanted:
                quote = found[4][:1].decode()
                body = _quoted(value, quote)
                self.replace(node.start + found.start(4), node.start + found.end(4), body)
                return
        at = node.open_end - (2 if head.endswith(b"/>") else 1)
        while self.data[at - 1 : at].isspace():
            at -= 1
        self.replace(at, at, f" {wanted}={_quoted(value, chr(34))}")

    def unset(self, node: Node, name: str) -> None:
        """Take an attribute away."""
        for found in _ATTRIBUTE.finditer(self.data[node.start : node.open_end]):
            if found[2].decode() == name:
                self.replace(node.start + found.start(), node.start + found.end(), "")

    def set_text(self, node: Node, text: str) -> None:
        """Give an element without children another text."""
        if node.empty:
            opened = self.data[node.start : node.end].decode("utf-8").rstrip("/> \t\r\n")
            name = _open_name(self.data, node.start)[1:]
            self.replace(node.start, node.end, f"{opened}>{escape(text)}</{name}>")
        else:
            self.replace(node.open_end, node.close, escape(text))

    def after(self, node: Node, *texts: str) -> None:
        """Put elements after a node, each on a line of its own with the node's indent."""
        self.replace(node.end, node.end, "".join(self._lines(node, texts)))

    def into(self, node: Node, *texts: str) -> None:
        """Put elements into a node, after what it holds."""
        if node.children:
            self.after(node.children[-1], *texts)
            return
        inner = self.indent(node) + "  "
        body = "".join(f"\n{_shift(text, inner)}" for text in texts) + f"\n{self.indent(node)}"
        if node.empty:
            head = self.data[node.start : node.end].decode("utf-8").rstrip("/> \t\r\n")
            name = _open_name(self.data, node.start)[1:]
            self.replace(node.start, node.end, f"{head}>{body}</{name}>")
        else:
            self.replace(node.open_end, node.close, body)

    def before(self, node: Node, *texts: str) -> None:
        """Put elements before a node, each on a line of its own with the node's indent."""
        indent = self.indent(node)
        body = "".join(_shift(text, indent).lstrip(" ") + "\n" + indent for text in texts)
        self.replace(node.start, node.start, body)

    def remove(self, node: Node) -> None:
        """Take an element away, with its line where it has one of its own."""
        start, end = node.start, node.end
        indent = self.indent(node)
        after = self.data.find(b"\n", end)
        if indent and after >= 0 and not self.data[end:after].strip():
            start = node.start - len(indent.encode()) - 1
            end = after if self.data[end:after].strip(b"\r") == b"" else end
        self.replace(start, end, "")

    def done(self) -> bytes:
        """The text with all changes made."""
        parts: list[bytes] = []
        at = 0
        for start, end, body in sorted(self.changes, key=lambda change: change[:2]):
            if start < at:
                raise AssertionError("two changes of the same bytes")
            parts += (self.data[at:start], body)
            at = end
        return b"".join((*parts, self.data[at:]))

    def again(self) -> Source:
        """The changed text, read anew."""
        return Source(self.done(), self.file)

    def _lines(self, node: Node, texts: tuple[str, ...]) -> Iterator[str]:
        indent = self.indent(node)
        for text in texts:
            yield "\n" + _shift(text, indent) if indent else text


def attribute(name: str, value: str) -> str:
    """`` name="value"`` for a start tag being written."""
    return f" {name}={_quoted(value, chr(34))}"


def _quoted(value: str, quote: str) -> str:
    swapped = "&quot;" if quote == '"' else "&apos;"
    return quote + escape(value, {quote: swapped, "\n": "&#10;"}) + quote


def _shift(text: str, indent: str) -> str:
    return "\n".join(indent + line for line in text.split("\n"))


def _open_name(data: bytes, start: int) -> str:
    """``<name`` of the tag that starts there."""
    found = re.compile(rb"<" + _NAME).match(data, start)
    assert found is not None
    return found[0].decode("utf-8")


class _Reader:
    """One pass of expat that keeps where everything stands. The text was let through by
    `workflows.xml` before: no DTD, bounded size and depth."""

    def __init__(self, data: bytes, spaces: dict[str, str]) -> None:
        self.data = data
        self.spaces = spaces
        self.open: list[Node] = []
        self.scopes: list[dict[str, str]] = [{"xml": "http://www.w3.org/XML/1998/namespace"}]
        self.root: Node | None = None

    def read(self) -> Node:
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.Parse(self.data, True)
        assert self.root is not None
        return self.root

    def _start(self, written: str, values: dict[str, str]) -> None:
        scope = self.scopes[-1]
        for name, value in values.items():
            if name == "xmlns" or name.startswith("xmlns:"):
                scope = {**scope, name[6:]: value}
        self.scopes.append(scope)
        prefix, _, local = written.rpartition(":")
        start = self.parser.CurrentByteIndex
        head = _OPEN.match(self.data, start)
        assert head is not None
        parent = self.open[-1] if self.open else None
        node = Node(scope.get(prefix, ""), local, values, parent, start, head.end())
        if parent is None:
            self.root = node
            self.spaces.update({space: name for name, space in scope.items()})
        else:
            parent.children.append(node)
        self.open.append(node)

    def _end(self, written: str) -> None:
        self.scopes.pop()
        node = self.open.pop()
        if self.data[node.open_end - 2 : node.open_end] == b"/>":
            node.close = node.end = node.open_end
        else:
            node.close = self.parser.CurrentByteIndex
            node.end = self.data.index(b">", node.close) + 1

    def _text(self, text: str) -> None:
        if self.open and not self.open[-1].children:
            self.open[-1].text += text
