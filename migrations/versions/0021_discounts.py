"""Create discounts, their codes and the ledger of their uses; let orders keep what was taken off and why."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

OLD_TOTAL = "unit_price_minor >= 0 AND total_minor = unit_price_minor * quantity"
NEW_TOTAL = (
    "unit_price_minor >= 0 AND discount_minor >= 0 AND total_minor >= 0"
    " AND total_minor = unit_price_minor * quantity - discount_minor"
)


def _id(name: str = "id", null: bool = False) -> sa.Column:
    return sa.Column(name, sa.Uuid(), nullable=null)


def _moments() -> list[sa.Column]:
    return [
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    ]


def upgrade() -> None:
    op.execute('CREATE SCHEMA "discount"')
    op.create_table(
        "discount",
        _id(),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("discount_class", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("terms", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("priority", sa.Integer(), server_default="0", nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("once_per_customer", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("usage_limit", sa.Integer(), nullable=True),
        sa.Column("used", sa.Integer(), server_default="0", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        *_moments(),
        sa.CheckConstraint("method IN ('AUTOMATIC', 'CODE')", name=op.f("ck_discount_method_known")),
        sa.CheckConstraint("kind IN ('BASIC', 'BXGY', 'FREE_SHIPPING')", name=op.f("ck_discount_kind_known")),
        sa.CheckConstraint(
            "discount_class IN ('PRODUCT', 'ORDER', 'SHIPPING')", name=op.f("ck_discount_discount_class_known")
        ),
        sa.CheckConstraint("usage_limit > 0", name=op.f("ck_discount_usage_limit_positive")),
        sa.CheckConstraint(
            "used >= 0 AND (usage_limit IS NULL OR used <= usage_limit)", name=op.f("ck_discount_never_overspent")
        ),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_discount_ends_after_start")),
        sa.CheckConstraint(
            "method = 'CODE' OR (usage_limit IS NULL AND NOT once_per_customer)",
            name=op.f("ck_discount_automatic_has_no_limit"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discount")),
        schema="discount",
    )
    op.create_index(
        "ix_discount_automatic",
        "discount",
        ["starts_at"],
        schema="discount",
        postgresql_where=sa.text("method = 'AUTOMATIC'"),
    )
    op.create_index("ix_discount_method", "discount", ["method", "id"], schema="discount")
    op.create_table(
        "code",
        _id(),
        _id("discount_id"),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.CheckConstraint("length(code) BETWEEN 1 AND 255", name=op.f("ck_code_code_length")),
        sa.ForeignKeyConstraint(
            ["discount_id"], ["discount.discount.id"], name=op.f("fk_code_discount_id_discount"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code")),
        sa.UniqueConstraint("folded", name=op.f("uq_code_folded")),
        schema="discount",
    )
    op.create_index(op.f("ix_code_discount_id"), "code", ["discount_id"], schema="discount")
    op.create_table(
        "redemption",
        _id(),
        _id("discount_id"),
        _id("order_id"),
        sa.Column("code", sa.Text(), nullable=True),
        _id("customer_id", null=True),
        sa.Column("contact", sa.Text(), nullable=True),
        sa.Column("once_per_customer", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("state", sa.Text(), server_default="HELD", nullable=False),
        *_moments(),
        sa.CheckConstraint("state IN ('HELD', 'USED', 'RELEASED')", name=op.f("ck_redemption_state_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redemption")),
        sa.UniqueConstraint("order_id", "discount_id", name=op.f("uq_redemption_order_id_discount_id")),
        schema="discount",
    )
    op.create_index("ix_redemption_discount", "redemption", ["discount_id", "state"], schema="discount")
    for name in ("customer", "contact"):
        op.create_index(
            f"uq_redemption_{name}",
            "redemption",
            ["discount_id", "customer_id" if name == "customer" else name],
            unique=True,
            schema="discount",
            postgresql_where=sa.text("once_per_customer AND state <> 'RELEASED'"),
        )
    _orders()


def _orders() -> None:
    for name in ("discount_minor", "shipping_discount_minor"):
        op.add_column("order", sa.Column(name, sa.BigInteger(), server_default="0", nullable=False), schema="order")
    op.create_check_constraint(
        op.f("ck_order_discount_range"),
        "order",
        "shipping_discount_minor BETWEEN 0 AND discount_minor",
        schema="order",
    )
    op.add_column(
        "line", sa.Column("discount_minor", sa.BigInteger(), server_default="0", nullable=False), schema="order"
    )
    op.drop_constraint(op.f("ck_line_total_adds_up"), "line", schema="order", type_="check")
    op.create_check_constraint(op.f("ck_line_total_adds_up"), "line", NEW_TOTAL, schema="order")
    op.create_table(
        "breakdown",
        _id("order_id"),
        sa.Column("document", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["order.order.id"], name=op.f("fk_breakdown_order_id_order"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_breakdown")),
        schema="order",
    )


def downgrade() -> None:
    op.drop_table("breakdown", schema="order")
    op.drop_constraint(op.f("ck_line_total_adds_up"), "line", schema="order", type_="check")
    op.create_check_constraint(op.f("ck_line_total_adds_up"), "line", OLD_TOTAL, schema="order")
    op.drop_column("line", "discount_minor", schema="order")
    op.drop_constraint(op.f("ck_order_discount_range"), "order", schema="order", type_="check")
    for name in ("shipping_discount_minor", "discount_minor"):
        op.drop_column("order", name, schema="order")
    op.execute('DROP SCHEMA "discount" CASCADE')
