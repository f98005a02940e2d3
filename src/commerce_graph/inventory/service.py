"""Stock: use cases, and the only door for other domains. What a variant sells is counted by its inventory item."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class Stock:
    """A variant's stock over all active locations."""

    tracked: bool
    oversell: bool
    on_hand: int
    committed: int

    @property
    def available(self) -> int:
        """What can be promised from stock; below zero where more was sold than there is."""
        return self.on_hand - self.committed

    @property
    def for_sale(self) -> bool:
        """Whether a shopper may buy one."""
        return not self.tracked or self.oversell or self.available > 0


async def stock(conn: AsyncConnection, variant_ids: Sequence[UUID]) -> Sequence[Stock | None]:
    """Return stock. Shape: n keys → n results in input order, None where nothing is counted; 1 statement."""
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class NewItem:
    """How a variant is counted. None leaves it as it is; new items are tracked and do not oversell."""

    variant_id: UUID
    product_id: UUID
    tracked: bool | None = None
    oversell: bool | None = None


async def save_items(tx: AsyncConnection, items: Sequence[NewItem]) -> None:
    """Create or update inventory items and keep the catalogue's availability in step.

    Locks: the items in order of id, then their levels.
    Emits: StockChanged, one a product.
    Raises: Rejected(INVALID) where overselling is switched off while more is sold than there is.
    """
    raise NotImplementedError


async def remove_items(tx: AsyncConnection, variant_ids: Sequence[UUID]) -> None:
    """Stop counting removed variants. Raises: Rejected(INVALID) while stock of one is reserved or sold, not shipped."""
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class SetQuantity:
    """An absolute quantity of an item at a location. `compare` must match the present one, None does not ask."""

    item_id: UUID
    location_id: UUID
    quantity: int
    compare: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What a write did to one level."""

    name: str
    item_id: UUID
    location_id: UUID
    delta: int
    quantity_after: int


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A group of changes that were made together."""

    id: UUID
    reason: str
    reference_document_uri: str | None
    created_at: datetime
    changes: Sequence[Change]


async def set_quantities(
    tx: AsyncConnection, name: str, quantities: Sequence[SetQuantity], reason: str, reference: str | None, actor: str
) -> Adjustment:
    """Set `on_hand` or `available` quantities, all or none.

    Locks: the levels in order of item and location.
    Emits: StockChanged, one a product.
    Raises: Rejected(COMPARE_QUANTITY_STALE | INVALID_INVENTORY_ITEM | INVALID_LOCATION | INVALID_QUANTITY_NEGATIVE |
    INVALID_NAME | INVALID_REASON ...), `field` is `["input", "quantities", index, member]`.
    """
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one line of a purchase wants of a variant."""

    line_id: UUID
    variant_id: UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class Allocation:
    """What a location gives to a line. `location_id` is None for a variant that is not tracked."""

    line_id: UUID
    variant_id: UUID
    location_id: UUID | None
    quantity: int


async def reserve(
    tx: AsyncConnection, owner_id: UUID, wanted: Sequence[Wanted], country: str | None, expires_at: datetime
) -> Sequence[Allocation]:
    """Hold stock for a purchase until `expires_at`, from as few locations as can give it.

    Locations in the buyer's country come first, then by priority. A line may be split. Statements do not grow with
    the lines. Repeating it for the same owner returns what was allocated.
    Locks: the levels in order of item and location.
    Emits: StockChanged where a variant sells out.
    Raises: OutOfStock (inventory.errors), a Rejected(NOT_ENOUGH_STOCK) naming line and what is left.
    """
    raise NotImplementedError


async def allocations(conn: AsyncConnection, owner_id: UUID) -> Sequence[Allocation]:
    """Return what an owner still holds of tracked stock, in order of line and location. 1 statement."""
    raise NotImplementedError


async def commit(tx: AsyncConnection, owner_id: UUID) -> bool:
    """Turn what an owner holds into a sale: it does not expire any more. False where a hold has expired.

    Locks: the owner's reservations.
    """
    raise NotImplementedError


async def renew(tx: AsyncConnection, owner_id: UUID, expires_at: datetime) -> bool:
    """Move the end of an owner's hold. False where it has expired."""
    raise NotImplementedError


async def release(tx: AsyncConnection, owner_id: UUID, lines: Sequence[tuple[UUID, int]] | None = None) -> None:
    """Give back what an owner holds: all of it, or (line_id, quantity) of some lines. Repeating it changes nothing
    where all is given back.

    Locks: the levels in order of item and location, then the reservations.
    Emits: StockChanged where a variant can be bought again.
    Raises: Rejected(INVALID) for more than a line holds.
    """
    raise NotImplementedError


async def ship(tx: AsyncConnection, owner_id: UUID, picks: Sequence[tuple[UUID, UUID, int]]) -> None:
    """Take sold stock out of the house: (line_id, location_id, quantity). On hand and committed fall together.

    Locks: the levels in order of item and location, then the reservations.
    Raises: Rejected(INVALID) for more than the line holds there. Lines of untracked variants hold nothing: skip them.
    """
    raise NotImplementedError


async def restock(
    tx: AsyncConnection, returned: Sequence[tuple[UUID, UUID, int]], reason: str, reference: str | None, actor: str
) -> None:
    """Put returned goods back on hand: (variant_id, location_id, quantity). Untracked variants are skipped.

    Locks: the levels in order of item and location. Emits: StockChanged.
    """
    raise NotImplementedError


async def release_expired(tx: AsyncConnection, limit: int) -> int:
    """Release holds that have expired, at most `limit` owners, and return how many. Skips what others work on."""
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Place:
    """A location."""

    id: UUID
    name: str
    country: str
    active: bool


async def locations(conn: AsyncConnection, ids: Sequence[UUID]) -> Sequence[Place | None]:
    """Return locations. Shape: n keys → n results in input order, None where there is none; 1 statement."""
    raise NotImplementedError


async def active_locations(conn: AsyncConnection) -> Sequence[Place]:
    """Return all active locations in order of priority; the first is the default. 1 statement."""
    raise NotImplementedError
