"""The form builder: what it lists, how fields are edited, and what a save does to the file."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from lxml import etree

from services import draft_reading
from services.masking_fields import kind_of
from tests.integration.world import World, on_paper, plan_t01
from tests.web.conftest import Browser
from workflows.contract import FormField
from workflows.edits_form import form_tasks

As = Callable[[str], Browser]
CLAUSES = b"""headings = []

[[clause]]
id = "T01-S2"
text = "words"
by = ["approve#agreed"]
"""


@pytest.fixture
def world(world: World) -> World:
    plan = on_paper(plan_t01())
    world.deploy(replace(plan, files={**plan.files, "clauses.toml": CLAUSES}))
    return world


def page_of(draft: int, task: str = "check") -> str:
    return f"/studio/drafts/{draft}/forms?file=plan.bpmn&task={task}"


def stored(world: World, draft: int) -> bytes:
    return world.draft_files(draft)["plan.bpmn"]


def fields(world: World, draft: int, task: str = "check") -> tuple[FormField, ...]:
    return next(one.fields for one in form_tasks(stored(world, draft)) if one.id == task)


def tree(html: str) -> etree._Element:
    return etree.fromstring(html, etree.HTMLParser())


def form_of(html: str) -> dict[str, str]:
    """What a browser would send of the fields' form."""
    sent: dict[str, str] = {}
    for form in tree(html).iter("form"):
        if form.get("id") != "form-fields":
            continue
        for one in form.iter("input", "textarea", "select"):
            name = one.get("name")
            if not name or (one.get("type") == "checkbox" and one.get("checked") is None):
                continue
            if one.tag == "textarea":
                sent[name] = (one.text or "").removeprefix("\n")
            elif one.tag == "select":
                chosen = [o.get("value") for o in one.iter("option") if "selected" in o.attrib]
                sent[name] = chosen[0] or "" if chosen else ""
            else:
                sent[name] = one.get("value") or ""
    return sent


def words_at(html: str, id: str) -> str:
    """The text of the element with this id, "" where there is none."""
    return "".join(
        "".join(map(str, one.itertext())) for one in tree(html).iter() if one.get("id") == id
    )


def test_the_steps_are_listed_with_their_forms(as_: As, draft: int) -> None:
    page = as_("author").get(f"/studio/drafts/{draft}/forms").text
    for word in ("核查", "3 个字段", "定级", "专用页面", "由人确认或改定并写明理由"):
        assert word in page, word
    assert "task=grade" not in page, "a special page has no fields to edit"


def test_a_save_of_nothing_changes_nothing(as_: As, world: World, draft: int) -> None:
    before = stored(world, draft)
    author = as_("author")
    sent = form_of(author.get(page_of(draft)).text)
    answer = author.post(f"/studio/drafts/{draft}/forms", sent | {"do": "save"})
    assert answer.status_code == 303
    assert stored(world, draft) == before
    with world.db.read() as session:
        assert draft_reading.get_draft(session, draft).revision == 0


def test_a_changed_word_changes_its_line_only(as_: As, world: World, draft: int) -> None:
    before = stored(world, draft)
    author = as_("author")
    sent = form_of(author.get(page_of(draft)).text)
    sent |= {"f.0.label": "情况", "f.0.label_en": "What happened", "do": "save"}
    assert author.post(f"/studio/drafts/{draft}/forms", sent).status_code == 303
    after = stored(world, draft)
    start, end = after.index(b"<camunda:formData"), after.index(b"</camunda:formData>")
    assert before.startswith(after[:start])
    assert before.endswith(after[end:])
    note = fields(world, draft)[0]
    assert (note.label, note.label_en, note.required) == ("情况", "What happened", True)
    assert note.constraints == {"maxlength": "40"}
    assert "情况" in author.get(page_of(draft)).text


def test_fields_are_added_moved_and_deleted_before_anything_is_saved(
    as_: As, world: World, draft: int
) -> None:
    before = stored(world, draft)
    author = as_("author")
    here = f"/studio/drafts/{draft}/forms"
    htmx = {"HX-Request": "true"}
    sent = form_of(author.get(page_of(draft)).text)
    added = author.post(here, sent | {"do": "add"}, headers=htmx).text
    assert "<html" not in added
    sent = form_of(added)
    assert sent["rows"] == "4"
    assert re.search(r'name="f.3.label"[^>]* autofocus', added)
    sent |= {"f.3.label": "种类", "f.3.label_en": "Kind of harm", "f.3.type": "enum"}
    sent = form_of(author.post(here, sent | {"do": "refresh"}, headers=htmx).text)
    assert (sent["f.3.id"], sent["f.3.options"]) == ("kind_of_harm", "1")
    sent |= {"f.3.o.0.label": "人", "f.3.o.0.label_en": "People", "f.3.o.0.value": "people"}
    sent = form_of(author.post(here, sent | {"do": "option.3"}, headers=htmx).text)
    sent["f.3.o.1.label"] = "物"
    sent = form_of(author.post(here, sent | {"do": "option-up.3.1"}, headers=htmx).text)
    assert (sent["f.3.o.0.label"], sent["f.3.o.1.label"]) == ("物", "人")
    moved = author.post(here, sent | {"do": "up.3"}, headers=htmx).text
    assert re.search(r'id="b-up.2"[^>]* autofocus', moved), "the keyboard stays with the field"
    sent = form_of(moved)
    assert sent["f.2.id"] == "kind_of_harm"
    sent = form_of(author.post(here, sent | {"do": "delete.3"}, headers=htmx).text)
    assert stored(world, draft) == before
    assert author.post(here, sent | {"do": "save", "f.2.required": "true"}).status_code == 303
    found = fields(world, draft)
    assert [one.id for one in found] == ["note", "serious", "kind_of_harm"]
    assert found[2].options == (("option_1", "物", ""), ("people", "人", "People"))
    assert found[2].required


