"""Create the shop, markets, prices and tax rates."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('CREATE SCHEMA "pricing"')
    op.create_table(
        "market",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("is_primary", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("tax_included", sa.Boolean(), server_default="false", nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_market_currency_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_market")),
        sa.UniqueConstraint("handle", name=op.f("uq_market_handle")),
        schema="pricing",
    )
    op.create_index(
        "uq_market_primary",
        "market",
        ["is_primary"],
        unique=True,
        schema="pricing",
        postgresql_where=sa.text("is_primary"),
    )
    op.create_table(
        "shop",
        sa.Column("one", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("weight_unit", sa.Text(), server_default="GRAMS", nullable=False),
        sa.CheckConstraint(
            "weight_unit IN ('GRAMS', 'KILOGRAMS', 'OUNCES', 'POUNDS')", name=op.f("ck_shop_weight_unit_known")
        ),
        sa.CheckConstraint("one", name=op.f("ck_shop_one_row")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_shop")),
        schema="pricing",
    )
    op.create_table(
        "tax_rate",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("province", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rate_bps", sa.Integer(), nullable=False),
        sa.Column("on_shipping", sa.Boolean(), server_default="true", nullable=False),
        sa.CheckConstraint("rate_bps BETWEEN 0 AND 10000", name=op.f("ck_tax_rate_rate_range")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tax_rate")),
        sa.UniqueConstraint("country", "province", name=op.f("uq_tax_rate_country_province")),
        schema="pricing",
    )
    op.create_table(
        "market_country",
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("market_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("country ~ '^[A-Z]{2}$'", name=op.f("ck_market_country_country_code")),
        sa.ForeignKeyConstraint(
            ["market_id"], ["pricing.market.id"], name=op.f("fk_market_country_market_id_market"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("country", name=op.f("pk_market_country")),
        schema="pricing",
    )
    op.create_index(
        op.f("ix_market_country_market_id"), "market_country", ["market_id"], unique=False, schema="pricing"
    )
    op.create_table(
        "market_language",
        sa.Column("market_id", sa.Uuid(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["market_id"], ["pricing.market.id"], name=op.f("fk_market_language_market_id_market"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("market_id", "language", name=op.f("pk_market_language")),
        schema="pricing",
    )
    op.create_table(
        "price",
        sa.Column("market_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("compare_at_minor", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_price_amount_positive")),
        sa.CheckConstraint("compare_at_minor >= 0", name=op.f("ck_price_compare_at_positive")),
        sa.ForeignKeyConstraint(
            ["market_id"], ["pricing.market.id"], name=op.f("fk_price_market_id_market"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("market_id", "variant_id", name=op.f("pk_price")),
        schema="pricing",
    )
    op.create_index("ix_price_product", "price", ["product_id", "market_id"], unique=False, schema="pricing")
    op.create_index("ix_price_variant", "price", ["variant_id"], unique=False, schema="pricing")


def downgrade() -> None:
    op.drop_index("ix_price_variant", table_name="price", schema="pricing")
    op.drop_index("ix_price_product", table_name="price", schema="pricing")
    op.drop_table("price", schema="pricing")
    op.drop_table("market_language", schema="pricing")
    op.drop_index(op.f("ix_market_country_market_id"), table_name="market_country", schema="pricing")
    op.drop_table("market_country", schema="pricing")
    op.drop_table("tax_rate", schema="pricing")
    op.drop_table("shop", schema="pricing")
    op.drop_index("uq_market_primary", table_name="market", schema="pricing", postgresql_where=sa.text("is_primary"))
    op.drop_table("market", schema="pricing")
    op.execute('DROP SCHEMA "pricing"')
