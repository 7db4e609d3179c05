"""What is found with a plan beside its own files: what the unit cannot give, clauses nothing
carries, names no step knows; and what `deploy_plan` refuses for the rules of the house."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.people import Role
from services import plan_findings
from services.plan_folder import plan_folders, read_folder
from services.plans import current_version
from services.uow import UnitOfWork
from tests.integration.world import GRADING, World, bundle, on_paper, plan_t01
from tests.unit.bpmn_builder import Process
from workflows.bundle import Bundle
from workflows.contract import DeploymentError, Finding
from workflows.feel import default_feel

LIBRARY = Path(__file__).parents[2] / "bpmn"
FORM = "planroom:statement-"


@pytest.fixture
def world(small: World) -> World:
    """The unit with its roles ranked."""

    def rank(uow: UnitOfWork) -> None:
        for number, key in enumerate(("reporter", "duty", "office", "leader")):
            uow.session.get_one(Role, key).rank = number

    small.db.run(rank)
    return small


def found(world: World, plan: Bundle, *codes: str, against: bool = False) -> list[Finding]:
    """Those of the findings with these codes."""
    with world.db.read() as session:
        in_force = current_version(session, "t01") if against else None
        report = plan_findings.findings_of(session, plan, in_force=in_force)
    return [one for one in report.findings if one.code in codes]


def task(role: str, *, escalate_to: str = "") -> Bundle:
    p = Process("t01").start().end().user_task("t", role, name="核查").chain("start", "t", "end")
    if escalate_to:
        p.boundary_timer(
            "late", "t", "PT2H", interrupting=False, deadline="escalate", escalate_to=escalate_to
        ).flow("late", "end")
    return bundle(p, roles=["duty", "office", "leader", "reporter"])


def test_a_task_for_a_role_nobody_holds_is_told_once(world: World) -> None:
    assert found(world, task("duty"), "role_without_member") == []
    (one,) = found(world, task("reporter"), "role_without_member")
    assert (one.severity, one.element, one.args["count"]) == ("warning", "t", "1")
    assert one.args["task"] == "核查" and one.args["role"]


def test_an_escalation_has_to_go_up(world: World) -> None:
    codes = ("escalation_to_junior", "escalation_to_equal")
    assert found(world, task("duty", escalate_to="leader"), *codes) == []
    (junior,) = found(world, task("leader", escalate_to="duty"), *codes)
    (equal,) = found(world, task("duty", escalate_to="duty"), *codes)
    assert (junior.code, equal.code) == codes
    assert junior.element == "late" and junior.severity == "warning"


def statement(back: str = "draft", review: str = "leader", **apart: str) -> Bundle:
    """Draft, review by another role, approve, release; ``back`` is where a refusal goes."""
    p = Process("t01").start().end()
    p.user_task("draft", "office", name="拟稿", form_key=f"{FORM}draft")
    p.user_task("review", review, name="审核", form_key=f"{FORM}review",
                properties={"approvalKind": "legal"})  # fmt: skip
    p.user_task("approve", "leader", form_key=f"{FORM}approve", properties=apart)
    p.user_task("release", "office", form_key=f"{FORM}release")
    p.exclusive("agreed", default="no").exclusive("signed", default="back")
    p.chain("start", "draft", "review", "agreed").flow("agreed", "draft", id="no")
    p.flow("agreed", "approve", 'review.decision = "approve"').flow("approve", "signed")
    p.flow("signed", "release", 'approve.decision = "approve"').flow("signed", back, id="back")
    return bundle(p.flow("release", "end"), roles=["duty", "office", "leader"])


def test_a_reviewer_who_also_holds_the_drafters_role_is_told(world: World) -> None:
    (one,) = found(world, statement(notSameAs="draft"), "drafter_holds_approver")
    assert (one.element, one.args["draft_id"]) == ("review", "draft")
    other = statement(review="duty", notSameAs="draft")
    assert found(world, other, "drafter_holds_approver") == []  # nobody is of both roles


def with_clauses(plan: Bundle, text: str) -> Bundle:
    return replace(plan, files={**plan.files, "clauses.toml": text.encode()})


CLAUSE = '[[clause]]\nid = "T01-S1"\ntext = "先核查"\nfate = "executed"\nby = [{by}]\n'


def test_a_clause_that_nothing_carries_any_more_is_told(world: World) -> None:
    codes = ("clause_uncovered", "clause_partly", "clause_gone")
    plan = on_paper(plan_t01())
    kept = with_clauses(plan, CLAUSE.format(by='"check"'))
    world.deploy(kept)
    assert found(world, kept, *codes) == []
    lost = with_clauses(plan, CLAUSE.format(by='"gone"'))
    partly = with_clauses(plan, CLAUSE.format(by='"check", "gone"'))
    for draft, code in ((lost, codes[0]), (partly, codes[1]), (plan, codes[2])):
        (one,) = found(world, draft, *codes, against=True)
        assert (one.code, one.severity, one.args["clause"]) == (code, "warning", "T01-S1")


def test_strange_clauses_are_no_fault(world: World) -> None:
    for text in ("clause = 3", "[[clause]]\nby = 3\n", "clause = [1, 2]", "[clause]\nid = 1"):
        found(world, with_clauses(on_paper(plan_t01()), text))


# ------------------------------------------------------------ names in decision tables


def graded(question: str, cell: str = "&gt;= 10000") -> Bundle:
    plan = plan_t01()
    table = GRADING.replace("signal.reads", question).replace("&gt;= 10000", cell)
    return replace(plan, files={**plan.files, "grading.dmn": table.encode()})


@pytest.mark.parametrize(
    ("question", "cell", "name"),
    [("signal.reads", "&gt;= 10000", ""), ("check.count", "&gt;= 3", ""),
     ("cheque.count", "&gt;= 3", "cheque"), ("signal.reads", "&gt;= limit", "limit"),
     ("signal.reads", "&gt;= check.count", "")],
)  # fmt: skip
def test_a_name_in_a_table_that_its_step_does_not_know_is_told(
    world: World, question: str, cell: str, name: str
) -> None:
    told = found(world, graded(question, cell), "feel_unknown_name")
    assert {one.args["name"].partition(".")[0] for one in told} == ({name} if name else set())
    assert all((one.severity, one.file) == ("warning", "grading.dmn") for one in told)


def test_the_librarys_tables_name_only_what_their_steps_know() -> None:
    for folder in plan_folders(LIBRARY):
        told = plan_findings._names_in_tables(read_folder(folder), default_feel())
        assert list(told) == [], folder.name


# ----------------------------------------------------------------- the rules of the house


def unended() -> Bundle:
    p = Process("t01").start().end().exclusive("g", default="on").user_task("a", "duty")
    p.chain("start", "g", "end").flow("g", "a", "case.tier = null", id="x").chain("a", "a2", "a")
    return bundle(p.user_task("a2", "duty"))


def anonymous() -> Bundle:
    p = Process("t01").start().end().user_task("t", "office", name="匿名发帖引导")
    return bundle(p.chain("start", "t", "end"))


REFUSED: Mapping[str, tuple[Any, str]] = {
    "whoever drafts may approve": (statement(), "approver_may_be_drafter"),
    "a release without approval": (statement(back="release", notSameAs="draft"),
                                   "release_after_refusal"),
    "a way that never ends": (unended(), "never_ends"),
    "an undisclosed sender": (anonymous(), "undisclosed_voice"),
}  # fmt: skip


@pytest.mark.parametrize(("plan", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_a_plan_that_breaks_a_rule_of_the_house_is_not_deployed(
    world: World, plan: Bundle, code: str
) -> None:
    with world.db.read() as session:
        before = current_version(session, "t01").id
    with pytest.raises(DeploymentError) as refused:
        world.deploy(plan)
    assert code in {one.code for one in refused.value.findings if one.severity == "error"}
    with world.db.read() as session:
        assert current_version(session, "t01").id == before
