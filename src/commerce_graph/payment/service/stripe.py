"""Stripe as a provider, through its official library: payment intents that are captured later, refunds, webhooks.

An idempotency key has one effect for a day at least. What is older, or was never answered, is found by asking Stripe
for the intents of the time in which it was sent: each tells the key that it was made with.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import stripe
from stripe import StripeClient

from commerce_graph.kernel import limits
from commerce_graph.kernel.clock import now
from commerce_graph.payment import errors
from commerce_graph.payment.rules import begun_at, kind_of, order_of
from commerce_graph.payment.service import stripe_answers as said
from commerce_graph.payment.service.provider import Answer, Held, ProviderUnavailable, Refunded, Report

RETURN_PATH = "/payments/stripe/return"
"""Where a buyer comes back to from the bank's page."""
CLOCKS_DIFFER_S = 300
"""How far Stripe's clock may be from ours."""
SENT_WITHIN_S = limits.RESERVATION_TTL_S + 3_600
"""How long after its order was begun an authorisation can have reached Stripe."""
LISTED = 100
"""How many intents Stripe lists at a time."""


class Stripe:
    """The account that this process takes payments with; it is a provider for every database.

    Nothing is repeated by the library: our steps are. Its connections belong to the event loop that first used them.
    Limits: PROVIDER_TIMEOUT_S, STRIPE_CONNECT_S_MAX.
    """

    def __init__(
        self, secret_key: str, shop_url: str, *, webhook_secret: str | None = None, api_base: str | None = None
    ) -> None:
        self.shop_url = shop_url
        self.webhook_secret = webhook_secret
        self._secret_key = secret_key
        self._api_base = api_base
        self._open: tuple[StripeClient, stripe.AIOHTTPClient] | None = None

    def __call__(self, _database: Any) -> "StripeProvider":
        """Return the provider; what it knows is at Stripe, not in a database."""
        return StripeProvider(self)

    @property
    def client(self) -> StripeClient:
        """The library's client."""
        if self._open is None:
            waits = aiohttp.ClientTimeout(total=limits.PROVIDER_TIMEOUT_S, connect=limits.STRIPE_CONNECT_S_MAX)
            http = stripe.AIOHTTPClient(timeout=waits)
            addresses: Any = {"api": self._api_base} if self._api_base else {}
            made = StripeClient(self._secret_key, http_client=http, base_addresses=addresses, max_network_retries=0)
            self._open = made, http
        return self._open[0]

    async def close(self) -> None:
        """Close the connections."""
        if self._open is not None:
            await self._open[1].close_async()  # type: ignore[no-untyped-call]
            self._open = None


@asynccontextmanager
async def asking() -> AsyncIterator[None]:
    """Turn every answer that leaves the outcome open into ProviderUnavailable. Keys and bodies stay out of it."""
    try:
        yield
    except stripe.StripeError as fault:
        told = f"{type(fault).__name__} {fault.http_status} {fault.code} {fault.request_id}"
        raise ProviderUnavailable(told) from None
    except aiohttp.ClientError as fault:
        raise ProviderUnavailable(type(fault).__name__) from None


