"""The clocks and tier tables of the plan library: those of the sources and no others."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.acceptance.stories.clocked import limit, source_clocks
from tests.unit.plan_driver import PLANS, bundle, definition, manifest, read
from workflows import decision_table
from workflows.contract import Context, Element
from workflows.decision_table import DecisionOutcome
from workflows.feel import default_feel

#: Plans whose timers are worked out here in FEEL; those of the others are held against the same
#: table by the stories, which meet and miss each of them.
WORKED_OUT = ("p04", "p11")


# ------------------------------------------------------------------- deadlines


@pytest.mark.parametrize("key", PLANS)
def test_every_deadline_reminds_is_due_and_escalates(key: str) -> None:
    by_host: dict[str, dict[str, Element]] = {}
    for element in definition(key).elements.values():
        if element.deadline_kind:
            kinds = by_host.setdefault(element.attached_to, {})
            assert element.deadline_kind not in kinds, element.path
            kinds[element.deadline_kind] = element
            assert not element.interrupting, element.path
            # One without an anchor counts from a day somebody named, never from an anchor unsaid.
            if not element.anchor:
                said = set(re.findall(r"[a-z_]+", element.timer))
                assert said and not said & definition(key).anchors, element.path
    timed = [row for row in manifest(key)["clocks"] if row["kind"] in {"hard", "day"}]
    assert by_host or not timed
    for host, kinds in by_host.items():
        assert set(kinds) == {"remind", "due", "escalate"}, host
        ours = {kinds["remind"].origin, kinds["escalate"].origin}
        assert ours <= {"baseline", "overlay"}, host
        assert kinds["escalate"].escalate_to, host


@pytest.mark.parametrize("key", PLANS)
def test_clocks_are_those_of_the_source(key: str) -> None:
    """Every row of the table of the texts' own numbers, its kind and its length."""
    prefix = f"{key.upper()}-"
    source = {id: row for id, row in source_clocks().items() if id.startswith(prefix)}
    written: dict[str, set[str]] = {}
    for row in manifest(key)["clocks"]:
        written.setdefault(row["id"], set()).update({row["iso"]} - {""})
        assert row["kind"] == source[row["id"]].kind, row["id"]
    assert {id: sorted(isos) for id, isos in written.items()} == {
        id: sorted(row.iso) for id, row in source.items()
    }


@pytest.mark.parametrize("key", WORKED_OUT)
def test_diagram_runs_the_clocks_of_the_manifest_and_no_others(key: str) -> None:
    """Each due timer is worked out in FEEL and held against its clock's number."""
    untimed = {
        call.path for call in read(key).calls.values()
        if any(m.target == "timed" and m.expression == "false" for m in call.ins)
    }  # fmt: skip
    dues = {
        e.attached_to: e for e in definition(key).elements.values()
        if e.deadline_kind == "due" and e.origin != "overlay"
        and e.path.rpartition("/")[0] not in untimed
    }  # fmt: skip
    timed = {
        row["element"]: row for row in manifest(key)["clocks"]
        if row["iso"] and row["kind"] != "cover"
    }  # fmt: skip
    # A phone call comes under the one-hour clock too: the same limit by another way.
    also = {"report_by_phone/oral_report": "P04-D1"} if key == "p04" else {}
    anchors = {row["id"]: row["anchor"] for row in manifest(key)["clocks"]}
    assert set(dues) == set(timed) | set(also)
    for host, timer in dues.items():
        id = also.get(host) or timed[host]["id"]
        [iso] = source_clocks()[id].iso
        assert _moment(key, timer) == limit(iso, ANCHORS[anchors[id]]), host


ANCHORS = {
    "discovered_at": datetime(2026, 3, 10, 15, 2, tzinfo=UTC),
    "opened_at": datetime(2026, 3, 10, 15, 4, tzinfo=UTC),
    "graded_at": datetime(2026, 3, 10, 15, 6, tzinfo=UTC),
    "oral_at": datetime(2026, 3, 10, 15, 20, tzinfo=UTC),
    "settled_at": datetime(2026, 3, 12, 2, 0, tzinfo=UTC),
    "calmed_at": datetime(2026, 3, 13, 3, 0, tzinfo=UTC),
}


