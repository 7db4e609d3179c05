"""The invented signals that fill the demonstration."""

from __future__ import annotations

import tomllib
from urllib.parse import urlsplit

from services.fingerprints import fingerprint
from services.signals import LINK_LIMIT, MEDIA, TEXT_LIMIT
from tests.unit.plan_driver import LIBRARY


def test_thirty_invented_signals() -> None:
    rows = tomllib.loads((LIBRARY / "signals.toml").read_text(encoding="utf-8"))["signal"]
    assert len(rows) == 30
    for row in rows:
        assert row["medium"] in MEDIA
        assert 0 < row["minutes_ago"] <= 24 * 60
        assert 10 < len(row["text"]) <= TEXT_LIMIT and len(row.get("link", "")) <= LINK_LIMIT
        if row.get("link"):
            host = urlsplit(row["link"]).hostname or ""
            assert host.endswith(".example"), "an address that nobody can own"
        assert all(row.get(count, 0) >= 0 for count in ("reads", "comments", "reposts"))
    prints = [fingerprint(row["text"], row.get("link", "")) for row in rows]
    assert len(set(prints)) < len(prints), "some are copies of each other"
    assert any("死了五个" in row["text"] and "排练" in row["text"] for row in rows)
