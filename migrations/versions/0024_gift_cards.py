"""Create gift cards and their ledger; let carts name those that pay, and purchases what they pay."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def _moment(name: str, null: bool = False) -> sa.Column:
    default = None if null else sa.text("now()")
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=null)


def upgrade() -> None:
    op.execute('CREATE SCHEMA "gift_card"')
    op.create_table(
        "card",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("last_characters", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("initial_minor", sa.BigInteger(), nullable=False),
        sa.Column("balance_minor", sa.BigInteger(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        _moment("deactivated_at", null=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        _moment("created_at"),
        _moment("updated_at"),
        sa.CheckConstraint("initial_minor > 0", name=op.f("ck_card_initial_positive")),
        sa.CheckConstraint("balance_minor >= 0", name=op.f("ck_card_never_overspent")),
        sa.CheckConstraint("length(last_characters) = 4", name=op.f("ck_card_last_four")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card")),
        sa.UniqueConstraint("hash", name=op.f("uq_card_hash")),
        schema="gift_card",
    )
    op.create_index(op.f("ix_card_customer_id"), "card", ["customer_id"], schema="gift_card")
    op.create_table(
        "entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("card_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("cause", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        _moment("processed_at"),
        _moment("created_at"),
        sa.CheckConstraint(
            "kind IN ('ISSUE', 'CREDIT', 'DEBIT', 'PAYMENT', 'REFUND')", name=op.f("ck_entry_kind_known")
        ),
        sa.CheckConstraint(
            "amount_minor <> 0 AND (amount_minor < 0) = (kind IN ('DEBIT', 'PAYMENT'))",
            name=op.f("ck_entry_amount_has_sign"),
        ),
        sa.CheckConstraint(
            "(kind IN ('PAYMENT', 'REFUND')) = (order_id IS NOT NULL)", name=op.f("ck_entry_of_an_order")
        ),
        sa.CheckConstraint("(order_id IS NULL) = (cause IS NULL)", name=op.f("ck_entry_order_has_cause")),
        sa.ForeignKeyConstraint(["card_id"], ["gift_card.card.id"], name=op.f("fk_entry_card_id_card")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry")),
        sa.UniqueConstraint("cause", name=op.f("uq_entry_cause")),
        schema="gift_card",
    )
    op.create_index("ix_entry_card", "entry", ["card_id", "id"], schema="gift_card")
    op.execute(
        "CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON gift_card.entry "
        "FOR EACH STATEMENT EXECUTE FUNCTION kernel.refuse_change()"
    )
    op.add_column(
        "cart",
        sa.Column("gift_cards", postgresql.JSONB(none_as_null=True), server_default=sa.text("'[]'::jsonb"),
                  nullable=False),
        schema="cart",
    )  # fmt: skip
    op.add_column(
        "attempt", sa.Column("gift_card_minor", sa.BigInteger(), server_default="0", nullable=False), schema="checkout"
    )
    op.create_check_constraint(
        op.f("ck_attempt_gift_card_positive"), "attempt", "gift_card_minor >= 0", schema="checkout"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_attempt_gift_card_positive"), "attempt", schema="checkout", type_="check")
    op.drop_column("attempt", "gift_card_minor", schema="checkout")
    op.drop_column("cart", "gift_cards", schema="cart")
    op.execute('DROP SCHEMA "gift_card" CASCADE')
