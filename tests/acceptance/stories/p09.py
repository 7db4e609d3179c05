"""Plan 9, a fragment: two releases, facts first and causes later; steps that are lost stay lost;
rumours on the school's own platform by published rules, with reason and appeal."""

from __future__ import annotations

from typing import Any

PLAN = "p09"


def _checked(s: Any, finding: str, /, where: str = "none", **triage: Any) -> None:
    """Past the lost steps, to the question of rumours."""
    s.grade("ordinary", **triage)
    s.do("five_steps/own_steps")
    s.do("five_steps/report/report_freely")
    s.do("five_steps/check_facts/collect")
    s.do("five_steps/check_facts/conclude", finding=finding)
    s.do("carry_out")
    s.do("rumours", where=where)


def not_ours(s: Any) -> None:
    s.do("triage", ours=False)
    assert s.ends == ["not_ours"]


def facts_first_causes_later(s: Any) -> None:
    """The first release does not wait; the second follows what the investigation found. The tier
    changes meanwhile and leaves the releases alone."""
    s.grade("ordinary", known="一名学生受轻伤,已送医")
    s.untimed("P09-D1", "publish_facts/draft")
    for step in ("draft", "secrecy_check", "legal_check", "approve", "release"):
        s.do(f"publish_facts/{step}")
    s.retier()
    assert "investigate" in s.tasks and "five_steps/own_steps" in s.cancelled
    s.grade("serious", wide=True, release_now=False)
    assert "no_release" in s.ends
    s.do("investigate", findings="篮架螺栓松动", evidence="检修记录")
    for step in ("draft", "secrecy_check", "legal_check", "approve", "release"):
        s.do(f"publish_detail/{step}")
    assert "released" in s.ends
    s.finish()


def calm_in_the_end(s: Any) -> None:
    """A rumour that is not yet clear stays where it is."""
    _checked(s, "unclear", where="elsewhere")
    assert "follow" in s.tasks
    s.do("follow", next="continue")
    s.do("follow", next="calm")
    s.do("closing", criterion_met=False, note="还有提问")
    s.do("follow", next="calm")
    s.do("closing", criterion_met=True)
    s.do("wrap_up/review")
    s.do("wrap_up/archive")
    s.finish()
    assert "case_closed" in s.ends


def kept_on_the_own_platform(s: Any) -> None:
    _checked(s, "untrue", where="own")
    s.do("moderation/cite_rule")
    s.do("moderation/decide_content", decision="keep", reason="属于提问")
    assert "moderation/kept" in s.ends
    s.finish()


def labelled(s: Any) -> None:
    """Nobody appeals."""
    _checked(s, "untrue", where="own")
    s.finish(decide_content={"decision": "annotate"}, take_appeal={"appealed": False})
    assert "moderation/tell_author" in s.done
    assert "moderation/review_appeal" not in s.done


def taken_down_and_restored(s: Any) -> None:
    """The appeal is heard by somebody else, and the content comes back."""
    _checked(s, "unlawful", where="own")
    s.finish(
        decide_content={"decision": "remove"}, take_appeal={"appealed": True},
        review_appeal={"result": "restore"},
    )  # fmt: skip
    assert "moderation/put_back" in s.done


def taken_down_and_upheld(s: Any) -> None:
    _checked(s, "untrue", where="own")
    s.finish(
        decide_content={"decision": "remove"}, take_appeal={"appealed": True},
        review_appeal={"result": "uphold"},
    )  # fmt: skip
    assert "moderation/put_back" not in s.done


def elsewhere(s: Any) -> None:
    """Untrue, on another platform: a lawful notice."""
    _checked(s, "untrue", where="elsewhere")
    s.finish(state_ground={"ground": "untrue"}, sign_off={"decision": "centre"})
    assert "lawful_notice/outcome" in s.done


def merely_unfavourable(s: Any) -> None:
    """Found out at the desk of the complaint: nothing is sent."""
    _checked(s, "untrue", where="elsewhere")
    s.do("lawful_notice/state_ground", ground="unfavourable")
    assert "lawful_notice/nothing_sent" in s.ends
    s.finish()


def plain(s: Any) -> None:
    """A school that wants none of the baseline's additions: what is left is what the text says."""
    s.do("triage")
    s.finish()
    added = ("grade", "/secrecy_check", "/legal_check", "wrap_up/review", "wrap_up/archive")
    assert not any(path.endswith(added) for path in s.done)


plain.settings = {  # type: ignore[attr-defined]
    "baseline_grading": False, "baseline_secrecy": False, "baseline_legal": False,
    "baseline_review": False, "baseline_archive": False,
}  # fmt: skip

STORIES = (
    not_ours, facts_first_causes_later, calm_in_the_end, kept_on_the_own_platform, labelled,
    taken_down_and_restored, taken_down_and_upheld, elsewhere, merely_unfavourable,
    plain,
)  # fmt: skip
