"""What people get wrong, in both languages: a clear sentence, the right status, nothing lost."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from models.cases import Case
from services.actor import SYSTEM
from services.people import create_person
from tests.integration.world import World, bundle
from tests.unit.bpmn_builder import Process
from tests.web.conftest import Browser, Clock
from views.incident_words import SENTENCES

As = Callable[[str], Browser]
Said = Mapping[str, str]
PASSWORD = "right-horse-battery"
TYPED = {"note": "现场已核实,三人受伤", "serious": "true", "count": "3"}
LANGUAGES = pytest.mark.parametrize("language", ["zh", "en"])


@pytest.fixture
def case(world: World) -> Case:
    return world.open()


@pytest.fixture
def check(world: World, case: Case) -> str:
    return f"/tasks/{world.open_tasks(case)['check'].id}"


def reading(browser: Browser, language: str) -> Browser:
    """The browser, switched to the language."""
    browser.get("/inbox")
    browser.post("/language", {"locale": language})
    return browser


@LANGUAGES
def test_wrong_password_unknown_user_and_slowing(
    visitor: Browser, world: World, clock: Clock, language: str
) -> None:
    world.db.run(
        lambda uow: create_person(uow, "chen", "陈立", PASSWORD, ["duty"], SYSTEM, world.now)
    )
    reading(visitor, language)
    said = {"zh": "用户名或密码不对。", "en": "User name or password is wrong."}[language]
    wrong = visitor.post("/sign-in", {"username": "chen", "password": "no"})
    unknown = visitor.post("/sign-in", {"username": "nobd", "password": "no"})
    assert wrong.status_code == unknown.status_code == 401
    assert said in wrong.text and 'value="chen"' in wrong.text

    def bare(text: str, name: str) -> str:
        text = text[text.index("<body") :].replace(f'value="{name}"', "")
        return re.sub(r'name="csrf_token" value="[^"]+"', "", text)

    assert bare(wrong.text, "chen") == bare(unknown.text, "nobd")
    for _ in range(5):
        visitor.post("/sign-in", {"username": "chen", "password": "no"})
    slowed = visitor.post("/sign-in", {"username": "chen", "password": PASSWORD})
    assert slowed.status_code == 429
    seconds = slowed.headers["Retry-After"]
    assert {"zh": f"{seconds} 秒后再试", "en": f"{seconds} "}[language] in slowed.text


def test_the_duty_officer_is_not_locked_out_by_a_stranger(
    visitor: Browser, world: World, clock: Clock, as_: As
) -> None:
    world.db.run(
        lambda uow: create_person(uow, "night", "夜班", PASSWORD, ["duty"], SYSTEM, world.now)
    )
    desk, stranger = {"REMOTE_ADDR": "10.1.1.9"}, {"REMOTE_ADDR": "203.0.113.7"}
    typed = {"username": "night", "password": PASSWORD}
    assert visitor.post("/sign-in", typed, environ_base=desk).status_code == 303
    visitor.post("/sign-out")
    for _ in range(12):
        clock.forward(minutes=20)
        visitor.post("/sign-in", typed | {"password": "x"}, environ_base=stranger)
    for _ in range(6):
        visitor.post("/sign-in", typed | {"password": "x"}, environ_base=stranger)
    assert visitor.post("/sign-in", typed, environ_base=stranger).status_code == 429
    assert visitor.post("/sign-in", typed, environ_base=desk).status_code == 303


@LANGUAGES
def test_missing_token(as_: As, check: str, language: str) -> None:
    duty = reading(as_("duty"), language)
    answer = duty.client.post(f"{check}/complete", data=TYPED)
    assert answer.status_code == 400
    assert {"zh": "重新提交", "en": "again"}[language] in answer.text
    assert TYPED["note"] in answer.text


@LANGUAGES
def test_another_roles_task_by_address(as_: As, case: Case, world: World, language: str) -> None:
    """Who sees the case hears whose task it is; who does not, learns nothing of it."""
    world.complete(case, "check", "duty", {"note": "x", "serious": True, "count": 1})
    world.complete(case, "grade", "duty", {"tier": "general"})
    draft = f"/tasks/{world.open_tasks(case)['draft'].id}"
    seen = reading(as_("duty"), language).post(f"{draft}/complete", {"words": "代拟的稿"})
    assert seen.status_code == 403
    said = {"zh": "这项任务不由您的角色办理。", "en": "your role"}[language]
    assert said in seen.text
    outsider = reading(as_("outsider"), language)
    hidden = outsider.post(f"{draft}/complete", {"words": "x"})
    assert hidden.status_code == 404
    assert {"zh": "没有这项任务,或您无权查看。", "en": "task"}[language] in hidden.text
    page = outsider.get(f"/cases/{case.id}")
    assert page.status_code == 404
    assert {"zh": "没有这个舆情事件", "en": "case"}[language] in page.text
    assert case.title not in page.text
    assert world.open_tasks(case)["draft"].status == "open"


@LANGUAGES
def test_done_by_someone_else_a_second_ago(
    as_: As, check: str, clock: Clock, language: str
) -> None:
    second = reading(as_("duty2"), language)
    second.get(check)
    as_("duty").post(f"{check}/complete", TYPED)
    clock.forward(seconds=1)
    lost = second.post(f"{check}/complete", {**TYPED, "note": "我也核实了,另有一人轻伤"})
    assert lost.status_code == 409
    assert "duty" in lost.text and "2026-03-10 10:00" in lost.text
    assert {"zh": "已由", "en": "completed by"}[language] in lost.text
    assert "我也核实了,另有一人轻伤" in lost.text  # to be copied, though the form is gone


def test_a_double_click_does_it_once(as_: As, check: str, world: World, case: Case) -> None:
    duty = as_("duty")
    duty.get(check)
    assert duty.post(f"{check}/complete", TYPED).status_code == 303
    again = duty.post(f"{check}/complete", TYPED)
    assert again.status_code == 409
    assert "办结" in again.text
    assert list(world.open_tasks(case)) == ["grade"]


@LANGUAGES
def test_wrong_types(as_: As, check: str, language: str) -> None:
    duty = reading(as_("duty"), language)
    answer = duty.post(f"{check}/complete", {**TYPED, "count": "三个", "serious": "perhaps"})
    assert answer.status_code == 422
    assert {"zh": "请填写整数。", "en": "whole number"}[language] in answer.text
    assert TYPED["note"] in answer.text and 'value="三个"' in answer.text


@LANGUAGES
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_ten_megabytes_of_text(as_: As, check: str, language: str, kind: str) -> None:
    duty = reading(as_("duty"), language)
    big = {**TYPED, "note": "x" * 10_000_000}
    answer = duty.post(f"{check}/complete", big, content_type=kind)
    assert answer.status_code == 413
    assert {"zh": "文字最多 2 MB", "en": "2 MB"}[language] in answer.text
    assert duty.post(f"{check}/complete", TYPED).status_code == 303  # nothing broken


@LANGUAGES
def test_a_file_that_is_not_what_it_claims(as_: As, world: World, language: str) -> None:
    duty = reading(as_("duty"), language)
    data = {
        "classified": "no",
        "text": "舞台桁架坠落",
        "link": "https://example.org/v/1",
        "plan": "t01",
        "files": (io.BytesIO(b"%PDF-1.7\n1 0 obj<<>>endobj\n%%EOF\n"), "photo.png"),
    }
    answer = duty.post("/report", data, content_type="multipart/form-data")
    assert answer.status_code == 422
    words = {"zh": "名称是 png,内容是 pdf", "en": "png"}
    assert words[language] in answer.text
    assert "舞台桁架坠落" in answer.text and "https://example.org/v/1" in answer.text


# ------------------------------------------------------------------ FEEL while a plan runs


def choosing(condition: str) -> Process:
    p = Process("t08", "算不出").start("s")
    fields = [("many", "long"), ("note", "string")]
    p.user_task("ask", "duty", fields=fields)
    p.exclusive("way", default="else_").user_task("more", "duty").end("e")
    p.chain("s", "ask", "way").flow("way", "more", condition, id="if_so")
    return p.flow("way", "e", id="else_").chain("more", "e")


@LANGUAGES
@pytest.mark.parametrize(
    ("condition", "code", "said"),
    [
        ("ask.many > 3", "condition_null", {"zh": "算不出是或否", "en": "neither true nor false"}),
        (
            "count(for i in 1..100000000 return i) > 1",
            "expression_timeout",
            {"zh": "计算时间过长", "en": "took too long"},
        ),
    ],
)
def test_a_condition_that_is_null_or_runs_too_long(
    as_: As, world: World, language: str, condition: str, code: str, said: Said
) -> None:
    world.deploy(bundle(choosing(condition), roles=["duty"]))
    case = world.open("t08")
    task = f"/tasks/{world.open_tasks(case)['ask'].id}"
    duty = reading(as_("duty"), language)
    answer = duty.post(f"{task}/complete", {"note": "写了很久的情况"})
    assert (answer.status_code, answer.location) == (303, task)
    page = duty.get(task).text
    assert said[language] in page and "way" in page
    assert "写了很久的情况" in page  # the draft
    assert list(world.open_tasks(case)) == ["ask"]
    shown = duty.get(f"/cases/{case.id}").text
    assert said[language] in shown
    assert f"<code>{code}</code>" in shown and "<code>way</code>" in shown
    if code == "condition_null":  # once the number is given it goes on
        assert duty.post(f"{task}/complete", {"note": "x", "many": "5"}).status_code == 303
        assert list(world.open_tasks(case)) == ["more"]


def test_every_incident_has_a_sentence() -> None:
    text = (Path(__file__).parents[2] / "workflows/contract.py").read_text(encoding="utf-8")
    listed = text.split("``code`` is stable:\n", 1)[1].split('"""', 1)[0]
    codes = set(re.findall(r"[a-z]+_[a-z_]+", listed))
    assert codes and codes == set(SENTENCES)
