"""The what-if page of a draft: the walk, the form, the runs as a stream, the result."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import insert, select

from models.cases import ProcessInstance
from models.tasks import UserTask
from services import draft_reading, whatif, whatif_pool
from services.answering_times import answering_times
from services.errors import Refusal
from services.queues import NEVER
from tests.integration.world import World
from tests.web.conftest import Browser

As = Callable[[str], Browser]
FEW = {"runs": "30", "seed": "5"}
NDJSON = {"Accept": "application/x-ndjson"}


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No processes: `test_two_processes_give_the_same` has them."""
    monkeypatch.setattr(whatif_pool, "_refused", True)
    for kept in (whatif._walks, whatif._outcomes, whatif._prepared):
        kept.clear()
    yield


def streamed(browser: Browser, draft: int, **fields: str) -> list[dict[str, object]]:
    browser.get(f"/studio/drafts/{draft}/whatif")
    answer = browser.post(f"/studio/drafts/{draft}/whatif/runs", {**FEW, **fields}, headers=NDJSON)
    assert answer.status_code == 200
    assert answer.mimetype == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def test_the_page_comes_at_once_and_asks_for_the_walk(as_: As, draft: int) -> None:
    page = as_("author").get(f"/studio/drafts/{draft}/whatif")
    assert page.status_code == 200
    assert f'hx-get="/studio/drafts/{draft}/whatif/walk?' in page.text
    # roles that have tasks, with what is usual for them
    assert 'name="m-duty" value="10"' in page.text
    assert "估计,请按本单位情况改" in page.text


def test_the_walk_is_a_part_for_htmx_and_a_page_without(as_: As, draft: int) -> None:
    browser = as_("author")
    address = f"/studio/drafts/{draft}/whatif/walk"
    part = browser.get(address, headers={"HX-Request": "true"})
    assert part.text.lstrip().startswith('<section class="card" id="walk"')
    whole = browser.get(address)
    assert "<html" in whole.text
    for text in ("每一级会怎样", "核查", "这一级的", "<svg", "时间线"):
        assert text in part.text
        assert text in whole.text
    # now that it is known the page has it at once
    assert "正在把每一级" not in browser.get(f"/studio/drafts/{draft}/whatif").text


def test_a_course_can_be_looked_at(as_: As, draft: int) -> None:
    browser = as_("author")
    first = browser.get(f"/studio/drafts/{draft}/whatif/walk", headers={"HX-Request": "true"})
    assert "有时限的都拖过时限" in first.text
    late = unescape(first.text).partition("有时限的都拖过时限")[0].rpartition('href="')[2]
    shown = browser.get(late.partition('"')[0].partition("#")[0])
    assert "超时</span>" in shown.text
    assert "督办" in shown.text


def test_the_runs_tell_how_far_they_are_and_where_the_result_is(as_: As, draft: int) -> None:
    browser = as_("author")
    lines = streamed(browser, draft)
    assert lines[0] == {"done": 0, "total": 30}
    assert lines[-2] == {"done": 30, "total": 30}
    address = str(lines[-1]["result_url"])
    assert address.endswith("#result")
    asked = parse_qs(urlsplit(address).query)
    assert (asked["seed"], asked["runs"]) == (["5"], ["30"])
    page = browser.get(address.partition("#")[0])
    assert "试了 30 次的结果" in page.text
    assert "自discovered_at起 1 小时内" in page.text
    assert "草稿与现行版相同" in page.text


def test_without_a_script_the_page_waits_for_the_result(as_: As, draft: int) -> None:
    browser = as_("author")
    browser.get(f"/studio/drafts/{draft}/whatif")
    answer = browser.post(f"/studio/drafts/{draft}/whatif/runs", FEW)
    assert answer.status_code == 303
    assert "试了 30 次的结果" in browser.get(answer.location.partition("#")[0]).text


def test_before_and_after_stand_side_by_side_and_on_the_drawing(
    as_: As, world: World, draft: int
) -> None:
    world.edit_draft(draft, ('duration("PT1H")', 'duration("PT12M")'))
    browser = as_("author")
    address = str(streamed(browser, draft, **{"m-duty": "15", "p-duty": "40"})[-1]["result_url"])
    page = browser.get(address.partition("#")[0])
    assert "个百分点" in page.text
    assert "自discovered_at起 12 分钟内" in page.text
    query = urlsplit(address).query
    drawn = browser.get(f"/studio/drafts/{draft}/whatif/diagram?{query}").get_json()
    (sheet,) = drawn["sheets"]
    assert sheet["source"] == f"/studio/drafts/{draft}/files/plan.bpmn"
    mark = sheet["states"]["check"]
    before, _, after = mark["text"].partition(" → ")
    assert int(before.split()[0]) > int(after.split()[0])
    assert mark["late"] is True


def test_a_result_let_go_of_can_be_made_again(as_: As, draft: int) -> None:
    browser = as_("author")
    address = str(streamed(browser, draft)[-1]["result_url"]).partition("#")[0]
    first = browser.get(address).text
    whatif._outcomes.clear()
    gone = browser.get(address)
    assert "这次的结果没有留存" in gone.text
    assert 'name="seed" value="5"' in gone.text
    query = urlsplit(address).query
    assert browser.get(f"/studio/drafts/{draft}/whatif/diagram?{query}").status_code == 404
    streamed(browser, draft)
    again = browser.get(address).text
    assert again.partition('id="result"')[2] == first.partition('id="result"')[2]


