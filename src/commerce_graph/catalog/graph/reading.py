"""What every list of the catalogue reads by: who asks, and in which market."""

from commerce_graph.catalog.loaders.audience import Audience
from commerce_graph.catalog.loaders.filters import PriceMarket
from commerce_graph.kernel.auth import scopes
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import RequestError

READ_PRODUCTS = scopes("read_products")


def audience(ctx: Context) -> Audience:
    """Return whom the caller reads the catalogue as: a shopper of a channel, or a merchant, who sees drafts too."""
    caller = ctx.principal
    return Audience(caller.channel_id is None and caller.may(READ_PRODUCTS), caller.channel_id)


async def price_market(ctx: Context) -> PriceMarket:
    """Return the market of `@inContext(country:)`, else the primary one, as the pricing domain knows it.

    Raises: RequestError(MARKET_UNKNOWN) in a process that was started without the service `markets_for`.
    """
    market = await known_market(ctx)
    if market is None:
        raise RequestError("MARKET_UNKNOWN", "this server does not know the shop's markets, so not its prices either")
    return market


async def known_market(ctx: Context) -> PriceMarket | None:
    """Return what `price_market` does, None in a process that does not know the shop's markets."""
    markets_for = ctx.services.get("markets_for")
    if markets_for is None:
        return None
    market = await ctx.load(markets_for, ctx.buyer.country)
    return PriceMarket(market.id, market.currency)
