"""A cart's beginning, its buyer, payment, note, attributes and codes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypedDict
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.cart import rules
from commerce_graph.cart.loaders import Contents, Payment
from commerce_graph.cart.rules import Notice, Path
from commerce_graph.cart.service.delivery import AddressInput, with_addresses
from commerce_graph.cart.service.edits import Written, locked, save, save_new
from commerce_graph.cart.service.gift_cards import with_gift_cards
from commerce_graph.cart.service.lines import LineInput, with_added
from commerce_graph.cart.service.quotes import quotes, sellable
from commerce_graph.customer import service as customers
from commerce_graph.gift_card.service import Card
from commerce_graph.kernel.clock import new_id, now
from commerce_graph.kernel.context import Reads
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import CART_LINES_MAX, TEXT_CHARS_MAX
from commerce_graph.pricing import service as pricing

NOWHERE = "ZZ"
"""ISO 3166's code for a country that is not known; storefronts send it before they know one."""


class Buyer(TypedDict, total=False):
    """What a client says of the buyer; a member that is missing stays as it is, None empties it."""

    country: str | None
    email: str | None
    phone: str | None
    customer_id: UUID | None
    customer_access_token: str | None


@dataclass(frozen=True, slots=True)
class NewCart:
    """A cart to create, as the client gave it at `path`."""

    channel_id: UUID | None
    language: str | None
    buyer: Buyer
    lines: Sequence[LineInput] = ()
    addresses: Sequence[AddressInput] = ()
    note: str | None = None
    attributes: Sequence[tuple[str, str]] = ()
    discount_codes: Sequence[str] = ()
    gift_cards: Sequence[Card | None] = ()
    path: Path = ("input",)


async def create(tx: AsyncConnection, new: NewCart) -> Written:
    """Create a cart. Limits: as of its parts. Raises: as the use cases of its parts, with the path in the input."""
    path = new.path
    if len(new.lines) > CART_LINES_MAX:
        raise Rejected("MAXIMUM_EXCEEDED", [*path, "lines"], f"a cart holds at most {CART_LINES_MAX} lines")
    reads = Reads(tx)
    at = now()
    empty = Contents(
        id=new_id(), channel_id=new.channel_id, state="OPEN", country=None, language=new.language, customer_id=None,
        email=None, phone=None, note=_note(new.note or "", (*path, "note")),
        attributes=rules.attributes(new.attributes, (*path, "attributes")),
        discount_codes=rules.discount_codes(new.discount_codes, (*path, "discountCodes")),
        gift_card_ids=(), delivery_handle=None, payment=None, order_id=None, created_at=at, updated_at=at,
        addresses=with_addresses((), new.addresses, (*path, "delivery", "addresses")),
    )  # fmt: skip
    cart = await _with_buyer(reads, empty, new.buyer, (*path, "buyerIdentity"))
    lines, notices = await with_added(reads, cart, new.lines)
    cart = await with_gift_cards(reads, cart, new.gift_cards, (*path, "giftCardCodes"))
    made = replace(cart, lines=lines)
    return await save_new(reads, made, [*notices, *await _about_codes(reads, made)])


async def update_buyer(tx: AsyncConnection, cart_id: UUID, buyer: Buyer) -> Written:
    """Change who buys and where: prices follow the country, a signed-in customer brings contact and address along.

    Locks: the cart's row. Raises: Rejected(INVALID).
    """
    reads = Reads(tx)
    before = await locked(reads, cart_id)
    return await save(reads, before, await _with_buyer(reads, before, buyer, ("buyerIdentity",)))


async def update_note(tx: AsyncConnection, cart_id: UUID, note: str) -> Written:
    """Change a cart's note. Limits: TEXT_CHARS_MAX. Locks: the cart's row.

    Raises: Rejected(INVALID | NOTE_TOO_LONG).
    """
    reads = Reads(tx)
    before = await locked(reads, cart_id)
    return await save(reads, before, replace(before, note=_note(note, ("note",))))


async def update_attributes(tx: AsyncConnection, cart_id: UUID, attributes: Sequence[tuple[str, str]]) -> Written:
    """Put attributes in the place of a cart's. Limits: CART_ATTRIBUTES_MAX. Locks: the cart's row.

    Raises: Rejected(INVALID | MAXIMUM_EXCEEDED).
    """
    reads = Reads(tx)
    before = await locked(reads, cart_id)
    return await save(reads, before, replace(before, attributes=rules.attributes(attributes, ("attributes",))))


