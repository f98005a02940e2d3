"""Money of an order: bags, taxes, delivery."""

from collections.abc import Mapping
from typing import Any

import strawberry

from commerce_graph.kernel.graph import object_type
from commerce_graph.kernel.values import MoneyV2, money


@object_type
class MoneyBag:
    """An amount in the shop's currency and in the buyer's; an order is kept in the buyer's, so both are the same."""

    shop_money: MoneyV2 = strawberry.field(description="The amount in the shop's currency.")
    presentment_money: MoneyV2 = strawberry.field(description="The amount in the buyer's currency.")


def bag(amount_minor: int, currency: str) -> MoneyBag:
    """Return minor units as a money bag."""
    amount = money(amount_minor, currency)
    return MoneyBag(shop_money=amount, presentment_money=amount)


@object_type
class TaxLine:
    """A tax that an order bears."""

    title: str = strawberry.field(description="The tax's name.")
    rate: float | None = strawberry.field(description="The rate as a share of one.", default=None)
    rate_percentage: float | None = strawberry.field(description="The rate in percent.", default=None)
    price: MoneyV2 = strawberry.field(description="How much it comes to.")
    price_set: MoneyV2 = strawberry.field(description="How much it comes to.")


def tax_line(stored: Mapping[str, Any], currency: str) -> TaxLine:
    """Return a stored tax as the graph's."""
    rate_bps, amount = int(stored["rate_bps"]), money(int(stored["amount_minor"]), currency)
    return TaxLine(
        title=str(stored["title"]), rate=rate_bps / 10_000, rate_percentage=rate_bps / 100, price=amount,
        price_set=amount,
    )  # fmt: skip


@object_type
class ShippingLine:
    """The delivery that the buyer chose, with what it cost."""

    title: str = strawberry.field(description="What the delivery is called.")
    handle: str | None = strawberry.field(description="The handle of the delivery option.", default=None)
    code: str | None = strawberry.field(description="The handle of the delivery option.", default=None)
    original_price: MoneyV2 = strawberry.field(description="What it costs before discounts.")
    original_price_set: MoneyBag = strawberry.field(description="What it costs before discounts.")
    price: MoneyV2 = strawberry.field(description="What it costs after discounts.")
    discounted_price_set: MoneyBag = strawberry.field(description="What it costs after discounts.")
