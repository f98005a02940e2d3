"""Products: create and update."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class NewVariant:
    """A variant to write; `id` None makes a new one, or takes the one of the product with the same options."""

    selected_options: Sequence[tuple[str, str]] | None = None
    id: UUID | None = None
    sku: str | None = None
    barcode: str | None = None
    weight_g: int | None = None
    requires_shipping: bool | None = None
    taxable: bool | None = None
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
