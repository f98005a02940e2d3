"""A discount's terms in the graph, by Admin's names."""

from collections.abc import Sequence
from enum import Enum
from typing import Annotated, Any, Union
from uuid import UUID

import strawberry

from commerce_graph.discount.rules import Discount, Items
from commerce_graph.kernel.auth import scopes
from commerce_graph.kernel.codes import CountryCode
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import LENGTH, batch_field, entities, object_type
from commerce_graph.kernel.limits import DISCOUNT_CUSTOMERS_MAX, DISCOUNT_ITEMS_MAX
from commerce_graph.kernel.scalars import UnsignedInt64
from commerce_graph.kernel.values import MoneyV2, money
from commerce_graph.keys import CollectionKey, CustomerKey, ProductKey, ProductVariantKey

READ_DISCOUNTS = scopes("read_discounts")


@strawberry.enum(description="What a discount lowers the price of.")
class DiscountClass(Enum):
    """Shopify's DiscountClass."""

    ORDER = "ORDER"
    PRODUCT = "PRODUCT"
    SHIPPING = "SHIPPING"


@strawberry.enum(description="Whether a discount runs.")
class DiscountStatus(Enum):
    """Shopify's DiscountStatus."""

    ACTIVE = "ACTIVE"
    EXPIRED = "EXPIRED"
    SCHEDULED = "SCHEDULED"


@object_type(access=READ_DISCOUNTS)
class DiscountCombinesWith:
    """The classes of discounts that a discount goes with; each of two must allow the other's."""

    order_discounts: bool = strawberry.field(description="Whether it goes with discounts on the order.")
    product_discounts: bool = strawberry.field(description="Whether it goes with discounts on products.")
    shipping_discounts: bool = strawberry.field(description="Whether it goes with discounts on the delivery.")


@object_type(access=READ_DISCOUNTS)
class AllDiscountItems:
    """All goods."""

    all_items: bool = strawberry.field(description="Always true.", default=True)


@object_type(access=READ_DISCOUNTS)
class DiscountProducts:
    """Products and variants that a discount names."""

    items: strawberry.Private[Items]

    @batch_field(length=DISCOUNT_ITEMS_MAX)
    async def products(parents: Sequence["DiscountProducts"], ctx: Context) -> list[list[ProductKey]]:
        """The products, by id; those that are gone are left out."""
        return await _listed(ctx, ProductKey, [each.items.products for each in parents])

    @batch_field(length=DISCOUNT_ITEMS_MAX)
    async def product_variants(parents: Sequence["DiscountProducts"], ctx: Context) -> list[list[ProductVariantKey]]:
        """The variants, by id; those that are gone are left out."""
        return await _listed(ctx, ProductVariantKey, [each.items.variants for each in parents])


@object_type(access=READ_DISCOUNTS)
class DiscountCollections:
    """Collections that a discount names."""

    items: strawberry.Private[Items]

    @batch_field(length=DISCOUNT_ITEMS_MAX)
    async def collections(parents: Sequence["DiscountCollections"], ctx: Context) -> list[list[CollectionKey]]:
        """The collections, by id; those that are gone are left out."""
        return await _listed(ctx, CollectionKey, [each.items.collections for each in parents])


async def _listed(ctx: Context, key: Any, groups: Sequence[frozenset[UUID]]) -> list[Any]:
    ids = sorted({each for group in groups for each in group})
    found = dict(zip(ids, await entities(ctx, key, ids), strict=True))
    return [[found[each] for each in sorted(group) if found[each] is not None] for group in groups]


DiscountItems = Annotated[
    Union[AllDiscountItems, DiscountCollections, DiscountProducts],  # noqa: UP007 (strawberry names unions by it)
    strawberry.union("DiscountItems", description="Which goods a discount is about."),
]


def items_of(items: Items) -> AllDiscountItems | DiscountCollections | DiscountProducts:
    """Return which goods a discount is about."""
    if items.everything:
        return AllDiscountItems()
    return DiscountCollections(items=items) if items.collections else DiscountProducts(items=items)


@object_type(access=READ_DISCOUNTS)
class DiscountPercentage:
    """A share of the price."""

    percentage: float = strawberry.field(description="The share, from 0 to 1.")


@object_type(access=READ_DISCOUNTS)
class DiscountAmount:
    """A fixed amount."""

    amount: MoneyV2 = strawberry.field(description="The amount.")
    applies_on_each_item: bool = strawberry.field(description="Whether each piece gets it, or all together.")


@object_type(access=READ_DISCOUNTS)
class DiscountOnQuantity:
    """What so many pieces are lowered by."""

    quantity: UnsignedInt64 = strawberry.field(description="How many pieces a use gives.")
    effect: DiscountPercentage = strawberry.field(description="What they are lowered by.")


DiscountCustomerGetsValue = Annotated[
    Union[DiscountAmount, DiscountOnQuantity, DiscountPercentage],  # noqa: UP007
    strawberry.union("DiscountCustomerGetsValue", description="What a discount takes off."),
]


