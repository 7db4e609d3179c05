"""`flask plans deploy` with files no engine should be given: what is wrong, where, and what to do,
in both languages; nothing is deployed."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select

from models.history import HistoryEvent
from models.plans import Plan, PlanVersion
from tests.integration.world import World
from tests.unit.bpmn_builder import Process, document

TOML = """
key = "t07"
title = "坏文件"
process = "t07"
[roles]
duty = { role = "duty", name = "值班员" }
[variables]
level = "number"
"""


def plan() -> Process:
    return Process("t07").start().user_task("a", "duty").end().chain("start", "a", "end")


def scripted() -> Process:
    p = Process("t07").start().end().chain("start", "x", "end")
    return p.raw(
        '<bpmn:scriptTask id="x" scriptFormat="python">'
        "<bpmn:script>open('/tmp/ran', 'w')</bpmn:script></bpmn:scriptTask>"
    )


def timed(text: str) -> Process:
    p = plan().boundary_timer("hurry", "a", text, interrupting=False)
    return p.end("told").chain("hurry", "told")


def conditional(condition: str) -> Process:
    p = plan()
    p.exclusive("way", default="b").user_task("c", "duty").chain("c", "end")
    p.flow("way", "c", condition, id="if_so").flow("way", "end", id="b")
    p.node.remove(next(n for n in p.node if n.get("id") == "a__end"))
    return p.chain("a", "way")


def dead_end() -> Process:
    return (
        plan()
        .user_task("stuck", "duty")
        .parallel("split")
        .chain("split", "stuck")
        .chain("a", "split")
    )


BILLION = b"""<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>
<definitions>&b;</definitions>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<definitions>&x;</definitions>"""

#: Content of plan.bpmn, words of the Chinese and of the English answer, the element named.
FILES: list[tuple[bytes, str, str, str]] = [
    (b"not XML at all", "不是完整的 XML", "not well-formed XML", ""),
    (b"<a><b></a>", "第 1 行", "line 1", ""),
    (b"", "文件是空的", "The file is empty", ""),
    (b"PK\x03\x04" + b"\x00" * 40, "内容是 zip", "it holds zip", ""),
    (b"<html><body/></html>", "不是 BPMN 2.0 图", "no BPMN 2.0 diagram", ""),
    (BILLION, "实体声明", "declares entities", ""),
    (OUTSIDE, "实体声明", "declares entities", ""),
    (b"<a>" + b"x" * 6_000_000 + b"</a>", "最多 5242880 字节", "at most 5242880", ""),
    (b"<a>" * 200 + b"</a>" * 200, "嵌套超过 100 层", "deeper than 100", ""),
    (document(scripted()), "不允许脚本任务", "Script tasks are not allowed", "x"),
    (document(Process("t07").start().user_task("a", "nobody").end().chain("start", "a", "end")),
     "没有角色“nobody”", "no role “nobody”", "a"),
    (document(dead_end()), "到这里就断了", "The process stops here", "stuck"),
    (document(timed("1 hour")), "看不懂时限“1 hour”", "The time “1 hour” cannot be read", "hurry"),
    (document(timed("-PT1H")), "时长不能为负", "cannot be negative", "hurry"),
    (document(timed("0 12 * * *")), "不支持 cron", "cron is not supported", "hurry"),
    (document(conditional("level >")), "不是有效的 FEEL", "not valid FEEL", "if_so"),
    (document(conditional("levle > 3")), "变量“levle”", "variable “levle”", "if_so"),
    (document(conditional('level = "3"')), "类型不符", "types do not fit", "if_so"),
]  # fmt: skip


def deploy(app: Flask, folder: Path) -> Result:
    return app.test_cli_runner().invoke(args=["plans", "deploy", str(folder)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "t07"
    made.mkdir()
    (made / "plan.toml").write_text(TOML, "utf-8")
    return made


@pytest.mark.parametrize(("content", "chinese", "english", "element"), FILES)
def test_a_hopeless_diagram_is_explained(
    app: Flask, world: World, folder: Path, content: bytes, chinese: str, english: str, element: str
) -> None:
    (folder / "plan.bpmn").write_bytes(content)
    before = len(world.all(select(HistoryEvent.id)))
    answer = deploy(app, folder)
    assert answer.exit_code == 1
    assert not answer.exception or isinstance(answer.exception, SystemExit)
    lines = answer.output.splitlines()
    [said] = [line for line in lines if chinese in line]
    [same] = [line for line in lines if english in line]
    assert "[错误] plan.bpmn" in said and "[error] plan.bpmn" in same
    if element:
        assert f"元素 {element}:" in said and f"element {element}:" in same
    assert "没有启用" in lines[-1] and "not deployed" in lines[-1]
    assert world.all(select(Plan.key)) == ["t01"]
    assert len(world.all(select(PlanVersion.id))) == 1
    assert len(world.all(select(HistoryEvent.id))) == before


@pytest.mark.parametrize(
    ("toml", "chinese"),
    [
        (None, "没有这个文件"),
        ("key = ", "不是有效的 TOML"),
        ('title = "x"', "没有写预案的 key"),
        ('key = "t07"\ncalls = ["gone"]', "找不到被调用的流程“gone”"),
        ('key = "t07"\nprocess = "other"', "没有流程“other”"),
        ('key = "t07"\nroles = 3', "roles 的写法不对。应写成 [roles]"),
        ('key = "t07"', "没有 [roles]"),
        ('key = "t07"\nroles = "duty"\nvariables = 4\nanchors = 1\ncalls = 7', "应写成 calls = ["),
        ('key = "t07"\n[[tiers]]\nname = "x"', "tiers 1 的写法不对"),
        ('key = "t07"\ncalls = ["../../etc/x"]', "找不到被调用的流程"),
        ("key = 5", "key 的写法不对"),
    ],
)
def test_a_hopeless_manifest_is_explained(
    app: Flask, world: World, folder: Path, toml: str | None, chinese: str
) -> None:
    (folder / "plan.bpmn").write_bytes(document(plan()))
    if toml is None:
        (folder / "plan.toml").unlink()
    else:
        (folder / "plan.toml").write_text(toml, "utf-8")
    answer = deploy(app, folder)
    assert answer.exit_code == 1
    assert not answer.exception or isinstance(answer.exception, SystemExit)
    assert chinese in answer.output
    assert world.all(select(Plan.key)) == ["t01"]


DMN = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d"
 namespace="x"><decision id="tiers" name="tiers"><decisionTable id="t" hitPolicy="{policy}">
 <input id="i"><inputExpression id="ie" typeRef="number"><text>level</text></inputExpression>
 </input>
 <output id="o" name="tier" typeRef="string"/><rule id="r1"><inputEntry id="c"><text>{cell}</text>
 </inputEntry><outputEntry id="e"><text>"general"</text></outputEntry></rule></decisionTable>
 </decision></definitions>"""


