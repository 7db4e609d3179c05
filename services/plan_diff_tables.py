"""Decision tables cell by cell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.plan_diff_changes import Change, Kind, Subject, ends, pair
from workflows.decision_model import DecisionTable, Input, LiteralExpression, Output, Rule, Table


@dataclass(frozen=True, slots=True)
class ColumnDiff:
    """A column of either version, or both. ``output``: an answer, not a question."""

    before: Input | Output | None
    after: Input | Output | None
    output: bool

    @property
    def name(self) -> str:
        """What people read over the column."""
        one = self.after or self.before
        assert one is not None
        return one.label or (one.text if isinstance(one, Input) else one.name) or one.id


@dataclass(frozen=True, slots=True)
class CellDiff:
    """What a rule says in a column, before and after; None where there was or is no such cell."""

    before: str | None
    after: str | None

    @property
    def same(self) -> bool:
        return self.before == self.after


@dataclass(frozen=True, slots=True)
class RuleDiff:
    """A rule of either version, or both; the numbers count from 1, 0 for none."""

    before: Rule | None
    after: Rule | None
    number_before: int
    number_after: int
    cells: tuple[CellDiff, ...]

    @property
    def kind(self) -> Kind | None:
        """None when nothing of it differs."""
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        same = all(cell.same for cell in self.cells) and self.before.text == self.after.text
        return None if same else "changed"


@dataclass(frozen=True, slots=True)
class TableDiff:
    """A decision of either version, or both, as one table: ``columns`` head the cells of every
    rule. ``moved``: the rules both have stand in another order. ``kind`` None: nothing differs.
    A decision that is no table has no columns: ``texts`` are its expressions."""

    id: str
    name: str
    kind: Kind | None
    columns: tuple[ColumnDiff, ...]
    rules: tuple[RuleDiff, ...]
    policies: tuple[str, str]
    texts: tuple[str, str]
    names: tuple[str, str]
    moved: bool

    @property
    def subject(self) -> Subject:
        """The table as the list of changes names it."""
        return Subject("table", self.id, self.name)


def table_diffs(
    before: Mapping[str, DecisionTable], after: Mapping[str, DecisionTable]
) -> list[TableDiff]:
    """All decisions of both, the newer's order first."""
    ids = dict.fromkeys((*after, *before))
    return [_table(id, before.get(id), after.get(id)) for id in ids]


def table_changes(tables: Iterable[TableDiff]) -> Iterator[Change]:
    """The differences as changes: tables and rules that came or went, and every other cell."""
    for table in tables:
        subject = table.subject
        if table.kind in ("added", "removed"):
            yield Change(
                table.kind, "tables", subject, "table", *ends(table.kind, table), importance=3
            )
            continue
        for field, (was, now) in (
            ("table_name", table.names),
            ("hit_policy", table.policies),
            ("expression", table.texts),
        ):
            if was != now:
                yield Change("changed", "tables", subject, field, was, now)
        yield from _columns(table)
        for rule in table.rules:
            yield from _rule(table, rule)
        if table.moved:
            yield Change("moved", "tables", subject, "rule_order", table, table)


def _columns(table: TableDiff) -> Iterator[Change]:
    for column in table.columns:
        detail = Subject("column", "", column.name)
        if column.before is None or column.after is None:
            kind: Kind = "added" if column.after else "removed"
            yield Change(
                kind, "tables", table.subject, "column", column.before, column.after, detail
            )
            continue
        for field, was, now in _column_says(column.before, column.after):
            yield Change("changed", "tables", table.subject, field, was, now, detail)


def _column_says(old: Input | Output, new: Input | Output) -> Iterator[tuple[str, object, object]]:
    if old.label != new.label:
        yield "column_name", old.label, new.label
    if isinstance(old, Input) and isinstance(new, Input):
        if (old.text, old.name) != (new.text, new.name):
            yield "question", old.text, new.text
        if old.allowed != new.allowed:
            yield "allowed", old.allowed, new.allowed
    elif isinstance(old, Output) and isinstance(new, Output):
        if old.name != new.name:
            yield "output_name", old.name, new.name
        if (old.values, old.default) != (new.values, new.default):
            yield "allowed", _values(old), _values(new)
    if old.type != new.type:
        yield "column_type", old.type, new.type


