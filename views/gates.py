"""Who may come into the pages of a room at all: a blueprint's ``before_request``."""

from __future__ import annotations

from flask import request
from flask_login import login_required

from services import keepers
from services.access import ADMIN, AUDITOR, require_role
from services.auditing import require_auditor
from views.kit import me


@login_required
def auditors_only() -> None:
    """The audit room. Raises Refusal ``not_your_role`` 403 for anybody else."""
    require_auditor(me())


@login_required
def keepers_only() -> None:
    """The archive. Raises Refusal ``not_your_role`` 403 for anybody else."""
    keepers.require_keeper(me())


@login_required
def administrators_only() -> None:
    """The administrator's pages, which auditors may read. Raises Refusal ``not_your_role`` 403 for
    anybody else."""
    reading = (AUDITOR,) if request.method in {"GET", "HEAD"} else ()
    require_role(me(), ADMIN, *reading)
