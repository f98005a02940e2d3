"""The tables of orders, in the Postgres schema `order`."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Index, Sequence, Table, text

from commerce_graph.kernel.columns import count, document, key, minor, moment, one_of, parent, uuid, words
from commerce_graph.kernel.database import metadata

FINANCIAL_STATUSES = ["AUTHORIZED", "PAID", "PARTIALLY_PAID", "PARTIALLY_REFUNDED", "PENDING", "REFUNDED", "VOIDED"]
FULFILLMENT_STATUSES = ["FULFILLED", "PARTIALLY_FULFILLED", "UNFULFILLED"]
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
    minor("unit_price_minor"),
    minor("discount_minor", default=0),
    minor("total_minor"),
    minor("tax_minor", default=0),
    CheckConstraint("quantity > 0", name="quantity_positive"),
    CheckConstraint("current_quantity BETWEEN 0 AND quantity", name="current_range"),
    CheckConstraint("fulfilled_quantity BETWEEN 0 AND quantity", name="fulfilled_range"),
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
    minor("amount_minor"),
    minor("shipping_minor", default=0),  # how much of the delivery's part it gives back
    words("note", null=True),
    words("status", default="PENDING"),  # of its money: recorded, then told by the provider
    moment("created_at", now=True),
    one_of("status", ["PENDING", "SUCCESS", "FAILURE"]),
    CheckConstraint("amount_minor >= 0 AND shipping_minor >= 0", name="amount_positive"),
    Index("ix_refund_order", "order_id", "id"),
    Index("ix_refund_pending", "id", postgresql_where=text("status = 'PENDING'")),
    schema="order",
)

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
