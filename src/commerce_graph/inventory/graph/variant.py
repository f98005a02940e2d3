"""What shoppers and merchants see of the stock of products and variants."""

from collections.abc import Sequence
from uuid import UUID

from commerce_graph.inventory import loaders, service
from commerce_graph.inventory.service import Stock
from commerce_graph.kernel.auth import LISTINGS, scopes
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import batch_field, entities, object_type
from commerce_graph.kernel.hints import CATALOGUE, NEVER
from commerce_graph.keys import InventoryItemKey, ProductKey, ProductVariantKey
from commerce_graph.vocabulary import ProductVariantInventoryPolicy

READ_INVENTORY = scopes("read_inventory")


async def _of_variants(parents: Sequence[ProductVariantKey], ctx: Context) -> list[Stock | None]:
    return await ctx.load_many(service.stock, [parent.uuid for parent in parents])


async def _of_products(parents: Sequence[ProductKey], ctx: Context) -> list[Sequence[tuple[UUID, Stock]]]:
    return await ctx.load_many(loaders.stock_of_products, [parent.uuid for parent in parents])


async def _priced(ctx: Context, variant_ids: Sequence[UUID]) -> list[bool]:
    """Tell of variants whether they have a price of their own in the market in context: without, nobody can buy them.

    The prices that the same page shows are read once. A process that knows no prices leaves that to the cart.
    """
    shown_prices = ctx.services.get("shown_prices")
    if shown_prices is None:
        return [True] * len(variant_ids)
    prices = await ctx.load_many(shown_prices, variant_ids, ctx.buyer.country)
    return [price is not None and not price.borrowed for price in prices]


@object_type(name="Product", access=LISTINGS, cache=NEVER)
class ProductStock(ProductKey):
    """A product's stock."""

    @batch_field(cache=CATALOGUE)
    async def available_for_sale(parents: Sequence[ProductKey], ctx: Context) -> list[bool]:
        """Whether any of its variants can be bought in the market in context."""
        products = await _of_products(parents, ctx)
        keys = list(dict.fromkeys(key for stocks in products for key, _ in stocks))
        priced = dict(zip(keys, await _priced(ctx, keys), strict=True))
        return [any(stock.for_sale and priced[key] for key, stock in stocks) for stocks in products]

    @batch_field
    async def total_inventory(parents: Sequence[ProductKey], ctx: Context) -> list[int | None]:
        """How many are available of all its variants that are counted."""
        return [
            sum(stock.available for _, stock in stocks if stock.tracked) for stocks in await _of_products(parents, ctx)
        ]

    @batch_field(access=READ_INVENTORY)
    async def tracks_inventory(parents: Sequence[ProductKey], ctx: Context) -> list[bool]:
        """Whether any of its variants is counted."""
        return [any(stock.tracked for _, stock in stocks) for stocks in await _of_products(parents, ctx)]


@object_type(name="ProductVariant", access=LISTINGS, cache=NEVER)
class ProductVariantStock(ProductVariantKey):
    """A variant's stock."""

    @batch_field(cache=CATALOGUE)
    async def available_for_sale(parents: Sequence[ProductVariantKey], ctx: Context) -> list[bool]:
        """Whether it can be bought in the market in context."""
        priced = await _priced(ctx, [parent.uuid for parent in parents])
        stocks = zip(priced, await _of_variants(parents, ctx), strict=True)
        return [stock is not None and sold and stock.for_sale for sold, stock in stocks]

    @batch_field
    async def quantity_available(parents: Sequence[ProductVariantKey], ctx: Context) -> list[int | None]:
        """How many are available, below zero where more was sold than there is; null where nobody counts."""
        return [stock.available if stock and stock.tracked else None for stock in await _of_variants(parents, ctx)]

    @batch_field
    async def currently_not_in_stock(parents: Sequence[ProductVariantKey], ctx: Context) -> list[bool]:
        """Whether it is out of stock and can be bought all the same, to be delivered later."""
        return [
            stock is not None and stock.tracked and stock.oversell and stock.available <= 0
            for stock in await _of_variants(parents, ctx)
        ]

    @batch_field(access=READ_INVENTORY)
    async def inventory_item(parents: Sequence[ProductVariantKey], ctx: Context) -> list[InventoryItemKey | None]:
        """What is counted of it."""
        return await entities(ctx, InventoryItemKey, [parent.uuid for parent in parents])

    @batch_field(access=READ_INVENTORY)
    async def inventory_policy(
        parents: Sequence[ProductVariantKey], ctx: Context
    ) -> list[ProductVariantInventoryPolicy]:
        """Whether it is sold on while it is out of stock."""
        return [
            ProductVariantInventoryPolicy.CONTINUE if stock and stock.oversell else ProductVariantInventoryPolicy.DENY
            for stock in await _of_variants(parents, ctx)
        ]

    @batch_field(access=READ_INVENTORY)
    async def inventory_quantity(parents: Sequence[ProductVariantKey], ctx: Context) -> list[int | None]:
        """How many are available over all active locations."""
        return [stock.available if stock else None for stock in await _of_variants(parents, ctx)]
