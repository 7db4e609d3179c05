"""Plan 2, a school: the four classes of content, the reply on its two days, the written finding of
malice, and what must come before anybody is disciplined for words."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from tests.acceptance.stories.clocked import ZONE

PLAN = "p02"


def _handled(s: Any, /, finding: str = "true", superior: bool = False) -> None:
    """From the alarm to the class of content."""
    s.grade("ordinary", known="食堂照片属实,原因在查")
    s.untimed("P02-D4", "dual_report/report_freely")
    s.do("dual_report/report_freely")
    s.do("start_plan")
    s.do("first_meeting", tell_superior=superior)
    if superior:
        s.do("report_superior")
    s.do("check_facts/collect")
    s.do("check_facts/conclude", finding=finding)


def _classed(s: Any, content: str, /, finding: str = "true", **more: Any) -> None:
    _handled(s, finding=finding)
    s.do("classify", **{"class": content}, **more)
    s.do("gate", decision="may_reply")


def _day(moment: datetime, days: int) -> datetime:
    """Noon, so many days after the moment, in the school's zone."""
    return datetime.combine(moment.astimezone(ZONE).date() + timedelta(days), time(12), ZONE)


def not_ours(s: Any) -> None:
    s.do("triage", in_scope=False)
    assert s.ends == ["not_here"]


def answered_on_the_spot(s: Any) -> None:
    """Followed, taken up again with new content, not yet calm at the first closing."""
    _classed(s, "enquiry", answer_now=True)
    s.untimed("P02-D1", "enquiry/reply_now/publish/draft")
    s.do("follow", seen="还有人问", next="continue")
    s.do("follow", seen="有新说法", next="respond")
    s.do("classify", **{"class": "enquiry"}, answer_now=True)
    s.do("gate", decision="private", limits="学生姓名和病情")
    s.do("enquiry/reply_now/tell_asker", told="检查结果", how="电话")
    s.do("follow", seen="平稳", next="calm")
    s.do("closing", criterion_met=False, note="仍有提问")
    s.finish()
    assert "handled" in s.ends and "case_closed" in s.ends


def sent_back_at_every_desk(s: Any) -> None:
    """Secrecy, legal and the leader each send the draft back; in the end nothing is released."""
    _classed(s, "enquiry", answer_now=True)
    for desks in (("secrecy_check",), ("secrecy_check", "legal_check"),
                  ("secrecy_check", "legal_check", "approve")):  # fmt: skip
        s.do("enquiry/reply_now/publish/draft")
        for desk in desks[:-1]:
            s.do(f"enquiry/reply_now/publish/{desk}", decision="approve")
        s.do(f"enquiry/reply_now/publish/{desks[-1]}", decision="return")
    for step in ("draft", "secrecy_check", "legal_check"):
        s.do(f"enquiry/reply_now/publish/{step}")
    s.do("enquiry/reply_now/publish/approve", decision="reject")
    assert "enquiry/reply_now/publish/not_released" in s.ends
    s.finish()


def promised_and_kept(s: Any) -> None:
    """The handling opinion the same day, the result on the date the asker was told."""
    _classed(s, "enquiry", answer_now=False)
    discovered = s.anchors["discovered_at"]
    promised = _day(s.now, 3)
    s.meet("P02-D2", "enquiry/same_day", discovered, promised_on=promised.date())
    s.wait(days=2)
    s.meet("P02-D3", "enquiry/as_promised", promised)
    s.finish()


def asked_again_later(s: Any) -> None:
    """A question that came two days after the alarm has a day of its own."""
    _classed(s, "enquiry", answer_now=True)
    s.wait(days=2)
    s.do("follow", seen="家长又问赔付", next="respond")
    s.do("classify", **{"class": "enquiry"}, answer_now=False, asked_at=s.now)
    s.do("gate", decision="may_reply")
    promised = _day(s.now, 5)
    s.meet("P02-D2", "enquiry/same_day", s.now, promised_on=promised.date())
    s.finish()


