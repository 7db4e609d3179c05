"""Files that mean harm or were chosen by mistake, by name; and what is done with each, alone in a
process of its own: ``python -m tests.unit.hostile`` prints one JSON line an input."""

from __future__ import annotations

import json
import random
import resource
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

from tests.unit.bpmn_builder import Process, document, form_data, manifest
from workflows import catalogue, check_loosened, xml
from workflows.bundle import Bundle
from workflows.contract import DeploymentError
from workflows.definition import compile_bundle
from workflows.feel import default_feel
from workflows.findings import Findings

LIBRARY = Path(__file__).parents[2] / "bpmn"
BPMN = xml.BPMN
DMN = "https://www.omg.org/spec/DMN/20191111/MODEL/"
HEAD = f'<?xml version="1.0" encoding="UTF-8"?><definitions xmlns="{BPMN}" id="d">'
SOUND = document(Process("p1").start().user_task("t", "duty").end().chain("start", "t", "end"))

Files = dict[str, bytes]


def diagram(body: str) -> Files:
    return {"plan.bpmn": f"{HEAD}{body}</definitions>".encode()}


def by_mistake() -> Iterator[tuple[str, Files]]:
    png = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20
    for name, body in {
        "empty": b"", "blank": b" \n\t ", "zip": b"PK\x03\x04" + bytes(3000), "png": png,
        "office": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4000), "nul": bytes(10_000),
        "noise": random.Random(4).randbytes(50_000), "gzip": zlib.compress(SOUND),
        "html": b"<!doctype html><html><body>x</body></html>", "json": b'{"a": 1}',
        "cut": SOUND[: len(SOUND) // 2], "twice": SOUND + SOUND,
        "gbk_called_utf8": '<?xml version="1.0" encoding="UTF-8"?><a>预案</a>'.encode("gbk"),
        "utf16": SOUND.decode().replace("UTF-8", "UTF-16").encode("utf-16"),
        "utf7": SOUND.replace(b"UTF-8", b"UTF-7"), "latin": "<é/>".encode("latin-1"),
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    }.items():  # fmt: skip
        yield name, {"plan.bpmn": body}
        yield f"{name}.dmn", {"plan.bpmn": SOUND, "a.dmn": body}


def in_xml() -> Iterator[tuple[str, Files]]:
    bomb = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    doctype = f'<!DOCTYPE d [<!ENTITY l0 "ha">{bomb}]>'
    plain = '<process id="p1" isExecutable="true"><startEvent id="s"/></process>'
    yield "laughs", {"plan.bpmn": f"{doctype}<d>&l9;</d>".encode()}
    outside = '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    yield "outside", {"plan.bpmn": f"{outside}<d>&x;</d>".encode()}
    yield "dtd", {"plan.bpmn": b'<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd"><d/>'}
    yield (
        "include",
        diagram(
            '<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="/etc/passwd"/>' + plain
        ),
    )
    yield "deep", diagram("<a>" * 50_000 + "</a>" * 50_000)
    yield "deep_sub", diagram(_nested(90))
    yield "attribute", diagram(f'<process id="p1" name="{"x" * 4_000_000}"/>')
    yield "attributes", diagram("<process " + " ".join(f'a{i}="1"' for i in range(90_000)) + "/>")
    yield "name", diagram(f"<{'n' * 1_000_000}/>")
    yield "text", diagram(f"<documentation>{'字' * 1_500_000}</documentation>" + plain)
    yield "namespaces", diagram("".join(f'<a:b xmlns:a="u{i}"/>' for i in range(19_000)) + plain)
    yield "large", {"plan.bpmn": b" " * (6 * 1024 * 1024)}
    yield "comments", diagram("<!-- - -->" * 200_000 + plain)
    yield "cdata", diagram(f"<documentation><![CDATA[{'<' * 190_000}]]></documentation>{plain}")
    yield "references", diagram(f"<documentation>{'&#20013;' * 150_000}</documentation>{plain}")


def _nested(depth: int) -> str:
    body = ""
    for n in range(depth):
        inner = (
            f'<sequenceFlow id="f{n}" sourceRef="s{n}" targetRef="x{n - 1}"/>{body}' if n else ""
        )
        body = f'<subProcess id="x{n}"><startEvent id="s{n}"/>{inner}</subProcess>'
    return f'<process id="p1" isExecutable="true">{body}</process>'


