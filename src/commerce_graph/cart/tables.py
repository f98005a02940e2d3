"""The tables of carts, in the Postgres schema `cart`."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Index, Table, UniqueConstraint, text

from commerce_graph.kernel.columns import count, document, key, moment, one_of, parent, uuid, words
from commerce_graph.kernel.database import metadata
from commerce_graph.kernel.limits import CART_LINE_QUANTITY_MAX

cart = Table(
    "cart",
    metadata,
    key(),
    uuid("channel_id", null=True),
    words("state", default="OPEN"),
    words("country", null=True),  # the market follows from it; NULL is the primary market
    words("language", null=True),
    uuid("customer_id", null=True),
    words("email", null=True),
    words("phone", null=True),
    words("note", default=""),
    document("attributes", default="[]"),
    document("discount_codes", default="[]"),  # as the shopper gave them
    document("gift_cards", default="[]"),  # the keys of cards whose codes the shopper gave, first applied first
    words("delivery_handle", null=True),  # the delivery option chosen
    # {"session_id", "amount_minor", "currency", "billing_address", "free": bool, "source_identifier"}
    document("payment", null=True),
    uuid("order_id", null=True),
    Column("version", BigInteger, nullable=False, server_default="1"),
    moment("created_at", now=True),
    moment("updated_at", now=True),
    # SUBMITTED while a purchase of it is under way, COMPLETED once it became an order: neither can be changed.
    one_of("state", ["OPEN", "SUBMITTED", "COMPLETED"]),
    CheckConstraint("(state = 'COMPLETED') = (order_id IS NOT NULL)", name="completed_has_order"),
    Index("ix_cart_updated_at", "updated_at", postgresql_where=text("state = 'OPEN'")),
    schema="cart",
)

line = Table(
    "line",
    metadata,
    key(),
    parent("cart_id", "cart.cart.id"),
    count("position"),
    uuid("variant_id"),
    uuid("product_id"),
    count("quantity"),
    document("attributes", default="[]"),  # sorted by key, so that equal ones are equal
    UniqueConstraint("cart_id", "variant_id", "attributes"),
    CheckConstraint(f"quantity BETWEEN 1 AND {CART_LINE_QUANTITY_MAX}", name="quantity_range"),
    Index("ix_line_cart", "cart_id", "position", "id"),
    schema="cart",
)

address = Table(
    "address",
    metadata,
    key(),
    parent("cart_id", "cart.cart.id"),
    document("address"),  # a PostalAddress
    Column("selected", Boolean, nullable=False, server_default="false"),
    Column("one_time_use", Boolean, nullable=False, server_default="false"),
    Index("uq_address_selected", "cart_id", unique=True, postgresql_where=text("selected")),
    Index("ix_address_cart", "cart_id", "id"),
    schema="cart",
)