def test_an_author_says_what_is_personal_data_and_masking_goes_by_it(
    as_: As, world: World, draft: int
) -> None:
    author, here = as_("author"), f"/studio/drafts/{draft}/forms"
    page = author.get(page_of(draft)).text
    sent = form_of(page)
    assert sent["f.0.personal"] == "" and "没有整项遮去的字段" in words_at(page, "form-masked")
    # By its name, and then by what is said.
    named = sent | {"f.0.label": "报告人电话", "do": "preview"}
    htmx = {"HX-Request": "true"}
    shown = author.post(here, named, headers=htmx).text
    assert "报告人电话 〔电话〕" in words_at(shown, "form-masked")
    taken_back = author.post(here, named | {"f.0.personal": "false"}, headers=htmx).text
    assert "没有整项遮去的字段" in words_at(taken_back, "form-masked")
    sent |= {"f.0.personal": "true", "f.1.personal": "false", "do": "save"}
    assert author.post(here, sent).status_code == 303
    note, serious, *_rest = fields(world, draft)
    assert (kind_of(note), kind_of(serious)) == ("other", "")
    assert (note.properties["personal"], serious.properties["personal"]) == ("true", "false")
    again = author.get(page_of(draft)).text
    assert form_of(again)["f.0.personal"] == "true"
    assert "〔个人信息〕" in words_at(again, "form-masked")
    wrong = author.post(here, form_of(again) | {"f.0.personal": "maybe", "do": "save"})
    assert wrong.status_code == 422 and "选项中选择" in words_at(wrong.text, "h-f.0.personal")
    assert author.post(here, form_of(again) | {"f.0.personal": "", "do": "save"}).status_code == 303
    assert "personal" not in fields(world, draft)[0].properties


def test_without_htmx_a_step_gives_the_whole_page(as_: As, draft: int) -> None:
    author = as_("author")
    sent = form_of(author.get(page_of(draft)).text)
    page = author.post(f"/studio/drafts/{draft}/forms", sent | {"do": "add"}).text
    assert "<html" in page
    assert form_of(page)["rows"] == "4"


def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(
    as_: As, world: World, draft: int
) -> None:
    before = stored(world, draft)
    author = as_("author")
    wrong = {
        "f.0.id": "draft", "f.0.maxlength": "many", "f.1.type": "enum", "f.1.options": "2",
        "f.1.o.0.value": "a", "f.1.o.0.label": "<b>甲", "f.1.o.1.value": "a", "f.1.default": "b",
        "f.2.min": "5", "f.2.default": "3", "f.2.help": "数一数", "rows": "4", "f.3.id": "new",
        "f.3.type": "string", "f.3.label_en": "New",
    }  # fmt: skip
    sent = form_of(author.get(page_of(draft)).text) | wrong | {"do": "save"}
    answer = author.post(f"/studio/drafts/{draft}/forms", sent)
    assert answer.status_code == 422
    for place, said in {
        "f.0.id": "流程图里已有元素",
        "f.0.maxlength": "整数",
        "f.1.o.1.value": "已有同样的选项值",
        "f.1.o.1.label": "必填",
        "f.1.default": "选项中选择",
        "f.2.default": "数值过小",
        "f.3.label": "必填",
    }.items():
        assert said in words_at(answer.text, f"h-{place}"), place
        assert f'href="#f-{place}"' in answer.text, "the summary leads to it"
    kept = form_of(answer.text)
    assert {name: kept.get(name) for name in wrong} == wrong
    assert stored(world, draft) == before


def test_what_the_plan_still_asks_for_is_said_before_it_goes(
    as_: As, world: World, draft: int
) -> None:
    author = as_("author")
    here = f"/studio/drafts/{draft}/forms"
    sent = form_of(author.get(page_of(draft, "approve")).text)
    sent = form_of(author.post(here, sent | {"do": "delete.0"}).text)
    answer = author.post(here, sent | {"do": "save"})
    assert answer.status_code == 422
    for word in ("approve.agreed = true", "agreed", "T01-S2", "clauses.toml"):
        assert word in answer.text, word
    assert fields(world, draft, "approve")
    box = re.search(r'name="confirmed" value="([^"]*)"', answer.text)
    assert box is not None
    # What was confirmed is what was shown: another word does not pass.
    again = form_of(answer.text) | {"do": "save"}
    assert author.post(here, again | {"confirmed": "true"}).status_code == 422
    assert author.post(here, again | {"confirmed": box[1]}).status_code == 303
    assert fields(world, draft, "approve") == ()
    assert b"approve.agreed" in stored(world, draft), "nothing else is touched"


