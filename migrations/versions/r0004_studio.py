"""The plan studio: drafts with the saves that can be undone, proposals, how versions came in force."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "plan_draft",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_key", sa.String(length=60), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("base_version_id", sa.Integer(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status in ('open','submitted','deployed','discarded')",
            name=op.f("ck_plan_draft_status"),
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["person.id"], name=op.f("fk_plan_draft_author_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["base_version_id"],
            ["plan_version.id"],
            name=op.f("fk_plan_draft_base_version_id_plan_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_draft")),
    )
    with op.batch_alter_table("plan_draft", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_plan_draft_plan_key_status"), ["plan_key", "status"], unique=False
        )

    op.create_table(
        "version_issue",
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("document_number", sa.String(length=100), nullable=False),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column("approved_by", sa.Integer(), nullable=True),
        sa.Column("alone", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["approved_by"], ["person.id"], name=op.f("fk_version_issue_approved_by_person")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["plan_version.id"],
            name=op.f("fk_version_issue_version_id_plan_version"),
        ),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_version_issue")),
    )
    op.create_table(
        "draft_change",
        sa.Column("draft_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("what", sa.String(length=300), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["plan_draft.id"], name=op.f("fk_draft_change_draft_id_plan_draft")
        ),
        sa.PrimaryKeyConstraint("draft_id", "revision", "name", name=op.f("pk_draft_change")),
    )
    op.create_table(
        "draft_file",
        sa.Column("draft_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["plan_draft.id"], name=op.f("fk_draft_file_draft_id_plan_draft")
        ),
        sa.PrimaryKeyConstraint("draft_id", "name", name=op.f("pk_draft_file")),
    )
    op.create_table(
        "plan_proposal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_key", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("draft_id", sa.Integer(), nullable=True),
        sa.Column("target_version_id", sa.Integer(), nullable=True),
        sa.Column("base_version_id", sa.Integer(), nullable=True),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("document_number", sa.String(length=100), nullable=False),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("submitted_by", sa.Integer(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(kind = 'deploy') = (draft_id is not null)", name=op.f("ck_plan_proposal_draft")
        ),
        sa.CheckConstraint(
            "(kind = 'rollback') = (target_version_id is not null)",
            name=op.f("ck_plan_proposal_target"),
        ),
        sa.CheckConstraint("kind in ('deploy','rollback')", name=op.f("ck_plan_proposal_kind")),
        sa.CheckConstraint(
            "status in ('waiting','approved','refused','withdrawn')",
            name=op.f("ck_plan_proposal_status"),
        ),
        sa.ForeignKeyConstraint(
            ["base_version_id"],
            ["plan_version.id"],
            name=op.f("fk_plan_proposal_base_version_id_plan_version"),
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["person.id"], name=op.f("fk_plan_proposal_decided_by_person")
        ),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["plan_draft.id"], name=op.f("fk_plan_proposal_draft_id_plan_draft")
        ),
        sa.ForeignKeyConstraint(
            ["submitted_by"], ["person.id"], name=op.f("fk_plan_proposal_submitted_by_person")
        ),
        sa.ForeignKeyConstraint(
            ["target_version_id"],
            ["plan_version.id"],
            name=op.f("fk_plan_proposal_target_version_id_plan_version"),
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["plan_version.id"],
            name=op.f("fk_plan_proposal_version_id_plan_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_proposal")),
    )
    with op.batch_alter_table("plan_proposal", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_plan_proposal_plan_key_status"), ["plan_key", "status"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("plan_proposal", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_plan_proposal_plan_key_status"))

    op.drop_table("plan_proposal")
    op.drop_table("draft_file")
    op.drop_table("draft_change")
    op.drop_table("version_issue")
    with op.batch_alter_table("plan_draft", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_plan_draft_plan_key_status"))

    op.drop_table("plan_draft")
