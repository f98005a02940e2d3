"""Goods of an order are sent off."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.fulfilment import service as fulfilment
from commerce_graph.inventory import service as inventory
from commerce_graph.kernel.limits import TEXT_CHARS_MAX
from commerce_graph.order import rules
from commerce_graph.order.errors import invalid, unknown_fulfillment_order, wrong_state
from commerce_graph.order.service import goods, trail

PATH = ("fulfillment", "lineItemsByFulfillmentOrder", "0", "fulfillmentOrderId")


async def fulfill(
    tx: AsyncConnection,
    fulfillment_order_id: UUID,
    lines: Sequence[tuple[UUID, int]] | None,
    tracking: fulfilment.Tracking,
    actor: str,
    message: str | None = None,
    *,
    notify_customer: bool = False,
) -> tuple[UUID, UUID]:
    """Send off (fulfillment_order_line_id, quantity), or all that is left, and take it out of stock.

    Returns the order's and the fulfilment's key. Statements do not grow with the lines.
    Limits: TEXT_CHARS_MAX for the message.
    Locks: order, fulfillment order, stock levels.
    Emits: OrderUpdated(fulfilled).
    Raises: Rejected(NOT_FOUND | INVALID_STATE | INVALID).
    """
    if message and len(message) > TEXT_CHARS_MAX:
        raise invalid(("message",), f"longer than {TEXT_CHARS_MAX} characters")
    order_id = await fulfilment.order_of_fulfillment_order(tx, fulfillment_order_id)
    if order_id is None:
        raise unknown_fulfillment_order(PATH)
    row = await trail.lock(tx, order_id, PATH)
    if row.cancelled_at is not None:
        raise wrong_state(PATH, "the order was cancelled")
    picked = await fulfilment.fulfill(tx, fulfillment_order_id, lines, tracking)
    sent = Counter[UUID]()
    for line_id, _variant, quantity in picked.lines:
        sent[line_id] += quantity
    place = picked.location_id
    if place is not None:
        await inventory.ship(tx, order_id, [(line_id, place, quantity) for line_id, quantity in sent.items()])
    await goods.add_quantities(tx, order_id, "fulfilled_quantity", sent.items())
    left = (await goods.unsent(tx, order_id)).total
    await trail.change(tx, row, fulfillment_status=rules.fulfillment_status(sent.total(), left))
    told = f"{sent.total()} of {sent.total() + left} pieces left to send were sent."
    await trail.record(
        tx, row, "fulfilled", message or told, actor, fulfillment_id=str(picked.fulfillment_id),
        lines={str(line_id): quantity for line_id, quantity in sent.items()}, notify_customer=notify_customer,
    )  # fmt: skip
    return order_id, picked.fulfillment_id
