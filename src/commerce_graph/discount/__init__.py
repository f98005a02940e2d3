"""Discounts: codes and automatic ones, what they take off, and the ledger of their uses."""

from commerce_graph.discount import graph
from commerce_graph.kernel.module import Module
from commerce_graph.keys import CollectionKey, CustomerKey, ProductKey, ProductVariantKey

module = Module(
    name="discount",
    query=graph.DiscountQuery,
    mutation=graph.DiscountMutation,
    owns=(graph.DiscountCodeNode, graph.DiscountAutomaticNode),
    refers=(CollectionKey, CustomerKey, ProductKey, ProductVariantKey),
)
