"""The tables of payments, in the Postgres schema `payment`."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, UniqueConstraint, Uuid, text

from commerce_graph.kernel.append_only import only_grows
from commerce_graph.kernel.columns import key, minor, moment, one_of, parent, uuid, words
from commerce_graph.kernel.database import metadata

KINDS = ["AUTHORIZATION", "CAPTURE", "REFUND", "SALE", "VOID"]
STATUSES = ["PENDING", "AWAITING_RESPONSE", "SUCCESS", "FAILURE"]
"""PENDING: recorded before the provider is called, outcome not known. AWAITING_RESPONSE: the buyer must act."""

balance = Table(  # what has happened to an order's money; the last defence against a double charge
    "balance",
    metadata,
    key("order_id"),
    words("currency"),
    minor("due_minor"),
    minor("authorized_minor", default=0),
    minor("captured_minor", default=0),
    minor("refunded_minor", default=0),
    minor("voided_minor", default=0),
    CheckConstraint("authorized_minor BETWEEN 0 AND due_minor", name="never_over_authorized"),
    CheckConstraint("captured_minor BETWEEN 0 AND due_minor", name="never_over_captured"),
    CheckConstraint("refunded_minor BETWEEN 0 AND captured_minor", name="never_over_refunded"),
    CheckConstraint("voided_minor BETWEEN 0 AND authorized_minor", name="never_over_voided"),
    schema="payment",
)

transaction = Table(
    "transaction",
    metadata,
    key(),
    parent("order_id", "payment.balance.order_id"),
    words("kind"),
    words("status", default="PENDING"),
    minor("amount_minor"),
    words("currency"),
    words("provider"),
    words("session_id", null=True),
    parent("parent_id", "payment.transaction.id", null=True),
    words("idempotency_key"),  # what the provider is told, so that a repeated call has one effect
    words("reference", null=True),  # the provider's name for it
    words("action_url", null=True),
    words("error_code", null=True),
    words("message", null=True),
    moment("created_at", now=True),
    moment("processed_at", null=True),
    UniqueConstraint("idempotency_key"),
    one_of("kind", KINDS),
    one_of("status", STATUSES),
    CheckConstraint("amount_minor >= 0", name="amount_positive"),
    Index("ix_transaction_order", "order_id", "created_at", "id"),
    Index("ix_transaction_open", "id", postgresql_where=text("status IN ('PENDING', 'AWAITING_RESPONSE')")),
    schema="payment",
)

HAPPENED = ["REQUESTED", "AUTHORIZED", "CAPTURED", "REFUNDED", "VOIDED", "FAILED", "ACTION_REQUIRED", "DISPUTED"]
"""REQUESTED is a step that was recorded, before its provider hears of it; what follows is what the provider said."""
SOURCES = ["REQUEST", "ANSWER", "WEBHOOK", "RECONCILIATION"]

event = only_grows(
    Table(  # what happened, one row each, never changed: the balance is the sum of it
        "event",
        metadata,
        key(),
        uuid("order_id"),
        Column("transaction_id", Uuid, ForeignKey("payment.transaction.id"), index=True),  # goes with nothing: it stays
        words("kind"),
        words("source"),
        minor("amount_minor"),
        words("reference", null=True),  # the provider's name for it
        words("message", null=True),
        moment("at", now=True),
        one_of("kind", HAPPENED),
        one_of("source", SOURCES),
        CheckConstraint("amount_minor >= 0", name="amount_positive"),
        Index("ix_event_order", "order_id", "at", "id"),
        schema="payment",
    )
)

delivery = only_grows(
    Table(  # webhooks that were taken in, so that each has one effect
        "delivery",
        metadata,
        key(),
        words("provider"),
        words("event_id"),
        words("kind"),
        words("reference", null=True),
        uuid("order_id", null=True),
        moment("at", now=True),
        UniqueConstraint("provider", "event_id"),
        schema="payment",
    )
)

test_charge = Table(  # the test provider's own books: it stands for a machine elsewhere, nobody else reads them
    "test_charge",
    metadata,
    words("reference", unique=True),
    words("idempotency_key", unique=True),
    words("session_id"),
    minor("amount_minor"),
    words("currency"),
    words("status"),
    minor("captured_minor", default=0),
    minor("refunded_minor", default=0),
    moment("created_at", now=True),
    one_of("status", ["ACTION_REQUIRED", "AUTHORIZED", "DECLINED", "VOIDED"]),
    CheckConstraint("captured_minor BETWEEN 0 AND amount_minor", name="captured_range"),
    CheckConstraint("refunded_minor BETWEEN 0 AND captured_minor", name="refunded_range"),
    schema="payment",
)

test_operation = Table(  # captures, refunds and voids it has carried out, by idempotency key
    "test_operation",
    metadata,
    words("idempotency_key", unique=True),
    words("reference"),
    words("kind"),
    minor("amount_minor"),
    moment("created_at", now=True),
    schema="payment",
)