def large() -> Iterator[tuple[str, Files]]:
    """Sound shapes of a size nobody draws."""
    yield "row_400", _plan(_row(400))
    yield "row_5000", _plan(_row(2_400))  # with its flows
    fan = Process("p1").start().parallel("a").parallel("b").end()
    fan.flow("start", "a").flow("b", "end")
    for n in range(2_200):
        fan.task(f"t{n}").chain("a", f"t{n}", "b")
    yield "fan_6600", _plan(fan)
    ways = Process("p1").start().user_task("t", "duty", fields=[("n", "long")])
    ways.exclusive("g").end().chain("start", "t", "g")
    for n in range(5_000):
        ways.flow("g", "end", f"t.n = {n}", id=f"f{n}")
    yield "ways_5000", _plan(ways)
    ask = Process("p1").start().end()
    ask.user_task("t", "duty").chain("start", "t", "end")
    form_data(ask.node[2], [(f"f{n}", "boolean") for n in range(2_000)])
    yield "fields_2000", _plan(ask)
    wide = Process("p1").start().exclusive("g").end().flow("start", "t")
    wide.user_task("t", "duty", fields=[(f"b{n}", "boolean") for n in range(60)]).flow("t", "g")
    for n in range(60):
        wide.flow("g", "end", f"t.b{n} = true and t.b{(n * 7) % 60} = false", id=f"f{n}")
    yield "booleans_60", _plan(wide)
    yield "rungs", _plan(_rungs(400))
    yield "boundaries", _plan(_boundaries(1_000))
    yield "loops", _plan(_loops(200))
    for name, text in {
        "feel_long": "1 + " * 6_000 + "1 = 2", "feel_deep": "(" * 4_900 + "true" + ")" * 4_900,
        "feel_not": "not(" * 2_000 + "true" + ")" * 2_000,
        "feel_loop": "count(for a in 1..9999, b in 1..9999, c in 1..9999 return a) > 1",
        "feel_list": "t.n in (" + ", ".join(map(str, range(3_000))) + ")",
    }.items():  # fmt: skip
        one = Process("p1").start().user_task("t", "duty", fields=[("n", "long")])
        one.exclusive("g", default="no").end().chain("start", "t", "g")
        yield name, _plan(one.flow("g", "end", text, id="yes").flow("g", "end", id="no"))
    yield "rules_5000", {"plan.bpmn": SOUND, "a.dmn": _table(1, 5_000)}
    yield "rules_300_wide", {"plan.bpmn": SOUND, "a.dmn": _table(14, 300)}
    yield "rules_any", {"plan.bpmn": SOUND, "a.dmn": _table(30, 60, same=True)}
    yield "calls", _calls(9, 8)
    yield "calls_deep", _calls(25, 1)
    yield "calls_nested", _calls(14, 1, depth=45)


def _plan(process: Process) -> Files:
    return {"plan.bpmn": document(process)}


def _row(count: int) -> Process:
    row = Process("p1").start().end()
    for n in range(count):
        row.user_task(f"t{n}", "duty", name=f"第{n}步")
    return row.chain("start", *(f"t{n}" for n in range(count)), "end")


def _rungs(count: int) -> Process:
    """A ladder: at each rung one may go on or skip, so that there are 2^count ways."""
    made = Process("p1").start().end()
    made.user_task("draft", "duty", form_key="planroom:statement-draft")
    before = "draft"
    for n in range(count):
        made.exclusive(f"g{n}", default=f"on{n}").task(f"k{n}").exclusive(f"m{n}")
        made.flow(before, f"g{n}").flow(f"g{n}", f"k{n}", "draft.version > 1")
        made.flow(f"g{n}", f"m{n}", id=f"on{n}").flow(f"k{n}", f"m{n}")
        before = f"m{n}"
    made.user_task("out", "duty", form_key="planroom:statement-release")
    return made.flow("start", "draft").chain(before, "out", "end")


def _boundaries(count: int) -> Process:
    made = Process("p1").start().user_task("t", "duty").end().chain("start", "t", "end")
    for n in range(count):
        made.boundary_timer(f"b{n}", "t", "PT1H", interrupting=False, deadline="due").flow(
            f"b{n}", "end"
        )
    return made


def _loops(count: int) -> Process:
    """Drafts and approvals in one great ring: each may come before each."""
    made = Process("p1").start().end()
    before = "start"
    for n in range(count):
        made.user_task(f"d{n}", "duty", form_key="planroom:statement-draft")
        made.user_task(f"a{n}", "leader", form_key="planroom:statement-approve")
        made.exclusive(f"g{n}", default=f"back{n}").flow(before, f"d{n}")
        made.chain(f"d{n}", f"a{n}", f"g{n}").flow(f"g{n}", "d0", id=f"back{n}")
        made.exclusive(f"m{n}").flow(f"g{n}", f"m{n}", f'a{n}.decision = "approve"')
        before = f"m{n}"
    made.user_task("r", "duty", form_key="planroom:statement-release")
    return made.chain(before, "r", "end")


