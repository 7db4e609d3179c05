"""The audit room: searches, exports, unmaskings, seals, retention, destruction; search indexes."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

#: Indexes over part of the rows: name, condition, columns.
PARTIAL = (
    ("person", "person_id is not null", ["person_id", "occurred_at", "id"]),
    ("role", "role_key <> ''", ["role_key", "occurred_at", "id"]),
    ("element", "element_path <> ''", ["element_path", "occurred_at", "id"]),
    (
        "entered_later",
        "person_id is not null and recorded_at <> occurred_at",
        ["occurred_at", "id"],
    ),
)


def upgrade() -> None:
    op.create_table(
        "head_seal",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("chains", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "length(digest) = 64 and length(hash) = 64", name=op.f("ck_head_seal_digest")
        ),
        sa.CheckConstraint("since is null or since < day", name=op.f("ck_head_seal_since")),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_head_seal")),
        sa.UniqueConstraint("seq", name=op.f("uq_head_seal_seq")),
    )
    op.create_table(
        "retention_term",
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("years", sa.Integer(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.CheckConstraint("years is null or years > 0", name=op.f("ck_retention_term_years")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_retention_term")),
    )
    op.create_table(
        "destruction_list",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("drawn_by", sa.Integer(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("carried_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("carried_out_by", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "status in ('open','approved','refused','withdrawn','carried_out')",
            name=op.f("ck_destruction_list_status"),
        ),
        sa.CheckConstraint("length(digest) = 64", name=op.f("ck_destruction_list_digest")),
        sa.ForeignKeyConstraint(
            ["carried_out_by"],
            ["person.id"],
            name=op.f("fk_destruction_list_carried_out_by_person"),
        ),
        sa.ForeignKeyConstraint(
            ["drawn_by"], ["person.id"], name=op.f("fk_destruction_list_drawn_by_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_destruction_list")),
    )
    op.create_table(
        "export_job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("format", sa.String(length=20), nullable=False),
        sa.Column("query", sa.JSON(), nullable=False),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("file_name", sa.String(length=120), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("error", sa.String(length=60), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status in ('queued','running','done','failed','stopped')",
            name=op.f("ck_export_job_status"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_export_job_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_job")),
    )
    with op.batch_alter_table("export_job", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_export_job_person_id_id"), ["person_id", "id"], unique=False
        )

    op.create_table(
        "plan_retention",
        sa.Column("plan_key", sa.String(length=60), nullable=False),
        sa.Column("term_key", sa.String(length=40), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_key"], ["plan.key"], name=op.f("fk_plan_retention_plan_key_plan")
        ),
        sa.ForeignKeyConstraint(
            ["term_key"],
            ["retention_term.key"],
            name=op.f("fk_plan_retention_term_key_retention_term"),
        ),
        sa.PrimaryKeyConstraint("plan_key", name=op.f("pk_plan_retention")),
    )
    op.create_table(
        "signal_retention",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("term_key", sa.String(length=40), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_signal_retention_one")),
        sa.ForeignKeyConstraint(
            ["term_key"],
            ["retention_term.key"],
            name=op.f("fk_signal_retention_term_key_retention_term"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signal_retention")),
    )
    op.create_table(
        "saved_search",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("query", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_saved_search_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_search")),
    )
    with op.batch_alter_table("saved_search", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_saved_search_person_id"), ["person_id"], unique=False)

    op.create_table(
        "destruction_vote",
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("decision", sa.String(length=10), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("voted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "decision in ('approve','refuse')", name=op.f("ck_destruction_vote_decision")
        ),
        sa.ForeignKeyConstraint(
            ["list_id"],
            ["destruction_list.id"],
            name=op.f("fk_destruction_vote_list_id_destruction_list"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_destruction_vote_person_id_person")
        ),
        sa.PrimaryKeyConstraint("list_id", "person_id", name=op.f("pk_destruction_vote")),
    )
    op.create_table(
        "destruction_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("signal_id", sa.Integer(), nullable=True),
        sa.Column("term_key", sa.String(length=40), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.CheckConstraint(
            "outcome in ('','destroyed','held')", name=op.f("ck_destruction_item_outcome")
        ),
        sa.CheckConstraint(
            "(case_id is null) <> (signal_id is null)", name=op.f("ck_destruction_item_of")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case.id"], name=op.f("fk_destruction_item_case_id_case")
        ),
        sa.ForeignKeyConstraint(
            ["signal_id"], ["signal.id"], name=op.f("fk_destruction_item_signal_id_signal")
        ),
        sa.ForeignKeyConstraint(
            ["list_id"],
            ["destruction_list.id"],
            name=op.f("fk_destruction_item_list_id_destruction_list"),
        ),
        sa.ForeignKeyConstraint(
            ["term_key"],
            ["retention_term.key"],
            name=op.f("fk_destruction_item_term_key_retention_term"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_destruction_item")),
        sa.UniqueConstraint("list_id", "case_id", name=op.f("uq_destruction_item_list_id_case_id")),
        sa.UniqueConstraint(
            "list_id", "signal_id", name=op.f("uq_destruction_item_list_id_signal_id")
        ),
    )
    for column in ("case_id", "signal_id"):
        op.create_index(op.f(f"ix_destruction_item_{column}"), "destruction_item", [column])
    op.create_table(
        "legal_hold",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("signal_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("placed_by", sa.Integer(), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by", sa.Integer(), nullable=True),
        sa.Column("lift_reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(case_id is null) <> (signal_id is null)", name=op.f("ck_legal_hold_of")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_legal_hold_case_id_case")),
        sa.ForeignKeyConstraint(
            ["signal_id"], ["signal.id"], name=op.f("fk_legal_hold_signal_id_signal")
        ),
        sa.ForeignKeyConstraint(
            ["lifted_by"], ["person.id"], name=op.f("fk_legal_hold_lifted_by_person")
        ),
        sa.ForeignKeyConstraint(
            ["placed_by"], ["person.id"], name=op.f("fk_legal_hold_placed_by_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_hold")),
    )
    with op.batch_alter_table("legal_hold", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_legal_hold_case_id"), ["case_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_legal_hold_signal_id"), ["signal_id"], unique=False)

    op.create_table(
        "unmasking",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("signal_id", sa.Integer(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(case_id is null) <> (signal_id is null)", name=op.f("ck_unmasking_of")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_unmasking_case_id_case")),
        sa.ForeignKeyConstraint(
            ["signal_id"], ["signal.id"], name=op.f("fk_unmasking_signal_id_signal")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_unmasking_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unmasking")),
    )
    with op.batch_alter_table("unmasking", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_unmasking_person_id_case_id"), ["person_id", "case_id"], unique=False
        )

    _signals()
    with op.batch_alter_table("history_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_history_event_person_id_id"))
        batch_op.drop_index(batch_op.f("ix_history_event_type_id"))
        # A case's events are found by their chain.
        batch_op.drop_index(batch_op.f("ix_history_event_case_id_id"))
        batch_op.create_index(
            batch_op.f("ix_history_event_occurred_at_id"), ["occurred_at", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_history_event_type_occurred_at_id"),
            ["type", "occurred_at", "id"],
            unique=False,
        )
        for name, where, columns in PARTIAL:
            batch_op.create_index(
                f"ix_history_event_{name}",
                columns,
                unique=False,
                sqlite_where=sa.text(where),
                postgresql_where=sa.text(where),
            )


def _signals() -> None:
    """When signals were set aside and when destroyed, as the record has it; a duplicate marked
    before its original became a case belongs to that case."""
    for name in ("settled_at", "destroyed_at"):
        op.add_column("signal", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f("ix_signal_duplicate_of"), "signal", ["duplicate_of"])
    connection = op.get_bind()
    told = connection.execute(
        sa.text(
            "SELECT content, recorded_at FROM history_event WHERE type IN "
            "('signal.dismissed', 'signal.duplicate') ORDER BY id"
        )
    ).all()
    for content, at in told:
        connection.execute(
            sa.text("UPDATE signal SET settled_at = :at WHERE id = :id"),
            {"at": at, "id": json.loads(content)["data"]["signal"]},
        )
    joined = sa.text(
        "UPDATE signal SET case_id = (SELECT o.case_id FROM signal AS o "
        "WHERE o.id = signal.duplicate_of) WHERE case_id IS NULL AND duplicate_of IN "
        "(SELECT id FROM signal WHERE case_id IS NOT NULL AND text <> '')"
    )
    while connection.execute(joined).rowcount:
        pass
    connection.execute(
        sa.text(
            "UPDATE signal SET fingerprint = '', destroyed_at = (SELECT max(h.recorded_at) "
            "FROM history_event AS h WHERE h.case_id = signal.case_id "
            "AND h.type = 'personal.destroyed') WHERE text = '' AND case_id IS NOT NULL"
        )
    )


def downgrade() -> None:
    with op.batch_alter_table("history_event", schema=None) as batch_op:
        for name, _where, _columns in PARTIAL:
            batch_op.drop_index(f"ix_history_event_{name}")
        batch_op.drop_index(batch_op.f("ix_history_event_type_occurred_at_id"))
        batch_op.drop_index(batch_op.f("ix_history_event_occurred_at_id"))
        batch_op.create_index(
            batch_op.f("ix_history_event_case_id_id"), ["case_id", "id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_history_event_type_id"), ["type", "id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_history_event_person_id_id"), ["person_id", "id"], unique=False
        )

    with op.batch_alter_table("unmasking", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_unmasking_person_id_case_id"))

    op.drop_table("unmasking")
    with op.batch_alter_table("legal_hold", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_legal_hold_signal_id"))
        batch_op.drop_index(batch_op.f("ix_legal_hold_case_id"))

    op.drop_table("legal_hold")
    op.drop_index(op.f("ix_signal_duplicate_of"), "signal")
    op.drop_column("signal", "destroyed_at")
    op.drop_column("signal", "settled_at")
    op.drop_table("signal_retention")
    op.drop_table("destruction_item")
    op.drop_table("destruction_vote")
    with op.batch_alter_table("saved_search", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_saved_search_person_id"))

    op.drop_table("saved_search")
    op.drop_table("plan_retention")
    with op.batch_alter_table("export_job", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_export_job_person_id_id"))

    op.drop_table("export_job")
    op.drop_table("destruction_list")
    op.drop_table("retention_term")
    op.drop_table("head_seal")
