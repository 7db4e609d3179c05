"""The README's table of settings is the one the program has."""

from __future__ import annotations

from pathlib import Path

import config

ROOT = Path(__file__).resolve().parents[2]


def test_the_readme_lists_every_setting_as_it_is() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    between = text.split("<!-- settings", 1)[1].split("-->", 1)[1].split("<!-- /settings", 1)[0]
    rows = [
        f"| `{name}` | {f'`{default}`' if default else ''} | {meaning} |"
        for name, default, meaning in config.table()
    ]
    assert between.strip().splitlines()[2:] == rows