class StripeProvider:
    """Payments of one Stripe account."""

    captures_in_parts = False

    def __init__(self, account: Stripe) -> None:
        self._account = account
        self._intents = account.client.v1.payment_intents
        self._refunds = account.client.v1.refunds

    async def authorize(self, key: str, amount_minor: int, currency: str, session_id: str) -> Answer:
        """Confirm an intent with the payment method or the confirmation token that the storefront made."""
        amount = said.to_stripe(amount_minor, currency)
        if amount is None:
            return said.refusal(errors.INVALID_CURRENCY)
        wanted = self._wanted(key, amount, currency)
        wanted["confirm"] = True
        wanted["return_url"] = self._account.shop_url + RETURN_PATH
        wanted["confirmation_token" if session_id.startswith("ctoken_") else "payment_method"] = session_id
        async with asking():
            try:
                intent = await self._intents.create_async(wanted, {"idempotency_key": key})
            except (stripe.CardError, stripe.InvalidRequestError) as refused:
                return await self._refused(refused)
            if _is_replay(intent):
                # An answer to a repeated request is as old as the first one.
                intent = await self._intents.retrieve_async(intent.id)
            return await self._authorized(intent, currency, at_rest=True)

    def _wanted(self, key: str, amount: int, currency: str) -> Any:
        return {
            "amount": amount,
            "currency": currency.lower(),
            "capture_method": "manual",
            "automatic_payment_methods": {"enabled": True},
            "metadata": {"order": str(order_of(key)), "step": key, "shop": self._account.shop_url},
        }

    async def _refused(self, refused: stripe.CardError | stripe.InvalidRequestError) -> Answer:
        """Return why nothing was set aside. An intent that could still be paid is ended first."""
        if refused.code == "idempotency_key_in_use":
            raise refused
        about = getattr(refused.error, "payment_intent", None)
        if about is not None:
            await self._end(await self._intents.retrieve_async(about.id))
        reference = about.id if about is not None else None
        if isinstance(refused, stripe.InvalidRequestError):
            return said.invalid(refused, reference)
        return said.declined(refused.error, reference)

    async def _authorized(self, intent: stripe.PaymentIntent, currency: str, *, at_rest: bool = False) -> Answer:
        """Return what came of an intent; one that is not `at_rest` may just now be confirmed by a call of ours."""
        if intent.status in said.DEAD:
            if intent.last_payment_error is None and not at_rest:
                raise ProviderUnavailable(f"the payment is {intent.status}")
            # The buyer knows its secret since the bank's page, and could pay for it after the cart is open again.
            await self._end(intent)
        answer = said.authorized(intent)
        if answer.status == "SUCCESS" and intent.currency.upper() != currency:
            return Answer("SUCCESS", 0, intent.id)  # money, but not what was asked for
        return answer

    async def capture(self, key: str, reference: str, amount_minor: int, currency: str) -> Answer:
        """Capture an intent, once: what is left of it is let go of."""
        amount = said.to_stripe(amount_minor, currency)
        if amount is None:
            return said.refusal(errors.INVALID_CURRENCY, reference)
        async with asking():
            try:
                options: stripe.RequestOptions = {"idempotency_key": key}
                intent = await self._intents.capture_async(reference, {"amount_to_capture": amount}, options)
            except (stripe.CardError, stripe.InvalidRequestError) as refused:
                if refused.code == "idempotency_key_in_use":
                    raise
                intent = await self._intents.retrieve_async(reference)
                return said.captured(intent) or said.refusal(errors.PAYMENT_ERROR, reference)
        answer = said.captured(intent)
        if answer is None:
            raise ProviderUnavailable(f"the captured payment is {intent.status}")
        return answer

    async def refund(self, key: str, reference: str, amount_minor: int, currency: str) -> Answer:
        """Give a part of a captured intent back."""
        amount = said.to_stripe(amount_minor, currency)
        if amount is None:
            return said.refusal(errors.INVALID_CURRENCY, reference)
        wanted: Any = {
            "payment_intent": reference,
            "amount": amount,
            "metadata": {"order": str(order_of(key)), "step": key},
        }
        async with asking():
            try:
                return said.refunded(await self._refunds.create_async(wanted, {"idempotency_key": key}))
            except (stripe.CardError, stripe.InvalidRequestError) as refused:
                if refused.code == "idempotency_key_in_use":
                    raise
                # It may have been carried out so long ago that its key is forgotten, and nothing is left since.
                return await self._find_refund(key, reference) or said.refusal(errors.PAYMENT_ERROR, reference)

    async def void(self, key: str, held: Held) -> Answer:
        """Cancel an intent; of one that was never heard of, take the key so that it is refused when it arrives."""
        async with asking():
            intent = await self._intent(held.key, held.reference) or await self._claim(held)
            if intent is None:
                return Answer("SUCCESS", 0)
            answer = said.released(await self._end(intent))
        if answer is None:
            raise ProviderUnavailable("the payment was not cancelled")
        return answer

    async def _claim(self, held: Held) -> stripe.PaymentIntent | None:
        """Use up an authorisation's key with an intent that nobody pays; None where it was used and had no effect.

        Stripe refuses a key that comes again with another request.
        """
        wanted = self._wanted(held.key, said.to_stripe(held.amount_minor, held.currency) or 1, held.currency)
        try:
            return await self._intents.create_async(wanted, {"idempotency_key": held.key})
        except stripe.IdempotencyError:
            intent = await self._listed(held.key)
        except stripe.InvalidRequestError as refused:
            if refused.code == "idempotency_key_in_use":
                raise
            return None  # an amount or a currency that Stripe refuses has not been set aside either
        # Stripe keeps faults of its own under a key: then there is nothing to find, once it cannot be under way.
        if intent is None and now() - begun_at(held.key) < timedelta(seconds=SENT_WITHIN_S):
            raise ProviderUnavailable("the authorisation may be under way")
        return intent

    async def _end(self, intent: stripe.PaymentIntent) -> stripe.PaymentIntent:
        """Cancel an intent that has not ended. It has no key: cancelling twice changes nothing."""
        if intent.status in ("canceled", "succeeded"):
            return intent
        try:
            return await self._intents.cancel_async(intent.id, {"cancellation_reason": "abandoned"})
        except stripe.InvalidRequestError:
            intent = await self._intents.retrieve_async(intent.id)
        if intent.status not in ("canceled", "succeeded"):
            raise ProviderUnavailable(f"the payment cannot be cancelled while it is {intent.status}")
        return intent

    async def find(self, key: str, reference: str | None = None) -> Answer | None:
        """Ask for the intent or the refund that a step is about."""
        kind = kind_of(key)
        async with asking():
            if kind == "AUTHORIZATION":
                intent = await self._intent(key, reference)
                return None if intent is None else await self._authorized(intent, intent.currency.upper())
            if reference is None:
                return None
            if kind == "REFUND":
                return await self._find_refund(key, reference)
            intent = await self._intents.retrieve_async(reference)
            return said.captured(intent) if kind == "CAPTURE" else said.released(intent)

    async def _intent(self, key: str, reference: str | None) -> stripe.PaymentIntent | None:
        return await self._intents.retrieve_async(reference) if reference else await self._listed(key)

    async def _listed(self, key: str) -> stripe.PaymentIntent | None:
        """Return the intent that was made with a key. Limits: STRIPE_LISTED_MAX intents are looked at.

        Stripe's search is no answer: what was made a moment ago is not in it.
        """
        begun = begun_at(key)
        until = begun + timedelta(seconds=SENT_WITHIN_S)
        mine = [each for each in await self._made(begun, until) if _metadata(each).get("step") == key]
        return next((each for each in mine if each.status != "canceled"), next(iter(mine), None))

    async def _made(self, since: datetime, until: datetime) -> list[stripe.PaymentIntent]:
        """Raises: ProviderUnavailable for more than STRIPE_LISTED_MAX."""
        first, last = (int(each.timestamp()) for each in (since, until))
        page = await self._intents.list_async(
            {"created": {"gte": first - CLOCKS_DIFFER_S, "lte": last + CLOCKS_DIFFER_S}, "limit": LISTED}
        )
        return await _all(page, "payments")

    async def _find_refund(self, key: str, reference: str) -> Answer | None:
        for refund in await self.refunds(reference):
            if _metadata(refund).get("step") == key:
                return said.refunded(refund)
        return None

    async def report(self, reference: str) -> Report | None:
        """Tell how a payment stands, None for one that this shop did not make."""
        async with asking():
            try:
                intent = await self._intents.retrieve_async(reference)
            except stripe.InvalidRequestError as missing:
                if missing.code == "resource_missing":
                    return None
                raise
            if not self._is_ours(intent):
                return None
            refunds = await self.refunds(reference) if intent.amount_received else []
            try:
                answer = await self._authorized(intent, intent.currency.upper())
            except ProviderUnavailable:
                answer = None
        taken = said.captured(intent)
        left = said.released(intent)
        return Report(
            _held(intent),
            answer,
            held_minor=_held(intent).amount_minor if intent.status == "requires_capture" else 0,
            captured_minor=taken.amount_minor if taken else 0,
            released_minor=left.amount_minor if left else 0,
            refunds=[_refund(each) for each in refunds],
        )

    async def refunds(self, reference: str) -> list[stripe.Refund]:
        """Return the refunds of an intent. Limits: STRIPE_LISTED_MAX."""
        page = await self._refunds.list_async({"payment_intent": reference, "limit": LISTED})
        return await _all(page, "refunds")

    async def holds(self, since: datetime, until: datetime) -> Sequence[Held]:
        """List what this shop holds. Payments of others that use the account are left out."""
        async with asking():
            made = await self._made(since, until)
        return [_held(each) for each in made if self._is_ours(each) and each.status == "requires_capture"]

    def _is_ours(self, intent: stripe.PaymentIntent) -> bool:
        told = _metadata(intent)
        return told.get("shop") == self._account.shop_url and "step" in told


