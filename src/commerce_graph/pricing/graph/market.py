"""Markets: groups of countries with a currency, languages and prices of their own."""

from typing import Any, cast
from uuid import UUID

import strawberry

from commerce_graph.kernel.auth import LISTINGS, scopes
from commerce_graph.kernel.codes import CurrencyCode
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import Node, field, object_type
from commerce_graph.kernel.pages import Connection, Edge, page_arguments, slice_list
from commerce_graph.pricing import loaders, service
from commerce_graph.pricing.graph import names
from commerce_graph.pricing.service import Market as MarketRow

READ = scopes("read_products")


async def market_in_context(ctx: Context) -> MarketRow:
    """Return the market of `@inContext(country:)`, else the primary one. 1 statement an operation."""
    return cast(MarketRow, await ctx.load(service.markets_for, ctx.buyer.country))


async def every_market(ctx: Context) -> list[MarketRow]:
    """Return all markets, the primary one first. 1 statement an operation."""
    return list(await ctx.load(loaders.market_list, True))


@object_type(access=READ)
class CurrencySetting:
    """A currency that a market sells in."""

    currency_code: CurrencyCode = strawberry.field(description="The currency.")
    currency_name: str = strawberry.field(description="Its English name.")
    enabled: bool = strawberry.field(description="Whether buyers can pay in it.", default=True)


@object_type(access=READ)
class MarketCurrencySettings:
    """Which currencies a market sells in."""

    base_currency: CurrencySetting = strawberry.field(description="What its prices are in.")
    local_currencies: bool = strawberry.field(
        description="Whether each country pays in its own currency; markets here have one.", default=False
    )


@object_type(access=LISTINGS)
class Market(Node):
    """A group of countries that share a currency, languages and prices."""

    kind = "Market"
    row: strawberry.Private[MarketRow]

    @property
    def uuid(self) -> UUID:
        """The key."""
        return self.row.id

    @field
    def handle(self) -> str:
        """A unique name for people and addresses."""
        return self.row.handle

    @field(access=READ)
    def name(self) -> str:
        """What merchants call it."""
        return self.row.name

    @field(access=READ)
    def primary(self) -> bool:
        """Whether it serves everyone who is in no other market."""
        return self.row.is_primary

    @field(access=READ)
    def currency_settings(self) -> MarketCurrencySettings:
        """Which currencies it sells in."""
        code = self.row.currency
        setting = CurrencySetting(currency_code=CurrencyCode[code], currency_name=names.currency_name(code, "EN"))
        return MarketCurrencySettings(base_currency=setting)


@object_type(access=READ)
class MarketEdge(Edge[Market]):
    """A market and its cursor."""


@object_type(access=READ)
class MarketConnection(Connection[Market]):
    """A page of markets."""


@object_type(access=READ)
class MarketQuery:
    """What merchants ask of markets."""

    @field
    async def markets(
        self,
        info: strawberry.Info,
        first: int | None = None,
        last: int | None = None,
        after: str | None = None,
        before: str | None = None,
        reverse: bool | None = False,
    ) -> MarketConnection:
        """All markets, the primary one first."""
        page = page_arguments(first, last, after, before, reverse)
        rows = await every_market(info.context)
        found = slice_list(rows, page, lambda row: (not row.is_primary, row.handle))
        connection: Any = found.connection(MarketConnection, MarketEdge, lambda row: Market(row=row))
        return cast(MarketConnection, connection)