@object_type(access=READ_DISCOUNTS)
class DiscountCustomerGets:
    """What a discount takes off, and of which goods."""

    items: DiscountItems = strawberry.field(description="Of which goods.")
    value: DiscountCustomerGetsValue = strawberry.field(description="What it takes off.")


def gets_of(terms: Discount) -> DiscountCustomerGets:
    """Return what a discount takes off, and of which goods."""
    return DiscountCustomerGets(items=items_of(terms.items), value=_value(terms))


def _value(terms: Discount) -> DiscountAmount | DiscountOnQuantity | DiscountPercentage:
    if terms.amount_minor is not None and terms.currency is not None:
        amount = money(terms.amount_minor, terms.currency)
        return DiscountAmount(amount=amount, applies_on_each_item=terms.each_item)
    share = DiscountPercentage(percentage=(terms.percentage_bps or 0) / 10_000)
    if terms.gets_quantity:
        return DiscountOnQuantity(quantity=UnsignedInt64(terms.gets_quantity), effect=share)
    return share


@object_type(access=READ_DISCOUNTS)
class DiscountQuantity:
    """A number of pieces."""

    quantity: UnsignedInt64 = strawberry.field(description="The number.")


@object_type(access=READ_DISCOUNTS)
class DiscountCustomerBuys:
    """What has to be bought to be given something."""

    items: DiscountItems = strawberry.field(description="Of which goods.")
    value: DiscountQuantity = strawberry.field(description="How many pieces, for each use.")


@object_type(access=READ_DISCOUNTS)
class DiscountMinimumQuantity:
    """So many pieces at least."""

    greater_than_or_equal_to_quantity: UnsignedInt64 = strawberry.field(description="The number of pieces.")


@object_type(access=READ_DISCOUNTS)
class DiscountMinimumSubtotal:
    """So much at least, before discounts."""

    greater_than_or_equal_to_subtotal: MoneyV2 = strawberry.field(description="The amount.")


DiscountMinimumRequirement = Annotated[
    Union[DiscountMinimumQuantity, DiscountMinimumSubtotal],  # noqa: UP007
    strawberry.union("DiscountMinimumRequirement", description="What a cart must hold at least."),
]


def minimum_of(terms: Discount) -> DiscountMinimumQuantity | DiscountMinimumSubtotal | None:
    """Return what a cart must hold at least."""
    if terms.minimum_quantity is not None:
        return DiscountMinimumQuantity(greater_than_or_equal_to_quantity=UnsignedInt64(terms.minimum_quantity))
    if terms.minimum_subtotal_minor is not None and terms.currency is not None:
        least = money(terms.minimum_subtotal_minor, terms.currency)
        return DiscountMinimumSubtotal(greater_than_or_equal_to_subtotal=least)
    return None


@strawberry.enum(description="A choice of all buyers.")
class DiscountBuyerSelection(Enum):
    """Shopify's DiscountBuyerSelection."""

    ALL = "ALL"


@object_type(access=READ_DISCOUNTS)
class DiscountBuyerSelectionAll:
    """All buyers."""

    all: DiscountBuyerSelection = strawberry.field(description="Always ALL.", default=DiscountBuyerSelection.ALL)


@object_type(access=READ_DISCOUNTS)
class DiscountCustomers:
    """Certain customers."""

    named: strawberry.Private[frozenset[UUID]]

    @batch_field(length=DISCOUNT_CUSTOMERS_MAX)
    async def customers(parents: Sequence["DiscountCustomers"], ctx: Context) -> list[list[CustomerKey]]:
        """The customers, by id, as far as the caller may see them."""
        return await _listed(ctx, CustomerKey, [each.named for each in parents])


DiscountContext = Annotated[
    Union[DiscountBuyerSelectionAll, DiscountCustomers],  # noqa: UP007
    strawberry.union("DiscountContext", description="Whom a discount is for."),
]


def context_of(terms: Discount) -> DiscountBuyerSelectionAll | DiscountCustomers:
    """Return whom a discount is for."""
    return DiscountBuyerSelectionAll() if terms.customers is None else DiscountCustomers(named=terms.customers)


@object_type(access=READ_DISCOUNTS)
class DiscountCountryAll:
    """All countries."""

    all_countries: bool = strawberry.field(description="Always true.", default=True)


@object_type(access=READ_DISCOUNTS)
class DiscountCountries:
    """Certain countries."""

    countries: list[CountryCode] = strawberry.field(description="The countries.", metadata={LENGTH: 250})
    include_rest_of_world: bool = strawberry.field(description="Whether all others too; always false.", default=False)


DiscountShippingDestinationSelection = Annotated[
    Union[DiscountCountries, DiscountCountryAll],  # noqa: UP007
    strawberry.union("DiscountShippingDestinationSelection", description="Where a free delivery may go."),
]


def destination_of(terms: Discount) -> DiscountCountries | DiscountCountryAll:
    """Return where a free delivery may go."""
    if terms.countries is None:
        return DiscountCountryAll()
    return DiscountCountries(countries=[CountryCode[each] for each in sorted(terms.countries)])
