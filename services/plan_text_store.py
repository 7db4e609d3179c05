"""The written plan of a deployed version, told once a process and kept by content hash."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from sqlalchemy.orm import Session

from models.plans import PlanVersion
from services.definitions import catalogue_for, definition_for
from services.plan_text import WrittenPlan, written_plan

#: As many as `services.definitions` keeps catalogues.
KEPT = 64

_plans: OrderedDict[str, WrittenPlan] = OrderedDict()
_lock = Lock()


def written_plan_for(session: Session, version: PlanVersion) -> WrittenPlan:
    """What a version says. It never changes under its hash. Raises LookupError when no version
    of that hash was deployed here."""
    with _lock:
        found = _plans.get(version.content_hash)
        if found is not None:
            _plans.move_to_end(version.content_hash)
            return found
    tables = definition_for(session, version.content_hash).tables
    told = written_plan(catalogue_for(session, version), version.manifest, tables)
    with _lock:
        _plans[version.content_hash] = told
        while len(_plans) > KEPT:
            _plans.popitem(last=False)
    return told
