"""What Stripe and its buyers reach of this server: the webhook, and the page after the bank's."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.limits import STRIPE_WEBHOOK_BYTES_MAX
from commerce_graph.payment.graph.challenge import page
from commerce_graph.payment.service.provider import ProviderUnavailable
from commerce_graph.payment.service.stripe import RETURN_PATH
from commerce_graph.payment.service.webhooks import NotSigned, receive, stripe_account

WEBHOOK_PATH = "/webhooks/stripe"


async def webhook(request: Request) -> Response:
    """Take a webhook in: 200 where it was, 400 where it is not Stripe's, 503 where Stripe is to send it again.

    Limits: STRIPE_WEBHOOK_BYTES_MAX. Emits: PaymentAnswered.
    """
    account = stripe_account()
    if account is None:
        return PlainTextResponse("this shop takes no payments with Stripe\n", 404)
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > STRIPE_WEBHOOK_BYTES_MAX:
            return PlainTextResponse("the event is too large\n", 413)
    resources: Resources = request.app.state.resources
    try:
        new = await receive(resources.database, account, body, request.headers.get("stripe-signature"))
    except NotSigned:
        return PlainTextResponse("the signature is not valid\n", 400)
    except ProviderUnavailable:
        return PlainTextResponse("Stripe could not be asked about it: send it again\n", 503)
    return PlainTextResponse("taken in\n" if new else "known\n")


async def come_back(request: Request) -> Response:
    """Tell a buyer who comes from the bank's page where to go on."""
    text = "<h1>Thank you</h1><p>Close this page and go back to the shop: your order is completed there.</p>"
    return page("Thank you", text)


routes = (
    Route(WEBHOOK_PATH, webhook, methods=["POST"]),
    Route(RETURN_PATH, come_back, methods=["GET"]),
)
