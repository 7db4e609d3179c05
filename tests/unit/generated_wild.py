"""Random diagrams beyond what the stock engine can be given too: for our own floor only.

Beside the blocks of `tests.unit.generated`: tokens that multiply (a parallel split closed by an
exclusive gateway, so that whatever follows is under way more than once), joins that get more than
one token on a flow, boundary events that lead back into the main way, escalations and errors,
interrupting event sub-processes, thrown messages and signals, standard loops, multi-instances with
an end condition or none at all, ways that end or terminate beside others.
"""

from __future__ import annotations

from hypothesis import strategies as st
from lxml import etree

from tests.unit.bpmn_builder import (
    XSI,
    Process,
    Scope,
    bpmn,
    document,
    event,
    multi_instance,
)
from tests.unit.generated import Block, Grower, Writer, _as_block

PLAIN = (
    "sequence", "sequence", "exclusive", "parallel", "inclusive", "race", "loop", "timer",
    "message", "sub", "call", "multi_task", "multi_sub",
)  # fmt: skip
WILD = (
    "spread", "spread", "echo", "gather", "escalate", "fail", "break_in", "until", "turns",
    "cut_short", "fork", "shout", "outside",
)  # fmt: skip


class WildGrower(Grower):
    """Draws from both. ``spreads`` bounds how often tokens multiply."""

    def __init__(self, draw: st.DrawFn, tasks: int) -> None:
        super().__init__(draw, tasks)
        self.spreads = 3
        self.signals: list[str] = []
        self.codes: list[str] = []
        #: Messages that nothing still to be drawn is the answer to: throwing one ends some time.
        self.settled: list[str] = []

    def block(self, depth: int) -> Block:
        kinds: list[str] = ["task"]
        if depth > 0 and self.left > 1:
            kinds = ["sequence"] if not self.shape else ["task", *PLAIN, *WILD, *WILD]
        kind = self.draw(st.sampled_from(kinds))
        self.shape.append(kind)
        known = len(self.messages)
        made: Block = getattr(self, kind)(depth)
        self.settled += [word for word in self.messages[known:] if word not in self.settled]
        return made

    # ------------------------------------------------- tokens that multiply

    def spread(self, depth: int) -> Block:
        """Everything after it is under way two or three times."""
        if self.spreads == 0:
            return self.parallel(depth)
        self.spreads -= 1
        split, join, branches = self.id("g"), self.id("m"), self._branches(depth)
        after = self.block(depth - 1)
        return self._split(split, join, branches, "exclusive", after)

    def gather(self, depth: int) -> Block:
        """A parallel split closed by an inclusive gateway."""
        split, join, branches = self.id("g"), self.id("m"), self._branches(depth)
        return self._split(split, join, branches, "inclusive", None)

    def _split(
        self, split: str, join: str, branches: list[Block | None], kind: str, after: Block | None
    ) -> Block:
        def write(w: Writer, scope: Scope, source: str, target: str, condition: str | None) -> None:
            getattr(scope.parallel(split), kind)(join).flow(source, split, condition)
            for n, branch in enumerate(branches):
                entry = f"{split}_{n}"
                scope.throw(entry).flow(split, entry)
                _onwards(w, scope, branch, entry, join)
            _onwards(w, scope, after, join, target)

        return write

    def echo(self, depth: int) -> Block:
        """A boundary event that interrupts nothing and leads back into the main way."""
        kinds = ["task", "sub", "call"]
        host = getattr(self, f"_{self.draw(st.sampled_from(kinds))}_activity")(depth - 1)
        join, bell, seconds = self.id("m"), self.id("e"), self.seconds()
        message = self.message_name() if self.draw(st.booleans()) else ""
        cycle = self.draw(st.booleans())
        handler, after = self.block(depth - 1), self.block(depth - 1)

        def write(w: Writer, scope: Scope, source: str, target: str, condition: str | None) -> None:
            id = host(w, scope)
            timer = ("cycle", f"R3/PT{seconds}S") if cycle else ("duration", f"PT{seconds}S")
            scope.flow(source, id, condition).exclusive(join).flow(id, join)
            scope.boundary(
                bell, id, interrupting=False, timer=None if message else timer, message=message
            )
            handler(w, scope, bell, join, None)
            after(w, scope, join, target, None)

        return write

    def fork(self, depth: int) -> Block:
        """A branch that ends by itself beside the main way."""
        split, aside = self.id("g"), self.block(depth - 1)

        def write(w: Writer, scope: Scope, source: str, target: str, condition: str | None) -> None:
            scope.parallel(split).end(f"{split}_end").flow(source, split, condition)
            scope.flow(split, target)
            aside(w, scope, split, f"{split}_end", None)

        return write

    # -------------------------------------------------- what ends others

    def escalate(self, depth: int) -> Block:
        return self._thrown(depth, "escalation")

    def fail(self, depth: int) -> Block:
        return self._thrown(depth, "error")

    def _thrown(self, depth: int, kind: str) -> Block:
        """A sub-process that throws beside its own way; a boundary event catches."""
        id, code, catcher = self.id("s"), self.id("code"), self.id("e")
        self.codes.append(code)
        beside, before, handler = (self.block(depth - 2) for _ in range(3))
        interrupting = kind == "error" or self.draw(st.booleans())
        back, at_end = self.draw(st.booleans()), kind == "error" or self.draw(st.booleans())

        def write(w: Writer, scope: Scope, source: str, target: str, condition: str | None) -> None:
            join = f"{id}_m"
            inner = scope.sub_process(id).start(f"{id}_start").parallel(f"{id}_g")
            inner.flow(f"{id}_start", f"{id}_g").end(f"{id}_end").end(f"{id}_stop")
            beside(w, inner, f"{id}_g", f"{id}_end", None)
            if at_end:
                _defined(inner, "endEvent", f"{id}_throw", kind, code)
            else:
                _defined(inner, "intermediateThrowEvent", f"{id}_throw", kind, code)
                inner.flow(f"{id}_throw", f"{id}_stop")
            if at_end:
                inner.node.remove(next(n for n in inner.node if n.get("id") == f"{id}_stop"))
            before(w, inner, f"{id}_g", f"{id}_throw", None)
            scope.flow(source, id, condition).exclusive(join).flow(id, join).flow(join, target)
            scope.add(
                "boundaryEvent", catcher, attachedToRef=id,
                cancelActivity=str(interrupting).lower(),
            )  # fmt: skip
            event(scope.node[-1], kind, **{f"{kind}Ref": code})
            if not (interrupting or back):
                scope.end(f"{catcher}_end")
            handler(w, scope, catcher, join if interrupting or back else f"{catcher}_end", None)

        return write

    def break_in(self, depth: int) -> Block:
        """A sub-process with an event sub-process that interrupts it, or does not."""
        id, handler, message = self.id("s"), self.block(depth - 1), self.message_name()
        body, interrupting = self.block(depth - 1), self.chance(2)

        def write(w: Writer, scope: Scope) -> str:
            inner = scope.sub_process(id).start(f"{id}_start").end(f"{id}_end")
            body(w, inner, f"{id}_start", f"{id}_end", None)
            watch = inner.event_sub_process(f"{id}_x").end(f"{id}_x_end")
            watch.start_on(f"{id}_x_start", interrupting=interrupting, message=message)
            handler(w, watch, f"{id}_x_start", f"{id}_x_end", None)
            return id

        return _as_block(write)

    def cut_short(self, depth: int) -> Block:
        """A sub-process in which one way terminates the others."""
        id, one, other = self.id("s"), self.block(depth - 1), self.block(depth - 1)

        def write(w: Writer, scope: Scope) -> str:
            inner = scope.sub_process(id).start(f"{id}_start").parallel(f"{id}_g")
            inner.flow(f"{id}_start", f"{id}_g")
            inner.end(f"{id}_end").end(f"{id}_stop", terminate=True)
            one(w, inner, f"{id}_g", f"{id}_end", None)
            other(w, inner, f"{id}_g", f"{id}_stop", None)
            return id

        return _as_block(write)

    # ------------------------------------------------------------- repeats

    def until(self, depth: int) -> Block:
        """Instances of a task or a sub-process, perhaps none, perhaps not all, perhaps ended by a
        boundary event."""
        count, sequential = self.draw(st.integers(0, 3)), self.draw(st.booleans())
        first, bell = self.draw(st.booleans()), self.draw(st.booleans())
        inside = self._inside(depth - 2) if self.draw(st.booleans()) else None
        id, seconds = self.id("s"), self.seconds()

        def write(w: Writer, scope: Scope, source: str, target: str, condition: str | None) -> None:
            loop = multi_instance(
                cardinality=str(count),
                sequential=sequential,
                until="nrOfCompletedInstances >= 1" if first else "",
            )
            self._activity(w, scope, id, inside, loop)
            scope.flow(source, id, condition).flow(id, target)
            if bell:
                scope.boundary(f"{id}_bell", id, timer=("duration", f"PT{seconds}S"))
                scope.flow(f"{id}_bell", target)

        return write

    def turns(self, depth: int) -> Block:
        """A standard loop."""
        count, before = self.draw(st.integers(0, 3)), self.draw(st.booleans())
        inside = self._inside(depth - 2) if self.draw(st.booleans()) else None
        id = self.id("s")

        def write(w: Writer, scope: Scope) -> str:
            loop = etree.Element(
                bpmn("standardLoopCharacteristics"), testBefore=str(before).lower()
            )
            text = etree.SubElement(loop, bpmn("loopCondition"))
            text.set(f"{{{XSI}}}type", "bpmn:tFormalExpression")
            text.text = f"loopCounter < {count}"
            self._activity(w, scope, id, inside, loop)
            return id

        return _as_block(write)

    def _inside(self, depth: int) -> Block:
        self.in_multi += 1
        made = self.block(depth)
        self.in_multi -= 1
        return made

    def _activity(
        self, w: Writer, scope: Scope, id: str, inside: Block | None, loop: etree._Element
    ) -> None:
        if inside is None:
            scope.user_task(id, "duty", loop=loop)
            return
        inner = scope.sub_process(id, loop=loop).start(f"{id}_start").end(f"{id}_end")
        inside(w, inner, f"{id}_start", f"{id}_end", None)

    # ------------------------------------------------------- words and others

    def shout(self, depth: int) -> Block:
        """Throws a message or a signal that something else may wait for."""
        id, pick, signal = self.id("w"), self.draw(st.integers(0, 9)), self.chance(2)
        if signal and self.chance(2):
            self.signals.append(self.id("sig"))
        known = self.signals if signal else self.settled
        word = known[pick % len(known)] if known else ""
        heard = self.block(depth - 1)

        def write(w: Writer, scope: Scope, source: str, target: str, condition: str | None) -> None:
            words = {"signal" if signal else "message": word} if word else {}
            scope.throw(id, **words).flow(source, id, condition)
            if not (word and signal):
                heard(w, scope, id, target, None)
                return
            # Beside the way a task that the same signal, thrown elsewhere or again, ends.
            scope.user_task(f"{id}_t", "duty").flow(id, f"{id}_t")
            scope.boundary(f"{id}_e", f"{id}_t", signal=word)
            scope.exclusive(f"{id}_m").flow(f"{id}_t", f"{id}_m").flow(f"{id}_e", f"{id}_m")
            heard(w, scope, f"{id}_m", target, None)

        return write

    def outside(self, depth: int) -> Block:
        """A task of the outside world."""
        id = self.id("o")

        def write(w: Writer, scope: Scope) -> str:
            scope.add("serviceTask", id, camunda_attributes={"type": "external", "topic": "ask"})
            return id

        return _as_block(write)


def _onwards(w: Writer, scope: Scope, block: Block | None, source: str, target: str) -> None:
    if block is None:
        scope.flow(source, target)
    else:
        block(w, scope, source, target, None)


def _defined(scope: Scope, tag: str, id: str, kind: str, code: str) -> None:
    event(scope.add(tag, id), kind, **{f"{kind}Ref": code})


@st.composite
def wild_diagrams(draw: st.DrawFn, tasks: int = 12, depth: int = 5) -> bytes:
    """BPMN of one diagram."""
    grower = WildGrower(draw, tasks)
    inside = grower.inside(depth)
    writer, root = Writer(False), Process("p1")
    inside(writer, root, "p1")
    words = {name: name for name in grower.messages}
    signals = {name: name for name in grower.signals}
    text = document(root, *writer.processes, messages=words, signals=signals)
    tree = etree.fromstring(text)
    for code in grower.codes:
        for kind in ("error", "escalation"):
            if tree.find(f".//{bpmn(f'{kind}EventDefinition')}[@{kind}Ref='{code}']") is not None:
                made = etree.Element(bpmn(kind), id=code, name=code)
                made.set(f"{kind}Code", code)
                tree.insert(0, made)
    return etree.tostring(tree)
