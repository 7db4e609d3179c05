"""Text 8: nine points a company checks itself against."""

from __future__ import annotations

from typing import Any

PLAN = "p08"
ITEMS = (
    "watch_unit", "watch_places", "watch_tool", "collect", "sift", "trend", "procedure",
    "partners", "spread",
)  # fmt: skip


def all_in_place(s: Any) -> None:
    """Nothing is missing: straight to the summary, which somebody else confirms."""
    for item in ITEMS:
        s.do(item, in_place="yes", evidence="见制度汇编")
    s.do("summary", ready=9, words="九项均已具备")
    s.refused("confirm", as_="office")
    s.do("confirm")
    assert s.ends == ["checked"] and s.status == "completed"


def gaps(s: Any) -> None:
    """Two gaps, checked in an order of their own; the summary is returned once."""
    for item in reversed(ITEMS):
        state = {"trend": "no", "partners": "partly"}.get(item, "yes")
        s.do(item, in_place=state, gap="" if state == "yes" else "尚无专人")
    s.do("close_gaps", measures="四月底前配齐")
    s.do("summary", ready=7, words="两项未齐")
    s.do("confirm", accepted=False, comment="写明先后")
    s.do("summary", ready=7, words="先配专人,再定专家名单")
    s.do("confirm")
    assert s.ends == ["checked"] and s.done.count("summary") == 2


STORIES = (all_in_place, gaps)
