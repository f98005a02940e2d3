"""Create orders with lines, refunds and their trail."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('CREATE SCHEMA "order"')
    op.execute(sa.schema.CreateSequence(sa.Sequence("order_number", start=1001, schema="order")))
    op.create_table(
        "order",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "number", sa.BigInteger(), server_default=sa.text("nextval('\"order\".order_number')"), nullable=False
        ),
        sa.Column("cart_id", sa.Uuid(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("market_id", sa.Uuid(), nullable=True),
        sa.Column("channel_id", sa.Uuid(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column(
            "attributes",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("shipping_address", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("billing_address", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("shipping_handle", sa.Text(), nullable=True),
        sa.Column("shipping_title", sa.Text(), nullable=True),
        sa.Column("tax_included", sa.Boolean(), nullable=False),
        sa.Column("subtotal_minor", sa.BigInteger(), nullable=False),
        sa.Column("shipping_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "tax_lines",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("financial_status", sa.Text(), server_default="PENDING", nullable=False),
        sa.Column("fulfillment_status", sa.Text(), server_default="UNFULFILLED", nullable=False),
        sa.Column("processed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "cancel_reason IN ('CUSTOMER', 'DECLINED', 'FRAUD', 'INVENTORY', 'OTHER', 'STAFF')",
            name=op.f("ck_order_cancel_reason_known"),
        ),
        sa.CheckConstraint(
            "financial_status IN ('AUTHORIZED', 'PAID', 'PARTIALLY_PAID', 'PARTIALLY_REFUNDED', 'PENDING', 'REFUNDED', 'VOIDED')",
            name=op.f("ck_order_financial_status_known"),
        ),
        sa.CheckConstraint(
            "fulfillment_status IN ('FULFILLED', 'PARTIALLY_FULFILLED', 'UNFULFILLED')",
            name=op.f("ck_order_fulfillment_status_known"),
        ),
        sa.CheckConstraint(
            "(cancelled_at IS NULL) = (cancel_reason IS NULL)", name=op.f("ck_order_cancelled_for_a_reason")
        ),
        sa.CheckConstraint("refunded_minor BETWEEN 0 AND total_minor", name=op.f("ck_order_never_over_refunded")),
        sa.CheckConstraint(
            "subtotal_minor >= 0 AND shipping_minor >= 0 AND tax_minor >= 0 AND total_minor = subtotal_minor + shipping_minor + CASE WHEN tax_included THEN 0 ELSE tax_minor END",
            name=op.f("ck_order_total_adds_up"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order")),
        sa.UniqueConstraint("cart_id", name=op.f("uq_order_cart_id")),
        sa.UniqueConstraint("number", name=op.f("uq_order_number")),
        schema="order",
    )
    op.create_index(
        "ix_order_cancelled",
        "order",
        ["processed_at", "id"],
        unique=False,
        schema="order",
        postgresql_where=sa.text("cancelled_at IS NOT NULL"),
    )
    op.create_index(
        "ix_order_closed",
        "order",
        ["processed_at", "id"],
        unique=False,
        schema="order",
        postgresql_where=sa.text("closed_at IS NOT NULL"),
    )
    op.create_index("ix_order_created_at", "order", ["created_at", "id"], unique=False, schema="order")
    op.create_index("ix_order_customer", "order", ["customer_id", "processed_at", "id"], unique=False, schema="order")
    op.create_index("ix_order_email", "order", ["email"], unique=False, schema="order")
    op.create_index(
        "ix_order_financial_status", "order", ["financial_status", "processed_at", "id"], unique=False, schema="order"
    )
    op.create_index(
        "ix_order_fulfillment_status",
        "order",
        ["fulfillment_status", "processed_at", "id"],
        unique=False,
        schema="order",
    )
    op.create_index(
        "ix_order_open",
        "order",
        ["processed_at", "id"],
        unique=False,
        schema="order",
        postgresql_where=sa.text("cancelled_at IS NULL AND closed_at IS NULL"),
    )
    op.create_index("ix_order_processed_at", "order", ["processed_at", "id"], unique=False, schema="order")
    op.create_index("ix_order_total", "order", ["total_minor", "id"], unique=False, schema="order")
    op.create_index("ix_order_updated_at", "order", ["updated_at", "id"], unique=False, schema="order")
    op.create_table(
        "event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "data",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("occurred_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["order.order.id"], name=op.f("fk_event_order_id_order"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        schema="order",
    )
    op.create_index("ix_event_order", "event", ["order_id", "id"], unique=False, schema="order")
    op.create_table(
        "line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=True),
        sa.Column("variant_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("variant_title", sa.Text(), nullable=True),
        sa.Column("sku", sa.Text(), nullable=True),
        sa.Column("vendor", sa.Text(), nullable=True),
        sa.Column("image_url", sa.Text(), nullable=True),
        sa.Column(
            "attributes",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("requires_shipping", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("current_quantity", sa.Integer(), nullable=False),
        sa.Column("fulfilled_quantity", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unit_price_minor", sa.BigInteger(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("current_quantity BETWEEN 0 AND quantity", name=op.f("ck_line_current_range")),
        sa.CheckConstraint("fulfilled_quantity BETWEEN 0 AND quantity", name=op.f("ck_line_fulfilled_range")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_line_quantity_positive")),
        sa.CheckConstraint(
            "unit_price_minor >= 0 AND total_minor = unit_price_minor * quantity", name=op.f("ck_line_total_adds_up")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["order.order.id"], name=op.f("fk_line_order_id_order"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line")),
        schema="order",
    )
    op.create_index("ix_line_order", "line", ["order_id", "position", "id"], unique=False, schema="order")
    op.create_index("ix_line_sku", "line", ["sku", "order_id"], unique=False, schema="order")
    op.create_index("ix_line_variant", "line", ["variant_id"], unique=False, schema="order")
    op.create_table(
        "refund",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("shipping_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default="PENDING", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("status IN ('PENDING', 'SUCCESS', 'FAILURE')", name=op.f("ck_refund_status_known")),
        sa.CheckConstraint("amount_minor >= 0 AND shipping_minor >= 0", name=op.f("ck_refund_amount_positive")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["order.order.id"], name=op.f("fk_refund_order_id_order"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund")),
        schema="order",
    )
    op.create_index("ix_refund_order", "refund", ["order_id", "id"], unique=False, schema="order")
    op.create_index(
        "ix_refund_pending",
        "refund",
        ["id"],
        unique=False,
        schema="order",
        postgresql_where=sa.text("status = 'PENDING'"),
    )
    op.create_table(
        "settlement",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("refund", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["order.order.id"], name=op.f("fk_settlement_order_id_order"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_settlement")),
        schema="order",
    )
    op.create_table(
        "refund_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("refund_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("restock_type", sa.Text(), server_default="NO_RESTOCK", nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("subtotal_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "restock_type IN ('CANCEL', 'NO_RESTOCK', 'RETURN')", name=op.f("ck_refund_line_restock_type_known")
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_refund_line_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["line_id"], ["order.line.id"], name=op.f("fk_refund_line_line_id_line"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["refund_id"], ["order.refund.id"], name=op.f("fk_refund_line_refund_id_refund"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_line")),
        schema="order",
    )
    op.create_index(op.f("ix_refund_line_line_id"), "refund_line", ["line_id"], unique=False, schema="order")
    op.create_index(op.f("ix_refund_line_refund_id"), "refund_line", ["refund_id"], unique=False, schema="order")


def downgrade() -> None:
    op.drop_index(op.f("ix_refund_line_refund_id"), table_name="refund_line", schema="order")
    op.drop_index(op.f("ix_refund_line_line_id"), table_name="refund_line", schema="order")
    op.drop_table("refund_line", schema="order")
    op.drop_table("settlement", schema="order")
    op.drop_index(
        "ix_refund_pending", table_name="refund", schema="order", postgresql_where=sa.text("status = 'PENDING'")
    )
    op.drop_index("ix_refund_order", table_name="refund", schema="order")
    op.drop_table("refund", schema="order")
    op.drop_index("ix_line_variant", table_name="line", schema="order")
    op.drop_index("ix_line_sku", table_name="line", schema="order")
    op.drop_index("ix_line_order", table_name="line", schema="order")
    op.drop_table("line", schema="order")
    op.drop_index("ix_event_order", table_name="event", schema="order")
    op.drop_table("event", schema="order")
    op.drop_index("ix_order_updated_at", table_name="order", schema="order")
    op.drop_index("ix_order_total", table_name="order", schema="order")
    op.drop_index("ix_order_processed_at", table_name="order", schema="order")
    op.drop_index(
        "ix_order_open",
        table_name="order",
        schema="order",
        postgresql_where=sa.text("cancelled_at IS NULL AND closed_at IS NULL"),
    )
    op.drop_index("ix_order_fulfillment_status", table_name="order", schema="order")
    op.drop_index("ix_order_financial_status", table_name="order", schema="order")
    op.drop_index("ix_order_email", table_name="order", schema="order")
    op.drop_index("ix_order_customer", table_name="order", schema="order")
    op.drop_index("ix_order_created_at", table_name="order", schema="order")
    op.drop_index(
        "ix_order_closed", table_name="order", schema="order", postgresql_where=sa.text("closed_at IS NOT NULL")
    )
    op.drop_index(
        "ix_order_cancelled", table_name="order", schema="order", postgresql_where=sa.text("cancelled_at IS NOT NULL")
    )
    op.drop_table("order", schema="order")
    op.execute('DROP SEQUENCE "order".order_number')
    op.execute('DROP SCHEMA "order"')
