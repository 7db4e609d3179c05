"""What differs between two versions of a plan: all that was changed, and nothing else."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from functools import cache

import pytest

from services.plan_diff import PlanDiff, diff, plan_text
from services.plan_diff_changes import Both, Change, PlanText, pair, ranks
from services.plan_diff_papers import paper_changes
from services.plan_folder import read_folder
from tests.unit.bpmn_builder import Process, document, manifest
from tests.unit.plan_driver import LIBRARY
from workflows.bundle import Bundle

KEYS = sorted(path.parent.name for path in LIBRARY.glob("*/plan.toml"))
RULE = '<inputEntry id="p11_rule_sensitive_in6">\n          <text>"{}"</text>'
LEGAL = """[[approvals]]
kind = "legal"
role = "legal"
name = "法制审核"
name_en = "Legal check"
origin = "baseline"
setting = "baseline_legal"
tiers = ["major", "extraordinary"]

"""
STEP = (
    '<bpmn:userTask id="ask_law" name="问法制" camunda:candidateGroups="legal"/>'
    '<bpmn:sequenceFlow id="ask_law__triage" sourceRef="ask_law" targetRef="triage"/>'
)
FLOW = 'id="signal_taken__triage" sourceRef="signal_taken" targetRef="{}"'

Edit = tuple[str, str, str]


@cache
def text(key: str) -> PlanText:
    return plan_text(read_folder(LIBRARY / key))


def edited(bundle: Bundle, *edits: Edit) -> Bundle:
    """The bundle with the first ``old`` of each (file, old, new) replaced."""
    files = dict(bundle.files)
    for name, old, new in edits:
        before = files[name].decode()
        assert old in before, (name, old)
        files[name] = before.replace(old, new, 1).encode()
    return Bundle(files, tomllib.loads(files["plan.toml"].decode()))


def changed(*edits: Edit, key: str = "p11") -> PlanDiff:
    return diff(text(key), plan_text(edited(text(key).bundle, *edits)))


def told(found: PlanDiff) -> list[tuple[str, str, str, str]]:
    return [(one.group, one.kind, one.subject.key, one.field) for one in found.changes]


def only(found: PlanDiff) -> Change:
    assert len(found.changes) == 1, told(found)
    return found.changes[0]


THE_FOUR: tuple[Edit, ...] = (
    ("plan.bpmn", 'duration("PT1H")', 'duration("PT30M")'),
    ("plan.bpmn", '<bpmn:userTask id="triage"', f'{STEP}<bpmn:userTask id="triage"'),
    ("plan.bpmn", FLOW.format("triage"), FLOW.format("ask_law")),
    ("p11_tier.dmn", RULE.format("fast"), RULE.format("slow")),
    ("plan.toml", LEGAL, ""),
)


# ------------------------------------------------------------------------ the whole


@pytest.mark.parametrize("key", KEYS)
def test_a_plan_does_not_differ_from_itself(key: str) -> None:
    again = plan_text(read_folder(LIBRARY / key))
    assert diff(text(key), again).changes == ()


def test_files_written_otherwise_say_the_same() -> None:
    one = only(changed(("plan.bpmn", "</bpmn:process>", "\n\n</bpmn:process>")))
    assert (one.group, one.field) == ("other", "formatting")


def test_four_edits_are_four_changes() -> None:
    found = changed(*THE_FOUR)
    assert told(found) == [
        ("limits", "changed", "report_1h", "due"),
        ("steps", "added", "ask_law", "step"),
        ("approvals", "removed", "legal", "row"),
        ("tables", "changed", "p11_tier", "cell"),
    ]
    limit, step, row, cell = found.changes
    assert [one.moment.terms for one in (limit.before, limit.after)] == [
        (("+", "PT1H"),),
        (("+", "PT30M"),),
    ]
    assert (limit.clauses, limit.importance) == (("P11-D1",), 3)
    assert step.after.roles == ("legal",)
    assert row.before["name"] == "法制审核"
    assert (cell.before, cell.after) == ('"fast"', '"slow"')
    assert cell.detail is not None
    assert (cell.detail.key, cell.detail.name) == ("3", "发酵趋势")
    assert found.counts == {"limits": 1, "steps": 1, "approvals": 1, "tables": 1}


def test_taken_back_they_are_the_same_four() -> None:
    there = plan_text(edited(text("p11").bundle, *THE_FOUR))
    found = diff(there, text("p11"))
    assert [(group, kind, key) for group, kind, key, _field in told(found)] == [
        ("limits", "changed", "report_1h"),
        ("steps", "removed", "ask_law"),
        ("approvals", "added", "legal"),
        ("tables", "changed", "p11_tier"),
    ]


@pytest.mark.parametrize("key", KEYS)
def test_every_two_plans_can_be_compared(key: str) -> None:
    found = diff(text(key), text("p11"))
    assert bool(found.changes) == (key != "p11")


# ---------------------------------------------------------------------- each kind


def test_a_moved_shape_is_only_layout() -> None:
    shape = '<bpmndi:BPMNShape id="triage_di" bpmnElement="triage"><dc:Bounds x="'
    one = only(changed(("plan.bpmn", shape, f"{shape}1")))
    assert (one.group, one.kind, one.field, one.subject.key) == ("other", "moved", "layout", "p11")


def test_a_shared_clock_is_told_once_where_it_stands() -> None:
    edit = ("shared/report_up.bpmn", 'duration("PT15M")', 'duration("PT10M")')
    one = only(changed(edit))
    assert (one.subject.key, one.subject.process_id) == ("report_in_time", "report_up")
    assert (one.field, one.before.beyond, one.after.beyond) == (
        "remind",
        ("-", "PT15M"),
        ("-", "PT10M"),
    )


def test_who_is_told_of_a_passed_limit() -> None:
    edit = (
        "shared/report_up.bpmn",
        'name="escalateTo" value="office"',
        'name="escalateTo" value="leader"',
    )
    one = only(changed(edit))
    assert (one.field, one.before.escalate_to, one.after.escalate_to) == (
        "escalate",
        "office",
        "leader",
    )


def test_a_role_and_a_name() -> None:
    found = changed(
        (
            "plan.bpmn",
            'id="triage" name="研判核实" camunda:candidateGroups="duty"',
            'id="triage" name="研判" camunda:candidateGroups="duty,office"',
        )
    )
    roles, name = found.changes
    assert (roles.field, roles.before, roles.after) == ("roles", ("duty",), ("duty", "office"))
    assert (name.field, name.before, name.after) == (
        "name",
        Both("研判核实", "Triage and verify"),
        Both("研判", "Triage and verify"),
    )


def test_a_condition_and_where_a_way_leads() -> None:
    flow = 'sourceRef="gw_ours" targetRef="not_ours"'
    found = changed(("plan.bpmn", flow, 'sourceRef="gw_ours" targetRef="follow"'))
    assert ("steps", "changed", "triage", "route") in told(found)
    condition = '<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">'
    one = only(changed(("plan.bpmn", condition, f"{condition}1 = 1 and ")))
    assert one.field == "condition"
    assert one.after.condition == f"1 = 1 and {one.before.condition}"


def test_form_fields() -> None:
    field = '<camunda:formField id="text" '
    body = text("p11").bundle.files["plan.bpmn"].decode()
    form = body[body.index("<camunda:formField ") :]
    first = form[: form.index(">") + 1]
    label = first.split('label="')[1].split('"')[0]
    found = changed(("plan.bpmn", f'label="{label}"', 'label="换个问法"'))
    one = only(found)
    assert (one.field, one.before.name, one.after.name) == ("field_label", label, "换个问法")
    extra = f'{field}label="又一问" type="string"/>'
    one = only(changed(("plan.bpmn", first, extra + first)))
    assert (one.kind, one.field, one.after.label) == ("added", "field", "又一问")


def test_data_handed_to_a_call_is_told_unless_it_is_a_limit() -> None:
    old = '<camunda:in sourceExpression="true" target="review_wanted" />'
    body = text("p11").bundle.files["plan.bpmn"].decode()
    handed = next(line.strip() for line in body.splitlines() if 'target="archive_wanted"' in line)
    assert old != handed
    source = handed.split("sourceExpression=")[1][1:].split(handed.split("sourceExpression=")[1][0])
    one = only(changed(("plan.bpmn", handed, handed.replace(source[0], "1 = 1"))))
    assert (one.field, one.before, one.after) == ("handed_in", source[0], "1 = 1")


def test_not_the_same_person() -> None:
    old = next(
        line.strip()
        for line in text("p11").bundle.files["shared/approve_release.bpmn"].decode().splitlines()
        if 'name="notSameAs"' in line
    )
    one = only(changed(("shared/approve_release.bpmn", old, "")))
    assert (one.group, one.field, one.after, one.importance) == ("approvals", "not_same_as", (), 3)


TOML: tuple[tuple[str, str, str, tuple[str, str, str]], ...] = (
    ("recipients", 'name = "党政办"', 'name = "党委办"', ("papers", "party_office", "row.name")),
    ("tiers", "level = 4", "level = 5", ("tables", "extraordinary", "row.level")),
    ("clocks", 'iso = "PT1H"', 'iso = "PT30M"', ("limits", "P11-D1", "row.iso")),
    ("closing", "舆情被消除或", "舆情", ("papers", "", "row.criterion")),
    ("retention", 'period = ""', 'period = "P10Y"', ("papers", "", "row.period")),
    ("settings", "default = false", "default = true", ("other", "gov_clocks", "row.default")),
    ("provisions", "各类敏感网络舆情", "各类舆情", ("other", "scope", "row.text")),
    ("roles", 'unit = { role = "unit"', 'unit = { role = "office"', ("roles", "unit", "row.role")),
    ("archive", "required = true", "required = false", ("papers", "signal", "row.required")),
    ("anchors", 'name = "平息时间"', 'name = "平静时间"', ("limits", "calmed_at", "row.name")),
    ("variables", 'settings = "context"', 'settings = "string"', ("other", "settings", "value")),
    ("title", "(县直单位)", "(县直)", ("other", "", "row.title")),
)


@pytest.mark.parametrize(("table", "old", "new", "expected"), TOML, ids=[one[0] for one in TOML])
def test_rows_of_plan_toml(table: str, old: str, new: str, expected: tuple[str, str, str]) -> None:
    bundle = text("p11").bundle
    there = edited(bundle, ("plan.toml", old, new)).manifest
    (one,) = paper_changes(bundle.manifest, there)
    assert (one.group, one.subject.key, one.field) == expected


def test_the_order_of_approvals() -> None:
    final = text("p11").bundle.files["plan.toml"].decode()
    last = final[final.index('[[approvals]]\nkind = "final"') : final.index("[closing]")]
    found = changed(("plan.toml", last, ""), ("plan.toml", LEGAL, f"{last}{LEGAL}"))
    one = only(found)
    assert (one.kind, one.group, one.field) == ("moved", "approvals", "order")
    assert [row.name for row in one.after] == ["保密审查", "签发", "法制审核"]


def test_a_clause() -> None:
    rows = text("p11").clauses
    first = next(row for row in rows if row.get("fate") == "lost")
    found = changed(("clauses.toml", str(first["text"]), "改写的文字"))
    one = only(found)
    assert (one.subject.kind, one.subject.key, one.field) == ("clause", first["id"], "row.text")


def test_rules_come_go_and_move() -> None:
    body = text("p11").bundle.files["p11_tier.dmn"].decode()
    start, end = (
        body.index('      <rule id="p11_rule_severe">'),
        body.index('      <rule id="p11_rule_sensitive">'),
    )
    rule = body[start:end]
    gone = only(changed(("p11_tier.dmn", rule, "")))
    assert (gone.kind, gone.field, gone.before.before.id) == ("removed", "rule", "p11_rule_severe")
    first = '      <rule id="p11_rule_casualties">'
    moved = only(changed(("p11_tier.dmn", rule, ""), ("p11_tier.dmn", first, rule + first)))
    assert (moved.kind, moved.field) == ("moved", "rule_order")


def test_a_shared_process_that_is_new_is_told_as_a_whole() -> None:
    body = text("p11").bundle.files["plan.bpmn"].decode()
    called = 'id="report_discretion" name="酌情信息报送" calledElement="report_up"'
    assert called in body
    found = changed(
        ("plan.bpmn", called, called.replace("report_up", "complaint")),
    )
    assert [one.field for one in found.changes if one.subject.key == "report_discretion"] == [
        "called"
    ]
    # The process left by its last caller goes as one.
    rest = changed(("plan.bpmn", 'calledElement="government_clocks"', 'calledElement="report_up"'))
    parts = [one for one in rest.changes if one.field == "part"]
    assert [(one.kind, one.subject.key) for one in parts] == [("removed", "government_clocks")]
    assert not [one for one in rest.changes if one.subject.process_id == "government_clocks"
                and one.field == "step"]  # fmt: skip


def test_what_no_rule_knows_is_still_told() -> None:
    edit = (
        "plan.bpmn",
        '<bpmn:userTask id="triage"',
        '<bpmn:userTask camunda:historyTimeToLive="9" id="triage"',
    )
    one = only(changed(edit))
    assert (one.field, one.subject.key) == ("written", "triage")


def test_a_draft_that_does_not_run_is_compared_all_the_same() -> None:
    found = changed(
        ("plan.bpmn", 'calledElement="report_up"', 'calledElement="nothing_there"'),
        ("p11_tier.dmn", "<decisionTable", "<decisionTableau"),
        ("plan.bpmn", 'sourceRef="gw_ours" targetRef="not_ours"', 'sourceRef="gw_ours"'),
    )
    assert found.after.unread
    assert ("tables", "removed", "p11_tier", "table") in told(found)


# ---------------------------------------------------------------------- the parts


def test_pairs_by_key_then_by_likeness() -> None:
    same: Callable[[str], str] = lambda one: one  # noqa: E731
    assert pair("abc", "bxc", same) == [("a", None), ("b", "b"), (None, "x"), ("c", "c")]
    assert pair("aab", "ab", same, str.upper) == [("a", "a"), ("a", None), ("b", "b")]


def test_what_has_gone_keeps_its_place() -> None:
    found = ranks([("p", "a"), ("p", "b"), ("p", "c")], [("p", "a"), ("p", "n"), ("p", "c")])
    assert sorted(found, key=lambda key: found[key]) == [
        ("p", "a"), ("p", "b"), ("p", "n"), ("p", "c"),
    ]  # fmt: skip


def test_many_new_steps_and_ways_are_compared_in_no_time() -> None:
    """Through new steps, the ways that lead to an old one multiply."""

    def plan(rungs: int) -> PlanText:
        p, before = Process("p1").start().end(), "t"
        p.user_task("t", "duty", fields=[("n", "long")]).flow("start", "t")
        for n in range(rungs):
            p.exclusive(f"g{n}", default=f"on{n}").user_task(f"k{n}", "duty").exclusive(f"m{n}")
            p.flow(before, f"g{n}").flow(f"g{n}", f"k{n}", f"t.n = {n}").flow(f"k{n}", f"m{n}")
            p.flow(f"g{n}", f"m{n}", id=f"on{n}")
            before = f"m{n}"
        p.flow(before, "end")
        return plan_text(Bundle({"plan.bpmn": document(p)}, manifest("p1")))

    found = diff(plan(0), plan(120))
    assert sum(one.kind == "added" for one in found.changes) >= 120
