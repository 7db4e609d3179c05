"""What an export spells out by itself, for speed, is what the standard library makes of it."""

from __future__ import annotations

import uuid
from xml.sax.saxutils import quoteattr

from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from services.export_xes import _identity, _quoted
from services.xml_text import whole

_DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)


@given(st.text(st.characters(min_codepoint=0, max_codepoint=0x10FFFF)))
@example("&<>\"'\t\r\n\x00\x1f\x7f\x85\u2028\ud800\ufffe\uffff")
@example("'")
@example('"')
@example("\"'")
def test_a_value_in_quotation_marks_is_that_of_the_library(text: str) -> None:
    breaks = {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
    assert _quoted(text) == quoteattr(whole(text), breaks)
    read = etree.fromstring(f"<string value={_quoted(text)}/>".encode())
    assert read.get("value") == whole(text)


@given(_DIGESTS, st.integers(1, 10_000))
def test_identities_are_uuids(digest: str, n: int) -> None:
    own = uuid.UUID(hex=digest[:32])
    assert _identity(digest, 0) == str(own)
    assert _identity(digest, n) == str(uuid.uuid5(own, str(n)))