def _table(columns: int, rules: int, *, same: bool = False) -> bytes:
    inputs = "".join(
        f'<input id="i{c}"><inputExpression id="e{c}" typeRef="number"><text>x{c}</text>'
        "</inputExpression></input>"
        for c in range(columns)
    )
    rows = "".join(
        f'<rule id="r{r}">'
        + "".join(
            f'<inputEntry id="r{r}c{c}"><text>{"-" if same and c != r % columns else r * 31 % 97}'
            "</text></inputEntry>"
            for c in range(columns)
        )
        + f'<outputEntry id="r{r}o"><text>{r}</text></outputEntry></rule>'
        for r in range(rules)
    )
    return (
        f'<definitions xmlns="{DMN}" id="d" name="d" namespace="n"><decision id="a" name="a">'
        f'<decisionTable id="t">{inputs}<output id="o" name="o" typeRef="number"/>{rows}'
        "</decisionTable></decision></definitions>"
    ).encode()


def _calls(levels: int, each: int, depth: int = 0) -> Files:
    """``each`` calls a process, ``levels`` deep: each**levels elements once in place; each call
    ``depth`` sub-processes down."""
    files: Files = {}
    for level in range(levels):
        made = Process(f"p{level + 1}").start().end()
        scope = made
        for n in range(depth if level < levels - 1 else 0):
            inner = scope.sub_process(f"x{level}_{n}")
            ends = ("start", "end") if n == 0 else (f"s{n}", f"e{n}")
            scope.chain(ends[0], f"x{level}_{n}", ends[1])
            scope = inner.start(f"s{n + 1}").end(f"e{n + 1}")  # type: ignore[assignment]
        first = "start" if scope is made else f"s{depth}"
        last = "end" if scope is made else f"e{depth}"
        names = [f"c{n}" for n in range(each)] if level < levels - 1 else []
        for name in names:
            scope.call(name, f"p{level + 2}")
        scope.chain(first, *names, last)
        files["plan.bpmn" if level == 0 else f"called{level}.bpmn"] = document(made)
    return files


def mutated(count: int) -> Iterator[tuple[str, Files]]:
    """A plan of the library with some of its bytes changed."""
    chance = random.Random(20_261_126)
    body = (LIBRARY / "p15" / "plan.bpmn").read_bytes()
    table = (LIBRARY / "p13" / "p13_pause.dmn").read_bytes()
    words = [b'"', b"<", b">", b"&", b"id", b"\x00", b"\xff", "预".encode(), b"]]>", b"-1", b"true"]
    for n in range(count):
        which, source = ("a.dmn", table) if n % 4 == 3 else ("plan.bpmn", body)
        changed = bytearray(source)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(changed))
            match chance.randrange(5):
                case 0:
                    changed[at] ^= 1 << chance.randrange(8)
                case 1:
                    del changed[at : at + chance.randint(1, 400)]
                case 2:
                    changed[at:at] = chance.choice(words)
                case 3:
                    changed[at : at + 8] = bytes(source[(at * 7) % len(source) :][:8])
                case 4:
                    other = chance.randrange(len(source))
                    changed[at:at] = source[other : other + 300]
        yield f"mutated_{n}", {"plan.bpmn": body, which: bytes(changed)}


def all_inputs() -> Iterator[tuple[str, Files]]:
    yield from by_mistake()
    yield from in_xml()
    yield from large()
    yield from mutated(60)


def handle(files: Files) -> str:
    """All that an upload goes through. The codes of its findings; only what is no fault of the
    file's is raised."""
    plan = manifest("p15" if b'id="p15"' in files["plan.bpmn"] else "p1")
    bundle = Bundle(files, plan)
    feel = default_feel()
    codes: list[str] = []
    for name, body in files.items():
        try:
            (xml.parse_dmn if name.endswith(".dmn") else xml.parse)(body, name)
        except DeploymentError as error:
            codes += [finding.code for finding in error.findings]
    try:
        # Compiling begins with this: what is refused here is refused there.
        read = catalogue.read(files, plan)
        found = Findings()
        check_loosened.check(read, plan, read, plan, found)
        codes += [finding.code for finding in found.all()]
        codes += [finding.code for finding in compile_bundle(bundle, feel).findings]
    except DeploymentError as error:
        assert any(finding.severity == "error" for finding in error.findings)
        codes += [finding.code for finding in error.findings]
        return "refused: " + " ".join(sorted(set(codes))[:6])
    return "sound: " + " ".join(sorted(set(codes))[:6])


def main() -> None:
    wanted = sys.argv[1:]
    compile_bundle(Bundle({"plan.bpmn": SOUND}, manifest("p1")), default_feel())
    _say({"name": "", "peak": _peak()})
    for name, files in all_inputs():
        if wanted and name not in wanted:
            continue
        begun = time.process_time()
        try:
            outcome = handle(files)
        except BaseException as error:
            outcome = f"raised: {type(error).__name__}: {str(error)[:300]}"
        seconds = round(time.process_time() - begun, 3)
        _say({"name": name, "outcome": outcome, "seconds": seconds, "peak": _peak()})


def _say(row: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()


def _peak() -> float:
    """MB resident at most, so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
