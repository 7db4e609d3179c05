"""The plan library: every plan deploys, says where each step comes from, and is drawn to be
read."""

from __future__ import annotations

import hashlib
import re
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from lxml import etree

from services.fingerprints import fingerprint
from services.signals import LINK_LIMIT, MEDIA, TEXT_LIMIT
from tests.unit.drawing import Drawing
from tests.unit.plan_driver import LIBRARY, PLANS, definition, manifest, read
from workflows.contract import Element

DIAGRAMS = sorted(LIBRARY.glob("*/*.bpmn"))
FATES = {"element", "field", "setting", "lost", "replaced", "external"}

#: Of the people the source texts name: the start of the SHA-256 of each name, so that no name
#: stands here either.
REAL_NAMES = {
    "92b935764d24b117", "31666fefebc11f68", "223b5673e839692f", "8a0f4024558edfe4",
    "edea1c3af7e45dd4", "66fba11bb3c02109", "c42f6781143205dd", "d0c83a1f740fc786",
}  # fmt: skip

#: Elements whose clauses depend on who calls them.
SHARED = {path.stem for path in (LIBRARY / "shared").glob("*.bpmn")}


def clauses(key: str) -> dict[str, dict[str, Any]]:
    rows = tomllib.loads((LIBRARY / key / "clauses.toml").read_text(encoding="utf-8"))["clause"]
    found = {row["id"]: row for row in rows}
    assert len(found) == len(rows), "a clause id stands twice"
    return found


def own_elements(key: str) -> list[Element]:
    """The elements of the plan's own process, called processes left out."""
    return [e for e in definition(key).elements.values() if e.process_id not in SHARED]


def files() -> list[Path]:
    return sorted(path for path in LIBRARY.rglob("*") if path.is_file())


# -------------------------------------------------------------------- deploys


def test_the_library_holds_the_plans_tested_here() -> None:
    assert tuple(sorted(path.parent.name for path in LIBRARY.glob("*/plan.toml"))) == PLANS


@pytest.mark.parametrize("key", PLANS)
def test_plan_compiles_without_a_finding(key: str) -> None:
    assert definition(key).findings == ()
    assert definition(key).process_id == key


@pytest.mark.parametrize("key", PLANS)
def test_manifest_speaks_of_what_is_there(key: str) -> None:
    data = manifest(key)
    assert data["key"] == data["process"] == key
    elements = definition(key).elements
    assert [tier["level"] for tier in data["tiers"]] == list(range(1, len(data["tiers"]) + 1))
    tiers = {tier["key"] for tier in data["tiers"]}
    roles = {role["role"] for role in data["roles"].values()}
    for table in ("recipients", "approvals", "archive"):
        for row in data[table]:
            assert set(row.get("tiers", ())) <= tiers
    assert {row["role"] for row in data["approvals"]} <= set(data["roles"])
    assert {group for e in elements.values() for group in e.candidate_groups} <= roles
    assert {e.escalate_to for e in elements.values() if e.escalate_to} <= roles
    for row in data["archive"]:
        if row["holds"].startswith("task:"):
            assert row["holds"].removeprefix("task:") in {e.id for e in elements.values()}
    known = clauses(key)
    assert {row["clause"] for row in data["recipients"]} <= set(known)
    assert {row["id"] for row in data["clocks"]} <= set(known)
    assert data["closing"]["clause"] in {*known, ""}
    assert {row["key"] for row in data["anchors"]} == definition(key).anchors - {"opened_at"}


def test_every_role_is_one_of_the_organisation() -> None:
    organisation = tomllib.loads((LIBRARY / "roles.toml").read_text(encoding="utf-8"))["role"]
    known = {role["key"] for role in organisation}
    for key in PLANS:
        assert {role["role"] for role in manifest(key)["roles"].values()} <= known


# -------------------------------------------------------------------- clauses


@pytest.mark.parametrize("key", PLANS)
def test_every_clause_has_a_fate_and_what_it_names_exists(key: str) -> None:
    elements = definition(key).elements
    data = manifest(key)
    first, last = data["source"]["lines"]
    for id, clause in clauses(key).items():
        assert id.startswith(data["business_prefix"] + "-"), id
        assert first <= clause["line"] <= last, id
        assert clause["text"] and clause["text_en"] and clause["fate"] in FATES, id
        if clause["fate"] in {"lost", "replaced", "external"}:
            assert clause["why"] and clause["why_en"], id
        elif clause["fate"] != "setting":
            assert clause["by"], id
        for name in clause["by"]:
            kind, _, rest = name.partition(".")
            if kind == "roles":
                assert rest in data["roles"], (id, name)
            elif kind == "tiers":
                assert rest in {tier["key"] for tier in data["tiers"]}, (id, name)
            elif name != "recipients":
                assert name in elements, (id, name)


@pytest.mark.parametrize("key", PLANS)
def test_every_element_says_where_it_comes_from(key: str) -> None:
    known = clauses(key)
    for element in own_elements(key):
        assert set(element.clauses) <= set(known), element.path
        plumbing = element.kind.endswith("Gateway") or element.kind in {"startEvent", "endEvent"}
        if not plumbing:
            assert element.clauses or element.origin == "baseline", element.path
    shared = [e for e in definition(key).elements.values() if e.process_id in SHARED]
    assert not any(e.clauses for e in shared), "a shared process belongs to no one plan"


