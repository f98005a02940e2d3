"""Set a product: its variants, their prices and their stock, all in one."""

from collections.abc import Sequence
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import strawberry

from commerce_graph.catalog.service import NewMedia, NewOption, NewProduct, NewVariant
from commerce_graph.kernel.auth import scopes
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import Rejected, refused_at
from commerce_graph.kernel.graph import entities, input_type, mutation, object_type
from commerce_graph.kernel.scalars import HTML
from commerce_graph.kernel.values import user_error
from commerce_graph.keys import ProductKey
from commerce_graph.merchandising import service
from commerce_graph.merchandising.graph.inputs import (
    InventoryItemInput,
    ProductSetInventoryInput,
    VariantContextualPriceInput,
    VariantOptionValueInput,
    goods_of,
    pairs_of,
    text_of,
    weight_of,
)
from commerce_graph.merchandising.graph.refusals import code_of
from commerce_graph.vocabulary import ProductStatus, ProductVariantInventoryPolicy, SEOInput

WRITE_PRODUCTS = scopes("write_products")


@strawberry.enum(description="Why a product was not set.")
class ProductSetUserErrorCode(Enum):
    """Shopify's ProductSetUserErrorCode, as far as products here go."""

    DUPLICATED_OPTION_NAME = "DUPLICATED_OPTION_NAME"
    DUPLICATED_OPTION_VALUE = "DUPLICATED_OPTION_VALUE"
    HANDLE_NOT_UNIQUE = "HANDLE_NOT_UNIQUE"
    INVALID_INPUT = "INVALID_INPUT"
    INVALID_VARIANT = "INVALID_VARIANT"
    PRODUCT_DOES_NOT_EXIST = "PRODUCT_DOES_NOT_EXIST"
    PRODUCT_VARIANT_DOES_NOT_EXIST = "PRODUCT_VARIANT_DOES_NOT_EXIST"
    VARIANTS_INPUT_MISSING = "VARIANTS_INPUT_MISSING"
    VARIANTS_OVER_LIMIT = "VARIANTS_OVER_LIMIT"


ProductSetUserError: Any = user_error("ProductSetUserError", ProductSetUserErrorCode, "Why a product was not set.")


@strawberry.enum(description="What a file is.")
class FileContentType(Enum):
    """Shopify's FileContentType, as far as products here go."""

    IMAGE = "IMAGE"


@input_type
class FileSetInput:
    """A picture of a product, by its URL."""

    original_source: str
    alt: str | None = None
    content_type: FileContentType | None = None


@input_type
class OptionValueSetInput:
    """A value of an option."""

    name: str


@input_type
class OptionSetInput:
    """An option with its values. `id` names the present option that gets another name."""

    id: strawberry.ID | None = None
    name: str
    position: int | None = None
    values: list[OptionValueSetInput] | None = None


@input_type
class ProductVariantSetInput:
    """A variant. Without an id it is the one with these option values, or a new one.

    What is left out stays as it is; a new variant then costs nothing, is tracked, shipped and taxed."""

    id: strawberry.ID | None = None
    option_values: list[VariantOptionValueInput] | None = None
    sku: str | None = None
    barcode: str | None = None
    price: Decimal | None = None
    compare_at_price: Decimal | None = strawberry.UNSET
    contextual_prices: list[VariantContextualPriceInput] | None = None
    inventory_policy: ProductVariantInventoryPolicy | None = None
    inventory_item: InventoryItemInput | None = None
    inventory_quantities: list[ProductSetInventoryInput] | None = None
    file: FileSetInput | None = None
    taxable: bool | None = None
    position: int | None = None


@input_type
class ProductSetInput:
    """A product as it shall be. A list is the whole list: variants, files and collections not in it are taken away;
    a list or field that is left out stays as it is. Collections are those picked by hand."""

    id: strawberry.ID | None = None
    handle: str | None = None
    title: str | None = None
    description_html: HTML | None = None
    product_type: str | None = None
    vendor: str | None = None
    status: ProductStatus | None = None
    tags: list[str] | None = None
    seo: SEOInput | None = None
    collections: list[strawberry.ID] | None = None
    files: list[FileSetInput] | None = None
    product_options: list[OptionSetInput] | None = None
    variants: list[ProductVariantSetInput] | None = None


