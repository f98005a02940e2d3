"""Lists of gift cards, and one by its id."""

from enum import Enum

import strawberry

from commerce_graph.gift_card import loaders
from commerce_graph.gift_card.graph.card import READ_GIFT_CARDS, GiftCard
from commerce_graph.gift_card.loaders import to_card
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import entities, field, object_type
from commerce_graph.kernel.pages import Connection, Edge, page_arguments
from commerce_graph.keys import GiftCardKey


@strawberry.enum(description="What gift cards are ordered by.")
class GiftCardSortKeys(Enum):
    """Shopify's GiftCardSortKeys, as far as lists here can be ordered."""

    AMOUNT_SPENT = "AMOUNT_SPENT"
    BALANCE = "BALANCE"
    CREATED_AT = "CREATED_AT"
    ID = "ID"
    INITIAL_VALUE = "INITIAL_VALUE"
    UPDATED_AT = "UPDATED_AT"


@object_type(access=READ_GIFT_CARDS)
class GiftCardEdge(Edge[GiftCard]):
    """A gift card and its cursor."""


@object_type(access=READ_GIFT_CARDS)
class GiftCardConnection(Connection[GiftCard]):
    """A page of gift cards."""


@object_type
class GiftCardQuery:
    """Gift cards."""

    @field(access=READ_GIFT_CARDS)
    async def gift_card(self, info: strawberry.Info, id: strawberry.ID) -> GiftCardKey | None:
        """A gift card by its id."""
        ctx: Context = info.context
        (found,) = await entities(ctx, GiftCardKey, [ctx.key_of(id, "GiftCard")])
        return found  # type: ignore[no-any-return]

    @field(access=READ_GIFT_CARDS)
    async def gift_cards(
        self, info: strawberry.Info, first: int | None = None, last: int | None = None, after: str | None = None,
        before: str | None = None, reverse: bool | None = False, query: str | None = None,
        sort_key: GiftCardSortKeys | None = GiftCardSortKeys.ID,
    ) -> GiftCardConnection:  # fmt: skip
        """Gift cards; `query` filters by the end of the code, balance_status, customer_id, status, days and times."""
        ctx: Context = info.context
        args = page_arguments(first, last, after, before, reverse)
        async with ctx.read() as conn:
            page = await loaders.page(conn, query, (sort_key or GiftCardSortKeys.ID).value, args)
        found = page.connection(GiftCardConnection, GiftCardEdge, lambda row: GiftCard(uuid=row.id, card=to_card(row)))
        return found  # type: ignore[no-any-return]
