"""Create locations, stock levels and reservations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('CREATE SCHEMA "inventory"')
    op.create_table(
        "adjustment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reference_document_uri", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "changes",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adjustment")),
        schema="inventory",
    )
    op.create_table(
        "item",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("tracked", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("oversell", sa.Boolean(), server_default="false", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item")),
        schema="inventory",
    )
    op.create_index(op.f("ix_item_product_id"), "item", ["product_id"], unique=False, schema="inventory")
    op.create_table(
        "location",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column(
            "address",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("priority", sa.Integer(), server_default="0", nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_location")),
        sa.UniqueConstraint("name", name=op.f("uq_location_name")),
        schema="inventory",
    )
    op.create_table(
        "level",
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("on_hand", sa.Integer(), server_default="0", nullable=False),
        sa.Column("committed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("oversell", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("committed >= 0", name=op.f("ck_level_committed_positive")),
        sa.CheckConstraint("oversell OR committed <= on_hand", name=op.f("ck_level_never_oversold")),
        sa.CheckConstraint("oversell OR on_hand >= 0", name=op.f("ck_level_on_hand_positive")),
        sa.ForeignKeyConstraint(
            ["item_id"], ["inventory.item.id"], name=op.f("fk_level_item_id_item"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["inventory.location.id"], name=op.f("fk_level_location_id_location"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("item_id", "location_id", name=op.f("pk_level")),
        schema="inventory",
    )
    op.create_index(op.f("ix_level_location_id"), "level", ["location_id"], unique=False, schema="inventory")
    op.create_table(
        "reservation",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), server_default="HELD", nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(state = 'HELD') = (expires_at IS NOT NULL)", name=op.f("ck_reservation_held_expires")),
        sa.CheckConstraint(
            "(state IN ('RELEASED', 'SHIPPED')) = (quantity = 0)", name=op.f("ck_reservation_ended_holds_nothing")
        ),
        sa.CheckConstraint(
            "state IN ('HELD', 'COMMITTED', 'RELEASED', 'SHIPPED')", name=op.f("ck_reservation_state_known")
        ),
        sa.CheckConstraint("quantity >= 0", name=op.f("ck_reservation_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["item_id", "location_id"],
            ["inventory.level.item_id", "inventory.level.location_id"],
            name=op.f("fk_reservation_item_id_level"),
        ),
        sa.PrimaryKeyConstraint("owner_id", "line_id", "location_id", name=op.f("pk_reservation")),
        schema="inventory",
    )
    op.create_index(
        "ix_reservation_expires_at",
        "reservation",
        ["expires_at"],
        unique=False,
        schema="inventory",
        postgresql_where=sa.text("state = 'HELD'"),
    )
    op.create_index("ix_reservation_item", "reservation", ["item_id", "location_id"], unique=False, schema="inventory")


def downgrade() -> None:
    op.drop_index("ix_reservation_item", table_name="reservation", schema="inventory")
    op.drop_index(
        "ix_reservation_expires_at",
        table_name="reservation",
        schema="inventory",
        postgresql_where=sa.text("state = 'HELD'"),
    )
    op.drop_table("reservation", schema="inventory")
    op.drop_index(op.f("ix_level_location_id"), table_name="level", schema="inventory")
    op.drop_table("level", schema="inventory")
    op.drop_table("location", schema="inventory")
    op.drop_index(op.f("ix_item_product_id"), table_name="item", schema="inventory")
    op.drop_table("item", schema="inventory")
    op.drop_table("adjustment", schema="inventory")
    op.execute('DROP SCHEMA "inventory"')
