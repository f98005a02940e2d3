"""Orders: use cases, and the only door for other domains."""

from commerce_graph.order.loaders.companions import bought_together
from commerce_graph.order.service.cancellation import Cancellation
from commerce_graph.order.service.captures import NewCapture, capture, void
from commerce_graph.order.service.drafts import Draft, DraftLine, add_variant, begin_edit, draft_of, set_quantity
from commerce_graph.order.service.edits import Commit
from commerce_graph.order.service.life import close, reopen
from commerce_graph.order.service.payments import follow_payment, note_paid, note_payment
from commerce_graph.order.service.placement import NewLine, NewOrder, place
from commerce_graph.order.service.refunds import NewRefund, RefundedLine
from commerce_graph.order.service.returns import (
    Disposition,
    NewReturn,
    Processing,
    Received,
    ReturnedLine,
    move_return,
    open_return,
)
from commerce_graph.order.service.settlement import (
    cancel,
    commit_edit,
    create_refund,
    finish_refund,
    finish_refunds,
    mark_as_paid,
    process_return,
    settle,
    settle_orders,
)
from commerce_graph.order.service.shipment import fulfill

__all__ = [
    "Cancellation", "Commit", "Disposition", "Draft", "DraftLine", "NewCapture", "NewLine", "NewOrder", "NewRefund",
    "NewReturn", "Processing", "Received", "RefundedLine", "ReturnedLine", "add_variant", "begin_edit",
    "bought_together", "cancel", "capture", "close", "commit_edit", "create_refund", "draft_of", "finish_refund",
    "finish_refunds", "follow_payment", "fulfill", "mark_as_paid", "move_return", "note_paid", "note_payment",
    "open_return", "place", "process_return", "reopen", "set_quantity", "settle", "settle_orders", "void",
]  # fmt: skip
