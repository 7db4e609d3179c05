"""Decision tables and literal expressions: every hit policy of DMN 1.3, and its strictness."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from xml.sax.saxutils import escape, quoteattr

import pytest

from workflows.contract import Context, DeploymentError, FeelValue
from workflows.decision_table import (
    DecisionError,
    DecisionOutcome,
    DecisionTable,
    Table,
    check,
    evaluate,
    map_result,
    parse,
)
from workflows.feel import Feel, FeelError, default_feel

DMN13 = "https://www.omg.org/spec/DMN/20191111/MODEL/"
DMN12 = "http://www.omg.org/spec/DMN/20180521/MODEL/"
DMN11 = "http://www.omg.org/spec/DMN/20151101/dmn.xsd"
CONTEXT = Context(now=datetime(2026, 11, 22, 15, 2, tzinfo=UTC))

Cells = tuple[str, ...]


@pytest.fixture(scope="module")
def feel() -> Feel:
    return default_feel()


def document(*decisions: str, namespace: str = DMN13) -> bytes:
    camunda = "http://camunda.org/schema/1.0/dmn"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><definitions xmlns="{namespace}" '
        f'xmlns:camunda="{camunda}" id="d" name="d" namespace="n">{"".join(decisions)}'
        "</definitions>"
    ).encode()


def text(tag: str, content: str, **attributes: str) -> str:
    extra = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<{tag}{extra}><text>{escape(content)}</text></{tag}>"


def table(
    policy: str,
    inputs: Sequence[tuple[str, str]],
    outputs: Sequence[tuple[str, str]],
    rules: Sequence[tuple[Cells, Cells]],
    *,
    id: str = "t",
    aggregation: str = "",
    values: Sequence[str] = (),
    defaults: Sequence[str] = (),
    requires: Sequence[str] = (),
    variable: str = "",
    notes: Sequence[str] = (),
) -> str:
    """A decision element. Inputs are (expression, typeRef), outputs (name, typeRef)."""
    parts = [f'<decision id="{id}" name="{id}">']
    if variable:
        parts.append(f'<variable name="{variable}" />')
    for other in requires:
        parts.append(
            f'<informationRequirement><requiredDecision href="#{other}"/></informationRequirement>'
        )
    parts.append(f'<decisionTable hitPolicy="{policy}"')
    parts.append(f' aggregation="{aggregation}">' if aggregation else ">")
    for number, (expression, kind) in enumerate(inputs, 1):
        inner = text("inputExpression", expression, typeRef=kind)
        parts.append(f'<input id="i{number}" label="输入{number}">{inner}</input>')
    for number, (name, kind) in enumerate(outputs):
        listed = text("outputValues", values[number]) if values else ""
        default = text("defaultOutputEntry", defaults[number]) if defaults else ""
        parts.append(f'<output id="o{number}" name="{name}" typeRef="{kind}">{listed}{default}')
        parts.append("</output>")
    for number, (tests, results) in enumerate(rules, 1):
        cells = [text("inputEntry", t) for t in tests] + [text("outputEntry", r) for r in results]
        note = text("annotationEntry", notes[number - 1]) if notes else ""
        parts.append(f'<rule id="r{number}">{"".join(cells)}{note}</rule>')
    parts.append("</decisionTable></decision>")
    return "".join(parts)


def take(
    feel: Feel, decision: str, variables: dict[str, FeelValue], key: str = "t"
) -> DecisionOutcome:
    return evaluate(parse(document(decision), "t.dmn")[key], variables, CONTEXT, feel)


ONE_IN = [("reads", "number")]
ONE_OUT = [("tier", "string")]
#: 5 matches r1 and r2, 50 only r2, 500 only r3, -1 none.
RULES: list[tuple[Cells, Cells]] = [
    (("[0..10]",), ('"low"',)),
    (("[0..100]",), ('"mid"',)),
    (("> 100",), ('"high"',)),
]


# -------------------------------------------------------------- hit policies


def test_unique(feel: Feel) -> None:
    outcome = take(feel, table("UNIQUE", ONE_IN, ONE_OUT, RULES, notes="甲乙丙"), {"reads": 50})
    assert outcome.output == "mid"
    assert outcome.matched == ("r2",)
    assert outcome.rule_texts == ("乙",)
    assert outcome.inputs == {"输入1": 50}


def test_trap_unique_overlap_is_an_error_with_the_rules(feel: Feel) -> None:
    with pytest.raises(DecisionError) as caught:
        take(feel, table("UNIQUE", ONE_IN, ONE_OUT, RULES), {"reads": 5})
    assert caught.value.code == "decision_overlap"
    assert caught.value.rules == ("r1", "r2")


@pytest.mark.parametrize(
    "policy", ["UNIQUE", "ANY", "FIRST", "PRIORITY", "RULE ORDER", "OUTPUT ORDER", "COLLECT"]
)
def test_trap_no_match_is_an_error_unless_there_is_a_default(feel: Feel, policy: str) -> None:
    values = ['"high","mid","low"']
    with pytest.raises(DecisionError) as caught:
        take(feel, table(policy, ONE_IN, ONE_OUT, RULES, values=values), {"reads": -1})
    assert caught.value.code == "decision_no_match"
    assert "输入1 = -1" in caught.value.message
    with_default = table(policy, ONE_IN, ONE_OUT, RULES, values=values, defaults=['"none"'])
    outcome = take(feel, with_default, {"reads": -1})
    multiple = policy in ("RULE ORDER", "OUTPUT ORDER", "COLLECT")
    assert outcome.output == (["none"] if multiple else "none")
    assert outcome.rows == ({"tier": "none"},)
    assert outcome.matched == ()


def test_any_agrees_or_fails(feel: Feel) -> None:
    agreeing: list[tuple[Cells, Cells]] = [(("> 1",), ('"x"',)), (("> 2",), ('"x"',))]
    outcome = take(feel, table("ANY", ONE_IN, ONE_OUT, agreeing), {"reads": 3})
    assert (outcome.output, outcome.matched) == ("x", ("r1", "r2"))
    assert len(outcome.rows) == 1
    with pytest.raises(DecisionError) as caught:
        take(feel, table("ANY", ONE_IN, ONE_OUT, RULES), {"reads": 5})
    assert (caught.value.code, caught.value.rules) == ("decision_overlap", ("r1", "r2"))


def test_first(feel: Feel) -> None:
    outcome = take(feel, table("FIRST", ONE_IN, ONE_OUT, RULES), {"reads": 5})
    assert (outcome.output, outcome.matched) == ("low", ("r1",))


def test_priority_takes_the_highest_output_value(feel: Feel) -> None:
    values = ['"high", "mid", "low"']
    outcome = take(feel, table("PRIORITY", ONE_IN, ONE_OUT, RULES, values=values), {"reads": 5})
    assert outcome.output == "mid"
    assert (outcome.matched, outcome.also_matched) == (("r2",), ("r1",))


def test_priority_names_every_rule_that_gives_the_winner(feel: Feel) -> None:
    rules: list[tuple[Cells, Cells]] = [*RULES, (("5",), ('"mid"',))]
    values = ['"high", "mid", "low"']
    notes = ["a", "b", "c", "d"]
    decision = table("PRIORITY", ONE_IN, ONE_OUT, rules, values=values, notes=notes)
    outcome = take(feel, decision, {"reads": 5})
    assert outcome.matched == ("r2", "r4")
    assert outcome.rule_texts == ("b", "d")
    assert outcome.rows == ({"tier": "mid"},)


def test_priority_of_several_outputs_goes_column_by_column(feel: Feel) -> None:
    outputs = [("tier", "number"), ("who", "string")]
    rules: list[tuple[Cells, Cells]] = [
        (("-",), ("3", '"office"')),
        (("-",), ("4", '"duty"')),
        (("-",), ("4", '"leader"')),
    ]
    values = ["4, 3", '"leader","office","duty"']
    outcome = take(feel, table("PRIORITY", ONE_IN, outputs, rules, values=values), {"reads": 1})
    assert outcome.output == {"tier": 4, "who": "leader"}
    order = take(feel, table("OUTPUT ORDER", ONE_IN, outputs, rules, values=values), {"reads": 1})
    assert order.matched == ("r3", "r2", "r1")


def test_priority_of_an_unlisted_value_is_an_error(feel: Feel) -> None:
    decision = table("PRIORITY", ONE_IN, ONE_OUT, RULES, values=['"high","low"'])
    with pytest.raises(DecisionError) as caught:
        take(feel, decision, {"reads": 5})
    assert (caught.value.code, caught.value.rules) == ("decision_type", ("r2",))


def test_rule_order_and_output_order(feel: Feel) -> None:
    values = ['"high","mid","low"']
    by_rule = take(feel, table("RULE ORDER", ONE_IN, ONE_OUT, RULES, values=values), {"reads": 5})
    assert by_rule.output == ["low", "mid"]
    by_value = take(
        feel, table("OUTPUT ORDER", ONE_IN, ONE_OUT, RULES, values=values), {"reads": 5}
    )
    assert by_value.output == ["mid", "low"]
    assert by_value.matched == ("r2", "r1")


NUMBERS: list[tuple[Cells, Cells]] = [
    (("> 0",), ("0.1",)),
    (("> 1",), ("0.2",)),
    (("> 2",), ("0.2 + 0.3",)),
    (("> 99",), ("99",)),
]


@pytest.mark.parametrize(
    ("aggregation", "expected"),
    [("", [0.1, 0.2, 0.5]), ("SUM", 0.8), ("MIN", 0.1), ("MAX", 0.5), ("COUNT", 3)],
)
def test_collect(feel: Feel, aggregation: str, expected: FeelValue) -> None:
    decision = table("COLLECT", ONE_IN, [("n", "number")], NUMBERS, aggregation=aggregation)
    outcome = take(feel, decision, {"reads": 3})
    assert outcome.output == expected
    assert outcome.matched == ("r1", "r2", "r3")
    if aggregation:
        assert outcome.rows == ({"n": expected},)


def test_collect_aggregates_durations_but_not_text(feel: Feel) -> None:
    rules: list[tuple[Cells, Cells]] = [
        (("-",), ('duration("PT1H")',)),
        (("-",), ('duration("PT30M")',)),
    ]
    out = [("d", "dayTimeDuration")]
    total = table("COLLECT", ONE_IN, out, rules, aggregation="SUM")
    assert take(feel, total, {"reads": 1}).output == timedelta(minutes=90)
    least = table("COLLECT", ONE_IN, out, rules, aggregation="MIN")
    assert take(feel, least, {"reads": 1}).output == timedelta(minutes=30)
    words = table("COLLECT", ONE_IN, ONE_OUT, RULES, aggregation="SUM")
    with pytest.raises(DecisionError) as caught:
        take(feel, words, {"reads": 5})
    assert caught.value.code == "decision_result"


# --------------------------------------------------------- cells and types


@pytest.mark.parametrize(
    ("cell", "value", "matches"),
    [
        ('"微博","抖音"', "抖音", True),
        ('"微博","抖音"', "报纸", False),
        ('not("微博")', "报纸", True),
        ('not("微博","抖音")', "抖音", False),
        ("-", "x", True),
        ("", "x", True),
        ("-", None, True),
        ('contains(?, "死")', "五死", True),
    ],
)
def test_trap_cells_the_stock_engine_never_matches(
    feel: Feel, cell: str, value: FeelValue, matches: bool
) -> None:
    decision = table("FIRST", [("m", "string")], [("o", "boolean")], [
        ((cell,), ("true",)), (("-",), ("false",)),
    ])  # fmt: skip
    assert take(feel, decision, {"m": value}).output is matches


@pytest.mark.parametrize(("value", "matches"), [(5, True), (20, True), (20.5, False), (4, False)])
def test_trap_an_interval_cell_runs(feel: Feel, value: float, matches: bool) -> None:
    rules: list[tuple[Cells, Cells]] = [(("[5..20]",), ("true",)), (("-",), ("false",))]
    decision = table("FIRST", ONE_IN, [("o", "boolean")], rules)
    assert take(feel, decision, {"reads": value}).output is matches


def test_trap_number_against_string_is_a_clear_error(feel: Feel) -> None:
    with pytest.raises(DecisionError) as caught:
        take(feel, table("FIRST", ONE_IN, ONE_OUT, RULES), {"reads": "50"})
    assert caught.value.code == "decision_type"
    assert "输入1 must be number, is string" in caught.value.message


def test_a_cell_may_use_other_variables_and_dates(feel: Feel) -> None:
    rules: list[tuple[Cells, Cells]] = [
        (("< today()",), ('limit + "!"',)),
        ((">= today()",), ("null",)),
    ]
    decision = table("UNIQUE", [("day", "date")], ONE_OUT, rules)
    assert take(feel, decision, {"day": date(2026, 11, 21), "limit": "x"}).output == "x!"
    outcome = take(feel, decision, {"day": date(2026, 11, 22), "limit": "x"})
    assert (outcome.output, outcome.matched) == (None, ("r2",))


@pytest.mark.parametrize(
    ("rules", "rule"),
    [
        ([(("> nope",), ('"x"',))], ("r1",)),
        ([(("> 1 >",), ('"x"',))], ("r1",)),
        ([(("> 1",), ("nope",))], ("r1",)),
        ([(("> 1",), ('"x" +',))], ("r1",)),
    ],
)
def test_a_faulty_cell_is_an_error_with_its_rule(
    feel: Feel, rules: list[tuple[Cells, Cells]], rule: tuple[str, ...]
) -> None:
    with pytest.raises(DecisionError) as caught:
        take(feel, table("UNIQUE", ONE_IN, ONE_OUT, rules), {"reads": 5})
    assert (caught.value.code, caught.value.rules) == ("expression_error", rule)


def test_an_input_that_is_not_there_is_an_error_and_null_is_a_value(feel: Feel) -> None:
    decision = table("FIRST", [("signal.reads", "number")], ONE_OUT, [*RULES, (("-",), ('"?"',))])
    with pytest.raises(DecisionError) as caught:
        take(feel, decision, {"signal": {}})
    assert caught.value.code == "expression_error"
    assert take(feel, decision, {"signal": {"reads": None}}).output == "?"


def test_an_output_of_the_wrong_type_is_an_error(feel: Feel) -> None:
    decision = table("FIRST", ONE_IN, ONE_OUT, [(("-",), ("4",))])
    with pytest.raises(DecisionError) as caught:
        take(feel, decision, {"reads": 1})
    assert (caught.value.code, caught.value.rules) == ("decision_type", ("r1",))


def test_a_runaway_cell_is_stopped(feel: Feel) -> None:
    rules: list[tuple[Cells, Cells]] = [(("count(for i in 1..100000000 return i)",), ('"x"',))]
    with pytest.raises(FeelError) as caught:
        take(feel, table("FIRST", ONE_IN, ONE_OUT, rules), {"reads": 1})
    assert caught.value.code == "expression_timeout"


def test_the_whole_table_is_one_call(feel: Feel, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    call = feel._isolate.call

    def counted(function: str, request: object, seconds: float) -> object:
        calls.append(function)
        return call(function, request, seconds)

    monkeypatch.setattr(feel._isolate, "call", counted)
    values = ['"high","mid","low"']
    take(feel, table("PRIORITY", ONE_IN, ONE_OUT, RULES, values=values), {"reads": 5})
    assert calls == ["table"]


# ------------------------------------------------------- required decisions


LITERAL = (
    '<decision id="sum" name="总量"><variable name="volume" typeRef="number"/>'
    "<literalExpression><text>reads + comments * 10</text></literalExpression></decision>"
)


def test_literal_expression(feel: Feel) -> None:
    outcome = take(feel, LITERAL, {"reads": 1, "comments": 2}, "sum")
    assert outcome.output == 21
    assert outcome.rows == ({"volume": 21},)
    assert map_result(outcome, "singleEntry") == 21
    with pytest.raises(DecisionError) as caught:
        take(feel, LITERAL, {"reads": 1}, "sum")
    assert caught.value.code == "expression_error"


def test_required_decisions_are_taken_in_order(feel: Feel) -> None:
    middle = table(
        "FIRST", [("volume", "number")], [("heat", "string")],
        [(("> 20",), ('"hot"',)), (("-",), ('"cold"',))],
        id="mid", requires=["sum"], variable="temperature",
    )  # fmt: skip
    top = table(
        "UNIQUE",
        [("temperature", "string"), ("heat", "string"), ("mid", "string"), ("volume", "number")],
        [("tier", "number")],
        [(('"hot"', '"hot"', '"hot"', "> 20"), ("4",)), (('"cold"', "-", "-", "-"), ("1",))],
        id="top", requires=["mid", "sum"],
    )  # fmt: skip
    decisions = parse(document(top, middle, LITERAL), "t.dmn")
    assert list(decisions) == ["top", "mid", "sum"]
    outcome = evaluate(decisions["top"], {"reads": 1, "comments": 2}, CONTEXT, feel)
    assert outcome.output == 4
    assert [o.decision for o in outcome.required] == ["sum", "mid"]
    assert [o.output for o in outcome.required] == [21, "hot"]
    names = {"reads": "number", "comments": "number"}
    assert check(decisions["top"], names, feel) == []


# ------------------------------------------------------------------ mapping


def test_map_result(feel: Feel) -> None:
    outputs = [("tier", "number"), ("who", "string")]
    rules: list[tuple[Cells, Cells]] = [(("> 1",), ("4", '"a"')), (("> 2",), ("3", '"b"'))]
    many = take(feel, table("COLLECT", ONE_IN, outputs, rules), {"reads": 3})
    one = take(feel, table("FIRST", ONE_IN, outputs, rules), {"reads": 3})
    rows = [{"tier": 4, "who": "a"}, {"tier": 3, "who": "b"}]
    assert map_result(many, "resultList") == map_result(many, "") == rows
    assert map_result(one, "singleResult") == rows[0]
    assert map_result(one, "resultList") == rows[:1]
    listed = take(feel, table("COLLECT", ONE_IN, ONE_OUT, RULES), {"reads": 5})
    assert map_result(listed, "collectEntries") == ["low", "mid"]
    single = take(feel, table("FIRST", ONE_IN, ONE_OUT, RULES), {"reads": 5})
    assert map_result(single, "singleEntry") == "low"
    for outcome, mode in [
        (many, "singleResult"), (many, "singleEntry"), (many, "collectEntries"),
        (one, "singleEntry"), (one, "collectEntries"), (listed, "singleEntry"),
    ]:  # fmt: skip
        with pytest.raises(DecisionError) as caught:
            map_result(outcome, mode)  # type: ignore[arg-type]
        assert caught.value.code == "decision_result"


# ------------------------------------------------------------------ parsing


@pytest.mark.parametrize("namespace", [DMN11, DMN12, DMN13])
def test_three_versions_of_dmn(feel: Feel, namespace: str) -> None:
    data = document(table("FIRST", ONE_IN, ONE_OUT, RULES), namespace=namespace)
    assert evaluate(parse(data)["t"], {"reads": 5}, CONTEXT, feel).output == "low"


MODELER = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"
  xmlns:dmndi="https://www.omg.org/spec/DMN/20191111/DMNDI/"
  xmlns:camunda="http://camunda.org/schema/1.0/dmn" id="Definitions_1" name="DRD"
  namespace="http://camunda.org/schema/1.0/dmn" exporter="Camunda Modeler">
  <itemDefinition id="Item_1" name="tTier" isCollection="false"><typeRef>string</typeRef>
    <allowedValues><text>"high","low"</text></allowedValues></itemDefinition>
  <inputData id="reads_data" name="reads" />
  <decision id="grading" name="分级" camunda:historyTimeToLive="180">
    <informationRequirement id="ir"><requiredInput href="#reads_data" /></informationRequirement>
    <decisionTable id="DecisionTable_1">
      <input id="Input_1" camunda:inputVariable="clicks">
        <inputExpression id="InputExpression_1" typeRef="long"><text>signal.reads</text>
        </inputExpression>
        <inputValues><text>&gt;= 0</text></inputValues>
      </input>
      <output id="Output_1" label="等级" name="tier" typeRef="tTier"/>
      <annotation name="依据" />
      <rule id="R1"><description>阅读量超过十万</description>
        <inputEntry id="u1"><text>clicks &gt; 100000</text></inputEntry>
        <outputEntry id="l1"><text>"high"</text></outputEntry></rule>
      <rule id="R2">
        <inputEntry id="u2" expressionLanguage="feel"><text>&lt;= 100000</text></inputEntry>
        <outputEntry id="l2"><text>"low"</text></outputEntry></rule>
    </decisionTable>
  </decision>
  <dmndi:DMNDI><dmndi:DMNDiagram/></dmndi:DMNDI>
</definitions>""".encode()


