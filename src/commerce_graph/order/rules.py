"""How an order may change, and what of its money belongs to which piece. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from commerce_graph.kernel.money import allocate
from commerce_graph.kernel.states import Machine

FINANCIAL = Machine(
    "Order.financialStatus",
    ("PENDING", "AUTHORIZED", "PAID"),
    (
        # A step may be seen late (a process died before it noted it), so what lies behind a step is reachable at once.
        ("PENDING", "AUTHORIZED", "authorised"),
        ("PENDING", "PARTIALLY_PAID", "partly captured"),
        ("PENDING", "PAID", "captured"),
        ("PENDING", "PARTIALLY_REFUNDED", "partly refunded"),
        ("PENDING", "REFUNDED", "refunded"),
        ("PENDING", "VOIDED", "let go of"),
        ("AUTHORIZED", "PARTIALLY_PAID", "partly captured"),
        ("AUTHORIZED", "PAID", "captured"),
        ("AUTHORIZED", "PARTIALLY_REFUNDED", "partly refunded"),
        ("AUTHORIZED", "REFUNDED", "refunded"),
        ("AUTHORIZED", "VOIDED", "let go of"),
        ("PARTIALLY_PAID", "PAID", "the rest was paid, or is not due any more"),
        ("PARTIALLY_PAID", "PARTIALLY_REFUNDED", "the rest was paid, some was refunded"),
        ("PARTIALLY_PAID", "REFUNDED", "refunded"),
        ("PAID", "PENDING", "nothing was due, edited"),
        ("PAID", "PARTIALLY_PAID", "edited, more is due"),
        ("PAID", "PARTIALLY_REFUNDED", "partly refunded"),
        ("PAID", "REFUNDED", "refunded"),
        ("PARTIALLY_REFUNDED", "PARTIALLY_PAID", "edited, more is due"),
        ("PARTIALLY_REFUNDED", "REFUNDED", "refunded"),
    ),
)
"""What has happened to an order's money. It never goes backwards; only an edit makes more due."""

FULFILMENT = Machine(
    "Order.fulfillmentStatus",
    ("UNFULFILLED",),
    (
        ("UNFULFILLED", "PARTIALLY_FULFILLED", "a part was sent"),
        ("UNFULFILLED", "FULFILLED", "all was sent"),
        ("PARTIALLY_FULFILLED", "FULFILLED", "the rest was sent or taken off"),
        ("FULFILLED", "PARTIALLY_FULFILLED", "edited, more is to be sent"),
    ),
)
"""How much of an order was sent. What was sent stays sent, also when it comes back."""

LIFE = Machine(
    "Order",
    ("OPEN",),
    (
        ("OPEN", "CLOSED", "put away"),
        ("CLOSED", "OPEN", "taken out again"),
        ("OPEN", "CANCELLED", "cancelled"),
    ),
)
"""An order's life. A closed order must be opened before it can be cancelled."""

REFUND = Machine(
    "Refund", ("PENDING", "SUCCESS"), (("PENDING", "SUCCESS", "money went back"), ("PENDING", "FAILURE", "refused"))
)
"""The money of a refund; it begins as SUCCESS where none moves."""

EDITABLE = frozenset({"PENDING", "PAID", "PARTIALLY_PAID", "PARTIALLY_REFUNDED"})
"""The financial statuses in which an order can be edited: no capture is under way, and not all money went back."""

EDIT = Machine("CalculatedOrder", ("OPEN",), (("OPEN", "COMMITTED", "committed"),))
"""An edit: a draft until it is committed."""

RETURN = Machine(
    "Return",
    ("REQUESTED", "OPEN"),
    (
        ("REQUESTED", "OPEN", "approved"),
        ("REQUESTED", "DECLINED", "declined"),
        ("REQUESTED", "CANCELED", "cancelled"),
        ("OPEN", "CANCELED", "cancelled before anything came back"),
        ("OPEN", "CLOSED", "done"),
        ("CLOSED", "OPEN", "taken up again"),
    ),
)
"""A return: asked for by the buyer, or opened by the merchant."""

RETURNING = frozenset({"REQUESTED", "OPEN", "CLOSED"})
"""The states of a return whose pieces cannot be returned again."""

MACHINES = (FINANCIAL, FULFILMENT, LIFE, REFUND, EDIT, RETURN)


@dataclass(frozen=True, slots=True)
class Books:
    """What has happened to an order's money, in minor units."""

    due_minor: int
    authorized_minor: int = 0
    captured_minor: int = 0
    refunded_minor: int = 0
    voided_minor: int = 0


