"""Variants of products."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Self
from uuid import UUID

import strawberry

from commerce_graph.catalog.graph.media import picture_of
from commerce_graph.catalog.graph.reading import READ_PRODUCTS, audience
from commerce_graph.catalog.loaders import pictures, variants
from commerce_graph.kernel.auth import LISTINGS
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import batch_field, entities, field, input_type, object_type
from commerce_graph.kernel.hints import CATALOGUE
from commerce_graph.kernel.pages import Connection, Edge
from commerce_graph.kernel.projection import Projected, column
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
class ProductVariant(Projected, ProductVariantKey):
    """The catalogue's part of a variant: what it is."""

    title: str = column("Its values of the product's options, in one line.")
    sku: str | None = column("The merchant's article number.")
    barcode: str | None = column("The barcode, such as a GTIN or an ISBN.")
    requires_shipping: bool = column("Whether it is sent to the buyer.")
    taxable: bool = column("Whether it is taxed.")
    position: int = column("The place among the product's variants, from 1.", READ_PRODUCTS)
    created_at: datetime = column("When it was created.", READ_PRODUCTS)
    updated_at: datetime = column("When it last changed.", READ_PRODUCTS)

    @classmethod
    async def load_many(cls, ctx: Context, uuids: Sequence[UUID]) -> list[Self | None]:
        """Load variants of products that the caller may see."""
        rows = await ctx.load_many(variants.variants, uuids, audience(ctx))
        return [row and cls.of(row) for row in rows]

    @field(reads=("weight_g",))
    def weight(self) -> float | None:
        """The weight, in `weightUnit`."""
        return float(self.row.weight_g)

    @field(reads=())
    def weight_unit(self) -> WeightUnit:
        """What the weight is measured in."""
        return WeightUnit.GRAMS

    @field(reads=())
    def requires_components(self) -> bool:
        """Whether it can only be bought as a bundle of other variants."""
        return False

    @field(reads=("selected_options",))
    def selected_options(self) -> list[SelectedOption]:
        """The variant's value of each option of the product."""
        return [SelectedOption(name=pair["name"], value=pair["value"]) for pair in self.row.selected_options]

    @batch_field(reads=("product_id", "media_id"))
    async def image(parents: Sequence["ProductVariant"], ctx: Context) -> list[Image | None]:
        """The variant's picture, else the product's first."""
        keys = [(parent.row.product_id, parent.row.media_id) for parent in parents]
        return [row and picture_of(ctx, row) for row in await ctx.load_many(pictures.pictures, keys)]

    @batch_field(reads=("product_id",))
    async def product(parents: Sequence["ProductVariant"], ctx: Context) -> list[ProductKey]:
        """The product it is a version of."""
        return await entities(ctx, ProductKey, [parent.row.product_id for parent in parents])


@object_type(access=LISTINGS)
class ProductVariantEdge(Edge[ProductVariantKey]):
    """A variant and its cursor."""


@object_type(access=LISTINGS)
class ProductVariantConnection(Connection[ProductVariantKey]):
    """A page of variants."""


def chosen_pairs(selection: Sequence[SelectedOptionInput] | None) -> list[tuple[str, str]]:
    """Return selected options as pairs of name and value."""
    return [(each.name, each.value) for each in selection or ()]
