"""Decision tables go through the editor's own reader and writer (dmn-moddle, in node) and come
back saying all that they said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lxml import etree

from tests.unit.node import node
from workflows import decision_table

ROOT = Path(__file__).parents[2]
LIBRARY = sorted((ROOT / "bpmn").glob("*/*.dmn"))
#: As the page does it (frontend/decisions/index.js: `lost`, `read`).
SCRIPT = """
import { DmnModdle } from "dmn-moddle";
const texts = JSON.parse(await new Response(process.stdin).text());
const said = [];
for (const text of texts) {
  const moddle = new DmnModdle();
  const { rootElement, warnings } = await moddle.fromXML(text, "dmn:Definitions");
  const { xml } = await moddle.toXML(rootElement, { format: true });
  said.push({ xml, warnings: warnings.map((one) => one.message) });
}
process.stdout.write(JSON.stringify(said));
"""
#: What other tools write and we do not know.
STRANGE = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" xmlns:x="urn:x" id="d" name="d" \
namespace="urn:d" exporter="Other" exporterVersion="9" x:seal="red">
  <description>全部</description>
  <extensionElements><x:note level="2"><x:deep>words</x:deep></x:note></extensionElements>
  <inputData id="in" name="reads"><variable id="v" name="reads" typeRef="number" /></inputData>
  <decision id="one" name="一" x:owner="office">
    <description>为什么</description>
    <extensionElements><x:history at="2026" /></extensionElements>
    <question>几级?</question>
    <variable id="ov" name="tier" typeRef="string" />
    <informationRequirement id="ir"><requiredInput href="#in" /></informationRequirement>
    <decisionTable id="t" hitPolicy="COLLECT" aggregation="COUNT">
      <input id="i" label="阅读量" x:width="120">
        <inputExpression id="ie" typeRef="number"><text>reads</text></inputExpression>
        <inputValues id="iv"><text>[0..100]</text></inputValues>
      </input>
      <output id="o" name="tier" label="等级" typeRef="string">
        <defaultOutputEntry id="de"><text>"general"</text></defaultOutputEntry>
      </output>
      <annotation name="出处" />
      <annotation name="谁写的" />
      <rule id="r">
        <description>一万以上</description>
        <inputEntry id="a"><description>含一万</description><text>&gt;= 10000</text></inputEntry>
        <outputEntry id="b" expressionLanguage="feel"><text>"major"</text></outputEntry>
        <annotationEntry><text>第3条</text></annotationEntry>
        <annotationEntry><text>office &amp; unit</text></annotationEntry>
      </rule>
    </decisionTable>
  </decision>
</definitions>
"""


@pytest.fixture(scope="module")
def through() -> dict[str, dict[str, list[str] | str]]:
    """Each text by name, after it went through."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in LIBRARY}
    texts["strange"] = STRANGE
    answer = node("--input-type=module", "-e", SCRIPT, given=json.dumps(list(texts.values())))
    return dict(zip(texts, json.loads(answer), strict=True))


def meaning(text: str) -> bytes:
    """The file with its attributes in order and the spaces between elements taken out."""
    parser = etree.XMLParser(remove_blank_text=True, resolve_entities=False, no_network=True)
    return etree.tostring(etree.fromstring(text.encode(), parser), method="c14n")


def test_the_library_comes_back_byte_for_byte(
    through: dict[str, dict[str, list[str] | str]],
) -> None:
    assert len(LIBRARY) >= 7
    for path in LIBRARY:
        assert through[path.name] == {"xml": path.read_text(encoding="utf-8"), "warnings": []}


def test_what_we_do_not_know_comes_back(through: dict[str, dict[str, list[str] | str]]) -> None:
    assert through["strange"]["warnings"] == []
    after = str(through["strange"]["xml"])
    assert meaning(after) == meaning(STRANGE)
    assert decision_table.parse(after.encode()) == decision_table.parse(STRANGE.encode())