async def update_discount_codes(tx: AsyncConnection, cart_id: UUID, codes: Sequence[str]) -> Written:
    """Put discount codes in the place of a cart's. Those that do not apply are kept, with a notice that says why.

    Limits: DISCOUNT_CODES_MAX. Locks: the cart's row. Raises: Rejected(INVALID | MAXIMUM_EXCEEDED).
    """
    reads = Reads(tx)
    before = await locked(reads, cart_id)
    after = replace(before, discount_codes=rules.discount_codes(codes, ("discountCodes",)))
    return await save(reads, before, after, await _about_codes(reads, after))


async def set_payment(tx: AsyncConnection, cart_id: UUID, payment: Payment) -> Written:
    """Say how a cart will be paid. The amount is held against what is left to pay when the cart is submitted.

    Locks: the cart's row.
    Raises: Rejected(INVALID | INVALID_PAYMENT | INVALID_PAYMENT_EMPTY_CART).
    """
    reads = Reads(tx)
    before = await locked(reads, cart_id)
    (goods,) = await sellable(reads.load_many, [before])
    if not goods.lines:
        raise Rejected("INVALID_PAYMENT_EMPTY_CART", ["payment"], "There is nothing in the cart to pay for.")
    if payment.currency != goods.market.currency:
        told = f"The cart is in {goods.market.currency}, not in {payment.currency}."
        raise Rejected("INVALID_PAYMENT", ["payment", "amount", "currencyCode"], told)
    if payment.amount_minor < 0:
        raise Rejected("INVALID_PAYMENT", ["payment", "amount", "amount"], "must not be negative")
    return await save(reads, before, replace(before, payment=payment))


async def _about_codes(reads: Reads, cart: Contents) -> list[Notice]:
    """Return a notice for each code that does not lower the price. What it reads, the answer will want to know."""
    if not cart.discount_codes:
        return []
    (quote,) = await quotes(reads.load_many, [cart])
    return rules.code_notices(cart.id, cart.discount_codes, quote.outcomes)


def _note(note: str, path: Path) -> str:
    return rules.text(note, path, TEXT_CHARS_MAX, "NOTE_TOO_LONG")


async def _with_buyer(reads: Reads, cart: Contents, buyer: Buyer, path: Path) -> Contents:
    if "country" in buyer:
        country = buyer["country"]
        cart = replace(cart, country=None if country == NOWHERE else country)
    customer_id = await _customer(reads, cart, buyer, path)
    bound = customer_id is not None and customer_id != cart.customer_id
    cart = replace(cart, customer_id=customer_id)
    if bound:
        cart = await _with_customer(reads, cart)
    if "email" in buyer:
        cart = replace(cart, email=rules.email(buyer["email"], (*path, "email")))
    if "phone" in buyer:
        cart = replace(cart, phone=rules.phone(buyer["phone"], (*path, "phone")))
    # What may be bought depends on the market, so the answer will want to know it; read it while it is cheap.
    await reads.load_many(pricing.markets_for, [cart.country])
    return cart


async def _customer(reads: Reads, cart: Contents, buyer: Buyer, path: Path) -> UUID | None:
    if "customer_access_token" in buyer:
        token = buyer["customer_access_token"]
        if token is None:
            return None
        found = await customers.customer_of_token(reads.conn, token)
        if found is None:
            told = "The customer access token is not valid or has expired."
            raise Rejected("INVALID", [*path, "customerAccessToken"], told)
        return found
    return buyer.get("customer_id") or cart.customer_id


async def _with_customer(reads: Reads, cart: Contents) -> Contents:
    """Fill what the cart does not say yet from the customer's profile."""
    (profile,) = await reads.load_many(customers.profiles, [cart.customer_id])
    if profile is None:
        return cart
    cart = replace(cart, email=cart.email or profile.email, phone=cart.phone or profile.phone)
    if profile.default_address is not None and not cart.addresses:
        cart = replace(cart, addresses=with_addresses((), [AddressInput(profile.default_address)], ()))
    return cart
