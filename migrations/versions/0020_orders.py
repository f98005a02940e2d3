"""Let the database refuse steps that no state machine has; keep edits and returns of orders."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

REFUSE = """
CREATE OR REPLACE FUNCTION kernel.refuse_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'check_violation', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME,
    CONSTRAINT = TG_NAME, MESSAGE = TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME || ' has no such step of its '
      || TG_ARGV[0] || coalesce(
        ': ' || (to_jsonb(OLD) ->> TG_ARGV[0]) || ' to ' || (to_jsonb(NEW) ->> TG_ARGV[0]), '');
END $$
"""
LIFE_OF = (
    "CASE WHEN {row}.cancelled_at IS NOT NULL THEN 'CANCELLED' WHEN {row}.closed_at IS NOT NULL THEN 'CLOSED'"
    " ELSE 'OPEN' END"
)
MACHINES = (
    (
        '"order"."order"', "financial_status", None,
        "PENDING>AUTHORIZED PENDING>PARTIALLY_PAID PENDING>PAID PENDING>PARTIALLY_REFUNDED PENDING>REFUNDED"
        " PENDING>VOIDED AUTHORIZED>PARTIALLY_PAID AUTHORIZED>PAID AUTHORIZED>PARTIALLY_REFUNDED AUTHORIZED>REFUNDED"
        " AUTHORIZED>VOIDED PARTIALLY_PAID>PAID PARTIALLY_PAID>PARTIALLY_REFUNDED PARTIALLY_PAID>REFUNDED PAID>PENDING"
        " PAID>PARTIALLY_PAID PAID>PARTIALLY_REFUNDED PAID>REFUNDED PARTIALLY_REFUNDED>PARTIALLY_PAID"
        " PARTIALLY_REFUNDED>REFUNDED",
    ),
    (
        '"order"."order"', "fulfillment_status", None,
        "UNFULFILLED>PARTIALLY_FULFILLED UNFULFILLED>FULFILLED PARTIALLY_FULFILLED>FULFILLED"
        " FULFILLED>PARTIALLY_FULFILLED",
    ),
    ('"order"."order"', "life", LIFE_OF, "OPEN>CLOSED CLOSED>OPEN OPEN>CANCELLED"),
    ('"order"."refund"', "status", None, "PENDING>SUCCESS PENDING>FAILURE"),
    ('"order"."edit"', "state", None, "OPEN>COMMITTED"),
    (
        '"order"."return"', "status", None,
        "REQUESTED>OPEN REQUESTED>DECLINED REQUESTED>CANCELED OPEN>CANCELED OPEN>CLOSED CLOSED>OPEN",
    ),
    (
        '"fulfilment"."fulfillment_order"', "status", None,
        "OPEN>IN_PROGRESS OPEN>CLOSED OPEN>CANCELLED IN_PROGRESS>CLOSED CLOSED>IN_PROGRESS CANCELLED>OPEN",
    ),
    (
        '"checkout"."attempt"', "state", None,
        "RESERVED>ACTION_REQUIRED RESERVED>PLACED ACTION_REQUIRED>PLACED RESERVED>COMPLETED ACTION_REQUIRED>COMPLETED"
        " PLACED>COMPLETED RESERVED>VOIDING ACTION_REQUIRED>VOIDING RESERVED>FAILED ACTION_REQUIRED>FAILED"
        " VOIDING>FAILED",
    ),
)  # fmt: skip


def _trigger(table: str, column: str, state: str | None, steps: str) -> str:
    told = state or f"{{row}}.{column}"
    before, after = told.format(row="OLD"), told.format(row="NEW")
    pairs = ", ".join("('{}', '{}')".format(*step.split(">")) for step in steps.split())
    return (
        f"CREATE TRIGGER {column}_steps BEFORE UPDATE ON {table} FOR EACH ROW "
        f"WHEN ({before} <> {after} AND ({before}, {after}) NOT IN ({pairs})) "
        f"EXECUTE FUNCTION kernel.refuse_transition('{column}')"
    )


def _moment(name: str, *, null: bool = False) -> sa.Column:
    default = None if null else sa.text("now()")
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=null)


def upgrade() -> None:
    op.add_column("order", sa.Column("version", sa.Integer(), server_default="0", nullable=False), schema="order")
    op.add_column("order", _moment("edited_at", null=True), schema="order")
    op.add_column(
        "line", sa.Column("returned_quantity", sa.Integer(), server_default="0", nullable=False), schema="order"
    )
    op.create_check_constraint(
        op.f("ck_line_returned_range"), "line", "returned_quantity BETWEEN 0 AND fulfilled_quantity", schema="order"
    )
    _edits()
    _returns()
    op.execute(REFUSE)
    for machine in MACHINES:
        op.execute(_trigger(*machine))


def _edits() -> None:
    op.create_table(
        "edit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("order_version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), server_default="OPEN", nullable=False),
        sa.Column("actor", sa.Text(), server_default="", nullable=False),
        _moment("created_at"),
        _moment("committed_at", null=True),
        sa.CheckConstraint("state IN ('OPEN', 'COMMITTED')", name=op.f("ck_edit_state_known")),
        sa.CheckConstraint(
            "(state = 'COMMITTED') = (committed_at IS NOT NULL)", name=op.f("ck_edit_committed_says_when")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["order.order.id"], name=op.f("fk_edit_order_id_order"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edit")),
        schema="order",
    )
    op.create_index(op.f("ix_edit_order_id"), "edit", ["order_id"], schema="order")
    op.create_table(
        "edit_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("edit_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("restock", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("added", postgresql.JSONB(none_as_null=True), nullable=True),
        _moment("created_at"),
        sa.CheckConstraint("quantity >= 0", name=op.f("ck_edit_change_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["edit_id"], ["order.edit.id"], name=op.f("fk_edit_change_edit_id_edit"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edit_change")),
        schema="order",
    )
    op.create_index("ix_edit_change_edit", "edit_change", ["edit_id", "id"], schema="order")


def _returns() -> None:
    op.create_table(
        "return",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("decline_reason", sa.Text(), nullable=True),
        sa.Column("decline_note", sa.Text(), nullable=True),
        _moment("created_at"),
        _moment("updated_at"),
        _moment("closed_at", null=True),
        sa.CheckConstraint(
            "status IN ('REQUESTED', 'OPEN', 'DECLINED', 'CANCELED', 'CLOSED')", name=op.f("ck_return_status_known")
        ),
        sa.CheckConstraint(
            "(status = 'DECLINED') = (decline_reason IS NOT NULL)", name=op.f("ck_return_declined_for_a_reason")
        ),
        sa.CheckConstraint("(status = 'CLOSED') = (closed_at IS NOT NULL)", name=op.f("ck_return_closed_says_when")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["order.order.id"], name=op.f("fk_return_order_id_order"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return")),
        sa.UniqueConstraint("order_id", "number", name=op.f("uq_return_order_id_number")),
        schema="order",
    )
    op.create_table(
        "return_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("return_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("fulfillment_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("processed_quantity", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reason", sa.Text(), server_default="UNKNOWN", nullable=False),
        sa.Column("reason_note", sa.Text(), server_default="", nullable=False),
        sa.Column("customer_note", sa.Text(), nullable=True),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_return_line_quantity_positive")),
        sa.CheckConstraint("processed_quantity BETWEEN 0 AND quantity", name=op.f("ck_return_line_processed_range")),
        sa.ForeignKeyConstraint(
            ["return_id"], ["order.return.id"], name=op.f("fk_return_line_return_id_return"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["line_id"], ["order.line.id"], name=op.f("fk_return_line_line_id_line"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_line")),
        schema="order",
    )
    op.create_index(op.f("ix_return_line_return_id"), "return_line", ["return_id"], schema="order")
    op.create_index(op.f("ix_return_line_line_id"), "return_line", ["line_id"], schema="order")
    op.add_column("refund", sa.Column("return_id", sa.Uuid(), nullable=True), schema="order")
    op.create_foreign_key(
        op.f("fk_refund_return_id_return"), "refund", "return", ["return_id"], ["id"], source_schema="order",
        referent_schema="order", ondelete="CASCADE",
    )  # fmt: skip
    op.create_index(
        "ix_refund_return", "refund", ["return_id"], schema="order",
        postgresql_where=sa.text("return_id IS NOT NULL"),
    )  # fmt: skip


def downgrade() -> None:
    for table, column, *_ in MACHINES:
        op.execute(f"DROP TRIGGER {column}_steps ON {table}")
    op.execute("DROP FUNCTION kernel.refuse_transition()")
    op.drop_index("ix_refund_return", "refund", schema="order")
    op.drop_column("refund", "return_id", schema="order")
    for name in ("return_line", "return", "edit_change", "edit"):
        op.drop_table(name, schema="order")
    op.drop_constraint(op.f("ck_line_returned_range"), "line", schema="order")
    op.drop_column("line", "returned_quantity", schema="order")
    for name in ("edited_at", "version"):
        op.drop_column("order", name, schema="order")