def financial_status(books: Books, *, cancelled: bool = False) -> str:
    """Return the financial status that an order's books show."""
    if books.captured_minor:
        if books.refunded_minor == books.captured_minor:
            return "REFUNDED"
        if books.captured_minor < books.due_minor:
            return "PARTIALLY_PAID"
        return "PARTIALLY_REFUNDED" if books.refunded_minor else "PAID"
    if books.due_minor == 0:
        return "PAID"
    if books.authorized_minor > books.voided_minor:
        return "AUTHORIZED"
    return "VOIDED" if books.voided_minor or cancelled else "PENDING"


def fulfillment_status(sent: int, unsent: int) -> str:
    """Return the fulfilment status of an order of which so many pieces were sent and so many are still to be sent."""
    if not sent:
        return "UNFULFILLED"
    return "PARTIALLY_FULFILLED" if unsent else "FULFILLED"


def life(*, closed: bool, cancelled: bool) -> str:
    """Return the state of an order's life."""
    return "CANCELLED" if cancelled else "CLOSED" if closed else "OPEN"


@dataclass(frozen=True, slots=True)
class Priced:
    """What an order line cost, in minor units; `tax_minor` is in `total_minor` where prices include tax."""

    total_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True)
class Shares:
    """An order's total, split: to each line its part, the rest to the delivery. They sum to the total exactly."""

    lines: Sequence[int]
    shipping: int


def shares(
    total_minor: int, shipping_minor: int, tax_minor: int, tax_included: bool, lines: Sequence[Priced]
) -> Shares:
    """Split an order's total over its lines and its delivery.

    A line's part is its price with its tax. Where the taxes of the lines do not add up to the order's (it may be
    rounded as a whole), the difference goes over the lines by size, so that the parts still sum to the total.
    """
    own = [line.total_minor if tax_included else line.total_minor + line.tax_minor for line in lines]
    shipping = shipping_minor
    if not tax_included:
        shipping += max(0, tax_minor - sum(line.tax_minor for line in lines))
    shipping = min(shipping, total_minor)
    return Shares(allocate(total_minor - shipping, own), shipping)


def share_of(line_minor: int, quantity: int, before: int, pieces: int) -> int:
    """Return the part of a line's money that belongs to its pieces `before + 1 .. before + pieces` of `quantity`.

    All pieces, taken in any portions one after another, get the whole exactly.
    """
    return line_minor * (before + pieces) // quantity - line_minor * before // quantity


def left_of(shares: Shares, pieces: Sequence[tuple[int, int]]) -> int:
    """Return what of an order's total is left with the pieces that are still the buyer's: (ordered, left) by line."""
    parts = zip(shares.lines, pieces, strict=True)
    return shares.shipping + sum(
        share - share_of(share, ordered, 0, ordered - left) for share, (ordered, left) in parts
    )


def refundable(books: Books, promised_minor: int) -> int:
    """Return what can still be given back: captured, less what was or will be given back.

    `promised_minor` is what all refunds come to that have not failed. The provider's part of it is in the books already
    or will be, at a moment of its own, so the greater of the two counts.
    """
    return max(0, books.captured_minor - max(books.refunded_minor, promised_minor))


@dataclass(frozen=True, slots=True)
class Pieces:
    """The pieces of an order line that are still the buyer's: `unsent` ones, and ones that were sent and are kept."""

    current: int
    unsent: int

    @property
    def kept(self) -> int:
        """Pieces that were sent and were not given back or refunded."""
        return self.current - self.unsent


def take(pieces: Pieces, restock_type: str, quantity: int) -> tuple[int, int]:
    """Return how many (unsent, sent) pieces a refund takes from a line.

    CANCEL takes what was not sent, RETURN what was; NO_RESTOCK what was sent first, then what was not.
    Raises: ValueError for more than there is, saying how many there are.
    """
    limit = {"CANCEL": pieces.unsent, "RETURN": pieces.kept, "NO_RESTOCK": pieces.current}[restock_type]
    if not 1 <= quantity <= limit:
        raise ValueError(limit)
    if restock_type == "CANCEL":
        return quantity, 0
    sent = min(quantity, pieces.kept)
    return quantity - sent, sent


def spread(wanted: int, held: Iterable[tuple[UUID, int]]) -> list[tuple[UUID, int]]:
    """Take `wanted` pieces from places in their order, as far as they go."""
    taken: list[tuple[UUID, int]] = []
    for place, quantity in held:
        part = min(wanted, quantity)
        if part:
            taken.append((place, part))
            wanted -= part
    return taken


def confirmation_number(order_id: UUID) -> str:
    """Return a short name of an order that cannot be guessed from another's: it is the random end of its UUIDv7."""
    return order_id.hex[-9:].upper()


def moment_of(fact_id: UUID) -> datetime:
    """Return when a UUIDv7 was made: its first 48 bits are Unix time in milliseconds."""
    return datetime.fromtimestamp((fact_id.int >> 80) / 1000, UTC)
