"""The words of the plan library: both languages everywhere, nobody named, nobody undisclosed."""

from __future__ import annotations

import re

import pytest

from services.library_people import name_faults
from services.library_shelf import read_shelf
from tests.unit.plan_driver import LIBRARY, PLANS, definition, manifest, read


@pytest.mark.parametrize("key", PLANS)
def test_every_visible_name_has_its_english(key: str) -> None:
    for element in definition(key).elements.values():
        if element.name:
            assert element.name_en, element.path
            assert re.search(r"[A-Za-z]", element.name_en), element.path
        assert bool(element.documentation) == bool(element.documentation_en), element.path
        if element.kind == "userTask":
            assert element.documentation, element.path
        for field in element.form_fields:
            assert field.label and field.label_en, (element.path, field.id)
            assert bool(field.help) == bool(field.help_en), (element.path, field.id)
            for value, chinese, english in field.options:
                assert chinese and english, (element.path, field.id, value)
    for flow in read(key).flows.values():
        assert bool(flow.name) == bool(flow.name_en), flow.path


def test_no_person_of_the_sources_is_named() -> None:
    names = read_shelf(LIBRARY).names
    assert len(names) == 8
    assert [str(fault) for fault in name_faults(LIBRARY, names)] == []


@pytest.mark.parametrize("key", PLANS)
def test_nobody_may_speak_undisclosed(key: str) -> None:
    """No role, task or field lets anyone pose as somebody else in public."""
    for element in definition(key).elements.values():
        texts = [element.name, *(field.label for field in element.form_fields)]
        assert not any(word in text for word in ("水军", "第三者", "删帖", "引导员", "网评员")
                       for text in texts), element.path  # fmt: skip
    assert not any("水军" in role["name"] for role in manifest(key)["roles"].values())


@pytest.mark.parametrize("key", PLANS)
def test_drafter_and_final_approver_are_two_people(key: str) -> None:
    approvals = [
        e for e in definition(key).elements.values() if e.form_key == "planroom:statement-approve"
    ]
    assert approvals or not manifest(key).get("approvals")
    for element in approvals:
        assert element.not_same_as == (element.path.rpartition("/")[0] + "/draft",)
