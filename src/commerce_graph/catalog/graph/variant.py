"""Variants of products."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Self
from uuid import UUID

import strawberry

from commerce_graph.catalog.graph.media import picture
from commerce_graph.catalog.graph.reading import READ_PRODUCTS, audience
from commerce_graph.catalog.loaders import pictures, variants
from commerce_graph.kernel.auth import LISTINGS
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import ACCESS, batch_field, entities, field, input_type, object_type
from commerce_graph.kernel.hints import CATALOGUE
from commerce_graph.kernel.pages import Connection, Edge
from commerce_graph.kernel.values import Image, WeightUnit
from commerce_graph.keys import ProductKey, ProductVariantKey


@strawberry.enum(description="What a product's variants are sorted by.")
class ProductVariantSortKeys(Enum):
    """Shopify's ProductVariantSortKeys."""

    ID = "ID"
    POSITION = "POSITION"
    RELEVANCE = "RELEVANCE"
    SKU = "SKU"
    TITLE = "TITLE"


@object_type(shareable=True)
class SelectedOption:
    """A variant's value of an option, such as Size: M."""

    name: str = strawberry.field(description="The option's name.")
    value: str = strawberry.field(description="The variant's value of it.")


@input_type
class SelectedOptionInput:
    """A value chosen for an option."""

    name: str
    value: str


@object_type(access=LISTINGS, cache=CATALOGUE)
class ProductVariant(ProductVariantKey):
    """The catalogue's part of a variant: what it is."""

    product_id: strawberry.Private[UUID]
    media_id: strawberry.Private[UUID | None]
    row: strawberry.Private[Any]
    available: strawberry.Private[bool]

    title: str = strawberry.field(description="Its values of the product's options, in one line.")
    sku: str | None = strawberry.field(description="The merchant's article number.")
    barcode: str | None = strawberry.field(description="The barcode, such as a GTIN or an ISBN.")
    weight: float | None = strawberry.field(description="The weight, in `weightUnit`.")
    weight_unit: WeightUnit = strawberry.field(description="What the weight is measured in.", default=WeightUnit.GRAMS)
    requires_shipping: bool = strawberry.field(description="Whether it is sent to the buyer.")
    requires_components: bool = strawberry.field(
        description="Whether it can only be bought as a bundle of other variants.", default=False
    )
    taxable: bool = strawberry.field(description="Whether it is taxed.")
    position: int = strawberry.field(
        description="The place among the product's variants, from 1.", metadata={ACCESS: READ_PRODUCTS}
    )
    created_at: datetime = strawberry.field(description="When it was created.", metadata={ACCESS: READ_PRODUCTS})
    updated_at: datetime = strawberry.field(description="When it last changed.", metadata={ACCESS: READ_PRODUCTS})

    @classmethod
    def of(cls, row: Any) -> Self:
        """Return a row as the entity."""
        return cls(
            uuid=row.id, product_id=row.product_id, media_id=row.media_id, row=row,
            available=row.available, title=row.title, sku=row.sku, barcode=row.barcode, weight=float(row.weight_g),
            requires_shipping=row.requires_shipping, taxable=row.taxable, position=row.position,
            created_at=row.created_at, updated_at=row.updated_at,
        )  # fmt: skip

    @classmethod
    async def load_many(cls, ctx: Context, uuids: Sequence[UUID]) -> list[Self | None]:
        """Load variants of products that the caller may see."""
        rows = await ctx.load_many(variants.variants, uuids, audience(ctx))
        return [row and cls.of(row) for row in rows]

    @field
    def selected_options(self) -> list[SelectedOption]:
        """The variant's value of each option of the product."""
        return [SelectedOption(name=pair["name"], value=pair["value"]) for pair in self.row.selected_options]

    @batch_field
    async def image(parents: Sequence["ProductVariant"], ctx: Context) -> list[Image | None]:
        """The variant's picture, else the product's first."""
        keys = [(parent.product_id, parent.media_id) for parent in parents]
        return [row and picture(ctx, row) for row in await ctx.load_many(pictures.pictures, keys)]

    @batch_field
    async def product(parents: Sequence["ProductVariant"], ctx: Context) -> list[ProductKey]:
        """The product it is a version of."""
        return await entities(ctx, ProductKey, [parent.product_id for parent in parents])


@object_type(access=LISTINGS)
class ProductVariantEdge(Edge[ProductVariantKey]):
    """A variant and its cursor."""


@object_type(access=LISTINGS)
class ProductVariantConnection(Connection[ProductVariantKey]):
    """A page of variants."""


def chosen_pairs(selection: Sequence[SelectedOptionInput] | None) -> list[tuple[str, str]]:
    """Return selected options as pairs of name and value."""
    return [(each.name, each.value) for each in selection or ()]