def test_a_draft_changed_elsewhere_keeps_what_was_typed(as_: As, world: World, draft: int) -> None:
    author = as_("author")
    here = f"/studio/drafts/{draft}/forms"
    mine = form_of(author.get(page_of(draft)).text) | {"f.0.label": "我的", "do": "save"}
    other = form_of(author.get(page_of(draft, "draft")).text) | {"f.0.label": "文字", "do": "save"}
    assert author.post(here, other).status_code == 303
    answer = author.post(here, mine)
    assert answer.status_code == 409
    assert "没有改到这个表单" in answer.text
    again = form_of(answer.text)
    assert again["f.0.label"] == "我的"
    assert author.post(here, again | {"do": "save"}).status_code == 303
    assert fields(world, draft)[0].label == "我的"
    assert fields(world, draft, "draft")[0].label == "文字"
    # The same form, changed elsewhere.
    answer = author.post(here, mine | {"f.0.label": "又一次"})
    assert answer.status_code == 409
    assert "以您填的为准" in answer.text
    assert author.post(here, form_of(answer.text) | {"do": "save"}).status_code == 303
    assert fields(world, draft)[0].label == "又一次"


def test_the_preview_is_what_staff_will_see_in_either_language(as_: As, draft: int) -> None:
    author = as_("author")
    here = f"/studio/drafts/{draft}/forms"
    htmx = {"HX-Request": "true"}
    sent = form_of(author.get(page_of(draft)).text)
    sent |= {"f.1.label": "是否严重", "f.1.label_en": "Serious?"}
    chinese = author.post(here, sent | {"do": "preview-zh"}, headers=htmx).text
    assert "是否严重" in chinese
    assert 'name="serious"' in chinese
    assert ">否<" in chinese
    english = author.post(here, sent | {"do": "preview-en"}, headers=htmx).text
    assert "Serious?" in english
    assert ">No<" in english
    assert "是否严重" not in english


def test_readers_see_the_fields_and_cannot_write(as_: As, world: World, draft: int) -> None:
    for who in ("auditor", "admin"):
        reader = as_(who)
        page = reader.get(page_of(draft)).text
        assert 'name="f.0.label"' in page
        assert re.search(r'<fieldset class="card-body" disabled', page)
        assert 'value="add"' not in page
        sent = form_of(page) | {"f.0.label": "改了", "do": "save"}
        assert reader.post(f"/studio/drafts/{draft}/forms", sent).status_code == 403
    assert fields(world, draft)[0].label != "改了"
    outsider = as_("outsider")
    assert outsider.get(page_of(draft)).status_code == 404
    assert outsider.post(f"/studio/drafts/{draft}/forms", {"do": "add"}).status_code == 404


def test_what_is_not_there(as_: As, draft: int) -> None:
    author = as_("author")
    assert author.get(page_of(draft, "nobody")).status_code == 404
    assert author.get(f"/studio/drafts/{draft}/forms?file=no.bpmn&task=check").status_code == 404
    assert author.get("/studio/drafts/999/forms").status_code == 404
    special = author.get(page_of(draft, "grade"))
    assert "它的内容由程序定" in special.text
    answer = author.post(
        f"/studio/drafts/{draft}/forms", {"file": "plan.bpmn", "task": "grade", "do": "save"}
    )
    assert answer.status_code == 409


def test_a_first_field_makes_the_form_and_the_rest_of_the_file_stays(
    as_: As, world: World, draft: int
) -> None:
    """Emptied and filled again: the diagram around the form is byte for byte as it was."""
    before = stored(world, draft)
    author = as_("author")
    here = f"/studio/drafts/{draft}/forms"
    sent = form_of(author.get(page_of(draft, "draft")).text)
    sent = form_of(author.post(here, sent | {"do": "delete.0"}).text)
    assert author.post(here, sent | {"do": "save"}).status_code == 303
    assert fields(world, draft, "draft") == ()
    sent = form_of(author.get(page_of(draft, "draft")).text)
    sent = form_of(author.post(here, sent | {"do": "add"}).text) | {"f.0.label": "文字"}
    assert author.post(here, sent | {"do": "save"}).status_code == 303
    assert [one.id for one in fields(world, draft, "draft")] == ["field_1"]
    after = stored(world, draft).decode().split()
    lost = [x for x in difflib.ndiff(before.decode().split(), after) if x.startswith(("-", "+"))]
    assert all("words" in x or "field_1" in x or "label" in x or "type" in x for x in lost), lost
