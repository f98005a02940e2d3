"""Keep what clients did under an idempotency key."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "idempotency",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("effect_id", sa.Uuid(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(request) = 32", name=op.f("ck_idempotency_request_hashed")),
        sa.CheckConstraint("length(key) BETWEEN 1 AND 255", name=op.f("ck_idempotency_key_bounded")),
        sa.CheckConstraint(
            "(answer IS NULL) = (lease_until IS NOT NULL)", name=op.f("ck_idempotency_runs_or_is_answered")
        ),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_idempotency_kept_for_a_while")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotency")),
        sa.UniqueConstraint("caller", "key", name=op.f("uq_idempotency_caller_key")),
        schema="kernel",
    )
    op.create_index("ix_idempotency_expires_at", "idempotency", ["expires_at"], schema="kernel")


def downgrade() -> None:
    op.drop_table("idempotency", schema="kernel")
