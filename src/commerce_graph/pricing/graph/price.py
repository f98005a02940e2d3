"""What products and variants cost in the market in context."""

from collections.abc import Sequence
from typing import Any

import strawberry

from commerce_graph.kernel.auth import LISTINGS
from commerce_graph.kernel.codes import CountryCode
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.graph import batch_field, field, input_type, object_type
from commerce_graph.kernel.hints import CATALOGUE
from commerce_graph.kernel.values import MoneyV2, money
from commerce_graph.keys import ProductKey, ProductVariantKey
from commerce_graph.pricing import loaders
from commerce_graph.pricing.graph.unit_price import UnitPriceMeasurement
from commerce_graph.pricing.rules import Price, PriceRange


def _not_set(what: str) -> Any:
    # A batch field tells one parent's error by returning it.
    return RequestError("PRICE_NOT_SET", f"the {what} has no price yet, neither in this market nor in the primary one")


async def _prices(parents: Sequence[ProductVariantKey], ctx: Context, country: str | None) -> list[Price | None]:
    """Return what variants cost in a country's market.

    A market without a price of its own shows the primary market's, in that market's currency: nothing is converted,
    and a page of products does not fail for one of them. A cart does not take such a variant (`service.prices`).
    """
    return await ctx.load_many(loaders.shown_prices, [parent.uuid for parent in parents], country)


def _price(price: Price | None) -> Any:
    return money(price.amount_minor, price.currency) if price else _not_set("variant")


def _compare_at(price: Price | None) -> MoneyV2 | None:
    return money(price.compare_at_minor, price.currency) if price and price.compare_at_minor is not None else None


@object_type(access=LISTINGS)
class ProductPriceRange:
    """The lowest and the highest price of a product's variants."""

    min_variant_price: MoneyV2 = strawberry.field(description="The lowest price.")
    max_variant_price: MoneyV2 = strawberry.field(description="The highest price.")


@object_type(name="Product", access=LISTINGS, cache=CATALOGUE)
class ProductPricing(ProductKey):
    """What a product costs."""

    @batch_field
    async def price_range(parents: Sequence[ProductKey], ctx: Context) -> list[ProductPriceRange]:
        """The range of its variants' prices in the market in context."""
        return [
            _range(found.min_minor, found.max_minor, found.currency) if found else _not_set("product")
            for found in await _ranges(parents, ctx)
        ]

    @batch_field
    async def compare_at_price_range(parents: Sequence[ProductKey], ctx: Context) -> list[ProductPriceRange]:
        """The range of its variants' prices before a reduction; zero where none is reduced."""
        return [
            _range(found.compare_at_min_minor or 0, found.compare_at_max_minor or 0, found.currency)
            if found
            else _not_set("product")
            for found in await _ranges(parents, ctx)
        ]


async def _ranges(parents: Sequence[ProductKey], ctx: Context) -> list[PriceRange | None]:
    return await ctx.load_many(loaders.shown_ranges, [parent.uuid for parent in parents], ctx.buyer.country)


def _range(low_minor: int, high_minor: int, currency: str) -> ProductPriceRange:
    return ProductPriceRange(
        min_variant_price=money(low_minor, currency), max_variant_price=money(high_minor, currency)
    )


@input_type
class ContextualPricingContext:
    """A buyer's situation that prices depend on."""

    country: CountryCode | None = None


@object_type(access=LISTINGS)
class ProductVariantContextualPricing:
    """What a variant costs in a situation."""

    price: MoneyV2 = strawberry.field(description="The price.")
    compare_at_price: MoneyV2 | None = strawberry.field(description="The price before a reduction.", default=None)


@object_type(name="ProductVariant", access=LISTINGS, cache=CATALOGUE)
class ProductVariantPricing(ProductVariantKey):
    """What a variant costs."""

    @batch_field
    async def price(parents: Sequence[ProductVariantKey], ctx: Context) -> list[MoneyV2]:
        """The price in the market in context."""
        return [_price(found) for found in await _prices(parents, ctx, ctx.buyer.country)]

    @batch_field(deprecation_reason="Use `price`.")
    async def price_v2(parents: Sequence[ProductVariantKey], ctx: Context) -> list[MoneyV2]:
        """The price in the market in context."""
        return [_price(found) for found in await _prices(parents, ctx, ctx.buyer.country)]

    @batch_field
    async def compare_at_price(parents: Sequence[ProductVariantKey], ctx: Context) -> list[MoneyV2 | None]:
        """The price before a reduction, null where there is none."""
        return [_compare_at(found) for found in await _prices(parents, ctx, ctx.buyer.country)]

    @batch_field(deprecation_reason="Use `compareAtPrice`.")
    async def compare_at_price_v2(parents: Sequence[ProductVariantKey], ctx: Context) -> list[MoneyV2 | None]:
        """The price before a reduction, null where there is none."""
        return [_compare_at(found) for found in await _prices(parents, ctx, ctx.buyer.country)]

    @batch_field
    async def contextual_pricing(
        parents: Sequence[ProductVariantKey], ctx: Context, context: ContextualPricingContext
    ) -> list[ProductVariantContextualPricing]:
        """The price that a buyer in another situation sees."""
        country = context.country.name if context.country else None
        found: list[Any] = await _prices(parents, ctx, country)
        return [
            ProductVariantContextualPricing(price=_price(price), compare_at_price=_compare_at(price))
            if price
            else _not_set("variant")
            for price in found
        ]

    # Resolvers and not defaults: the objects are the owner's, which know nothing of this part's attributes.
    @field
    def unit_price(self) -> MoneyV2 | None:
        """The price by unit; always null, no content is kept."""
        return None

    @field
    def unit_price_measurement(self) -> UnitPriceMeasurement | None:
        """The content; always null, none is kept."""
        return None
