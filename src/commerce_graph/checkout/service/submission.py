"""A cart is submitted: checked, its stock held, its books opened and the purchase recorded, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.cart import service as carts
from commerce_graph.cart.service import Quote
from commerce_graph.checkout import rules
from commerce_graph.checkout.loaders import COLUMNS, Attempt, attempts_of, to_attempt
from commerce_graph.checkout.rules import Problem
from commerce_graph.checkout.service import snapshot
from commerce_graph.checkout.tables import attempt
from commerce_graph.discount import service as discounts
from commerce_graph.discount.service import Redemption
from commerce_graph.inventory import service as inventory
from commerce_graph.inventory.errors import OutOfStock
from commerce_graph.inventory.service import Wanted
from commerce_graph.kernel.clock import new_id, now
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import CHECKOUT_LEASE_S, CHECKOUT_TOKEN_CHARS_MAX
from commerce_graph.payment import service as payment


@dataclass(frozen=True, slots=True)
class Submission:
    """What came of submitting a cart: a purchase, or why there is none.

    `fresh`: this call began the purchase, and the caller drives it on. `own`: it is the one that the token began;
    otherwise another is under way. `opened`: the authorisation recorded with a fresh one, for whoever drives it on.
    """

    attempt: Attempt | None
    fresh: bool = False
    opened: payment.Opened | None = None
    own: bool = True
    problems: Sequence[Problem] = ()


class _Refused(Exception):
    """Rolls the submission back; `problems` is empty where the token had begun a purchase before."""

    def __init__(self, problems: Sequence[Problem] = ()) -> None:
        super().__init__()
        self.problems = problems


async def submit(db: Database, cart_id: UUID, token: str) -> Submission:
    """Submit a cart for its purchase. The same token has one effect, and a cart one purchase that does not fail.

    Locks: the cart, its discounts, then the levels of its variants; the stock is held for RESERVATION_TTL_S.
    Limits: CHECKOUT_TOKEN_CHARS_MAX. At most 12 statements however many lines, 4 more with discounts, and 4 more where
    a variant sells out.
    Raises: Rejected(INVALID) for a token that is none, or a cart that there is not.
    """
    if not 0 < len(token) <= CHECKOUT_TOKEN_CHARS_MAX or not token.isprintable():
        told = f"must be 1 to {CHECKOUT_TOKEN_CHARS_MAX} characters long"
        raise Rejected("INVALID", ["attemptToken"], told)
    try:
        async with db.begin() as tx:
            quote = await carts.submit(tx, cart_id)
            if quote is not None:
                begun, opened = await _begin(tx, quote, token)
                return Submission(begun, fresh=True, opened=opened)
    except _Refused as refused:
        if refused.problems:
            return Submission(None, problems=refused.problems)
    async with db.read() as conn:
        return _known(await attempts_of(conn, cart_id), token)


def _known(found: Sequence[Attempt], token: str) -> Submission:
    own = next((each for each in found if each.token == token), None)
    if own is not None:
        return Submission(own)
    other = next((each for each in found if each.state != "FAILED"), None)
    if other is None:
        raise carts.no_such_cart()
    return Submission(other, own=False)


async def _begin(tx: AsyncConnection, quote: Quote, token: str) -> tuple[Attempt, payment.Opened | None]:
    found = rules.problems(purchase_of(quote))
    if found:
        raise _Refused(found)
    order_id, at = new_id(), now()
    (refused,) = await discounts.redeem(tx, [redemption_of(quote, order_id)])
    if refused:
        raise _Refused([rules.discount_gone(refused.message)])
    wanted = [Wanted(each.line.id, each.line.variant_id, each.line.quantity) for each in quote.lines]
    country = quote.address.address.country_code if quote.address else quote.market.country
    try:
        allocated = await inventory.reserve(tx, order_id, wanted, country, rules.hold_ends(at))
    except OutOfStock as short:
        raise _Refused([_shortage(quote, short)]) from None
    session_id = quote.cart.payment.session_id if quote.cart.payment else None
    opened = await payment.open_balance(tx, order_id, quote.total_minor, quote.currency, session_id)
    row = {
        "id": new_id(),
        "cart_id": quote.cart.id,
        "token": token,
        "order_id": order_id,
        "state": "RESERVED",
        "snapshot": snapshot.taken(quote, order_id, allocated).stored(),
        "amount_minor": quote.total_minor,
        "currency": quote.currency,
        "session_id": session_id,
        "lease_until": at + timedelta(seconds=CHECKOUT_LEASE_S),
        "created_at": at,
        "updated_at": at,
    }
    adding = postgresql.insert(attempt).values(row)
    adding = adding.on_conflict_do_nothing(index_elements=["cart_id", "token"])
    begun = (await tx.execute(adding.returning(*COLUMNS))).mappings().one_or_none()
    if begun is None:
        raise _Refused  # this token's purchase failed before; it had its one effect
    return to_attempt(begun), opened


def redemption_of(quote: Quote, order_id: UUID) -> Redemption:
    """Return the discounts that a quoted cart takes."""
    contact = discounts.contact_of(quote.cart.email, quote.cart.phone)
    taken = [each.discount for each in quote.sums.decision.applied]
    return Redemption(order_id, quote.cart.customer_id, contact, taken)


def _shortage(quote: Quote, short: OutOfStock) -> Problem:
    titles = {each.line.variant_id: each.merchandise.product_title for each in quote.lines}
    return rules.shortage(titles.get(short.variant_id, "This"), short.available)


def purchase_of(quote: Quote) -> rules.Purchase:
    """Return what decides whether a quoted cart can be bought."""
    destination = tender = None
    if quote.address:
        to = quote.address.address
        recipient = to.last_name or to.first_name or to.company
        destination = rules.Destination(recipient, to.address1, to.city, to.country_code, to.province_code)
    if quote.cart.payment:
        paid = quote.cart.payment
        tender = rules.Tender(paid.session_id, paid.amount_minor, paid.currency)
    return rules.Purchase(
        lines=len(quote.lines),
        hidden_lines=len(quote.hidden),
        email=quote.cart.email,
        phone=quote.cart.phone,
        needs_delivery=quote.needs_delivery,
        destination=destination,
        delivery_options=len(quote.options),
        total_minor=quote.total_minor,
        currency=quote.currency,
        tender=tender,
    )


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a cart could be submitted now. `under_way`: a purchase of it runs already."""

    problems: Sequence[Problem] = ()
    under_way: bool = False


async def readiness(conn: AsyncConnection, cart_id: UUID) -> Readiness:
    """Check all that submitting a cart will check, without holding or changing anything. At most 9 statements.

    Raises: Rejected(INVALID) for a cart that there is not.
    """
    quote = await carts.quote(conn, cart_id)
    if quote is None:
        raise carts.no_such_cart()
    if quote.cart.state == "SUBMITTED":
        return Readiness(under_way=True)
    if quote.cart.state == "COMPLETED":
        return Readiness([Problem("ERROR", "The cart was bought already.")])
    quantities: dict[UUID, int] = {}
    for each in quote.lines:
        quantities[each.line.variant_id] = quantities.get(each.line.variant_id, 0) + each.line.quantity
    titles = {each.line.variant_id: each.merchandise.product_title for each in quote.lines}
    stocks = await inventory.stock(conn, list(quantities)) if quantities else []
    wanted = [
        (titles[variant_id], quantity, stock.available if stock and stock.tracked and not stock.oversell else None)
        for (variant_id, quantity), stock in zip(quantities.items(), stocks, strict=True)
    ]
    return Readiness([*rules.problems(purchase_of(quote)), *rules.shortages(wanted)])
