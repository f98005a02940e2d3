"""Articles of blogs."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Self
from uuid import UUID

import strawberry

from commerce_graph.content.graph.page import is_past
from commerce_graph.content.loaders import articles
from commerce_graph.content.loaders.audience import READ_CONTENT, sees_all
from commerce_graph.kernel.auth import CONTENT
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import ACCESS, batch_field, entities, field, object_type
from commerce_graph.kernel.hints import PUBLISHED
from commerce_graph.kernel.links import at_public_url
from commerce_graph.kernel.pages import Connection, Edge, Page
from commerce_graph.kernel.texts import shortened
from commerce_graph.kernel.values import HTML, URL, Image
from commerce_graph.keys import ArticleKey, BlogKey
from commerce_graph.vocabulary import SEO


@strawberry.enum(description="What articles are sorted by.")
class ArticleSortKeys(Enum):
    """Shopify's ArticleSortKeys."""

    AUTHOR = "AUTHOR"
    BLOG_TITLE = "BLOG_TITLE"
    ID = "ID"
    PUBLISHED_AT = "PUBLISHED_AT"
    RELEVANCE = "RELEVANCE"
    TITLE = "TITLE"
    UPDATED_AT = "UPDATED_AT"


@object_type(access=CONTENT)
class ArticleAuthor:
    """Who wrote an article."""

    name: str = strawberry.field(description="The name that readers see.")
    bio: str | None = strawberry.field(description="What is told of the author; nothing here.", default=None)
    email: str = strawberry.field(
        description="The author's address, which is told to nobody: always empty.", default=""
    )

    @field
    def first_name(self) -> str:
        """All of the name but its last word."""
        return self.name.rpartition(" ")[0]

    @field
    def last_name(self) -> str:
        """The last word of the name."""
        return self.name.rpartition(" ")[2]


@object_type(access=CONTENT, cache=PUBLISHED)
class Article(ArticleKey):
    """An article of a blog."""

    row: strawberry.Private[Any]

    title: str = strawberry.field(description="The name that readers see.")
    handle: str = strawberry.field(description="The name in addresses: unique in its blog.")
    content_html: HTML = strawberry.field(description="What it says, as HTML.")
    tags: list[str] = strawberry.field(description="Words that articles are grouped by.")
    published_at: datetime | None = strawberry.field(
        description="When it was published, or will be; null where it will not, which only merchants see."
    )
    created_at: datetime = strawberry.field(description="When it was created.", metadata={ACCESS: READ_CONTENT})
    updated_at: datetime = strawberry.field(description="When it last changed.", metadata={ACCESS: READ_CONTENT})
    online_store_url: URL | None = strawberry.field(
        description="Its address in a storefront that this server renders; there is none.", default=None
    )
    tracking_parameters: str | None = strawberry.field(
        description="Parameters to add to links to it, for attribution.", default=None
    )

    @classmethod
    def of(cls, row: Any) -> Self:
        """Return a row as the entity."""
        return cls(
            uuid=row.id, row=row, title=row.title, handle=row.handle, content_html=HTML(row.body), tags=row.tags,
            published_at=row.published_at, created_at=row.created_at, updated_at=row.updated_at,
        )  # fmt: skip

    @classmethod
    async def load_many(cls, ctx: Context, uuids: Sequence[UUID]) -> list[Self | None]:
        """Load articles that the caller may see."""
        rows = await ctx.load_many(articles.articles, uuids, sees_all(ctx.principal))
        return [row and cls.of(row) for row in rows]

    @field
    def content(self, truncate_at: int | None = None) -> str:
        """What it says without markup, cut to `truncateAt` characters."""
        return shortened(self.row.body_text, truncate_at)

    @field
    def excerpt(self, truncate_at: int | None = None) -> str | None:
        """What it is about without markup, cut to `truncateAt` characters; null where nothing was written."""
        return shortened(self.row.excerpt_text, truncate_at) if self.row.excerpt else None

    @field
    def excerpt_html(self) -> HTML | None:
        """What it is about, as HTML; null where nothing was written."""
        return HTML(self.row.excerpt) if self.row.excerpt else None

    @field
    def author_v2(self) -> ArticleAuthor | None:
        """Who wrote it."""
        return ArticleAuthor(name=self.row.author_name)

    @batch_field
    async def blog(parents: Sequence["Article"], ctx: Context) -> list[BlogKey]:
        """The blog it belongs to."""
        return await entities(ctx, BlogKey, [parent.row.blog_id for parent in parents])

    @field
    def image(self, info: strawberry.Info) -> Image | None:
        """The picture that stands for it."""
        if self.row.image_url is None:
            return None
        source = at_public_url(info.context.resources.public_url, self.row.image_url)
        return Image(named=("ArticleImage", self.uuid), alt_text=self.row.image_alt, source=source)

    @field
    def seo(self) -> SEO | None:
        """What search engines are told of it."""
        return SEO(title=self.row.seo_title, description=self.row.seo_description)

    @field(access=READ_CONTENT)
    def is_published(self) -> bool:
        """Whether shoppers see it."""
        return is_past(self.row.published_at)


@object_type(access=CONTENT)
class ArticleEdge(Edge[ArticleKey]):
    """An article and its cursor."""


@object_type(access=CONTENT)
class ArticleConnection(Connection[ArticleKey]):
    """A page of articles."""


def article_connection(ctx: Context, page: Page) -> ArticleConnection:
    """Return a page of articles, and keep them for whoever asks for one of them again."""
    ctx.prime(articles.articles, {row.id: row for row in page.rows}, sees_all(ctx.principal))
    made: ArticleConnection = page.connection(ArticleConnection, ArticleEdge, Article.of)
    return made
