"""The options of a product and their values."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import strawberry

from commerce_graph.catalog.graph.media import Media
from commerce_graph.catalog.graph.variant import ProductVariant
from commerce_graph.catalog.loaders import variants
from commerce_graph.catalog.loaders.choices import first_with
from commerce_graph.kernel.auth import LISTINGS
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import batch_field, field, object_type
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.scalars import Color
from commerce_graph.keys import ProductVariantKey


@object_type(access=LISTINGS)
class ProductOptionValueSwatch:
    """How a value of an option looks."""

    color: Color | None = strawberry.field(description="Its colour.", default=None)
    image: Media | None = strawberry.field(description="A picture of it.", default=None)


@object_type(access=LISTINGS)
class ProductOptionValue:
    """A value that can be chosen for an option, such as M."""

    product_id: strawberry.Private[UUID]
    options: strawberry.Private[Sequence[Mapping[str, Any]]]
    option: strawberry.Private[str]

    id: strawberry.ID = strawberry.field(description="A globally unique id.")
    name: str = strawberry.field(description="The value.")
    swatch: ProductOptionValueSwatch | None = strawberry.field(description="How it looks.", default=None)

    @batch_field
    async def first_selectable_variant(
        parents: Sequence["ProductOptionValue"], ctx: Context
    ) -> list[ProductVariantKey | None]:
        """The variant with this value whose other values come first in their options."""
        found = await ctx.load_many(variants.variants_of, [parent.product_id for parent in parents])
        chosen = [first_with(all_, p.options, p.option, p.name) for p, all_ in zip(parents, found, strict=True)]
        return [row and ProductVariant.of(row) for row in chosen]


@object_type(access=LISTINGS)
class ProductOption:
    """What a shopper chooses about a product, such as its size."""

    choices: strawberry.Private[list[ProductOptionValue]]

    id: strawberry.ID = strawberry.field(description="A globally unique id.")
    name: str = strawberry.field(description="The option's name.")

    @field
    def option_values(self) -> list[ProductOptionValue]:
        """The values that can be chosen, in the merchant's order."""
        return self.choices

    @field(deprecation_reason="Use `optionValues` instead.")
    def values(self) -> list[str]:
        """The names of the values."""
        return [value.name for value in self.choices]


def product_options(product_id: UUID, options: Sequence[Mapping[str, Any]]) -> list[ProductOption]:
    """Return a product's stored options as the graph's."""
    return [
        ProductOption(
            id=strawberry.ID(to_gid("ProductOption", option["id"])),
            name=option["name"],
            choices=[
                ProductOptionValue(
                    product_id=product_id,
                    options=options,
                    option=option["name"],
                    id=strawberry.ID(to_gid("ProductOptionValue", value["id"])),
                    name=value["name"],
                )
                for value in option["values"]
            ],
        )
        for option in options
    ]
