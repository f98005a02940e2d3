"""A discount's terms, and the purchase that they are held against."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

PRODUCT, ORDER, SHIPPING = "PRODUCT", "ORDER", "SHIPPING"
CLASSES = (PRODUCT, ORDER, SHIPPING)
"""What a discount lowers the price of, in the order in which they are taken off."""

BASIC, BXGY, FREE_SHIPPING = "BASIC", "BXGY", "FREE_SHIPPING"
KINDS = (BASIC, BXGY, FREE_SHIPPING)


@dataclass(frozen=True, slots=True)
class Goods:
    """A line of a purchase. `collections` are those that a discount in question asks about."""

    id: UUID
    variant_id: UUID
    product_id: UUID
    quantity: int
    unit_minor: int
    collections: frozenset[UUID] = frozenset()

    @property
    def gross_minor(self) -> int:
        """What the line costs before discounts."""
        return self.unit_minor * self.quantity


@dataclass(frozen=True, slots=True)
class Items:
    """Which goods a discount is about: all, or those named."""

    everything: bool = True
    products: frozenset[UUID] = frozenset()
    variants: frozenset[UUID] = frozenset()
    collections: frozenset[UUID] = frozenset()

    def cover(self, line: Goods) -> bool:
        """Tell whether a line is among them."""
        return (
            self.everything
            or line.variant_id in self.variants
            or line.product_id in self.products
            or not self.collections.isdisjoint(line.collections)
        )


ALL = Items()


@dataclass(frozen=True, slots=True)
class Discount:
    """A discount as it holds for one purchase. Amounts: minor units of `currency`.

    `code` is how it was asked for, None where it applies by itself. `combines` are the classes that it goes with.
    `used_before`: this buyer had it already. `version` changes with each edit.
    """

    id: UUID
    kind: str
    title: str
    discount_class: str
    starts_at: datetime
    code: str | None = None
    priority: int = 0
    combines: frozenset[str] = frozenset()
    percentage_bps: int | None = None
    amount_minor: int | None = None
    each_item: bool = False
    currency: str | None = None
    items: Items = ALL
    buys: Items = ALL
    buys_quantity: int = 0
    gets_quantity: int = 0
    uses_per_order_max: int | None = None
    minimum_subtotal_minor: int | None = None
    minimum_quantity: int | None = None
    customers: frozenset[UUID] | None = None
    countries: frozenset[str] | None = None
    shipping_max_minor: int | None = None
    once_per_customer: bool = False
    usage_limit: int | None = None
    used: int = 0
    used_before: bool = False
    ends_at: datetime | None = None
    version: int = 1

    @property
    def rank(self) -> tuple[int, int, int]:
        """Where it stands when several are taken off: by class, then by priority, then the oldest first."""
        return CLASSES.index(self.discount_class), self.priority, self.id.int

    @property
    def counted(self) -> bool:
        """Whether its uses are limited, so that taking it has to be counted under a lock."""
        return self.usage_limit is not None or self.once_per_customer

    def goes_with(self, other: "Discount") -> bool:
        """Tell whether both may be taken off one purchase: each must allow the other's class."""
        return other.discount_class in self.combines and self.discount_class in other.combines


@dataclass(frozen=True, slots=True)
class Purchase:
    """What discounts are held against. Amounts: minor units of `currency`.

    `shipping_minor` is None where something is delivered and no delivery is known yet.
    """

    currency: str
    at: datetime
    lines: Sequence[Goods] = field(default=())
    customer_id: UUID | None = None
    country: str | None = None
    delivered: bool = False
    shipping_minor: int | None = 0


def narrowed(discount: Discount, purchase: Purchase) -> Discount:
    """Return a discount without the goods and customers that a purchase has nothing to do with.

    It holds for the purchase as before, and is small enough for its order to keep.
    """
    customers = None if discount.customers is None else discount.customers & {purchase.customer_id}
    items, buys = (_narrowed(each, purchase.lines) for each in (discount.items, discount.buys))
    return replace(discount, customers=customers, items=items, buys=buys)


def _narrowed(items: Items, lines: Sequence[Goods]) -> Items:
    return replace(
        items,
        products=items.products & {line.product_id for line in lines},
        variants=items.variants & {line.variant_id for line in lines},
        collections=items.collections & {each for line in lines for each in line.collections},
    )
