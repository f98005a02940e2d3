"""Codes of gift cards: random, kept as a keyed hash, and not to be guessed."""

import hmac
import secrets
from collections.abc import Sequence
from hashlib import sha256
from uuid import UUID

from redis.asyncio import Redis
from sqlalchemy import ARRAY, LargeBinary, any_, cast, select

from commerce_graph.gift_card.loaders import COLUMNS, to_card
from commerce_graph.gift_card.rules import ALPHABET, Card, folded
from commerce_graph.gift_card.tables import card
from commerce_graph.kernel import attempts, limits
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.errors import Rejected, RequestError


def new_code() -> str:
    """Return a fresh code of GIFT_CARD_CODE_CHARS characters: 80 random bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(limits.GIFT_CARD_CODE_CHARS))


def fingerprint(secret: bytes, code: str) -> bytes:
    """Return what is stored of a folded code. Without the server's secret it cannot be computed, nor guessed back."""
    return hmac.new(secret, f"gift-card:{code}".encode(), sha256).digest()


async def find(db: Database, redis: Redis, secret: bytes, codes: Sequence[str], at: UUID | None) -> list[Card | None]:
    """Return the cards that codes open. Shape: n codes → n results in input order; at most 1 statement.

    `at`: the cart that they are tried at, None for one that is being made.
    Limits: GIFT_CARDS_MAX codes; GIFT_CARD_MISSES_MAX codes that open nothing at a cart, and
    GIFT_CARD_SHOP_MISSES_MAX in the whole shop, in GIFT_CARD_MISSES_WINDOW_S (not counted while Redis is gone).
    Raises: Rejected(MAXIMUM_EXCEEDED), RequestError(THROTTLED).
    """
    if len(codes) > limits.GIFT_CARDS_MAX:
        told = f"there may be at most {limits.GIFT_CARDS_MAX} gift cards"
        raise Rejected("MAXIMUM_EXCEEDED", ["giftCardCodes"], told)
    if not codes:
        return []
    # Counted before they are looked up, so that a thousand guesses sent at once are a thousand.
    await _count(redis, at, len(codes))
    hashes = [fingerprint(secret, folded(code)) for code in codes]
    wanted = select(card.c.hash, *COLUMNS).where(card.c.hash == any_(cast(hashes, ARRAY(LargeBinary))))
    async with db.read() as conn:
        rows = (await conn.execute(wanted)).all()
    # The index finds a row by its hash; that it is the code's is decided in constant time.
    found = [next((to_card(row[1:]) for row in rows if hmac.compare_digest(row.hash, each)), None) for each in hashes]
    await _count(redis, at, -sum(each is not None for each in found))
    return found


async def _count(redis: Redis, at: UUID | None, number: int) -> None:
    """Count so many misses more, or take back what were none. Raises: RequestError(THROTTLED) where there are more."""
    if number == 0:
        return
    most = {_counter("shop"): limits.GIFT_CARD_SHOP_MISSES_MAX}
    if at is not None:
        most[_counter(str(at))] = limits.GIFT_CARD_MISSES_MAX
    window_s, unheard = limits.GIFT_CARD_MISSES_WINDOW_S, "gift_card.misses_not_counted"
    if await attempts.too_many(redis, most, window_s, unheard, number):
        minutes = limits.GIFT_CARD_MISSES_WINDOW_S // 60
        raise RequestError("THROTTLED", f"Too many gift card codes were tried; try again in {minutes} minutes.")


def _counter(who: str) -> str:
    return f"commerce-graph:gift-card-misses:{who}"
