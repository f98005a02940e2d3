"""Products pinned to queries, as merchants edit them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import strawberry

from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import Rejected, refused_at
from commerce_graph.kernel.graph import Node, batch_field, entities, field, input_type, mutation, object_type
from commerce_graph.kernel.limits import SEARCH_PINS_MAX
from commerce_graph.kernel.pages import Connection, Edge, page_arguments
from commerce_graph.keys import ProductKey
from commerce_graph.search import errors, loaders
from commerce_graph.search.graph.refusals import READ_PRODUCTS, WRITE_PRODUCTS, SearchUserError
from commerce_graph.search.service import delete_pin_set, rulebooks, save_pin_set


@object_type(access=READ_PRODUCTS)
class SearchPinSet(Node):
    """A query, and the products that come first for it. Case, accents and plurals make no difference."""

    kind = "SearchPinSet"
    uuid: strawberry.Private[UUID]
    product_ids: strawberry.Private[Sequence[UUID]]

    query: str = strawberry.field(description="What is looked for, in whole.")
    created_at: datetime = strawberry.field(description="When it was created.")
    updated_at: datetime = strawberry.field(description="When it last changed.")

    @classmethod
    def of(cls, row: Any) -> Self:
        """Return a row as the object."""
        at = {"created_at": row.created_at, "updated_at": row.updated_at}
        return cls(uuid=row.id, product_ids=row.product_ids, query=row.query, **at)

    @batch_field
    async def products(parents: Sequence["SearchPinSet"], ctx: Context) -> list[list[ProductKey]]:
        """The products, in the order they are shown in; without those that are no more."""
        wanted = [key for parent in parents for key in parent.product_ids]
        found = dict(zip(wanted, await entities(ctx, ProductKey, wanted), strict=True))
        return [[found[key] for key in parent.product_ids if found[key]] for parent in parents]


@object_type(access=READ_PRODUCTS)
class SearchPinSetEdge(Edge[SearchPinSet]):
    """A pin set and its cursor."""


@object_type(access=READ_PRODUCTS)
class SearchPinSetConnection(Connection[SearchPinSet]):
    """A page of pin sets."""


@input_type
class SearchPinSetInput:
    """A query, and the products that come first for it, in this order."""

    query: str
    product_ids: list[strawberry.ID]


@object_type
class SearchPinSetCreatePayload:
    """What came of pinning products to a query."""

    pin_set: SearchPinSet | None = strawberry.field(description="The new pin set.", default=None)
    user_errors: list[SearchUserError] = strawberry.field(description="Why there is none.", default_factory=list)


@object_type
class SearchPinSetUpdatePayload:
    """What came of changing a pin set."""

    pin_set: SearchPinSet | None = strawberry.field(description="The pin set.", default=None)
    user_errors: list[SearchUserError] = strawberry.field(description="Why nothing changed.", default_factory=list)


@object_type
class SearchPinSetDeletePayload:
    """What came of deleting a pin set."""

    deleted_id: strawberry.ID | None = strawberry.field(description="The id it had.", default=None)
    user_errors: list[SearchUserError] = strawberry.field(description="Why it is still there.", default_factory=list)


@object_type(access=READ_PRODUCTS)
class PinQuery:
    """What merchants ask of pinned products."""

    @field
    async def search_pin_sets(
        self, info: strawberry.Info, first: int | None = None, last: int | None = None, after: str | None = None,
        before: str | None = None, reverse: bool | None = False,
    ) -> SearchPinSetConnection:  # fmt: skip
        """The queries with products that come first for them, the oldest first."""
        ctx: Context = info.context
        args = page_arguments(first, last, after, before, reverse)
        async with ctx.read() as conn:
            page = await loaders.pin_set_page(conn, args)
        made: SearchPinSetConnection = page.connection(SearchPinSetConnection, SearchPinSetEdge, SearchPinSet.of)
        return made


@object_type(access=WRITE_PRODUCTS)
class PinMutation:
    """Edits of pinned products."""

    @mutation(access=WRITE_PRODUCTS)
    async def search_pin_set_create(self, info: strawberry.Info, input: SearchPinSetInput) -> SearchPinSetCreatePayload:
        """Let products come first for a query, as far as shoppers see them and their filters let them."""
        return SearchPinSetCreatePayload(pin_set=await _save(info.context, None, input))

    @mutation(access=WRITE_PRODUCTS)
    async def search_pin_set_update(
        self, info: strawberry.Info, id: strawberry.ID, input: SearchPinSetInput
    ) -> SearchPinSetUpdatePayload:
        """Change which products come first for a query, as a whole."""
        key = info.context.key_of(id, "SearchPinSet")
        return SearchPinSetUpdatePayload(pin_set=await _save(info.context, key, input))

    @mutation(access=WRITE_PRODUCTS)
    async def search_pin_set_delete(self, info: strawberry.Info, id: strawberry.ID) -> SearchPinSetDeletePayload:
        """Let the products of a query be found where they belong."""
        ctx: Context = info.context
        key = ctx.key_of(id, "SearchPinSet")
        async with ctx.database.begin() as tx:
            await delete_pin_set(tx, key)
        ctx.after_commit(rulebooks(ctx.resources).forget)
        return SearchPinSetDeletePayload(deleted_id=id)


async def _save(ctx: Context, key: UUID | None, input: SearchPinSetInput) -> SearchPinSet:
    wanted = [ctx.key_of(each, "Product") for each in input.product_ids]
    with refused_at("input", beside="id"):
        for index, product in enumerate(await entities(ctx, ProductKey, wanted[:SEARCH_PINS_MAX])):
            if product is None:
                raise Rejected(errors.NOT_FOUND, ["productIds", str(index)], "there is no product with this id")
        async with ctx.database.begin() as tx:
            row = await save_pin_set(tx, key, input.query, wanted)
    ctx.after_commit(rulebooks(ctx.resources).forget)
    return SearchPinSet.of(row)