def _values(output: Output) -> str:
    return ", ".join((*output.values, *((f"({output.default})",) if output.default else ())))


def _rule(table: TableDiff, rule: RuleDiff) -> Iterator[Change]:
    one = rule.after or rule.before
    assert one is not None
    kind = rule.kind
    if kind in ("added", "removed"):
        yield Change(kind, "tables", table.subject, "rule", *ends(kind, rule), importance=3)
        return
    if kind is None:
        return
    for column, cell in zip(table.columns, rule.cells, strict=True):
        if not cell.same and column.before is not None and column.after is not None:
            detail = Subject("cell", str(rule.number_after), column.name)
            yield Change(
                "changed", "tables", table.subject, "output" if column.output else "cell",
                cell.before or "", cell.after or "", detail, importance=3,
            )  # fmt: skip
    if rule.before is not None and rule.after is not None and rule.before.text != rule.after.text:
        detail = Subject("rule", str(rule.number_after), "")
        yield Change(
            "changed", "tables", table.subject, "rule_text", rule.before.text, rule.after.text,
            detail, importance=1,
        )  # fmt: skip


def _table(id: str, old: DecisionTable | None, new: DecisionTable | None) -> TableDiff:
    one = new or old
    assert one is not None
    before, after = _logic(old), _logic(new)
    columns = (
        *_sides(before.inputs if before else (), after.inputs if after else (), output=False),
        *_sides(before.outputs if before else (), after.outputs if after else (), output=True),
    )
    rules = tuple(_rules(before, after, columns))
    kept = [rule.number_before for rule in rules if rule.before and rule.after]
    found = TableDiff(
        id,
        one.name or id,
        "added" if old is None else "removed" if new is None else None,
        columns,
        rules,
        (_policy(before), _policy(after)),
        (_text(old), _text(new)),
        (old.name if old else "", new.name if new else ""),
        kept != sorted(kept),
    )
    if old is not None and new is not None and any(True for _ in table_changes([found])):
        return TableDiff(
            found.id, found.name, "changed", columns, rules, found.policies, found.texts,
            found.names, found.moved,
        )  # fmt: skip
    return found


def _logic(table: DecisionTable | None) -> Table | None:
    return table.logic if table is not None and isinstance(table.logic, Table) else None


def _policy(table: Table | None) -> str:
    return " ".join(filter(None, (table.hit_policy, table.aggregation))) if table else ""


def _text(table: DecisionTable | None) -> str:
    known = table is not None and isinstance(table.logic, LiteralExpression)
    return table.logic.text if known else ""  # type: ignore[union-attr]


def _sides(
    before: Sequence[Input] | Sequence[Output],
    after: Sequence[Input] | Sequence[Output],
    *,
    output: bool,
) -> Iterator[ColumnDiff]:
    found: list[tuple[Input | Output | None, Input | Output | None]] = pair(
        list[Input | Output](before),
        list[Input | Output](after),
        lambda one: one.id,
        lambda one: (one.label, one.text if isinstance(one, Input) else one.name),
    )
    for old, new in found:
        yield ColumnDiff(old, new, output)


def _rules(
    before: Table | None, after: Table | None, columns: Sequence[ColumnDiff]
) -> Iterator[RuleDiff]:
    olds = list(enumerate(before.rules if before else (), 1))
    news = list(enumerate(after.rules if after else (), 1))
    pairs = pair(
        olds, news,
        lambda one: one[1].id,
        lambda one: (one[1].tests, one[1].outputs),
        lambda one: one[1].text or one[1].id,
    )  # fmt: skip
    for old, new in pairs:
        cells = tuple(
            CellDiff(
                _cell(before, column.before, old and old[1]),
                _cell(after, column.after, new and new[1]),
            )
            for column in columns
        )
        yield RuleDiff(
            old[1] if old else None, new[1] if new else None,
            old[0] if old else 0, new[0] if new else 0, cells,
        )  # fmt: skip


def _cell(table: Table | None, column: Input | Output | None, rule: Rule | None) -> str | None:
    if table is None or column is None or rule is None:
        return None
    if isinstance(column, Input):
        return rule.tests[table.inputs.index(column)]
    return rule.outputs[table.outputs.index(column)]
