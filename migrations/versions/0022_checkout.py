"""Hold the stock of a purchase as long as its buyer is active."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attempt", sa.Column("held_until", sa.DateTime(timezone=True), nullable=True), schema="checkout")
    op.execute("UPDATE checkout.attempt SET held_until = created_at + interval '900 seconds'")
    op.alter_column("attempt", "held_until", nullable=False, schema="checkout")


def downgrade() -> None:
    op.drop_column("attempt", "held_until", schema="checkout")
