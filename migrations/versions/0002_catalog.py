"""Create products, variants, media, collections, and where they are published."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('CREATE SCHEMA "catalog"')
    op.create_table(
        "channel",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel")),
        sa.UniqueConstraint("handle", name=op.f("uq_channel_handle")),
        schema="catalog",
    )
    op.create_table(
        "collection",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description_html", sa.Text(), server_default="", nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("image_url", sa.Text(), nullable=True),
        sa.Column("image_alt", sa.Text(), nullable=True),
        sa.Column("seo_title", sa.Text(), nullable=True),
        sa.Column("seo_description", sa.Text(), nullable=True),
        sa.Column("sort_order", sa.Text(), server_default="BEST_SELLING", nullable=False),
        sa.Column("rule_set", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "sort_order IN ('ALPHA_ASC', 'ALPHA_DESC', 'BEST_SELLING', 'CREATED', 'CREATED_DESC', 'MANUAL', 'PRICE_ASC', 'PRICE_DESC')",
            name=op.f("ck_collection_sort_order_known"),
        ),
        sa.CheckConstraint("length(handle) BETWEEN 1 AND 255", name=op.f("ck_collection_handle_length")),
        sa.CheckConstraint("length(title) BETWEEN 1 AND 255", name=op.f("ck_collection_title_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection")),
        sa.UniqueConstraint("handle", name=op.f("uq_collection_handle")),
        schema="catalog",
    )
    op.create_index("ix_collection_title", "collection", ["title", "id"], unique=False, schema="catalog")
    op.create_index("ix_collection_updated_at", "collection", ["updated_at", "id"], unique=False, schema="catalog")
    op.create_table(
        "product",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description_html", sa.Text(), server_default="", nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("product_type", sa.Text(), server_default="", nullable=False),
        sa.Column("vendor", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Text(), server_default="DRAFT", nullable=False),
        sa.Column("tags", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("seo_title", sa.Text(), nullable=True),
        sa.Column("seo_description", sa.Text(), nullable=True),
        sa.Column(
            "options",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("available", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("sales", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "search",
            postgresql.TSVECTOR(),
            sa.Computed(
                "setweight(to_tsvector('simple', title), 'A') || setweight(to_tsvector('simple', vendor || ' ' || product_type), 'B') || setweight(to_tsvector('simple', description), 'D')",
                persisted=True,
            ),
            nullable=True,
        ),
        sa.CheckConstraint("status IN ('ACTIVE', 'DRAFT', 'ARCHIVED')", name=op.f("ck_product_status_known")),
        sa.CheckConstraint("length(handle) BETWEEN 1 AND 255", name=op.f("ck_product_handle_length")),
        sa.CheckConstraint("length(title) BETWEEN 1 AND 255", name=op.f("ck_product_title_length")),
        sa.CheckConstraint("sales >= 0", name=op.f("ck_product_sales_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product")),
        sa.UniqueConstraint("handle", name=op.f("uq_product_handle")),
        schema="catalog",
    )
    op.create_index("ix_product_created_at", "product", ["created_at", "id"], unique=False, schema="catalog")
    op.create_index("ix_product_product_type", "product", ["product_type", "id"], unique=False, schema="catalog")
    op.create_index("ix_product_sales", "product", ["sales", "id"], unique=False, schema="catalog")
    op.create_index("ix_product_search", "product", ["search"], unique=False, schema="catalog", postgresql_using="gin")
    op.create_index("ix_product_tags", "product", ["tags"], unique=False, schema="catalog", postgresql_using="gin")
    op.create_index("ix_product_title", "product", ["title", "id"], unique=False, schema="catalog")
    op.create_index("ix_product_updated_at", "product", ["updated_at", "id"], unique=False, schema="catalog")
    op.create_index("ix_product_vendor", "product", ["vendor", "id"], unique=False, schema="catalog")
    op.create_table(
        "collection_product",
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["catalog.collection.id"],
            name=op.f("fk_collection_product_collection_id_collection"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["catalog.product.id"],
            name=op.f("fk_collection_product_product_id_product"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("collection_id", "product_id", name=op.f("pk_collection_product")),
        schema="catalog",
    )
    op.create_index(
        "ix_collection_product_position",
        "collection_product",
        ["collection_id", "position", "product_id"],
        unique=False,
        schema="catalog",
    )
    op.create_index(
        op.f("ix_collection_product_product_id"), "collection_product", ["product_id"], unique=False, schema="catalog"
    )
    op.create_table(
        "collection_publication",
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["catalog.channel.id"],
            name=op.f("fk_collection_publication_channel_id_channel"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["catalog.collection.id"],
            name=op.f("fk_collection_publication_collection_id_collection"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("channel_id", "collection_id", name=op.f("pk_collection_publication")),
        schema="catalog",
    )
    op.create_index(
        op.f("ix_collection_publication_collection_id"),
        "collection_publication",
        ["collection_id"],
        unique=False,
        schema="catalog",
    )
    op.create_table(
        "media",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("alt", sa.Text(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["product_id"], ["catalog.product.id"], name=op.f("fk_media_product_id_product"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media")),
        schema="catalog",
    )
    op.create_index("ix_media_product", "media", ["product_id", "position", "id"], unique=False, schema="catalog")
    op.create_table(
        "product_price",
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("market_id", sa.Uuid(), nullable=False),
        sa.Column("min_minor", sa.BigInteger(), nullable=False),
        sa.Column("max_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("0 <= min_minor AND min_minor <= max_minor", name=op.f("ck_product_price_range_ordered")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["catalog.product.id"], name=op.f("fk_product_price_product_id_product"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("product_id", "market_id", name=op.f("pk_product_price")),
        schema="catalog",
    )
    op.create_index(
        "ix_product_price_min",
        "product_price",
        ["market_id", "min_minor", "product_id"],
        unique=False,
        schema="catalog",
    )
    op.create_table(
        "publication",
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["catalog.channel.id"], name=op.f("fk_publication_channel_id_channel"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["catalog.product.id"], name=op.f("fk_publication_product_id_product"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("channel_id", "product_id", name=op.f("pk_publication")),
        schema="catalog",
    )
    op.create_index(op.f("ix_publication_product_id"), "publication", ["product_id"], unique=False, schema="catalog")
    op.create_table(
        "variant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=True),
        sa.Column("barcode", sa.Text(), nullable=True),
        sa.Column("weight_g", sa.Integer(), server_default="0", nullable=False),
        sa.Column("requires_shipping", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("taxable", sa.Boolean(), server_default="true", nullable=False),
        sa.Column(
            "selected_options",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("media_id", sa.Uuid(), nullable=True),
        sa.Column("available", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("position >= 1", name=op.f("ck_variant_position_from_one")),
        sa.CheckConstraint("weight_g >= 0", name=op.f("ck_variant_weight_positive")),
        sa.ForeignKeyConstraint(
            ["media_id"], ["catalog.media.id"], name=op.f("fk_variant_media_id_media"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["catalog.product.id"], name=op.f("fk_variant_product_id_product"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_variant")),
        sa.UniqueConstraint("product_id", "selected_options", name=op.f("uq_variant_product_id_selected_options")),
        schema="catalog",
    )
    op.create_index("ix_variant_barcode", "variant", ["barcode"], unique=False, schema="catalog")
    op.create_index(
        "ix_variant_media",
        "variant",
        ["media_id"],
        unique=False,
        schema="catalog",
        postgresql_where=sa.text("media_id IS NOT NULL"),
    )
    op.create_index("ix_variant_product", "variant", ["product_id", "position", "id"], unique=False, schema="catalog")
    op.create_index("ix_variant_sku", "variant", ["sku"], unique=False, schema="catalog")


def downgrade() -> None:
    op.drop_index("ix_variant_sku", table_name="variant", schema="catalog")
    op.drop_index("ix_variant_product", table_name="variant", schema="catalog")
    op.drop_index(
        "ix_variant_media", table_name="variant", schema="catalog", postgresql_where=sa.text("media_id IS NOT NULL")
    )
    op.drop_index("ix_variant_barcode", table_name="variant", schema="catalog")
    op.drop_table("variant", schema="catalog")
    op.drop_index(op.f("ix_publication_product_id"), table_name="publication", schema="catalog")
    op.drop_table("publication", schema="catalog")
    op.drop_index("ix_product_price_min", table_name="product_price", schema="catalog")
    op.drop_table("product_price", schema="catalog")
    op.drop_index("ix_media_product", table_name="media", schema="catalog")
    op.drop_table("media", schema="catalog")
    op.drop_index(
        op.f("ix_collection_publication_collection_id"), table_name="collection_publication", schema="catalog"
    )
    op.drop_table("collection_publication", schema="catalog")
    op.drop_index(op.f("ix_collection_product_product_id"), table_name="collection_product", schema="catalog")
    op.drop_index("ix_collection_product_position", table_name="collection_product", schema="catalog")
    op.drop_table("collection_product", schema="catalog")
    op.drop_index("ix_product_vendor", table_name="product", schema="catalog")
    op.drop_index("ix_product_updated_at", table_name="product", schema="catalog")
    op.drop_index("ix_product_title", table_name="product", schema="catalog")
    op.drop_index("ix_product_tags", table_name="product", schema="catalog", postgresql_using="gin")
    op.drop_index("ix_product_search", table_name="product", schema="catalog", postgresql_using="gin")
    op.drop_index("ix_product_sales", table_name="product", schema="catalog")
    op.drop_index("ix_product_product_type", table_name="product", schema="catalog")
    op.drop_index("ix_product_created_at", table_name="product", schema="catalog")
    op.drop_table("product", schema="catalog")
    op.drop_index("ix_collection_updated_at", table_name="collection", schema="catalog")
    op.drop_index("ix_collection_title", table_name="collection", schema="catalog")
    op.drop_table("collection", schema="catalog")
    op.drop_table("channel", schema="catalog")
    op.execute('DROP SCHEMA "catalog"')
