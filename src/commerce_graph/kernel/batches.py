"""Many things, a bounded number at a time."""

from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


def batches(items: Iterable[T], size: int) -> list[list[T]]:
    """Return the items in their order, in lists of `size`, of which the last may be shorter."""
    every = list(items)
    return [every[at : at + size] for at in range(0, len(every), size)]
