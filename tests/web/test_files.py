"""Files in the browser: added by those who see the case, served as downloads only."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from models.cases import Case
from tests.integration.world import World
from tests.web.conftest import Browser

PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\n%%EOF\n"


@pytest.fixture
def case(world: World) -> Case:
    return world.open()


def send(browser: Browser, case: Case, content: bytes, name: str, accept: str = "text/html") -> int:
    answer = browser.post(
        f"/cases/{case.id}/files",
        {"file": (io.BytesIO(content), name), "note": "现场"},
        headers={"Accept": accept},
    )
    return answer.status_code


def test_a_file_is_added_and_downloaded_never_shown(
    as_: Callable[[str], Browser], case: Case
) -> None:
    assert send(as_("duty"), case, PDF, "通报 1.pdf") == 303
    answer = as_("duty").get("/files/1")
    assert answer.status_code == 200 and answer.data == PDF
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.mimetype == "application/pdf"


def test_what_is_not_what_it_claims_is_explained(as_: Callable[[str], Browser], case: Case) -> None:
    duty = as_("duty")
    assert send(duty, case, PDF, "photo.jpg", "application/json") == 422
    assert send(duty, case, b"MZ", "x.exe", "application/json") == 422
    assert send(duty, case, b"", "empty.txt", "application/json") == 422
    assert send(duty, case, b"x" * (20 * 1024 * 1024 + 1), "big.txt", "application/json") == 413
    assert send(duty, case, PDF, "photo.jpg") == 303
    assert "名称是 jpg,内容是 pdf" in duty.get(f"/cases/{case.id}").text
    assert duty.get("/files/1").status_code == 404


def test_outsiders_neither_add_nor_read(as_: Callable[[str], Browser], case: Case) -> None:
    send(as_("duty"), case, PDF, "a.pdf")
    for who in ("outsider", "admin"):
        assert as_(who).get("/files/1").status_code == 404
        assert send(as_(who), case, PDF, "b.pdf") in (403, 404)
    assert as_("auditor").get("/files/1").status_code == 403  # masked: test_auditor_pages
    assert send(as_("auditor"), case, PDF, "b.pdf") == 403


def test_without_signing_in_nothing_is_served(
    as_: Callable[[str], Browser], case: Case, visitor: Browser
) -> None:
    send(as_("duty"), case, PDF, "a.pdf")
    assert visitor.client.get("/files/1").status_code in (302, 303)
