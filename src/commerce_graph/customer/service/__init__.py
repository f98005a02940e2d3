"""Customers: use cases, and the only door for other domains."""

from commerce_graph.customer.loaders import Profile, customer_of_token, customers_of_tokens, profiles
from commerce_graph.customer.service.account import create_customer, update_customer
from commerce_graph.customer.service.address_book import (
    create_address,
    delete_address,
    set_default_address,
    update_address,
)
from commerce_graph.customer.service.sign_in import (
    Session,
    delete_expired_tokens,
    renew,
    sign_in,
    sign_out,
    signed_in,
)

__all__ = [
    "Profile", "Session", "create_address", "create_customer", "customer_of_token", "customers_of_tokens",
    "delete_address", "delete_expired_tokens", "profiles", "renew", "set_default_address", "sign_in", "sign_out",
    "signed_in", "update_address", "update_customer",
]  # fmt: skip
