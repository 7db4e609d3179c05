"""What differs in ``plan.toml`` and ``clauses.toml``, row by row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.plan_diff_changes import Both, Change, Group, Kind, Row, Subject, pair


@dataclass(frozen=True, slots=True)
class _Told:
    """How a table's rows are told apart and where their changes stand."""

    key: str
    group: Group
    importance: int = 2
    ordered: bool = False


#: The lists of ``plan.toml``.
_LISTS: Final[Mapping[str, _Told]] = {
    "clocks": _Told("id", "limits", 3),
    "approvals": _Told("kind", "approvals", 3, ordered=True),
    "recipients": _Told("key", "papers", 3),
    "archive": _Told("key", "papers", 2, ordered=True),
    "tiers": _Told("key", "tables", 3, ordered=True),
    "anchors": _Told("key", "limits"),
    "settings": _Told("key", "other"),
    "provisions": _Told("key", "other", 2, ordered=True),
}
_CLAUSES: Final = _Told("id", "other", 1)
#: Single rows.
_ROWS: Final[Mapping[str, Group]] = {"closing": "papers", "retention": "papers", "source": "other"}
#: Tables of a name to one value.
_NAMED: Final[Mapping[str, Group]] = {"variables": "other"}
#: Told by the diagram (``calls``), by the clauses (``cites``), or with another field.
_SILENT: Final = frozenset({"calls", "cites", "title_en"})
_SHOWN: Final = ("name", "text", "criterion")


def paper_changes(before: Row, after: Row) -> list[Change]:
    """Changes of ``plan.toml``: roles, then its lists in the order the plan's pages tell them."""
    found = [*_roles(before.get("roles") or {}, after.get("roles") or {})]
    for table, told in _LISTS.items():
        found += _rows(table, told, before.get(table) or [], after.get(table) or [])
    for table, group in _ROWS.items():
        subject = Subject(table, "", "")
        found += _fields(subject, group, 2, before.get(table) or {}, after.get(table) or {}, ())
    for table, group in _NAMED.items():
        found += _values(table, group, before.get(table) or {}, after.get(table) or {})
    found += _head(before, after)
    return found


def clause_changes(before: Sequence[Row], after: Sequence[Row]) -> list[Change]:
    """Changes of the clauses' list."""
    return [*_rows("clause", _CLAUSES, before, after)]


def _roles(before: Row, after: Row) -> Iterator[Change]:
    def rows(table: Row) -> list[Row]:
        return [
            {"key": key, **(row if isinstance(row, Mapping) else {"role": row})}
            for key, row in table.items()
        ]

    told = _Told("key", "roles", 3)
    yield from _rows("roles", told, rows(before), rows(after))


def _rows(table: str, told: _Told, before: Sequence[Row], after: Sequence[Row]) -> Iterator[Change]:
    pairs = pair(before, after, lambda row: str(row.get(told.key)), _name)
    for old, new in pairs:
        row = new or old or {}
        subject = _subject(table, told, row)
        clauses = _clauses(row)
        if old is None or new is None:
            kind: Kind = "added" if new else "removed"
            yield Change(
                kind, told.group, subject, "row", old, new,
                clauses=clauses, importance=told.importance,
            )  # fmt: skip
            continue
        yield from _fields(subject, told.group, told.importance, old, new, clauses)
    kept = [before.index(old) for old, new in pairs if old is not None and new is not None]
    if told.ordered and kept != sorted(kept):
        yield Change(
            "moved", told.group, Subject(table, "", ""), "order", _names(before), _names(after),
            importance=told.importance,
        )  # fmt: skip


def _fields(
    subject: Subject,
    group: Group,
    importance: int,
    old: Row,
    new: Row,
    clauses: tuple[str, ...],
) -> Iterator[Change]:
    for field in dict.fromkeys((*new, *old)):
        if field.endswith("_en") and field.removesuffix("_en") in {*old, *new}:
            continue
        was, now = old.get(field), new.get(field)
        english = f"{field}_en"
        if english in old or english in new:
            was = Both(_text(was), _text(old.get(english)))
            now = Both(_text(now), _text(new.get(english)))
        if was != now:
            yield Change(
                "changed", group, subject, f"row.{field}", was, now,
                clauses=clauses, importance=importance,
            )  # fmt: skip


def _values(table: str, group: Group, before: Row, after: Row) -> Iterator[Change]:
    for key in dict.fromkeys((*after, *before)):
        was, now = before.get(key), after.get(key)
        if was != now:
            kind: Kind = "added" if was is None else "removed" if now is None else "changed"
            subject = Subject(table, str(key), str(key))
            yield Change(kind, group, subject, "value", was, now, importance=1)


def _head(before: Row, after: Row) -> Iterator[Change]:
    """The plan's title and what else stands at the top."""
    known = {*_LISTS, *_ROWS, *_NAMED, *_SILENT, "roles"}
    subject = Subject("plan", "", _text(after.get("title")), _text(after.get("title_en")))
    was, now = (Both(_text(m.get("title")), _text(m.get("title_en"))) for m in (before, after))
    if was != now:
        yield Change("changed", "other", subject, "row.title", was, now, importance=3)
    for field in dict.fromkeys((*after, *before)):
        if field not in known and field != "title" and before.get(field) != after.get(field):
            yield Change(
                "changed", "other", subject, f"row.{field}", before.get(field), after.get(field)
            )


def _subject(table: str, told: _Told, row: Row) -> Subject:
    english = next((str(row[f"{f}_en"]) for f in _SHOWN if row.get(f"{f}_en")), "")
    return Subject(table, str(row.get(told.key, "")), _name(row), english)


def _name(row: Row) -> str:
    shown = next((str(row[field]) for field in _SHOWN if row.get(field)), "")
    return shown or str(row.get("key") or row.get("kind") or row.get("id") or "")


def _names(rows: Sequence[Row]) -> tuple[Both, ...]:
    return tuple(Both(_name(row), str(row.get("name_en") or "")) for row in rows)


def _clauses(row: Row) -> tuple[str, ...]:
    return tuple(filter(None, str(row.get("clause") or "").split()))


def _text(value: Any) -> str:
    return "" if value is None else str(value)