@input_type
class ProductSetIdentifiers:
    """Which product to set: by id, or by handle, which makes a new one where there is none. Without it, and without
    an id in the input, a new product is made."""

    id: strawberry.ID | None = None
    handle: str | None = None


@object_type
class ProductSetPayload:
    """What came of setting a product."""

    product: ProductKey | None = strawberry.field(description="The product as it is now.", default=None)
    user_errors: list[ProductSetUserError] = strawberry.field(
        description="Why nothing was written.", default_factory=list
    )


@object_type(access=WRITE_PRODUCTS)
class ProductMutation:
    """Products as a whole."""

    @mutation(access=WRITE_PRODUCTS)
    async def product_set(
        self,
        info: strawberry.Info,
        input: ProductSetInput,
        identifier: ProductSetIdentifiers | None = None,
        synchronous: bool = True,
    ) -> ProductSetPayload:
        """Create or update a product with its variants, prices and stock: all of it, or nothing.

        It is always done when the answer comes, whatever `synchronous` says."""
        ctx: Context = info.context
        try:
            with refused_at("input"):
                product, goods = _read(ctx, input)
                wanted = ctx.key_of(identifier.id, "Product") if identifier and identifier.id else None
                async with ctx.database.begin() as tx:
                    product = await service.identified(tx, product, wanted, identifier.handle if identifier else None)
                    saved = await service.set_product(tx, product, goods, ctx.principal.name)
        except Rejected as refused:
            raise Rejected(code_of(refused, ProductSetUserErrorCode), refused.field, refused.message) from None
        ctx.forget()
        (shown,) = await entities(ctx, ProductKey, [saved.id])
        return ProductSetPayload(product=shown)


def _read(ctx: Context, input: ProductSetInput) -> tuple[NewProduct, list[service.Goods] | None]:
    variants = input.variants
    files = None if input.files is None else [NewMedia(each.original_source, each.alt) for each in input.files]
    product = NewProduct(
        id=_key(ctx, input.id, "Product"),
        handle=input.handle,
        title=input.title,
        description_html=input.description_html,
        product_type=input.product_type,
        vendor=input.vendor,
        status=input.status.name if input.status else None,
        tags=input.tags,
        seo_title=text_of(input.seo, "title"),
        seo_description=text_of(input.seo, "description"),
        options=_options(ctx, input.product_options),
        variants=None if variants is None else [_variant(ctx, index, each) for index, each in enumerate(variants)],
        media=files,
        collection_ids=None if input.collections is None else [ctx.key_of(c, "Collection") for c in input.collections],
    )
    return product, None if variants is None else [goods_of(ctx, each) for each in variants]


def _options(ctx: Context, options: Sequence[OptionSetInput] | None) -> list[NewOption] | None:
    if options is None:
        return None
    ordered = sorted(enumerate(options, 1), key=lambda pair: (pair[1].position or pair[0], pair[0]))
    return [
        NewOption(each.name, [value.name for value in each.values or ()], _key(ctx, each.id, "ProductOption"))
        for _, each in ordered
    ]


def _variant(ctx: Context, index: int, given: ProductVariantSetInput) -> NewVariant:
    item = given.inventory_item
    return NewVariant(
        selected_options=pairs_of(given.option_values),
        id=_key(ctx, given.id, "ProductVariant"),
        sku=given.sku if given.sku is not None else text_of(item, "sku"),
        barcode=given.barcode,
        weight_g=weight_of(item, index),
        requires_shipping=item.requires_shipping if item else None,
        taxable=given.taxable,
        media_url=given.file.original_source if given.file else None,
        position=given.position,
    )


def _key(ctx: Context, gid: str | None, kind: str) -> UUID | None:
    return ctx.key_of(gid, kind) if gid else None
