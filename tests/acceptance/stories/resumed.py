"""Goes on with a case that people have opened in their browsers: the same words as `Story`, on the
running server's own database.

FEEL needs a V8 of its own, which does not start beside Playwright's loop: what is done here is done
in a process of its own (`apart`)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from typing import Any, TypeVar

from models.cases import Case
from models.plans import PlanVersion
from services.definitions import catalogue_for, definition_for
from services.uow import Database
from tests.acceptance.stories.run import Story, _flow_homes

T = TypeVar("T")


def apart(work: Callable[..., T], *args: Any) -> T:
    """What ``work`` gives, done in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *args).result(timeout=240)


def graded(url: str, case_id: int) -> None:
    """Triage the case and confirm the highest tier."""
    Resumed(url, case_id).grade("extraordinary", casualties=True, severe=True)


def finished(url: str, case_id: int) -> tuple[str, list[str], list[str]]:
    """Complete all that is open until the end: status, paths of the steps done, end events."""
    case = Resumed(url, case_id).finish()
    return case.status, case.done, case.ends


class Resumed(Story):
    """A running case as it stands, on the version it is on."""

    def __init__(self, url: str, case_id: int) -> None:
        self.db, self.case_id, self.now = Database(url), case_id, datetime.now(UTC)
        self.judged: dict[str, set[str]] = {}
        self.actors: dict[str, int] = {}
        with self.db.read() as session:
            case = session.get_one(Case, case_id)
            version = session.get_one(PlanVersion, case.plan_version_id)
            self.key = version.plan_key
            self.definition = definition_for(session, version.content_hash)
            self.catalogue = catalogue_for(session, version)
            self.manifest = version.manifest
        self._flow_homes = _flow_homes(self.catalogue)
