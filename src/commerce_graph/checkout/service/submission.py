"""Carts are submitted: checked, their stock held, their books opened and the purchases recorded, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, insert, select
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
from commerce_graph.gift_card import service as gift_cards
from commerce_graph.inventory import service as inventory
from commerce_graph.inventory.errors import OutOfStock
from commerce_graph.inventory.service import Allocation, Claim, Wanted
from commerce_graph.kernel.clock import new_id, now
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import CHECKOUT_LEASE_S, CHECKOUT_TOKEN_CHARS_MAX
from commerce_graph.kernel.statements import Given, built_once
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


@dataclass(frozen=True, slots=True)
class Wish:
    """A cart that its buyer wants to buy, and the token that the client says it by."""

    cart_id: UUID
    token: str


def check_token(token: str) -> None:
    """Raise Rejected(INVALID) for a token that is none. Limits: CHECKOUT_TOKEN_CHARS_MAX."""
    if not 0 < len(token) <= CHECKOUT_TOKEN_CHARS_MAX or not token.isprintable():
        raise Rejected("INVALID", ["attemptToken"], f"must be 1 to {CHECKOUT_TOKEN_CHARS_MAX} characters long")


async def submit_many(db: Database, wishes: Sequence[Wish]) -> list[Submission | Rejected]:
    """Submit carts for their purchases in one transaction, in the order in which they were wished for.

    The same token has one effect, and a cart one purchase that does not fail. A cart that is refused is as it was, and
    does not harm the others; a fault harms them all, and nothing happened. A cart may be there once.
    Shape: n wishes → n verdicts in input order.
    Locks: the carts in order of id, their discounts, their gift cards, then the levels of their variants; the stock is
    held for RESERVATION_TTL_S.
    Limits: at most 14 statements however many carts and lines (2 more for each further market), 4 more with discounts,
    3 more with gift cards, and 4 more where a variant sells out: 25.
    """
    cart_ids = [wish.cart_id for wish in wishes]
    async with db.begin() as tx:
        states = await carts.lock(tx, cart_ids)
        # Nobody begins a purchase of a cart that is locked here, so what is read now is all there is.
        known = dict(zip(cart_ids, await attempts_of(tx, cart_ids), strict=True))
        verdicts = {wish: _known(states, known[wish.cart_id], wish) for wish in wishes}
        open_ = [wish for wish, verdict in verdicts.items() if verdict is None]
        quotes = await carts.quote_many(tx, [wish.cart_id for wish in open_]) if open_ else {}
        begun = await _begin(tx, [(wish, quotes[wish.cart_id]) for wish in open_])
    return [verdicts[wish] or begun[wish] for wish in wishes]


def _known(states: Mapping[UUID, str], found: Sequence[Attempt], wish: Wish) -> Submission | Rejected | None:
    """Return what became of a wish before; None where nothing did, and the cart can be bought."""
    own = next((each for each in found if each.token == wish.token), None)
    if own is not None:
        return Submission(own)
    if states.get(wish.cart_id) == "OPEN":
        return None
    other = next((each for each in found if each.state != "FAILED"), None)
    return Submission(other, own=False) if other is not None else carts.no_such_cart()


@dataclass(frozen=True, slots=True)
class _Order:
    """A cart that nothing stands in the way of, and the id that its order will have."""

    wish: Wish
    quote: Quote
    id: UUID

    @property
    def claim(self) -> Claim:
        """What of the stock it wants held."""
        lines = [Wanted(each.line.id, each.line.variant_id, each.line.quantity) for each in self.quote.lines]
        address = self.quote.address
        return Claim(self.id, lines, address.address.country_code if address else self.quote.market.country)

    @property
    def redemption(self) -> Redemption:
        """The discounts that it takes."""
        cart = self.quote.cart
        contact = discounts.contact_of(cart.email, cart.phone)
        taken = [each.discount for each in self.quote.sums.decision.applied]
        return Redemption(self.id, cart.customer_id, contact, taken)

    @property
    def due(self) -> payment.Due:
        """What it costs, and the session it is paid with."""
        quote, tender = self.quote, self.quote.cart.payment
        cards = [(each.card.id, each.amount_minor) for each in quote.gift_cards if each.amount_minor]
        return payment.Due(self.id, quote.total_minor, quote.currency, tender.session_id if tender else None, cards)


async def _begin(tx: AsyncConnection, wishes: Sequence[tuple[Wish, Quote]]) -> dict[Wish, Submission]:
    verdicts: dict[Wish, Submission] = {}
    orders = []
    for wish, quote in wishes:
        if problems := rules.problems(purchase_of(quote)):
            verdicts[wish] = Submission(None, problems=problems)
        else:
            orders.append(_Order(wish, quote, new_id()))
    refusals = await discounts.redeem(tx, [order.redemption for order in orders])
    for order, refusal in zip(orders, refusals, strict=True):
        if refusal is not None:
            verdicts[order.wish] = Submission(None, problems=[rules.changed_meanwhile(refusal.message)])
    redeemed = [order for order in orders if order.wish not in verdicts]
    verdicts |= await _without_cards(tx, redeemed)
    orders = [order for order in redeemed if order.wish not in verdicts]
    at = now()
    held = await inventory.reserve_many(tx, [order.claim for order in orders], rules.hold_ends(at)) if orders else []
    accepted: list[tuple[_Order, Sequence[Allocation]]] = []
    for order, allocated in zip(orders, held, strict=True):
        if isinstance(allocated, OutOfStock):
            verdicts[order.wish] = Submission(None, problems=[_shortage(order.quote, allocated)])
        else:
            accepted.append((order, allocated))
    short = [order.id for order in redeemed if order.wish in verdicts and order.redemption.discounts]
    if short:  # their uses are free again before anyone else can look
        await discounts.release(tx, short)
    if accepted:
        opened = await payment.open_balances(tx, [order.due for order, _ in accepted])
        statement, new = _beginning()
        rows = new.values([_row(order, allocated, at) for order, allocated in accepted])
        added = (await tx.execute(statement, rows)).mappings()
        begun = {row["cart_id"]: to_attempt(row) for row in added}
        await carts.close(tx, list(begun))
        for order, _ in accepted:
            fresh = begun[order.wish.cart_id]
            verdicts[order.wish] = Submission(fresh, fresh=True, opened=opened.get(order.id))
    return verdicts


async def _without_cards(tx: AsyncConnection, orders: Sequence[_Order]) -> dict[Wish, Submission]:
    """Return the refusals of purchases whose gift cards do not pay any more what they were quoted with.

    Who comes first has the first claim. What they pay is taken off them when the books are opened. At most 1 statement.
    Locks: the gift cards by id.
    """
    paying = [(order, [part for part in order.quote.gift_cards if part.amount_minor]) for order in orders]
    held = await gift_cards.lock(tx, sorted({part.card.id for _, parts in paying for part in parts}))
    refused = {}
    for order, parts in paying:
        if why := gift_cards.lacking(held, parts, order.quote.currency, now().date()):
            refused[order.wish] = Submission(None, problems=[rules.changed_meanwhile(why)])
            continue
        for part in parts:
            card = held[part.card.id]
            held[card.id] = replace(card, balance_minor=card.balance_minor - part.amount_minor)
    return refused


_BEGUN = (
    "id", "cart_id", "token", "order_id", "state", "snapshot", "amount_minor", "gift_card_minor", "currency",
    "session_id", "held_until", "lease_until", "created_at", "updated_at",
)  # fmt: skip


@built_once
def _beginning() -> tuple[Executable, Given]:
    new = Given("new", **{name: attempt.c[name].type for name in _BEGUN})
    rows = select(*(new.c[name] for name in _BEGUN)).order_by(new.c.at)
    return insert(attempt).from_select(list(_BEGUN), rows).returning(*COLUMNS), new


def _row(order: _Order, allocated: Sequence[Allocation], at: datetime) -> tuple[Any, ...]:
    due = order.due
    taken = snapshot.taken(order.quote, order.id, allocated).stored()
    return (
        new_id(), order.wish.cart_id, order.wish.token, order.id, "RESERVED", taken, due.left_minor,
        due.gift_card_minor, due.currency, due.session_id, rules.hold_ends(at),
        at + timedelta(seconds=CHECKOUT_LEASE_S), at, at,
    )  # fmt: skip


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
        due_minor=quote.due_minor,
        currency=quote.currency,
        tender=tender,
    )


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a cart could be submitted now. `under_way`: a purchase of it runs already."""

    problems: Sequence[Problem] = ()
    under_way: bool = False


async def readiness(conn: AsyncConnection, cart_id: UUID) -> Readiness:
    """Check all that submitting a cart will check, without holding or changing anything. At most 10 statements.

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
        (titles[variant_id], quantity, stock.left if stock else None)
        for (variant_id, quantity), stock in zip(quantities.items(), stocks, strict=True)
    ]
    return Readiness([*rules.problems(purchase_of(quote)), *rules.shortages(wanted)])