async def _all(page: Any, kind: str) -> list[Any]:
    """Return what is on a page and on those after it. Raises: ProviderUnavailable for more than STRIPE_LISTED_MAX."""
    found: list[Any] = []
    async for each in page.auto_paging_iter():
        found.append(each)
        if len(found) > limits.STRIPE_LISTED_MAX:
            raise ProviderUnavailable(f"there are too many {kind} to look through")
    return found


def _metadata(about: stripe.PaymentIntent | stripe.Refund) -> dict[str, Any]:
    told: Any = about.metadata
    return told.to_dict() if told else {}


def _held(intent: stripe.PaymentIntent) -> Held:
    currency = intent.currency.upper()
    amount = said.from_stripe(intent.amount_capturable, currency)
    return Held(_metadata(intent)["step"], amount, currency, intent.id)


def _refund(refund: stripe.Refund) -> Refunded:
    amount = said.from_stripe(refund.amount, refund.currency.upper())
    status = {"succeeded": "SUCCESS", "failed": "FAILURE", "canceled": "FAILURE"}.get(refund.status or "", "PENDING")
    return Refunded(_metadata(refund).get("step"), refund.id, amount, status)


def _is_replay(intent: stripe.PaymentIntent) -> bool:
    last = intent.last_response
    return last is not None and str(last.headers.get("Idempotent-Replayed", "")).lower() == "true"
