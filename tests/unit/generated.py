"""Random structured diagrams, written for two engines at once.

A diagram is grown by drawing blocks inside blocks. Each is written once with FEEL conditions and
bare ISO 8601 timers (our floor) and once with Python's (the stock engine). Choices hang on the
result of a user task just before the gateway: ``c`` (0..2), ``a`` and ``b`` (true or false) and
``again`` (true or false).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import strategies as st
from lxml import etree

from tests.unit.bpmn_builder import Process, Scope, document, multi_instance


class Diagram:
    """``ours`` and ``stock`` are the same processes in two dialects. ``repeated`` are the ids of
    user tasks inside a multi-instance activity, ``once`` the messages of non-interrupting events,
    ``shape`` the kinds of blocks in the order drawn."""

    def __init__(self, ours: bytes, stock: bytes, grower: Grower) -> None:
        self.ours = ours
        self.stock = stock
        self.repeated = frozenset(grower.repeated)
        self.once = frozenset(grower.once)
        self.shape = " ".join(grower.shape)

    def __repr__(self) -> str:
        """Short enough to read in a failure: nodes with what holds them, then flows."""
        lines = [self.shape]
        for node in etree.fromstring(self.ours).iter():
            kind = etree.QName(node).localname
            parent = node.getparent()
            within = parent.get("id") if parent is not None else ""
            if kind == "sequenceFlow":
                condition = (node.findtext("{*}conditionExpression") or "").strip()
                lines.append(f"  {node.get('sourceRef')} -> {node.get('targetRef')} {condition}")
            elif node.get("id") and kind not in ("definitions", "message"):
                more = [str(node.get(key)) for key in _TELLING if node.get(key)]
                lines.append(f"{within}/{node.get('id')} {kind} {' '.join(more)}")
        return "\n".join(lines)


#: How the id of a sub-process begins that only the stock side has.
HIDDEN = "zz"
_TELLING = (
    "attachedToRef",
    "cancelActivity",
    "isInterrupting",
    "calledElement",
    "messageRef",
    "isSequential",
)


@dataclass
class Writer:
    """One dialect's side: the scopes it writes into, and how it says things."""

    python: bool
    processes: list[Process] = field(default_factory=list)

    def equals(self, task: str, key: str, value: int) -> str:
        return f'{task}["{key}"] == {value}' if self.python else f"{task}.{key} = {value}"

    def is_true(self, task: str, key: str) -> str:
        return f'{task}["{key}"] == True' if self.python else f"{task}.{key} = true"

    def duration(self, seconds: int) -> tuple[str, str]:
        text = f"PT{seconds}S"
        return "duration", f'"{text}"' if self.python else text


#: Writes a block between two flow nodes that are there already: (writer, scope, from, to,
#: condition of the first flow).
Block = Callable[[Writer, Scope, str, str, str | None], None]


