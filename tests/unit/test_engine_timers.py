"""Deadlines: set, due, fired, dropped, re-armed, moved by anchors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.unit.bpmn_builder import Process
from tests.unit.engine_case import START, Run, compiled
from workflows import engine
from workflows.feel import default_feel


def with_deadlines() -> Process:
    """A task with reminder (30 min), due (1 h) and escalation (90 min), none interrupting."""
    p = Process("p1").start().user_task("t", "duty").end().chain("start", "t", "end")
    p.boundary_timer("remind", "t", "PT30M", interrupting=False, deadline="remind")
    p.boundary_timer("due", "t", "PT1H", interrupting=False, deadline="due")
    p.boundary_timer(
        "up", "t", "PT90M", interrupting=False, deadline="escalate", escalate_to="leader"
    )
    for boundary in ("remind", "due", "up"):
        p.end(f"{boundary}_end").flow(boundary, f"{boundary}_end")
    return p


def test_a_task_has_its_deadlines() -> None:
    run = Run(compiled(with_deadlines()))
    opened = run.last.opened[0]
    assert opened.due_at == START + timedelta(hours=1)
    set_ = {t.path: t for t in run.last.timers_set}
    assert {p: (t.due_at - START, t.deadline_kind, t.escalate_to) for p, t in set_.items()} == {
        "remind": (timedelta(minutes=30), "remind", ""),
        "due": (timedelta(hours=1), "due", ""),
        "up": (timedelta(minutes=90), "escalate", "leader"),
    }
    assert {t.task_id for t in set_.values()} == {opened.id}
    assert run.passed("entered") == ["start", "t"]


def test_timers_fire_oldest_first_and_the_rest_go_with_the_task() -> None:
    run = Run(compiled(with_deadlines())).later(minutes=70)
    advance = run.fire()
    assert [f.path for f in advance.timers_fired] == ["remind", "due"]
    assert not advance.timers_dropped and run.open == ["t"]
    assert run.waiting.tasks[0].due_at == START + timedelta(hours=1)
    advance = run.done("t")
    assert advance.status == "completed" and len(advance.timers_dropped) == 1


def test_a_timer_that_is_not_due_does_not_fire() -> None:
    run = Run(compiled(with_deadlines()))
    advance = run.fire("due")
    assert not advance.timers_fired and "due" in run.timers


def test_an_interrupting_deadline_cancels_its_task() -> None:
    p = Process("p1").start().user_task("t", "duty").user_task("other", "leader").end()
    p.boundary_timer("up", "t", "PT1H", deadline="escalate", escalate_to="leader")
    p.chain("start", "t", "end").chain("up", "other", "end")
    run = Run(compiled(p)).later(hours=1)
    advance = run.fire()
    assert [(c.path, c.outcome, c.by) for c in advance.closed] == [("t", "cancelled", "up")]
    assert run.open == ["other"]
    assert [(x.path, x.state) for x in advance.passed][:3] == [
        ("up", "entered"),
        ("t", "cancelled"),
        ("up", "completed"),
    ]


def cycling(text: str = "R3/PT10M") -> Process:
    p = Process("p1").start().user_task("t", "duty").end().chain("start", "t", "end")
    p.boundary_timer("nag", "t", cycle=text, interrupting=False, deadline="remind")
    return p.end("n").flow("nag", "n")


def test_a_cycle_re_arms_under_the_same_id() -> None:
    run = Run(compiled(cycling()))
    id = run.timers["nag"].id
    for turn in (1, 2):
        advance = run.later(minutes=10).fire()
        assert advance.timers_fired[0].id == id
        assert [(t.id, t.due_at) for t in advance.timers_set] == [
            (id, START + timedelta(minutes=10 * (turn + 1)))
        ]
    advance = run.later(minutes=10).fire()
    assert len(advance.timers_fired) == 1 and not advance.timers_set and not run.timers
    assert run.passed().count("nag") == 3


def test_an_endless_cycle_goes_on_and_does_not_hold_the_instance() -> None:
    run = Run(compiled(cycling("R/PT10M"))).later(minutes=95)
    advance = run.fire()
    assert len(advance.timers_fired) == 1
    assert run.timers["nag"].due_at == START + timedelta(minutes=100)
    assert run.done("t").status == "completed"


def test_the_branch_of_a_reminder_outlives_its_host() -> None:
    p = Process("p1").start().user_task("t", "duty").end().chain("start", "t", "end")
    p.boundary_timer("nag", "t", cycle="R/PT10M", interrupting=False, deadline="remind")
    p.user_task("call", "office").end("n").chain("nag", "call", "n")
    run = Run(compiled(p)).later(minutes=10)
    run.fire()
    run.done("t")
    assert run.open == ["call"] and run.last.status == "running" and not run.timers
    assert run.done("call").status == "completed"


def anchored(**timer: str) -> Process:
    p = Process("p1").start().user_task("t", "duty").end().chain("start", "t", "end")
    properties = {"anchor": timer.pop("anchor")} if "anchor" in timer else {}
    p.boundary_timer("due", "t", interrupting=False, deadline="due", properties=properties, **timer)
    return p.end("n").flow("due", "n")


def test_a_duration_counts_from_its_anchor() -> None:
    seen = START - timedelta(minutes=20)
    run = Run(
        compiled(anchored(duration="PT1H", anchor="discovered_at")), anchors={"discovered_at": seen}
    )
    assert run.last.opened[0].due_at == seen + timedelta(hours=1)
    assert run.last.timers_set[0].anchor == "discovered_at"


def test_a_feel_timer_and_the_end_of_the_day() -> None:
    run = Run(
        compiled(anchored(date="end of day(discovered_at)")), anchors={"discovered_at": START}
    )
    assert run.last.opened[0].due_at == datetime(2026, 1, 5, 15, 59, 59, tzinfo=UTC)
    run = Run(
        compiled(anchored(duration='discovered_at + duration("PT1H")')),
        anchors={"discovered_at": START},
    )
    assert run.last.opened[0].due_at == START + timedelta(hours=1)


def test_a_deadline_already_past_is_set_with_its_past_moment() -> None:
    seen = START - timedelta(hours=5)
    run = Run(
        compiled(anchored(duration="PT1H", anchor="discovered_at")), anchors={"discovered_at": seen}
    )
    assert run.last.timers_set[0].due_at == START - timedelta(hours=4)
    assert not run.last.timers_fired
    assert [f.path for f in run.fire().timers_fired] == ["due"]


def test_a_timer_waits_for_its_anchor() -> None:
    definition = compiled(anchored(date='calmed_at + duration("PT24H")'), anchors=["calmed_at"])
    run = Run(definition, anchors={"discovered_at": START})
    assert run.last.status == "running" and not run.last.timers_set
    assert run.last.opened[0].due_at is None
    assert not run.retime(discovered_at=START).timers_set
    advance = run.retime(calmed_at=START)
    assert [t.due_at for t in advance.timers_set] == [START + timedelta(hours=24)]
    assert run.waiting.tasks[0].due_at == START + timedelta(hours=24)


def test_a_corrected_anchor_moves_the_deadline() -> None:
    run = Run(
        compiled(anchored(duration="PT1H", anchor="discovered_at")),
        anchors={"discovered_at": START},
    )
    id = run.last.timers_set[0].id
    advance = run.retime(discovered_at=START - timedelta(minutes=15))
    assert [(t.id, t.due_at) for t in advance.timers_set] == [(id, START + timedelta(minutes=45))]
    assert not advance.opened and not advance.closed and not advance.passed
    assert not run.retime(discovered_at=START - timedelta(minutes=15)).timers_set


def test_a_late_correction_still_moves_what_was_due() -> None:
    run = Run(
        compiled(anchored(duration="PT1H", anchor="discovered_at")),
        anchors={"discovered_at": START},
    ).later(hours=2)
    run.fire()
    run.retime(discovered_at=START + timedelta(minutes=90))
    assert run.waiting.tasks[0].due_at == START + timedelta(minutes=150)


def with_three() -> Process:
    """A reminder, a due moment and an escalation that count from an anchor, each with a branch
    that somebody works on."""
    p = Process("p1").start().user_task("t", "duty").end().chain("start", "t", "end")
    for name, kind, span in (
        ("nag", "remind", "PT30M"),
        ("due", "due", "PT1H"),
        ("up", "escalate", "PT90M"),
    ):
        p.boundary_timer(
            name,
            "t",
            date=f'discovered_at + duration("{span}")',
            interrupting=False,
            deadline=kind,
            escalate_to="leader" if kind == "escalate" else "",
            properties={"anchor": "discovered_at"},
        )
        p.end(f"{name}_end").flow(name, f"{name}_end")
    return p


def test_deadlines_that_fired_wait_again_when_a_correction_puts_them_ahead() -> None:
    run = Run(compiled(with_three()), anchors={"discovered_at": START}).later(hours=2)
    first = {t.path: t.id for t in run.waiting.timers}
    assert [t.path for t in run.fire().timers_fired] == ["nag", "due", "up"]
    assert not run.waiting.timers
    # Really an hour and a half later: the reminder (02:00) has passed, the others lie ahead.
    advance = run.retime(discovered_at=START + timedelta(minutes=90))
    assert {t.path: t.due_at - START for t in advance.timers_set} == {
        "due": timedelta(minutes=150),
        "up": timedelta(minutes=180),
    }
    assert not {t.id for t in advance.timers_set} & set(first.values())
    assert {t.task_id for t in advance.timers_set} == {run.task_id("t")}
    [moved] = advance.due_moved
    assert (moved.was, moved.due_at) == (START + timedelta(hours=1), START + timedelta(minutes=150))
    assert not advance.passed and not advance.opened and not advance.closed
    assert not run.retime(discovered_at=START + timedelta(minutes=90)).timers_set
    run.later(hours=1)
    assert [t.path for t in run.fire().timers_fired] == ["due", "up"]
    assert run.done("t").status == "completed"


def test_a_correction_to_another_past_moment_rings_nothing_again() -> None:
    run = Run(compiled(with_three()), anchors={"discovered_at": START}).later(hours=3)
    run.fire()
    advance = run.retime(discovered_at=START + timedelta(minutes=15))
    assert not advance.timers_set
    assert [m.due_at for m in advance.due_moved] == [START + timedelta(minutes=75)]


def test_a_timer_that_is_no_deadline_does_its_work_once() -> None:
    p = Process("p1").start().user_task("t", "duty").end().chain("start", "t", "end")
    p.boundary_timer("more", "t", date='discovered_at + duration("PT1H")', interrupting=False)
    p.user_task("extra", "office").end("n").chain("more", "extra", "n")
    run = Run(compiled(p), anchors={"discovered_at": START}).later(hours=2)
    run.fire()
    assert not run.retime(discovered_at=START + timedelta(minutes=90)).timers_set
    assert run.open == ["t", "extra"]


def test_a_begun_cycle_starts_anew_only_when_its_first_turn_lies_ahead() -> None:
    p = Process("p1").start().user_task("t", "duty").end().chain("start", "t", "end")
    p.boundary_timer(
        "nag",
        "t",
        cycle="R/PT10M",
        interrupting=False,
        deadline="remind",
        properties={"anchor": "discovered_at"},
    )
    p.end("n").flow("nag", "n")
    run = Run(compiled(p), anchors={"discovered_at": START}).later(minutes=25)
    run.fire()
    assert run.timers["nag"].due_at == START + timedelta(minutes=30)
    assert not run.retime(discovered_at=START + timedelta(minutes=5)).timers_set
    run.retime(discovered_at=START + timedelta(minutes=24))
    assert run.timers["nag"].due_at == START + timedelta(minutes=34)


def test_a_timer_from_now_keeps_its_start_when_anchors_move() -> None:
    run = Run(compiled(with_deadlines()), anchors={"discovered_at": START}).later(minutes=10)
    assert not run.retime(discovered_at=START - timedelta(hours=1)).timers_set


def test_the_deadline_of_a_sub_process_is_that_of_its_tasks() -> None:
    p = Process("p1").start()
    inner = p.sub_process("part")
    inner.start("s").user_task("a", "duty").user_task("b", "duty").end("e")
    inner.chain("s", "a", "b", "e")
    p.boundary_timer("due", "part", "PT2H", interrupting=False, deadline="due")
    p.end().end("n").chain("start", "part", "end").flow("due", "n")
    run = Run(compiled(p))
    assert run.last.opened[0].due_at == START + timedelta(hours=2)
    assert run.last.timers_set[0].task_id is None  # two tasks: it is nobody's alone
    run.later(hours=3).fire()
    advance = run.done("part/a")
    assert advance.opened[0].due_at == START + timedelta(hours=2)


def test_the_only_task_of_a_called_process_bears_its_deadline() -> None:
    shared = Process("shared").start("s").user_task("only", "duty").end("e").chain("s", "only", "e")
    p = Process("p1").start().call("part", "shared").end().end("n")
    p.boundary_timer("due", "part", "PT2H", interrupting=False, deadline="due")
    p.chain("start", "part", "end").flow("due", "n")
    run = Run(compiled(p, shared))
    assert run.last.timers_set[0].task_id == run.last.opened[0].id


def test_an_intermediate_timer_waits() -> None:
    p = Process("p1").start().catch("pause", timer=("duration", "P1D")).user_task("t", "duty").end()
    run = Run(compiled(p.chain("start", "pause", "t", "end")))
    assert run.open == [] and run.timers["pause"].task_id is None
    run.later(days=1).fire()
    assert run.open == ["t"] and run.passed() == ["start", "pause"]


def test_a_month_is_a_month_of_the_calendar() -> None:
    p = Process("p1").start().catch("pause", timer=("duration", "P1M")).user_task("t", "duty").end()
    definition = compiled(p.chain("start", "pause", "t", "end"))
    run = Run.__new__(Run)
    run.definition, run.anchors, run.advances = definition, {}, []
    run.now = datetime(2026, 1, 31, 4, tzinfo=UTC)
    run.last = engine.start(definition, {}, run.context, default_feel())
    assert run.timers["pause"].due_at == datetime(2026, 2, 28, 4, tzinfo=UTC)


def test_follow_up_is_computed_when_the_task_opens() -> None:
    p = (
        Process("p1")
        .start()
        .user_task("t", "duty", camunda_attributes={"followUpDate": "PT15M"})
        .end()
    )
    run = Run(compiled(p.chain("start", "t", "end")))
    assert run.last.opened[0].follow_up_at == START + timedelta(minutes=15)


def test_a_timer_row_left_over_is_dropped() -> None:
    run = Run(compiled(with_deadlines()))
    ids = [t.id for t in run.waiting.timers]
    definition = run.definition
    # the row's host ended in another transaction
    context = run.later(hours=1).context
    gone = engine.fire_timers(definition, run.state, ["not-there", ids[0]], context, default_feel())
    assert gone.timers_dropped == ("not-there",) and len(gone.timers_fired) == 1


def test_a_timer_that_cannot_fire_does_not_undo_those_before_it() -> None:
    p = Process("p1").start().user_task("t", "duty").end().chain("start", "t", "end")
    p.boundary_timer("good", "t", "PT1H", interrupting=False).end("g").flow("good", "g")
    p.boundary_timer("bad", "t", "PT2H", interrupting=False).exclusive("x").end("b").end("c")
    p.chain("bad", "x").flow("x", "b", "n > 1").flow("x", "c", "n < 1")
    run = Run(compiled(p, variables={"n": "number"}), {"n": 1}).later(hours=3)
    assert [f.path for f in run.fire().timers_fired] == ["good"]
    advance = run.fire()
    assert advance.status == "incident" and advance.incidents[0].path == "x"
    assert list(run.timers) == ["bad"] and run.open == ["t"]