@pytest.mark.parametrize(
    ("name", "value"),
    [("runs", "5001"), ("runs", "x"), ("seed", "-1"), ("m-duty", "0"), ("p-duty", "3"),
     ("n-duty", ""), ("returns", "91")],
)  # fmt: skip
def test_bad_figures_are_said_in_words_and_nothing_is_lost(
    as_: As, draft: int, name: str, value: str
) -> None:
    browser = as_("author")
    browser.get(f"/studio/drafts/{draft}/whatif")
    given = {**FEW, "m-leader": "77", name: value}
    answer = browser.post(f"/studio/drafts/{draft}/whatif/runs", given, headers=NDJSON)
    assert answer.status_code == 422
    assert f'id="h-{name}"' in answer.text
    assert 'name="m-leader" value="77"' in answer.text
    assert f'name="{name}" value="{value}"' in answer.text


def test_a_draft_that_does_not_compile_says_so(as_: As, world: World, draft: int) -> None:
    world.edit_draft(draft, ('duration("PT1H")', 'duration("PT1H"'))
    browser = as_("author")
    page = browser.get(f"/studio/drafts/{draft}/whatif")
    assert page.status_code == 200
    assert "草稿还不能运行" in page.text
    assert f"/studio/drafts/{draft}/findings" in page.text
    assert browser.post(f"/studio/drafts/{draft}/whatif/runs", FEW).status_code == 422


def test_closing_the_stream_stops_the_work(world: World, draft: int) -> None:
    with world.db.read() as session:
        plan = whatif.prepare_draft(session, draft_reading.get_draft(session, draft))
    given = whatif.Parameters(1, 500, {}, {}, {}, 15, 70)
    work = whatif.compute(plan, None, given, processes=False)
    seen = [next(work) for _ in range(4)]
    work.close()
    assert [one.done for one in seen] == [0, 0, 50, 100]
    assert whatif.kept_outcome(plan, None, given) is None


def test_two_processes_give_the_same(
    world: World, draft: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whatif_pool, "_refused", False)
    with world.db.read() as session:
        plan = whatif.prepare_draft(session, draft_reading.get_draft(session, draft))
    given = whatif.Parameters(1, 120, {"duty": (20, 60)}, {}, {}, 15, 70)

    def outcome(processes: bool) -> whatif.Outcome:
        whatif._outcomes.clear()
        work = whatif.compute(plan, None, given, processes=processes)
        while True:
            try:
                next(work)
            except StopIteration as end:
                found: whatif.Outcome = end.value
                return found

    try:
        assert outcome(True) == outcome(False)
        assert whatif_pool._refused is False
    finally:
        whatif_pool.close()


def test_history_fills_the_form_once_there_are_five_tasks(
    as_: As, world: World, draft: int
) -> None:
    case = world.open("t01")
    with world.db.read() as session:
        instance = session.scalar(select(ProcessInstance.id))

    def done(minutes: int, n: int) -> None:
        row = {
            "id": f"h{n}", "instance_id": instance, "case_id": case.id, "element_id": "check",
            "element_path": "check", "round": 1, "name": "x", "name_en": "", "form_key": "",
            "role_key": "duty", "priority": 50, "status": "completed", "created_at": world.now,
            "completed_at": world.now + timedelta(minutes=minutes), "completed_role": "duty",
            "sort_due": NEVER, "ended_by": "",
        }  # fmt: skip
        world.db.run(lambda uow: uow.session.execute(insert(UserTask).values(**row)))

    for n, minutes in enumerate((4, 6, 8, 10)):
        done(minutes, n)
    with world.db.read() as session:
        assert answering_times(session) == {}
    done(32, 4)
    with world.db.read() as session:
        known = answering_times(session)["duty"]
    assert (known.median, known.tasks) == (8, 5)
    assert 10 < known.p90 <= 32
    page = as_("author").get(f"/studio/drafts/{draft}/whatif")
    assert 'name="m-duty" value="8"' in page.text
    assert "过去 5 件" in page.text


def test_who_may_look(as_: As, draft: int) -> None:
    assert as_("auditor").get(f"/studio/drafts/{draft}/whatif").status_code == 200
    assert as_("duty").get(f"/studio/drafts/{draft}/whatif").status_code == 404
    assert as_("author").get("/studio/drafts/999/whatif").status_code == 404


def test_work_that_fails_or_kills_its_process_ends_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(whatif_pool, "_refused", False)
    try:
        assert list(whatif_pool.as_done([(int, ("7",))])) == [7]
        with pytest.raises(ValueError, match="invalid literal"):
            list(whatif_pool.as_done([(int, ("x",))]))
        with pytest.raises(Refusal, match="whatif_stopped"):
            list(whatif_pool.as_done([(os._exit, (1,))]))
        assert list(whatif_pool.as_done([(int, ("8",))])) == [8]
        assert whatif_pool._refused is False
    finally:
        whatif_pool.close()
