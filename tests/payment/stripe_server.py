"""A server that speaks the part of Stripe's API that the shop uses, keeps books of its own, and can be told to fail.

It behaves as Stripe documents it where money depends on it: a key has one effect and replays its first answer, comes
again with another request it is refused, and while its first request runs it is told so; an intent is captured once,
which lets go of the rest; lists tell the newest first.
"""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl

import pytest
import stripe
from aiohttp import web

from commerce_graph.payment.service import PROVIDERS, Stripe

WEBHOOK_SECRET = "whsec_of_the_tests"
DECLINES = {
    "pm_card_visa_chargeDeclined": "generic_decline",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "insufficient_funds",
    "pm_card_chargeDeclinedExpiredCard": "expired_card",
}
ASKS = "pm_card_authenticationRequired"
LESS = "pm_card_less"
"""A card of which this server holds one unit less than it was asked for."""
KNOWN = {"pm_card_visa", "ctoken_visa", ASKS, LESS, *DECLINES}


class Refused(Exception):
    """An answer of 4xx."""

    def __init__(self, status: int, type_: str, **about: Any) -> None:
        super().__init__(type_)
        self.status = status
        self.body = {"error": {"type": type_, "message": type_, **about}}


class StripeServer:
    """The books, and what goes wrong.

    `fault(name)` says it for each call (`authorize`, `capture`, `void`, `refund`, `get`, `list`): `call lost` and
    `answer lost` cut the connection before and after the effect, `hang` keeps it open after it, `late` has the effect
    a while after the caller has gone, `500` answers with a fault of Stripe's, before the effect.
    """

    def __init__(self) -> None:
        self.intents: dict[str, dict[str, Any]] = {}
        self.refunds: dict[str, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self.calls: list[str] = []
        self.url = ""
        self.fault: Callable[[str], str] = lambda name: ""
        self._answers: dict[str, tuple[Any, int, Any] | None] = {}
        self._keyed: dict[str, Any] = {}
        self._late: set[asyncio.Task[Any]] = set()

    def charges(self) -> list[tuple[str, int, int, int]]:
        """Return status, amount held or taken at first, captured and refunded of each payment that held money."""
        return [
            (each["status"], each["held"], each["amount_received"], self.refunded(each["id"]))
            for each in self.intents.values()
            if each["held"]
        ]

    def forget_keys(self) -> None:
        """Forget every idempotency key, as Stripe may after a day."""
        self._answers.clear()
        self._keyed.clear()

    def answer(self, intent_id: str, *, approved: bool) -> None:
        """Take the buyer's answer on the bank's page."""
        intent = self.intents[intent_id]
        if intent["status"] == "requires_action":
            if approved:
                self._hold(intent, intent["amount"])
            else:
                intent["status"] = "requires_payment_method"
                intent["last_payment_error"] = {"type": "card_error", "code": "payment_intent_authentication_failure"}
                self.tell("payment_intent.payment_failed", intent)

    def pay_again(self, intent_id: str) -> None:
        """Confirm an intent anew, as a buyer can who knows its secret."""
        intent = self.intents[intent_id]
        assert intent["status"] in ("requires_payment_method", "requires_action"), intent["status"]
        self._hold(intent, intent["amount"])

    def signed(self, event: Mapping[str, Any], *, secret: str = WEBHOOK_SECRET, age_s: int = 0) -> tuple[bytes, str]:
        """Return an event as Stripe sends it: the body and its signature."""
        body = json.dumps(event)
        at = int(time.time()) - age_s
        return body.encode(), stripe.WebhookSignature.generate_signature_header(body, secret, at)

    async def settle(self) -> None:
        """Wait for effects that are late."""
        while self._late:
            await asyncio.gather(*self._late, return_exceptions=True)

    # What follows is the API.

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one call, or do not."""
        name = _name(request)
        self.calls.append(name)
        fault = self.fault(name)
        params = dict(parse_qsl((await request.text()) or request.query_string))
        key = request.headers.get("Idempotency-Key")
        assert request.headers["Authorization"].startswith("Bearer sk_test_")
        if fault == "call lost":
            return _cut(request)
        if fault == "500":
            if key and key not in self._keyed:
                # Stripe keeps its own faults under a key too.
                self._keyed[key] = _print(request, params)
                self._answers[key] = (None, 500, {"error": {"type": "api_error", "message": "a fault of Stripe's"}})
            return web.json_response({"error": {"type": "api_error", "message": "a fault of Stripe's"}}, status=500)
        if fault == "late":
            task = asyncio.create_task(self._later(request, params, key))
            self._late.add(task)
            task.add_done_callback(self._late.discard)
            await asyncio.sleep(60)
        status, body, replayed = self._once(request, params, key)
        if fault == "answer lost":
            return _cut(request)
        if fault == "hang":
            await asyncio.sleep(60)
        headers = {"Idempotent-Replayed": "true"} if replayed else {}
        return web.json_response(body, status=status, headers={"Request-Id": f"req_{secrets.token_hex(4)}", **headers})

    async def _later(self, request: web.Request, params: dict[str, str], key: str | None) -> None:
        await asyncio.sleep(0.3)
        self._once(request, params, key)

    def _once(self, request: web.Request, params: dict[str, str], key: str | None) -> tuple[int, Any, bool]:
        print_ = _print(request, params)
        if key and key in self._keyed:
            if self._keyed[key] != print_:
                refused = Refused(400, "idempotency_error")
                return refused.status, refused.body, False
            stored = self._answers[key]
            assert stored is not None
            return stored[1], json.loads(json.dumps(stored[2])), True
        try:
            body = self._do(request, params)
            status = 200
        except Refused as refused:
            status, body = refused.status, refused.body
        if key and status != 400 and status != 404:
            self._keyed[key] = print_
            self._answers[key] = (print_, status, json.loads(json.dumps(body)))
        return status, json.loads(json.dumps(body)), False

    def _do(self, request: web.Request, params: dict[str, str]) -> Any:
        name, id_ = _name(request), request.match_info.get("id", "")
        if name == "authorize":
            return self._create(params)
        if name == "refund":
            return self._refund(params)
        if name == "list" and "refunds" in request.path:
            mine = [each for each in self.refunds.values() if each["payment_intent"] == params["payment_intent"]]
            return _listed(mine[::-1], params, request.path)
        if name == "list":
            first, last = int(params["created[gte]"]), int(params["created[lte]"])
            made = [each for each in self.intents.values() if first <= each["created"] <= last]
            return _listed(made[::-1], params, request.path)
        intent = self.intents.get(id_)
        if intent is None:
            raise Refused(404, "invalid_request_error", code="resource_missing", param="intent")
        if name == "capture":
            self._capture(intent, int(params["amount_to_capture"]))
        elif name == "void":
            self._cancel(intent)
        return intent

    def _create(self, params: dict[str, str]) -> dict[str, Any]:
        method = params.get("payment_method") or params.get("confirmation_token")
        if method is not None and method not in KNOWN:
            raise Refused(400, "invalid_request_error", code="resource_missing", param="payment_method")
        intent: dict[str, Any] = {
            "id": f"pi_{secrets.token_hex(8)}",
            "object": "payment_intent",
            "amount": int(params["amount"]),
            "amount_capturable": 0,
            "amount_received": 0,
            "held": 0,
            "created": int(time.time()),
            "currency": params["currency"],
            "capture_method": params["capture_method"],
            "last_payment_error": None,
            "next_action": None,
            "metadata": {name[9:-1]: value for name, value in params.items() if name.startswith("metadata[")},
            "status": "requires_payment_method",
        }
        self.intents[intent["id"]] = intent
        self.tell("payment_intent.created", intent)
        if params.get("confirm") != "true":
            return intent
        if method in DECLINES:
            error = {"type": "card_error", "code": "card_declined", "decline_code": DECLINES[method]}
            intent["last_payment_error"] = error
            self.tell("payment_intent.payment_failed", intent)
            raise Refused(402, "card_error", payment_intent=intent, **{k: v for k, v in error.items() if k != "type"})
        if method == ASKS:
            intent["status"] = "requires_action"
            url = f"https://bank.test/{intent['id']}"
            intent["next_action"] = {"type": "redirect_to_url", "redirect_to_url": {"url": url}}
            self.tell("payment_intent.requires_action", intent)
            return intent
        self._hold(intent, intent["amount"] - (method == LESS))
        return intent

    def _hold(self, intent: dict[str, Any], amount: int) -> None:
        intent.update(status="requires_capture", amount_capturable=amount, held=amount, next_action=None)
        self.tell("payment_intent.amount_capturable_updated", intent)

    def _capture(self, intent: dict[str, Any], amount: int) -> None:
        if intent["status"] != "requires_capture" or amount > intent["amount_capturable"]:
            raise Refused(400, "invalid_request_error", code="payment_intent_unexpected_state", payment_intent=intent)
        intent.update(status="succeeded", amount_received=amount, amount_capturable=0)
        self.tell("payment_intent.succeeded", intent)

    def capture_elsewhere(self, intent_id: str, amount: int) -> None:
        """Capture in the dashboard."""
        self._capture(self.intents[intent_id], amount)

    def _cancel(self, intent: dict[str, Any]) -> None:
        if intent["status"] in ("canceled", "succeeded"):
            raise Refused(400, "invalid_request_error", code="payment_intent_unexpected_state", payment_intent=intent)
        intent.update(status="canceled", amount_capturable=0, next_action=None)
        self.tell("payment_intent.canceled", intent)

    def cancel_elsewhere(self, intent_id: str) -> None:
        """Cancel in the dashboard."""
        self._cancel(self.intents[intent_id])

    def _refund(self, params: dict[str, str]) -> dict[str, Any]:
        intent = self.intents[params["payment_intent"]]
        amount = int(params["amount"])
        if amount > intent["amount_received"] - self.refunded(intent["id"]):
            raise Refused(400, "invalid_request_error", code="charge_already_refunded")
        metadata = {name[9:-1]: value for name, value in params.items() if name.startswith("metadata[")}
        return self.refund_elsewhere(intent["id"], amount, metadata)

    def refund_elsewhere(self, intent_id: str, amount: int, metadata: Any = None, status: str = "succeeded") -> Any:
        """Refund, in the dashboard where there is no metadata."""
        refund = {
            "id": f"re_{secrets.token_hex(8)}", "object": "refund", "payment_intent": intent_id, "amount": amount,
            "currency": self.intents[intent_id]["currency"], "status": status, "metadata": metadata or {},
        }  # fmt: skip
        self.refunds[refund["id"]] = refund
        self.tell("refund.created", refund)
        return refund

    def dispute(self, intent_id: str) -> None:
        """Have the buyer dispute a payment."""
        amount = self.intents[intent_id]["amount_received"]
        self.tell("charge.dispute.created", {"id": "du_1", "object": "dispute", "amount": amount,
                                              "payment_intent": intent_id})  # fmt: skip

    def refunded(self, intent_id: str) -> int:
        """Return what went back of a payment, or is on its way."""
        done = ("succeeded", "pending")
        return sum(
            each["amount"]
            for each in self.refunds.values()
            if each["payment_intent"] == intent_id and each["status"] in done
        )

    def tell(self, kind: str, about: Mapping[str, Any]) -> None:
        """Add an event, with what it is about as that is now."""
        self.events.append(
            {
                "id": f"evt_{secrets.token_hex(8)}",
                "object": "event",
                "type": kind,
                "created": int(time.time()),
                "data": {"object": json.loads(json.dumps(about))},
            }
        )


def _name(request: web.Request) -> str:
    last = request.path.rpartition("/")[2]
    if request.method == "GET":
        return "list" if last in ("payment_intents", "refunds") else "get"
    return {"payment_intents": "authorize", "refunds": "refund", "capture": "capture", "cancel": "void"}[last]


def _print(request: web.Request, params: dict[str, str]) -> Any:
    return request.path, sorted(params.items())


def _listed(found: list[Any], params: Mapping[str, str], path: str) -> Any:
    after = params.get("starting_after")
    start = next((n + 1 for n, each in enumerate(found) if each["id"] == after), 0)
    page = found[start : start + int(params["limit"])]
    return {"object": "list", "url": path, "has_more": len(found) > start + len(page), "data": page}


def _cut(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@asynccontextmanager
async def stripe_server() -> AsyncIterator[StripeServer]:
    """Run the server on a free port of this machine."""
    made = StripeServer()
    app = web.Application()
    app.router.add_route("*", "/v1/payment_intents", made.serve)
    app.router.add_route("*", "/v1/payment_intents/{id}", made.serve)
    app.router.add_post("/v1/payment_intents/{id}/{verb}", made.serve)
    app.router.add_route("*", "/v1/refunds", made.serve)
    runner = web.AppRunner(app, shutdown_timeout=0, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    made.url = f"http://127.0.0.1:{port}"
    try:
        yield made
    finally:
        await runner.cleanup()


@asynccontextmanager
async def paid_with_stripe(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StripeServer]:
    """Run the server, and take payments with it."""
    async with stripe_server() as made:
        account = Stripe("sk_test_123", "http://shop.test", api_base=made.url)
        monkeypatch.setitem(PROVIDERS, "stripe", account)
        yield made
        await account.close()
