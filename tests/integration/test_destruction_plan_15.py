"""Plan 15 as shipped, played with words typed in every field that takes any: none is left."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from models.tasks import UserTask
from models.words import Approval
from services.uow import Database
from services.verify import verify_all
from tests.acceptance.stories.p15 import MEASURES
from tests.acceptance.stories.run import Stage, Story
from tests.integration.test_destruction import everything

#: Typed before destroying, each in another field.
WORDS = (
    "主任申某某", "一二三部", "联络岗夏某", "门卫发热三日", "已送湖滨医院", "院方嘱居家七日", 
    "说明缘由并补报",
)  # fmt: skip


def told_to_the_end(s: Story) -> None:
    s.do("set_up", head=WORDS[0], members=WORDS[1], liaison=WORDS[2])
    for measure in MEASURES:
        s.do(f"measures/{measure}", **({"note": WORDS[5]} if measure == "clinic" else {}))
    for step in ("draft", "secrecy_check", "legal_check", "approve", "release"):
        s.do(f"notice/{step}")
    s.do("watch/on_duty", what="abnormal", note=WORDS[3])
    s.do("watch/report_finding/report_freely")
    s.wait(hours=16)
    s.do("watch/day_urge", instruction=WORDS[6])
    s.do("watch/report_day", abnormal=False, note=WORDS[4])
    s.do("watch/end_watch", ground="own")
    s.do("watch/on_duty", what="over")


def left(db: Database) -> set[str]:
    texts = [text for _, text in everything(db)]
    return {word for word in WORDS if any(word in text for text in texts)}


def test_nothing_typed_is_left_and_every_chain_verifies(db: Database, now: datetime) -> None:
    seen: set[str] = set()

    def story(s: Story) -> None:
        told_to_the_end(s)
        seen.update(left(db))
        s.do("destroy")

    played = Stage.set(db, "p15", now).play(story)
    assert seen == set(WORDS), "before, the search finds them all"
    assert left(db) == set()
    with db.read() as session:
        assert all(chain.ok for chain in verify_all(session))
        # What was said of the public statement is kept with it, in both places.
        approved = select(UserTask).where(UserTask.element_path == "notice/approve")
        assert (session.scalars(approved).one().result or {})["comment"] == "已核对"
        assert session.scalars(select(Approval.comment)).all() == ["已核对"] * 3
    played.finish()
    assert "closed" in played.ends
