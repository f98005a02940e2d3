"""Recommendations: products like another one, and products bought with it."""

from collections.abc import Sequence
from enum import Enum
from typing import Any
from uuid import UUID

import strawberry

from commerce_graph.catalog import service as catalog
from commerce_graph.kernel.auth import LISTINGS
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.graph import entities, field, object_type
from commerce_graph.kernel.limits import RECOMMENDATIONS_MAX
from commerce_graph.keys import ProductKey
from commerce_graph.order import service as order
from commerce_graph.search.graph.reading import audience, market_and_language
from commerce_graph.search.service import engine_of

SPARE = 2
"""Times as many are found as shown: some may no longer be for sale."""


@strawberry.enum(description="What products are recommended for.")
class ProductRecommendationIntent(Enum):
    """Shopify's ProductRecommendationIntent."""

    COMPLEMENTARY = "COMPLEMENTARY"
    RELATED = "RELATED"


async def _related(product_ids: Sequence[UUID], ctx: Context) -> Sequence[Sequence[UUID]]:
    market, _ = await market_and_language(ctx)
    async with ctx.turn():
        engine = engine_of(ctx.resources, ctx.extensions)
        return await engine.related(ctx.database, product_ids, audience(ctx), market, RECOMMENDATIONS_MAX * SPARE)


async def _bought_together(product_ids: Sequence[UUID], ctx: Context) -> Sequence[Sequence[UUID]]:
    async with ctx.read() as conn:
        return await order.bought_together(conn, product_ids, RECOMMENDATIONS_MAX * SPARE)


_FOUND = {
    ProductRecommendationIntent.RELATED: _related,
    ProductRecommendationIntent.COMPLEMENTARY: _bought_together,
}


@object_type(access=LISTINGS)
class RecommendationQuery:
    """Recommendations."""

    @field(cost=10)
    async def product_recommendations(
        self, info: strawberry.Info, product_id: strawberry.ID | None = None, product_handle: str | None = None,
        intent: ProductRecommendationIntent | None = ProductRecommendationIntent.RELATED,
    ) -> list[ProductKey] | None:  # fmt: skip
        """Up to 10 products for whoever looks at another one: RELATED are like it, COMPLEMENTARY were bought with it.
        Null where there is no such product."""
        ctx: Context = info.context
        key = await _key(ctx, product_id, product_handle)
        (shown,) = await entities(ctx, ProductKey, [key])
        if shown is None:
            return None
        find = _FOUND[intent or ProductRecommendationIntent.RELATED]
        found: Sequence[UUID] = await ctx.batch(("recommendations", find), find, key, {})
        products: list[Any] = [each for each in await entities(ctx, ProductKey, list(found)) if each]
        return products[:RECOMMENDATIONS_MAX]


async def _key(ctx: Context, id: strawberry.ID | None, handle: str | None) -> UUID | None:
    if (id is None) == (handle is None):
        raise RequestError("BAD_USER_INPUT", "give exactly one of `productId` and `productHandle`")
    if id is not None:
        return ctx.key_of(id, "Product")
    async with ctx.read() as conn:
        return await catalog.product_id_of(conn, handle or "")
