"""What Stripe says of payments, in this shop's words. No I/O."""

from typing import Any

import stripe

from commerce_graph.kernel.money import exponent
from commerce_graph.payment import errors
from commerce_graph.payment.service.provider import Answer, ProviderUnavailable

EXPONENTS = {"ISK": 2, "MGA": 0, "UGX": 2}
"""Where Stripe counts in other units than ISO 4217 has: it keeps decimals of króna and shilling, and none of ariary."""
TENTHS = ("BHD", "JOD", "KWD", "OMR", "TND")
"""Currencies of three decimals, of which Stripe takes two."""

CODES = {
    "amount_too_small": errors.AMOUNT_TOO_SMALL,
    "call_issuer": errors.CALL_ISSUER,
    "expired_card": errors.INVALID_CARD,
    "incorrect_address": errors.INVALID_ADDRESS,
    "incorrect_cvc": errors.INVALID_CARD,
    "incorrect_number": errors.INVALID_CARD,
    "incorrect_zip": errors.INVALID_ADDRESS,
    "insufficient_funds": errors.INSUFFICIENT_FUNDS,
    "invalid_account": errors.INVALID_CARD,
    "invalid_cvc": errors.INVALID_CARD,
    "invalid_expiry_month": errors.INVALID_CARD,
    "invalid_expiry_year": errors.INVALID_CARD,
    "invalid_number": errors.INVALID_CARD,
    "currency_not_supported": errors.INVALID_CURRENCY,
    "issuer_not_available": errors.TRANSIENT,
    "processing_error": errors.TRANSIENT,
    "reenter_transaction": errors.TRANSIENT,
    "try_again_later": errors.TRANSIENT,
}
"""Decline codes, and codes of errors, that say more than that a payment was declined."""

MESSAGES = {
    errors.DECLINED: "The card was declined.",
    errors.AMOUNT_TOO_SMALL: "The amount is too small for this payment method.",
    errors.CALL_ISSUER: "The card was declined: ask the bank that issued it.",
    errors.INSUFFICIENT_FUNDS: "The card has insufficient funds.",
    errors.INVALID_ADDRESS: "The billing address is not the card's.",
    errors.INVALID_CARD: "The card's details are wrong, or it has expired.",
    errors.INVALID_CURRENCY: "This payment method does not take this currency.",
    errors.INVALID_METHOD: "The payment method is not known or cannot be used again.",
    errors.TRANSIENT: "The payment could not be processed. Try again.",
    errors.PAYMENT_ERROR: "The payment failed.",
}

DEAD = ("requires_payment_method", "requires_confirmation")
"""States in which an attempt at paying has failed, but which another attempt could revive."""
AUTHORIZED = ("requires_capture", "succeeded")


def to_stripe(amount_minor: int, currency: str) -> int | None:
    """Return an amount as Stripe counts it, None where Stripe cannot say it."""
    given, wanted = exponent(currency), EXPONENTS.get(currency, exponent(currency))
    if currency in TENTHS and amount_minor % 10:
        return None
    if wanted >= given:
        return int(amount_minor * 10 ** (wanted - given))
    amount, rest = divmod(amount_minor, 10 ** (given - wanted))
    return None if rest else amount


def from_stripe(amount: int, currency: str) -> int:
    """Return an amount of Stripe's in minor units."""
    shift = exponent(currency) - EXPONENTS.get(currency, exponent(currency))
    return int(amount * 10**shift) if shift >= 0 else int(amount // 10**-shift)


def refusal(code: str, reference: str | None = None) -> Answer:
    """Return a FAILURE."""
    return Answer("FAILURE", 0, reference, code, MESSAGES[code])


def declined(error: Any, reference: str | None) -> Answer:
    """Return the FAILURE that an error object of Stripe's tells of."""
    said = [getattr(error, name, None) for name in ("decline_code", "code")]
    known = next((CODES[each] for each in said if each in CODES), None)
    return refusal(known or errors.DECLINED, reference)


def invalid(error: stripe.InvalidRequestError, reference: str | None = None) -> Answer:
    """Return the FAILURE of a request that Stripe did not begin to carry out."""
    if error.code in CODES:
        return refusal(CODES[str(error.code)], reference)
    about_method = error.param in ("payment_method", "confirmation_token")
    return refusal(errors.INVALID_METHOD if about_method else errors.PAYMENT_ERROR, reference)


def authorized(intent: stripe.PaymentIntent) -> Answer:
    """Return what came of asking for a payment. Raises: ProviderUnavailable while Stripe does not know it either."""
    currency = intent.currency.upper()
    if intent.status in AUTHORIZED:
        amount = intent.amount_capturable if intent.status == "requires_capture" else intent.amount
        return Answer("SUCCESS", from_stripe(amount, currency), intent.id)
    if intent.status == "requires_action":
        return Answer("ACTION", 0, intent.id, action_url=_page(intent))
    if intent.last_payment_error is not None and intent.status in (*DEAD, "canceled"):
        return declined(intent.last_payment_error, intent.id)
    if intent.status in DEAD:
        return refusal(errors.PAYMENT_ERROR, intent.id)
    if intent.status == "canceled":
        return Answer("FAILURE", 0, intent.id, errors.PAYMENT_ERROR, "The payment was cancelled.")
    raise ProviderUnavailable(f"the payment is {intent.status}")


def _page(intent: stripe.PaymentIntent) -> str | None:
    """Return where the buyer has to go."""
    redirect = intent.next_action and intent.next_action.redirect_to_url
    return redirect.url if redirect else None


def captured(intent: stripe.PaymentIntent) -> Answer | None:
    """Return what was captured, by whomever; None where nothing was and it still can be. An intent is captured once."""
    if intent.status == "succeeded":
        return Answer("SUCCESS", from_stripe(intent.amount_received, intent.currency.upper()), intent.id)
    if intent.status == "canceled":
        return Answer("FAILURE", 0, intent.id, errors.PAYMENT_ERROR, "The payment was cancelled.")
    return None


def released(intent: stripe.PaymentIntent) -> Answer | None:
    """Return what was let go of: all of a cancelled payment, or what its capture left; None where it is still held."""
    if intent.status not in ("canceled", "succeeded"):
        return None
    left = intent.amount - intent.amount_received
    return Answer("SUCCESS", from_stripe(left, intent.currency.upper()), intent.id)


def refunded(refund: stripe.Refund) -> Answer:
    """Return what came of a refund. Raises: ProviderUnavailable while the bank has not decided."""
    if refund.status == "succeeded":
        return Answer("SUCCESS", from_stripe(refund.amount, refund.currency.upper()), refund.id)
    if refund.status in ("failed", "canceled"):
        return Answer("FAILURE", 0, refund.id, errors.PAYMENT_ERROR, "The money could not be given back.")
    raise ProviderUnavailable(f"the refund is {refund.status}")
