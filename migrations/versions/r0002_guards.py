"""Chains that cannot be malformed, and the append-only guards.

The tables of chains get CHECK constraints (copied with their rows on SQLite), then every table on
record gets the triggers of `migrations.guards`.
"""

from __future__ import annotations

from alembic import op

from migrations import guards

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("history_event") as batch:
        batch.create_check_constraint(op.f("ck_history_event_seq"), "seq >= 1")
        batch.create_check_constraint(op.f("ck_history_event_hash"), "length(hash) = 64")
    with op.batch_alter_table("chain_head") as batch:
        batch.create_check_constraint(op.f("ck_chain_head_seq"), "seq >= 1 and length(hash) = 64")
    guards.install(op.get_bind())


def downgrade() -> None:
    guards.remove(op.get_bind())
    with op.batch_alter_table("chain_head") as batch:
        batch.drop_constraint(op.f("ck_chain_head_seq"), type_="check")
    with op.batch_alter_table("history_event") as batch:
        batch.drop_constraint(op.f("ck_history_event_hash"), type_="check")
        batch.drop_constraint(op.f("ck_history_event_seq"), type_="check")
