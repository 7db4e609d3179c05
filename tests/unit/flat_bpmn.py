"""A plan's diagrams as one flat process, in the words pm4py's reader has.

pm4py 2.7 cannot read most of our diagrams as they are. Its reader knows no ``callActivity`` and
stops on the flow into one (``'str' object has no attribute 'add_in_arc'``). Its Petri net has
neither sub-processes nor intermediate events, and loses the flows at them, as it does those of
boundary events; an inclusive split that nothing joins takes all its flows; and a scope is over with
its first token, where BPMN waits for all. So here

- calls and sub-processes are put in place of themselves,
- an intermediate event is a task without a name, which the net passes in silence,
- boundary events are left out, with all that only they lead to,
- an inclusive split that nothing joins is an exclusive one before a parallel one for each choice,
- the ends of something inside are joined where the case came to several of them in one pass.

User tasks are named by their path, which the log has as ``element``; other tasks, which the log
has not, lose their name. All else stays. Made from the files alone: nothing of the engine or of our
own replay has a part in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from itertools import chain, combinations
from pathlib import Path

from lxml import etree

from tests.unit.bpmn_builder import Process, bpmn, document

_GATEWAYS = ("exclusiveGateway", "parallelGateway", "inclusiveGateway")
_INNER = ("callActivity", "subProcess")


def flattened(files: Iterable[Path], root: str, passed: Collection[str]) -> bytes:
    """The process ``root`` of the files. ``passed`` are the paths of what a case went through: end
    events inside that are not among them lead nowhere."""
    return document(_Flat(files, root, passed).process)


class _Flat:
    def __init__(self, files: Iterable[Path], root: str, passed: Collection[str]) -> None:
        self.written = {
            str(node.get("id")): node
            for file in files
            for node in etree.parse(file).getroot().iter(bpmn("process"))
        }
        self.passed = Counter(passed)
        self.process = Process("flat")
        self._place(self.written[root], "")

    def _place(self, scope: etree._Element, prefix: str) -> None:
        nodes = {str(node.get("id")): node for node in scope if node.get("id")}
        flows = [
            (str(flow.get("sourceRef")), str(flow.get("targetRef")))
            for flow in scope.iterchildren(bpmn("sequenceFlow"))
        ]
        reached: set[str] = set()
        ahead = [str(node.get("id")) for node in scope.iterchildren(bpmn("startEvent"))]
        while ahead:
            if (id := ahead.pop()) not in reached:
                reached.add(id)
                ahead += [target for source, target in flows if source == id]
        for id in sorted(reached):
            outs = [target for source, target in flows if source == id]
            self._write(nodes[id], prefix, outs)

    def _flow(self, source: str, target: str) -> None:
        self.process.flow(source, target)

    def _write(self, node: etree._Element, prefix: str, outs: list[str]) -> None:
        kind, path = etree.QName(node).localname, f"{prefix}{node.get('id')}"
        targets = [f"{prefix}{out}" for out in outs]
        if kind == "inclusiveGateway" and len(outs) > 1:
            self._some(path, targets)
        elif kind in _INNER:
            self._inside(node, path, targets)
        elif kind in _GATEWAYS or (kind in ("startEvent", "endEvent") and not prefix):
            self.process.add(kind, path)
            for target in targets:
                self._flow(path, target)
        else:
            self.process.add("task", path, name=path if kind == "userTask" else "")
            for target in targets:
                self._flow(path, target)
            if kind == "endEvent" and self.passed[path]:
                self._flow(path, f"{prefix}out")

    def _inside(self, node: etree._Element, path: str, targets: list[str]) -> None:
        called = node.get("calledElement")
        inner = self.written[called] if called else node
        [begin] = inner.iterchildren(bpmn("startEvent"))
        self.process.add("task", path)
        self._flow(path, f"{path}/{begin.get('id')}")
        ends = [f"{path}/{end.get('id')}" for end in inner.iterchildren(bpmn("endEvent"))]
        several = sum(self.passed[end] for end in ends) > self.passed[path]
        self.process.add("parallelGateway" if several else "exclusiveGateway", f"{path}/out")
        for target in targets:
            self._flow(f"{path}/out", target)
        self._place(inner, f"{path}/")

    def _some(self, path: str, targets: list[str]) -> None:
        self.process.exclusive(path)
        sizes = range(1, len(targets) + 1)
        choices = chain.from_iterable(combinations(targets, size) for size in sizes)
        for n, chosen in enumerate(choices):
            self.process.parallel(f"{path}/{n}").flow(path, f"{path}/{n}")
            for target in chosen:
                self._flow(f"{path}/{n}", target)
