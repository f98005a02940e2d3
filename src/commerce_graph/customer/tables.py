"""The tables of customers, in the Postgres schema `customer`."""

from sqlalchemy import Boolean, CheckConstraint, Column, Index, LargeBinary, Table

from commerce_graph.kernel.columns import key, moment, parent, words
from commerce_graph.kernel.database import metadata

customer = Table(
    "customer",
    metadata,
    key(),
    words("email", unique=True),  # lower case
    words("password_hash", null=True),  # argon2id; NULL for who cannot sign in with a password
    words("first_name", null=True),
    words("last_name", null=True),
    words("phone", null=True),
    Column("accepts_marketing", Boolean, nullable=False, server_default="false"),
    # No foreign key: it would close a circle with `address`. The service keeps it true.
    Column("default_address_id", key().type, nullable=True),
    moment("created_at", now=True),
    moment("updated_at", now=True),
    CheckConstraint("email = lower(email) AND length(email) BETWEEN 3 AND 254", name="email_lower"),
    Index("ix_customer_created_at", "created_at", "id"),
    schema="customer",
)

address = Table(
    "address",
    metadata,
    key(),
    parent("customer_id", "customer.customer.id"),
    *(words(name, null=True) for name in (
        "first_name", "last_name", "company", "address1", "address2", "city", "province_code", "country_code", "zip",
        "phone",
    )),
    moment("created_at", now=True),
    Index("ix_address_customer", "customer_id", "id"),
    schema="customer",
)  # fmt: skip

access_token = Table(
    "access_token",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    parent("customer_id", "customer.customer.id", index=True),
    moment("expires_at"),
    moment("created_at", now=True),
    Index("ix_access_token_expires_at", "expires_at"),
    schema="customer",
)
