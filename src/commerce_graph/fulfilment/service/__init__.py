"""Delivery rates and fulfilments: use cases, and the only door for other domains."""

from commerce_graph.fulfilment.loaders import (
    DeliveryRate,
    FulfillmentOrder,
    FulfillmentOrderLine,
    Parcel,
    RateRequest,
    fulfillment_orders,
    order_of_fulfillment_order,
    parcels,
    rates,
)
from commerce_graph.fulfilment.rules import ToSend, Tracking
from commerce_graph.fulfilment.service.sending import Picked, extend, fulfill, open_orders, reduce

__all__ = [
    "DeliveryRate", "FulfillmentOrder", "FulfillmentOrderLine", "Parcel", "Picked", "RateRequest", "ToSend",
    "Tracking", "extend", "fulfill", "fulfillment_orders", "open_orders",
    "order_of_fulfillment_order", "parcels", "rates", "reduce",
]  # fmt: skip
