"""The tables of orders, in the Postgres schema `order`."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Index, Sequence, Table, UniqueConstraint, text

from commerce_graph.kernel.columns import count, document, key, minor, moment, one_of, parent, uuid, words
from commerce_graph.kernel.database import metadata
from commerce_graph.kernel.transitions import obeys
from commerce_graph.order.rules import EDIT, FINANCIAL, FULFILMENT, LIFE, REFUND, RETURN

FINANCIAL_STATUSES = sorted(FINANCIAL.states)
FULFILLMENT_STATUSES = sorted(FULFILMENT.states)
LIFE_OF = (
    "CASE WHEN {row}.cancelled_at IS NOT NULL THEN 'CANCELLED' WHEN {row}.closed_at IS NOT NULL THEN 'CLOSED'"
    " ELSE 'OPEN' END"
)
CANCEL_REASONS = ["CUSTOMER", "DECLINED", "FRAUD", "INVENTORY", "OTHER", "STAFF"]

order_number = Sequence("order_number", start=1001, metadata=metadata, schema="order")

order = Table(
    "order",
    metadata,
    key(),
    Column("number", BigInteger, order_number, server_default=order_number.next_value(), nullable=False, unique=True),
    uuid("cart_id", null=True, unique=True),  # the last defence against placing one cart twice
    uuid("customer_id", null=True),
    uuid("market_id", null=True),
    uuid("channel_id", null=True),
    words("email", null=True),
    words("phone", null=True),
    words("currency"),
    words("country", null=True),
    words("language", null=True),
    words("note", null=True),
    document("attributes", default="[]"),
    document("shipping_address", null=True),
    document("billing_address", null=True),
    words("shipping_handle", null=True),
    words("shipping_title", null=True),
    Column("tax_included", Boolean, nullable=False),
    minor("subtotal_minor"),
    minor("shipping_minor", default=0),
    minor("tax_minor", default=0),
    document("tax_lines", default="[]"),  # [{"title", "rate_bps", "amount_minor"}]
    minor("total_minor"),
    minor("discount_minor", default=0),  # taken off already: of the subtotal and, as the next says, of the delivery
    minor("shipping_discount_minor", default=0),
    minor("refunded_minor", default=0),
    words("financial_status", default="PENDING"),
    words("fulfillment_status", default="UNFULFILLED"),
    moment("processed_at", now=True),
    moment("cancelled_at", null=True),
    words("cancel_reason", null=True),
    moment("closed_at", null=True),
    moment("edited_at", null=True),
    count("version", default=0),  # of all but its money: what was reckoned from an older one is not written
    moment("created_at", now=True),
    moment("updated_at", now=True),
    one_of("financial_status", FINANCIAL_STATUSES),
    one_of("fulfillment_status", FULFILLMENT_STATUSES),
    one_of("cancel_reason", CANCEL_REASONS),
    CheckConstraint(
        "subtotal_minor >= 0 AND shipping_minor >= 0 AND tax_minor >= 0"
        " AND total_minor = subtotal_minor + shipping_minor + CASE WHEN tax_included THEN 0 ELSE tax_minor END",
        name="total_adds_up",
    ),
    CheckConstraint("shipping_discount_minor BETWEEN 0 AND discount_minor", name="discount_range"),
    CheckConstraint("refunded_minor BETWEEN 0 AND total_minor", name="never_over_refunded"),
    CheckConstraint("(cancelled_at IS NULL) = (cancel_reason IS NULL)", name="cancelled_for_a_reason"),
    Index("ix_order_customer", "customer_id", "processed_at", "id"),
    Index("ix_order_processed_at", "processed_at", "id"),
    Index("ix_order_updated_at", "updated_at", "id"),
    Index("ix_order_created_at", "created_at", "id"),
    Index("ix_order_total", "total_minor", "id"),
    Index("ix_order_email", "email"),
    Index("ix_order_financial_status", "financial_status", "processed_at", "id"),
    Index("ix_order_fulfillment_status", "fulfillment_status", "processed_at", "id"),
    Index("ix_order_open", "processed_at", "id", postgresql_where=text("cancelled_at IS NULL AND closed_at IS NULL")),
    Index("ix_order_cancelled", "processed_at", "id", postgresql_where=text("cancelled_at IS NOT NULL")),
    Index("ix_order_closed", "processed_at", "id", postgresql_where=text("closed_at IS NOT NULL")),
    schema="order",
)
obeys(order, "financial_status", FINANCIAL)
obeys(order, "fulfillment_status", FULFILMENT)
obeys(order, "life", LIFE, LIFE_OF)

line = Table(
    "line",
    metadata,
    key(),
    parent("order_id", "order.order.id"),
    count("position"),
    uuid("product_id", null=True),
    uuid("variant_id", null=True),
    words("title"),
    words("variant_title", null=True),
    words("sku", null=True),
    words("vendor", null=True),
    words("image_url", null=True),
    document("attributes", default="[]"),
    Column("requires_shipping", Boolean, nullable=False, server_default="true"),
    count("quantity"),
    count("current_quantity"),  # less what was cancelled or refunded
    count("fulfilled_quantity", default=0),
    count("returned_quantity", default=0),  # in returns that are asked for, open or done
    minor("unit_price_minor"),
    minor("discount_minor", default=0),
    minor("total_minor"),
    minor("tax_minor", default=0),
    CheckConstraint("quantity > 0", name="quantity_positive"),
    CheckConstraint("current_quantity BETWEEN 0 AND quantity", name="current_range"),
    CheckConstraint("fulfilled_quantity BETWEEN 0 AND quantity", name="fulfilled_range"),
    CheckConstraint("returned_quantity BETWEEN 0 AND fulfilled_quantity", name="returned_range"),
    CheckConstraint(
        "unit_price_minor >= 0 AND discount_minor >= 0 AND total_minor >= 0"
        " AND total_minor = unit_price_minor * quantity - discount_minor",
        name="total_adds_up",
    ),
    Index("ix_line_order", "order_id", "position", "id"),
    Index("ix_line_variant", "variant_id"),
    Index("ix_line_sku", "sku", "order_id"),
    Index("ix_line_product", "product_id", "id"),
    schema="order",
)

breakdown = Table(  # how an order's total came about: apart, for it is large and seldom asked for
    "breakdown",
    metadata,
    parent("order_id", "order.order.id", primary=True),
    document("document"),
    schema="order",
)

event = Table(  # the trail: rows are added, never changed
    "event",
    metadata,
    key(),
    parent("order_id", "order.order.id"),
    words("kind"),
    words("message"),
    words("actor", default=""),
    document("data", default="{}"),
    moment("occurred_at", now=True),
    Index("ix_event_order", "order_id", "id"),
    schema="order",
)

refund = Table(
    "refund",
    metadata,
    key(),
    parent("order_id", "order.order.id"),
    parent("return_id", "order.return.id", null=True),
    minor("amount_minor"),
    minor("shipping_minor", default=0),  # how much of the delivery's part it gives back
    words("note", null=True),
    words("status", default="PENDING"),  # of its money: recorded, then told by the provider
    moment("created_at", now=True),
    one_of("status", list(REFUND.states)),
    CheckConstraint("amount_minor >= 0 AND shipping_minor >= 0", name="amount_positive"),
    Index("ix_refund_order", "order_id", "id"),
    Index("ix_refund_return", "return_id", postgresql_where=text("return_id IS NOT NULL")),
    Index("ix_refund_pending", "id", postgresql_where=text("status = 'PENDING'")),
    schema="order",
)
obeys(refund, "status", REFUND)

refund_line = Table(
    "refund_line",
    metadata,
    key(),
    parent("refund_id", "order.refund.id", index=True),
    parent("line_id", "order.line.id", index=True),
    count("quantity"),
    words("restock_type", default="NO_RESTOCK"),
    uuid("location_id", null=True),
    minor("subtotal_minor"),
    one_of("restock_type", ["CANCEL", "NO_RESTOCK", "RETURN"]),
    CheckConstraint("quantity > 0", name="quantity_positive"),
    schema="order",
)

settlement = Table(  # an order, cancelled or paid outside, whose money is still to be moved; gone once it is
    "settlement",
    metadata,
    parent("order_id", "order.order.id", primary=True),
    Column("refund", Boolean, nullable=False),  # whether what was captured goes back
    moment("created_at", now=True),
    schema="order",
)

edit = Table(  # what a merchant means to change of an order, until it is committed
    "edit",
    metadata,
    key(),
    parent("order_id", "order.order.id", index=True),
    count("order_version"),
    words("state", default="OPEN"),
    words("actor", default=""),
    moment("created_at", now=True),
    moment("committed_at", null=True),
    one_of("state", list(EDIT.states)),
    CheckConstraint("(state = 'COMMITTED') = (committed_at IS NOT NULL)", name="committed_says_when"),
    schema="order",
)
obeys(edit, "state", EDIT)

edit_change = Table(  # rows are added, never changed; of several for one line the last counts
    "edit_change",
    metadata,
    key(),
    parent("edit_id", "order.edit.id"),
    uuid("line_id"),  # the order's, or the one that it will get
    count("quantity"),
    Column("restock", Boolean, nullable=False, server_default="false"),
    document("added", null=True),  # the line as it will be sold, with its price
    moment("created_at", now=True),
    CheckConstraint("quantity >= 0", name="quantity_positive"),
    Index("ix_edit_change_edit", "edit_id", "id"),
    schema="order",
)

return_ = Table(
    "return",
    metadata,
    key(),
    parent("order_id", "order.order.id"),
    count("number"),
    words("status"),
    words("decline_reason", null=True),
    words("decline_note", null=True),
    moment("created_at", now=True),
    moment("updated_at", now=True),
    moment("closed_at", null=True),
    UniqueConstraint("order_id", "number"),
    one_of("status", list(RETURN.states)),
    CheckConstraint("(status = 'DECLINED') = (decline_reason IS NOT NULL)", name="declined_for_a_reason"),
    CheckConstraint("(status = 'CLOSED') = (closed_at IS NOT NULL)", name="closed_says_when"),
    schema="order",
)
obeys(return_, "status", RETURN)

return_line = Table(
    "return_line",
    metadata,
    key(),
    parent("return_id", "order.return.id", index=True),
    parent("line_id", "order.line.id", index=True),
    uuid("fulfillment_id"),
    count("quantity"),
    count("processed_quantity", default=0),  # came back and left the order
    words("reason", default="UNKNOWN"),
    words("reason_note", default=""),
    words("customer_note", null=True),
    CheckConstraint("quantity > 0", name="quantity_positive"),
    CheckConstraint("processed_quantity BETWEEN 0 AND quantity", name="processed_range"),
    schema="order",
)
