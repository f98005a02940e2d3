"""The tables of discounts, in the Postgres schema `discount`."""

from sqlalchemy import Boolean, CheckConstraint, Column, Index, Table, UniqueConstraint, text

from commerce_graph.kernel.columns import count, document, key, moment, one_of, parent, uuid, words
from commerce_graph.kernel.database import metadata

discount = Table(
    "discount",
    metadata,
    key(),
    words("method"),
    words("kind"),
    words("discount_class"),
    words("title"),
    document("terms"),  # what it takes off, of what and for whom: rules.Discount without what stands in columns
    count("priority", default=0),
    moment("starts_at"),
    moment("ends_at", null=True),
    Column("once_per_customer", Boolean, nullable=False, server_default="false"),
    count("usage_limit", null=True),
    count("used", default=0),  # held and used, counted only where there is a limit: a counter is a row to queue at
    count("version", default=1),  # of its terms: a use is refused where they changed since they were read
    moment("created_at", now=True),
    moment("updated_at", now=True),
    one_of("method", ["AUTOMATIC", "CODE"]),
    one_of("kind", ["BASIC", "BXGY", "FREE_SHIPPING"]),
    one_of("discount_class", ["PRODUCT", "ORDER", "SHIPPING"]),
    CheckConstraint("usage_limit > 0", name="usage_limit_positive"),
    CheckConstraint("used >= 0 AND (usage_limit IS NULL OR used <= usage_limit)", name="never_overspent"),
    CheckConstraint("ends_at > starts_at", name="ends_after_start"),
    CheckConstraint(
        "method = 'CODE' OR (usage_limit IS NULL AND NOT once_per_customer)", name="automatic_has_no_limit"
    ),
    Index("ix_discount_automatic", "starts_at", postgresql_where=text("method = 'AUTOMATIC'")),
    Index("ix_discount_method", "method", "id"),
    schema="discount",
)

code = Table(
    "code",
    metadata,
    key(),
    parent("discount_id", "discount.discount.id", index=True),
    words("code"),
    words("folded", unique=True),  # a code is the same whatever its case
    CheckConstraint("length(code) BETWEEN 1 AND 255", name="code_length"),
    schema="discount",
)

redemption = Table(  # the ledger of uses: rows are added, and their state goes forward
    "redemption",
    metadata,
    key(),
    uuid("discount_id"),  # outlives the discount
    uuid("order_id"),  # the id that the order has or will have
    words("code", null=True),
    uuid("customer_id", null=True),
    words("contact", null=True),  # a hash of the address that a buyer without an account gave
    Column("once_per_customer", Boolean, nullable=False, server_default="false"),
    words("state", default="HELD"),
    moment("created_at", now=True),
    moment("updated_at", now=True),
    one_of("state", ["HELD", "USED", "RELEASED"]),
    UniqueConstraint("order_id", "discount_id"),
    Index("ix_redemption_discount", "discount_id", "state"),
    Index(
        "uq_redemption_customer", "discount_id", "customer_id", unique=True,
        postgresql_where=text("once_per_customer AND state <> 'RELEASED'"),
    ),
    Index(
        "uq_redemption_contact", "discount_id", "contact", unique=True,
        postgresql_where=text("once_per_customer AND state <> 'RELEASED'"),
    ),
    schema="discount",
)  # fmt: skip
