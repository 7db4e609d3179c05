"""The replay of a record against its diagram: what the engine did fits, what it cannot have done
does not, and the first event that does not fit is named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st

from services.step_events import steps_of
from tests.unit.bpmn_builder import manifest
from tests.unit.generated import Diagram, diagrams
from tests.unit.random_runs import random_run
from workflows import catalogue
from workflows.bundle import Bundle
from workflows.conformance import Act, Verdict, replay
from workflows.conformance_graph import Graph, graph_of
from workflows.contract import Advance
from workflows.definition import Definition, compile_bundle
from workflows.feel import default_feel

Group = list[Act]  # an act with all that its step told besides


def groups_of(advances: Sequence[Advance]) -> list[Group]:
    """The acts a record would hold, as `services.instances.record` writes them."""
    told: list[Group] = []
    names: dict[str, tuple[str, int]] = {}
    for n, advance in enumerate(advances):
        walked: dict[str, Any] = {k: tuple(value) for k, value in steps_of(advance).items()}
        act = Act(0, "element.passed" if n else "instance.started", **walked)
        group: Group = []
        for closed in advance.closed:
            if closed.outcome == "completed":
                act = replace(
                    act, type="task.completed", task=closed.id, path=closed.path,
                    round=closed.round,
                )  # fmt: skip
            else:
                group.append(Act(0, "task.cancelled", closed.path, task=closed.id))
        if walked or act.type != "element.passed":
            group.append(act)
        for decision in advance.decisions:
            if not decision.decision:
                group.append(Act(0, "decision.taken", decision.path, chosen=decision.matched))
        for task in advance.opened:
            names[task.id] = (task.path, task.round)
            group.append(Act(0, "task.opened", task.path, task=task.id, round=task.round))
        if advance.status == "completed":
            group.append(Act(0, "instance.completed"))
        told.append(group)
    return told


def judge(graph: Graph | Callable[[str], Graph | None], groups: Sequence[Group]) -> Verdict:
    acts = [act for group in groups for act in group]
    numbered = [replace(act, seq=n) for n, act in enumerate(acts, 1)]
    return replay(graph if callable(graph) else lambda _: graph, numbered)


def compiled(diagram: Diagram) -> tuple[Definition, Graph]:
    bundle = Bundle({"plan.bpmn": diagram.ours}, manifest("p1", roles=["duty"]))
    definition = compile_bundle(bundle, default_feel())
    return definition, graph_of(catalogue.read(bundle.files, bundle.manifest))


@settings(max_examples=25, phases=[Phase.explicit, Phase.generate])
@given(diagram=diagrams(), data=st.data())
def test_what_the_engine_did_fits_and_what_it_cannot_have_done_does_not(
    diagram: Diagram, data: st.DataObject
) -> None:
    definition, graph = compiled(diagram)
    run = random_run(definition, data, steps=25, calm=10)
    groups = groups_of(run.advances)
    ended = run.last.status == "completed"
    event("ended" if ended else "cut off")
    verdict = judge(graph, groups)
    assert verdict.fits, (verdict.misfit, groups)
    assert verdict.ended == ended
    for mutant, what in mutants(groups, graph, ended, data):
        found = judge(graph, mutant)
        assert not found.fits, (what, groups)
        event(f"{what}: {found.misfit.code if found.misfit else ''}")


def mutants(
    groups: list[Group], graph: Graph, ended: bool, data: st.DataObject
) -> list[tuple[list[Group], str]]:
    """Records that no run of the diagram can have left."""
    found: list[tuple[list[Group], str]] = []
    done = [n for n, group in enumerate(groups) if any(a.type == "task.completed" for a in group)]
    if done:
        n = data.draw(st.sampled_from(done))
        if ended:  # else it may simply not have been done yet
            left = [act for act in groups[n] if act.type == "instance.completed"]
            found.append(([*groups[:n], left, *groups[n + 1 :]], "completion dropped"))
        at = next(k for k, act in enumerate(groups[n]) if act.type == "task.completed")
        act = groups[n][at]
        known = {path for path, node in graph.nodes.items() if node.kind == "userTask"}
        for path in ("nowhere", *sorted(known - {act.path})[:1]):
            other = replace(act, steps=(path, *act.steps[1:]), path=path)
            found.append((_with(groups, n, at, other), f"another path ({path == 'nowhere'})"))
        if act.flows:
            other = replace(act, flows=("elsewhere", *act.flows[1:]))
            found.append((_with(groups, n, at, other), "another flow"))
            found.append((_with(groups, n, at, replace(act, flows=())), "no flows"))
        found.append((_with(groups, n, at, replace(act, round=act.round + 1)), "another round"))
        found.append(([*groups[: n + 1], groups[n], *groups[n + 1 :]], "told twice"))
    causal = [n for n in done if n + 1 in done and _opens(groups[n], groups[n + 1])]
    if causal:
        n = data.draw(st.sampled_from(causal))
        swapped = [*groups[:n], groups[n + 1], groups[n], *groups[n + 2 :]]
        found.append((swapped, "cause after effect"))
    return found


def _with(groups: list[Group], n: int, at: int, act: Act) -> list[Group]:
    group = [*groups[n][:at], act, *groups[n][at + 1 :]]
    return [*groups[:n], group, *groups[n + 1 :]]


def _opens(first: Group, second: Group) -> bool:
    opened = {act.task for act in first if act.type == "task.opened"}
    return any(act.type == "task.completed" and act.task in opened for act in second)
