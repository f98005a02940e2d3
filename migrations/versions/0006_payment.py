"""Create balances and transactions of orders, and the books of the test provider."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('CREATE SCHEMA "payment"')
    op.create_table(
        "balance",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("due_minor", sa.BigInteger(), nullable=False),
        sa.Column("authorized_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("captured_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("voided_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("authorized_minor BETWEEN 0 AND due_minor", name=op.f("ck_balance_never_over_authorized")),
        sa.CheckConstraint("captured_minor BETWEEN 0 AND due_minor", name=op.f("ck_balance_never_over_captured")),
        sa.CheckConstraint("refunded_minor BETWEEN 0 AND captured_minor", name=op.f("ck_balance_never_over_refunded")),
        sa.CheckConstraint("voided_minor BETWEEN 0 AND authorized_minor", name=op.f("ck_balance_never_over_voided")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_balance")),
        schema="payment",
    )
    op.create_table(
        "test_charge",
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("captured_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "status IN ('ACTION_REQUIRED', 'AUTHORIZED', 'DECLINED', 'VOIDED')",
            name=op.f("ck_test_charge_status_known"),
        ),
        sa.CheckConstraint("captured_minor BETWEEN 0 AND amount_minor", name=op.f("ck_test_charge_captured_range")),
        sa.CheckConstraint("refunded_minor BETWEEN 0 AND captured_minor", name=op.f("ck_test_charge_refunded_range")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_test_charge_idempotency_key")),
        sa.UniqueConstraint("reference", name=op.f("uq_test_charge_reference")),
        schema="payment",
    )
    op.create_table(
        "test_operation",
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_test_operation_idempotency_key")),
        schema="payment",
    )
    op.create_table(
        "transaction",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="PENDING", nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("action_url", sa.Text(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("processed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('AUTHORIZATION', 'CAPTURE', 'REFUND', 'SALE', 'VOID')", name=op.f("ck_transaction_kind_known")
        ),
        sa.CheckConstraint(
            "status IN ('PENDING', 'AWAITING_RESPONSE', 'SUCCESS', 'FAILURE')", name=op.f("ck_transaction_status_known")
        ),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_transaction_amount_positive")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["payment.balance.order_id"], name=op.f("fk_transaction_order_id_balance"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["payment.transaction.id"],
            name=op.f("fk_transaction_parent_id_transaction"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transaction")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_transaction_idempotency_key")),
        schema="payment",
    )
    op.create_index(
        "ix_transaction_open",
        "transaction",
        ["id"],
        unique=False,
        schema="payment",
        postgresql_where=sa.text("status IN ('PENDING', 'AWAITING_RESPONSE')"),
    )
    op.create_index(
        "ix_transaction_order", "transaction", ["order_id", "created_at", "id"], unique=False, schema="payment"
    )


def downgrade() -> None:
    op.drop_index("ix_transaction_order", table_name="transaction", schema="payment")
    op.drop_index(
        "ix_transaction_open",
        table_name="transaction",
        schema="payment",
        postgresql_where=sa.text("status IN ('PENDING', 'AWAITING_RESPONSE')"),
    )
    op.drop_table("transaction", schema="payment")
    op.drop_table("test_operation", schema="payment")
    op.drop_table("test_charge", schema="payment")
    op.drop_table("balance", schema="payment")
    op.execute('DROP SCHEMA "payment"')
