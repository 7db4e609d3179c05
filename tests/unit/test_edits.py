"""Edits of a plan's files: only what is meant changes, and every drawing stays one to be read."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

import pytest
from lxml import etree

from services.plan_folder import read_folder
from tests.unit.drawing import BPMN, Drawing
from tests.unit.plan_driver import LIBRARY
from workflows import catalogue
from workflows.edits import cut, deadlines, hang, insert, manifest, skip, spans, steps, swap, tiers
from workflows.edits import timers as timer_texts
from workflows.edits.hang import Clock
from workflows.edits.new_text import NewTask
from workflows.edits.refusal import CannotEdit
from workflows.edits.skip import Names
from workflows.edits.spans import Span
from workflows.edits.tiers import Tiers
from workflows.edits.tree import Source

DIAGRAMS = sorted(LIBRARY.glob("*/*.bpmn"))
#: Plans with sub-processes, lanes, loops and called parts; the others are drawn by the same hand.
SOME = ("p11/plan", "shared/approve_release", "shared/complaint")
TIERS = Tiers({"low": 1, "middle": 2, "high": 3})


def changed(before: bytes, after: bytes) -> list[str]:
    """The lines taken out (-) and put in (+)."""
    lines = unified_diff(before.decode().split("\n"), after.decode().split("\n"), n=0, lineterm="")
    return [
        line[0] + line[1:].strip()
        for line in lines
        if line[0] in "+-" and not line.startswith(("+++", "---"))
    ]


def require_readable(data: bytes) -> Drawing:
    """The rules of tests/unit/test_library_drawing.py."""
    drawing = Drawing(data)
    assert drawing.undrawn() == []
    assert list(drawing.overlaps()) == []
    assert drawing.slanting() == []
    assert list(drawing.crossings()) == []
    assert list(drawing.struck_labels()) == []
    listed: dict[str, str] = {}
    root = etree.fromstring(data)
    for lane in root.iter(f"{BPMN}lane"):
        for reference in lane.iterchildren(f"{BPMN}flowNodeRef"):
            assert reference.text not in listed
            listed[str(reference.text)] = str(lane.get("id"))
    if listed:
        assert set(listed) == {id for id in drawing.nodes if id not in drawing.inside}
    for id, lane_id in listed.items():
        if id not in drawing.hosts:
            assert drawing.shapes[lane_id].holds(drawing.shapes[id]), (id, lane_id)
    require_tied(root)
    return drawing


def require_tied(root: etree._Element) -> None:
    """Whatever names an element names one there is, and flows are named where they end."""
    ids = {node.get("id") for node in root.iter() if node.get("id")}
    flows = {
        flow.get("id"): (flow.get("sourceRef"), flow.get("targetRef"))
        for flow in root.iter(f"{BPMN}sequenceFlow")
    }
    for node in root.iter(etree.Element):
        for name in ("sourceRef", "targetRef", "attachedToRef", "bpmnElement", "default"):
            assert node.get(name) is None or node.get(name) in ids, (node.get("id"), name)
        for end, tag in enumerate(("outgoing", "incoming")):
            named = [child.text for child in node.iterchildren(f"{BPMN}{tag}")]
            if named:
                own = [id for id, ends in flows.items() if ends[end] == node.get("id")]
                assert sorted(map(str, named)) == sorted(map(str, own)), node.get("id")


def untouched(before: bytes, after: bytes, *ids: str) -> None:
    """Every other element of the process says what it said, to the letter; only the references
    to flows and lanes may differ."""
    old, new = Source(before, ""), Source(after, "")
    for id, node in old.by_id.items():
        if node.name not in ("userTask", "callActivity", "exclusiveGateway", "sequenceFlow"):
            continue
        if id in ids or node.name == "subProcess":
            continue
        assert _bare(old.raw(node)) == _bare(new.raw(new.node(id))), id


def _bare(text: str) -> list[str]:
    return [
        line for line in text.split("\n") if "incoming>" not in line and "outgoing>" not in line
    ]


def some() -> Iterator[tuple[str, bytes, Source]]:
    for name in SOME:
        data = (LIBRARY / f"{name}.bpmn").read_bytes()
        yield name, data, Source(data, name)


def tasks(source: Source) -> list[str]:
    return [node.id for node in source.root.walk() if node.name == "userTask"]


# ------------------------------------------------------------------------------- the text


@pytest.mark.parametrize("path", DIAGRAMS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_file_read_and_written_is_the_same_bytes(path: Path) -> None:
    data = path.read_bytes()
    source = Source(data, path.name)
    assert source.done() == data
    for node in source.root.walk():
        assert data[node.start : node.start + 1] == b"<"
        assert data[node.end - 1 : node.end] == b">"


def test_a_name_is_changed_and_nothing_else() -> None:
    data = (LIBRARY / "p11/plan.bpmn").read_bytes()
    after = steps.rename(data, "plan.bpmn", "report_1h", '半小时"内"报送', "Within half an hour")
    assert changed(data, after) == [
        '-<bpmn:callActivity id="report_1h" name="1小时内信息报送" calledElement="report_up">',
        '+<bpmn:callActivity id="report_1h" name="半小时&quot;内&quot;报送" '
        'calledElement="report_up">',
        '-<camunda:property name="name.en" value="Report up within 1 hour" />',
        '+<camunda:property name="name.en" value="Within half an hour" />',
    ]
    assert (
        steps.rename(after, "", "report_1h", "1小时内信息报送", "Report up within 1 hour") == data
    )


def test_a_field_of_an_elements_name_is_not_taken_for_it() -> None:
    data = (LIBRARY / "p01/plan.bpmn").read_bytes()
    after = cut.remove_step(data, "plan.bpmn", "meeting")
    assert 'formField id="meeting"' in after.decode()
    require_readable(after)


def test_a_file_of_another_encoding_is_left_alone() -> None:
    text = (LIBRARY / "shared/fact_check.bpmn").read_text("utf-8").replace("UTF-8", "gb18030", 1)
    with pytest.raises(CannotEdit, match="not_utf8"):
        Source(text.encode("gb18030"), "fact_check.bpmn")


# ------------------------------------------------------------------------------- deadlines


def place_in(plan: str, path: str) -> tuple[dict[str, bytes], catalogue.Place]:
    bundle = read_folder(LIBRARY / plan)
    read = catalogue.read(bundle.files, bundle.manifest)
    return dict(bundle.files), next(place for place in read.root.walk() if place.path == path)


def test_a_limit_handed_in_is_changed_at_its_call() -> None:
    files, place = place_in("p11", "report_1h")
    now = deadlines.of(place, "report_in_time")
    assert now is not None and now.handed is not None
    assert (now.span, now.remind, now.escalate) == (Span(1, "hours"), 15, 5)
    after, told = deadlines.change(files, place, "report_in_time", Span(30, "minutes"))
    assert told == ()
    assert {name for name in files if files[name] != after[name]} == {"plan.bpmn"}
    assert changed(files["plan.bpmn"], after["plan.bpmn"]) == [
        """-<camunda:in sourceExpression='duration("PT1H")' target="limit" />""",
        """+<camunda:in sourceExpression='duration("PT30M")' target="limit" />""",
    ]
    _, told = deadlines.change(files, place, "report_in_time", Span(10, "minutes"))
    assert told == ("remind_early",)
    with pytest.raises(CannotEdit, match="needs_duration"):
        deadlines.change(files, place, "report_in_time", Span(1, "working_days"))


def test_no_limit_where_the_caller_hands_in_none() -> None:
    _, place = place_in("p11", "report_discretion")
    assert deadlines.of(place, "report_in_time") is None


def test_reminder_and_escalation_move_with_their_limit() -> None:
    files, place = place_in("p11", "")
    after, told = deadlines.change(files, place, "first_statement", Span(12, "hours"))
    assert told == ()
    assert [line for line in changed(files["plan.bpmn"], after["plan.bpmn"]) if line[0] == "+"] == [
        f'+<bpmn:timerEventDefinition id="golden_{kind}_timer"><bpmn:timeDate '
        f'xsi:type="bpmn:tFormalExpression">discovered_at + duration("PT{hours}H")'
        "</bpmn:timeDate></bpmn:timerEventDefinition>"
        for kind, hours in (("remind", 8), ("due", 12), ("escalate", 13))
    ]
    after, told = deadlines.change(files, place, "first_statement", Span(3, "hours"))
    assert told == ("remind_moved",)
    again = catalogue.read(after, {"process": "p11", "roles": {}}).root
    now = deadlines.of(again, "first_statement")
    assert now is not None
    assert (now.span, now.remind, now.escalate) == (Span(3, "hours"), 90, 60)


def test_a_limit_may_become_the_end_of_a_day_from_another_moment() -> None:
    files, place = place_in("p11", "")
    after, _ = deadlines.change(
        files, place, "first_statement", Span(3, "working_days"), anchor="graded_at"
    )
    now = deadlines.of(catalogue.read(after, {"process": "p11", "roles": {}}).root,
                       "first_statement")  # fmt: skip
    assert now is not None
    assert (now.head, now.span) == ("graded_at", Span(3, "working_days"))
    assert (now.remind, now.escalate) == (240, 60)
    assert after["plan.bpmn"].count(b'name="anchor" value="graded_at"') == 3


@pytest.mark.parametrize(
    ("kind", "text", "head", "span"),
    [
        ("duration", "PT90M", "", Span(90, "minutes")),
        ("duration", "P2D", "", Span(2, "days")),
        ("date", 'a_at + duration("PT24H")', "a_at", Span(24, "hours")),
        ("date", "end of day(now())", "", Span(0, "day_ends")),
        ("date", "end of day after(calmed_at, 3)", "calmed_at", Span(3, "day_ends")),
        ("date", "end of day(add working days(a_at, 5))", "a_at", Span(5, "working_days")),
        ("date", "add working days(a_at, 5)", "a_at", Span(5, "working_days")),
    ],
)
def test_timer_texts_are_taken_apart_and_put_together(
    kind: str, text: str, head: str, span: Span
) -> None:
    found = timer_texts.read(kind, text)
    assert found is not None
    assert (found.head, found.span) == (head, span)
    again = timer_texts.read(*timer_texts.write(head, span))
    assert again is not None
    assert (again.head, again.span) == (head, span)


def test_timers_of_no_known_form_are_left_to_the_diagram() -> None:
    assert timer_texts.read("date", "if x then a_at else b_at + 1") is None
    assert timer_texts.read("cycle", "R3/PT10M") is None
    assert spans.read_iso("PT20S") is None


# --------------------------------------------------------------------------------- drawing


def test_a_step_fits_behind_every_step() -> None:
    count = 0
    for name, data, source in some():
        for id in tasks(source)[1::5]:
            flows = [
                n.id for n in source.root.walk()
                if n.name == "sequenceFlow" and n.get("sourceRef") == id
            ]  # fmt: skip
            if len(flows) != 1 or id == "group_decides":
                continue
            made = insert.add_task(data, name, flows[0], NewTask("unit_step", "新步", "", "office"))
            drawing = require_readable(made.data)
            assert drawing.ends[flows[0]][1] == "unit_step"
            untouched(data, made.data, flows[0])
            count += 1
    assert count >= 3


def test_what_does_not_fit_is_refused_not_drawn_badly() -> None:
    """The flow runs between two gateways with no room for a task beside the way back."""
    data = (LIBRARY / "p11/plan.bpmn").read_bytes()
    try:
        made = insert.add_task(
            data, "", "group_decides__gw_plan", NewTask("unit_step", "新步", "", "leader")
        )
    except CannotEdit as cannot:
        assert cannot.code == "no_room"
    else:
        require_readable(made.data)


def test_a_deadline_hangs_on_every_step_and_comes_off_again() -> None:
    clocks = [
        Clock("due", ("duration", "PT1H")),
        Clock("remind", ("duration", "PT45M")),
        Clock("escalate", ("duration", "PT65M"), to="office"),
    ]
    count = 0
    for name, data, source in some():
        for id in tasks(source)[::5]:
            if any(n.get("attachedToRef") == id for n in source.root.walk()):
                continue
            made = hang.add(data, name, id, clocks)
            require_readable(made)
            untouched(data, made)
            bare = cut.remove_clocks(made, name, id)
            require_readable(bare)
            assert Source(bare, name).by_id.keys() == source.by_id.keys()
            count += 1
    assert count >= 3


def test_a_step_taken_out_leaves_no_loose_end() -> None:
    taken, asked = 0, 0
    for name, data, source in some():
        for id in tasks(source)[::2]:
            try:
                made = cut.remove_step(data, name, id)
            except CannotEdit as cannot:
                assert cannot.code in ("asked_elsewhere", "in_diagram")
                asked += 1
                continue
            require_readable(made)
            assert id not in Source(made, name).by_id
            taken += 1
    assert taken >= 3 and asked >= 1


def test_a_review_sends_the_text_back_to_its_draft_and_can_be_taken_out_again() -> None:
    name = "shared/approve_release"
    data = (LIBRARY / f"{name}.bpmn").read_bytes()
    for flow in ("draft__gw_secrecy", "gw_legal_ok__gw_ready", "gw_ready__approve"):
        task = NewTask("unit_review", "会签", "Countersign", "legal", "planroom:statement-review",
                       (), "countersign", "draft")  # fmt: skip
        made = insert.add_review(
            data, name, flow, task, "draft", "gw_unit_review", "会签意见", "Said"
        )
        drawing = require_readable(made.data)
        untouched(data, made.data, flow)
        back = "gw_unit_review__draft"
        assert drawing.ends[back] == ("gw_unit_review", "draft")
        text = made.data.decode()
        assert f'default="{back}"' in text
        assert 'name="notSameAs" value="draft"' in text
        gone = cut.remove_step(made.data, name, "unit_review")
        require_readable(gone)
        assert Source(gone, name).by_id.keys() == Source(data, name).by_id.keys()


def test_a_step_is_put_in_a_lane_of_its_role() -> None:
    data = (LIBRARY / "shared/approve_release.bpmn").read_bytes()
    made = insert.add_task(
        data, "", "draft__gw_secrecy", NewTask("unit_step", "核稿", "", "leader")
    )
    assert made.lane == ""
    drawing = require_readable(made.data)
    assert drawing.shapes["lane_leader"].holds(drawing.shapes["unit_step"])
    made = insert.add_task(
        data, "", "draft__gw_secrecy", NewTask("unit_step", "核稿", "", "office")
    )
    assert made.lane == "宣传"  # no lane is the office's: this one is from now on
    assert b'name="roles" value="publicity office"' in made.data


def test_two_steps_change_places() -> None:
    """In one lane they change boxes; in two, each stays in its own and the lines are led anew."""
    data = (LIBRARY / "p11/plan.bpmn").read_bytes()
    for role in ("office", "publicity"):
        first = NewTask("first", "甲", "", "office")
        made = insert.add_task(data, "", "closing__gw_closed", first).data
        made = insert.add_task(made, "", "first__gw_closed", NewTask("second", "乙", "", role)).data
        swapped = swap.swap(made, "", "first", "second")
        drawing = require_readable(swapped)
        assert drawing.ends["closing__gw_closed"] == ("closing", "second")
        assert drawing.ends["first__gw_closed"] == ("second", "first")
        assert drawing.ends["second__gw_closed"] == ("first", "gw_closed")
        untouched(made, swapped, "closing__gw_closed", "first__gw_closed", "second__gw_closed")
    with pytest.raises(CannotEdit, match="in_diagram"):
        swap.swap(data, "", "follow", "closing")


def test_a_step_for_some_tiers_is_passed_by_for_the_others() -> None:
    data = (LIBRARY / "p11/plan.bpmn").read_bytes()
    made = skip.wrap(data, "plan.bpmn", "notify_group", "grade.level >= 3",
                     Names("按等级?", "By tier?"), Names("重大以上", "Major up"),
                     Names("其他等级", "Others"))  # fmt: skip
    drawing = require_readable(made)
    assert drawing.ends["gw_notify_group_tier__notify_group"][1] == "notify_group"
    assert drawing.ends["gw_notify_group_tier__gw_notify_group_on"][1] == "gw_notify_group_on"
    untouched(data, made, "act_together__notify_group", "notify_group__gw_clocks")
    assert b">grade.level &gt;= 3</bpmn:conditionExpression>" in made


# ----------------------------------------------------------------------------------- tiers


@pytest.mark.parametrize(
    ("condition", "admitted"),
    [
        ("grade.level >= 2", {"middle", "high"}),
        ('grade.tier = "low"', {"low"}),
        ('grade.tier in ("low", "high") and x = 1', {"low", "high"}),
        ("grade.level in [1, 2]", {"low", "middle"}),
        ('grade.level > 1 and (grade.level < 3 or x.y = "and")', {"middle", "high"}),
        ("x = true", {"low", "middle", "high"}),
        ("if grade.level = 3 then a else b", {"low", "middle", "high"}),
    ],
)
def test_tiers_a_condition_lets_through(condition: str, admitted: set[str]) -> None:
    assert tiers.admitted(condition, TIERS) == admitted


@pytest.mark.parametrize(
    ("condition", "wanted", "text"),
    [
        ("grade.level = 3", {"middle", "high"}, "grade.level >= 2"),
        ('grade.tier = "low" and x != 1', {"high"}, 'grade.tier = "high" and x != 1'),
        ("grade.level = 3 and x", {"low", "high"},
         '(grade.tier = "low" or grade.tier = "high") and x'),
        ("grade.level >= 3 and settings.a = true", {"low", "middle", "high"}, "settings.a = true"),
        ("x or y", {"low"}, "grade.level = 1 and (x or y)"),
    ],
)  # fmt: skip
def test_conditions_for_other_tiers(condition: str, wanted: set[str], text: str) -> None:
    assert tiers.rewritten(condition, frozenset(wanted), TIERS, "grade") == text
    assert tiers.admitted(text, TIERS) == wanted


def test_a_tier_in_an_alternative_is_left_to_the_diagram() -> None:
    with pytest.raises(CannotEdit, match="in_diagram"):
        tiers.rewritten("x and (grade.level <= 2 or y)", frozenset({"low"}), TIERS, "grade")


# -------------------------------------------------------------------------------- plan.toml


def test_rows_of_the_manifest_change_in_their_place() -> None:
    body = (LIBRARY / "p11/plan.toml").read_bytes()
    after, count = manifest.change_clocks(
        body, "report_1h/report_in_time", Span(30, "minutes"), None
    )
    assert count == 1
    assert changed(body, after) == ['-iso = "PT1H"', '+iso = "PT30M"', '+origin = "unit"']
    after = manifest.set_row(body, "recipients", "party_office", {"tiers": ("major",)})
    assert changed(body, after) == ['+tiers = ["major"]']
    after = manifest.add_row(body, "recipients", {"key": "unit", "name": "宣传部"})
    assert tomllib.loads(after.decode())["recipients"][-1] == {
        "key": "unit", "name": "宣传部", "origin": "unit"
    }  # fmt: skip
    assert manifest.remove_row(after, "recipients", "unit") == body
    after = manifest.add_row(body, "approvals", {"kind": "review", "name": "初审"}, before="final")
    kinds = [row["kind"] for row in tomllib.loads(after.decode())["approvals"]]
    assert kinds == ["secrecy", "legal", "review", "final"]
    with pytest.raises(CannotEdit, match="twice"):
        manifest.add_row(after, "approvals", {"kind": "review"})
    with pytest.raises(CannotEdit, match="not_found"):
        manifest.set_row(body, "archive", "nothing", {})


HOSTILE = [
    "x" + " " * 190_000 + "y", "x" + " +" * 90_000, "(" * 95_000 + "x" + ")" * 95_000,
    "(g.level = 1 or " * 9_000 + "true" + ")" * 9_000,
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=["spaces", "sums", "brackets", "nested"])
def test_a_text_without_end_is_of_no_form_known(text: str) -> None:
    every = Tiers({"a": 1, "b": 2})
    assert timer_texts.read("date", text) is None
    assert tiers.admitted(text, every) == every.all
    assert not tiers.splits(text, every) and tiers.flag(text) == ""
