"""What a purchase needs, and which step comes next. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from commerce_graph.kernel.limits import (
    AUTHORIZE_TRIES_MAX,
    CHECKOUT_RETRY_S,
    CHECKOUT_RETRY_S_MAX,
    RESERVATION_RENEW_S,
    RESERVATION_S_MAX,
    RESERVATION_TTL_S,
)
from commerce_graph.kernel.provinces import PROVINCES
from commerce_graph.kernel.states import Machine

ATTEMPT = Machine(
    "Purchase",
    ("RESERVED",),
    (
        ("RESERVED", "ACTION_REQUIRED", "the provider asks the buyer"),
        ("RESERVED", "PLACED", "authorised"),
        ("ACTION_REQUIRED", "PLACED", "the buyer confirmed"),
        ("RESERVED", "COMPLETED", "placed, nothing to capture"),
        ("ACTION_REQUIRED", "COMPLETED", "the buyer confirmed, nothing to capture"),
        ("PLACED", "COMPLETED", "captured"),
        ("RESERVED", "VOIDING", "no answer, or the stock was let go of"),
        ("ACTION_REQUIRED", "VOIDING", "no answer from the buyer in time"),
        ("RESERVED", "FAILED", "declined"),
        ("ACTION_REQUIRED", "FAILED", "the buyer refused"),
        ("VOIDING", "FAILED", "the money was let go of"),
    ),
)
"""A purchase: stock reserved, buyer must act, order placed, money captured; or giving up (no order can be placed any
more, the money is let go of first), given up."""

UNFINISHED = ATTEMPT.unfinished
UNDECIDED = ("RESERVED", "ACTION_REQUIRED")
"""States in which a purchase may become an order, or may be given up."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a cart cannot be bought as it is; `code` is a SubmissionErrorCode member."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Destination:
    """What a parcel's label needs to say."""

    recipient: str | None
    address1: str | None
    city: str | None
    country: str | None
    province: str | None


@dataclass(frozen=True, slots=True)
class Tender:
    """What a buyer means to pay with; without a session nothing is paid."""

    session_id: str | None
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Purchase:
    """What decides whether a cart can be bought. Amounts: minor units of `currency`.

    `due_minor`: what is left of the total after gift cards.
    """

    lines: int
    hidden_lines: int
    email: str | None
    phone: str | None
    needs_delivery: bool
    destination: Destination | None
    delivery_options: int
    due_minor: int
    currency: str
    tender: Tender | None


NOT_FOR_SALE = Problem("MERCHANDISE_PRODUCT_NOT_PUBLISHED", "Something in the cart is not for sale any more.")


def problems(purchase: Purchase) -> list[Problem]:
    """Return all that stands in the way of a purchase but the stock."""
    found = []
    if purchase.lines == 0:
        # Also where it holds what nobody may buy now: that costs nothing, and would become an order of nothing.
        found.append(NOT_FOR_SALE if purchase.hidden_lines else Problem("ERROR", "The cart is empty."))
    if purchase.email is None and purchase.phone is None:
        found.append(Problem("BUYER_IDENTITY_EMAIL_REQUIRED", "Give an email address or a phone number."))
    if purchase.needs_delivery:
        found += _delivery_problems(purchase)
    return found + _payment_problems(purchase)


def _delivery_problems(purchase: Purchase) -> list[Problem]:
    to = purchase.destination
    if to is None:
        return [Problem("DELIVERY_ADDRESS_REQUIRED", "Give a delivery address.")]
    needed = (
        (to.recipient, "DELIVERY_LAST_NAME_REQUIRED", "Say who receives the delivery."),
        (to.address1, "DELIVERY_ADDRESS1_REQUIRED", "The delivery address needs a street."),
        (to.city, "DELIVERY_CITY_REQUIRED", "The delivery address needs a city."),
        (to.country, "DELIVERY_COUNTRY_REQUIRED", "The delivery address needs a country."),
    )
    found = [Problem(code, message) for value, code, message in needed if not value]
    if to.country in PROVINCES and not to.province:
        # Taxes differ by province there, and none would be charged.
        found.append(Problem("DELIVERY_ZONE_REQUIRED_FOR_COUNTRY", "The delivery address needs a state or province."))
    if to.country and purchase.delivery_options == 0:
        found.append(Problem("DELIVERY_NO_DELIVERY_AVAILABLE", "Nothing in this cart is delivered to this address."))
    return found


