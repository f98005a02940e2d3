"""The tables of delivery rates and fulfilments, in the Postgres schema `fulfilment`."""

from sqlalchemy import ARRAY, CheckConstraint, Column, Index, Table, Text, UniqueConstraint

from commerce_graph.fulfilment.rules import FULFILLMENT_ORDER
from commerce_graph.kernel.columns import count, key, minor, moment, one_of, parent, uuid, words
from commerce_graph.kernel.database import metadata
from commerce_graph.kernel.transitions import obeys

zone = Table("zone", metadata, key(), words("name", unique=True), schema="fulfilment")

zone_country = Table(
    "zone_country",
    metadata,
    Column("country", Text, primary_key=True),  # a country is in one zone
    parent("zone_id", "fulfilment.zone.id", index=True),
    CheckConstraint("country ~ '^[A-Z]{2}$'", name="country_code"),
    schema="fulfilment",
)

rate = Table(  # flat: no weight bounds; by weight: from (inclusive) and to (exclusive) in grams
    "rate",
    metadata,
    key(),
    parent("zone_id", "fulfilment.zone.id"),
    words("handle"),
    words("title"),
    words("description", null=True),
    words("currency"),
    minor("amount_minor"),
    count("from_g", default=0),
    count("to_g", null=True),
    count("position", default=0),
    UniqueConstraint("zone_id", "currency", "handle", "from_g"),
    CheckConstraint("amount_minor >= 0", name="amount_positive"),
    CheckConstraint("from_g >= 0 AND (to_g IS NULL OR to_g > from_g)", name="weights_ordered"),
    schema="fulfilment",
)

fulfillment_order = Table(  # what one location has to send of one order
    "fulfillment_order",
    metadata,
    key(),
    uuid("order_id"),
    uuid("location_id", null=True),
    words("status", default="OPEN"),
    moment("created_at", now=True),
    moment("updated_at", now=True),
    UniqueConstraint("order_id", "location_id", postgresql_nulls_not_distinct=True),
    one_of("status", list(FULFILLMENT_ORDER.states)),
    schema="fulfilment",
)
obeys(fulfillment_order, "status", FULFILLMENT_ORDER)

fulfillment_order_line = Table(
    "fulfillment_order_line",
    metadata,
    key(),
    parent("fulfillment_order_id", "fulfilment.fulfillment_order.id", index=True),
    uuid("order_line_id"),
    uuid("variant_id", null=True),
    count("quantity"),
    count("remaining"),
    UniqueConstraint("fulfillment_order_id", "order_line_id"),
    CheckConstraint("remaining BETWEEN 0 AND quantity", name="remaining_range"),
    schema="fulfilment",
)

fulfillment = Table(
    "fulfillment",
    metadata,
    key(),
    parent("fulfillment_order_id", "fulfilment.fulfillment_order.id", index=True),
    uuid("order_id", index=True),
    uuid("location_id", null=True),
    count("number"),  # the order's first, second, ... parcel
    words("status", default="SUCCESS"),
    words("tracking_company", null=True),
    Column("tracking_numbers", ARRAY(Text), nullable=False, server_default="{}"),
    Column("tracking_urls", ARRAY(Text), nullable=False, server_default="{}"),
    moment("created_at", now=True),
    moment("updated_at", now=True),
    UniqueConstraint("order_id", "number"),
    one_of("status", ["SUCCESS", "CANCELLED"]),
    schema="fulfilment",
)

fulfillment_line = Table(
    "fulfillment_line",
    metadata,
    key(),
    parent("fulfillment_id", "fulfilment.fulfillment.id"),
    uuid("order_line_id"),
    count("quantity"),
    UniqueConstraint("fulfillment_id", "order_line_id"),
    CheckConstraint("quantity > 0", name="quantity_positive"),
    Index("ix_fulfillment_line_order_line", "order_line_id"),
    schema="fulfilment",
)