@pytest.mark.parametrize(
    ("dmn", "chinese", "english"),
    [
        ("<x", "不是完整的 XML", "not well-formed XML"),
        ("<x/>", "不是 DMN 判定表", "no DMN file"),
        (DMN.format(policy="BEST", cell="1"), "命中策略“BEST”", "hit policy “BEST”"),
        (DMN.format(policy="FIRST", cell="&gt; "), "不是有效的 FEEL", "not valid FEEL"),
        (DMN.format(policy="FIRST", cell='"three"'), "类型不符", "does not fit"),
    ],
)
def test_a_hopeless_table_is_explained(
    app: Flask, world: World, folder: Path, dmn: str, chinese: str, english: str
) -> None:
    p = Process("t07").start().business_rule("rate", "tiers", "rated").user_task("a", "duty").end()
    (folder / "plan.bpmn").write_bytes(document(p.chain("start", "rate", "a", "end")))
    (folder / "tiers.dmn").write_text(dmn, "utf-8")
    answer = deploy(app, folder)
    assert answer.exit_code == 1
    assert chinese in answer.output and english in answer.output
    assert "tiers.dmn" in answer.output
    assert world.all(select(Plan.key)) == ["t01"]


def test_a_sound_folder_is_deployed(app: Flask, world: World, folder: Path) -> None:
    (folder / "plan.bpmn").write_bytes(document(plan()))
    answer = deploy(app, folder)
    assert (answer.exit_code, answer.output.strip()) == (0, "t07: version 1")
    assert set(world.all(select(Plan.key))) == {"t01", "t07"}
