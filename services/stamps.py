"""The case's change stamp: pages that show a case ask whether it has moved."""

from __future__ import annotations

from sqlalchemy import update

from models.cases import Case
from services.rows import settle
from services.uow import UnitOfWork


def touch_case(uow: UnitOfWork, case: Case) -> None:
    """Raise the stamp of a case whose words, reports or files changed outside an engine step."""
    uow.session.execute(
        update(Case)
        .where(Case.id == case.id)
        .values(stamp=Case.stamp + 1)
        .execution_options(synchronize_session=False)
    )
    settle(case, {"stamp": case.stamp + 1})
