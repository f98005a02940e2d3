"""Media of products and the pictures in them."""

from enum import Enum
from typing import Any
from uuid import UUID

import strawberry

from commerce_graph.kernel.auth import LISTINGS
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import interface, object_type
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.links import at_public_url
from commerce_graph.kernel.pages import Connection, Edge
from commerce_graph.kernel.values import Image


@strawberry.enum(description="What kind of thing a medium is.")
class MediaContentType(Enum):
    """Shopify's MediaContentType."""

    EXTERNAL_VIDEO = "EXTERNAL_VIDEO"
    IMAGE = "IMAGE"
    MODEL_3D = "MODEL_3D"
    VIDEO = "VIDEO"


@strawberry.enum(description="What a product's media are sorted by.")
class ProductMediaSortKeys(Enum):
    """Shopify's ProductMediaSortKeys."""

    ID = "ID"
    POSITION = "POSITION"
    RELEVANCE = "RELEVANCE"


@strawberry.enum(description="What a product's pictures are sorted by.")
class ProductImageSortKeys(Enum):
    """Shopify's ProductImageSortKeys."""

    CREATED_AT = "CREATED_AT"
    ID = "ID"
    POSITION = "POSITION"
    RELEVANCE = "RELEVANCE"


@interface
class Media:
    """Something to look at with a product."""

    id: strawberry.ID = strawberry.field(description="A globally unique id.")
    alt: str | None = strawberry.field(description="What it shows, in words.", default=None)
    media_content_type: MediaContentType = strawberry.field(description="What kind of thing it is.")
    preview_image: Image | None = strawberry.field(description="A picture that stands for it.", default=None)


@object_type(access=LISTINGS)
class MediaImage(Media):
    """A picture of a product."""

    image: Image | None = strawberry.field(description="The picture.", default=None)


@object_type(access=LISTINGS)
class MediaEdge(Edge[Media]):
    """A medium and its cursor."""


@object_type(access=LISTINGS)
class MediaConnection(Connection[Media]):
    """A page of media."""


@object_type(access=LISTINGS)
class ImageEdge(Edge[Image]):
    """A picture and its cursor."""


@object_type(access=LISTINGS)
class ImageConnection(Connection[Image]):
    """A page of pictures."""


def picture(ctx: Context, id: UUID | str, url: str, alt: str | None, width: int | None, height: int | None) -> Image:
    """Return a medium as a picture."""
    return Image(
        named=("ProductImage", id),
        alt_text=alt,
        width=width,
        height=height,
        source=at_public_url(ctx.resources.public_url, url),
    )


def picture_of(ctx: Context, row: Any) -> Image:
    """Return a row of media as a picture."""
    return picture(ctx, row.id, row.url, row.alt, row.width, row.height)


def media_image(ctx: Context, row: Any) -> MediaImage:
    """Return a row of media as a medium."""
    shown = picture_of(ctx, row)
    return MediaImage(
        id=strawberry.ID(to_gid("MediaImage", row.id)),
        alt=row.alt,
        media_content_type=MediaContentType.IMAGE,
        preview_image=shown,
        image=shown,
    )
