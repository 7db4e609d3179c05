"""Moments as text: what `utc_text` wrote is read again, anything else refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.moments import from_text, utc_text


@given(st.datetimes(timezones=st.just(UTC)))
def test_what_was_written_is_read(moment: datetime) -> None:
    assert from_text(utc_text(moment)) == moment


@pytest.mark.parametrize(
    "text",
    ["", "x", "2026-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        from_text(text)
