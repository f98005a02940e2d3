"""Who is asking, and what a field asks of them."""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from uuid import UUID

Access = frozenset[str]
"""Scopes of which a caller must hold all; empty means open to anyone who reaches the object."""

OPEN: Access = frozenset()
LISTINGS: Access = frozenset({"unauthenticated_read_product_listings"})
CONTENT: Access = frozenset({"unauthenticated_read_content"})
READ_CHECKOUTS: Access = frozenset({"unauthenticated_read_checkouts"})
WRITE_CHECKOUTS: Access = frozenset({"unauthenticated_write_checkouts"})
READ_CUSTOMERS: Access = frozenset({"unauthenticated_read_customers"})
WRITE_CUSTOMERS: Access = frozenset({"unauthenticated_write_customers"})

SHOPPER_SCOPES: Access = LISTINGS | CONTENT | READ_CHECKOUTS | WRITE_CHECKOUTS | READ_CUSTOMERS | WRITE_CUSTOMERS
PARTNER_SCOPES: Access = frozenset({"read_orders", "read_fulfillments"})
MERCHANT_SCOPES: Access = (
    SHOPPER_SCOPES
    | PARTNER_SCOPES
    | {
        "read_products",
        "write_products",
        "read_content",
        "write_content",
        "read_discounts",
        "write_discounts",
        "read_gift_cards",
        "write_gift_cards",
        "read_inventory",
        "write_inventory",
        "read_locations",
        "write_orders",
        "write_fulfillments",
        "read_customers",
    }
)

WRITE_DOCUMENTS: Access = frozenset({"write_documents"})
"""Send documents that nobody has published, where the server runs others only, and register them. Any token may hold
it, and none does that was not given it by name: who holds it can ask whatever the schema allows."""

FORWARD_BUYER_IP: Access = frozenset({"forward_buyer_ip"})
"""Tell the address of the buyer (`Shopify-Storefront-Buyer-IP`) and be believed. Any token may hold it, and none does
that was not given it by name: with one that browsers see, everybody could be anybody."""

NAMED_ONLY: Access = WRITE_DOCUMENTS | FORWARD_BUYER_IP
"""What any token may hold, and none does that was not given it by name."""


def scopes(*names: str) -> Access:
    """Return the access that needs all of the named scopes."""
    return frozenset(names)


def named_scopes(names: str, usual: Access) -> Access:
    """Return the scopes that are named, by commas: `usual` for none, and beside `usual` after a `+`."""
    named = frozenset(name.strip() for name in names.removeprefix("+").split(",") if name.strip())
    return named if named and not names.startswith("+") else usual | named


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller: an API token of the shop, and on top of it perhaps a signed-in customer."""

    scopes: Access = OPEN
    channel_id: UUID | None = None
    customer_id: UUID | None = None
    name: str = field(default="anonymous")
    token_id: UUID | None = None

    def may(self, access: Access) -> bool:
        """Tell whether the caller holds every scope of `access`."""
        return access <= self.scopes


ANONYMOUS = Principal()

Authenticate = Callable[[Mapping[str, str]], Awaitable[Principal]]
"""Finds the caller by headers, or by a socket's connection parameters; names are lower case.

Raises: RequestError(UNAUTHORIZED) with status 401 for a token that is unknown, revoked or in the wrong header.
"""


def new_token(prefix: str) -> str:
    """Return a fresh bearer token with 160 random bits; the prefix tells people what it is."""
    return f"{prefix}_{secrets.token_hex(20)}"


def token_hash(token: str) -> bytes:
    """Return what is stored of a bearer token. Tokens are random, so a plain SHA-256 cannot be guessed back."""
    return sha256(token.encode()).digest()
