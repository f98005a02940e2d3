"""Carts: what shoppers mean to buy, where it goes and how it is paid."""

from commerce_graph.cart import graph
from commerce_graph.kernel.demand.gate import Rank
from commerce_graph.kernel.module import Module
from commerce_graph.keys import CustomerKey, ProductVariantKey

module = Module(
    name="cart",
    query=graph.CartQuery,
    mutation=graph.CartMutation,
    owns=(graph.Cart,),
    refers=(ProductVariantKey, CustomerKey),
    types=(
        graph.CartLine, graph.ComponentizableCartLine, graph.CartAutomaticDiscountAllocation,
        graph.CartCodeDiscountAllocation,
    ),
    rank=Rank.CART,
)  # fmt: skip
