"""The replay over diagrams on which everything may be under way several times at once: what our
engine did fits, what nobody can have done does not, and it shows at the event that was altered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st

from tests.unit.bpmn_builder import Process, document, manifest
from tests.unit.engine_case import Run
from tests.unit.generated_wild import wild_diagrams
from tests.unit.random_runs import random_run
from tests.unit.record_mutants import Mutator
from tests.unit.test_conformance import groups_of, judge
from workflows import catalogue, conformance
from workflows.bundle import Bundle
from workflows.conformance import Act
from workflows.conformance_graph import Graph, graph_of
from workflows.conformance_marking import parse
from workflows.definition import compile_bundle
from workflows.feel import default_feel


@settings(max_examples=30, phases=[Phase.explicit, Phase.generate])
@given(text=wild_diagrams(), data=st.data())
def test_whatever_is_under_way_twice_fits_and_whatever_is_altered_is_named(
    text: bytes, data: st.DataObject
) -> None:
    bundle = Bundle({"plan.bpmn": text}, manifest("p1", roles=["duty"]))
    graph = graph_of(catalogue.read(bundle.files, bundle.manifest))
    run = random_run(compile_bundle(bundle, default_feel()), data, steps=30, calm=15)
    groups = groups_of([one for one in run.advances if one.status != "incident"])
    verdict = judge(graph, groups)
    assert verdict.fits, (verdict, groups, text)
    assert verdict.ended == (run.last.status == "completed")

    def pick(options: Sequence[int]) -> int:
        return options[data.draw(st.integers(0, len(options) - 1))]

    for mutant in Mutator([act for group in groups for act in group], graph.nodes, pick).all():
        found = judge(graph, [mutant.acts])
        assert found.misfit is not None, (mutant.kind, mutant.acts, text)
        # Undecided: it names the place too, but has not tried every reading of the record.
        where = mutant.first <= found.misfit.seq <= mutant.last
        assert where or found.undecided, (mutant, found, text)
        event(f"{mutant.kind}: {'undecided' if found.undecided else found.misfit.code}")


def twice() -> tuple[Graph, list[Act]]:
    """A sub-process under way twice, with what a message begins in each; told to the end."""
    plan = Process("p1").start().parallel("g").exclusive("m").end()
    inner = plan.sub_process("s").start("s_start").user_task("t", "duty").end("s_end")
    inner.chain("s_start", "t", "s_end")
    beside = inner.event_sub_process("x").user_task("u", "duty").end("x_end")
    beside.start_on("x_start", interrupting=False, message="word").chain("x_start", "u", "x_end")
    plan.chain("start", "g", "m", "s", "end").flow("g", "m", id="again")
    files = {"plan.bpmn": document(plan, messages={"word": "word"})}
    given = manifest("p1", roles=["duty"])
    run = Run(compile_bundle(Bundle(files, given), default_feel()))
    run.message("word")
    for path in ("s/t", "s/x/u", "s/t", "s/x/u"):
        run.done(path)
    assert run.last.status == "completed"
    acts = [act for group in groups_of(run.advances) for act in group]
    return graph_of(catalogue.read(files, given)), acts


def exchanged(acts: list[Act]) -> list[Act]:
    """The same, with the first and the second of what the message began called the other way
    about: the first stands in the second sub-process then. Nothing in the record says so."""

    def other(step: str) -> str:
        sign, path, round_ = parse(step)
        if path not in ("s/x", "s/x/u"):
            return step
        return f"{sign}{path}" + ("#2" if round_ == 1 else "")

    return [
        replace(
            act,
            steps=tuple(map(other, act.steps)),
            round=3 - act.round if act.path == "s/x/u" else act.round,
        )
        if act.type == "task.completed" or act.type == "task.opened"
        else act
        for act in acts
    ]


def test_which_of_two_like_scopes_is_meant_is_read_from_all_that_follows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graph, acts = twice()
    assert judge(graph, [acts]).fits
    # From where the message was heard on, each way to read it is tried.
    other = exchanged(acts)
    assert other != acts and judge(graph, [other]).fits
    # Told as never ended, it fits in no reading, and says where.
    left = [act for act in other if act.path != "s/x/u" or act.type != "task.completed"]
    found = judge(graph, [left])
    assert found.misfit is not None and not found.undecided
    # Where not all can be tried the verdict is none, and says how far the record was good.
    monkeypatch.setattr(conformance, "MOST_READINGS", 0)
    assert judge(graph, [acts]).fits
    found = judge(graph, [other])
    assert found.undecided and not found.fits
    assert found.misfit is not None and 0 < found.misfit.seq <= len(other)
