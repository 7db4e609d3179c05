"""What the modeler does to a file: nothing but the edit.

The library goes through bpmn-moddle in node; the whole editor, as the browser loads it, is driven
in Chromium on a page of its own, under the rules our pages have.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from lxml import etree
from playwright.sync_api import Browser, Page, Route

from tests.unit.node import node
from views.security import content_security_policy

ROOT = Path(__file__).parents[2]
LIBRARY = sorted((ROOT / "bpmn").rglob("*.bpmn"))
SITE = "http://studio.test"
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"

Node: TypeAlias = tuple[str, tuple[tuple[str, str], ...], str, tuple[Any, ...]]


def canonical(xml: bytes) -> Node:
    """Elements in order with their attributes and text; how it is laid out does not count."""
    return _node(etree.fromstring(xml))


def _node(element: etree._Element) -> Node:
    attributes = sorted((str(key), str(value)) for key, value in element.attrib.items())
    inner = tuple(_node(child) for child in element if isinstance(child.tag, str))
    return (str(element.tag), tuple(attributes), (element.text or "").strip(), inner)


def differences(before: Node, after: Node, path: str = "") -> list[str]:
    here = f"{path}/{before[0].rpartition('}')[2]}[{dict(before[1]).get('id', '')}]"
    found = [here for one, other in zip(before[:3], after[:3], strict=True) if one != other]
    if len(before[3]) != len(after[3]):
        return [*found, f"{here} has {len(after[3])} parts, not {len(before[3])}"]
    for one, other in zip(before[3], after[3], strict=True):
        found += differences(one, other, here)
    return found


def through_moddle(*arguments: str) -> dict[str, dict[str, Any]]:
    answer: dict[str, dict[str, Any]] = json.loads(node("tests/unit/round_trip.mjs", *arguments))
    return answer


def test_every_file_of_the_library_comes_back_as_it_was() -> None:
    answer = through_moddle(*map(str, LIBRARY))
    assert len(answer) == len(LIBRARY) > 40
    for file, read in answer.items():
        assert read["warnings"] == [], file
        before = canonical(Path(file).read_bytes())
        assert differences(before, canonical(read["xml"].encode())) == [], file


def test_a_changed_limit_changes_the_limit_only() -> None:
    file = ROOT / "bpmn/p11/plan.bpmn"
    text = 'discovered_at + duration("PT12H")'
    answer = through_moddle(f"--limit=golden_due_timer={text}", str(file))
    after = canonical(answer[str(file)]["xml"].encode())
    (found,) = differences(canonical(file.read_bytes()), after)
    assert found.endswith("/timerEventDefinition[golden_due_timer]/timeDate[]")


# ------------------------------------------------------------------------------ the editor itself

ODD = """<?xml version="1.0" encoding="UTF-8"?>
<!-- made by another modeler -->
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI"
    xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:di="http://www.omg.org/spec/DD/20100524/DI"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:other="urn:other"
    id="odd_definitions" targetNamespace="urn:odd" other:maker="a &lt;b&gt; c">
  <bpmn:process id="odd" name="&lt;img src=x onerror=alert(1)&gt;" isExecutable="true" other:colour="red">
    <!-- kept -->
    <other:note id="odd_note">outside of any extension<other:deep /></other:note>
    <bpmn:startEvent id="begin" name="开始"><bpmn:outgoing>f1</bpmn:outgoing></bpmn:startEvent>
    <bpmn:userTask id="work" name="&lt;script&gt;alert(1)&lt;/script&gt;" camunda:candidateGroups="duty" camunda:unheard="of">
      <bpmn:documentation>&lt;script&gt;alert(2)&lt;/script&gt;</bpmn:documentation>
      <bpmn:documentation textFormat="text/x-en">second</bpmn:documentation>
      <bpmn:extensionElements>
        <camunda:properties><camunda:property name="name.en" value="Work" /></camunda:properties>
        <other:thing size="3"><other:inner>text</other:inner></other:thing>
      </bpmn:extensionElements>
      <bpmn:incoming>f1</bpmn:incoming><bpmn:outgoing>f2</bpmn:outgoing>
    </bpmn:userTask>
    <bpmn:endEvent id="finish" name="结束"><bpmn:incoming>f2</bpmn:incoming></bpmn:endEvent>
    <bpmn:sequenceFlow id="f1" sourceRef="begin" targetRef="work" />
    <bpmn:sequenceFlow id="f2" sourceRef="work" targetRef="finish" />
  </bpmn:process>
  <bpmndi:BPMNDiagram id="d"><bpmndi:BPMNPlane id="pl" bpmnElement="odd">
    <bpmndi:BPMNShape id="begin_di" bpmnElement="begin"><dc:Bounds x="300" y="100" width="36" height="36" /></bpmndi:BPMNShape>
    <bpmndi:BPMNShape id="work_di" bpmnElement="work"><dc:Bounds x="400" y="80" width="100" height="80" /></bpmndi:BPMNShape>
    <bpmndi:BPMNShape id="finish_di" bpmnElement="finish"><dc:Bounds x="600" y="100" width="36" height="36" /></bpmndi:BPMNShape>
    <bpmndi:BPMNEdge id="f1_di" bpmnElement="f1"><di:waypoint x="336" y="118" /><di:waypoint x="400" y="120" /></bpmndi:BPMNEdge>
    <bpmndi:BPMNEdge id="f2_di" bpmnElement="f2"><di:waypoint x="500" y="120" /><di:waypoint x="600" y="118" /></bpmndi:BPMNEdge>
  </bpmndi:BPMNPlane></bpmndi:BPMNDiagram>
