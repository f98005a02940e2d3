"""The mutations that buy a cart."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import strawberry

from commerce_graph.cart.errors import CartUserError
from commerce_graph.cart.service import no_such_cart
from commerce_graph.checkout import service
from commerce_graph.checkout.errors import SubmissionErrorCode
from commerce_graph.checkout.graph.attempt import attempt_id, attempt_url
from commerce_graph.checkout.service import Submission, Submissions, Throttled
from commerce_graph.kernel.auth import WRITE_CHECKOUTS
from commerce_graph.kernel.clock import now
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import entities, mutation, object_type
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.links import explorer_url
from commerce_graph.kernel.mutations import Once
from commerce_graph.kernel.scalars import URL
from commerce_graph.keys import CartKey

POLL_AFTER_S = 1
CART = """query Cart {{
  cart(id: "{id}") {{ totalQuantity cost {{ totalAmount {{ amount currencyCode }} }} }}
}}"""


@object_type
class CartOperationError:
    """What stands in the way of buying a cart."""

    code: str
    message: str | None


@object_type
class CartStatusNotReady:
    """The cart cannot be bought yet."""

    cart: CartKey | None
    errors: list[CartOperationError]


@object_type
class CartStatusReady:
    """The cart can be submitted."""

    cart: CartKey | None


@object_type
class CartThrottled:
    """A purchase of the cart is under way, or more are than the shop can serve; ask again at `pollAfter`."""

    cart: CartKey | None
    poll_after: datetime


CartPrepareForCompletionResult = Annotated[
    CartStatusNotReady | CartStatusReady | CartThrottled,
    strawberry.union("CartPrepareForCompletionResult", description="Whether a cart can be bought."),
]


@object_type
class CartPrepareForCompletionPayload:
    """What came of `cartPrepareForCompletion`."""

    result: CartPrepareForCompletionResult | None = None
    user_errors: list[CartUserError] = strawberry.field(default_factory=list)


@object_type
class SubmissionError:
    """Why a cart was not accepted for a purchase."""

    code: SubmissionErrorCode
    message: str | None


@object_type
class SubmitAlreadyAccepted:
    """A purchase of the cart is under way already."""

    attempt_id: str


@object_type
class SubmitFailed:
    """The cart was not accepted, and is as it was."""

    checkout_url: URL | None
    errors: list[SubmissionError]


@object_type
class SubmitSuccess:
    """The cart was accepted; `cartCompletionAttempt` tells what becomes of it."""

    attempt_id: str
    redirect_url: URL


@object_type
class SubmitThrottled:
    """More purchases are under way than the shop can serve. Submit again at `pollAfter`: the cart keeps its place."""

    poll_after: datetime


CartSubmitForCompletionResult = Annotated[
    SubmitAlreadyAccepted | SubmitFailed | SubmitSuccess | SubmitThrottled,
    strawberry.union("CartSubmitForCompletionResult", description="Whether a cart was accepted for a purchase."),
]


@object_type
class CartSubmitForCompletionPayload:
    """What came of `cartSubmitForCompletion`."""

    result: CartSubmitForCompletionResult | None = None
    user_errors: list[CartUserError] = strawberry.field(default_factory=list)


def _cart_key(ctx: Context, gid: str) -> UUID:
    """Return the key of a cart that the caller has shown the id of. Raises: Rejected(INVALID)."""
    cart_id = ctx.key_of(gid, "Cart")
    if ("Cart", cart_id) not in ctx.granted:
        raise no_such_cart()
    return cart_id


def _result(ctx: Context, cart_id: UUID, came: Submission) -> CartSubmitForCompletionResult:
    if came.attempt is None:
        document = CART.format(id=to_gid("Cart", cart_id, ctx.resources.secret))
        errors = [SubmissionError(code=SubmissionErrorCode[p.code], message=p.message) for p in came.problems]
        return SubmitFailed(checkout_url=explorer_url(ctx.resources.public_url, document), errors=errors)
    named = attempt_id(ctx, came.attempt.id)
    finished = came.attempt.state in ("COMPLETED", "FAILED")
    if came.fresh or (came.own and finished):
        return SubmitSuccess(attempt_id=named, redirect_url=attempt_url(ctx, came.attempt.id))
    return SubmitAlreadyAccepted(attempt_id=named)


@object_type
class CheckoutMutation:
    """Buying a cart."""

    @mutation(access=WRITE_CHECKOUTS)
    async def cart_prepare_for_completion(
        self, info: strawberry.Info, cart_id: strawberry.ID
    ) -> CartPrepareForCompletionPayload:
        """Tell whether a cart could be submitted now, and all that stands in the way. Nothing is changed or held."""
        ctx: Context = info.context
        key = _cart_key(ctx, cart_id)
        async with ctx.read() as conn:
            ready = await service.readiness(conn, key)
        (cart,) = await entities(ctx, CartKey, [key])
        result: Any = CartStatusReady(cart=cart)
        if ready.under_way:
            result = CartThrottled(cart=cart, poll_after=now() + timedelta(seconds=POLL_AFTER_S))
        elif ready.problems:
            errors = [CartOperationError(code=each.code, message=each.message) for each in ready.problems]
            result = CartStatusNotReady(cart=cart, errors=errors)
        elif place := await Submissions.of(ctx.resources).admission.waiting():
            result = CartThrottled(cart=cart, poll_after=now() + timedelta(seconds=place.poll_after_s))
        return CartPrepareForCompletionPayload(result=result)

    @mutation(access=WRITE_CHECKOUTS, once=Once.ARGUMENT)
    async def cart_submit_for_completion(
        self, info: strawberry.Info, cart_id: strawberry.ID, attempt_token: str
    ) -> CartSubmitForCompletionPayload:
        """Buy a cart. The stock is held at once; payment and order follow, told by `cartCompletionAttempt`.

        One token has one effect, however often it is sent.
        """
        ctx: Context = info.context
        key = _cart_key(ctx, cart_id)
        try:
            came = await Submissions.of(ctx.resources).submit(key, attempt_token)
        except Throttled as full:
            later = now() + timedelta(seconds=full.poll_after_s)
            return CartSubmitForCompletionPayload(result=SubmitThrottled(poll_after=later))
        return CartSubmitForCompletionPayload(result=_result(ctx, key, came))
