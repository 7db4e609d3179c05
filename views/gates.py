"""Who may come into the pages of a room at all: a blueprint's ``before_request``."""

from __future__ import annotations

from flask_login import login_required

from services import keepers
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
