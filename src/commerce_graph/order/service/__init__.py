"""Orders: use cases, and the only door for other domains."""

from commerce_graph.order.loaders.companions import bought_together
from commerce_graph.order.service.cancellation import Cancellation
from commerce_graph.order.service.captures import NewCapture, capture, void
from commerce_graph.order.service.life import close, reopen
from commerce_graph.order.service.payments import follow_payment, note_payment
from commerce_graph.order.service.placement import NewLine, NewOrder, place
from commerce_graph.order.service.refunds import NewRefund, RefundedLine
from commerce_graph.order.service.settlement import (
    cancel,
    create_refund,
    finish_refund,
    finish_refunds,
    mark_as_paid,
    settle,
    settle_orders,
)
from commerce_graph.order.service.shipment import fulfill

__all__ = [
    "Cancellation", "NewCapture", "NewLine", "NewOrder", "NewRefund", "RefundedLine", "bought_together", "cancel",
    "capture", "close", "create_refund", "finish_refund", "finish_refunds", "follow_payment", "fulfill",
    "mark_as_paid", "note_payment", "place", "reopen", "settle", "settle_orders", "void",
]  # fmt: skip