def promised_and_late(s: Any) -> None:
    """Both days pass: the leader is told, urges, and the replies still go out."""
    _classed(s, "enquiry", answer_now=False)
    promised = _day(s.now, 3)
    discovered = s.anchors["discovered_at"]
    s.miss("P02-D2", "enquiry/same_day", discovered, promised_on=promised.date())
    s.do("enquiry/same_day_urge")
    s.miss("P02-D3", "enquiry/as_promised", promised)
    s.do("enquiry/result_urge")
    s.finish()


def constructive(s: Any) -> None:
    """Adopted, and answered like any other request; the superior was told at once."""
    _handled(s, superior=True)
    s.do("classify", **{"class": "constructive"})
    s.do("gate", decision="may_reply")
    s.do("adopt", adopted="开放食堂参观日")
    s.finish(lessons={"liable": True})
    assert "enquiry/answered" in s.ends
    assert "aftermath/hand_over" in s.done


def malice_shown(s: Any) -> None:
    """What goes on after the truth was told, found so in writing; the tier is changed meanwhile."""
    _classed(s, "persisting", finding="untrue")
    s.retier()
    s.do("regrade", tier="serious", reason="转发仍在扩大")
    s.do("malice_finding", established=True)
    s.do("refer")
    s.finish()


def anger_is_no_malice(s: Any) -> None:
    """Without the finding the matter is answered."""
    _classed(s, "persisting", finding="untrue")
    s.do("malice_finding", established=False)
    assert "enquiry/reply_now/publish/draft" in s.tasks
    s.finish()
    assert "refer" not in s.done


def true_words_spread_on(s: Any) -> None:
    """What the check found true is no malice, however long it is repeated: it is answered."""
    _classed(s, "persisting", finding="true")
    assert "malice_finding" not in s.tasks
    s.finish()
    assert "enquiry/answered" in s.ends


def a_pupil(s: Any) -> None:
    """A minor: the guardian is there, and persuasion settles it."""
    _classed(s, "fabricated", finding="untrue")
    s.finish(author={"who": "pupil"}, persuade={"outcome": "settled"})
    done = s.done
    assert done.index("fabricated/guardian") < done.index("fabricated/persuade")
    assert "fabricated/decide" not in done


def a_teacher(s: Any) -> None:
    """Serious: heard with the evidence first, decided by somebody else."""
    _classed(s, "fabricated", finding="unlawful")
    s.finish(author={"who": "staff"}, persuade={"outcome": "serious"}, decide={"decision": "rule"})
    done = s.done
    assert done.index("fabricated/hearing") < done.index("fabricated/decide")


def an_outsider(s: Any) -> None:
    _classed(s, "fabricated", finding="unlawful")
    s.finish(
        author={"who": "outsider"}, state_ground={"ground": "unlawful"},
        sign_off={"decision": "police"}, outcome={"countered": True},
        counter_notice={"answer": "pursue"},
    )  # fmt: skip
    assert "fabricated/refer_outsider" in s.done
    assert "fabricated/platform_notice/outcome" in s.done


def nobody_knows(s: Any) -> None:
    """Nobody is traced: only the content is dealt with."""
    _classed(s, "fabricated", finding="untrue")
    s.finish(author={"who": "unknown"})
    assert "fabricated/refer_outsider" not in s.done


def called_fabricated_but_true(s: Any) -> None:
    """The class alone punishes nobody: what the check found true is answered."""
    _classed(s, "fabricated", finding="true")
    assert "enquiry/reply_now/publish/draft" in s.tasks
    s.finish()


def plain(s: Any) -> None:
    """A school that grades nothing, has no legal check and keeps its archive elsewhere."""
    s.do("triage")
    s.finish()
    assert "grade" not in s.done
    assert not any(path.endswith("/legal_check") for path in s.done)
    assert not any(path.startswith("wrap_up/") for path in s.done)


plain.settings = {  # type: ignore[attr-defined]
    "baseline_grading": False, "baseline_legal": False, "baseline_archive": False,
}  # fmt: skip

STORIES = (
    not_ours, answered_on_the_spot, sent_back_at_every_desk, promised_and_kept,
    asked_again_later, promised_and_late, constructive, malice_shown, anger_is_no_malice,
    true_words_spread_on, a_pupil, a_teacher, an_outsider, nobody_knows, called_fabricated_but_true,
    plain,
)  # fmt: skip
