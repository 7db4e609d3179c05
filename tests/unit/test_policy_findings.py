"""The rules no general linter has: each fires on what it is for, and on no plan of the library."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.plan_folder import plan_folders, read_folder
from tests.unit.bpmn_builder import Field, Process, document, manifest
from workflows import catalogue, check_conditions, check_loosened, check_policy
from workflows.bundle import Bundle
from workflows.check_voice import asks_for
from workflows.contract import Context, Finding
from workflows.feel import default_feel
from workflows.findings import Findings

LIBRARY = Path(__file__).parents[2] / "bpmn"
DRAFT, APPROVE, RELEASE = (f"planroom:statement-{name}" for name in ("draft", "approve", "release"))
TIERS = [{"key": "low", "level": 1, "name": "一般"}, {"key": "high", "level": 2, "name": "重大"}]


def found(process: Process, files: Mapping[str, bytes] | None = None, **more: Any) -> list[Finding]:
    bundle = Bundle({"plan.bpmn": document(process), **(files or {})}, manifest("p1", **more))
    into = Findings()
    check_policy.check(bundle, catalogue.read(bundle.files, bundle.manifest), into)
    return into.all()


def codes(process: Process, files: Mapping[str, bytes] | None = None, **more: Any) -> list[str]:
    return [finding.code for finding in found(process, files, **more)]


@pytest.mark.parametrize("folder", plan_folders(LIBRARY), ids=lambda path: path.name)
def test_no_plan_of_the_library_breaks_a_rule(folder: Path) -> None:
    bundle = read_folder(folder)
    into = Findings()
    check_policy.check(bundle, catalogue.read(bundle.files, bundle.manifest), into)
    assert into.all() == []


# ------------------------------------------------------------------- releases


def statement(apart: str = "draft", back: str = "draft", good: str = "release") -> Process:
    """Draft, approve, release; ``back`` is where a refusal goes."""
    own = {"notSameAs": apart} if apart else {}
    p = Process("p1").start().end()
    p.user_task("draft", "duty", name="拟稿", form_key=DRAFT)
    p.user_task("approve", "leader", name="签发", form_key=APPROVE, properties=own)
    p.user_task("release", "office", name="发布", form_key=RELEASE)
    p.exclusive("gw", default="back").chain("start", "draft", "approve", "gw")
    p.flow("gw", good, 'approve.decision = "approve"', id="good")
    return p.flow("gw", back, id="back").flow("release", "end")


def test_a_sound_statement_has_no_finding() -> None:
    assert codes(statement()) == []


def test_an_approver_who_may_be_the_drafter_is_an_error() -> None:
    (finding,) = found(statement(apart=""))
    assert (finding.code, finding.severity) == ("approver_may_be_drafter", "error")
    assert finding.element == "approve" and finding.args["draft_id"] == "draft"


def test_a_release_past_the_approval_is_an_error() -> None:
    p = statement().exclusive("skip", default="slow")
    p.flow("skip", "release", "case.tier = 1", id="fast").flow("skip", "draft", id="slow")
    p.user_task("first", "duty").chain("first", "skip")
    p.flow("draft", "release")
    assert [c for c in codes(p) if c.startswith("release")] == ["release_unapproved"]


def test_a_refusal_that_leads_to_the_release_is_an_error() -> None:
    assert codes(statement(back="release")) == ["release_after_refusal"]


def test_an_outcome_nobody_looks_at_is_told() -> None:
    p = Process("p1").start().end()
    p.user_task("draft", "duty", form_key=DRAFT)
    p.user_task("approve", "leader", form_key=APPROVE, properties={"notSameAs": "draft"})
    p.user_task("release", "office", form_key=RELEASE)
    assert codes(p.chain("start", "draft", "approve", "release", "end")) == ["outcome_ignored"]


def test_an_approval_in_a_branch_that_is_waited_for_counts() -> None:
    def plan(join: str) -> Process:
        p = Process("p1").start().end().parallel("fork")
        p.parallel("join") if join == "parallel" else p.exclusive("join")
        p.user_task("draft", "duty", form_key=DRAFT).user_task("legal", "office")
        p.user_task("approve", "leader", form_key=APPROVE, properties={"notSameAs": "draft"})
        p.user_task("release", "office", form_key=RELEASE)
        p.chain("start", "draft", "fork", "approve", "join", "release", "end")
        return p.chain("fork", "legal", "join")

    assert "release_unapproved" not in codes(plan("parallel"))
    assert "release_unapproved" in codes(plan("exclusive"))


# ---------------------------------------------------- ends, deadlines, voices


def test_a_way_that_never_ends_is_an_error_unless_something_ends_it() -> None:
    p = Process("p1").start().end().exclusive("g", default="on").user_task("a", "duty")
    p.user_task("b", "duty").chain("start", "g", "end").flow("g", "a", "case.tier = 1", id="x")
    assert "never_ends" in codes(p.chain("a", "b", "a"))
    p.boundary("stop", "a", timer=("duration", "PT1H")).flow("stop", "end")
    assert "never_ends" not in codes(p)


def test_a_deadline_nobody_above_hears_of_is_told() -> None:
    p = Process("p1").start().user_task("t", "duty").end().chain("start", "t", "end")
    p.boundary_timer("due", "t", "PT1H", interrupting=False, deadline="due").flow("due", "end")
    assert codes(p) == ["due_without_escalation"]
    p.boundary_timer(
        "up", "t", "PT2H", interrupting=False, deadline="escalate", escalate_to="leader"
    )
    assert codes(p.flow("up", "end")) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("组织网评员以普通网民身份跟帖引导", "voice"), ("匿名发帖澄清", "voice"),
        ("发动员工集中点赞", "flood"), ("跟帖引导", "flood"), ("联系平台删帖", "remove"),
        ("删除批评言论", "remove"), ("Pose as residents and reply", "voice"),
        ("Delete negative comments", "remove"), ("受理匿名举报", ""), ("统计跟帖量", ""),
        ("不得以网民身份发言", ""), ("不要求删除评论和批评", ""), ("以本单位名义答复网民", ""),
        ("对不实信息依法通知平台", ""), ("Do not pose as residents", ""),
    ],
)  # fmt: skip
def test_what_no_plan_may_ask_for(text: str, kind: str) -> None:
    assert asks_for(text)[0] == kind
    p = Process("p1").start().user_task("t", "duty", name=text).end().chain("start", "t", "end")
    wanted = {"voice": "undisclosed_voice", "flood": "flooding", "remove": "removal_of_criticism"}
    assert codes(p) == ([wanted[kind]] if kind else [])


def test_who_speaks_in_public_says_so() -> None:
    p = Process("p1").start().service_task("t", "publish_weibo").end().chain("start", "t", "end")
    assert codes(p) == ["sender_undisclosed"]
    told = {"sender": "office"}
    p = Process("p1").start().service_task("t", "publish_weibo", properties=told).end()
    assert codes(p.chain("start", "t", "end")) == []


# ------------------------------------------------------------------- coverage


def choice(conditions: list[str], kinds: str = "abc", **fields: Any) -> Process:
    p = Process("p1").start().end()
    options = {kind: f"选{kind}" for kind in kinds}
    asked: list[Field] = [("kind", "enum", {"label": "类别", "options": options}),
             ("urgent", "boolean", {"label": "紧急"}), ("n", "long", {"label": "数"})]  # fmt: skip
    p.user_task("t", "duty", fields=asked).exclusive("g").chain("start", "t", "g")
    for n, condition in enumerate(conditions):
        p.flow("g", "end", condition, id=f"f{n}")
    return p


def test_a_gateway_that_leaves_a_case_out_names_it() -> None:
    (finding,) = found(choice(['t.kind = "a"', 't.kind = "b" and t.urgent = true']))
    assert finding.code == "case_uncovered"
    assert finding.args["example"] == "类别=选b,紧急=否"
    assert codes(choice(['t.kind = "a"', 't.kind != "a"'])) == []
    assert codes(choice(["t.n < 5", "t.n > 5"])) == ["case_uncovered"]
    assert codes(choice(["t.n <= 5", "t.n > 5"])) == []


def test_conditions_true_at_once_are_told() -> None:
    assert codes(choice(['t.kind = "a" or t.urgent = true', 't.kind != "a"'])) == [
        "conditions_overlap"
    ]
    assert codes(choice(["t.n > 3", "t.n < 9"])) == ["conditions_overlap"]


def test_what_an_earlier_gateway_took_is_no_hole() -> None:
    p = choice(['t.kind = "a"', 't.kind = "b"'])
    assert codes(p) == ["case_uncovered"]
    q = Process("p1").start().end()
    asked: list[Field] = [("kind", "enum", {"options": dict.fromkeys("abc", "x")})]
    q.user_task("t", "duty", fields=asked).exclusive("early", default="on").exclusive("g")
    q.chain("start", "t", "early").flow("early", "end", 't.kind = "c"').flow("early", "g", id="on")
    q.flow("g", "end", 't.kind = "a"', id="f1").flow("g", "end", 't.kind = "b"', id="f2")
    assert codes(q) == []


def test_tier_and_level_go_together_and_open_values_are_left_alone() -> None:
    p = Process("p1").start().user_task("grade", "duty", form_key="planroom:grade").end()
    p.exclusive("g").chain("start", "grade", "g").flow("g", "end", 'grade.tier = "low"', id="a")
    p.flow("g", "end", "grade.level >= 2", id="b")
    assert codes(p, tiers=TIERS) == []
    assert codes(choice(["signal.reads = 1", "signal.reads = 2"])) == []


def table(policy: str, rows: list[tuple[str, str]], default: str = "") -> bytes:
    told = f"<defaultOutputEntry><text>{default}</text></defaultOutputEntry>" if default else ""
    rules = "".join(
        f'<rule id="r{n}"><inputEntry id="a{n}"><text>{one}</text></inputEntry>'
        f'<inputEntry id="b{n}"><text>{two}</text></inputEntry>'
        f'<outputEntry id="o{n}"><text>{n}</text></outputEntry></rule>'
        for n, (one, two) in enumerate(rows)
    )
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" '
        f'namespace="n"><decision id="dec" name="分级"><decisionTable id="t" hitPolicy="{policy}">'
        '<input id="i" label="数"><inputExpression id="e" typeRef="number"><text>n</text>'
        '</inputExpression></input><input id="j" label="急"><inputExpression id="k" '
        'typeRef="boolean"><text>u</text></inputExpression></input>'
        f'<output id="o" name="o" typeRef="number">{told}</output>{rules}</decisionTable>'
        "</decision></definitions>"
    ).encode()


def table_codes(policy: str, rows: list[tuple[str, str]], default: str = "") -> list[str]:
    p = Process("p1").start().end().chain("start", "end")
    return codes(p, {"a.dmn": table(policy, rows, default)})


def test_decision_tables_with_a_hole_or_an_overlap() -> None:
    sound = [("[0..5)", "-"), ("&gt;= 5", "true"), ("&gt;= 5", "false"), ("&lt; 0", "-")]
    assert table_codes("UNIQUE", sound) == []
    assert table_codes("FIRST", sound[:-1]) == ["table_uncovered"]
    assert table_codes("FIRST", sound[:-1], "9") == []
    assert table_codes("UNIQUE", [*sound, ("5", "true")]) == ["rules_overlap"]
    assert table_codes("FIRST", [("sum(1)", "-")]) == []


def test_conditions_are_judged_as_feel_judges_them() -> None:
    chance, feel = random.Random(7), default_feel()
    names = {"a": "x", "b": True, "c": 3}
    atoms = ['a = "x"', 'a != "y"', "b = true", "b", "not(b)", "c > 2", "c <= 2", "c = 3",
             'a in ("y", "x")', "c != -1", "if b then c > 2 else c > 9"]  # fmt: skip
    texts = []
    for _ in range(120):
        parts = [chance.choice(atoms) for _ in range(3)]
        join = [chance.choice([" and ", " or "]) for _ in range(2)]
        texts.append(f"({parts[0]}){join[0]}({parts[1]}){join[1]}not({parts[2]})")
    context = Context(datetime(2026, 1, 1, tzinfo=UTC))
    for values in (names, {"a": "y", "b": False, "c": 1}):
        ours = [check_conditions.evaluate(term, values) for text in texts
                if (term := check_conditions.parse(text)) is not None]  # fmt: skip
        assert ours == feel.conditions(texts, values, context)


# ------------------------------------------------------------------ loosening


def loosened(before: Process, after: Process) -> list[str]:
    into = Findings()
    plan = manifest("p1")
    read = [catalogue.read({"plan.bpmn": document(p)}, plan) for p in (before, after)]
    check_loosened.check(read[0], plan, read[1], plan, into)
    return [finding.code for finding in into.all()]


def limited(text: str) -> Process:
    p = Process("p1").start().user_task("t", "duty").end().chain("start", "t", "end")
    if text:
        p.boundary_timer("due", "t", date=text, interrupting=False, deadline="due")
        p.flow("due", "end")
    return p


HOUR, TWO = (f'discovered_at + duration("{span}")' for span in ("PT1H", "PT120M"))


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        (HOUR, TWO, "deadline_lengthened"), (TWO, HOUR, ""), (HOUR, "", "deadline_removed"),
        (HOUR, "end of day(discovered_at)", "deadline_changed"), ("", HOUR, ""),
        ("end of day after(x, 3)", "end of day after(x, 5)", "deadline_lengthened"),
    ],
)  # fmt: skip
def test_a_deadline_that_gives_more_time_is_told(before: str, after: str, code: str) -> None:
    assert loosened(limited(before), limited(after)) == ([code] if code else [])


def test_fewer_eyes_and_fewer_approvals_are_told() -> None:
    assert loosened(statement(), statement(apart="")) == ["four_eyes_removed"]
    without = Process("p1").start().user_task("draft", "duty", form_key=DRAFT).end()
    without.user_task("release", "office", form_key=RELEASE)
    without.chain("start", "draft", "release", "end")
    assert loosened(statement(), without) == ["approval_removed"]
    assert loosened(statement(), statement()) == []


def test_an_approval_that_no_longer_holds_for_a_tier_is_told() -> None:
    read = catalogue.read({"plan.bpmn": document(statement())}, manifest("p1"))

    def told(*rows: dict[str, Any]) -> list[tuple[str, str]]:
        into = Findings()
        before = manifest("p1", tiers=TIERS, approvals=[{"kind": "legal", "name": "法制审核"}])
        check_loosened.check(
            read, before, read, manifest("p1", tiers=TIERS, approvals=[*rows]), into
        )
        return [(one.code, one.args.get("tiers", "")) for one in into.all()]

    assert told() == [("approval_rule_removed", "")]
    assert told({"kind": "legal", "tiers": ["high"]}) == [("approval_rule_narrowed", "一般")]
    both = ({"kind": "legal", "tiers": ["high"]}, {"kind": "legal", "tiers": ["low"]})
    assert told(*both) == told({"kind": "legal"}) == []


LONG = [
    "[" + " " * 190_000 + "]", "[" + "." * 150_000 + "1]", '"' + '\\"' * 90_000, "\\" * 190_000,
    "not(" * 40_000,
]  # fmt: skip


@pytest.mark.parametrize("cell", LONG, ids=["spaces", "dots", "quotes", "slashes", "nots"])
def test_a_cell_without_end_is_looked_through_once(cell: str) -> None:
    assert table_codes("FIRST", [(cell.replace('"', "&quot;"), "-")]) == []
