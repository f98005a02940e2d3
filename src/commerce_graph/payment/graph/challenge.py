"""The page on which the test provider asks a buyer to approve a payment, as a bank would. It needs no script."""

import hmac
from base64 import b64encode
from hashlib import sha256
from html import escape
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.money import to_decimal
from commerce_graph.payment.service.challenge import CHALLENGE_PATH, Challenge, answer_challenge, challenge

FORM_BYTES_MAX = 2_000
APPROVE, DECLINE = "approve", "decline"

STYLE = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: Canvas; color: CanvasText; }
main { box-sizing: border-box; width: min(26rem, 100%); padding: 2rem; }
h1 { font-size: 1.25rem; margin: 0 0 .5rem; }
.amount { font-size: 2rem; font-weight: 600; margin: 0 0 1rem; font-variant-numeric: tabular-nums; }
form { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.5rem; }
button { flex: 1 1 8rem; min-height: 3rem; border-radius: .5rem; border: 1px solid currentColor; font: inherit;
  background: transparent; color: inherit; cursor: pointer; }
button.first { background: #1a5fb4; border-color: #1a5fb4; color: #fff; }
button:focus-visible { outline: 3px solid #e5a50a; outline-offset: 2px; }
small { opacity: .75; }
"""
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
TOLD = {
    "AUTHORIZED": (
        "Payment approved",
        "Close this page and go back to the shop: your order is completed there.",
    ),
    "DECLINED": (
        "Payment declined",
        "Nothing was charged. Go back to the shop to pay in another way.",
    ),
    "VOIDED": ("Payment cancelled", "The shop no longer asks for it, and nothing was charged. Go back to the shop."),
}


async def show(request: Request) -> Response:
    """Show what is asked, or what came of it."""
    asked = await challenge(_resources(request).database, request.path_params["reference"])
    if asked is None:
        return _missing()
    return page("Approve this payment?", _body(asked, _seal(request, asked.reference)))


async def answer(request: Request) -> Response:
    """Take the buyer's answer and show what came of it; the first answer counts.

    Limits: FORM_BYTES_MAX. Emits: PaymentAnswered.
    """
    reference: str = request.path_params["reference"]
    form = await _form(request)
    if form is None:
        return page("Too much was sent", "<h1>Too much was sent</h1><p>Go back and try again.</p>", 413)
    if not hmac.compare_digest(form.get("token", "").encode(), _seal(request, reference).encode()):
        return page("This form is not valid", "<h1>This form is not valid</h1><p>Load the page again.</p>", 403)
    if form.get("answer") not in (APPROVE, DECLINE):
        return page("No answer was given", "<h1>No answer was given</h1><p>Go back and choose one.</p>", 400)
    database = _resources(request).database
    asked = await answer_challenge(database, reference, approved=form["answer"] == APPROVE)
    # Seen again by GET, so that loading the page anew does not send the form anew.
    return RedirectResponse(f"{CHALLENGE_PATH}{reference}", 303, headers=HEADERS) if asked else _missing()


async def _form(request: Request) -> dict[str, str] | None:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > FORM_BYTES_MAX:
            return None
    return {name: values[0] for name, values in parse_qs(body.decode("ascii", "replace")).items()}


def _resources(request: Request) -> Resources:
    resources: Resources = request.app.state.resources
    return resources


def _seal(request: Request, reference: str) -> str:
    # Other sites can make a browser send the form, but not know this.
    told = f"payment-challenge:{reference}".encode()
    return hmac.new(_resources(request).secret, told, sha256).hexdigest()


def _body(asked: Challenge, token: str) -> str:
    amount = f"{to_decimal(asked.amount_minor, asked.currency):,} {escape(asked.currency)}"
    told = TOLD.get(asked.status)
    if told is not None:
        heading, text = told
        paid = f'<p class="amount">{amount}</p>' if asked.amount_minor else ""
        return f'<h1 role="status">{heading}</h1>{paid}<p>{text}</p>'
    return f"""<h1>Approve this payment?</h1>
<p class="amount">{amount}</p>
<p>The shop asks for this amount. <small>This is a test: no bank is involved and no money moves.</small></p>
<form method="post">
<input type="hidden" name="token" value="{escape(token)}">
<button class="first" name="answer" value="{APPROVE}">Approve</button>
<button name="answer" value="{DECLINE}">Decline</button>
</form>"""


def _missing() -> Response:
    text = "<h1>There is no such payment</h1><p>Go back to the shop and start the payment there.</p>"
    return page("There is no such payment", text, 404)


def page(title: str, body: str, status: int = 200) -> Response:
    page = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{STYLE}</style>
</head>
<body><main>{body}</main></body>
</html>
"""
    return HTMLResponse(page, status, headers=HEADERS)


routes = (
    Route(CHALLENGE_PATH + "{reference}", show, methods=["GET"]),
    Route(CHALLENGE_PATH + "{reference}", answer, methods=["POST"]),
)
