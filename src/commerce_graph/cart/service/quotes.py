"""What a cart costs: computed from today's prices, rates and taxes each time, never stored."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from commerce_graph.cart.loaders import Address, Contents
from commerce_graph.cart.rules import Line
from commerce_graph.catalog import service as catalog
from commerce_graph.catalog.service import Merchandise
from commerce_graph.fulfilment import service as fulfilment
from commerce_graph.fulfilment.service import DeliveryRate, RateRequest
from commerce_graph.kernel.context import Loads
from commerce_graph.pricing import service as pricing
from commerce_graph.pricing.service import Market, Price, Taxes, TaxRate


class Load(Protocol):
    """`Context.load_many` of an operation, or `Reads.load_many` of a transaction."""

    async def __call__(self, loader: Loads, keys: Sequence[Any], /, *args: Hashable) -> list[Any]: ...


@dataclass(frozen=True, slots=True)
class QuotedLine:
    """A line with what it costs now, in minor units of the cart's currency."""

    line: Line
    merchandise: Merchandise
    price: Price
    tax_minor: int = 0

    @property
    def total_minor(self) -> int:
        """What the line costs: unit price times quantity."""
        return self.price.amount_minor * self.line.quantity


@dataclass(frozen=True, slots=True)
class Quote:
    """The whole picture of a cart. Amounts: minor units of the market's currency.

    `hidden` are lines that nobody may buy now (unpublished, or no price in the market): they are not shown, charged
    or sold, and are back as soon as the merchandise is. `options` is empty where nothing has to be delivered, no
    address is selected, or nothing is delivered to it; of several the chosen one is selected, else the cheapest.
    """

    cart: Contents
    market: Market
    lines: tuple[QuotedLine, ...]
    hidden: tuple[Line, ...]
    needs_delivery: bool
    options: tuple[DeliveryRate, ...]
    selected: DeliveryRate | None
    taxes: Taxes
    subtotal_minor: int
    total_minor: int

    @property
    def address(self) -> Address | None:
        """The selected delivery address."""
        return self.cart.delivered_to

    @property
    def currency(self) -> str:
        """The market's currency."""
        return self.market.currency

    @property
    def shipping_minor(self) -> int:
        """What the delivery costs."""
        return self.selected.amount_minor if self.selected else 0

    @property
    def settled(self) -> bool:
        """Whether the total can only change with the prices: the delivery is known, or there is none."""
        return self.selected is not None if self.needs_delivery else self.address is not None


@dataclass(frozen=True, slots=True)
class Sellable:
    """What of a cart's lines can be bought, before delivery and taxes."""

    market: Market
    lines: tuple[QuotedLine, ...]
    hidden: tuple[Line, ...]


async def sellable(load: Load, carts: Sequence[Contents]) -> list[Sellable]:
    """Return what of each cart can be bought and at what price. Statements do not grow with the carts of a market."""
    markets: list[Market] = await load(pricing.markets_for, [cart.country for cart in carts])
    goods = await _by_group(load, catalog.merchandise, [(cart.channel_id, _variants(cart.lines)) for cart in carts])
    prices = await _by_group(
        load, pricing.prices, [(market.id, _variants(cart.lines)) for cart, market in zip(carts, markets, strict=True)]
    )
    found = []
    for cart, market in zip(carts, markets, strict=True):
        quoted, hidden = [], []
        for line in cart.lines:
            merchandise = goods.get((cart.channel_id, line.variant_id))
            price = prices.get((market.id, line.variant_id))
            if merchandise is None or price is None:
                hidden.append(line)
            else:
                quoted.append(QuotedLine(line, merchandise, price))
        found.append(Sellable(market, tuple(quoted), tuple(hidden)))
    return found


def _variants(lines: Sequence[Line]) -> list[UUID]:
    return [line.variant_id for line in lines]


async def _by_group(
    load: Load, loader: Any, wanted: Sequence[tuple[UUID | None, Sequence[UUID]]]
) -> dict[tuple[UUID | None, UUID], Any]:
    groups: dict[UUID | None, dict[UUID, None]] = {}
    for group, variant_ids in wanted:
        groups.setdefault(group, {}).update(dict.fromkeys(variant_ids))
    found: dict[tuple[UUID | None, UUID], Any] = {}
    for group, ids in groups.items():
        for variant_id, each in zip(ids, await load(loader, list(ids), group), strict=True):
            found[group, variant_id] = each
    return found


async def quotes(load: Load, carts: Sequence[Contents]) -> list[Quote]:
    """Return the whole picture of carts. Shape: n carts → n quotes in input order."""
    goods = await sellable(load, carts)
    parcels = [_parcel(cart, each) for cart, each in zip(carts, goods, strict=True)]
    options = iter(await load(fulfilment.rates, [parcel for parcel in parcels if parcel]))
    rates = [tuple(next(options)) if parcel else () for parcel in parcels]
    chosen = [_chosen(cart, each) for cart, each in zip(carts, rates, strict=True)]
    places = [_taxed_in(cart, each.market) for cart, each in zip(carts, goods, strict=True)]
    taxes = await load(pricing.tax_rates, places)
    return [_quote(*each) for each in zip(carts, goods, rates, chosen, taxes, strict=True)]


def _parcel(cart: Contents, goods: Sellable) -> RateRequest | None:
    shipped = [each for each in goods.lines if each.merchandise.requires_shipping]
    address = cart.delivered_to
    if not shipped or address is None:
        return None
    weight_g = sum(each.merchandise.weight_g * each.line.quantity for each in shipped)
    return RateRequest(address.address.country_code, weight_g, goods.market.currency)


def _chosen(cart: Contents, rates: Sequence[DeliveryRate]) -> DeliveryRate | None:
    named = next((rate for rate in rates if rate.handle == cart.delivery_handle), None)
    return named or min(rates, key=lambda rate: rate.amount_minor, default=None)


def _taxed_in(cart: Contents, market: Market) -> tuple[str | None, str | None]:
    """Return country and province whose tax holds: before the buyer names an address, the market's country."""
    address = cart.delivered_to
    if address is not None and address.address.country_code:
        return address.address.country_code, address.address.province_code
    return market.country, None


def _quote(
    cart: Contents,
    goods: Sellable,
    rates: tuple[DeliveryRate, ...],
    chosen: DeliveryRate | None,
    rate: TaxRate | None,
) -> Quote:
    subtotal, shipping = sum(each.total_minor for each in goods.lines), chosen.amount_minor if chosen else 0
    taxable = [(each.total_minor, each.merchandise.taxable) for each in goods.lines]
    taxed = pricing.tax(rate, taxable, shipping, included=goods.market.tax_included)
    added = 0 if goods.market.tax_included else taxed.total_minor
    return Quote(
        cart=cart,
        market=goods.market,
        lines=tuple(
            QuotedLine(each.line, each.merchandise, each.price, tax_minor)
            for each, tax_minor in zip(goods.lines, taxed.by_line_minor, strict=True)
        ),
        hidden=goods.hidden,
        needs_delivery=any(each.merchandise.requires_shipping for each in goods.lines),
        options=rates,
        selected=chosen,
        taxes=taxed,
        subtotal_minor=subtotal,
        total_minor=subtotal + shipping + added,
    )
