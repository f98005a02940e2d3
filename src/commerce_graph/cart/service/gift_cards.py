"""The gift cards of a cart: applied by their codes, kept by their keys. Only a purchase takes money off them."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.cart.loaders import Contents
from commerce_graph.cart.rules import Path
from commerce_graph.cart.service.edits import Written, locked, save
from commerce_graph.gift_card import service as gift_cards
from commerce_graph.gift_card.service import Card
from commerce_graph.kernel.clock import now
from commerce_graph.kernel.context import Reads
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import GIFT_CARDS_MAX
from commerce_graph.pricing import service as pricing

CODES = ("giftCardCodes",)


async def add_gift_cards(tx: AsyncConnection, cart_id: UUID, cards: Sequence[Card | None]) -> Written:
    """Apply gift cards to a cart, besides those that it has; None stands for a code that opens none.

    Limits: GIFT_CARDS_MAX. Locks: the cart's row. Raises: Rejected(INVALID | MAXIMUM_EXCEEDED).
    """
    reads = Reads(tx)
    before = await locked(reads, cart_id)
    return await save(reads, before, await with_gift_cards(reads, before, cards, CODES))


async def replace_gift_cards(tx: AsyncConnection, cart_id: UUID, cards: Sequence[Card | None]) -> Written:
    """Put gift cards in the place of a cart's. Limits, locks, raises: as `add_gift_cards`."""
    reads = Reads(tx)
    before = await locked(reads, cart_id)
    after = await with_gift_cards(reads, replace(before, gift_card_ids=()), cards, CODES)
    return await save(reads, before, after)


async def remove_gift_cards(tx: AsyncConnection, cart_id: UUID, ids: Sequence[UUID]) -> Written:
    """Take gift cards off a cart. Locks: the cart's row. Raises: Rejected(INVALID)."""
    reads = Reads(tx)
    before = await locked(reads, cart_id)
    for index, each in enumerate(ids):
        if each not in before.gift_card_ids:
            raise Rejected("INVALID", ["appliedGiftCardIds", str(index)], "there is no such gift card in this cart")
    left = tuple(each for each in before.gift_card_ids if each not in set(ids))
    return await save(reads, before, replace(before, gift_card_ids=left))


async def with_gift_cards(reads: Reads, cart: Contents, cards: Sequence[Card | None], path: Path) -> Contents:
    """Return a cart with gift cards, each once, whose code the caller has shown.

    Limits: GIFT_CARDS_MAX. Raises: Rejected(INVALID | MAXIMUM_EXCEEDED).
    """
    if not cards:
        return cart
    (market,) = await reads.load_many(pricing.markets_for, [cart.country])
    ids = dict.fromkeys(cart.gift_card_ids)
    for index, card in enumerate(cards):
        at = (*path, str(index))
        if card is None:
            raise Rejected("INVALID", at, "there is no such gift card")
        if (why := gift_cards.why_not(card, market.currency, now().date())) is not None:
            raise Rejected("INVALID", at, f"the gift card {why}")
        ids[card.id] = None
    if len(ids) > GIFT_CARDS_MAX:
        raise Rejected("MAXIMUM_EXCEEDED", path, f"a cart holds at most {GIFT_CARDS_MAX} gift cards")
    return replace(cart, gift_card_ids=tuple(ids))
