"""The papers of an evidence bundle: the report as a page and as a Word file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import render_template
from sqlalchemy.orm import Session

from models.cases import Case
from views import evidence_account
from views.evidence_account import account_of
from views.evidence_docx import how_to_check, written
from views.mask_words import in_words


def papers(session: Session, case: Case, mask: Any) -> Iterable[tuple[str, bytes]]:
    """``report.html`` and ``report.docx`` in the reader's language (`evidence_parts.Papers`);
    ``mask`` is the reader's (`services.masking.Mask`)."""
    account = account_of(session, case, mask)
    page = render_template(
        "audit/report.html",
        account=account,
        cells=evidence_account,
        heads=evidence_account.heads(),
        how=how_to_check(),
    )
    yield "report.html", in_words(page).encode()
    yield "report.docx", written(account)
