"""How long an author waits for the findings of a large diagram, against compiling it.

The diagram is the engine benchmark's loop: user tasks and gateways in a long row. It holds no
statements, deadlines or decision tables, so the rules for those cost next to nothing here.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.benchmarks.engine_step import loop_plan
from tests.benchmarks.figures import Figure, clocked, median, plain, ratio
from tests.unit.bpmn_builder import document, manifest
from workflows import catalogue, check_policy, checks
from workflows.bundle import Bundle
from workflows.definition import compile_bundle
from workflows.feel import default_feel
from workflows.findings import Findings

ELEMENTS = 400
ROUNDS = 7


def measure() -> Iterator[Figure]:
    bundle = Bundle({"plan.bpmn": document(loop_plan(101))}, manifest("p1"))
    read, feel = catalogue.read(bundle.files, bundle.manifest), default_feel()
    count = len(read.elements)
    compiling: list[float] = []
    linting: list[float] = []
    policy: list[float] = []
    for _ in range(ROUNDS):
        with clocked(compiling):
            compile_bundle(bundle, feel)
        with clocked(linting):
            checks.check(bundle, read, feel)
        with clocked(policy):
            check_policy.check(bundle, read, Findings())
    yield plain("lint: elements of the diagram", count, "elements")
    yield ratio("lint of 400 elements / compiling the same", median(linting) / median(compiling),
                "at most", 1)  # fmt: skip
    yield ratio("the house's own rules / the whole lint", median(policy) / median(linting),
                "at most", 0.5)  # fmt: skip
    yield ratio("lint of 400 elements", median(linting), "at most", 2, "s")
