"""Batched reads of orders."""

from commerce_graph.order.loaders.entities import (
    LineRow,
    OrderRow,
    RefundLineRow,
    RefundRow,
    ReturnLineRow,
    ReturnRow,
    breakdowns,
    events,
    lines,
    orders,
    orders_of_returns,
    refunds,
    returns,
)
from commerce_graph.order.loaders.listing import all_orders, count_all, count_customers_orders, customers_orders

__all__ = [
    "LineRow", "OrderRow", "RefundLineRow", "RefundRow", "ReturnLineRow", "ReturnRow", "all_orders", "breakdowns",
    "count_all", "count_customers_orders", "customers_orders", "events", "lines", "orders", "orders_of_returns",
    "refunds", "returns",
]  # fmt: skip
