"""Create delivery zones and rates, fulfillment orders and fulfilments."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('CREATE SCHEMA "fulfilment"')
    op.create_table(
        "fulfillment_order",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), server_default="OPEN", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "status IN ('OPEN', 'IN_PROGRESS', 'CLOSED', 'CANCELLED')", name=op.f("ck_fulfillment_order_status_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fulfillment_order")),
        sa.UniqueConstraint(
            "order_id",
            "location_id",
            name=op.f("uq_fulfillment_order_order_id_location_id"),
            postgresql_nulls_not_distinct=True,
        ),
        schema="fulfilment",
    )
    op.create_table(
        "zone",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_zone")),
        sa.UniqueConstraint("name", name=op.f("uq_zone_name")),
        schema="fulfilment",
    )
    op.create_table(
        "fulfillment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fulfillment_order_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), server_default="SUCCESS", nullable=False),
        sa.Column("tracking_company", sa.Text(), nullable=True),
        sa.Column("tracking_numbers", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("tracking_urls", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("status IN ('SUCCESS', 'CANCELLED')", name=op.f("ck_fulfillment_status_known")),
        sa.ForeignKeyConstraint(
            ["fulfillment_order_id"],
            ["fulfilment.fulfillment_order.id"],
            name=op.f("fk_fulfillment_fulfillment_order_id_fulfillment_order"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fulfillment")),
        sa.UniqueConstraint("order_id", "number", name=op.f("uq_fulfillment_order_id_number")),
        schema="fulfilment",
    )
    op.create_index(
        op.f("ix_fulfillment_fulfillment_order_id"),
        "fulfillment",
        ["fulfillment_order_id"],
        unique=False,
        schema="fulfilment",
    )
    op.create_index(op.f("ix_fulfillment_order_id"), "fulfillment", ["order_id"], unique=False, schema="fulfilment")
    op.create_table(
        "fulfillment_order_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fulfillment_order_id", sa.Uuid(), nullable=False),
        sa.Column("order_line_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("remaining", sa.Integer(), nullable=False),
        sa.CheckConstraint("remaining BETWEEN 0 AND quantity", name=op.f("ck_fulfillment_order_line_remaining_range")),
        sa.ForeignKeyConstraint(
            ["fulfillment_order_id"],
            ["fulfilment.fulfillment_order.id"],
            name=op.f("fk_fulfillment_order_line_fulfillment_order_id_fulfillment_order"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fulfillment_order_line")),
        sa.UniqueConstraint(
            "fulfillment_order_id",
            "order_line_id",
            name=op.f("uq_fulfillment_order_line_fulfillment_order_id_order_line_id"),
        ),
        schema="fulfilment",
    )
    op.create_index(
        op.f("ix_fulfillment_order_line_fulfillment_order_id"),
        "fulfillment_order_line",
        ["fulfillment_order_id"],
        unique=False,
        schema="fulfilment",
    )
    op.create_table(
        "rate",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("zone_id", sa.Uuid(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("from_g", sa.Integer(), server_default="0", nullable=False),
        sa.Column("to_g", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_rate_amount_positive")),
        sa.CheckConstraint("from_g >= 0 AND (to_g IS NULL OR to_g > from_g)", name=op.f("ck_rate_weights_ordered")),
        sa.ForeignKeyConstraint(
            ["zone_id"], ["fulfilment.zone.id"], name=op.f("fk_rate_zone_id_zone"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rate")),
        sa.UniqueConstraint(
            "zone_id", "currency", "handle", "from_g", name=op.f("uq_rate_zone_id_currency_handle_from_g")
        ),
        schema="fulfilment",
    )
    op.create_table(
        "zone_country",
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("zone_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("country ~ '^[A-Z]{2}$'", name=op.f("ck_zone_country_country_code")),
        sa.ForeignKeyConstraint(
            ["zone_id"], ["fulfilment.zone.id"], name=op.f("fk_zone_country_zone_id_zone"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("country", name=op.f("pk_zone_country")),
        schema="fulfilment",
    )
    op.create_index(op.f("ix_zone_country_zone_id"), "zone_country", ["zone_id"], unique=False, schema="fulfilment")
    op.create_table(
        "fulfillment_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fulfillment_id", sa.Uuid(), nullable=False),
        sa.Column("order_line_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_fulfillment_line_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["fulfillment_id"],
            ["fulfilment.fulfillment.id"],
            name=op.f("fk_fulfillment_line_fulfillment_id_fulfillment"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fulfillment_line")),
        sa.UniqueConstraint(
            "fulfillment_id", "order_line_id", name=op.f("uq_fulfillment_line_fulfillment_id_order_line_id")
        ),
        schema="fulfilment",
    )
    op.create_index(
        "ix_fulfillment_line_order_line", "fulfillment_line", ["order_line_id"], unique=False, schema="fulfilment"
    )


def downgrade() -> None:
    op.drop_index("ix_fulfillment_line_order_line", table_name="fulfillment_line", schema="fulfilment")
    op.drop_table("fulfillment_line", schema="fulfilment")
    op.drop_index(op.f("ix_zone_country_zone_id"), table_name="zone_country", schema="fulfilment")
    op.drop_table("zone_country", schema="fulfilment")
    op.drop_table("rate", schema="fulfilment")
    op.drop_index(
        op.f("ix_fulfillment_order_line_fulfillment_order_id"), table_name="fulfillment_order_line", schema="fulfilment"
    )
    op.drop_table("fulfillment_order_line", schema="fulfilment")
    op.drop_index(op.f("ix_fulfillment_order_id"), table_name="fulfillment", schema="fulfilment")
    op.drop_index(op.f("ix_fulfillment_fulfillment_order_id"), table_name="fulfillment", schema="fulfilment")
    op.drop_table("fulfillment", schema="fulfilment")
    op.drop_table("zone", schema="fulfilment")
    op.drop_table("fulfillment_order", schema="fulfilment")
    op.execute('DROP SCHEMA "fulfilment"')
