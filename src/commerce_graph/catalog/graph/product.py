"""Products."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from commerce_graph.catalog.graph.facet import shown_facets
from commerce_graph.catalog.graph.media import (
    ImageConnection,
    ImageEdge,
    MediaConnection,
    MediaEdge,
    ProductImageSortKeys,
    ProductMediaSortKeys,
    media_image,
    picture,
    picture_of,
)
from commerce_graph.catalog.graph.option import ProductOption, product_options
from commerce_graph.catalog.graph.presented import Presented
from commerce_graph.catalog.graph.reading import READ_PRODUCTS, audience
from commerce_graph.catalog.graph.variant import (
    ProductVariant,
    ProductVariantConnection,
    ProductVariantEdge,
    ProductVariantSortKeys,
    SelectedOptionInput,
    chosen_pairs,
)
from commerce_graph.catalog.loaders import pictures, products, variants
from commerce_graph.catalog.loaders.choices import adjacent, chosen_or_first, exactly, known_choice, positions
from commerce_graph.catalog.loaders.encoding import encode
from commerce_graph.catalog.loaders.products import PICTURE
from commerce_graph.catalog.service import FacetList
from commerce_graph.kernel.auth import LISTINGS
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.graph import batch_field, field, object_type
from commerce_graph.kernel.hints import CATALOGUE, NEVER
from commerce_graph.kernel.pages import Connection, Edge, Page, connections, page_arguments
from commerce_graph.kernel.projection import Columns, column
from commerce_graph.kernel.values import Image
from commerce_graph.keys import ProductKey, ProductVariantKey
from commerce_graph.vocabulary import Count, Filter, ProductStatus


@object_type(access=LISTINGS)
class TaxonomyCategory:
    """A place in a taxonomy of products."""

    id: strawberry.ID = strawberry.field(description="A globally unique id.")
    name: str = strawberry.field(description="The category's name.")
    ancestors: list["TaxonomyCategory"] = strawberry.field(description="The categories above it.")


@object_type(access=LISTINGS, cache=CATALOGUE)
class Product(Presented, ProductKey):
    """The catalogue's part of a product: what it is, and its variants, media and collections."""

    product_type: str = column("The kind of product, in the merchant's words.")
    vendor: str = column("Who makes or sells it.")
    tags: list[str] = column("Words that the merchant groups products by.")
    created_at: datetime = column("When it was created.")
    published_at: datetime | None = column("When it came into the sales channel.")

    @classmethod
    async def load_many(cls, ctx: Context, uuids: Sequence[UUID]) -> list[Self | None]:
        """Load products that the caller may see."""
        rows = await ctx.load_many(products.products, uuids, audience(ctx))
        return [row and cls.of(row) for row in rows]

    @field(access=READ_PRODUCTS, reads=("status",))
    def status(self) -> ProductStatus:
        """How far it is on its way to the shopper."""
        return ProductStatus[self.row.status]

    @field(reads=())
    def is_gift_card(self) -> bool:
        """Whether it is a gift card."""
        return False

    @field(reads=())
    def requires_selling_plan(self) -> bool:
        """Whether it is only sold by subscription."""
        return False

    @field(reads=())
    def category(self) -> TaxonomyCategory | None:
        """Its place in a taxonomy."""
        return None

    @field(reads=("options",))
    def options(self, first: int | None = None) -> list[ProductOption]:
        """What a shopper chooses about it; the first few, or all."""
        if first is not None and first < 0:
            raise RequestError("BAD_USER_INPUT", f"`first` must not be negative, not {first}")
        return product_options(self.uuid, self.row.options)[:first]

    @batch_field(reads=())
    async def variants(
        parents: Sequence["Product"], ctx: Context, first: int | None = None, last: int | None = None,
        after: str | None = None, before: str | None = None, reverse: bool | None = False,
        sort_key: ProductVariantSortKeys | None = ProductVariantSortKeys.POSITION, columns: Columns = None,
    ) -> list[ProductVariantConnection]:  # fmt: skip
        """Its variants."""
        args = page_arguments(first, last, after, before, reverse)
        order = sort_key.name if sort_key and sort_key is not ProductVariantSortKeys.RELEVANCE else "POSITION"
        pages = await ctx.load_many(variants.variant_pages, [parent.uuid for parent in parents], order, args, columns)
        return connections(pages, ProductVariantConnection, ProductVariantEdge, ProductVariant.all_of)

    @batch_field(reads=())
    async def variants_count(parents: Sequence["Product"], ctx: Context) -> list[Count | None]:
        """How many variants it has."""
        counts = await ctx.load_many(products.variant_counts, [parent.uuid for parent in parents])
        return [Count(count=count) for count in counts]

    @batch_field(reads=("options",))
    async def variant_by_selected_options(
        parents: Sequence["Product"], ctx: Context, selected_options: list[SelectedOptionInput],
        ignore_unknown_options: bool | None = False, case_insensitive_match: bool | None = False,
    ) -> list[ProductVariantKey | None]:  # fmt: skip
        """The variant with the selected options, the first of them where they leave several."""
        wanted = chosen_pairs(selected_options)
        told = {"ignore_unknown": bool(ignore_unknown_options), "any_case": bool(case_insensitive_match)}
        found = await ctx.load_many(variants.variants_of, [parent.uuid for parent in parents])
        rows = [
            exactly(rows, known_choice(parent.row.options, wanted, **told))
            for parent, rows in zip(parents, found, strict=True)
        ]
        return [row and ProductVariant.of(row) for row in rows]

    @batch_field(reads=("options",))
    async def selected_or_first_available_variant(
        parents: Sequence["Product"], ctx: Context, selected_options: list[SelectedOptionInput] | None = None,
        ignore_unknown_options: bool | None = True, case_insensitive_match: bool | None = False,
    ) -> list[ProductVariantKey | None]:  # fmt: skip
        """The variant with the selected options, else the first that can be bought, else the first."""
        keys = [parent.uuid for parent in parents]
        wanted = chosen_pairs(selected_options)
        if not wanted:
            rows = await ctx.load_many(variants.first_available, keys)
            return [row and ProductVariant.of(row) for row in rows]
        told = {"ignore_unknown": bool(ignore_unknown_options), "any_case": bool(case_insensitive_match)}
        found = await ctx.load_many(variants.variants_of, keys)
        rows = [
            chosen_or_first(rows, known_choice(parent.row.options, wanted, **told))
            for parent, rows in zip(parents, found, strict=True)
        ]
        return [row and ProductVariant.of(row) for row in rows]

    @batch_field(reads=("options",))
    async def adjacent_variants(
        parents: Sequence["Product"], ctx: Context, selected_options: list[SelectedOptionInput] | None = None,
        ignore_unknown_options: bool | None = True, case_insensitive_match: bool | None = False,
    ) -> list[list[ProductVariantKey]]:  # fmt: skip
        """The variants that differ in one option from the selected ones, else from the first that can be bought."""
        wanted = chosen_pairs(selected_options)
        told = {"ignore_unknown": bool(ignore_unknown_options), "any_case": bool(case_insensitive_match)}
        found = await ctx.load_many(variants.variants_of, [parent.uuid for parent in parents])
        near = [
            adjacent(rows, parent.row.options, known_choice(parent.row.options, wanted, **told))
            for parent, rows in zip(parents, found, strict=True)
        ]
        return [[ProductVariant.of(row) for row in rows] for rows in near]

    @batch_field(reads=("options",))
    async def encoded_variant_existence(parents: Sequence["Product"], ctx: Context) -> list[str | None]:
        """Which combinations of option values there are, in Shopify's v1 encoding."""
        found = await ctx.load_many(variants.variants_of, [parent.uuid for parent in parents])
        return [
            encode(positions(row, parent.row.options) for row in rows)
            for parent, rows in zip(parents, found, strict=True)
        ]

    @batch_field(reads=("options",))
    async def encoded_variant_availability(parents: Sequence["Product"], ctx: Context) -> list[str | None]:
        """Which combinations of option values can be bought, in Shopify's v1 encoding."""
        found = await ctx.load_many(variants.variants_of, [parent.uuid for parent in parents])
        return [
            encode(positions(row, parent.row.options) for row in rows if row.available)
            for parent, rows in zip(parents, found, strict=True)
        ]

    @batch_field(reads=())
    async def media(
        parents: Sequence["Product"], ctx: Context, first: int | None = None, last: int | None = None,
        after: str | None = None, before: str | None = None, reverse: bool | None = False,
        sort_key: ProductMediaSortKeys | None = ProductMediaSortKeys.POSITION,
    ) -> list[MediaConnection]:  # fmt: skip
        """Its media."""
        args = page_arguments(first, last, after, before, reverse)
        order = "ID" if sort_key is ProductMediaSortKeys.ID else "POSITION"
        pages = await ctx.load_many(pictures.media_pages, [parent.uuid for parent in parents], order, args)
        return [page.connection(MediaConnection, MediaEdge, lambda row: media_image(ctx, row)) for page in pages]

    @batch_field(reads=())
    async def images(
        parents: Sequence["Product"], ctx: Context, first: int | None = None, last: int | None = None,
        after: str | None = None, before: str | None = None, reverse: bool | None = False,
        sort_key: ProductImageSortKeys | None = ProductImageSortKeys.POSITION,
    ) -> list[ImageConnection]:  # fmt: skip
        """Its pictures."""
        args = page_arguments(first, last, after, before, reverse)
        by_age = sort_key in (ProductImageSortKeys.ID, ProductImageSortKeys.CREATED_AT)
        keys = [parent.uuid for parent in parents]
        pages = await ctx.load_many(pictures.media_pages, keys, "ID" if by_age else "POSITION", args)
        return [page.connection(ImageConnection, ImageEdge, lambda row: picture_of(ctx, row)) for page in pages]

    @batch_field(reads=(PICTURE,))
    async def featured_image(parents: Sequence["Product"], ctx: Context) -> list[Image | None]:
        """Its first picture."""
        unread = [(parent.uuid, None) for parent in parents if PICTURE not in parent.row._fields]
        if unread:  # they are of no list, which reads it with its products
            rows = await ctx.load_many(pictures.pictures, unread)
            found = {key: row and picture_of(ctx, row) for (key, _), row in zip(unread, rows, strict=True)}
            return [found[each.uuid] if each.uuid in found else _listed(ctx, each) for each in parents]
        return [_listed(ctx, parent) for parent in parents]


def _listed(ctx: Context, listed: Product) -> Image | None:
    shown = listed.row.picture
    return shown and picture(ctx, *shown)


@object_type(access=LISTINGS)
class ProductEdge(Edge[ProductKey]):
    """A product and its cursor."""


@object_type(access=LISTINGS)
class ProductConnection(Connection[ProductKey]):
    """A page of products."""

    listed: strawberry.Private[FacetList | None] = None

    # The search engine counts them, and may be a moment behind.
    @batch_field(cache=NEVER, cost=20)
    async def filters(parents: Sequence["ProductConnection"], ctx: Context) -> list[list[Filter]]:
        """The choices by which the whole list can be narrowed; each counts what it would leave in place of the other
        choices of its kind that are on now."""
        return await shown_facets(ctx, [parent.listed for parent in parents])


def product_connection(ctx: Context, page: Page, listed: FacetList, columns: Columns) -> ProductConnection:
    """Return a page of a list of products, and keep whole rows for whoever asks for one of them again."""
    if columns is None:
        ctx.prime(products.products, {row.id: row for row in page.rows}, audience(ctx))
    return ProductConnection(page=page, shown=Product.all_of(page.rows), edge=ProductEdge, listed=listed)
