"""Keep merchants' decisions about search, and suggestions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def _edited() -> list[sa.Column]:
    return [
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    ]


def upgrade() -> None:
    op.create_table(
        "edition",
        sa.Column("single", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("single", name=op.f("ck_edition_one_row")),
        sa.PrimaryKeyConstraint("single", name=op.f("pk_edition")),
        schema="search",
    )
    op.create_table(
        "synonym_group",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("terms", postgresql.ARRAY(sa.Text()), nullable=False),
        *_edited(),
        sa.CheckConstraint("cardinality(terms) >= 1", name=op.f("ck_synonym_group_terms_given")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_synonym_group")),
        schema="search",
    )
    op.create_table(
        "redirect",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("normal", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        *_edited(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redirect")),
        sa.UniqueConstraint("normal", name=op.f("uq_redirect_normal")),
        schema="search",
    )
    op.create_table(
        "pin_set",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("normal", sa.Text(), nullable=False),
        sa.Column("product_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        *_edited(),
        sa.CheckConstraint("cardinality(product_ids) >= 1", name=op.f("ck_pin_set_products_given")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pin_set")),
        sa.UniqueConstraint("normal", name=op.f("uq_pin_set_normal")),
        schema="search",
    )
    op.create_table(
        "suggestion",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("normal", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("heat", sa.Double(), server_default="0", nullable=False),
        sa.Column("spans", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "kind IN ('COLLECTION', 'PRODUCT_TYPE', 'QUERY', 'VENDOR')", name=op.f("ck_suggestion_kind_known")
        ),
        sa.PrimaryKeyConstraint("kind", "language", "normal", name=op.f("pk_suggestion")),
        schema="search",
    )
    op.create_index(
        "ix_suggestion_normal",
        "suggestion",
        ["normal"],
        schema="search",
        postgresql_ops={"normal": "text_pattern_ops"},
    )
    op.create_index(
        "ix_suggestion_heat", "suggestion", ["heat"], schema="search", postgresql_where=sa.text("kind = 'QUERY'")
    )


def downgrade() -> None:
    for name in ("suggestion", "pin_set", "redirect", "synonym_group", "edition"):
        op.drop_table(name, schema="search")
