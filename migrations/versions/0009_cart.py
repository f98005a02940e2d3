"""Create carts with lines and addresses."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('CREATE SCHEMA "cart"')
    op.create_table(
        "cart",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), server_default="OPEN", nullable=False),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "attributes",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "discount_codes",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("delivery_handle", sa.Text(), nullable=True),
        sa.Column("payment", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(state = 'COMPLETED') = (order_id IS NOT NULL)", name=op.f("ck_cart_completed_has_order")),
        sa.CheckConstraint("state IN ('OPEN', 'SUBMITTED', 'COMPLETED')", name=op.f("ck_cart_state_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cart")),
        schema="cart",
    )
    op.create_index(
        "ix_cart_updated_at",
        "cart",
        ["updated_at"],
        unique=False,
        schema="cart",
        postgresql_where=sa.text("state = 'OPEN'"),
    )
    op.create_table(
        "address",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cart_id", sa.Uuid(), nullable=False),
        sa.Column("address", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("selected", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("one_time_use", sa.Boolean(), server_default="false", nullable=False),
        sa.ForeignKeyConstraint(
            ["cart_id"], ["cart.cart.id"], name=op.f("fk_address_cart_id_cart"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address")),
        schema="cart",
    )
    op.create_index("ix_address_cart", "address", ["cart_id", "id"], unique=False, schema="cart")
    op.create_index(
        "uq_address_selected", "address", ["cart_id"], unique=True, schema="cart", postgresql_where=sa.text("selected")
    )
    op.create_table(
        "line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cart_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column(
            "attributes",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.CheckConstraint("quantity BETWEEN 1 AND 10000", name=op.f("ck_line_quantity_range")),
        sa.ForeignKeyConstraint(["cart_id"], ["cart.cart.id"], name=op.f("fk_line_cart_id_cart"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line")),
        sa.UniqueConstraint("cart_id", "variant_id", "attributes", name=op.f("uq_line_cart_id_variant_id_attributes")),
        schema="cart",
    )
    op.create_index("ix_line_cart", "line", ["cart_id", "position", "id"], unique=False, schema="cart")


def downgrade() -> None:
    op.drop_index("ix_line_cart", table_name="line", schema="cart")
    op.drop_table("line", schema="cart")
    op.drop_index("uq_address_selected", table_name="address", schema="cart", postgresql_where=sa.text("selected"))
    op.drop_index("ix_address_cart", table_name="address", schema="cart")
    op.drop_table("address", schema="cart")
    op.drop_index("ix_cart_updated_at", table_name="cart", schema="cart", postgresql_where=sa.text("state = 'OPEN'"))
    op.drop_table("cart", schema="cart")
    op.execute('DROP SCHEMA "cart"')
