"""Where a user task and its form stand in the bytes of a BPMN file, for `workflows.edits_form`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from workflows import diagram, xml

#: A start tag, of XML known to be well-formed; its group is "/" for an empty element.
TAG: Final = re.compile(
    rb"<[^\s/>]+(?:\s+[^\s=]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*\s*(/?)>"
)  # of well-formed XML


@dataclass(slots=True)
class Places:
    """Where things stand in the bytes: (start, end) of a whole element. ``after`` is where
    ``extensionElements`` may be put in; ``name`` the task's own tag name."""

    task: tuple[int, int] = (0, 0)
    task_open: int = 0  # the end of its start tag
    empty: bool = False  # <userTask ... />
    name: str = ""
    after: int = 0
    extensions: tuple[int, int] | None = None
    forms: list[tuple[int, int]] = field(default_factory=list)
    fields: list[tuple[int, int]] = field(default_factory=list)


class _Finder:
    """One pass of expat over bytes that are known to be well-formed and bounded."""

    def __init__(self, source: bytes, task_id: str) -> None:
        self.source = source
        self.task_id = task_id
        self.found: Places | None = None
        self.stack: list[tuple[str, int, bool]] = []
        self.base = -1
        parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        self.parser = parser

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        at = self.parser.CurrentByteIndex
        tag = TAG.match(self.source, at)
        assert tag is not None
        self.stack.append((name, at, bool(tag[1])))
        if (
            self.found is None
            and name == f"{xml.BPMN} userTask"
            and attributes.get("id") == self.task_id
        ):
            lexical = re.split(rb"[\s/>]", self.source[at + 1 : tag.end()], maxsplit=1)[0].decode()
            self.found = Places(
                task_open=tag.end(), after=tag.end(), empty=bool(tag[1]), name=lexical
            )
            self.base = len(self.stack)

    def _end(self, name: str) -> None:
        depth = len(self.stack) - self.base
        within = [one[0] for one in self.stack[self.base :]] if self.base > 0 else []
        _, start, empty = self.stack.pop()
        at = self.parser.CurrentByteIndex
        if empty:
            tag = TAG.match(self.source, start)
            assert tag is not None
            end = tag.end()
        else:
            end = self.source.index(b">", at) + 1
        if self.base <= 0 or self.found is None:
            return
        if depth == 0:
            self.found.task = (start, end)
            self.base = 0  # done: nothing after it is looked at
        elif within == [f"{xml.BPMN} documentation"]:
            self.found.after = end
        elif within == [f"{xml.BPMN} extensionElements"]:
            self.found.extensions = self.found.extensions or (start, end)
        elif within == [f"{xml.BPMN} extensionElements", f"{diagram.CAMUNDA} formData"]:
            self.found.forms.append((start, end))
        elif within[1:] == [f"{diagram.CAMUNDA} formData", f"{diagram.CAMUNDA} formField"]:
            self.found.fields.append((start, end))


def places_of(source: bytes, task_id: str) -> Places:
    finder = _Finder(source, task_id)
    finder.parser.Parse(source, True)
    if finder.found is None:
        raise KeyError(task_id)
    return finder.found
