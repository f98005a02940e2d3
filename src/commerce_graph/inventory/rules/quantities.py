"""Which quantities a merchant changes, and how far. Pure."""

from urllib.parse import urlsplit

from commerce_graph.inventory.rules.stock import Delta, Level
from commerce_graph.kernel.limits import INVENTORY_QUANTITY_MAX, TEXT_CHARS_MAX

QUANTITY_NAMES = ("available", "on_hand", "safety_stock", "incoming")
REASONS = frozenset(
    {
        "correction", "cycle_count_available", "damaged", "movement_canceled", "movement_created",
        "movement_received", "movement_updated", "other", "promotion", "quality_control", "received",
        "reservation_created", "reservation_deleted", "reservation_updated", "restock", "safety_stock", "shrinkage",
    }
)  # fmt: skip
"""Why a merchant may change quantities, as Shopify's Admin API lists it."""


def is_uri(text: str) -> bool:
    """Tell whether a text is a URI with a scheme, such as gid://shop/Order/1, and not too long to keep."""
    return len(text) <= TEXT_CHARS_MAX and text.isprintable() and bool(urlsplit(text).scheme)


KINDS = ("RECEIVE", "RESERVE", "RELEASE", "COMMIT", "SHIP", "RETURN", "ADJUST", "TRANSFER")
"""What can happen to stock, each a movement in the ledger."""

_KIND_OF_REASON = {"received": "RECEIVE", "movement_received": "RECEIVE", "restock": "RETURN"}


def kind_of(reason: str) -> str:
    """Return what a merchant's change for a reason is in the ledger."""
    return _KIND_OF_REASON.get(reason, "ADJUST")


def change_of(name: str, quantity: int) -> Delta:
    """Return what adding to the quantity of a name does to a level. What is available changes with what is on hand."""
    member = {"available": "on_hand", "on_hand": "on_hand", "safety_stock": "safety", "incoming": "incoming"}[name]
    return Delta(**{member: quantity})


def seen_as(name: str, delta: Delta) -> int:
    """Return by how much a movement changes the quantity of a name."""
    return {
        "available": delta.on_hand - delta.promised - delta.safety, "on_hand": delta.on_hand,
        "safety_stock": delta.safety, "incoming": delta.incoming,
    }[name]  # fmt: skip


def refusal(level: Level, delta: Delta) -> tuple[str, str] | None:
    """Return code and message where a merchant may not move a level so, None where it may."""
    after = (level.on_hand + delta.on_hand, level.safety + delta.safety, level.incoming + delta.incoming)
    if max(after) > INVENTORY_QUANTITY_MAX:
        return "INVALID_QUANTITY_TOO_HIGH", f"the quantity can't be higher than {INVENTORY_QUANTITY_MAX}"
    on_hand, safety, incoming = after
    if on_hand < -INVENTORY_QUANTITY_MAX:
        return "INVALID_QUANTITY_TOO_LOW", f"the quantity can't be lower than {-INVENTORY_QUANTITY_MAX}"
    if min(safety, incoming) < 0:
        return "INVALID_QUANTITY_TOO_LOW", "the quantity can't be lower than 0"
    if level.beyond is not None and delta.on_hand < 0 and level.committed > on_hand + level.beyond:
        return "INVALID_QUANTITY_TOO_LOW", f"{level.committed} are reserved or sold, so on hand can't be {on_hand}"
    return None
