"""The cart in the graph."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import strawberry

from commerce_graph.cart import service
from commerce_graph.cart.graph.buyer import CartBuyerIdentity
from commerce_graph.cart.graph.delivery import CartDelivery, CartDeliveryGroupConnection, group_page
from commerce_graph.cart.graph.discount import (
    CartDiscountAllocation,
    CartDiscountCode,
    breakdown,
    cart_allocations,
    discount_codes,
)
from commerce_graph.cart.graph.line import BaseCartLineConnection, line_page, named
from commerce_graph.cart.service import Contents, Quote
from commerce_graph.kernel.auth import READ_CHECKOUTS
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import batch_field, entities, field, object_type
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.links import explorer_url
from commerce_graph.kernel.pages import page_arguments
from commerce_graph.kernel.scalars import URL
from commerce_graph.kernel.values import Attribute, MoneyV2, money
from commerce_graph.keys import CartKey
from commerce_graph.vocabulary import PriceBreakdown

CHECKOUT = """query Checkout {{
  cart(id: "{id}") {{
    totalQuantity
    lines(first: 250) {{ nodes {{ quantity merchandise {{ ... on ProductVariant {{ title product {{ title }} }} }} }} }}
    cost {{ subtotalAmount {{ amount currencyCode }} totalAmount {{ amount currencyCode }} }}
  }}
}}"""


@object_type
class CartCost:
    """What a cart costs now, with the selected delivery."""

    subtotal_amount: MoneyV2
    subtotal_amount_estimated: bool
    total_amount: MoneyV2
    total_amount_estimated: bool
    checkout_charge_amount: MoneyV2 = strawberry.field(
        description="What is left to pay after gift cards; the amount of `cartPaymentUpdate`."
    )
    total_tax_amount: MoneyV2 | None = strawberry.field(
        deprecation_reason="Taxes are settled when the order is placed."
    )
    total_tax_amount_estimated: bool = strawberry.field(
        deprecation_reason="Taxes are settled when the order is placed."
    )
    total_duty_amount: MoneyV2 | None = strawberry.field(default=None, deprecation_reason="Duties are not collected.")
    total_duty_amount_estimated: bool = strawberry.field(default=False, deprecation_reason="Duties are not collected.")


def _cost(quote: Quote) -> CartCost:
    total, currency = money(quote.total_minor, quote.currency), quote.currency
    return CartCost(
        subtotal_amount=money(quote.sums.subtotal_minor, currency),
        subtotal_amount_estimated=False,
        total_amount=total,
        total_amount_estimated=not quote.settled,
        checkout_charge_amount=money(quote.due_minor, currency),
        total_tax_amount=money(quote.taxes.total_minor, currency),
        total_tax_amount_estimated=not quote.settled,
    )


@object_type
class AppliedGiftCard:
    """A gift card that pays a part of a cart."""

    id: strawberry.ID
    amount_used: MoneyV2 = strawberry.field(description="What it will pay; nothing is taken off it before.")
    balance: MoneyV2 = strawberry.field(description="What is on it.")
    last_characters: str
    presentment_amount_used: MoneyV2


def _applied(quote: Quote) -> list[AppliedGiftCard]:
    found = []
    for part in quote.gift_cards:
        amount = money(part.amount_minor, quote.currency)
        found.append(
            AppliedGiftCard(
                id=strawberry.ID(to_gid("AppliedGiftCard", part.card.id)),
                amount_used=amount,
                balance=money(part.card.balance_minor, part.card.currency),
                last_characters=part.card.last_characters,
                presentment_amount_used=amount,
            )
        )
    return found


@object_type(access=READ_CHECKOUTS)
class Cart(CartKey):
    """What a shopper means to buy. Who knows its id may read and change it."""

    contents: strawberry.Private[Contents]

    @classmethod
    async def load_many(cls, ctx: Context, uuids: Sequence[UUID]) -> Sequence[Self | None]:
        """Load carts. Shape: n keys → n results in order, None where the caller has not shown the cart's id."""
        shown = [uuid for uuid in uuids if ("Cart", uuid) in ctx.granted]
        found = dict(zip(shown, await ctx.load_many(service.contents, shown), strict=True))
        return [cls(uuid=uuid, contents=found[uuid]) if found.get(uuid) else None for uuid in uuids]

    @field
    def id(self, info: strawberry.Info) -> strawberry.ID:
        """A globally unique id."""
        return strawberry.ID(to_gid("Cart", self.uuid, info.context.resources.secret))

    @field
    def created_at(self) -> datetime:
        """When the cart was created."""
        return self.contents.created_at

    @field
    def updated_at(self) -> datetime:
        """When the cart was last changed."""
        return self.contents.updated_at

    @field
    def checkout_url(self, info: strawberry.Info) -> URL:
        """Where the buyer can look at the cart."""
        return checkout_url(info.context, self.uuid)

    @field
    def note(self) -> str | None:
        """What the shopper wrote."""
        return self.contents.note

    @field
    def attributes(self) -> list[Attribute]:
        """What a client attached to the cart."""
        return named(self.contents.attributes)

    @field
    def attribute(self, key: str) -> Attribute | None:
        """One of the cart's attributes."""
        return next((each for each in named(self.contents.attributes) if each.key == key), None)

    @field
    def buyer_identity(self) -> CartBuyerIdentity:
        """Who buys, and from where."""
        return CartBuyerIdentity(contents=self.contents)

    @field
    def delivery(self) -> CartDelivery:
        """Where the cart may be delivered to."""
        return CartDelivery(stored=self.contents.addresses)

    @batch_field
    async def discount_codes(parents: Sequence["Cart"], ctx: Context) -> list[list[CartDiscountCode]]:
        """The discount codes that the shopper gave, and whether each lowers the price."""
        return [discount_codes(quote) for quote in await _quotes(parents, ctx)]

    @batch_field
    async def discount_allocations(parents: Sequence["Cart"], ctx: Context) -> list[list[CartDiscountAllocation]]:
        """What discounts on the order as a whole and on the delivery take off."""
        return [cart_allocations(quote) for quote in await _quotes(parents, ctx)]

    @batch_field
    async def price_breakdown(parents: Sequence["Cart"], ctx: Context) -> list[PriceBreakdown]:
        """How the total comes about: each discount that was considered, whether it was taken off, and why."""
        return [breakdown(quote) for quote in await _quotes(parents, ctx)]

    @batch_field
    async def applied_gift_cards(parents: Sequence["Cart"], ctx: Context) -> list[list[AppliedGiftCard]]:
        """The gift cards that pay a part of the cart; those that cannot be used now are not shown."""
        return [_applied(quote) for quote in await _quotes(parents, ctx)]

    @batch_field
    async def total_quantity(parents: Sequence["Cart"], ctx: Context) -> list[int]:
        """How many things are in the cart."""
        goods = await service.sellable(ctx.load_many, [each.contents for each in parents])
        return [sum(each.line.quantity for each in of.lines) for of in goods]

    @batch_field
    async def cost(parents: Sequence["Cart"], ctx: Context) -> list[CartCost]:
        """What the cart costs now."""
        return [_cost(quote) for quote in await _quotes(parents, ctx)]

    @batch_field
    async def lines(
        parents: Sequence["Cart"], ctx: Context, first: int | None = None, last: int | None = None,
        after: str | None = None, before: str | None = None, reverse: bool | None = False,
    ) -> list[BaseCartLineConnection]:  # fmt: skip
        """What is in the cart, in the order in which it was added. What nobody may buy now is not shown."""
        args = page_arguments(first, last, after, before, reverse)
        return [line_page(quote.lines, args) for quote in await _quotes(parents, ctx)]

    @batch_field
    async def delivery_groups(
        parents: Sequence["Cart"], ctx: Context, first: int | None = None, last: int | None = None,
        after: str | None = None, before: str | None = None, reverse: bool | None = False,
    ) -> list[CartDeliveryGroupConnection]:  # fmt: skip
        """What is delivered together, and the ways to have it delivered; none before an address is selected."""
        args = page_arguments(first, last, after, before, reverse)
        return [group_page(quote, args) for quote in await _quotes(parents, ctx)]


async def _quotes(carts: Sequence[Cart], ctx: Context) -> list[Quote]:
    return await service.quotes(ctx.load_many, [each.contents for each in carts])


def checkout_url(ctx: Context, cart_id: UUID) -> URL:
    """Return where the buyer can look at a cart."""
    document = CHECKOUT.format(id=to_gid("Cart", cart_id, ctx.resources.secret))
    return explorer_url(ctx.resources.public_url, document)


async def the_cart(ctx: Context, cart_id: UUID) -> Any:
    """Return a cart that the caller has shown the id of, as an entity; None where there is none."""
    return (await entities(ctx, CartKey, [cart_id]))[0]


@object_type(access=READ_CHECKOUTS)
class CartQuery:
    """Reads of carts."""

    @field
    async def cart(self, info: strawberry.Info, id: strawberry.ID) -> Cart | None:
        """A cart by its id."""
        return await the_cart(info.context, info.context.key_of(id, "Cart"))  # type: ignore[no-any-return]
