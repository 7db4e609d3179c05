"""What keys and row ids are called, for pages that name things of many kinds: each looked up when
it is first asked for and kept for the page. A key of what is gone stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from services import audit_lookups, channels, retention_table
from services.audit_lookups import VersionTiers
from services.definitions import catalogue_for, static_path
from services.directory import people_by_id, roles
from services.tiers import Tier
from views.i18n import loc


class Names:
    """The names of one page, in the reader's language. ``cases`` are known already, by id."""

    def __init__(self, session: Session, cases: Mapping[int, Any] | None = None) -> None:
        self._session = session
        self._cases: dict[int, Any] = dict(cases or {})
        self._people: dict[int, Any] = {}
        self._tasks: dict[str, Any] = {}
        self._versions: dict[int, Any] = {}
        self._lists: dict[str, dict[Any, Any]] = {}

    def plan(self, key: object) -> str:
        """A plan's title."""
        found = self._list("plans", lambda: {p.key: p for p in audit_lookups.plans(self._session)})
        return loc(found[key], "title") if key in found else str(key)

    def is_plan(self, key: object) -> bool:
        """Whether a plan has this key."""
        return self.plan(key) != str(key)

    def role(self, key: object) -> str:
        """A role's name."""
        return self._named("roles", key, lambda: {role.key: role for role in roles(self._session)})

    def channel(self, id_: object) -> str:
        """A channel's name, "" for none."""
        found = self._list("channels", lambda: channels.by_id(self._session))
        return loc(found[id_]) if id_ in found else ""

    def term(self, key: object) -> str:
        """The name of a term of the retention table."""
        return self._named(
            "terms", key, lambda: {t.key: t for t in retention_table.terms(self._session)}
        )

    def tier(self, text: str) -> str:
        """A tier by the name its plans give it, else by its key there."""

        def every() -> dict[str, str]:
            found = audit_lookups.version_tiers(self._session)
            by_key = {tier.key: loc(tier) for version in found for tier in version.tiers}
            return by_key | dict(tiers_by_name(found))

        return str(self._list("tiers", every).get(text, text))

    def person(self, id_: object) -> str:
        """A person's name, "" for nobody."""
        if not isinstance(id_, int):
            return ""
        if id_ not in self._people:
            self._people[id_] = people_by_id(self._session, [id_]).get(id_)
        found = self._people[id_]
        return loc(found) if found is not None else f"#{id_}"

    def case(self, id_: object) -> str:
        """A case's number, "" for one that is not there."""
        if not isinstance(id_, int):
            return ""
        if id_ not in self._cases:
            self._cases |= {id_: None, **audit_lookups.cases_by_id(self._session, [id_])}
        found = self._cases[id_]
        return found.number if found is not None else ""

    def task(self, id_: str) -> str:
        """A task's name, "" for one that is not there."""
        if id_ not in self._tasks:
            self._tasks |= {id_: None, **audit_lookups.tasks_by_id(self._session, [id_])}
        found = self._tasks[id_]
        return loc(found) if found is not None else ""

    def version(self, id_: object) -> int | None:
        """The number of a plan version."""
        if not isinstance(id_, int):
            return None
        if id_ not in self._versions:
            self._versions |= {id_: None, **audit_lookups.versions_by_id(self._session, [id_])}
        found = self._versions[id_]
        return found.number if found is not None else None

    def setting(self, plan: object, key: object) -> str:
        """What a plan calls one of its settings."""
        version = self._current(plan)
        rows = version.manifest.get("settings", []) if version is not None else []
        found = next((row for row in rows if row["key"] == key), None)
        return (loc(found) if found is not None else "") or str(key)

    def element(self, plan: object, path: str) -> str:
        """What the plan's version in force calls an element, by its path or its id; "" where it
        has none such."""
        version = self._current(plan)
        if version is None:
            return ""
        elements, path = catalogue_for(self._session, version).elements, static_path(path)
        found = elements.get(path)
        if found is None:
            found = next((one for one in elements.values() if one.id == path), None)
        return loc(found) if found is not None else ""

    def _current(self, plan: object) -> Any:
        found = self._list("plans", lambda: {p.key: p for p in audit_lookups.plans(self._session)})
        id_ = found[plan].current_version_id if plan in found else None
        if id_ is None or self.version(id_) is None:
            return None
        return self._versions[id_]

    def _named(self, name: str, key: object, make: Callable[[], dict[Any, Any]]) -> str:
        found = self._list(name, make)
        return loc(found[key]) if key in found else str(key or "")

    def _list(self, name: str, make: Callable[[], dict[Any, Any]]) -> dict[Any, Any]:
        if name not in self._lists:
            self._lists[name] = make()
        return self._lists[name]


def tiers_by_name(versions: Sequence[VersionTiers]) -> list[tuple[str, str]]:
    """Each name a tier has in any plan once, the highest first: plans call the same tier by the
    same name, though not by the same key. Where they translate it differently, all of it is
    shown."""
    by_name: dict[str, list[Tier]] = {}
    for version in versions:
        for tier in version.tiers:
            by_name.setdefault(tier.name, []).append(tier)
    ranked = sorted(by_name.items(), key=lambda one: -max(tier.level for tier in one[1]))
    return [(name, " / ".join(dict.fromkeys(map(loc, tiers)))) for name, tiers in ranked]
