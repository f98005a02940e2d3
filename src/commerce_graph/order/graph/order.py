"""Orders: who may see one, and what it says of itself."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

import strawberry

from commerce_graph.kernel.address import MailingAddress, PostalAddress, mailing_address
from commerce_graph.kernel.auth import scopes
from commerce_graph.kernel.codes import CurrencyCode
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import batch_field, entities, field, object_type
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.links import explorer_url
from commerce_graph.kernel.scalars import URL
from commerce_graph.kernel.values import Attribute, MoneyV2, attributes, money
from commerce_graph.keys import CustomerKey, OrderKey
from commerce_graph.order import loaders, rules
from commerce_graph.order.graph.money import MoneyBag, ShippingLine, TaxLine, bag, tax_line

READ_ORDERS = scopes("read_orders")
STATUS_PAGE = """query {
  order(id: "%s") {
    name processedAt financialStatus fulfillmentStatus totalPrice { amount currencyCode }
    lineItems(first: 250) { nodes { title variantTitle quantity totalPrice { amount currencyCode } } }
    fulfillments(first: 50) { nodes { createdAt trackingInformation { company number url } } }
  }
}"""
"""What the page of an order's status shows."""


@strawberry.enum(description="What has happened to an order's money, as buyers are told.")
class OrderFinancialStatus(Enum):
    """Names of Storefront and Customer Account."""

    AUTHORIZED = "AUTHORIZED"
    PAID = "PAID"
    PARTIALLY_PAID = "PARTIALLY_PAID"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    PENDING = "PENDING"
    REFUNDED = "REFUNDED"
    VOIDED = "VOIDED"


@strawberry.enum(description="How much of an order was sent, as buyers are told.")
class OrderFulfillmentStatus(Enum):
    """Names of Storefront and Customer Account that orders here can have."""

    FULFILLED = "FULFILLED"
    PARTIALLY_FULFILLED = "PARTIALLY_FULFILLED"
    UNFULFILLED = "UNFULFILLED"


@strawberry.enum(description="What has happened to an order's money, as merchants are told.")
class OrderDisplayFinancialStatus(Enum):
    """Names of Admin."""

    AUTHORIZED = "AUTHORIZED"
    PAID = "PAID"
    PARTIALLY_PAID = "PARTIALLY_PAID"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    PENDING = "PENDING"
    REFUNDED = "REFUNDED"
    VOIDED = "VOIDED"


@strawberry.enum(description="How much of an order was sent, as merchants are told.")
class OrderDisplayFulfillmentStatus(Enum):
    """Names of Admin that orders here can have."""

    FULFILLED = "FULFILLED"
    PARTIALLY_FULFILLED = "PARTIALLY_FULFILLED"
    UNFULFILLED = "UNFULFILLED"


@strawberry.enum(description="Why an order was cancelled.")
class OrderCancelReason(Enum):
    """Names of all three APIs."""

    CUSTOMER = "CUSTOMER"
    DECLINED = "DECLINED"
    FRAUD = "FRAUD"
    INVENTORY = "INVENTORY"
    OTHER = "OTHER"
    STAFF = "STAFF"


@object_type
class OrderCancellation:
    """How an order was cancelled."""

    reason: OrderCancelReason = strawberry.field(description="Why.")
    cancelled_at: datetime = strawberry.field(description="When.")