@pytest.mark.parametrize("key", PLANS)
def test_a_clause_and_the_elements_that_cite_it_agree(key: str) -> None:
    known = clauses(key)
    for element in own_elements(key):
        for id in element.clauses:
            inside = element.path + "/"
            assert any(
                name == element.path or name.startswith(inside) for name in known[id]["by"]
            ), (element.path, id)


@pytest.mark.parametrize("key", PLANS)
def test_replaced_and_lost_are_told_on_the_element(key: str) -> None:
    elements = definition(key).elements
    for id, clause in clauses(key).items():
        if clause["fate"] != "replaced":
            continue
        assert clause["by"], id
        for name in clause["by"]:
            assert len(elements[name].documentation) > 20, (id, name)
            assert len(elements[name].documentation_en) > 20, (id, name)
    for element in elements.values():
        if element.origin == "replaced":
            assert "原文" in element.documentation, element.path


# ------------------------------------------------------------------ languages


@pytest.mark.parametrize("key", PLANS)
def test_every_visible_name_has_its_english(key: str) -> None:
    for element in definition(key).elements.values():
        if element.name:
            assert element.name_en, element.path
            assert re.search(r"[A-Za-z]", element.name_en), element.path
        assert bool(element.documentation) == bool(element.documentation_en), element.path
        if element.kind == "userTask":
            assert element.documentation, element.path
        for field in element.form_fields:
            assert field.label and field.label_en, (element.path, field.id)
            assert bool(field.help) == bool(field.help_en), (element.path, field.id)
            for value, chinese, english in field.options:
                assert chinese and english, (element.path, field.id, value)
    for flow in read(key).flows.values():
        assert bool(flow.name) == bool(flow.name_en), flow.path


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_no_person_of_the_sources_is_named(path: Path) -> None:
    for run in re.findall(r"[一-鿿]+", path.read_text(encoding="utf-8")):
        for size in (2, 3):
            for start in range(len(run) - size + 1):
                part = run[start : start + size]
                assert hashlib.sha256(part.encode()).hexdigest()[:16] not in REAL_NAMES, part


@pytest.mark.parametrize("key", PLANS)
def test_nobody_may_speak_undisclosed(key: str) -> None:
    """No role, task or field lets anyone pose as somebody else in public."""
    for element in definition(key).elements.values():
        texts = [element.name, *(field.label for field in element.form_fields)]
        assert not any(word in text for word in ("水军", "第三者", "删帖", "引导员", "网评员")
                       for text in texts), element.path  # fmt: skip
    assert not any("水军" in role["name"] for role in manifest(key)["roles"].values())


@pytest.mark.parametrize("key", PLANS)
def test_drafter_and_final_approver_are_two_people(key: str) -> None:
    approvals = [
        e for e in definition(key).elements.values() if e.form_key == "planroom:statement-approve"
    ]
    assert approvals
    for element in approvals:
        assert element.not_same_as == (element.path.rpartition("/")[0] + "/draft",)


# -------------------------------------------------------------------- drawing


@pytest.mark.parametrize("path", DIAGRAMS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_diagram_is_drawn_to_be_read(path: Path) -> None:
    drawing = Drawing(path.read_bytes())
    assert drawing.undrawn() == []
    assert list(drawing.overlaps()) == []
    assert drawing.slanting() == []
    assert list(drawing.crossings()) == []
    assert list(drawing.struck_labels()) == []
    unnamed = [
        id for id in drawing.nodes
        if not drawing.names[id] and drawing.kinds[id].endswith(("Task", "Activity", "Process"))
    ]  # fmt: skip
    assert unnamed == []


@pytest.mark.parametrize("path", DIAGRAMS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_node_stands_in_the_lane_it_names(path: Path) -> None:
    drawing = Drawing(path.read_bytes())
    root = etree.fromstring(path.read_bytes())
    space = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
    listed: dict[str, str] = {}
    for lane in root.iter(f"{space}lane"):
        for reference in lane.iterchildren(f"{space}flowNodeRef"):
            assert reference.text not in listed
            listed[str(reference.text)] = str(lane.get("id"))
    assert set(listed) == {id for id in drawing.nodes if id not in drawing.inside}
    for id, lane_id in listed.items():
        if id not in drawing.hosts:
            assert drawing.shapes[lane_id].holds(drawing.shapes[id]), (id, lane_id)


# -------------------------------------------------------------------- signals


def test_thirty_invented_signals() -> None:
    rows = tomllib.loads((LIBRARY / "signals.toml").read_text(encoding="utf-8"))["signal"]
    assert len(rows) == 30
    for row in rows:
        assert row["medium"] in MEDIA
        assert 0 < row["minutes_ago"] <= 24 * 60
        assert 10 < len(row["text"]) <= TEXT_LIMIT and len(row.get("link", "")) <= LINK_LIMIT
        if row.get("link"):
            host = urlsplit(row["link"]).hostname or ""
            assert host.endswith(".example"), "an address that nobody can own"
        assert all(row.get(count, 0) >= 0 for count in ("reads", "comments", "reposts"))
    prints = [fingerprint(row["text"], row.get("link", "")) for row in rows]
    assert len(set(prints)) < len(prints), "some are copies of each other"
    assert any("死了五个" in row["text"] and "排练" in row["text"] for row in rows)
