"""Create the list of what is to be indexed, and of the indices."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('CREATE SCHEMA "search"')
    op.execute("CREATE SEQUENCE search.version AS bigint")
    op.execute("CREATE SEQUENCE search.mark AS bigint")
    op.create_table(
        "pending",
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("mark", sa.BigInteger(), server_default=sa.text("nextval('search.mark')"), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("tries >= 0", name=op.f("ck_pending_tries_positive")),
        sa.PrimaryKeyConstraint("product_id", name=op.f("pk_pending")),
        schema="search",
    )
    op.create_index("ix_pending_due", "pending", ["due_at", "product_id"], unique=False, schema="search")
    op.create_table(
        "build",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("index_name", sa.Text(), nullable=False),
        sa.Column("index_version", sa.Integer(), nullable=False),
        sa.Column("languages", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), server_default="BUILDING", nullable=False),
        sa.Column("cursor", sa.Uuid(), nullable=True),
        sa.Column("total", sa.Integer(), server_default="0", nullable=False),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("refused", sa.Integer(), server_default="0", nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('BUILDING', 'LIVE', 'RETIRED')", name=op.f("ck_build_state_known")),
        sa.CheckConstraint("total >= 0 AND done >= 0 AND refused >= 0", name=op.f("ck_build_counts_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_build")),
        sa.UniqueConstraint("index_name", name=op.f("uq_build_index_name")),
        schema="search",
    )
    op.create_index(
        "uq_build_building", "build", ["alias"], unique=True, schema="search",
        postgresql_where=sa.text("state = 'BUILDING'"),
    )  # fmt: skip
    op.create_index(
        "uq_build_live", "build", ["alias"], unique=True, schema="search",
        postgresql_where=sa.text("state = 'LIVE'"),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("build", schema="search")
    op.drop_table("pending", schema="search")
    op.execute('DROP SCHEMA "search" CASCADE')
