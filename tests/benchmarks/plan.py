"""The plan that is measured: a FEEL gateway, a boundary timer on every task, an open parallel
branch and a called process, in two sizes.

Main line, ``stages`` times: report, verify, the called process (ask, answer), a gateway that goes
back to report while ``verify`` says so; then draft and approve. Beside it one branch stands open
(watch) until the end. Seven user tasks with one stage.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tests.unit.bpmn_builder import Process, document, manifest
from workflows.bundle import Bundle

SMALL, LARGE = 1, 12
CALLED: Final = "bench_called"
LAST: Final = ("draft", "approve", "watch")
ROLE: Final = "duty"
#: The form of every task; verify has a choice beside it.
_NOTE: Final = ("note", "string")

#: How the two dialects of the same diagram say things: FEEL and ISO 8601, or Python.
_FEEL: Final = {"again": "{verify}.again = true", "PT1H": "PT1H", "PT8H": "PT8H"}
_PYTHON: Final = {"again": "{verify}['again'] == True", "PT1H": '"PT1H"', "PT8H": '"PT8H"'}


def key_of(stages: int) -> str:
    """The plan's key."""
    return f"bench{stages}"


def bundle(stages: int = SMALL) -> Bundle:
    """The plan as Planroom deploys it."""
    key = key_of(stages)
    main, called = _main(stages, _FEEL), _called(_FEEL)
    return Bundle(
        files={"plan.bpmn": document(main), f"shared/{CALLED}.bpmn": document(called)},
        manifest=manifest(
            key, roles=[ROLE], anchors=["discovered_at", "opened_at"], calls=[CALLED]
        ),
    )


def stock_files(stages: int = SMALL) -> dict[str, bytes]:
    """The same diagrams as the stock engine reads them: conditions and timers in Python."""
    return {
        "plan.bpmn": document(_main(stages, _PYTHON)),
        "called.bpmn": document(_called(_PYTHON)),
    }


def size(stages: int) -> int:
    """Flow nodes of the diagram and of the process it calls."""
    nodes = [*_main(stages, _FEEL).node, *_called(_FEEL).node]
    return sum(1 for node in nodes if "sequenceFlow" not in str(node.tag))


def answer_to(element_id: str, nonce: int, *, again: bool = False) -> dict[str, Any]:
    """What is entered in a task. ``nonce`` makes every answer another one, so that no cache of
    evaluated expressions spares the work."""
    data: dict[str, Any] = {"note": f"{nonce}:已向现场负责人电话核实,情况属实,附照片两张。"}
    if element_id.startswith("verify"):
        data["again"] = again
    return data


def form_of(element_id: str, nonce: int, *, again: bool = False) -> dict[str, str]:
    """The same as a browser sends it."""
    data = answer_to(element_id, nonce, again=again)
    return {k: v if isinstance(v, str) else str(v).lower() for k, v in data.items()}


def script(stages: int, rounds: int = 1) -> Iterator[tuple[str, bool]]:
    """The tasks of one case in order, as (element id, what ``again`` is answered): the first
    stage goes round ``rounds`` times."""
    for n in range(1, stages + 1):
        turns = rounds if n == 1 else 1
        for turn in range(1, turns + 1):
            yield f"report_{n}", False
            yield f"verify_{n}", turn < turns
            yield "ask", False
            yield "answer", False
    for id in LAST:
        yield id, False


def variables() -> dict[str, Any]:
    """What an instance starts with: about 2 kB."""
    return {
        "signal": {
            "text": "网传某县体育场舞台桁架在彩排时坠落,有人受伤。" * 24,
            "link": "https://example.org/v/1",
            "medium": "short_video",
            "reads": 120_000,
            "comments": 3_400,
            "reposts": 870,
        },
        "case": {"number": "2026-0001", "title": "舞台桁架坠落", "tier": None},
    }


def _main(stages: int, say: Mapping[str, str]) -> Process:
    p = Process(key_of(stages), "测量用预案").start().parallel("fork")
    before, by = "fork", "fork__report_1"
    for n in range(1, stages + 1):
        report, verify, call, way = (f"{x}_{n}" for x in ("report", "verify", "check", "way"))
        _task(p, report, say["PT1H"], "填报")
        _task(p, verify, say["PT1H"], "核实", again=True)
        p.call(call, CALLED, name="核查", ins={"signal": "signal"}, outs={"answer": call})
        p.exclusive(way, default=f"{way}__on", name="再核?")
        p.flow(before, report, id=by).chain(report, verify, call, way)
        p.flow(way, report, condition=say["again"].format(verify=verify), id=f"{way}__back")
        before, by = way, f"{way}__on"
    _task(p, "draft", say["PT1H"], "拟稿")
    # Four eyes: looked up at every approval; it keeps nobody out, since watch ends last.
    _task(p, "approve", say["PT1H"], "签发", properties={"notSameAs": "watch"})
    _task(p, "watch", say["PT8H"], "跟踪")
    p.end("end").end("watched").end("late")
    p.flow(before, "draft", id=by).chain("draft", "approve", "end")
    p.chain("start", "fork", "watch", "watched")
    for node in [n for n in p.node if str(n.tag).endswith("}boundaryEvent")]:
        p.flow(str(node.get("id")), "late")
    return p


def _called(say: Mapping[str, str]) -> Process:
    p = Process(CALLED, "核查").start()
    _task(p, "ask", say["PT1H"], "询问")
    _task(p, "answer", say["PT1H"], "答复")
    p.end("end").end("late").chain("start", "ask", "answer", "end")
    return p.flow("ask_due", "late").flow("answer_due", "late")


def _task(
    p: Process, id: str, duration: str, name: str, *, again: bool = False, **more: Any
) -> None:
    fields = [_NOTE, ("again", "boolean")] if again else [_NOTE]
    p.user_task(id, ROLE, name=name, fields=fields, **more)
    p.boundary_timer(f"{id}_due", id, duration, interrupting=False, deadline="due")
