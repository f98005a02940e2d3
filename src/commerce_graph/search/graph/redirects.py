"""Redirects of searches, as merchants edit them."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

import strawberry

from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import refused_at
from commerce_graph.kernel.graph import Node, field, input_type, mutation, object_type
from commerce_graph.kernel.pages import Connection, Edge, page_arguments
from commerce_graph.kernel.scalars import URL
from commerce_graph.search import loaders
from commerce_graph.search.graph.refusals import READ_PRODUCTS, WRITE_PRODUCTS, SearchUserError
from commerce_graph.search.service import delete_redirect, rulebooks, save_redirect


@object_type(access=READ_PRODUCTS)
class SearchRedirect(Node):
    """A query that leads to a page instead of to results. Case, accents and plurals make no difference."""

    kind = "SearchRedirect"
    uuid: strawberry.Private[UUID]

    query: str = strawberry.field(description="What is looked for, in whole.")
    target: URL = strawberry.field(description="Where it leads: a path of the storefront, or a URL.")
    created_at: datetime = strawberry.field(description="When it was created.")
    updated_at: datetime = strawberry.field(description="When it last changed.")

    @classmethod
    def of(cls, row: Any) -> Self:
        """Return a row as the object."""
        at = {"created_at": row.created_at, "updated_at": row.updated_at}
        return cls(uuid=row.id, query=row.query, target=URL(row.target), **at)


@object_type(access=READ_PRODUCTS)
class SearchRedirectEdge(Edge[SearchRedirect]):
    """A redirect and its cursor."""


@object_type(access=READ_PRODUCTS)
class SearchRedirectConnection(Connection[SearchRedirect]):
    """A page of redirects."""


@input_type
class SearchRedirectInput:
    """A query, and where it leads: a path that begins with `/`, or an http or https URL."""

    query: str
    target: URL


@object_type
class SearchRedirectCreatePayload:
    """What came of creating a redirect."""

    redirect: SearchRedirect | None = strawberry.field(description="The new redirect.", default=None)
    user_errors: list[SearchUserError] = strawberry.field(description="Why there is none.", default_factory=list)


@object_type
class SearchRedirectUpdatePayload:
    """What came of changing a redirect."""

    redirect: SearchRedirect | None = strawberry.field(description="The redirect.", default=None)
    user_errors: list[SearchUserError] = strawberry.field(description="Why nothing changed.", default_factory=list)


@object_type
class SearchRedirectDeletePayload:
    """What came of deleting a redirect."""

    deleted_id: strawberry.ID | None = strawberry.field(description="The id it had.", default=None)
    user_errors: list[SearchUserError] = strawberry.field(description="Why it is still there.", default_factory=list)


@object_type(access=READ_PRODUCTS)
class RedirectQuery:
    """What merchants ask of redirects."""

    @field
    async def search_redirects(
        self, info: strawberry.Info, first: int | None = None, last: int | None = None, after: str | None = None,
        before: str | None = None, reverse: bool | None = False,
    ) -> SearchRedirectConnection:  # fmt: skip
        """The queries that lead to a page instead of to results, the oldest first."""
        ctx: Context = info.context
        args = page_arguments(first, last, after, before, reverse)
        async with ctx.read() as conn:
            page = await loaders.redirect_page(conn, args)
        made: SearchRedirectConnection = page.connection(
            SearchRedirectConnection, SearchRedirectEdge, SearchRedirect.of
        )
        return made


@object_type(access=WRITE_PRODUCTS)
class RedirectMutation:
    """Edits of redirects."""

    @mutation(access=WRITE_PRODUCTS)
    async def search_redirect_create(
        self, info: strawberry.Info, input: SearchRedirectInput
    ) -> SearchRedirectCreatePayload:
        """Let a query lead to a page. `search` answers with its results as before, and tells the page beside them."""
        row = await _save(info.context, None, input)
        return SearchRedirectCreatePayload(redirect=SearchRedirect.of(row))

    @mutation(access=WRITE_PRODUCTS)
    async def search_redirect_update(
        self, info: strawberry.Info, id: strawberry.ID, input: SearchRedirectInput
    ) -> SearchRedirectUpdatePayload:
        """Change a redirect as a whole."""
        key = info.context.key_of(id, "SearchRedirect")
        row = await _save(info.context, key, input)
        return SearchRedirectUpdatePayload(redirect=SearchRedirect.of(row))

    @mutation(access=WRITE_PRODUCTS)
    async def search_redirect_delete(self, info: strawberry.Info, id: strawberry.ID) -> SearchRedirectDeletePayload:
        """Delete a redirect."""
        ctx: Context = info.context
        key = ctx.key_of(id, "SearchRedirect")
        async with ctx.database.begin() as tx:
            await delete_redirect(tx, key)
        ctx.after_commit(rulebooks(ctx.resources).forget)
        return SearchRedirectDeletePayload(deleted_id=id)


async def _save(ctx: Context, key: UUID | None, input: SearchRedirectInput) -> Any:
    with refused_at("input", beside="id"):
        async with ctx.database.begin() as tx:
            row = await save_redirect(tx, key, input.query, input.target)
    ctx.after_commit(rulebooks(ctx.resources).forget)
    return row
