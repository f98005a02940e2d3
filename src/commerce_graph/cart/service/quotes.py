"""What a cart costs: computed from today's prices, discounts, rates and taxes each time, never stored."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol
from uuid import UUID

from commerce_graph.cart.loaders import Address, Contents
from commerce_graph.cart.rules import Line
from commerce_graph.cart.service.sums import Factors, Sums, add_up
from commerce_graph.catalog import service as catalog
from commerce_graph.catalog.service import Merchandise
from commerce_graph.discount import service as discounts
from commerce_graph.discount.service import Asked, Discount, Goods, Outcome, Purchase
from commerce_graph.fulfilment import service as fulfilment
from commerce_graph.fulfilment.service import DeliveryRate, RateRequest
from commerce_graph.gift_card import service as gift_cards
from commerce_graph.gift_card.service import Card, Part
from commerce_graph.kernel.clock import now
from commerce_graph.kernel.context import Loads
from commerce_graph.pricing import service as pricing
from commerce_graph.pricing.service import Market, Price, Taxes, TaxRate


class Load(Protocol):
    """`Context.load_many` of an operation, or `Reads.load_many` of a transaction."""

    async def __call__(self, loader: Loads, keys: Sequence[Any], /, *args: Hashable) -> list[Any]: ...


@dataclass(frozen=True, slots=True)
class QuotedLine:
    """A line with what it costs now, in minor units of the cart's currency.

    `outcomes` are the discounts that were taken off the cart, `order_off_minor` the line's share of those on the
    order as a whole.
    """

    line: Line
    merchandise: Merchandise
    price: Price
    tax_minor: int = 0
    off_minor: int = 0
    order_off_minor: int = 0
    outcomes: tuple[Outcome, ...] = ()

    @property
    def gross_minor(self) -> int:
        """What the line costs before discounts: unit price times quantity."""
        return self.price.amount_minor * self.line.quantity

    @property
    def total_minor(self) -> int:
        """What the line costs after the discounts on products."""
        return self.gross_minor - self.off_minor

    @property
    def discount_minor(self) -> int:
        """All that is taken off the line."""
        return self.off_minor + self.order_off_minor


@dataclass(frozen=True, slots=True)
class Quote:
    """The whole picture of a cart. Amounts: minor units of the market's currency.

    `hidden` are lines that nobody may buy now (unpublished, or no price in the market): they are not shown, charged
    or sold, and are back as soon as the merchandise is. `options` is empty where nothing has to be delivered, no
    address is selected, or nothing is delivered to it; of several the chosen one is selected, else the cheapest.
    `gift_cards`: those that can be used, and what each pays of the total.
    """

    cart: Contents
    market: Market
    lines: tuple[QuotedLine, ...]
    hidden: tuple[Line, ...]
    needs_delivery: bool
    options: tuple[DeliveryRate, ...]
    selected: DeliveryRate | None
    factors: Factors
    sums: Sums
    gift_cards: tuple[Part, ...] = ()

    @property
    def taxes(self) -> Taxes:
        """The taxes on what is paid."""
        return self.sums.taxes

    @property
    def total_minor(self) -> int:
        """What the cart costs, with everything."""
        return self.sums.total_minor

    @property
    def gift_card_minor(self) -> int:
        """What gift cards pay of it."""
        return sum(part.amount_minor for part in self.gift_cards)

    @property
    def due_minor(self) -> int:
        """What is left to pay otherwise."""
        return self.total_minor - self.gift_card_minor

    @property
    def outcomes(self) -> Sequence[Outcome]:
        """What became of each discount that was considered."""
        return self.sums.outcomes

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
        """What the delivery costs after discounts."""
        return self.sums.shipping_minor

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
    offered = await _offered(load, carts, goods)
    cards = await _cards(load, carts)
    return [_quote(*each) for each in zip(carts, goods, rates, chosen, taxes, offered, cards, strict=True)]


async def _cards(load: Load, carts: Sequence[Contents]) -> list[list[Card]]:
    """Return the gift cards of carts. At most 1 statement, none where no cart has any."""
    ids = list({each for cart in carts for each in cart.gift_card_ids})
    found = dict(zip(ids, await load(gift_cards.cards, ids), strict=True)) if ids else {}
    return [[found[each] for each in cart.gift_card_ids if found[each] is not None] for cart in carts]


@dataclass(frozen=True, slots=True)
class _Offered:
    """The discounts that a cart is held against, and which of their collections its products are in."""

    discounts: Sequence[Discount]
    collections: dict[UUID, frozenset[UUID]]


async def _offered(load: Load, carts: Sequence[Contents], goods: Sequence[Sellable]) -> list[_Offered]:
    """Return what discounts there are for carts. 1 statement, and 1 more where one of them is about collections."""
    found: list[tuple[Discount, ...]] = await load(discounts.candidates, [asked(cart) for cart in carts])
    about = {each for some in found for one in some for each in one.items.collections | one.buys.collections}
    products = list({line.merchandise.product_id for each in goods for line in each.lines}) if about else []
    known = await load(catalog.collections_among, products, tuple(sorted(about))) if products else []
    collections = dict(zip(products, known, strict=True))
    return [_Offered(some, collections) for some in found]


def asked(cart: Contents) -> Asked:
    """Return which discounts a cart asks for."""
    codes = tuple(code.casefold() for code in cart.discount_codes)
    return Asked(codes, cart.customer_id, discounts.contact_of(cart.email, cart.phone))


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
    offered: _Offered,
    cards: Sequence[Card],
) -> Quote:
    factors = _factors(cart, goods, chosen, rate, offered)
    sums = add_up(factors)
    applied = tuple(each for each in sums.outcomes if each.applied)
    each_line = zip(goods.lines, sums.taxes.by_line_minor, sums.off_lines_minor, sums.off_order_minor, strict=True)
    return Quote(
        cart=cart,
        market=goods.market,
        lines=tuple(
            replace(line, tax_minor=tax, off_minor=off, order_off_minor=share, outcomes=applied)
            for line, tax, off, share in each_line
        ),
        hidden=goods.hidden,
        needs_delivery=factors.purchase.delivered,
        options=rates,
        selected=chosen,
        factors=factors,
        sums=sums,
        gift_cards=gift_cards.parts(sums.total_minor, cards, goods.market.currency, factors.purchase.at.date()),
    )


def _factors(
    cart: Contents, goods: Sellable, chosen: DeliveryRate | None, rate: TaxRate | None, offered: _Offered
) -> Factors:
    address = cart.delivered_to
    delivered = any(each.merchandise.requires_shipping for each in goods.lines)
    purchase = Purchase(
        currency=goods.market.currency,
        at=now(),
        lines=tuple(
            Goods(
                each.line.id,
                each.line.variant_id,
                each.merchandise.product_id,
                each.line.quantity,
                each.price.amount_minor,
                offered.collections.get(each.merchandise.product_id, frozenset()),
            )
            for each in goods.lines
        ),
        customer_id=cart.customer_id,
        country=address.address.country_code if address else None,
        delivered=delivered,
        shipping_minor=chosen.amount_minor if chosen else None if delivered else 0,
    )
    return Factors(
        purchase=purchase,
        taxable=[each.merchandise.taxable for each in goods.lines],
        tax_rate=rate,
        tax_included=goods.market.tax_included,
        discounts=[discounts.narrowed(each, purchase) for each in offered.discounts],
    )
