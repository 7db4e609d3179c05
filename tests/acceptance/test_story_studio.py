"""An author who is no programmer changes plan 11, in a browser: the hour for reporting up becomes
thirty minutes, statements get a review, the what-if says what that does, somebody else agrees, one
of two running cases is moved to the new version. Both end as their versions say."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import expect
from sqlalchemy import select

from models.tasks import UserTask
from services.uow import Database
from tests.acceptance.conftest import Enter
from tests.acceptance.person import Person, minutes, shown, whole_minute
from tests.acceptance.server import Server
from tests.acceptance.stories.resumed import apart, finished, graded

REPORT = "report_1h/report_in_time"
DRAFT = "first_statement/draft"
REVIEW = "办公室审核"


class Studio:
    """The author, the two running cases and the draft."""

    def __init__(self, person: Person, url: str) -> None:
        self.person = person
        self.url = url
        self.db = Database(url)
        self.discovered = whole_minute(datetime.now(UTC)) - minutes(3)
        self.cases: list[str] = []
        self.draft = ""

    def as_(self, username: str) -> Person:
        return self.person.become(username)

    def due(self, case_id: str) -> datetime | None:
        """When the report is due."""
        query = select(UserTask.due_at).where(
            UserTask.case_id == int(case_id), UserTask.element_path == REPORT
        )
        with self.db.read() as session:
            return session.scalar(query)


def test_from_the_table_to_a_migrated_case(enter: Enter, server: Server) -> None:
    studio = Studio(enter("duty"), server.database_url)
    two_cases_run(studio)
    an_hour_becomes_thirty_minutes(studio)
    statements_get_a_review(studio)
    the_what_if_says_what_that_does(studio)
    somebody_else_agrees(studio)
    one_case_is_moved(studio)
    both_finish_rightly(studio)


def two_cases_run(studio: Studio) -> None:
    duty = studio.as_("duty")
    for number, text in enumerate(("排练时舞台桁架坠落", "广场舞台搭建时有人摔伤")):
        link = f"https://video.example/lanpu/{number}-studio"
        case_id = duty.report(text, link=link, plan="p11", discovered_at=studio.discovered)
        studio.cases.append(case_id)
        apart(graded, studio.url, int(case_id))
        assert studio.due(case_id) == studio.discovered + timedelta(hours=1)


def an_hour_becomes_thirty_minutes(studio: Studio) -> None:
    author = studio.as_("author")
    author.open("/plans/p11")
    author.press("改这个预案")
    found = re.search(r"/studio/drafts/(\d+)", author.page.url)
    assert found, author.page.url
    studio.draft = found.group(1)
    author.sees("一行一步", "限时信息报送")
    author.picture("studio-table")
    author.fits_phone()
    row_form(author, studio, REPORT, "change")
    author.fill(amount=30, unit="minutes")
    author.press("保存")
    author.sees("30 分钟")
    # The other report keeps its two hours, and what was done can be undone.
    expect(author.page.get_by_role("button", name=re.compile("^撤销"))).to_be_visible()


def row_form(author: Person, studio: Studio, path: str, do: str) -> None:
    author.open(f"/studio/drafts/{studio.draft}?path={path}&do={do}")


def statements_get_a_review(studio: Studio) -> None:
    author = studio.person
    row_form(author, studio, DRAFT, "review")
    author.fill(name=REVIEW, kind="review")
    author.page.locator("#f-role").select_option("office")
    author.press("保存")
    author.sees(REVIEW)
    author.open(f"/studio/drafts/{studio.draft}/diagram?file=shared/approve_release.bpmn")
    expect(author.page.locator("[data-element-id]").get_by_text(REVIEW).first).to_be_visible()
    author.picture("studio-diagram")
    author.open(f"/studio/drafts/{studio.draft}/changes")
    author.sees("1 小时", "30 分钟", REVIEW)
    author.picture("studio-changes")
    author.fits_phone()


def the_what_if_says_what_that_does(studio: Studio) -> None:
    author = studio.person
    author.open(f"/studio/drafts/{studio.draft}/whatif")
    expect(author.page.locator("#walk .spinner-border")).to_have_count(0, timeout=60_000)
    author.picture("studio-walk")
    author.main.get_by_text("各级多少、怎样回答、试几次").click()
    author.fill(runs=200, seed=11)
    author.main.get_by_role("button", name="开始试").click()
    expect(author.page.locator("#result table").first).to_be_visible(timeout=90_000)
    author.arrived()
    author.picture("studio-whatif")
    author.fits_phone()


def somebody_else_agrees(studio: Studio) -> None:
    author = studio.person
    author.open(f"/studio/drafts/{studio.draft}/propose")
    author.fill(note="提速,并由办公室把关", document_number="澜办发〔2026〕7号")
    author.press("提请启用")
    author.sees("等人审定")
    address = author.page.url
    leader = studio.as_("leader")
    leader.open(address)
    leader.sees("请您审定", "提速,并由办公室把关")
    leader.picture("studio-proposal")
    leader.press("同意启用")
    leader.sees("已同意,新版本已启用。")
    leader.open("/plans/p11?part=versions")
    leader.sees("第 2 版", "澜办发〔2026〕7号")


def one_case_is_moved(studio: Studio) -> None:
    moved, stays = studio.cases
    author = studio.as_("author")
    author.open("/plans/p11/migrate")
    author.main.locator(f"#c-{moved}").check()
    author.press("先看会怎样")
    author.sees("迁到第 2 版会怎样", REVIEW)
    author.picture("studio-migrate")
    author.fits_phone()
    author.fill(reason="按新版办理")
    author.press("迁移这 1 件")
    assert studio.due(moved) == studio.discovered + timedelta(minutes=30)
    assert studio.due(stays) == studio.discovered + timedelta(hours=1)
    author.open("/plans")
    duty = studio.as_("duty")
    duty.case(moved)
    duty.sees(shown(studio.discovered + timedelta(minutes=30)))
    duty.open(f"/cases/{moved}/record")
    duty.sees("按新版办理")


def both_finish_rightly(studio: Studio) -> None:
    """The one that was moved goes through the review, the other as it began."""
    (moved, done, ends), (stays, others, other_ends) = (
        apart(finished, studio.url, int(case_id)) for case_id in studio.cases
    )
    assert moved == stays == "completed" and "case_closed" in ends and "case_closed" in other_ends
    added = [path for path in done if path.startswith("first_statement/") and path not in others]
    assert len(added) == 1
    with studio.db.read() as session:
        name = session.scalar(select(UserTask.name).where(UserTask.element_path == added[0]))
    assert name == REVIEW
