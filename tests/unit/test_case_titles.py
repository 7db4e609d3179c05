"""A title made from what was reported: cut where something ends, never through what is masked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.case_titles import LIMIT, title_of
from services.masking_text import masked

FILL = "文化广场舞台在彩排中倒塌网上流传照片和视频很多人在转发评论要求尽快说明情况并公布伤亡人数"


@pytest.mark.parametrize(
    "secret",
    ["13812345678", "139-8765-4321", "139 8765 4321", "0571-86543210", "330106198703072318",
     "6222021234567890123", "ouyang.xm@lanpu-mail.cn", "https://weibo.com/u/5512345678",
     "13912345678"],
)  # fmt: skip
def test_no_number_is_cut_through(secret: str) -> None:
    """Half of it would have no shape any more, and stand in the open for auditors."""
    assert masked(secret) != secret
    for before in range(LIMIT - len(secret), LIMIT + 1):
        text = (FILL * 2)[:before] + secret + "请回电。"
        title = title_of("", text)
        assert 0 < len(title) <= LIMIT and text.startswith(title)
        assert not set(title) & set("0123456789@/") or secret in title, (before, title)


def test_it_ends_where_a_part_of_a_sentence_ends() -> None:
    text = FILL[:40] + "\uff0c来电人欧阳小敏" + FILL
    assert title_of("", text) == FILL[:40]
    assert title_of("", f"{FILL[:35]}阅读12,000次" + FILL).startswith(f"{FILL[:35]}阅读12,000次")
    assert title_of(
        "", "A stage at the culture square collapsed during a rehearsal, and posts on"
    ) == ("A stage at the culture square collapsed during a rehearsal")
    assert title_of("", "posts about the stage that collapsed during the rehearsals yesterday") == (
        "posts about the stage that collapsed during the rehearsals"
    )


def test_what_is_short_or_given_stays() -> None:
    assert title_of("", "  舞台\n 倒塌。 ") == "舞台 倒塌。"
    assert title_of("舞台倒塌", FILL * 3) == "舞台倒塌"
    assert title_of(" ", "") == ""
    assert title_of("", "9" * 100) == "9" * LIMIT


@given(st.text(max_size=200))
def test_whatever_is_typed_it_is_a_beginning_and_fits(text: str) -> None:
    title, whole = title_of("", text), " ".join(text.split())
    assert whole.startswith(title) and len(title) <= LIMIT
    assert bool(title) == bool(whole)
