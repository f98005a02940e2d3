"""The catalogue's use cases, and the only door to it for other domains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class Merchandise:
    """A variant with what a cart or an order line has to know of it."""

    variant_id: UUID
    product_id: UUID
    product_title: str
    variant_title: str
    handle: str
    vendor: str
    sku: str | None
    weight_g: int
    requires_shipping: bool
    taxable: bool
    image_url: str | None
    selected_options: Sequence[Mapping[str, str]]


async def merchandise(
    conn: AsyncConnection, variant_ids: Sequence[UUID], channel_id: UUID | None
) -> Sequence[Merchandise | None]:
    """Return variants that may be sold in a channel: their product is ACTIVE and published there (None: any channel).

    Shape: n keys → n results in input order, None where it may not be sold; 1 statement.
    """
    raise NotImplementedError


async def variant_ids_of(conn: AsyncConnection, product_ids: Sequence[UUID]) -> Sequence[Sequence[UUID]]:
    """Return the variants of products in their order. Shape: n keys → n lists in input order; 1 statement."""
    raise NotImplementedError


async def note_price_ranges(tx: AsyncConnection, ranges: Sequence[tuple[UUID, UUID, int, int]]) -> None:
    """Keep the read model of prices: (product, market, min_minor, max_minor). Called in the price's transaction.

    Locks: the product's price rows, in order of product and market.
    """
    raise NotImplementedError


async def note_availability(tx: AsyncConnection, available: Mapping[UUID, bool]) -> None:
    """Keep the read model of availability, by variant. Called where stock crosses the line, in its transaction.

    Locks: the variants' rows, then their products', each in order of id.
    """
    raise NotImplementedError


async def note_sales(tx: AsyncConnection, sold: Mapping[UUID, int]) -> None:
    """Add sold quantities to products, for BEST_SELLING. Locks: the products' rows in order of id."""
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class NewVariant:
    """A variant to write; `id` None makes a new one, or takes the one of the product with the same options."""

    selected_options: Sequence[tuple[str, str]]
    id: UUID | None = None
    sku: str | None = None
    barcode: str | None = None
    weight_g: int = 0
    requires_shipping: bool = True
    taxable: bool = True
    media_url: str | None = None


@dataclass(frozen=True, slots=True)
class NewMedia:
    """A picture to write."""

    url: str
    alt: str | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class NewProduct:
    """A product to write; None leaves a field as it is (or at its default for a new one)."""

    id: UUID | None = None
    handle: str | None = None
    title: str | None = None
    description_html: str | None = None
    product_type: str | None = None
    vendor: str | None = None
    status: str | None = None
    tags: Sequence[str] | None = None
    seo_title: str | None = None
    seo_description: str | None = None
    options: Sequence[tuple[str, Sequence[str]]] | None = None
    variants: Sequence[NewVariant] | None = None  # the whole list: variants not named are removed
    media: Sequence[NewMedia] | None = None
    collection_ids: Sequence[UUID] | None = None  # of collections picked by hand
    published: bool | None = None  # in every sales channel


@dataclass(frozen=True, slots=True)
class SavedProduct:
    """A written product with its variants in the order of the input."""

    id: UUID
    handle: str
    created: bool
    variant_ids: Sequence[UUID]
    removed_variant_ids: Sequence[UUID]
    updated_at: datetime


async def save_product(tx: AsyncConnection, product: NewProduct) -> SavedProduct:
    """Create or update a product with its options, variants, media and memberships.

    A product is found by id, else by handle. A handle is made from the title where none is given.
    Limits: VARIANTS_PER_PRODUCT_MAX, TITLE_CHARS_MAX, HANDLE_CHARS_MAX.
    Locks: the product's row.
    Emits: ProductChanged.
    Raises: Rejected(PRODUCT_DOES_NOT_EXIST | HANDLE_NOT_UNIQUE | INVALID_INPUT | ...), `field` relative to the product.
    """
    raise NotImplementedError


async def update_variants(tx: AsyncConnection, product_id: UUID, variants: Sequence[NewVariant]) -> None:
    """Update fields of existing variants of one product; None leaves a field as it is.

    Locks: the product's row.
    Emits: ProductChanged.
    Raises: Rejected(PRODUCT_DOES_NOT_EXIST | PRODUCT_VARIANT_DOES_NOT_EXIST | INVALID_INPUT).
    """
    raise NotImplementedError
