"""What of a hold is sold, shipped or given back. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from commerce_graph.kernel.errors import Rejected


@dataclass(frozen=True, slots=True)
class Held:
    """What a line holds of a level."""

    line_id: UUID
    location_id: UUID
    item_id: UUID
    quantity: int
    state: str


Takes = dict[tuple[UUID, UUID], int]
"""Quantities by line and location."""


def take_all(held: Sequence[Held]) -> Takes:
    """Return everything that is held."""
    return {(part.line_id, part.location_id): part.quantity for part in held if part.quantity}


def take(held: Sequence[Held], picks: Sequence[tuple[UUID, UUID, int]], states: Collection[str]) -> Takes:
    """Return (line_id, location_id, quantity) summed by line and location, out of what is held in one of the states.

    A line that never held anything is of goods nobody counts, and skipped.
    Raises: Rejected(INVALID) for a negative quantity, or more than a line holds at a location.
    """
    known = {part.line_id for part in held}
    there = {(part.line_id, part.location_id): part.quantity for part in held if part.state in states}
    takes: Takes = {}
    for line_id, location_id, quantity in picks:
        if quantity < 0:
            raise Rejected("INVALID", None, "a quantity must not be negative")
        if line_id in known and quantity:
            takes[line_id, location_id] = takes.get((line_id, location_id), 0) + quantity
    for at, quantity in takes.items():
        if quantity > there.get(at, 0):
            raise Rejected("INVALID", None, f"the line holds {there.get(at, 0)} at this location, not {quantity}")
    return takes
