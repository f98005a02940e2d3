"""Inputs that several of these mutations take, and what they mean for the services."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import strawberry

from commerce_graph.kernel.codes import CountryCode
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import input_type
from commerce_graph.kernel.values import MoneyInput, WeightUnit
from commerce_graph.merchandising import rules, service
from commerce_graph.vocabulary import ProductVariantInventoryPolicy


@input_type
class WeightInput:
    """A weight and its unit."""

    value: float
    unit: WeightUnit


@input_type
class InventoryItemMeasurementInput:
    """What a variant measures."""

    weight: WeightInput | None = None


@input_type
class InventoryItemInput:
    """How a variant is counted and shipped."""

    sku: str | None = None
    tracked: bool | None = None
    requires_shipping: bool | None = None
    measurement: InventoryItemMeasurementInput | None = None


@input_type
class VariantOptionValueInput:
    """A variant's value of an option."""

    option_name: str
    name: str


@input_type
class ProductSetInventoryInput:
    """How much of a variant there is at a location: `available` or `on_hand`."""

    location_id: strawberry.ID
    name: str
    quantity: int


@input_type
class VariantContextualPriceInput:
    """A price in the market of a country. It replaces what the variant cost there."""

    country: CountryCode
    price: MoneyInput
    compare_at_price: MoneyInput | None = None


def text_of(source: Any, name: str) -> str | None:
    """Return a member of an optional input, None where it is left out."""
    value: str | None = getattr(source, name) if source is not None else None
    return value


def pairs_of(values: Sequence[VariantOptionValueInput] | None) -> list[tuple[str, str]] | None:
    """Return option values as the catalogue takes them."""
    return None if values is None else [(each.option_name, each.name) for each in values]


def weight_of(item: InventoryItemInput | None, index: int) -> int | None:
    """Return the weight of a variant in grams, None where it is left out. Raises: Rejected(INVALID_INPUT)."""
    weight = item.measurement.weight if item and item.measurement else None
    path = ["variants", str(index), "inventoryItem", "measurement", "weight", "value"]
    return None if weight is None else rules.weight_g(weight.value, weight.unit.name, path)


def goods_of(ctx: Context, variant: Any) -> service.Goods:
    """Return what goes with a variant beside the catalogue. A compare-at price of null takes it away."""
    item: InventoryItemInput | None = variant.inventory_item
    policy: ProductVariantInventoryPolicy | None = variant.inventory_policy
    compare_at: Decimal | None = variant.compare_at_price
    sets_compare_at = compare_at is not strawberry.UNSET
    return service.Goods(
        price=service.PriceWish(variant.price, compare_at if sets_compare_at else None, sets_compare_at),
        contextual_prices=[_contextual(each) for each in variant.contextual_prices or ()],
        tracked=item.tracked if item else None,
        oversell=None if policy is None else policy is ProductVariantInventoryPolicy.CONTINUE,
        quantities=[
            service.Quantity(each.name, ctx.key_of(each.location_id, "Location"), each.quantity)
            for each in getattr(variant, "inventory_quantities", None) or ()
        ],
    )


def _contextual(given: VariantContextualPriceInput) -> service.ContextualPrice:
    before = given.compare_at_price
    return service.ContextualPrice(
        country=given.country.name,
        amount=given.price.amount,
        currency=given.price.currency_code.name,
        compare_at=before.amount if before else None,
        compare_at_currency=before.currency_code.name if before else None,
    )
