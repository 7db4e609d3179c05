"""The database's own refusal to change what is on record.

``history_event, plan_version, version_issue, plan_file, statement_version, head_seal,
destruction_vote``: rows are added, never
changed or removed. ``approval`` (voided, countersigned) and ``release`` (withdrawn): only those columns, each
once. A release's ``link`` may be added later and put right; every value of it is in the chain.
``personal_value``: may be removed (retention), never changed. ``chain_head``: only forward.

SQLite: ``INSERT OR REPLACE`` deletes the old row without firing its triggers unless
``recursive_triggers`` is on for that connection, so a trigger before INSERT refuses keys that are
there already, whoever connects. PostgreSQL: TRUNCATE too, and the triggers fire ALWAYS, also
under ``session_replication_role = replica``; the application's role should not own the tables
(docs/operators.md), else it could drop them.

Refusals are SQLite's ``SQLITE_CONSTRAINT_TRIGGER`` and PostgreSQL's ``restrict_violation`` (23001).
"""

from __future__ import annotations

from sqlalchemy import Connection, inspect

#: Nothing may change but INSERT.
APPEND_ONLY = (
    "history_event", "plan_version", "version_issue", "plan_file", "statement_version",
    "head_seal", "destruction_vote",
)  # fmt: skip
#: Only these columns may change, each from NULL to something, once.
ONCE = {
    "approval": ("voided_at", "voided_by_version", "countersigned_at"),
    "release": ("withdrawn_at", "withdrawn_by", "withdrawal_reason"),
}
#: Not guarded at all, in a table of `ONCE`.
FREE = {"release": ("link",)}
#: DELETE allowed, UPDATE not.
ERASABLE = ("personal_value",)
#: The head of a chain only goes forward.
HEAD = "chain_head"
GUARDED = (*APPEND_ONLY, *ONCE, *ERASABLE, HEAD)
#: Tables that came after the guards (revision 0002): an older schema does not have them yet.
LATER = frozenset({"version_issue", "head_seal", "destruction_vote"})

_PREFIX = "guard_"
_FUNCTION = "planroom_guard"


def install(connection: Connection) -> None:
    """Set up the guards of every guarded table, replacing those that are there."""
    remove(connection)
    if connection.dialect.name == "sqlite":
        _install_sqlite(connection)
    else:
        _install_postgresql(connection)


def restore(connection: Connection) -> None:
    """Set the guards up again if this schema has them (revision 0002 and later): a table copied
    by a batch operation has lost its triggers."""
    tables = set(inspect(connection).get_table_names())
    if tables.issuperset(set(GUARDED) - LATER) and _guarded_before(connection):
        install(connection)


def remove(connection: Connection) -> None:
    """Take all guards away (before a downgrade)."""
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(
            f"SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '{_PREFIX}%'"
        ).all()
        for (name,) in rows:
            connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
    else:
        connection.exec_driver_sql(f"DROP FUNCTION IF EXISTS {_FUNCTION}() CASCADE")


def _guarded_before(connection: Connection) -> bool:
    versions = connection.exec_driver_sql("SELECT version_num FROM alembic_version").all()
    return any(version != "0001" for (version,) in versions)


def _keys(connection: Connection, table: str) -> list[list[str]]:
    inspector = inspect(connection)
    keys = [list(inspector.get_pk_constraint(table)["constrained_columns"])]
    keys += [
        [column for column in unique["column_names"] if column]
        for unique in inspector.get_unique_constraints(table)
    ]
    return [key for key in keys if key]


def _there(connection: Connection, *tables: str) -> list[str]:
    """Those of the tables that this schema has by now."""
    known = set(inspect(connection).get_table_names())
    return [table for table in tables if table in known or table not in LATER]


def _columns(connection: Connection, table: str) -> list[str]:
    return [column["name"] for column in inspect(connection).get_columns(table)]


# ------------------------------------------------------------------------------------- SQLite


