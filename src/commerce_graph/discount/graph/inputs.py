"""What merchants give of a discount, and the change of it that this means."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal as PythonDecimal
from typing import Any
from uuid import UUID

import strawberry

from commerce_graph.discount.graph.terms import DiscountBuyerSelection
from commerce_graph.discount.rules import Discount, Items
from commerce_graph.kernel.codes import CountryCode
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.graph import input_type
from commerce_graph.kernel.moments import aware
from commerce_graph.kernel.money import to_minor
from commerce_graph.kernel.scalars import UnsignedInt64

Path = tuple[str, ...]


@input_type
class DiscountCombinesWithInput:
    """The classes of discounts that it goes with."""

    order_discounts: bool | None = False
    product_discounts: bool | None = False
    shipping_discounts: bool | None = False


@input_type
class DiscountProductsInput:
    """Products and variants to add to those named, or to remove from them."""

    products_to_add: list[strawberry.ID] | None = None
    products_to_remove: list[strawberry.ID] | None = None
    product_variants_to_add: list[strawberry.ID] | None = None
    product_variants_to_remove: list[strawberry.ID] | None = None


@input_type
class DiscountCollectionsInput:
    """Collections to add to those named, or to remove from them."""

    add: list[strawberry.ID] | None = None
    remove: list[strawberry.ID] | None = None


@input_type
class DiscountItemsInput:
    """Which goods: all, or those named."""

    all: bool | None = None
    products: DiscountProductsInput | None = None
    collections: DiscountCollectionsInput | None = None


@input_type
class DiscountAmountInput:
    """An amount in the shop's currency, for each piece or for all together."""

    amount: PythonDecimal
    applies_on_each_item: bool | None = False


@input_type
class DiscountEffectInput:
    """What pieces are lowered by: a share from 0 to 1, where 1 gives them away."""

    percentage: float | None = None


@input_type
class DiscountOnQuantityInput:
    """What so many pieces are lowered by."""

    quantity: UnsignedInt64
    effect: DiscountEffectInput


@input_type
class DiscountCustomerGetsValueInput:
    """What is taken off: exactly one of these."""

    percentage: float | None = None
    discount_amount: DiscountAmountInput | None = None
    discount_on_quantity: DiscountOnQuantityInput | None = None


@input_type
class DiscountCustomerGetsInput:
    """What is taken off, and of which goods."""

    items: DiscountItemsInput | None = None
    value: DiscountCustomerGetsValueInput | None = None


@input_type
class DiscountCustomerBuysValueInput:
    """How many pieces have to be bought for each use."""

    quantity: UnsignedInt64


@input_type
class DiscountCustomerBuysInput:
    """What has to be bought."""

    items: DiscountItemsInput | None = None
    value: DiscountCustomerBuysValueInput | None = None


@input_type
class DiscountMinimumQuantityInput:
    """So many pieces at least."""

    greater_than_or_equal_to_quantity: UnsignedInt64 | None = None


@input_type
class DiscountMinimumSubtotalInput:
    """So much at least, in the shop's currency, before discounts."""

    greater_than_or_equal_to_subtotal: PythonDecimal | None = None


@input_type
class DiscountMinimumRequirementInput:
    """What a cart must hold at least."""

    quantity: DiscountMinimumQuantityInput | None = None
    subtotal: DiscountMinimumSubtotalInput | None = None


@input_type
class DiscountCustomersInput:
    """Customers to add to those named, or to remove from them."""

    add: list[strawberry.ID] | None = None
    remove: list[strawberry.ID] | None = None


@input_type
class DiscountContextInput:
    """Whom it is for: all, or certain customers."""

    all: DiscountBuyerSelection | None = None
    customers: DiscountCustomersInput | None = None


@input_type
class DiscountCountriesInput:
    """Countries to add to those named, or to remove from them."""

    add: list[CountryCode] | None = None
    remove: list[CountryCode] | None = None


@input_type
class DiscountShippingDestinationSelectionInput:
    """Where the delivery may go: everywhere, or to certain countries."""

    all: bool | None = None
    countries: DiscountCountriesInput | None = None


@input_type
class DiscountAutomaticBasicInput:
    """An amount or a percentage off that applies by itself; what is left out stays as it is."""

    title: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = strawberry.UNSET
    combines_with: DiscountCombinesWithInput | None = None
    priority: int | None = None
    customer_gets: DiscountCustomerGetsInput | None = None
    minimum_requirement: DiscountMinimumRequirementInput | None = strawberry.UNSET


