"""Find a product's latest orders by an index."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_line_product", "line", ["product_id", "id"], unique=False, schema="order")


def downgrade() -> None:
    op.drop_index("ix_line_product", table_name="line", schema="order")
