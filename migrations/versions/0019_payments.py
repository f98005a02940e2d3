"""Record each thing that happens to an order's money as a row of its own, and the webhooks that were taken in."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# What happened before there were events is told by the transactions: that each was asked for, and what came of it.
REQUESTS = """
INSERT INTO payment.event (id, order_id, transaction_id, kind, source, amount_minor, at)
SELECT gen_random_uuid(), order_id, id, 'REQUESTED', 'REQUEST', amount_minor, created_at FROM payment.transaction
"""
OUTCOMES = """
INSERT INTO payment.event (id, order_id, transaction_id, kind, source, amount_minor, reference, message, at)
SELECT gen_random_uuid(), order_id, id,
    CASE status
        WHEN 'FAILURE' THEN 'FAILED'
        WHEN 'AWAITING_RESPONSE' THEN 'ACTION_REQUIRED'
        ELSE CASE kind
            WHEN 'AUTHORIZATION' THEN 'AUTHORIZED' WHEN 'REFUND' THEN 'REFUNDED' WHEN 'VOID' THEN 'VOIDED'
            ELSE 'CAPTURED'
        END
    END,
    'ANSWER', CASE status WHEN 'SUCCESS' THEN amount_minor ELSE 0 END, reference, message,
    coalesce(processed_at, created_at)
FROM payment.transaction WHERE status <> 'PENDING'
"""


def upgrade() -> None:
    op.create_table(
        "event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('REQUESTED', 'AUTHORIZED', 'CAPTURED', 'REFUNDED', 'VOIDED', 'FAILED', 'ACTION_REQUIRED', 'DISPUTED')",
            name=op.f("ck_event_kind_known"),
        ),
        sa.CheckConstraint(
            "source IN ('REQUEST', 'ANSWER', 'WEBHOOK', 'RECONCILIATION')", name=op.f("ck_event_source_known")
        ),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_event_amount_positive")),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["payment.transaction.id"], name=op.f("fk_event_transaction_id_transaction")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        schema="payment",
    )
    op.create_index("ix_event_order", "event", ["order_id", "at", "id"], schema="payment")
    op.create_index(op.f("ix_event_transaction_id"), "event", ["transaction_id"], schema="payment")
    op.create_table(
        "delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("provider", "event_id", name=op.f("uq_delivery_provider_event_id")),
        schema="payment",
    )
    op.execute(REQUESTS)
    op.execute(OUTCOMES)
    for table in ("event", "delivery"):
        op.execute(
            f"CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON payment.{table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION kernel.refuse_change()"
        )


def downgrade() -> None:
    op.drop_table("delivery", schema="payment")
    op.drop_table("event", schema="payment")
