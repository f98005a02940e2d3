"""Batched reads of orders."""

from commerce_graph.order.loaders.entities import (
    LineRow,
    OrderRow,
    RefundLineRow,
    RefundRow,
    breakdowns,
    events,
    lines,
    orders,
    refunds,
)
from commerce_graph.order.loaders.listing import all_orders, count_all, count_customers_orders, customers_orders

__all__ = [
    "LineRow", "OrderRow", "RefundLineRow", "RefundRow", "all_orders", "breakdowns", "count_all",
    "count_customers_orders", "customers_orders", "events", "lines", "orders", "refunds",
]  # fmt: skip
