"""What may be sent and taken off: pure arithmetic over the lines of fulfillment orders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from commerce_graph.kernel import limits
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.states import Machine

FULFILLMENT_ORDER = Machine(
    "FulfillmentOrder",
    ("OPEN",),
    (
        ("OPEN", "IN_PROGRESS", "a part was sent"),
        ("OPEN", "CLOSED", "all was sent"),
        ("OPEN", "CANCELLED", "all was taken off"),
        ("IN_PROGRESS", "CLOSED", "the rest was sent or taken off"),
        ("CLOSED", "IN_PROGRESS", "the order was edited, more is to be sent"),
        ("CANCELLED", "OPEN", "the order was edited, more is to be sent"),
    ),
)
"""How far a location is with its part of an order."""

INVALID = "INVALID"
LINES = ("fulfillment", "lineItemsByFulfillmentOrder")
TRACKING = ("fulfillment", "trackingInfo")


@dataclass(frozen=True, slots=True)
class ToSend:
    """A part of an order line and where it is sent from; None for goods that no location counts."""

    order_line_id: UUID
    variant_id: UUID | None
    location_id: UUID | None
    quantity: int


@dataclass(frozen=True, slots=True)
class Tracking:
    """How a parcel can be followed."""

    company: str | None = None
    numbers: Sequence[str] = ()
    urls: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Left:
    """A line of a fulfillment order: of `quantity` to send, `remaining` are not sent yet."""

    id: UUID
    fulfillment_order_id: UUID
    order_line_id: UUID
    variant_id: UUID | None
    quantity: int
    remaining: int


def picked(lines: Sequence[Left], wanted: Sequence[tuple[UUID, int]] | None) -> dict[UUID, int]:
    """Return how much of each line is sent, by the line's id; None wants all that is left.

    A line that is named twice is sent the sum.
    Raises: Rejected(INVALID) for another order's line, less than one, more than is left, or nothing at all.
    """
    left = {line.id: line.remaining for line in lines}
    asked: dict[UUID, int] = {}
    everything = [(line.id, line.remaining) for line in lines if line.remaining]
    for line_id, quantity in everything if wanted is None else wanted:
        if line_id not in left:
            raise Rejected(INVALID, LINES, "a line item does not belong to the fulfillment order")
        if quantity < 1:
            raise Rejected(INVALID, LINES, "a quantity must be at least 1")
        asked[line_id] = asked.get(line_id, 0) + quantity
        if asked[line_id] > left[line_id]:
            raise Rejected(INVALID, LINES, f"only {left[line_id]} of a line item are left to send")
    if not asked:
        raise Rejected(INVALID, LINES, "there is nothing to send")
    return asked


def taken(lines: Sequence[Left], wanted: Sequence[tuple[UUID, int]] | None) -> dict[UUID, int]:
    """Return how much is taken off each fulfillment order line, by its id; `wanted` goes by order line.

    None takes all that is left. An order line that several locations send is taken in the order of `lines`.
    Raises: Rejected(INVALID) for less than one or for more than is left.
    """
    if wanted is None:
        return {line.id: line.remaining for line in lines if line.remaining}
    totals: dict[UUID, int] = {}
    for order_line_id, quantity in wanted:
        if quantity < 1:
            raise Rejected(INVALID, None, "a quantity must be at least 1")
        totals[order_line_id] = totals.get(order_line_id, 0) + quantity
    off: dict[UUID, int] = {}
    for line in lines:
        part = min(line.remaining, totals.get(line.order_line_id, 0))
        if part:
            off[line.id] = part
            totals[line.order_line_id] -= part
    if any(totals.values()):
        raise Rejected(INVALID, None, "more is taken off than is left to send")
    return off


def status_after(lines: Sequence[Left]) -> str:
    """Return a fulfillment order's status from its lines: what is sent is `quantity - remaining`."""
    sent = sum(line.quantity - line.remaining for line in lines)
    if any(line.remaining for line in lines):
        return "IN_PROGRESS" if sent else "OPEN"
    return "CLOSED" if sent else "CANCELLED"


def merged(parts: Sequence[ToSend]) -> Mapping[UUID | None, Sequence[ToSend]]:
    """Return the parts by location, one for each order line there, without empty ones."""
    sums: dict[tuple[UUID | None, UUID], ToSend] = {}
    for part in parts:
        if part.quantity > 0:
            at = (part.location_id, part.order_line_id)
            before = sums[at].quantity if at in sums else 0
            sums[at] = ToSend(part.order_line_id, part.variant_id, part.location_id, before + part.quantity)
    groups: dict[UUID | None, list[ToSend]] = {}
    for part in sums.values():
        groups.setdefault(part.location_id, []).append(part)
    return groups


def checked(tracking: Tracking) -> Tracking:
    """Return the tracking without blanks.

    Limits: TRACKING_NUMBERS_MAX numbers and as many URLs, TRACKING_CHARS_MAX characters each; URLs are http(s).
    Raises: Rejected(INVALID).
    """
    numbers = [number.strip() for number in tracking.numbers if number.strip()]
    urls = [url.strip() for url in tracking.urls if url.strip()]
    company = (tracking.company or "").strip() or None
    if max(len(numbers), len(urls)) > limits.TRACKING_NUMBERS_MAX:
        raise Rejected(INVALID, TRACKING, f"give at most {limits.TRACKING_NUMBERS_MAX} tracking numbers and URLs")
    for text in (*numbers, *urls, company or ""):
        if len(text) > limits.TRACKING_CHARS_MAX or not text.isprintable():
            raise Rejected(
                INVALID, TRACKING, f"must be printable and at most {limits.TRACKING_CHARS_MAX} characters long"
            )
    for url in urls:
        if not _is_web_address(url):
            raise Rejected(INVALID, TRACKING, "a tracking URL must begin with https:// or http://")
    return Tracking(company, numbers, urls)


def _is_web_address(url: str) -> bool:
    # Shoppers click on it, so nothing but the web: no `javascript:`, no local files.
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False
