"""Deployed versions read for comparing and printing, kept by content hash."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from sqlalchemy.orm import Session

from models.plans import PlanVersion
from services.draft_reading import version_bundle
from services.plan_diff import plan_text
from services.plan_diff_changes import PlanText

#: Each takes a few megabytes.
KEPT = 12

_texts: OrderedDict[str, PlanText] = OrderedDict()
_lock = Lock()


def version_text(session: Session, version: PlanVersion) -> PlanText:
    """What a version says. It never changes under its hash."""
    with _lock:
        found = _texts.get(version.content_hash)
        if found is not None:
            _texts.move_to_end(version.content_hash)
            return found
    read = plan_text(version_bundle(session, version))
    with _lock:
        _texts[version.content_hash] = read
        while len(_texts) > KEPT:
            _texts.popitem(last=False)
    return read
