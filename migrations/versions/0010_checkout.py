"""Create purchases under way."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('CREATE SCHEMA "checkout"')
    op.create_table(
        "attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cart_id", sa.Uuid(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("snapshot", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("action_url", sa.Text(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'COMPLETED') = (completed_at IS NOT NULL)", name=op.f("ck_attempt_completed_says_when")
        ),
        sa.CheckConstraint(
            "(state IN ('VOIDING', 'FAILED')) = (error_code IS NOT NULL)", name=op.f("ck_attempt_failed_says_why")
        ),
        sa.CheckConstraint(
            "state IN ('RESERVED', 'ACTION_REQUIRED', 'PLACED', 'COMPLETED', 'VOIDING', 'FAILED')",
            name=op.f("ck_attempt_state_known"),
        ),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_attempt_amount_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
        sa.UniqueConstraint("cart_id", "token", name=op.f("uq_attempt_cart_id_token")),
        sa.UniqueConstraint("order_id", name=op.f("uq_attempt_order_id")),
        schema="checkout",
    )
    op.create_index(
        "ix_attempt_unfinished",
        "attempt",
        ["lease_until"],
        unique=False,
        schema="checkout",
        postgresql_where=sa.text("state IN ('RESERVED', 'ACTION_REQUIRED', 'PLACED', 'VOIDING')"),
    )
    op.create_index(
        "uq_attempt_cart",
        "attempt",
        ["cart_id"],
        unique=True,
        schema="checkout",
        postgresql_where=sa.text("state <> 'FAILED'"),
    )


def downgrade() -> None:
    op.drop_index(
        "uq_attempt_cart", table_name="attempt", schema="checkout", postgresql_where=sa.text("state <> 'FAILED'")
    )
    op.drop_index(
        "ix_attempt_unfinished",
        table_name="attempt",
        schema="checkout",
        postgresql_where=sa.text("state IN ('RESERVED', 'ACTION_REQUIRED', 'PLACED', 'VOIDING')"),
    )
    op.drop_table("attempt", schema="checkout")
    op.execute('DROP SCHEMA "checkout"')
