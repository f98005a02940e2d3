"""The tables of gift cards, in the Postgres schema `gift_card`."""

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Index, LargeBinary, Table, Uuid

from commerce_graph.kernel.append_only import only_grows
from commerce_graph.kernel.columns import key, minor, moment, one_of, uuid, words
from commerce_graph.kernel.database import metadata

card = Table(
    "card",
    metadata,
    key(),
    Column("hash", LargeBinary, nullable=False, unique=True),  # of its code, keyed by the server's secret
    words("last_characters"),
    words("currency"),
    minor("initial_minor"),
    minor("balance_minor"),  # the sum of its entries
    Column("expires_on", Date, nullable=True),
    moment("deactivated_at", null=True),
    words("note", null=True),
    uuid("customer_id", null=True, index=True),
    uuid("order_id", null=True),  # the order that it was bought with
    moment("created_at", now=True),
    moment("updated_at", now=True),
    CheckConstraint("initial_minor > 0", name="initial_positive"),
    CheckConstraint("balance_minor >= 0", name="never_overspent"),
    CheckConstraint("length(last_characters) = 4", name="last_four"),
    schema="gift_card",
)

KINDS = ["ISSUE", "CREDIT", "DEBIT", "PAYMENT", "REFUND"]
"""Created; added or taken off by a merchant; spent on an order, given back from it."""

entry = only_grows(
    Table(  # the ledger: what happened to a card's money, one row each, never changed
        "entry",
        metadata,
        key(),
        Column("card_id", Uuid, ForeignKey("gift_card.card.id"), nullable=False),  # goes with nothing: it stays
        words("kind"),
        minor("amount_minor"),  # less than 0 where it was taken off
        uuid("order_id", null=True),
        uuid("cause", null=True, unique=True),  # the payment's step that it is, so that a step has one effect
        words("note", null=True),
        moment("processed_at", now=True),
        moment("created_at", now=True),
        one_of("kind", KINDS),
        CheckConstraint(
            "amount_minor <> 0 AND (amount_minor < 0) = (kind IN ('DEBIT', 'PAYMENT'))", name="amount_has_sign"
        ),
        CheckConstraint("(kind IN ('PAYMENT', 'REFUND')) = (order_id IS NOT NULL)", name="of_an_order"),
        CheckConstraint("(order_id IS NULL) = (cause IS NULL)", name="order_has_cause"),
        Index("ix_entry_card", "card_id", "id"),
        schema="gift_card",
    )
)
