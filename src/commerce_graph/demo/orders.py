"""The demo shop's past orders: who bought what, and what became of it. Decided by the number of the order alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from math import gcd
from uuid import UUID

from commerce_graph.demo.catalogue import Catalogue, Product, Variant
from commerce_graph.demo.dice import NOW, Dice, Kind, key
from commerce_graph.demo.people import Customer, guest
from commerce_graph.demo.world import (
    LOCATIONS,
    MARKET_OF,
    Location,
    Market,
    Tariff,
    rate_minor,
    tariffs_for,
    tax_rate,
)
from commerce_graph.kernel.address import PostalAddress
from commerce_graph.order.rules import Priced, Shares, shares
from commerce_graph.pricing.rules import Taxes, tax

ORDERS = 500
LINES_PER_ORDER_KEYS = 16
ORDERED_FOR = timedelta(days=300)
FIRST_NUMBER = 1001
TRIES = 300
"""How often a product is drawn that did not exist yet or is not sold, before the order goes without it."""


class Story(Enum):
    """What became of an order."""

    DELIVERED = "sent and kept"
    PAID = "paid, not sent yet"
    HALF_SENT = "paid, partly sent"
    AUTHORIZED = "authorised a moment ago"
    PENDING = "to be paid by bank transfer"
    TRANSFERRED = "paid by bank transfer and sent"
    CANCELLED = "cancelled before it was sent"
    RETURNED = "sent and given back as a whole"
    PARTLY_RETURNED = "sent, one piece given back"
    SHORTENED = "one piece cancelled, the rest sent"


_OLD = (
    *[Story.DELIVERED] * 70, *[Story.TRANSFERRED] * 7, *[Story.CANCELLED] * 6, *[Story.RETURNED] * 5,
    *[Story.PARTLY_RETURNED] * 8, *[Story.SHORTENED] * 4,
)  # fmt: skip
_RECENT = (
    *[Story.DELIVERED] * 30, *[Story.PAID] * 38, *[Story.HALF_SENT] * 14, *[Story.CANCELLED] * 6, *[Story.PENDING] * 6,
    *[Story.SHORTENED] * 6,
)  # fmt: skip
_NEW = (*[Story.AUTHORIZED] * 35, *[Story.PAID] * 60, *[Story.PENDING] * 5)
DEMO_STORIES: Mapping[int, Story] = {
    60: Story.DELIVERED, 190: Story.PARTLY_RETURNED, 305: Story.RETURNED, 410: Story.CANCELLED, 455: Story.DELIVERED,
    484: Story.HALF_SENT, 494: Story.PAID, 498: Story.AUTHORIZED,
}  # fmt: skip
"""Orders of the customer to sign in as: one of each kind that a storefront has to show."""


@dataclass(frozen=True, slots=True)
class Bought:
    """A line of an order. `sent` and `back` count pieces; `location` is None for goods that nobody counts."""

    id: UUID
    position: int
    product: Product
    variant: Variant
    quantity: int
    unit_minor: int
    location: Location | None
    sent: int
    back: int
    back_at_once: bool  # given up before it was sent, not returned afterwards

    @property
    def total_minor(self) -> int:
        """The price of all pieces."""
        return self.unit_minor * self.quantity

    @property
    def open(self) -> int:
        """Pieces that are still to be sent."""
        return self.quantity - self.sent - (self.back if self.back_at_once else 0)


@dataclass(frozen=True, slots=True)
class Purchase:
    """An order with all that happened to it."""

    id: UUID
    index: int
    number: int
    story: Story
    customer: Customer | None
    email: str
    address: PostalAddress
    country: str
    market: Market
    placed_at: datetime
    lines: Sequence[Bought]
    tariff: Tariff | None
    shipping_minor: int
    taxes: Taxes

    @property
    def currency(self) -> str:
        """The currency it was paid in."""
        return self.market.currency

    @property
    def subtotal_minor(self) -> int:
        """The price of the lines."""
        return sum(line.total_minor for line in self.lines)

    @property
    def total_minor(self) -> int:
        """What is due."""
        added = 0 if self.market.tax_included else self.taxes.total_minor
        return self.subtotal_minor + self.shipping_minor + added

    @property
    def shares(self) -> Shares:
        """What each line and the delivery have of the total."""
        priced = [
            Priced(line.total_minor, tax_minor)
            for line, tax_minor in zip(self.lines, self.taxes.by_line_minor, strict=True)
        ]
        return shares(
            self.total_minor, self.shipping_minor, self.taxes.total_minor, self.market.tax_included, priced
        )  # fmt: skip


def purchases(catalogue: Catalogue, customers: Sequence[Customer]) -> list[Purchase]:
    """Return the orders, oldest first."""
    made: list[Purchase] = []
    for index, placed_at in enumerate(_moments()):
        found = _purchase(catalogue, customers, index, FIRST_NUMBER + len(made), placed_at)
        if found is not None:
            made.append(found)
    return made


def _moments() -> list[datetime]:
    """Return when the orders came in: more and more of them."""
    dice = Dice("moments")
    ago = []
    for index in range(ORDERS):
        left = (ORDERS - index) / ORDERS
        ago.append(ORDERED_FOR * ((left + left * left) / 2) + timedelta(minutes=dice.below(900)))
    return sorted(NOW - each for each in ago)


def _purchase(
    catalogue: Catalogue, customers: Sequence[Customer], index: int, number: int, placed_at: datetime
) -> Purchase | None:
    dice = Dice("order", index)
    demo = index in DEMO_STORIES
    customer = customers[0] if demo else _buyer(customers, placed_at, dice)
    if customer is None:
        email, address = guest(index)
    else:
        email, address = customer.email, customer.home
    country = address.country_code or "DE"
    market = MARKET_OF[country]
    goods = list(_goods(catalogue, placed_at, dice, at_least=2 if demo else 1))
    if not goods:
        return None
    story = DEMO_STORIES.get(index) or dice.pick(
        _NEW if index > 0.97 * ORDERS else _RECENT if index > 0.9 * ORDERS else _OLD
    )
    lines = _lines(goods, story, market, index, placed_at, dice)
    shipped = [line for line in lines if not line.product.ware.digital]
    tariff = None
    if shipped:
        offered = tariffs_for(country, sum(line.variant.weight_g * line.quantity for line in shipped))
        tariff = next(t for t in offered if t.handle == "standard") if dice.chance(70) else dice.pick(offered)
    shipping = rate_minor(tariff, market.currency) if tariff else 0
    rate = tax_rate(country, address.province_code)
    taxes = tax(rate, [(line.total_minor, True) for line in lines], shipping, included=market.tax_included)
    return Purchase(
        id=key(Kind.ORDER, index, placed_at), index=index, number=number, story=story, customer=customer, email=email,
        address=address, country=country, market=market, placed_at=placed_at, lines=lines, tariff=tariff,
        shipping_minor=shipping, taxes=taxes,
    )  # fmt: skip


def _buyer(customers: Sequence[Customer], placed_at: datetime, dice: Dice) -> Customer | None:
    if dice.chance(12):
        return None  # a guest
    while True:
        customer = dice.pick(customers[1:])
        if customer.created_at < placed_at:
            return customer


def _goods(
    catalogue: Catalogue, placed_at: datetime, dice: Dice, at_least: int
) -> Iterator[tuple[Product, Variant, int]]:  # fmt: skip
    """Draw what is bought: few products often, most of them now and then."""
    wanted = max(at_least, (1, 1, 1, 1, 2, 2, 2, 3, 3, 4)[dice.below(10)])
    stride = max(1, int(catalogue.size * 0.382))
    while gcd(stride, catalogue.size) != 1:
        stride += 1
    seen: set[UUID] = set()
    for _ in range(TRIES):
        rank = dice.below(dice.below(catalogue.size) + 1)
        product = catalogue.product(rank * stride % catalogue.size)
        if not product.published or product.created_at > placed_at:
            continue
        variant = dice.pick(product.variants)
        if variant.id not in seen:
            seen.add(variant.id)
            yield product, variant, (1, 1, 1, 1, 1, 1, 1, 2, 2, 3)[dice.below(10)]
        if len(seen) == wanted:
            return


def _lines(
    goods: Sequence[tuple[Product, Variant, int]],
    story: Story,
    market: Market,
    index: int,
    placed_at: datetime,
    dice: Dice,
) -> list[Bought]:
    near = LOCATIONS[0] if market.number == 0 else LOCATIONS[1]
    far = LOCATIONS[1] if near is LOCATIONS[0] else LOCATIONS[0]
    made = []
    for position, (product, variant, quantity) in enumerate(goods):
        sent, back, at_once = _fate(story, position, quantity, len(goods))
        made.append(
            Bought(
                id=key(Kind.ORDER_LINE, index * LINES_PER_ORDER_KEYS + position, placed_at),
                position=position,
                product=product,
                variant=variant,
                quantity=quantity,
                unit_minor=variant.prices[market.number],
                location=None if not product.tracked else far if dice.chance(12) else near,
                sent=sent,
                back=back,
                back_at_once=at_once,
            )
        )
    return made


def _fate(story: Story, position: int, quantity: int, lines: int) -> tuple[int, int, bool]:
    """Return how many pieces of a line were sent, how many came back, and whether those were never sent."""
    if story in (Story.PAID, Story.AUTHORIZED, Story.PENDING):
        return 0, 0, False
    if story is Story.CANCELLED:
        return 0, quantity, True
    if story is Story.HALF_SENT:
        return (quantity if lines > 1 else quantity // 2) if position == 0 else 0, 0, False
    if story is Story.SHORTENED and position == lines - 1 and (lines > 1 or quantity > 1):
        return quantity - 1, 1, True
    if story is Story.RETURNED:
        return quantity, quantity, False
    if story is Story.PARTLY_RETURNED and position == 0:
        return quantity, 1, False
    return quantity, 0, False
