"""Change variants of one product, with their prices."""

from decimal import Decimal
from enum import Enum
from typing import Any

import strawberry

from commerce_graph.catalog.service import NewVariant
from commerce_graph.kernel.auth import scopes
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.graph import entities, input_type, mutation, object_type
from commerce_graph.kernel.mutations import Once
from commerce_graph.kernel.values import user_error
from commerce_graph.keys import ProductKey, ProductVariantKey
from commerce_graph.merchandising import service
from commerce_graph.merchandising.graph.inputs import (
    InventoryItemInput,
    VariantContextualPriceInput,
    VariantOptionValueInput,
    goods_of,
    pairs_of,
    text_of,
    weight_of,
)
from commerce_graph.merchandising.graph.refusals import code_of
from commerce_graph.vocabulary import ProductVariantInventoryPolicy

WRITE_PRODUCTS = scopes("write_products")


@strawberry.enum(description="Why a variant was not changed.")
class ProductVariantsBulkUpdateUserErrorCode(Enum):
    """Shopify's ProductVariantsBulkUpdateUserErrorCode, as far as variants here go, with TOO_MANY_VARIANTS."""

    INVALID_INPUT = "INVALID_INPUT"
    NEGATIVE_PRICE_VALUE = "NEGATIVE_PRICE_VALUE"
    PRODUCT_DOES_NOT_EXIST = "PRODUCT_DOES_NOT_EXIST"
    PRODUCT_VARIANT_DOES_NOT_EXIST = "PRODUCT_VARIANT_DOES_NOT_EXIST"
    TOO_MANY_VARIANTS = "TOO_MANY_VARIANTS"
    VARIANT_ALREADY_EXISTS = "VARIANT_ALREADY_EXISTS"


ProductVariantsBulkUpdateUserError: Any = user_error(
    "ProductVariantsBulkUpdateUserError", ProductVariantsBulkUpdateUserErrorCode, "Why a variant was not changed."
)


@input_type
class ProductVariantsBulkInput:
    """Changes of a variant. What is left out stays as it is. Stock is set with `inventorySetQuantities`."""

    id: strawberry.ID
    option_values: list[VariantOptionValueInput] | None = None
    barcode: str | None = None
    price: Decimal | None = None
    compare_at_price: Decimal | None = strawberry.UNSET
    contextual_prices: list[VariantContextualPriceInput] | None = None
    inventory_policy: ProductVariantInventoryPolicy | None = None
    inventory_item: InventoryItemInput | None = None
    media_src: list[str] | None = None
    taxable: bool | None = None


@object_type
class ProductVariantsBulkUpdatePayload:
    """What came of changing variants."""

    product: ProductKey | None = strawberry.field(description="Their product.", default=None)
    product_variants: list[ProductVariantKey] | None = strawberry.field(
        description="The variants that were changed.", default=None
    )
    user_errors: list[ProductVariantsBulkUpdateUserError] = strawberry.field(
        description="Why variants were not changed.", default_factory=list
    )


@object_type(access=WRITE_PRODUCTS)
class VariantsMutation:
    """Variants of a product."""

    @mutation(access=WRITE_PRODUCTS, once=Once.TRANSACTION)
    async def product_variants_bulk_update(
        self,
        info: strawberry.Info,
        product_id: strawberry.ID,
        variants: list[ProductVariantsBulkInput],
        allow_partial_updates: bool | None = False,
    ) -> ProductVariantsBulkUpdatePayload:
        """Change variants of a product and their prices: all or none, or those that can be (`allowPartialUpdates`)."""
        ctx: Context = info.context
        key = ctx.key_of(product_id, "Product")
        try:
            new = [_variant(ctx, index, each) for index, each in enumerate(variants)]
            goods = [goods_of(ctx, each) for each in variants]
            changed, refused = await service.update_variants(
                ctx.database, key, new, goods, ctx.principal.name, partial=bool(allow_partial_updates)
            )
        except Rejected as wrong:
            changed, refused = (), [wrong]
        ctx.forget()
        (product,) = await entities(ctx, ProductKey, [key])
        return ProductVariantsBulkUpdatePayload(
            product=product,
            product_variants=await entities(ctx, ProductVariantKey, changed) if changed or not refused else None,
            user_errors=[_told(each) for each in refused],
        )


def _variant(ctx: Context, index: int, given: ProductVariantsBulkInput) -> NewVariant:
    item = given.inventory_item
    return NewVariant(
        selected_options=pairs_of(given.option_values),
        id=ctx.key_of(given.id, "ProductVariant"),
        sku=text_of(item, "sku"),
        barcode=given.barcode,
        weight_g=weight_of(item, index),
        requires_shipping=item.requires_shipping if item else None,
        taxable=given.taxable,
        media_url=given.media_src[0] if given.media_src else None,
    )


def _told(refused: Rejected) -> Any:
    code = ProductVariantsBulkUpdateUserErrorCode[code_of(refused, ProductVariantsBulkUpdateUserErrorCode)]
    path = ["productId"] if refused.code == "PRODUCT_DOES_NOT_EXIST" else refused.field
    return ProductVariantsBulkUpdateUserError(code=code, field=path, message=refused.message)
