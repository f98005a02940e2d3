"""Purchases in the graph."""

from commerce_graph.checkout.graph.attempt import CheckoutQuery
from commerce_graph.checkout.graph.submission import CheckoutMutation

__all__ = ["CheckoutMutation", "CheckoutQuery"]
