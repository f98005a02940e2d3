"""Discounts in the graph, for merchants."""

from commerce_graph.discount.graph.discount import DiscountAutomaticNode, DiscountCodeNode
from commerce_graph.discount.graph.editing import DiscountMutation
from commerce_graph.discount.graph.listing import DiscountQuery

__all__ = ["DiscountAutomaticNode", "DiscountCodeNode", "DiscountMutation", "DiscountQuery"]