def _moment(key: str, timer: Element) -> object:
    context = Context(now=ANCHORS["graded_at"], anchors=ANCHORS)
    variables: dict[str, Any] = {
        "triage": {"basis": "first"}, "grade": {"tier": "major", "level": 3},
    }  # fmt: skip
    call, _, _ = timer.path.rpartition("/")
    if call in read(key).calls:
        given = read(key).calls[call].ins
        variables = {
            m.target: default_feel().evaluate(m.expression, variables, context) for m in given
        }
    return default_feel().evaluate(timer.timer, variables, context)


# --------------------------------------------------------------------- tables


def _decide(key: str, id: str, **triage: Any) -> DecisionOutcome:
    tables = decision_table.parse(bundle(key).files[f"{id}.dmn"])
    context = Context(now=ANCHORS["graded_at"])
    return decision_table.evaluate(tables[id], {"triage": triage}, context, default_feel())


NOTHING = {
    "casualties": False, "severe": False, "sensitive": False, "mainstream": False,
    "major_impact": False, "trend": "flat", "within_50": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("answers", "tier", "rule"),
    [
        ({"casualties": True}, "extraordinary", "p11_rule_casualties"),
        ({"severe": True, "trend": "fast"}, "extraordinary", "p11_rule_severe"),
        ({"casualties": True, "mainstream": True, "major_impact": True, "trend": "fast"},
         "extraordinary", "p11_rule_casualties"),
        ({"sensitive": True, "trend": "fast", "major_impact": True}, "major", "p11_rule_sensitive"),
        ({"mainstream": True, "major_impact": True}, "major", "p11_rule_mainstream"),
        ({"sensitive": True, "trend": "fast"}, "considerable", "p11_rule_rising"),
        ({"trend": "rising", "within_50": True}, "considerable", "p11_rule_rising"),
        ({"within_50": True}, "general", "p11_rule_general"),
        ({}, "considerable", "p11_rule_gap_size"),
        ({"mainstream": True, "within_50": True}, "considerable", "p11_rule_gap_media"),
    ],
)  # fmt: skip
def test_tier_of_plan_11(answers: dict[str, Any], tier: str, rule: str) -> None:
    outcome = _decide("p11", "p11_tier", **{**NOTHING, **answers})
    assert decision_table.map_result(outcome, "singleEntry") == tier
    assert rule in outcome.matched
    assert all(text for text in outcome.rule_texts)


def test_some_tier_of_plan_11_answers_every_combination() -> None:
    keys = [key for key in NOTHING if key != "trend"]
    for number in range(2 ** len(keys)):
        answers = {key: bool(number >> place & 1) for place, key in enumerate(keys)}
        for trend in ("flat", "rising", "fast"):
            outcome = _decide("p11", "p11_tier", **answers, trend=trend)
            assert decision_table.map_result(outcome, "singleEntry"), answers


@pytest.mark.parametrize(("major", "tier"), [(True, "major"), (False, "other")])
def test_tier_of_plan_4(major: bool, tier: str) -> None:
    outcome = _decide("p04", "p04_tier", major=major)
    assert decision_table.map_result(outcome, "singleEntry") == tier


#: Plans that propose a tier by a table of their own; in the others a person grades unaided.
TABLED = tuple(key for key in PLANS if f"{key}_tier.dmn" in bundle(key).files)


def test_plans_whose_text_has_tiers_propose_them_by_a_table() -> None:
    assert {"p03", "p04", "p06", "p11"} <= set(TABLED)


@pytest.mark.parametrize("key", TABLED)
def test_table_names_only_tiers_and_questions_of_the_plan(key: str) -> None:
    questions = {f"triage.{f.id}": None for f in definition(key).elements["triage"].form_fields}
    tiers = {tier["key"] for tier in manifest(key)["tiers"]}
    for table in decision_table.parse(bundle(key).files[f"{key}_tier.dmn"]).values():
        assert decision_table.check(table, {"triage": "context", **questions}, default_feel()) == []
        assert isinstance(table.logic, decision_table.Table)
        assert {rule.outputs[0].strip('"') for rule in table.logic.rules} == tiers
        levels = {tier["key"]: tier["level"] for tier in manifest(key)["tiers"]}
        order = [levels[value.strip().strip('"')] for value in table.logic.outputs[0].values]
        assert order == sorted(order, reverse=True), "the highest tier comes first"
