"""Keep a ledger of stock, safety stock, what is incoming, and limits of backorders."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

QUANTITIES = ("on_hand", "reserved", "committed", "safety", "incoming")
REFUSE_CHANGE = """
CREATE OR REPLACE FUNCTION kernel.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'restrict_violation',
    MESSAGE = TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME
      || ' only grows, it is append-only: add a row that says what is different';
END $$
"""
# What was there before the ledger began: on hand, and what is reserved or sold by whom.
OPENING = """
INSERT INTO inventory.movement (item_id, location_id, kind, on_hand)
SELECT item_id, location_id, 'ADJUST', on_hand FROM inventory.level WHERE on_hand <> 0;
INSERT INTO inventory.movement (item_id, location_id, kind, reserved, committed, owner_id)
SELECT item_id, location_id, 'RESERVE', sum(CASE WHEN state = 'HELD' THEN quantity ELSE 0 END),
       sum(CASE WHEN state = 'COMMITTED' THEN quantity ELSE 0 END), owner_id
FROM inventory.reservation WHERE quantity > 0 GROUP BY item_id, location_id, owner_id
"""


def upgrade() -> None:
    op.add_column("item", sa.Column("backorder_limit", sa.Integer(), nullable=True), schema="inventory")
    op.add_column("item", sa.Column("expected_at", sa.DateTime(timezone=True), nullable=True), schema="inventory")
    op.create_check_constraint(
        op.f("ck_item_backorder_limit_positive"), "item", "backorder_limit >= 0", schema="inventory"
    )
    for name in ("safety", "incoming"):
        column = sa.Column(name, sa.Integer(), server_default="0", nullable=False)
        op.add_column("level", column, schema="inventory")
        op.create_check_constraint(op.f(f"ck_level_{name}_positive"), "level", f"{name} >= 0", schema="inventory")
    op.add_column("level", sa.Column("backorder_limit", sa.Integer(), nullable=True), schema="inventory")
    op.create_check_constraint(
        op.f("ck_level_never_beyond_the_limit"),
        "level",
        "NOT oversell OR committed <= on_hand + backorder_limit",
        schema="inventory",
    )
    op.create_table(
        "movement",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Integer(), server_default="0", nullable=False) for name in QUANTITIES),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("adjustment_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('RECEIVE', 'RESERVE', 'RELEASE', 'COMMIT', 'SHIP', 'RETURN', 'ADJUST', 'TRANSFER')",
            name=op.f("ck_movement_kind_known"),
        ),
        sa.CheckConstraint(
            " OR ".join(f"{name} <> 0" for name in QUANTITIES), name=op.f("ck_movement_moves_something")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_movement")),
        schema="inventory",
    )
    op.create_index("ix_movement_item", "movement", ["item_id", "id"], unique=False, schema="inventory")
    for statement in OPENING.split(";"):
        op.execute(statement)
    op.execute(REFUSE_CHANGE)
    op.execute(
        "CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON inventory.movement "
        "FOR EACH STATEMENT EXECUTE FUNCTION kernel.refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("movement", schema="inventory")
    op.execute("DROP FUNCTION kernel.refuse_change()")
    op.drop_constraint("ck_level_never_beyond_the_limit", "level", schema="inventory")
    for name in ("backorder_limit", "incoming", "safety"):
        op.drop_column("level", name, schema="inventory")
    for name in ("expected_at", "backorder_limit"):
        op.drop_column("item", name, schema="inventory")
