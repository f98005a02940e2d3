"""Blogs and the articles in them."""

from collections.abc import Sequence
from enum import Enum
from typing import Any, Self
from uuid import UUID

import strawberry

from commerce_graph.content.graph.article import Article, ArticleConnection, ArticleSortKeys, article_connection
from commerce_graph.content.loaders import articles, blogs
from commerce_graph.content.loaders.articles import Listing
from commerce_graph.content.loaders.audience import sees_all
from commerce_graph.kernel.auth import CONTENT
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import batch_field, field, object_type
from commerce_graph.kernel.hints import PUBLISHED
from commerce_graph.kernel.pages import Connection, Edge, page_arguments
from commerce_graph.kernel.query_syntax import parse
from commerce_graph.kernel.values import URL
from commerce_graph.keys import ArticleKey, BlogKey
from commerce_graph.vocabulary import SEO


@strawberry.enum(description="What blogs are sorted by.")
class BlogSortKeys(Enum):
    """Shopify's BlogSortKeys."""

    HANDLE = "HANDLE"
    ID = "ID"
    RELEVANCE = "RELEVANCE"
    TITLE = "TITLE"


@object_type(access=CONTENT, cache=PUBLISHED)
class Blog(BlogKey):
    """A series of articles."""

    row: strawberry.Private[Any]

    title: str = strawberry.field(description="The name that readers see.")
    handle: str = strawberry.field(description="The name in addresses: unique, of letters, digits and hyphens.")
    online_store_url: URL | None = strawberry.field(
        description="Its address in a storefront that this server renders; there is none.", default=None
    )

    @classmethod
    def of(cls, row: Any) -> Self:
        """Return a row as the entity."""
        return cls(uuid=row.id, row=row, title=row.title, handle=row.handle)

    @classmethod
    async def load_many(cls, ctx: Context, uuids: Sequence[UUID]) -> list[Self | None]:
        """Load blogs."""
        rows = await ctx.load_many(blogs.blogs, uuids)
        return [row and cls.of(row) for row in rows]

    @field
    def seo(self) -> SEO | None:
        """What search engines are told of it."""
        return SEO(title=self.row.seo_title, description=self.row.seo_description)

    @batch_field
    async def articles(
        parents: Sequence["Blog"], ctx: Context, first: int | None = None, last: int | None = None,
        after: str | None = None, before: str | None = None, reverse: bool | None = False,
        sort_key: ArticleSortKeys | None = ArticleSortKeys.ID, query: str | None = None,
    ) -> list[ArticleConnection]:  # fmt: skip
        """Its articles. `query`: as of the query `articles`."""
        listing = Listing(
            sees_all(ctx.principal),
            (sort_key or ArticleSortKeys.ID).name,
            page_arguments(first, last, after, before, reverse),
            parse(query),
        )
        pages = await ctx.load_many(articles.article_pages_of, [parent.uuid for parent in parents], listing)
        return [article_connection(ctx, page) for page in pages]

    @batch_field
    async def article_by_handle(parents: Sequence["Blog"], ctx: Context, handle: str) -> list[ArticleKey | None]:
        """Its article with a handle."""
        keys = [(parent.uuid, handle) for parent in parents]
        rows = await ctx.load_many(articles.articles_by_handle, keys, sees_all(ctx.principal))
        return [row and Article.of(row) for row in rows]


@object_type(access=CONTENT)
class BlogEdge(Edge[BlogKey]):
    """A blog and its cursor."""


@object_type(access=CONTENT)
class BlogConnection(Connection[BlogKey]):
    """A page of blogs."""
