"""Lists of heads as seals store them: whatever changes from day to day, following the changes gives
the list that would have been made whole."""

from __future__ import annotations

import hashlib
import string
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.canonical import canonical
from services.seal_lists import Head, HeadList, difference, read, written

DAY = date(2026, 3, 10)
hashes = st.text("0123456789abcdef", min_size=64, max_size=64)
chains = st.one_of(
    st.sampled_from(["org", "audit", "heads"]), st.integers(1, 30).map(lambda id_: f"case:{id_}")
)
heads = st.builds(Head, st.integers(1, 2**31 - 1), hashes)
lists = st.dictionaries(chains, heads, max_size=12)


@given(st.lists(lists, max_size=8))
def test_following_the_changes_gives_the_whole_list(days: list[dict[str, Head]]) -> None:
    followed, before = HeadList(), dict[str, Head]()
    for number, listed in enumerate(days):
        changes = read(written(difference(before, listed)))
        assert changes == difference(before, listed)
        assert followed.take(changes) is True and followed.heads == listed
        day = DAY + timedelta(days=number)
        rows = sorted([chain, *head] for chain, head in listed.items())
        whole = canonical({"chains": rows, "day": day.isoformat()}).encode()
        assert followed.text(day) == HeadList(listed).text(day) == whole
        assert followed.digest(day) == hashlib.sha256(whole).hexdigest()
        before = listed


@given(lists.filter(bool), st.data())
def test_what_is_read_is_written_in_one_way_only(
    listed: dict[str, Head], data: st.DataObject
) -> None:
    text = written(listed)
    at = data.draw(st.integers(0, len(text) - 1))
    put = data.draw(st.text(string.printable, max_size=2))
    changed = text[:at] + put + text[at + data.draw(st.integers(0, 2)) :]
    try:
        found = read(changed)
    except ValueError:
        return
    assert written(found) == changed and (found == listed) is (changed == text)


@given(lists)
def test_a_row_that_changes_nothing_is_noticed(listed: dict[str, Head]) -> None:
    followed = HeadList(listed)
    assert followed.take({"zz": None}) is False and followed.heads == listed
    for chain, head in listed.items():
        assert followed.take({chain: head}) is False
    assert followed.text(DAY) == HeadList(listed).text(DAY)


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "{}", "[[]]", "[ ]", '[["b",1,"%s"],["a",1,"%s"]]', '[["a",1,"%s"],["a",2,"%s"]]',
        '[["a",1,"%s"]', '[["a",01,"%s"]]', '[["a",0,"%s"]]', '[["a",1,""]]', '[["a",1,"%s"],]',
        '[["a",1,"%s"]] ', '[["a\\"",1,"%s"]]', '[["a",1.0,"%s"]]', '[["a",true,"%s"]]',
    ],
)  # fmt: skip
def test_what_no_seal_would_store_is_not_read(text: str) -> None:
    with pytest.raises(ValueError):
        read(text.replace("%s", "a" * 64))
