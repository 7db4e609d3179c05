"""Which cases a filter of the history means by plan and tier."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from models.cases import Case
from models.plans import PlanVersion
from services import audit_lookups
from services.event_sql import Condition

#: Cases asked about together.
_AT_ONCE = 500


class CasesAsked:
    """The cases whose plan has the key ``plan`` and whose tier is now ``tier``, by the name or the
    key it has in the plan version the case runs on; "" is any. ``nothing`` is True where no plan
    version has such a tier."""

    def __init__(self, session: Session, plan: str, tier: str) -> None:
        self.session = session
        #: By plan version: the keys of the tiers that are meant, None for any, graded or not.
        self._versions: dict[int, frozenset[str] | None] = {}
        if tier:
            for one in audit_lookups.version_tiers(session, plan):
                if keys := {t.key for t in one.tiers if tier in (t.key, t.name)}:
                    self._versions[one.version_id] = frozenset(keys)
        else:
            query = select(PlanVersion.id).where(PlanVersion.plan_key == plan)
            self._versions = dict.fromkeys(session.scalars(query))
        self.nothing = bool(tier) and not self._versions
        self._known: dict[int, bool] = {}

    def few(self, most: int) -> list[int] | None:
        """Their ids; None where they are more than ``most``."""
        meant = [
            Case.plan_version_id.in_(versions)
            if keys is None
            else and_(Case.plan_version_id.in_(versions), Case.tier.in_(sorted(keys)))
            for keys, versions in self._by_tiers().items()
        ]
        if not meant:
            return []
        found = list(self.session.scalars(select(Case.id).where(or_(*meant)).limit(most + 1)))
        return found if len(found) <= most else None

    def look_up(self, ids: Iterable[int | None]) -> None:
        """Find out about these cases, for `holds`."""
        missing = [id_ for id_ in dict.fromkeys(ids) if id_ and id_ not in self._known]
        for some in _batches(missing):
            query = select(Case.id, Case.plan_version_id, Case.tier).where(Case.id.in_(some))
            for id_, version, tier in self.session.execute(query):
                self._known[id_] = self._meant(version, tier)

    def condition(self, of_none: Condition | None) -> Condition:
        """The same of an event's case; of events of no case those that meet ``of_none``."""
        case = 'select {} from "case" where "case".id = seen.case_id'
        sql: list[str] = []
        values: list[Any] = []
        if of_none is not None:
            sql.append(f"(case_id is null and {of_none.sql})")
            values += of_none.values
        for keys, versions in self._by_tiers().items():
            # A value, not EXISTS, which PostgreSQL may answer from all cases there are.
            if keys is None:
                sql.append(f"({case.format('plan_version_id')}) {{}}")
                values.append(tuple(versions))
            else:
                of_version = '"case".plan_version_id {} and "case".tier {}'
                sql.append(f"({case.format('1')} and {of_version}) = 1")
                values += [tuple(versions), tuple(sorted(keys))]
        return Condition(" or ".join(sql) or "1 = 0", tuple(values))

    def holds(self, id_: int) -> bool:
        """Whether a case that was looked up is one of them."""
        return self._known.get(id_, False)

    def _by_tiers(self) -> dict[frozenset[str] | None, list[int]]:
        found: dict[frozenset[str] | None, list[int]] = {}
        for version, keys in self._versions.items():
            found.setdefault(keys, []).append(version)
        return found

    def _meant(self, version: int, tier: str | None) -> bool:
        if version not in self._versions:
            return False
        keys = self._versions[version]
        return keys is None or tier in keys


def _batches(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE))