class Grower:
    """Draws blocks. ``left`` bounds the user tasks still to be made, ``depth`` the nesting."""

    def __init__(self, draw: st.DrawFn, tasks: int) -> None:
        self.draw = draw
        self.left = tasks
        self.count = 0
        self.messages: list[str] = []
        self.made: list[str] = []  # user tasks
        self.repeated: set[str] = set()
        self.once: set[str] = set()
        self.shape: list[str] = []
        self.in_multi = 0
        self.outermost = True
        self.in_loop = False

    def id(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count}"

    def chance(self, one_in: int) -> bool:
        return self.draw(st.integers(0, one_in - 1)) == 0

    def seconds(self) -> int:
        """No two timers of a diagram are due at the same moment after the same arming."""
        self.count += 1
        return 1000 + 137 * self.count + self.count * self.count

    # --------------------------------------------------------------- blocks

    def block(self, depth: int) -> Block:
        kinds = ["task"]
        if depth > 0 and self.left > 1:
            # Sequences at the top, so that a diagram is seldom one block only.
            kinds = ["sequence"] if not self.shape else ["task"]
            kinds += [
                "sequence", "sequence", "exclusive", "parallel", "parallel", "inclusive",
                "inclusive", "race", "loop", "timer", "timer", "message",
                "sub", "call", "multi_task", "multi_sub",
            ]  # fmt: skip
        kind = self.draw(st.sampled_from(kinds))
        self.shape.append(kind)
        drawn = len(self.shape)
        made: Block = getattr(self, kind)(depth)
        if self.in_loop and kind in ("parallel", "inclusive"):
            made = self._apart(made, keep="N" in "".join(self.shape[drawn:]))
        return made

    def _apart(self, block: Block, keep: bool) -> Block:
        """A join inside a loop. The stock engine's takes tokens of the round before for those of
        this one and fires too early; so there it stands in a sub-process of its own (left out of
        paths by its name). With ``keep`` on both sides, since a non-interrupting event's branch
        holds its scope open."""
        id = self.id("s" if keep else HIDDEN)

        def write(w: Writer, scope: Scope, source: str, target: str, condition: str | None) -> None:
            if not (keep or w.python):
                block(w, scope, source, target, condition)
                return
            scope.flow(source, id, condition).flow(id, target)
            inner = scope.sub_process(id).start(f"{id}_start").end(f"{id}_end")
            block(w, inner, f"{id}_start", f"{id}_end", None)

        return write

    def task(self, depth: int) -> Block:
        id = self.user_task()

        def write(w: Writer, scope: Scope, source: str, target: str, condition: str | None) -> None:
            scope.user_task(id, "duty")
            scope.flow(source, id, condition).flow(id, target)

        return write

    def user_task(self) -> str:
        self.left -= 1
        id = self.id("t")
        self.made.append(id)
        if self.in_multi:
            self.repeated.add(id)
        return id

    def sequence(self, depth: int) -> Block:
        parts = [self.block(depth - 1) for _ in range(self.draw(st.integers(2, 3)))]
        joints = [self.id("n") for _ in parts[1:]]

        def write(w: Writer, scope: Scope, source: str, target: str, condition: str | None) -> None:
            stops = [source, *joints, target]
            for joint in joints:
                scope.throw(joint)
            for n, part in enumerate(parts):
                part(w, scope, stops[n], stops[n + 1], condition if n == 0 else None)

        return write

    def _branches(self, depth: int, least: int = 2) -> list[Block | None]:
        """``least`` to three, at most one of them empty."""
        count = self.draw(st.integers(least, 3))
        empty = self.draw(st.integers(0, 2 * count))
        return [None if n == empty else self.block(depth - 1) for n in range(count)]

    def exclusive(self, depth: int) -> Block:
        asks, split, join = self.user_task(), self.id("g"), self.id("m")
        branches = self._branches(depth)

        def write(w: Writer, scope: Scope, source: str, target: str, condition: str | None) -> None:
            scope.user_task(asks, "duty").flow(source, asks, condition).flow(asks, split)
            scope.exclusive(split, default=f"{split}_default").exclusive(join).flow(join, target)
            for n, branch in enumerate(branches):
                entry = f"{split}_{n}"
                scope.throw(entry)
                if n == len(branches) - 1:
                    scope.flow(split, entry, id=f"{split}_default")
                else:
                    scope.flow(split, entry, w.equals(asks, "c", n))
                _between(w, scope, branch, entry, join)

        return write

    def inclusive(self, depth: int) -> Block:
        """The stock inclusive join looks for tokens that may still come along the first way back
        only, and not in sub-processes or multi-instances. Where branches hold more than user
        tasks, the stock engine is therefore given the same as a parallel split of branches each
        behind an exclusive gateway of its own."""
        asks, split, join = self.user_task(), self.id("g"), self.id("m")
        drawn = len(self.shape)
        branches = self._branches(depth, least=3)
        plain = set(self.shape[drawn:]) <= {"task", "sequence"}
        last = len(branches) - 1

        def write(w: Writer, scope: Scope, source: str, target: str, condition: str | None) -> None:
            scope.user_task(asks, "duty").flow(source, asks, condition).flow(asks, split)
            tests = [w.is_true(asks, "ab"[n % 2]) for n in range(last)]
            if plain or not w.python:
                scope.inclusive(split, default=f"{split}_default").inclusive(join)
            else:
                scope.parallel(split).parallel(join)
            scope.flow(join, target)
            for n, branch in enumerate(branches):
                entry = f"{split}_{n}"
                scope.throw(entry)
                if plain or not w.python:
                    if n == last:
                        scope.flow(split, entry, id=f"{split}_default")
                    else:
                        scope.flow(split, entry, tests[n])
                    _between(w, scope, branch, entry, join)
                else:
                    test = tests[n] if n < last else f"not ({' or '.join(tests)})"
                    guard, done = f"{entry}_guard", f"{entry}_done"
                    scope.exclusive(guard, default=f"{guard}_default").exclusive(done)
                    scope.flow(split, guard).flow(guard, entry, test).flow(done, join)
                    scope.flow(guard, done, id=f"{guard}_default")
                    _between(w, scope, branch, entry, done)

        return write

    def parallel(self, depth: int) -> Block:
        split, join, branches = self.id("g"), self.id("m"), self._branches(depth)

        def write(w: Writer, scope: Scope, source: str, target: str, condition: str | None) -> None:
            scope.parallel(split).parallel(join).flow(source, split, condition).flow(join, target)
            for n, branch in enumerate(branches):
                entry = f"{split}_{n}"
                scope.throw(entry).flow(split, entry)
                _between(w, scope, branch, entry, join)

        return write

    def race(self, depth: int) -> Block:
        split, join, on_time, on_word = (self.id(k) for k in ("g", "m", "e", "w"))
        message, seconds = self.message_name(), self.seconds()
        late, told = self.block(depth - 1), self.block(depth - 1)

        def write(w: Writer, scope: Scope, source: str, target: str, condition: str | None) -> None:
            scope.event_based(split).exclusive(join).flow(source, split, condition)
            scope.catch(on_time, timer=w.duration(seconds)).catch(on_word, message=message)
            scope.flow(split, on_time).flow(split, on_word).flow(join, target)
            late(w, scope, on_time, join, None)
            told(w, scope, on_word, join, None)

        return write

    def message_name(self) -> str:
        self.messages.append(self.id("word"))
        return self.messages[-1]

    def loop(self, depth: int) -> Block:
        entry, asks, back = self.id("m"), self.user_task(), self.id("g")
        around, self.in_loop = self.in_loop, True
        body = self.block(depth - 1)
        self.in_loop = around

        def write(w: Writer, scope: Scope, source: str, target: str, condition: str | None) -> None:
            scope.exclusive(entry).user_task(asks, "duty").exclusive(back, default=f"{back}_on")
            scope.flow(source, entry, condition)
            body(w, scope, entry, asks, None)
            scope.flow(asks, back).flow(back, entry, w.is_true(asks, "again"))
            scope.flow(back, target, id=f"{back}_on")

        return write

    def timer(self, depth: int) -> Block:
        return self._boundary(depth, on_time=True)

    def message(self, depth: int) -> Block:
        return self._boundary(depth, on_time=False)

    def _boundary(self, depth: int, on_time: bool) -> Block:
        """An activity with one boundary event, or with two timers."""
        hosts = ["task", "sub", "call"]
        host = getattr(self, f"_{self.draw(st.sampled_from(hosts))}_activity")(depth - 1)
        join = self.id("m")
        events: list[tuple[str, bool, int, str, Block]] = []
        for _ in range(2 if on_time and self.chance(3) else 1):
            message = "" if on_time else self.message_name()
            interrupting = self.draw(st.booleans())
            if message and not interrupting:
                self.once.add(message)
            handler = self.block(depth - 1)
            events.append((self.id("e"), interrupting, self.seconds(), message, handler))
        self.shape.append("".join("I" if e[1] else "N" for e in events))

        def write(w: Writer, scope: Scope, source: str, target: str, condition: str | None) -> None:
            id = host(w, scope)
            scope.flow(source, id, condition).exclusive(join).flow(id, join).flow(join, target)
            for event, interrupting, seconds, message, handler in events:
                timer = None if message else w.duration(seconds)
                scope.boundary(event, id, interrupting=interrupting, timer=timer, message=message)
                if interrupting:
                    handler(w, scope, event, join, None)
                else:
                    scope.end(f"{event}_end")
                    handler(w, scope, event, f"{event}_end", None)

        return write

    # ----------------------------------------- activities: write, return the id

    def _task_activity(self, depth: int) -> Callable[[Writer, Scope], str]:
        id = self.user_task()

        def write(w: Writer, scope: Scope) -> str:
            scope.user_task(id, "duty")
            return id

        return write

    def _sub_activity(self, depth: int) -> Callable[[Writer, Scope], str]:
        id, inside = self.id("s"), self.inside(depth)

        def write(w: Writer, scope: Scope) -> str:
            inside(w, scope.sub_process(id), id)
            return id

        return write

    def _call_activity(self, depth: int) -> Callable[[Writer, Scope], str]:
        """Gives nothing in and takes out what the called process's own tasks bring. (With
        ``variables="all"`` both ways, what was given in comes back, older than it was.)"""
        id, process_id = self.id("k"), self.id("p")
        before = len(self.made)
        inside = self.inside(depth)
        outs = {name: name for name in self.made[before:]}

        def write(w: Writer, scope: Scope) -> str:
            scope.call(id, process_id, outs=outs)
            process = Process(process_id)
            w.processes.append(process)
            inside(w, process, process_id)
            return id

        return write

    def inside(self, depth: int) -> Callable[[Writer, Scope, str], None]:
        """The inside of a process or sub-process: start, a block, end, and perhaps an event
        sub-process: on a message (of the plan's own process) or on a timer. Neither interrupts:
        the stock engine reads no isInterrupting, and misses messages in inner scopes. Beside a
        timer the end event terminates, or the stock engine would wait for ever."""
        outermost, self.outermost = self.outermost, False
        around, self.in_loop = self.in_loop, False
        body = self.block(depth)
        watch: tuple[str, str, int, Block] | None = None
        if depth > 0 and self.left > 1 and self.chance(3):
            message = self.message_name() if outermost and self.draw(st.booleans()) else ""
            self.shape.append("watch" if message else "tick")
            self.once |= {message} - {""}
            watch = (self.id("x"), message, self.seconds(), self.block(depth - 1))
        self.in_loop = around

        def write(w: Writer, scope: Scope, prefix: str) -> None:
            start, end = f"{prefix}_start", f"{prefix}_end"
            scope.start(start).end(end, terminate=watch is not None and not watch[1])
            body(w, scope, start, end, None)
            if watch is not None:
                id, message, seconds, handler = watch
                inner = scope.event_sub_process(id)
                timer = None if message else w.duration(seconds)
                inner.start_on(f"{id}_start", interrupting=False, timer=timer, message=message)
                inner.end(f"{id}_end")
                handler(w, inner, f"{id}_start", f"{id}_end", None)

        return write

    def sub(self, depth: int) -> Block:
        return _as_block(self._sub_activity(depth - 1))

    def call(self, depth: int) -> Block:
        return _as_block(self._call_activity(depth - 1))

    # ------------------------------------------------------- multi-instance

    def multi_task(self, depth: int) -> Block:
        count, sequential = self.draw(st.integers(1, 3)), self.draw(st.booleans())
        self.in_multi += 1
        id = self.user_task()
        self.in_multi -= 1

        def write(w: Writer, scope: Scope) -> str:
            loop = multi_instance(cardinality=str(count), sequential=sequential)
            scope.user_task(id, "duty", loop=loop)
            return id

        return _as_block(write)

    def multi_sub(self, depth: int) -> Block:
        count, sequential = self.draw(st.integers(1, 3)), self.draw(st.booleans())
        self.in_multi += 1
        id, inside = self.id("s"), self.inside(depth - 1)
        self.in_multi -= 1

        def write(w: Writer, scope: Scope) -> str:
            loop = multi_instance(cardinality=str(count), sequential=sequential)
            inside(w, scope.sub_process(id, loop=loop), id)
            return id

        return _as_block(write)


def _between(w: Writer, scope: Scope, block: Block | None, source: str, target: str) -> None:
    if block is None:
        scope.flow(source, target)
    else:
        block(w, scope, source, target, None)


def _as_block(activity: Callable[[Writer, Scope], str]) -> Block:
    def write(w: Writer, scope: Scope, source: str, target: str, condition: str | None) -> None:
        id = activity(w, scope)
        scope.flow(source, id, condition).flow(id, target)

    return write


@st.composite
def diagrams(draw: st.DrawFn, tasks: int = 10, depth: int = 4) -> Diagram:
    grower = Grower(draw, tasks)
    inside = grower.inside(depth)
    files = []
    for python in (False, True):
        writer = Writer(python)
        root = Process("p1")
        inside(writer, root, "p1")
        words = {name: name for name in grower.messages}
        files.append(document(root, *writer.processes, messages=words))
    return Diagram(files[0], files[1], grower)