def _install_sqlite(connection: Connection) -> None:
    for table in _there(connection, *APPEND_ONLY, *ONCE, *ERASABLE):
        exists = " OR ".join(
            f'EXISTS (SELECT 1 FROM "{table}" WHERE '
            + " AND ".join(f'"{column}" = NEW."{column}"' for column in key)
            + ")"
            for key in _keys(connection, table)
        )
        _sqlite_trigger(connection, table, "insert", exists, "its key is there already")
    for table in _there(connection, *APPEND_ONLY):
        _sqlite_trigger(connection, table, "update", "1", "append-only")
    for table in ERASABLE:
        _sqlite_trigger(connection, table, "update", "1", "may be deleted, not changed")
    for table in _there(connection, *APPEND_ONLY, *ONCE, HEAD):
        _sqlite_trigger(connection, table, "delete", "1", "append-only")
    for table, once in ONCE.items():
        changed = [
            f'OLD."{column}" IS NOT NEW."{column}"'
            for column in _columns(connection, table)
            if column not in once and column not in FREE.get(table, ())
        ]
        changed += [
            f'(OLD."{column}" IS NOT NULL AND OLD."{column}" IS NOT NEW."{column}")'
            for column in once
        ]
        _sqlite_trigger(connection, table, "update", " OR ".join(changed), "append-only")
    _sqlite_trigger(
        connection, HEAD, "update", "NEW.chain <> OLD.chain OR NEW.seq <= OLD.seq", "only forward"
    )
    _sqlite_trigger(
        connection,
        HEAD,
        "insert",
        f"EXISTS (SELECT 1 FROM {HEAD} WHERE chain = NEW.chain)",
        "its key is there already",
    )


def _sqlite_trigger(connection: Connection, table: str, verb: str, when: str, why: str) -> None:
    connection.exec_driver_sql(
        f'CREATE TRIGGER "{_PREFIX}{table}_{verb}" BEFORE {verb.upper()} ON "{table}" '
        f"WHEN {when} BEGIN SELECT RAISE(ABORT, '{table}: {why}'); END"
    )


# --------------------------------------------------------------------------------- PostgreSQL

_PLPGSQL = f"""
CREATE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%%: %% refused: %%', TG_TABLE_NAME, lower(TG_OP), TG_ARGV[0]
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END $$
"""


def _install_postgresql(connection: Connection) -> None:
    connection.exec_driver_sql(_PLPGSQL)
    for table in _there(connection, *APPEND_ONLY):
        _pg_trigger(connection, table, "UPDATE OR DELETE", "append-only")
    for table in ERASABLE:
        _pg_trigger(connection, table, "UPDATE", "may be deleted, not changed")
    for table, once in ONCE.items():
        changed = [
            f'OLD."{column}" IS DISTINCT FROM NEW."{column}"'
            for column in _columns(connection, table)
            if column not in once and column not in FREE.get(table, ())
        ]
        changed += [
            f'(OLD."{column}" IS NOT NULL AND OLD."{column}" IS DISTINCT FROM NEW."{column}")'
            for column in once
        ]
        _pg_trigger(connection, table, "DELETE", "append-only")
        _pg_trigger(connection, table, "UPDATE", "append-only", " OR ".join(changed))
    _pg_trigger(connection, HEAD, "DELETE", "append-only")
    _pg_trigger(
        connection,
        HEAD,
        "UPDATE",
        "only forward",
        "NEW.chain <> OLD.chain OR NEW.seq <= OLD.seq",
    )
    for table in _there(connection, *GUARDED):
        _pg_trigger(connection, table, "TRUNCATE", "append-only")


def _pg_trigger(
    connection: Connection, table: str, verbs: str, why: str, when: str = "true"
) -> None:
    name = f"{_PREFIX}{table}_{verbs.lower().replace(' ', '_')}"
    each = "STATEMENT" if verbs == "TRUNCATE" else "ROW"
    connection.exec_driver_sql(
        f'CREATE TRIGGER "{name}" BEFORE {verbs} ON "{table}" FOR EACH {each} '
        f"WHEN ({when}) EXECUTE FUNCTION {_FUNCTION}('{why}')"
    )
    connection.exec_driver_sql(f'ALTER TABLE "{table}" ENABLE ALWAYS TRIGGER "{name}"')
