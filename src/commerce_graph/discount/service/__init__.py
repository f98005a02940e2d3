"""Discounts: use cases, and the only door for other domains."""

from commerce_graph.discount.loaders import Asked, candidates
from commerce_graph.discount.rules import (
    Decision,
    Discount,
    Goods,
    Outcome,
    Purchase,
    decide,
    from_document,
    from_documents,
    narrowed,
    outcomes,
    to_document,
    to_documents,
)
from commerce_graph.discount.service.editing import activate, create, deactivate, delete_discount, update_discount
from commerce_graph.discount.service.redemption import Redemption, Refusal, contact_of, redeem, release, use

__all__ = [
    "Asked", "Decision", "Discount", "Goods", "Outcome", "Purchase", "Redemption", "Refusal", "activate", "candidates",
    "contact_of", "create", "deactivate", "decide", "delete_discount", "from_document", "from_documents", "narrowed",
    "outcomes", "redeem", "release", "to_document", "to_documents", "update_discount", "use",
]  # fmt: skip
