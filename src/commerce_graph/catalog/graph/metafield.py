"""Metafields: what a merchant adds to products and variants beyond what the catalogue knows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self

import strawberry

from commerce_graph.catalog.graph.reading import audience
from commerce_graph.catalog.loaders.metafields import metafields
from commerce_graph.catalog.rules.metafields import DEFAULT_NAMESPACE
from commerce_graph.kernel.auth import LISTINGS
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.graph import EntityKey, batch_field, entities, input_type, interface, object_type
from commerce_graph.kernel.hints import CATALOGUE, NEVER
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.limits import METAFIELD_IDENTIFIERS_MAX
from commerce_graph.kernel.texts import storable
from commerce_graph.keys import ProductKey, ProductVariantKey

OWNERS = {"Product": "PRODUCT", "ProductVariant": "PRODUCTVARIANT"}
"""Types of owners, by the names of their entities."""

MetafieldParentResource = Annotated[
    ProductKey | ProductVariantKey,
    strawberry.union("MetafieldParentResource", description="What a metafield belongs to."),
]


@object_type(access=LISTINGS)
class Metafield:
    """A value that a merchant added to a product or a variant. Shoppers see it where its definition says so."""

    row: strawberry.Private[Any]

    id: strawberry.ID = strawberry.field(description="A globally unique id.")
    namespace: str = strawberry.field(description="The group of metafields that it belongs to.")
    key: str = strawberry.field(description="Its name within the namespace.")
    type: str = strawberry.field(description="The name of its type, such as `single_line_text_field`.")
    value: str = strawberry.field(description="The value as text, whatever the type; a list as JSON.")
    description: str | None = strawberry.field(description="What its definition says of it.")
    created_at: datetime = strawberry.field(description="When it was created.")
    updated_at: datetime = strawberry.field(description="When it last changed.")

    @classmethod
    def of(cls, row: Any) -> Self:
        """Return a row as the graph's metafield."""
        return cls(
            row=row, id=strawberry.ID(to_gid("Metafield", row.id)), namespace=row.namespace, key=row.key,
            type=row.type, value=row.value, description=row.description, created_at=row.created_at,
            updated_at=row.updated_at,
        )  # fmt: skip

    @batch_field(cache=NEVER)
    async def parent_resource(parents: Sequence["Metafield"], ctx: Context) -> list[MetafieldParentResource]:
        """What it belongs to."""
        of_products = [parent.row.product_id if parent.row.variant_id is None else None for parent in parents]
        found = await entities(ctx, ProductKey, of_products)
        variants = await entities(ctx, ProductVariantKey, [parent.row.variant_id for parent in parents])
        return [mine or theirs for mine, theirs in zip(found, variants, strict=True)]


@input_type
class HasMetafieldsIdentifier:
    """Which metafield of something; without a namespace, the one in `custom`."""

    namespace: str | None = None
    key: str


@interface
class HasMetafields:
    """What metafields can be added to."""

    @batch_field(access=LISTINGS, cache=CATALOGUE)
    async def metafield(
        parents: Sequence[EntityKey], ctx: Context, key: str, namespace: str | None = None
    ) -> list[Metafield | None]:
        """A metafield by namespace and key; without a namespace, the one in `custom`."""
        return [found for (found,) in await _found(ctx, parents, [(namespace, key)])]

    @batch_field(access=LISTINGS, cache=CATALOGUE)
    async def metafields(
        parents: Sequence[EntityKey], ctx: Context, identifiers: list[HasMetafieldsIdentifier]
    ) -> list[list[Metafield | None]]:
        """The metafields with these identifiers, in order; null where there is none, or none that the caller may
        see."""
        if len(identifiers) > METAFIELD_IDENTIFIERS_MAX:
            told = f"`identifiers` has {len(identifiers)} members; the limit is {METAFIELD_IDENTIFIERS_MAX}"
            raise RequestError("BAD_USER_INPUT", told)
        return await _found(ctx, parents, [(each.namespace, each.key) for each in identifiers])


async def _found(
    ctx: Context, parents: Sequence[EntityKey], names: Sequence[tuple[str | None, str]]
) -> list[list[Metafield | None]]:
    # What cannot be stored names nothing, and PostgreSQL would not take it.
    named = [(space or DEFAULT_NAMESPACE, key) if storable(f"{space}{key}") else ("", "") for space, key in names]
    keys = [(OWNERS[parent.kind], parent.uuid, *name) for parent in parents for name in named]
    rows = await ctx.load_many(metafields, keys, audience(ctx).everything)
    made = [row and Metafield.of(row) for row in rows]
    many = len(named)
    return [made[place * many : (place + 1) * many] for place in range(len(parents))]


@object_type(name="Product", access=LISTINGS)
class ProductMetafields(ProductKey, HasMetafields):
    """The metafields of a product."""


@object_type(name="ProductVariant", access=LISTINGS)
class ProductVariantMetafields(ProductVariantKey, HasMetafields):
    """The metafields of a variant."""