def test_a_file_of_camunda_modeler(feel: Feel) -> None:
    decision = parse(MODELER, "grading.dmn")["grading"]
    assert isinstance(decision.logic, Table)
    assert decision.logic.hit_policy == "UNIQUE"
    assert decision.logic.outputs[0].type == "string"
    assert check(decision, {"signal.reads": "number"}, feel) == []
    outcome = evaluate(decision, {"signal": {"reads": 200_000}}, CONTEXT, feel)
    assert (outcome.output, outcome.matched) == ("high", ("R1",))
    assert outcome.rule_texts == ("阅读量超过十万",)
    assert outcome.inputs == {"signal.reads": 200_000}
    with pytest.raises(DecisionError) as caught:
        evaluate(decision, {"signal": {"reads": -5}}, CONTEXT, feel)
    assert caught.value.code == "decision_type"


def _finding(data: bytes) -> tuple[str, str]:
    with pytest.raises(DeploymentError) as caught:
        parse(data, "t.dmn")
    first = caught.value.findings[0]
    assert first.file == "t.dmn"
    return first.code, first.element


def test_what_cannot_be_run_is_refused_with_its_element() -> None:
    good = table("FIRST", ONE_IN, ONE_OUT, RULES)
    assert _finding(document(good.replace("FIRST", "BEST"))) == ("decision_hit_policy", "t")
    assert _finding(document(table("FIRST", ONE_IN, ONE_OUT, RULES, aggregation="SUM"))) == (
        "decision_hit_policy",
        "t",
    )
    assert _finding(document(table("FIRST", ONE_IN, ONE_OUT, [((), ("1",))]))) == (
        "decision_shape",
        "r1",
    )
    assert _finding(document(table("FIRST", [("x", "colour")], ONE_OUT, RULES))) == (
        "decision_type",
        "i1",
    )
    assert _finding(document(table("FIRST", ONE_IN, ONE_OUT, RULES, requires=["gone"]))) == (
        "decision_required",
        "t",
    )
    scripted = good.replace("<inputExpression", '<inputExpression expressionLanguage="groovy"')
    assert _finding(document(scripted)) == ("decision_language", "i1")
    assert _finding(document('<decision id="c" name="c"><context/></decision>')) == (
        "decision_logic",
        "c",
    )
    loop = [table("FIRST", ONE_IN, ONE_OUT, RULES, id=a, requires=[b]) for a, b in ("ab", "ba")]
    assert _finding(document(*loop)) == ("decision_cycle", "a")
    assert _finding(document(good, good)) == ("decision_duplicate", "t")
    assert _finding(b"<definitions/>")[0] == "not_dmn"
    assert _finding(b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>')[0] == "has_dtd"


# ------------------------------------------------------------- deployment


def _check(feel: Feel, decision: str, names: dict[str, str | None] | None) -> list[tuple[str, str]]:
    parsed: DecisionTable = parse(document(decision), "t.dmn")["t"]
    return [(f.code, f.element) for f in check(parsed, names, feel)]


def test_every_cell_is_checked(feel: Feel) -> None:
    names: dict[str, str | None] = {"reads": "number"}
    rules: list[tuple[Cells, Cells]] = [
        (("[5..20]",), ('"a"',)),
        (('"1"',), ('"b"',)),
        (("> 3 >",), ('"c"',)),
        (("> nope",), ("nope",)),
        (("-",), ('"d',)),
        (("",), ("null",)),
        (("-",), ("4",)),
    ]
    assert _check(feel, table("FIRST", ONE_IN, ONE_OUT, RULES), names) == []
    assert _check(feel, table("FIRST", ONE_IN, ONE_OUT, rules), names) == [
        ("feel_type_mismatch", "r2"),
        ("feel_syntax", "r3"),
        ("feel_unknown_name", "r4"),
        ("feel_unknown_name", "r4"),
        ("feel_syntax", "r5"),
        ("feel_type_mismatch", "r7"),
    ]
    assert ("feel_unknown_name", "i1") in _check(
        feel, table("FIRST", [("raeds", "number")], ONE_OUT, RULES), names
    )
    assert _check(feel, table("FIRST", [("raeds", "number")], ONE_OUT, RULES), None) == []
    assert _check(feel, table("FIRST", ONE_IN, ONE_OUT, RULES), {"reads": "string"}) == [
        ("feel_type_mismatch", "i1")
    ]


def test_priority_needs_output_values(feel: Feel) -> None:
    names: dict[str, str | None] = {"reads": "number"}
    assert _check(feel, table("PRIORITY", ONE_IN, ONE_OUT, RULES), names) == [
        ("decision_priorities", "o0")
    ]
