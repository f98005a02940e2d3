"""Pages."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Self
from uuid import UUID

import strawberry

from commerce_graph.content.loaders import pages
from commerce_graph.content.loaders.audience import READ_CONTENT, sees_all
from commerce_graph.kernel.auth import CONTENT
from commerce_graph.kernel.clock import now
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import ACCESS, field, object_type
from commerce_graph.kernel.hints import PUBLISHED
from commerce_graph.kernel.pages import Connection, Edge
from commerce_graph.kernel.texts import shortened
from commerce_graph.kernel.values import HTML, URL
from commerce_graph.keys import PageKey
from commerce_graph.vocabulary import SEO

SUMMARY_CHARS_MAX = 150


@strawberry.enum(description="What pages are sorted by.")
class PageSortKeys(Enum):
    """Shopify's PageSortKeys."""

    ID = "ID"
    RELEVANCE = "RELEVANCE"
    TITLE = "TITLE"
    UPDATED_AT = "UPDATED_AT"


@object_type(access=CONTENT, cache=PUBLISHED)
class Page(PageKey):
    """A page that the shop publishes."""

    row: strawberry.Private[Any]

    title: str = strawberry.field(description="The name that shoppers read.")
    handle: str = strawberry.field(description="The name in addresses: unique, of letters, digits and hyphens.")
    body: HTML = strawberry.field(description="What it says, as HTML.")
    created_at: datetime = strawberry.field(description="When it was created.")
    updated_at: datetime = strawberry.field(description="When it last changed.")
    published_at: datetime | None = strawberry.field(
        description="Since when shoppers see it, or when they will; null where they will not.",
        metadata={ACCESS: READ_CONTENT},
    )
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
            uuid=row.id, row=row, title=row.title, handle=row.handle, body=HTML(row.body), created_at=row.created_at,
            updated_at=row.updated_at, published_at=row.published_at,
        )  # fmt: skip

    @classmethod
    async def load_many(cls, ctx: Context, uuids: Sequence[UUID]) -> list[Self | None]:
        """Load pages that the caller may see."""
        rows = await ctx.load_many(pages.pages, uuids, sees_all(ctx.principal))
        return [row and cls.of(row) for row in rows]

    @field
    def body_summary(self) -> str:
        """The beginning of what it says, without markup."""
        return shortened(self.row.body_text, SUMMARY_CHARS_MAX)

    @field
    def seo(self) -> SEO | None:
        """What search engines are told of it."""
        return SEO(title=self.row.seo_title, description=self.row.seo_description)

    @field(access=READ_CONTENT)
    def is_published(self) -> bool:
        """Whether shoppers see it."""
        return is_past(self.row.published_at)


def is_past(moment: datetime | None) -> bool:
    """Tell whether a moment is set and has come."""
    return moment is not None and moment <= now()


@object_type(access=CONTENT)
class PageEdge(Edge[PageKey]):
    """A page and its cursor."""


@object_type(access=CONTENT)
class PageConnection(Connection[PageKey]):
    """A page of the list of pages."""
