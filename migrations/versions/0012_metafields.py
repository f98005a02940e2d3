"""Create metafields and their definitions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TYPES = (
    "type IN ('boolean', 'date', 'list.number_integer', 'list.single_line_text_field', 'multi_line_text_field', "
    "'number_decimal', 'number_integer', 'single_line_text_field', 'url')"
)


def upgrade() -> None:
    op.create_table(
        "metafield_definition",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_type", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("public_read", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("admin_filterable", sa.Boolean(), server_default="false", nullable=False),
        sa.Column(
            "filterable", sa.Boolean(), sa.Computed("public_read AND admin_filterable", persisted=True), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "owner_type IN ('PRODUCT', 'PRODUCTVARIANT')", name=op.f("ck_metafield_definition_owner_type_known")
        ),
        sa.CheckConstraint(TYPES, name=op.f("ck_metafield_definition_type_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metafield_definition")),
        sa.UniqueConstraint(
            "owner_type", "namespace", "key", name=op.f("uq_metafield_definition_owner_type_namespace_key")
        ),
        schema="catalog",
    )
    op.create_table(
        "metafield",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=True),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("terms", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(TYPES, name=op.f("ck_metafield_type_known")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["catalog.product.id"], name=op.f("fk_metafield_product_id_product"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["catalog.variant.id"], name=op.f("fk_metafield_variant_id_variant"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metafield")),
        schema="catalog",
    )
    for name, columns, more in (
        ("ix_metafield_product_id", ["product_id"], {}),
        ("ix_metafield_key", ["namespace", "key", "id"], {}),
        ("ix_metafield_terms", ["terms"], {"postgresql_using": "gin"}),
        (
            "uq_metafield_product", ["product_id", "namespace", "key"],
            {"unique": True, "postgresql_where": sa.text("variant_id IS NULL")},
        ),
        (
            "uq_metafield_variant", ["variant_id", "namespace", "key"],
            {"unique": True, "postgresql_where": sa.text("variant_id IS NOT NULL")},
        ),
    ):  # fmt: skip
        op.create_index(name, "metafield", columns, schema="catalog", **more)


def downgrade() -> None:
    op.drop_table("metafield", schema="catalog")
    op.drop_table("metafield_definition", schema="catalog")
