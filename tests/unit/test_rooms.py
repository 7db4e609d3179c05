"""Rules between the rooms that import-linter cannot see."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ASKED = {"add", "delete", "execute", "get", "get_one", "merge", "query", "scalar", "scalars"}


def queries(source: str) -> Iterator[str]:
    """What a page's source would ask of the database by itself."""
    tree = ast.parse(source)
    signed_in = False  # Flask's `session`, which is the browser's cookie
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names = {alias.name for alias in node.names}
            signed_in = signed_in or (node.module == "flask" and "session" in names)
            if (node.module or "").startswith("sqlalchemy") and names != {"Session"}:
                yield f"{node.lineno}: from {node.module} import {', '.join(sorted(names))}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            whose = ast.unparse(node.func.value)
            ours = whose == "uow.session" or (whose == "session" and not signed_in)
            if ours and node.func.attr in ASKED:
                yield f"{node.lineno}: {whose}.{node.func.attr}("


@pytest.mark.parametrize(
    "source",
    [
        "from sqlalchemy import select",
        "def f(session): return session.get(Case, 1)",
        "def f(uow): return uow.session.scalars(x)",
    ],
)
def test_a_query_in_a_page_would_be_seen(source: str) -> None:
    assert list(queries(source))


def test_pages_ask_the_database_nothing_themselves() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted((ROOT / "views").rglob("*.py"))
        for line in queries(path.read_text("utf-8"))
    ]
    assert found == []