</bpmn:definitions>
"""  # noqa: E501

#: As templates/studio/diagram.html has it, without what stands around the editor.
PAGE = """<!doctype html><html lang="zh-CN"><head><link rel="stylesheet" href="/build/studio.css">
<script defer src="/build/studio.js"></script></head><body>
<div data-plan-editor='{data}' data-words='{{}}'>
<div data-message></div><p data-others></p>
<button data-do="undo">u</button><button data-do="redo">r</button>
<button data-do="lint">l</button><button data-do="simulate">s</button>
<button data-do="import">i</button><button data-do="export">e</button>
<button data-steps-button>n</button><div data-steps></div><input type="file" data-import>
<div style-free class="studio-desk"><div class="studio-paper"><div data-canvas></div></div>
<div class="studio-panel" data-panel></div></div>
<span class="studio-state" data-state="saved"></span>
<details data-findings><span data-count></span><p data-none></p><ul></ul></details>
</div></body></html>"""


class Desk:
    """The editor on its page: files it reads, what it saved, what the browser complained of."""

    def __init__(self, page: Page, files: dict[str, str]) -> None:
        self.page = page
        self.files = files
        self.saved: list[dict[str, Any]] = []
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        page.on("console", self._said)
        page.route("**/*", self._answer)

    def _said(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def _answer(self, route: Route) -> None:
        path = route.request.url.removeprefix(SITE).partition("?")[0]
        if path.startswith("/build/"):
            route.fulfill(path=ROOT / "static" / path.lstrip("/"))
        elif path.startswith("/files/") and route.request.method == "PUT":
            self.saved.append(json.loads(route.request.post_data or "{}"))
            route.fulfill(json={"revision": len(self.saved), "others": []})
        elif path.startswith("/files/"):
            route.fulfill(body=self.files[path.removeprefix("/files/")])
        elif path == "/findings":
            route.fulfill(json={"findings": []})
        else:
            route.fulfill(
                body=PAGE.format(data=json.dumps(self._data())),
                content_type="text/html; charset=utf-8",
                headers={"Content-Security-Policy": content_security_policy("none")},
            )

    def _data(self) -> dict[str, Any]:
        names = list(self.files)
        return {
            "files": [{"name": n, "title": n, "address": f"/files/{n}"} for n in names],
            "start": names[0], "element": "work" if "odd.bpmn" in names else "", "revision": 0,
            "token": "t", "findings": "/findings", "processes": [],
            "roles": [{"key": "duty", "name": "值班员"}, {"key": "leader", "name": "领导"}],
            "variables": [], "anchors": [], "settings": [], "tiers": [], "forms": [],
            "origins": [], "results": {},
        }  # fmt: skip

    def open(self) -> None:
        self.page.goto(f"{SITE}/")
        self.page.locator(".djs-element.djs-shape").first.wait_for(state="attached")

    def export(self) -> str:
        with self.page.expect_download() as download:
            self.page.locator("[data-do=export]").click()
        return Path(download.value.path()).read_text("utf-8")


@pytest.fixture(scope="module")
def browser_page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1300, "height": 800})
    yield page
    page.close()


def test_the_editor_exports_what_it_read(browser_page: Page) -> None:
    """Opened and exported without a change: the largest of the plans, and a shared process."""
    for name in ("p13/plan.bpmn", "shared/approve_release.bpmn"):
        source = (ROOT / "bpmn" / name).read_text("utf-8")
        browser_page.unroute_all()
        desk = Desk(browser_page, {"plan.bpmn": source})
        desk.open()
        before, after = canonical(source.encode()), canonical(desk.export().encode())
        assert differences(before, after) == []
        assert desk.saved == []
        assert desk.complaints == []


def test_what_no_modeler_knows_survives_an_edit(browser_page: Page) -> None:
    """Comments, foreign attributes and elements stay; scripts in names and texts are only text;
    the editor asks for nothing the page's rules forbid."""
    browser_page.unroute_all()
    desk = Desk(browser_page, {"odd.bpmn": ODD})
    desk.open()
    role = browser_page.locator("[data-entry-id='planroom-camunda-candidateGroups'] select")
    role.select_option("leader")
    browser_page.locator(
        ".studio-state[data-state=saving], .studio-state[data-state=typing]"
    ).wait_for(state="attached")
    browser_page.locator(".studio-state[data-state=saved]").wait_for(state="attached")
    (saved,) = desk.saved
    assert saved["revision"] == 0
    xml = saved["content"]
    (found,) = differences(canonical(ODD.encode()), canonical(xml.encode()))
    assert found.endswith("/userTask[work]")
    assert 'camunda:candidateGroups="leader"' in xml
    assert 'camunda:unheard="of"' in xml
    assert xml.index("made by another modeler") < xml.index("<bpmn:definitions")
    root = etree.fromstring(xml.encode())
    process = root.find(f"{BPMN}process")
    assert process is not None
    comments = [node.text for node in process if isinstance(node, etree._Comment)]
    assert comments == [" kept "]
    for button in ("lint", "simulate"):
        browser_page.locator(f"[data-do={button}]").click()
    browser_page.locator(".bjsl-icon, .bts-context-pad").first.wait_for(state="attached")
    assert desk.complaints == []
