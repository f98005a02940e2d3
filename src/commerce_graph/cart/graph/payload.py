"""What comes of a change of a cart, in the graph."""

from typing import TypeVar
from uuid import UUID

import strawberry

from commerce_graph.cart.errors import CartUserError, CartWarningCode
from commerce_graph.cart.graph.cart import Cart, the_cart
from commerce_graph.cart.service import Buyer, Notice, Written, no_such_cart
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import object_type
from commerce_graph.kernel.ids import to_gid


@object_type
class CartWarning:
    """What a change of a cart could not do in full."""

    code: CartWarningCode
    message: str
    target: strawberry.ID


@object_type
class CartEdited:
    """What came of a change of a cart."""

    cart: Cart | None = None
    user_errors: list[CartUserError] = strawberry.field(default_factory=list)
    warnings: list[CartWarning] = strawberry.field(default_factory=list)


Edited = TypeVar("Edited", bound=CartEdited)


@object_type
class CartCreatePayload(CartEdited):
    """What came of `cartCreate`."""


@object_type
class CartLinesAddPayload(CartEdited):
    """What came of `cartLinesAdd`."""


@object_type
class CartLinesUpdatePayload(CartEdited):
    """What came of `cartLinesUpdate`."""


@object_type
class CartLinesRemovePayload(CartEdited):
    """What came of `cartLinesRemove`."""


@object_type
class CartBuyerIdentityUpdatePayload(CartEdited):
    """What came of `cartBuyerIdentityUpdate`."""


@object_type
class CartNoteUpdatePayload(CartEdited):
    """What came of `cartNoteUpdate`."""


@object_type
class CartAttributesUpdatePayload(CartEdited):
    """What came of `cartAttributesUpdate`."""


@object_type
class CartDiscountCodesUpdatePayload(CartEdited):
    """What came of `cartDiscountCodesUpdate`."""


@object_type
class CartGiftCardCodesAddPayload(CartEdited):
    """What came of `cartGiftCardCodesAdd`."""


@object_type
class CartGiftCardCodesRemovePayload(CartEdited):
    """What came of `cartGiftCardCodesRemove`."""


@object_type
class CartGiftCardCodesUpdatePayload(CartEdited):
    """What came of `cartGiftCardCodesUpdate`."""


@object_type
class CartDeliveryAddressesAddPayload(CartEdited):
    """What came of `cartDeliveryAddressesAdd`."""


@object_type
class CartDeliveryAddressesUpdatePayload(CartEdited):
    """What came of `cartDeliveryAddressesUpdate`."""


@object_type
class CartDeliveryAddressesRemovePayload(CartEdited):
    """What came of `cartDeliveryAddressesRemove`."""


@object_type
class CartDeliveryAddressesReplacePayload(CartEdited):
    """What came of `cartDeliveryAddressesReplace`."""


@object_type
class CartSelectedDeliveryOptionsUpdatePayload(CartEdited):
    """What came of `cartSelectedDeliveryOptionsUpdate`."""


@object_type
class CartPaymentUpdatePayload(CartEdited):
    """What came of `cartPaymentUpdate`."""


async def told(ctx: Context, payload: type[Edited], written: Written) -> Edited:
    """Return the payload of a change that was made. What its transaction read is not read again."""
    ctx.forget()
    ctx.remember(written.reads)
    ctx.granted.add(("Cart", written.cart.id))
    warnings = [_warning(ctx, each) for each in written.notices]
    return payload(cart=await the_cart(ctx, written.cart.id), warnings=warnings)


def _warning(ctx: Context, notice: Notice) -> CartWarning:
    kind, key = notice.target
    gid = to_gid(kind, key, ctx.resources.secret if kind == "Cart" else None)
    return CartWarning(code=CartWarningCode[notice.code], message=notice.message, target=strawberry.ID(gid))


def show_customer(ctx: Context, given: Buyer, written: Written) -> None:
    """Let who gave a customer's token see that customer in the payload. A cart's id alone does not."""
    if given.get("customer_access_token") and written.cart.customer_id is not None:
        ctx.granted.add(("Customer", written.cart.customer_id))


def cart_key(ctx: Context, gid: str) -> UUID:
    """Return the key of a cart that the caller has shown the id of.

    Raises: Rejected(INVALID) where the id is not the cart's secret one, RequestError(INVALID_ID) for no id of a cart.
    """
    cart_id = ctx.key_of(gid, "Cart")
    if ("Cart", cart_id) not in ctx.granted:
        raise no_such_cart()
    return cart_id
