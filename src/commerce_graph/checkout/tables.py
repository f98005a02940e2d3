"""The table of purchases under way, in the Postgres schema `checkout`."""

from sqlalchemy import CheckConstraint, Index, Table, UniqueConstraint, text

from commerce_graph.checkout.rules import ATTEMPT
from commerce_graph.kernel.columns import count, document, key, minor, moment, one_of, uuid, words
from commerce_graph.kernel.database import metadata
from commerce_graph.kernel.transitions import obeys

STATES = list(ATTEMPT.states)
"""That money was authorised is in the payment's books alone: what is written twice can disagree."""

attempt = Table(
    "attempt",
    metadata,
    key(),
    uuid("cart_id"),
    words("token"),  # the client's attemptToken
    uuid("order_id", unique=True),  # the id that the order will have; reservations and payments go by it
    words("state"),
    document("snapshot"),  # the cart as it was submitted: what is charged and what the order will say
    minor("amount_minor"),  # what the session is to pay
    minor("gift_card_minor", default=0),  # what gift cards paid already
    words("currency"),
    words("session_id", null=True),
    words("action_url", null=True),
    words("error_code", null=True),
    words("error_message", null=True),
    count("tries", default=0),
    moment("held_until"),  # how long the stock is held; later while the buyer is seen to be active
    moment("lease_until", null=True),  # who works on it; another may take it afterwards
    moment("created_at", now=True),
    moment("updated_at", now=True),
    moment("completed_at", null=True),
    UniqueConstraint("cart_id", "token"),
    one_of("state", STATES),
    CheckConstraint("amount_minor >= 0", name="amount_positive"),
    CheckConstraint("gift_card_minor >= 0", name="gift_card_positive"),
    CheckConstraint("(state IN ('VOIDING', 'FAILED')) = (error_code IS NOT NULL)", name="failed_says_why"),
    CheckConstraint("(state = 'COMPLETED') = (completed_at IS NOT NULL)", name="completed_says_when"),
    # A cart has one purchase that is under way or done.
    Index("uq_attempt_cart", "cart_id", unique=True, postgresql_where=text("state <> 'FAILED'")),
    Index(
        "ix_attempt_unfinished", "lease_until",
        postgresql_where=text("state IN ('RESERVED', 'ACTION_REQUIRED', 'PLACED', 'VOIDING')"),
    ),
    schema="checkout",
)  # fmt: skip
obeys(attempt, "state", ATTEMPT)
