"""Lists of discounts, and one by its id or code."""

from typing import Any

import strawberry

from commerce_graph.discount import loaders
from commerce_graph.discount.graph.discount import DiscountAutomaticNode, DiscountCodeNode
from commerce_graph.discount.graph.terms import READ_DISCOUNTS
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import entities, field, object_type
from commerce_graph.kernel.pages import Connection, Edge, page_arguments
from commerce_graph.keys import DiscountAutomaticNodeKey, DiscountCodeNodeKey


@object_type(access=READ_DISCOUNTS)
class DiscountCodeNodeEdge(Edge[DiscountCodeNode]):
    """A discount with codes and its cursor."""


@object_type(access=READ_DISCOUNTS)
class DiscountCodeNodeConnection(Connection[DiscountCodeNode]):
    """A page of discounts with codes."""


@object_type(access=READ_DISCOUNTS)
class DiscountAutomaticNodeEdge(Edge[DiscountAutomaticNode]):
    """An automatic discount and its cursor."""


@object_type(access=READ_DISCOUNTS)
class DiscountAutomaticNodeConnection(Connection[DiscountAutomaticNode]):
    """A page of automatic discounts."""


async def _page(info: strawberry.Info, method: str, query: str | None, node: Any, types: Any, *given: Any) -> Any:
    ctx: Context = info.context
    args = page_arguments(*given)
    async with ctx.read() as conn:
        page = await loaders.page(conn, method, query, args)
    connection, edge = types
    return page.connection(connection, edge, lambda row: node(uuid=row.id, row=row))


@object_type
class DiscountQuery:
    """Discounts."""

    @field(access=READ_DISCOUNTS)
    async def code_discount_node(self, info: strawberry.Info, id: strawberry.ID) -> DiscountCodeNodeKey | None:
        """A discount with codes by its id."""
        ctx: Context = info.context
        (found,) = await entities(ctx, DiscountCodeNodeKey, [ctx.key_of(id, "DiscountCodeNode")])
        return found  # type: ignore[no-any-return]

    @field(access=READ_DISCOUNTS)
    async def code_discount_node_by_code(self, info: strawberry.Info, code: str) -> DiscountCodeNodeKey | None:
        """A discount by one of its codes, whatever their case."""
        ctx: Context = info.context
        named = code.strip().casefold()
        found = await ctx.load(loaders.ids_by_code, named) if named.isprintable() else None
        return (await entities(ctx, DiscountCodeNodeKey, [found]))[0]  # type: ignore[no-any-return]

    @field(access=READ_DISCOUNTS)
    async def automatic_discount_node(
        self, info: strawberry.Info, id: strawberry.ID
    ) -> DiscountAutomaticNodeKey | None:
        """An automatic discount by its id."""
        ctx: Context = info.context
        (found,) = await entities(ctx, DiscountAutomaticNodeKey, [ctx.key_of(id, "DiscountAutomaticNode")])
        return found  # type: ignore[no-any-return]

    @field(access=READ_DISCOUNTS)
    async def code_discount_nodes(
        self, info: strawberry.Info, first: int | None = None, last: int | None = None, after: str | None = None,
        before: str | None = None, reverse: bool | None = False, query: str | None = None,
    ) -> DiscountCodeNodeConnection:  # fmt: skip
        """Discounts with codes, the oldest first; `query` filters by code, title, status and times."""
        types = (DiscountCodeNodeConnection, DiscountCodeNodeEdge)
        given = (first, last, after, before, reverse)
        return await _page(info, "CODE", query, DiscountCodeNode, types, *given)  # type: ignore[no-any-return]

    @field(access=READ_DISCOUNTS)
    async def automatic_discount_nodes(
        self, info: strawberry.Info, first: int | None = None, last: int | None = None, after: str | None = None,
        before: str | None = None, reverse: bool | None = False, query: str | None = None,
    ) -> DiscountAutomaticNodeConnection:  # fmt: skip
        """Automatic discounts, the oldest first; `query` filters by title, status and times."""
        types = (DiscountAutomaticNodeConnection, DiscountAutomaticNodeEdge)
        given = (first, last, after, before, reverse)
        return await _page(info, "AUTOMATIC", query, DiscountAutomaticNode, types, *given)  # type: ignore[no-any-return]
