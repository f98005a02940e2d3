"""What every search reads by: who asks, in which market and language, and what merchants have decided."""

from collections.abc import Sequence
from enum import Enum
from uuid import UUID

import strawberry

from commerce_graph.catalog.service import Audience, Filters, PriceMarket
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.query_syntax import parse
from commerce_graph.kernel.query_syntax.words import Plan
from commerce_graph.pricing import service as pricing
from commerce_graph.search.graph.refusals import READ_PRODUCTS
from commerce_graph.search.rules.planning import plan
from commerce_graph.search.service import Request, Unavailable, rulebooks


@strawberry.enum(
    description="What becomes of products that cannot be bought: left out, after all others, or among them."
)
class SearchUnavailableProductsType(Enum):
    """Shopify's SearchUnavailableProductsType."""

    HIDE = "HIDE"
    LAST = "LAST"
    SHOW = "SHOW"


_UNAVAILABLE: dict[SearchUnavailableProductsType, Unavailable] = {
    SearchUnavailableProductsType.HIDE: "HIDE",
    SearchUnavailableProductsType.LAST: "LAST",
    SearchUnavailableProductsType.SHOW: "SHOW",
}


def audience(ctx: Context) -> Audience:
    """Return whom the caller searches as: a shopper of a channel, or a merchant, who finds drafts too."""
    caller = ctx.principal
    return Audience(caller.channel_id is None and caller.may(READ_PRODUCTS), caller.channel_id)


async def market_and_language(ctx: Context) -> tuple[PriceMarket, str]:
    """Return the market and the language of `@inContext`, else the primary one and the market's own."""
    market = await ctx.load(pricing.markets_for, ctx.buyer.country)
    language: str = market.answer_language(ctx.buyer.language)
    return PriceMarket(market.id, market.currency), language.partition("_")[0].lower()


async def planned(ctx: Context, query: str, *, prefix: bool) -> Plan:
    """Return what a text asks for, with the shop's synonyms. Raises: RequestError(BAD_USER_INPUT)."""
    asked = parse(query)
    book = await rulebooks(ctx.resources).current()
    return plan(asked, book.synonyms, prefix)


async def request_of(
    ctx: Context, asked: Plan, *, unavailable: SearchUnavailableProductsType | None, filters: Filters = Filters(),
    sort: str = "RELEVANCE", reverse: bool = False, pins: Sequence[UUID] = (),
) -> Request:  # fmt: skip
    """Return a request in the context of the operation; products that cannot be bought come last by default."""
    market, language = await market_and_language(ctx)
    return Request(
        plan=asked,
        audience=audience(ctx),
        market=market,
        language=language,
        filters=filters,
        sort="PRICE" if sort == "PRICE" else "RELEVANCE",
        reverse=reverse,
        unavailable=_UNAVAILABLE[unavailable or SearchUnavailableProductsType.LAST],
        pins=tuple(pins) if sort == "RELEVANCE" else (),
    )