def _payment_problems(purchase: Purchase) -> list[Problem]:
    tender = purchase.tender
    if tender is None:
        return [Problem("PAYMENTS_METHOD_REQUIRED", "Say how the cart is paid.")] if purchase.due_minor else []
    if (tender.amount_minor, tender.currency) != (purchase.due_minor, purchase.currency):
        if purchase.hidden_lines:
            # What the buyer saw included something that nobody may buy any more.
            return [] if purchase.lines == 0 else [NOT_FOR_SALE]
        told = "The amount to pay is not what is left to pay for the cart."
        return [Problem("PAYMENTS_UNACCEPTABLE_PAYMENT_AMOUNT", told)]
    if tender.session_id is None and purchase.due_minor:
        return [Problem("PAYMENTS_METHOD_UNAVAILABLE", "A cart that costs something cannot be had for free.")]
    return []


def changed_meanwhile(message: str) -> Problem:
    """Return that a discount or a gift card is not there any more that the amount to pay was agreed with."""
    return Problem("PAYMENTS_UNACCEPTABLE_PAYMENT_AMOUNT", f"{message} Look at the new total of the cart.")


def shortages(wanted: Sequence[tuple[str, int, int | None]]) -> list[Problem]:
    """Return what the stock lacks, for (title, quantity, left) of variants; None is no bound."""
    return [shortage(title, left) for title, quantity, left in wanted if left is not None and left < quantity]


def shortage(title: str, left: int) -> Problem:
    """Return that there is too little of something."""
    if left <= 0:
        return Problem("MERCHANDISE_OUT_OF_STOCK", f"{title} is sold out.")
    return Problem("MERCHANDISE_NOT_ENOUGH_STOCK_AVAILABLE", f"Only {left} of {title} can be bought.")


class Step(Enum):
    """What is done next for a purchase."""

    AUTHORIZE = "AUTHORIZE"
    PLACE = "PLACE"
    CAPTURE = "CAPTURE"
    VOID = "VOID"
    GIVE_UP = "GIVE_UP"
    NOTHING = "NOTHING"


def hold_ends(created_at: datetime) -> datetime:
    """Return when the stock of a purchase is let go of."""
    return created_at + timedelta(seconds=RESERVATION_TTL_S)


def renewed(created_at: datetime, held_until: datetime, at: datetime) -> datetime | None:
    """Return until when the stock of a buyer who is seen to be active is held; None where that is not worth a write.

    Limits: RESERVATION_TTL_S from now, RESERVATION_S_MAX in all.
    """
    latest = created_at + timedelta(seconds=RESERVATION_S_MAX)
    until = min(hold_ends(at), latest)
    return until if at < held_until and until - held_until >= timedelta(seconds=RESERVATION_RENEW_S) else None


def next_step(state: str, amount_minor: int, tries: int, held_until: datetime, at: datetime) -> Step:
    """Return what is done next. It follows from what is recorded alone, so that another process does the same."""
    if state not in UNDECIDED:
        return {"PLACED": Step.CAPTURE, "VOIDING": Step.VOID}.get(state, Step.NOTHING)
    if tries >= AUTHORIZE_TRIES_MAX or at >= held_until:
        return Step.GIVE_UP
    return Step.AUTHORIZE if amount_minor else Step.PLACE


def why_given_up(state: str, tries: int) -> tuple[str, str]:
    """Return code and message of a purchase that was given up."""
    if tries >= AUTHORIZE_TRIES_MAX:
        return "PAYMENT_TRANSIENT_ERROR", "The payment provider did not answer. Nothing was charged."
    if state == "ACTION_REQUIRED":
        return "PAYMENT_ERROR", "The payment was not confirmed in time. Nothing was charged."
    return out_of_time()


def out_of_time() -> tuple[str, str]:
    """Return code and message of a purchase whose stock was let go of before it was paid."""
    return "INVENTORY_RESERVATION_ERROR", "The stock could not be kept any longer. Nothing was charged."


def retry_s(tries: int) -> int:
    """Return how long a purchase is left alone after a try that brought nothing: twice as long each time."""
    return int(min(CHECKOUT_RETRY_S * 2 ** min(tries, 16), CHECKOUT_RETRY_S_MAX))