@input_type
class DiscountAutomaticBxgyInput:
    """Pieces given to whoever buys others, that apply by themselves; what is left out stays as it is."""

    title: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = strawberry.UNSET
    combines_with: DiscountCombinesWithInput | None = None
    priority: int | None = None
    customer_buys: DiscountCustomerBuysInput | None = None
    customer_gets: DiscountCustomerGetsInput | None = None
    uses_per_order_limit: UnsignedInt64 | None = strawberry.UNSET


@input_type
class DiscountAutomaticFreeShippingInput:
    """A delivery that costs nothing, that applies by itself; what is left out stays as it is."""

    title: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = strawberry.UNSET
    combines_with: DiscountCombinesWithInput | None = None
    priority: int | None = None
    minimum_requirement: DiscountMinimumRequirementInput | None = strawberry.UNSET
    destination: DiscountShippingDestinationSelectionInput | None = None
    maximum_shipping_price: PythonDecimal | None = strawberry.UNSET


@input_type
class DiscountCodeBasicInput(DiscountAutomaticBasicInput):
    """An amount or a percentage off, for who gives a code; what is left out stays as it is."""

    code: str | None = None
    usage_limit: int | None = strawberry.UNSET
    applies_once_per_customer: bool | None = None
    context: DiscountContextInput | None = None


@input_type
class DiscountCodeBxgyInput(DiscountAutomaticBxgyInput):
    """Pieces given to whoever buys others and gives a code; what is left out stays as it is."""

    code: str | None = None
    usage_limit: int | None = strawberry.UNSET
    applies_once_per_customer: bool | None = None
    context: DiscountContextInput | None = None


