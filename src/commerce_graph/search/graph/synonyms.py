"""Synonyms, as merchants edit them."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

import strawberry

from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import refused_at
from commerce_graph.kernel.graph import Node, field, input_type, mutation, object_type
from commerce_graph.kernel.pages import Connection, Edge, page_arguments
from commerce_graph.search import loaders
from commerce_graph.search.graph.refusals import READ_PRODUCTS, WRITE_PRODUCTS, SearchUserError
from commerce_graph.search.service import delete_synonym_group, rulebooks, save_synonym_group


@object_type(access=READ_PRODUCTS)
class SearchSynonymGroup(Node):
    """Words that shoppers find the same products by. Changes count within seconds; nothing is indexed again."""

    kind = "SearchSynonymGroup"
    uuid: strawberry.Private[UUID]

    source: str | None = strawberry.field(
        description="What alone leads to the terms, never the reverse. Without it each term leads to all others."
    )
    terms: list[str] = strawberry.field(description="Words, or phrases of a few words.")
    created_at: datetime = strawberry.field(description="When it was created.")
    updated_at: datetime = strawberry.field(description="When it last changed.")

    @classmethod
    def of(cls, row: Any) -> Self:
        """Return a row as the object."""
        return cls(
            uuid=row.id, source=row.source, terms=row.terms, created_at=row.created_at, updated_at=row.updated_at
        )


@object_type(access=READ_PRODUCTS)
class SearchSynonymGroupEdge(Edge[SearchSynonymGroup]):
    """A synonym group and its cursor."""


@object_type(access=READ_PRODUCTS)
class SearchSynonymGroupConnection(Connection[SearchSynonymGroup]):
    """A page of synonym groups."""


@input_type
class SearchSynonymGroupInput:
    """Words that stand for each other, or, with a `source`, what is found as well where that is looked for. Case,
    accents and plurals make no difference."""

    terms: list[str]
    source: str | None = None


@object_type
class SearchSynonymGroupCreatePayload:
    """What came of creating a synonym group."""

    synonym_group: SearchSynonymGroup | None = strawberry.field(description="The new group.", default=None)
    user_errors: list[SearchUserError] = strawberry.field(description="Why there is none.", default_factory=list)


@object_type
class SearchSynonymGroupUpdatePayload:
    """What came of changing a synonym group."""

    synonym_group: SearchSynonymGroup | None = strawberry.field(description="The group.", default=None)
    user_errors: list[SearchUserError] = strawberry.field(description="Why nothing changed.", default_factory=list)


@object_type
class SearchSynonymGroupDeletePayload:
    """What came of deleting a synonym group."""

    deleted_id: strawberry.ID | None = strawberry.field(description="The id it had.", default=None)
    user_errors: list[SearchUserError] = strawberry.field(description="Why it is still there.", default_factory=list)


@object_type(access=READ_PRODUCTS)
class SynonymQuery:
    """What merchants ask of synonyms."""

    @field
    async def search_synonym_groups(
        self, info: strawberry.Info, first: int | None = None, last: int | None = None, after: str | None = None,
        before: str | None = None, reverse: bool | None = False,
    ) -> SearchSynonymGroupConnection:  # fmt: skip
        """The groups of words that shoppers find the same products by, the oldest first."""
        ctx: Context = info.context
        args = page_arguments(first, last, after, before, reverse)
        async with ctx.read() as conn:
            page = await loaders.synonym_group_page(conn, args)
        made: SearchSynonymGroupConnection = page.connection(
            SearchSynonymGroupConnection, SearchSynonymGroupEdge, SearchSynonymGroup.of
        )
        return made


@object_type(access=WRITE_PRODUCTS)
class SynonymMutation:
    """Edits of synonyms."""

    @mutation(access=WRITE_PRODUCTS)
    async def search_synonym_group_create(
        self, info: strawberry.Info, input: SearchSynonymGroupInput
    ) -> SearchSynonymGroupCreatePayload:
        """Let shoppers find the same products by several words."""
        row = await _save(info.context, None, input)
        return SearchSynonymGroupCreatePayload(synonym_group=SearchSynonymGroup.of(row))

    @mutation(access=WRITE_PRODUCTS)
    async def search_synonym_group_update(
        self, info: strawberry.Info, id: strawberry.ID, input: SearchSynonymGroupInput
    ) -> SearchSynonymGroupUpdatePayload:
        """Change a group of words that shoppers find the same products by, as a whole."""
        key = info.context.key_of(id, "SearchSynonymGroup")
        row = await _save(info.context, key, input)
        return SearchSynonymGroupUpdatePayload(synonym_group=SearchSynonymGroup.of(row))

    @mutation(access=WRITE_PRODUCTS)
    async def search_synonym_group_delete(
        self, info: strawberry.Info, id: strawberry.ID
    ) -> SearchSynonymGroupDeletePayload:
        """Delete a group of words that shoppers find the same products by."""
        ctx: Context = info.context
        key = ctx.key_of(id, "SearchSynonymGroup")
        async with ctx.database.begin() as tx:
            await delete_synonym_group(tx, key)
        ctx.after_commit(rulebooks(ctx.resources).forget)
        return SearchSynonymGroupDeletePayload(deleted_id=id)


async def _save(ctx: Context, key: UUID | None, input: SearchSynonymGroupInput) -> Any:
    with refused_at("input", beside="id"):
        async with ctx.database.begin() as tx:
            row = await save_synonym_group(tx, key, input.terms, input.source)
    ctx.after_commit(rulebooks(ctx.resources).forget)
    return row
