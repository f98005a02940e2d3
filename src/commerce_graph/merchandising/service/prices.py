"""Prices as merchants give them with a variant: in the primary market's currency, or for a country."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog.service import ProductPlan
from commerce_graph.kernel.errors import Rejected
from commerce_graph.merchandising.errors import INVALID_INPUT
from commerce_graph.merchandising.rules import price_minor
from commerce_graph.pricing import service as pricing
from commerce_graph.pricing.service import Market, NewPrice


@dataclass(frozen=True, slots=True)
class PriceWish:
    """A price in the primary market's currency. `amount` None leaves it; `compare_at` counts if `sets_compare_at`."""

    amount: Decimal | None = None
    compare_at: Decimal | None = None
    sets_compare_at: bool = False


@dataclass(frozen=True, slots=True)
class ContextualPrice:
    """A price in the market of a country, with its currency. It replaces what the variant cost there."""

    country: str
    amount: Decimal
    currency: str
    compare_at: Decimal | None = None
    compare_at_currency: str | None = None


Wishes = Sequence[tuple[PriceWish, Sequence[ContextualPrice]]]


async def settle_prices(tx: AsyncConnection, plan: ProductPlan, wishes: Wishes) -> list[NewPrice]:
    """Return the prices to set for the variants of a plan, in its order. At most 3 statements.

    A market without a price of its own is not touched: nothing is converted. The product is held, so what is read of
    the present prices stays true.
    Raises: Rejected(INVALID_INPUT | NEGATIVE_PRICE_VALUE), in `variants`, index, member.
    """
    wanted = dict(enumerate(wishes))
    plain = {at for at, (wish, _) in wanted.items() if _asks(wish) or plan.variant_ids[at] in plan.new_variant_ids}
    countries = list(dict.fromkeys(each.country for _, more in wishes for each in more))
    if not plain and not countries:
        return []
    primary = await pricing.primary_market(tx)
    markets = dict(zip(countries, await pricing.markets_for(tx, countries), strict=True)) if countries else {}
    present = await _present(tx, plan, plain, primary)
    prices: list[NewPrice] = []
    for at, (wish, more) in wanted.items():
        found = [] if at not in plain else [_plain(plan, at, wish, primary, present.get(plan.variant_ids[at]))]
        found += _contextual(plan, at, more, markets)
        if len({each.market_id for each in found}) < len(found):
            path = ["variants", str(at), "contextualPrices"]
            raise Rejected(INVALID_INPUT, path, "two prices are for one market")
        prices += found
    return prices


def _asks(wish: PriceWish) -> bool:
    return wish.amount is not None or wish.sets_compare_at


async def _present(
    tx: AsyncConnection, plan: ProductPlan, plain: Iterable[int], primary: Market
) -> Mapping[UUID, pricing.Price | None]:
    old = [plan.variant_ids[at] for at in plain if plan.variant_ids[at] not in plan.new_variant_ids]
    return dict(zip(old, await pricing.prices(tx, old, primary.id), strict=True)) if old else {}


def _plain(plan: ProductPlan, at: int, wish: PriceWish, primary: Market, old: pricing.Price | None) -> NewPrice:
    path = ["variants", str(at)]
    variant_id = plan.variant_ids[at]
    if wish.amount is not None:
        amount = price_minor(wish.amount, primary.currency, [*path, "price"])
    elif old is not None:
        amount = old.amount_minor
    elif variant_id in plan.new_variant_ids:
        amount = 0
    else:
        raise Rejected(INVALID_INPUT, [*path, "price"], "the variant has no price yet: give it with the other one")
    if not wish.sets_compare_at:
        compare_at = old.compare_at_minor if old else None
    elif wish.compare_at is None:
        compare_at = None
    else:
        compare_at = price_minor(wish.compare_at, primary.currency, [*path, "compareAtPrice"])
    return NewPrice(plan.id, variant_id, primary.id, amount, compare_at)


def _contextual(
    plan: ProductPlan, at: int, given: Sequence[ContextualPrice], markets: Mapping[str, Market]
) -> list[NewPrice]:
    prices = []
    for index, each in enumerate(given):
        path = ["variants", str(at), "contextualPrices", str(index)]
        market = markets[each.country]
        if each.country not in market.countries:
            raise Rejected(INVALID_INPUT, [*path, "country"], f"{each.country} is in no market of the shop")
        for name, currency in (("price", each.currency), ("compareAtPrice", each.compare_at_currency)):
            if currency is not None and currency != market.currency:
                told = f"the currency of {each.country} is {market.currency}, not {currency}"
                raise Rejected(INVALID_INPUT, [*path, name, "currencyCode"], told)
        amount = price_minor(each.amount, market.currency, [*path, "price", "amount"])
        compare_at = None
        if each.compare_at is not None:
            compare_at = price_minor(each.compare_at, market.currency, [*path, "compareAtPrice", "amount"])
        prices.append(NewPrice(plan.id, plan.variant_ids[at], market.id, amount, compare_at))
    return prices
