"""What the page says of a record held against its diagram: a misfit with its place, and no verdict
where the record can be read in more ways than were tried."""

from __future__ import annotations

import pytest
from flask import Flask, render_template

from tests.integration.world import World
from tests.unit.test_conformance import judge
from tests.unit.test_conformance_wild import exchanged, twice
from views.export_words import misfit_words
from workflows import conformance


def test_undecided_is_no_misfit_on_the_page(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph, acts = twice()
    case = world.open()

    def page(verdict: conformance.Verdict) -> str:
        assert verdict.misfit is not None
        why = misfit_words(verdict.misfit, {})
        with app.test_request_context():
            return render_template(
                "audit/_conformance.html", case=case, verdict=verdict, why=why, names={}
            )

    short = [act for act in acts if act.type != "task.completed" or act.path != "s/t"]
    said = page(judge(graph, [short]))
    assert "记录与流程图不符" in said and "不能断定" not in said
    monkeypatch.setattr(conformance, "MOST_READINGS", 0)
    verdict = judge(graph, [exchanged(acts)])
    assert verdict.undecided and verdict.misfit is not None
    said = page(verdict)
    assert "不能断定是否相符" in said and "记录与流程图不符" not in said
    assert f"第 {verdict.misfit.seq} 条之前的" in said
