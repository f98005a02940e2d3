"""What becomes of a submitted cart, in the graph."""

from datetime import datetime
from typing import Annotated, Union
from urllib.parse import urljoin
from uuid import UUID

import strawberry

from commerce_graph.checkout import service
from commerce_graph.checkout.errors import CompletionErrorCode
from commerce_graph.checkout.service import Attempt
from commerce_graph.kernel.auth import READ_CHECKOUTS
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.graph import field, object_type
from commerce_graph.kernel.ids import parse_gid, to_gid
from commerce_graph.kernel.links import explorer_url
from commerce_graph.kernel.scalars import URL

KIND = "CartCompletionAttempt"
POLL_DELAY_MS = 250
ORDER = """query Order {{
  order(id: "{id}") {{ name processedAt }}
}}"""
ATTEMPT = """query Attempt {{
  cartCompletionAttempt(attemptId: "{id}") {{
    __typename
    ... on CartCompletionSuccess {{ completedAt orderId }}
    ... on CartCompletionFailed {{ errors {{ code message }} }}
    ... on CartCompletionActionRequired {{ action {{ ... on CompletePaymentChallenge {{ redirectUrl }} }} }}
  }}
}}"""


@object_type
class CompletionError:
    """Why a purchase failed."""

    code: CompletionErrorCode
    message: str | None


@object_type
class CompletePaymentChallenge:
    """The buyer has to confirm the payment on a page of the payment provider."""

    redirect_url: URL | None


CartCompletionAction = Annotated[
    Union[CompletePaymentChallenge],  # noqa: UP007 (a union of one member has no other notation)
    strawberry.union("CartCompletionAction", description="What the buyer has to do."),
]


@object_type
class CartCompletionActionRequired:
    """The purchase waits for its buyer."""

    id: str
    action: CartCompletionAction | None


@object_type
class CartCompletionFailed:
    """The purchase failed; the cart can be changed and submitted again."""

    id: str
    errors: list[CompletionError]


@object_type
class CartCompletionProcessing:
    """The purchase is under way; ask again after `pollDelay` milliseconds."""

    id: str
    poll_delay: int


@object_type
class CartCompletionSuccess:
    """The cart became an order."""

    id: str
    completed_at: datetime | None
    order_id: strawberry.ID
    order_url: URL


CartCompletionAttemptResult = Annotated[
    CartCompletionActionRequired | CartCompletionFailed | CartCompletionProcessing | CartCompletionSuccess,
    strawberry.union("CartCompletionAttemptResult", description="What became of a submitted cart."),
]


def attempt_id(ctx: Context, key: UUID) -> str:
    """Return the id of a purchase that the client asks by. Nobody can guess another's."""
    return to_gid(KIND, key, ctx.resources.secret)


def attempt_url(ctx: Context, key: UUID) -> URL:
    """Return where a person can look at what becomes of a purchase."""
    return explorer_url(ctx.resources.public_url, ATTEMPT.format(id=attempt_id(ctx, key)))


def told(ctx: Context, attempt: Attempt) -> CartCompletionAttemptResult:
    """Return what became of a purchase.

    An order that stands is a success even while its capture is tried again; only the first try is waited for.
    """
    named = attempt_id(ctx, attempt.id)
    if attempt.state == "COMPLETED" or (attempt.state == "PLACED" and attempt.tries):
        order_id = to_gid("Order", attempt.order_id, ctx.resources.secret)
        return CartCompletionSuccess(
            id=named,
            completed_at=attempt.completed_at,
            order_id=strawberry.ID(order_id),
            order_url=explorer_url(ctx.resources.public_url, ORDER.format(id=order_id)),
        )
    if attempt.state == "FAILED":
        code = CompletionErrorCode.__members__.get(attempt.error_code or "", CompletionErrorCode.ERROR)
        return CartCompletionFailed(id=named, errors=[CompletionError(code=code, message=attempt.error_message)])
    if attempt.state == "ACTION_REQUIRED":
        url = URL(urljoin(ctx.resources.public_url, attempt.action_url)) if attempt.action_url else None
        return CartCompletionActionRequired(id=named, action=CompletePaymentChallenge(redirect_url=url))
    return CartCompletionProcessing(id=named, poll_delay=POLL_DELAY_MS)


@object_type(access=READ_CHECKOUTS)
class CheckoutQuery:
    """Reads of purchases."""

    @field
    async def cart_completion_attempt(
        self, info: strawberry.Info, attempt_id: str
    ) -> CartCompletionAttemptResult | None:
        """What became of a submitted cart; nothing for an id that was not given out.

        While the buyer has to act, asking keeps the stock held.
        """
        ctx: Context = info.context
        try:
            kind, key, sealed = parse_gid(attempt_id, ctx.resources.secret)
        except RequestError:
            return None
        if kind != KIND or not sealed:
            return None
        found: Attempt | None = await ctx.load(service.attempts, key)
        if found is None:
            return None
        await service.stay(ctx.database, found)
        return told(ctx, found)
