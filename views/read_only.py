"""Auditors read everything and change nothing. The services see to that (`services.access.writer`);
here the door is shut before a form of theirs is even read, so that no refused form shows a page of
a case either."""

from __future__ import annotations

from typing import Final

from flask import Flask, request
from flask_login import current_user

from services.errors import Refusal
from views.kit import me, only_auditor

#: What somebody who is an auditor and nothing else may send all the same.
#: Their own session, language and notices.
OWN: Final = frozenset(
    {"auth.enter", "auth.sign_out", "auth.language", "demo.switch", "notifications.read"}
)
#: Computed and shown, nothing is written: trying out a decision table, playing a draft.
COMPUTED: Final = frozenset({"studio_decisions.try_", "studio_whatif.runs"})
#: The audit room's own writes; each asks `services.auditing` who it is.
AUDIT_ROOM: Final = frozenset(
    {
        "exporting.cancel",
        "exporting.start",
        "unmasking.unmask",
        "unmasking.unmask_signal",
        "proof.check",
        "proof.bundle",
        "proof.lodge",
        "proof.check_all",
        "proof.compare",
        "searching.save",
        "searching.remove",
        "exceptions.sheet",
    }
)

ALLOWED: Final = OWN | COMPUTED | AUDIT_ROOM


def init_app(app: Flask) -> None:
    """Shut the door. Raises Refusal ``read_only`` 403."""

    @app.before_request
    def auditors_only_read() -> None:
        if request.method in {"GET", "HEAD", "OPTIONS"} or request.endpoint in ALLOWED:
            return
        if request.endpoint and current_user.is_authenticated and only_auditor(me()):
            raise Refusal("read_only", 403)
