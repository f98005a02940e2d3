"""Carts in the graph."""

from commerce_graph.cart.graph.cart import Cart, CartQuery
from commerce_graph.cart.graph.discount import CartAutomaticDiscountAllocation, CartCodeDiscountAllocation
from commerce_graph.cart.graph.edits import CartMutation
from commerce_graph.cart.graph.line import CartLine, ComponentizableCartLine

__all__ = [
    "Cart", "CartAutomaticDiscountAllocation", "CartCodeDiscountAllocation", "CartLine", "CartMutation", "CartQuery",
    "ComponentizableCartLine",
]  # fmt: skip
