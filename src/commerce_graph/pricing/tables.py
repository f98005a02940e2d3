"""The tables of markets, prices and taxes, in the Postgres schema `pricing`."""

from sqlalchemy import Boolean, CheckConstraint, Column, Index, Table, Text, UniqueConstraint, text

from commerce_graph.kernel.columns import count, key, minor, moment, one_of, parent, uuid, words
from commerce_graph.kernel.database import metadata

shop = Table(  # one row
    "shop",
    metadata,
    Column("one", Boolean, primary_key=True, server_default="true"),
    words("name"),
    words("description", default=""),
    words("email", null=True),
    words("weight_unit", default="GRAMS"),
    CheckConstraint("one", name="one_row"),
    one_of("weight_unit", ["GRAMS", "KILOGRAMS", "OUNCES", "POUNDS"]),
    schema="pricing",
)

market = Table(
    "market",
    metadata,
    key(),
    words("handle", unique=True),
    words("name"),
    Column("currency", Text, nullable=False),
    words("language"),  # the default, a LanguageCode
    Column("is_primary", Boolean, nullable=False, server_default="false"),
    Column("tax_included", Boolean, nullable=False, server_default="false"),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_code"),
    Index("uq_market_primary", "is_primary", unique=True, postgresql_where=text("is_primary")),
    schema="pricing",
)

market_country = Table(
    "market_country",
    metadata,
    Column("country", Text, primary_key=True),  # a country is in one market
    parent("market_id", "pricing.market.id", index=True),
    count("position", default=0),  # the first is the market's own default
    CheckConstraint("country ~ '^[A-Z]{2}$'", name="country_code"),
    schema="pricing",
)

market_language = Table(
    "market_language",
    metadata,
    parent("market_id", "pricing.market.id", primary=True),
    Column("language", Text, primary_key=True),
    schema="pricing",
)

price = Table(
    "price",
    metadata,
    parent("market_id", "pricing.market.id", primary=True),
    key("variant_id"),
    uuid("product_id"),
    minor("amount_minor"),
    minor("compare_at_minor", null=True),
    moment("updated_at", now=True),
    CheckConstraint("amount_minor >= 0", name="amount_positive"),
    CheckConstraint("compare_at_minor >= 0", name="compare_at_positive"),
    Index("ix_price_product", "product_id", "market_id"),
    Index("ix_price_variant", "variant_id"),
    schema="pricing",
)

tax_rate = Table(
    "tax_rate",
    metadata,
    key(),
    Column("country", Text, nullable=False),
    words("province", default=""),  # '' is the whole country
    words("name"),
    count("rate_bps"),
    Column("on_shipping", Boolean, nullable=False, server_default="true"),
    UniqueConstraint("country", "province"),
    CheckConstraint("rate_bps BETWEEN 0 AND 10000", name="rate_range"),
    schema="pricing",
)