@object_type
class Order(OrderKey):
    """A purchase that was placed, as it was sold: later changes of products do not change it."""

    row: strawberry.Private[loaders.OrderRow]
    gid: strawberry.Private[str]
    sealed: strawberry.Private[str]
    public_url: strawberry.Private[str]

    @classmethod
    async def load_many(cls, ctx: Context, uuids: Sequence[UUID]) -> list["Order | None"]:
        """Load orders that the caller may see: by capability id, as the customer who bought, or with `read_orders`."""
        rows = await ctx.load_many(loaders.orders, uuids)
        return [order_of(row, ctx) if row is not None and may_see(ctx, row) else None for row in rows]

    @field
    def id(self) -> strawberry.ID:
        """A globally unique id.

        Who came with a capability id gets one again, and can go on with it.
        """
        return strawberry.ID(self.gid)

    @field
    def name(self) -> str:
        """The order's name, such as #1001."""
        return f"#{self.row.number}"

    @field
    def number(self) -> int:
        """The order's number; numbers may have gaps."""
        return self.row.number

    @field
    def order_number(self) -> int:
        """The order's number; numbers may have gaps."""
        return self.row.number

    @field
    def confirmation_number(self) -> str:
        """A short name of the order that cannot be guessed from its number."""
        return rules.confirmation_number(self.uuid)

    @field
    def processed_at(self) -> datetime:
        """When the order was placed."""
        return self.row.processed_at

    @field
    def created_at(self) -> datetime:
        """When the order was recorded."""
        return self.row.created_at

    @field
    def updated_at(self) -> datetime:
        """When the order last changed."""
        return self.row.updated_at

    @field
    def email(self) -> str | None:
        """Where the buyer is written to."""
        return self.row.email

    @field
    def phone(self) -> str | None:
        """Where the buyer is called."""
        return self.row.phone

    @field
    def note(self) -> str | None:
        """What the buyer wrote in the cart."""
        return self.row.note or None

    @field
    def custom_attributes(self) -> list[Attribute]:
        """Keys and values that the cart carried."""
        return attributes(self.row.attributes)

    @field
    def currency_code(self) -> CurrencyCode:
        """The currency of every amount of the order."""
        return CurrencyCode[self.row.currency]

    @field
    def total_price(self) -> MoneyV2:
        """What all that was ordered comes to, edits included: goods, delivery and taxes, before refunds."""
        return self._money(self.row.total_minor)

    @field
    def subtotal(self) -> MoneyV2:
        """What the goods cost after discounts, with taxes where prices include them."""
        return self._money(self.row.subtotal_minor)

    @field
    def subtotal_price(self) -> MoneyV2:
        """What the goods cost after discounts, with taxes where prices include them."""
        return self._money(self.row.subtotal_minor)

    @field
    def total_shipping(self) -> MoneyV2:
        """What the delivery costs after discounts, with taxes where prices include them."""
        return self._money(self.row.shipping_minor)

    @field
    def total_shipping_price(self) -> MoneyV2:
        """What the delivery costs after discounts, with taxes where prices include them."""
        return self._money(self.row.shipping_minor)

    @field
    def total_tax(self) -> MoneyV2:
        """All taxes of the order, also where prices include them."""
        return self._money(self.row.tax_minor)

    @field
    def total_refunded(self) -> MoneyV2:
        """What was given back so far."""
        return self._money(self.row.refunded_minor)

    @field
    def total_price_set(self) -> MoneyBag:
        """What all that was ordered comes to, edits included, before refunds."""
        return bag(self.row.total_minor, self.row.currency)

    @field
    def subtotal_price_set(self) -> MoneyBag:
        """What the goods cost."""
        return bag(self.row.subtotal_minor, self.row.currency)

    @field
    def total_shipping_price_set(self) -> MoneyBag:
        """What the delivery costs."""
        return bag(self.row.shipping_minor, self.row.currency)

    @field
    def total_tax_set(self) -> MoneyBag:
        """All taxes of the order."""
        return bag(self.row.tax_minor, self.row.currency)

    @field
    def total_refunded_set(self) -> MoneyBag:
        """What was given back so far."""
        return bag(self.row.refunded_minor, self.row.currency)

    @field
    def taxes_included(self) -> bool:
        """Whether the prices include the taxes."""
        return self.row.tax_included

    @field
    def tax_lines(self) -> list[TaxLine]:
        """The taxes of the order, each once."""
        return [tax_line(stored, self.row.currency) for stored in self.row.tax_lines]

    @field
    def shipping_line(self) -> ShippingLine | None:
        """The delivery that the buyer chose; null where nothing is delivered."""
        if self.row.shipping_title is None:
            return None
        charged = self.row.shipping_minor
        original = charged + self.row.shipping_discount_minor
        return ShippingLine(
            title=self.row.shipping_title, handle=self.row.shipping_handle, code=self.row.shipping_handle,
            original_price=self._money(original), price=self._money(charged),
            original_price_set=bag(original, self.row.currency),
            discounted_price_set=bag(charged, self.row.currency),
        )  # fmt: skip

    @field
    def financial_status(self) -> OrderFinancialStatus:
        """What has happened to the order's money."""
        return OrderFinancialStatus[self.row.financial_status]

    @field
    def fulfillment_status(self) -> OrderFulfillmentStatus:
        """How much of the order was sent."""
        return OrderFulfillmentStatus[self.row.fulfillment_status]

    @field
    def display_financial_status(self) -> OrderDisplayFinancialStatus:
        """What has happened to the order's money."""
        return OrderDisplayFinancialStatus[self.row.financial_status]

    @field
    def display_fulfillment_status(self) -> OrderDisplayFulfillmentStatus:
        """How much of the order was sent."""
        return OrderDisplayFulfillmentStatus[self.row.fulfillment_status]

    @field
    def cancel_reason(self) -> OrderCancelReason | None:
        """Why the order was cancelled; null while it is not."""
        return OrderCancelReason[self.row.cancel_reason] if self.row.cancel_reason else None

    @field
    def cancelled_at(self) -> datetime | None:
        """When the order was cancelled; null while it is not."""
        return self.row.cancelled_at

    @field
    def canceled_at(self) -> datetime | None:
        """When the order was cancelled; null while it is not."""
        return self.row.cancelled_at

    @field
    def cancellation(self) -> OrderCancellation | None:
        """How the order was cancelled; null while it is not."""
        if self.row.cancelled_at is None or self.row.cancel_reason is None:
            return None
        return OrderCancellation(reason=OrderCancelReason[self.row.cancel_reason], cancelled_at=self.row.cancelled_at)

    @field
    def closed(self) -> bool:
        """Whether the merchant has put the order away."""
        return self.row.closed_at is not None

    @field
    def closed_at(self) -> datetime | None:
        """When the merchant put the order away; null while it is open."""
        return self.row.closed_at

    @field
    def confirmed(self) -> bool:
        """Whether stock was set aside for the order; no order is placed without."""
        return True

    @field
    def edited(self) -> bool:
        """Whether lines were changed after the order was placed."""
        return self.row.edited_at is not None

    @field
    def shipping_address(self) -> MailingAddress | None:
        """Where the goods are sent."""
        return self._address(self.row.shipping_address)

    @field
    def billing_address(self) -> MailingAddress | None:
        """Who pays."""
        return self._address(self.row.billing_address)

    @field
    def status_page_url(self) -> URL:
        """Where anyone who has this address may follow the order."""
        return self._page()

    @field
    def status_url(self) -> URL:
        """Where anyone who has this address may follow the order."""
        return self._page()

    @batch_field
    async def customer(parents: Sequence["Order"], ctx: Context) -> list[CustomerKey | None]:
        """Who bought, where it was a signed-in customer whom the caller may see."""
        return await entities(ctx, CustomerKey, [parent.row.customer_id for parent in parents])

    def _page(self) -> URL:
        return explorer_url(self.public_url, STATUS_PAGE % self.sealed)

    def _money(self, amount_minor: int) -> MoneyV2:
        return money(amount_minor, self.row.currency)

    def _address(self, stored: Any) -> MailingAddress | None:
        return mailing_address(self.uuid, PostalAddress.read(stored)) if stored else None


def may_see(ctx: Context, row: loaders.OrderRow) -> bool:
    """Tell whether the caller may see an order."""
    if ("Order", row.id) in ctx.granted or ctx.principal.may(READ_ORDERS):
        return True
    return row.customer_id is not None and row.customer_id == ctx.principal.customer_id


def order_of(row: loaders.OrderRow, ctx: Context) -> Order:
    """Return a row as the graph's order."""
    sealed = to_gid("Order", row.id, ctx.resources.secret)
    gid = sealed if ("Order", row.id) in ctx.granted else to_gid("Order", row.id)
    return Order(uuid=row.id, row=row, gid=gid, sealed=sealed, public_url=ctx.resources.public_url)
