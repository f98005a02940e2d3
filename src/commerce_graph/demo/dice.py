"""Chance that falls the same way every time: numbers, keys and moments of the demo shop."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from hashlib import blake2b
from typing import TypeVar
from uuid import UUID

T = TypeVar("T")
MASK_64 = 2**64 - 1
MASK_62 = 2**62 - 1

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
"""The demo shop's present. It never moves, so that the same shop has the same rows on any day."""
OPENED = NOW - timedelta(days=730)
"""When the demo shop put up its first product."""
_1970 = datetime(1970, 1, 1, tzinfo=UTC)


class Dice:
    """A stream of numbers decided by a name alone (SplitMix64: the same on every Python version)."""

    __slots__ = ("_state",)

    def __init__(self, *name: str | int) -> None:
        digest = blake2b("/".join(map(str, name)).encode(), digest_size=8).digest()
        self._state = int.from_bytes(digest)

    def roll(self) -> int:
        """Return the next 64 bits."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & MASK_64
        mixed = ((self._state ^ (self._state >> 30)) * 0xBF58476D1CE4E5B9) & MASK_64
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK_64
        return mixed ^ (mixed >> 31)

    def below(self, end: int) -> int:
        """Return a whole number from 0 to `end`, which is left out."""
        return self.roll() * end >> 64

    def between(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def chance(self, percent: int) -> bool:
        """Return True in `percent` of a hundred cases."""
        return self.below(100) < percent

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of the choices."""
        return choices[self.below(len(choices))]

    def some(self, choices: Sequence[T], size: int) -> list[T]:
        """Return up to `size` different choices in the order in which they were given."""
        left = list(range(len(choices)))
        while len(left) > size:
            left.pop(self.below(len(left)))
        return [choices[index] for index in left]


class Kind(IntEnum):
    """What a key is the key of: keys of different kinds differ, whatever their numbers."""

    CHANNEL = 1
    MARKET = 2
    TAX_RATE = 3
    LOCATION = 4
    ZONE = 5
    RATE = 6
    COLLECTION = 7
    PRODUCT = 8
    OPTION = 9
    VARIANT = 10
    MEDIA = 11
    CUSTOMER = 12
    ADDRESS = 13
    ORDER = 14
    ORDER_LINE = 15
    EVENT = 16
    TRANSACTION = 17
    REFUND = 18
    REFUND_LINE = 19
    FULFILLMENT_ORDER = 20
    FULFILLMENT_ORDER_LINE = 21
    FULFILLMENT = 22
    FULFILLMENT_LINE = 23
    PAGE = 24
    BLOG = 25
    ARTICLE = 26
    METAFIELD_DEFINITION = 27
    METAFIELD = 28
    PAYMENT_EVENT = 29


def key(kind: Kind, number: int, at: datetime = OPENED) -> UUID:
    """Return the UUIDv7 of the `number`th thing of a kind, made at `at`; keys sort by time as everywhere else.

    The numbers are spread over the 62 random bits one to one, so that no two keys of a kind are the same.
    """
    since = at - _1970
    ms = since.days * 86_400_000 + since.seconds * 1_000 + since.microseconds // 1_000
    spread = (number * 0x2545F4914F6CDD1D + 0x1234567) & MASK_62
    spread ^= spread >> 29
    spread = (spread * 0x3C79AC492BA7B653) & MASK_62
    return UUID(int=ms << 80 | 0x7 << 76 | kind << 64 | 0x2 << 62 | spread)