@input_type
class DiscountCodeFreeShippingInput(DiscountAutomaticFreeShippingInput):
    """A delivery that costs nothing, for who gives a code; what is left out stays as it is."""

    code: str | None = None
    usage_limit: int | None = strawberry.UNSET
    applies_once_per_customer: bool | None = None
    context: DiscountContextInput | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads inputs: `currency` is the shop's."""

    ctx: Context
    currency: str

    def change(self, given: Any) -> Callable[[Discount], Discount]:
        """Return the change of a discount that an input means. Raises: Rejected(INVALID)."""
        readers: dict[str, Callable[[Any], Callable[[Discount], Discount]]] = {
            "combines_with": self._combines,
            "customer_gets": self._gets,
            "customer_buys": self._buys,
            "minimum_requirement": self._minimum,
            "context": self._context,
            "destination": self._destination,
        }
        plain = {name: target for name, target in PLAIN.items() if _told(given, name)}
        values = {target: getattr(given, name) for name, target in plain.items()}
        if _told(given, "maximum_shipping_price"):
            values |= self._minor("shipping_max_minor", given.maximum_shipping_price, ("maximumShippingPrice",))
        values = {
            name: aware(value) if isinstance(value, datetime) else value
            for name, value in values.items()
            if value is not None or name in EMPTIED
        }
        parts = [readers[name](getattr(given, name)) for name in readers if _told(given, name)]

        def changed(before: Discount) -> Discount:
            after = replace(before, **values)
            for part in parts:
                after = part(after)
            return after

        return changed

    def _minor(self, name: str, amount: PythonDecimal | None, path: Path) -> dict[str, Any]:
        if amount is None:
            return {name: None}
        try:
            return {name: to_minor(amount, self.currency), "currency": self.currency}
        except ValueError as wrong:
            raise Rejected("INVALID", path, str(wrong)) from None

    def _ids(self, given: Sequence[str] | None, kind: str) -> frozenset[UUID]:
        return frozenset(self.ctx.key_of(each, kind) for each in given or ())

    def _combines(self, given: DiscountCombinesWithInput | None) -> Callable[[Discount], Discount]:
        classes = {"ORDER": "order_discounts", "PRODUCT": "product_discounts", "SHIPPING": "shipping_discounts"}
        combines = frozenset(name for name, member in classes.items() if given and getattr(given, member))
        return lambda before: replace(before, combines=combines)

    def _items(self, given: DiscountItemsInput | None) -> Callable[[Items], Items]:
        if given is None:
            return lambda before: before
        products = given.products or DiscountProductsInput()
        collections = given.collections or DiscountCollectionsInput()
        add = (self._ids(products.products_to_add, "Product"),
               self._ids(products.product_variants_to_add, "ProductVariant"),
               self._ids(collections.add, "Collection"))  # fmt: skip
        remove = (self._ids(products.products_to_remove, "Product"),
                  self._ids(products.product_variants_to_remove, "ProductVariant"),
                  self._ids(collections.remove, "Collection"))  # fmt: skip
        if given.all:
            return lambda before: Items(True, *add)
        return lambda before: Items(
            False,
            (before.products | add[0]) - remove[0],
            (before.variants | add[1]) - remove[1],
            (before.collections | add[2]) - remove[2],
        )

    def _gets(self, given: DiscountCustomerGetsInput | None) -> Callable[[Discount], Discount]:
        if given is None:
            return lambda before: before
        items = self._items(given.items)
        value = {} if given.value is None else self._value(given.value)
        return lambda before: replace(before, items=items(before.items), **value)

    def _value(self, given: DiscountCustomerGetsValueInput) -> dict[str, Any]:
        at = ("customerGets", "value")
        told = [given.percentage, given.discount_amount, given.discount_on_quantity]
        if sum(each is not None for each in told) != 1:
            raise Rejected(
                "TOO_MANY_ARGUMENTS", at, "give exactly one of percentage, discountAmount, discountOnQuantity"
            )
        none = {"percentage_bps": None, "amount_minor": None, "each_item": False}
        if given.discount_amount is not None:
            amount = self._minor("amount_minor", given.discount_amount.amount, (*at, "discountAmount", "amount"))
            return none | amount | {"each_item": bool(given.discount_amount.applies_on_each_item)}
        if given.discount_on_quantity is not None:
            pieces = given.discount_on_quantity
            path = (*at, "discountOnQuantity", "effect", "percentage")
            return none | {"gets_quantity": pieces.quantity, "percentage_bps": _bps(pieces.effect.percentage, path)}
        return none | {"percentage_bps": _bps(given.percentage, (*at, "percentage"))}

    def _buys(self, given: DiscountCustomerBuysInput | None) -> Callable[[Discount], Discount]:
        if given is None:
            return lambda before: before
        items = self._items(given.items)
        value: dict[str, Any] = {} if given.value is None else {"buys_quantity": int(given.value.quantity)}
        return lambda before: replace(before, buys=items(before.buys), **value)

    def _minimum(self, given: DiscountMinimumRequirementInput | None) -> Callable[[Discount], Discount]:
        quantity = given.quantity.greater_than_or_equal_to_quantity if given and given.quantity else None
        subtotal = given.subtotal.greater_than_or_equal_to_subtotal if given and given.subtotal else None
        path = ("minimumRequirement", "subtotal", "greaterThanOrEqualToSubtotal")
        least = self._minor("minimum_subtotal_minor", subtotal, path)
        return lambda before: replace(before, minimum_quantity=quantity, **least)

    def _context(self, given: DiscountContextInput | None) -> Callable[[Discount], Discount]:
        if given is None:
            return lambda before: before
        if given.all is not None or given.customers is None:
            return lambda before: replace(before, customers=None)
        add, remove = (self._ids(each, "Customer") for each in (given.customers.add, given.customers.remove))
        return lambda before: replace(before, customers=((before.customers or frozenset()) | add) - remove)

    def _destination(self, given: DiscountShippingDestinationSelectionInput | None) -> Callable[[Discount], Discount]:
        if given is None:
            return lambda before: before
        if given.all or given.countries is None:
            return lambda before: replace(before, countries=None)
        add, remove = (frozenset(c.name for c in each or ()) for each in (given.countries.add, given.countries.remove))
        return lambda before: replace(before, countries=((before.countries or frozenset()) | add) - remove)


PLAIN = {
    "title": "title", "starts_at": "starts_at", "ends_at": "ends_at", "priority": "priority", "code": "code",
    "usage_limit": "usage_limit", "applies_once_per_customer": "once_per_customer",
    "uses_per_order_limit": "uses_per_order_max",
}  # fmt: skip
EMPTIED = {"ends_at", "usage_limit", "uses_per_order_max", "shipping_max_minor"}
"""What null empties; of the others it says nothing."""


def _told(given: Any, name: str) -> bool:
    return getattr(given, name, strawberry.UNSET) is not strawberry.UNSET and (
        getattr(given, name) is not None or name in {"ends_at", "usage_limit", "uses_per_order_limit",
                                                     "minimum_requirement", "maximum_shipping_price"}
    )  # fmt: skip


def _bps(share: float | None, path: Path) -> int | None:
    """Return a share from 0 to 1 in hundredths of a percent; a finer one is refused rather than rounded."""
    if share is None:
        return None
    scaled = PythonDecimal(repr(share)) * 10_000
    if scaled != scaled.to_integral_value() or not 0 < scaled <= 10_000:
        raise Rejected("VALUE_OUTSIDE_RANGE", path, "must be over 0 and at most 1, in steps of 0.0001")
    return int(scaled)
