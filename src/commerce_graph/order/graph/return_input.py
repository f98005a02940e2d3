"""What the mutations of returns are given."""

from enum import Enum

import strawberry

from commerce_graph.kernel.graph import input_type
from commerce_graph.order.graph.refund import OrderTransactionInput, ShippingRefundInput
from commerce_graph.order.graph.return_ import ReturnDeclineReason, ReturnReason


@strawberry.enum(description="What becomes of pieces that came back.")
class ReverseFulfillmentOrderDispositionType(Enum):
    """Names of Admin that pieces here can have."""

    MISSING = strawberry.enum_value("MISSING", description="They did not come back, and are refunded all the same.")
    NOT_RESTOCKED = strawberry.enum_value("NOT_RESTOCKED", description="They are not sold again.")
    RESTOCKED = strawberry.enum_value("RESTOCKED", description="They are in a location's stock.")


NOTIFY = "Kept with the event; the shop itself sends no mail."


@input_type
class ReturnRequestLineItemInput:
    """Pieces in a parcel that a buyer wants to return."""

    fulfillment_line_item_id: strawberry.ID = strawberry.field(description="The id of the line in the parcel.")
    quantity: int = strawberry.field(description="How many pieces.")
    return_reason: ReturnReason | None = strawberry.field(description="Why.", default=ReturnReason.UNKNOWN)
    customer_note: str | None = strawberry.field(description="What the buyer wrote.", default=None)


@input_type
class ReturnRequestInput:
    """A return that a buyer asks for."""

    order_id: strawberry.ID = strawberry.field(description="The order's id.")
    return_line_items: list[ReturnRequestLineItemInput] = strawberry.field(description="What is to come back.")


@input_type
class ReturnLineItemInput:
    """Pieces in a parcel that come back."""

    fulfillment_line_item_id: strawberry.ID = strawberry.field(description="The id of the line in the parcel.")
    quantity: int = strawberry.field(description="How many pieces.")
    return_reason: ReturnReason | None = strawberry.field(description="Why.", default=ReturnReason.UNKNOWN)
    return_reason_note: str | None = strawberry.field(description="What to note about the reason.", default="")
    customer_note: str | None = strawberry.field(description="What the buyer wrote.", default=None)


@input_type
class ReturnInput:
    """A return that a merchant opens; it needs no approval."""

    order_id: strawberry.ID = strawberry.field(description="The order's id.")
    return_line_items: list[ReturnLineItemInput] = strawberry.field(description="What comes back.")
    notify_customer: bool | None = strawberry.field(description=NOTIFY, default=False)


@input_type
class RequestedLineItemInput:
    """Pieces of a line that its buyer wants to return; the oldest parcels are taken first."""

    line_item_id: strawberry.ID = strawberry.field(description="The id of the order's line.")
    quantity: int = strawberry.field(description="How many pieces.")
    return_reason: ReturnReason | None = strawberry.field(description="Why.", default=ReturnReason.UNKNOWN)
    customer_note: str | None = strawberry.field(description="A note to the merchant.", default=None)


@input_type
class ReturnApproveRequestInput:
    """The return to approve."""

    id: strawberry.ID = strawberry.field(description="The return's id.")
    notify_customer: bool | None = strawberry.field(description=NOTIFY, default=False)


@input_type
class ReturnDeclineRequestInput:
    """The return to decline, and why."""

    id: strawberry.ID = strawberry.field(description="The return's id.")
    decline_reason: ReturnDeclineReason = strawberry.field(description="Why.")
    decline_note: str | None = strawberry.field(description="What to write to the buyer.", default=None)
    notify_customer: bool | None = strawberry.field(description=NOTIFY, default=False)


@input_type
class ReturnProcessDispositionInput:
    """What becomes of some of the pieces; `locationId` says where restocked ones go, else where they were sent from."""

    quantity: int = strawberry.field(description="How many pieces.")
    disposition_type: ReverseFulfillmentOrderDispositionType = strawberry.field(description="What becomes of them.")
    location_id: strawberry.ID | None = strawberry.field(description="Where restocked ones go.", default=None)


@input_type
class ReturnProcessReturnLineItemInput:
    """Pieces that came back; without dispositions they are not restocked."""

    id: strawberry.ID = strawberry.field(description="The id of the return's line.")
    quantity: int = strawberry.field(description="How many pieces.")
    dispositions: list[ReturnProcessDispositionInput] | None = strawberry.field(
        description="What becomes of them; the quantities must add up.", default=None
    )


@input_type
class ReturnProcessRefundInput:
    """Money to give back: what the pieces cost, or the sum of `orderTransactions` where it is given."""

    order_transactions: list[OrderTransactionInput] | None = strawberry.field(
        description="How much; it goes the way it came.", default=None
    )


@input_type
class ReturnProcessFinancialTransferInput:
    """Money that moves with the goods."""

    issue_refund: ReturnProcessRefundInput | None = strawberry.field(description="Money to give back.", default=None)


@input_type
class ReturnProcessInput:
    """What came back of a return."""

    return_id: strawberry.ID = strawberry.field(description="The return's id.")
    return_line_items: list[ReturnProcessReturnLineItemInput] = strawberry.field(description="What came back.")
    refund_shipping: ShippingRefundInput | None = strawberry.field(
        description="How much of the delivery to give back as well.", default=None
    )
    financial_transfer: ReturnProcessFinancialTransferInput | None = strawberry.field(
        description="Money to give back; without it none is.", default=None
    )
    note: str | None = strawberry.field(description="What to note with the refund.", default=None)
    notify_customer: bool | None = strawberry.field(description=NOTIFY, default=False)
