"""Deploying plans: versions by content, roles that must exist, cases that keep theirs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from models.history import HistoryEvent
from models.plans import Definition as DefinitionRow
from models.plans import Plan, PlanFile, PlanVersion
from services import history
from services.errors import Refusal
from services.plan_folder import read_folder
from services.plans import current_version, deploy_plan
from tests.integration.world import World, bundle, on_paper, plan_t01
from tests.unit.bpmn_builder import Process, document
from workflows.contract import DeploymentError

TOML = """
key = "t06"
title = "文件夹"
process = "t06"
calls = ["called"]
[roles]
duty = { role = "duty", name = "值班员" }
"""


def small(title: str = "", group: str = "duty") -> Process:
    p = Process("t06", title).start("s").user_task("a", group).end("e")
    return p.chain("s", "a", "e")


def test_a_version_is_its_content(world: World) -> None:
    version = world.one(select(PlanVersion))
    assert (version.plan_key, version.number) == ("t01", 1)
    assert world.deploy(on_paper(plan_t01())).id == version.id
    assert len(world.all(select(HistoryEvent).where(HistoryEvent.chain == "org"))) == 1
    changed = plan_t01()
    changed = replace(changed, files={**changed.files, "clauses.toml": b"clause = []\n"})
    second = world.deploy(changed)
    assert (second.number, second.clauses) == (2, {"clause": []})
    assert world.one(select(Plan.current_version_id)) == second.id
    names = world.all(select(PlanFile.name).where(PlanFile.version_id == second.id))
    assert sorted(names) == ["clauses.toml", "grading.dmn", "plan.bpmn"]
    assert len(world.all(select(DefinitionRow))) == 2
    event = world.all(select(HistoryEvent).where(HistoryEvent.type == "org.plan_deployed"))[-1]
    assert history.payload_of(event)["hash"] == second.content_hash


def test_a_case_keeps_the_version_it_was_opened_under(world: World) -> None:
    case = world.open()
    changed = plan_t01()
    world.deploy(replace(changed, files={**changed.files, "clauses.toml": b"clause = []\n"}))
    assert world.open().plan_version_id != case.plan_version_id
    world.complete(case, "check", "duty", {"note": "x"})
    assert list(world.open_tasks(case)) == ["grade"]


def test_a_role_the_organisation_does_not_have_is_a_finding(world: World) -> None:
    with pytest.raises(DeploymentError) as refused:
        world.deploy(bundle(small(), roles={"duty": "watchman"}))
    [finding] = [f for f in refused.value.findings if f.severity == "error"]
    assert (finding.code, finding.args) == (
        "unknown_org_role",
        {"key": "duty", "role": "watchman"},
    )
    assert world.all(select(Plan.key)) == ["t01"]


def test_all_findings_come_at_once(world: World) -> None:
    with pytest.raises(DeploymentError) as refused:
        world.deploy(bundle(small(group="nobody"), roles={"duty": "watchman"}))
    codes = {f.code for f in refused.value.findings if f.severity == "error"}
    assert {"unknown_role", "unknown_org_role"} <= codes


def test_only_authors_and_administrators_deploy(world: World) -> None:
    plan = bundle(small(), roles=["duty"])
    with pytest.raises(Refusal, match="not_your_role"):
        world.db.run(lambda uow: deploy_plan(uow, plan, "", world.actor("duty"), world.now))
    version = world.db.run(
        lambda uow: deploy_plan(uow, plan, "首次启用", world.actor("author"), world.now)
    )
    assert (version.note, version.deployed_by) == ("首次启用", world.people["author"].id)


def test_a_folder_is_read_with_the_shared_processes_it_calls(world: World, tmp_path: Path) -> None:
    folder, shared = tmp_path / "t06", tmp_path / "shared"
    folder.mkdir()
    shared.mkdir()
    outer = Process("t06").start("s").call("c", "called").end("e").chain("s", "c", "e")
    inner = Process("called").start("s2").user_task("a", "duty").end("e2").chain("s2", "a", "e2")
    (folder / "plan.bpmn").write_bytes(document(outer))
    (folder / "plan.toml").write_text(TOML, "utf-8")
    (folder / "notes.txt").write_text("left out", "utf-8")
    (shared / "other.bpmn").write_bytes(b"<x/>")
    with pytest.raises(DeploymentError) as refused:
        read_folder(folder)
    assert refused.value.findings[0].code == "called_process_missing"
    (shared / "called.bpmn").write_bytes(document(inner))
    first = read_folder(folder)
    assert sorted(first.files) == ["plan.bpmn", "plan.toml", "shared/called.bpmn"]
    world.deploy(first)
    assert world.open_tasks(world.open("t06"))["a"].element_path == "c/a"
    # The shared file's content is part of the plan's.
    (shared / "called.bpmn").write_bytes(
        document(inner).replace(b"<bpmn:process", b"<bpmn:process ")
    )
    assert read_folder(folder).content_hash != first.content_hash
    (folder / "plan.toml").write_text("key = ", "utf-8")
    with pytest.raises(DeploymentError) as refused:
        read_folder(folder)
    assert refused.value.findings[0].code == "toml_invalid"


def test_a_plan_that_is_not_there(world: World) -> None:
    with world.db.read() as session, pytest.raises(Refusal, match="plan_unknown"):
        current_version(session, "none")
