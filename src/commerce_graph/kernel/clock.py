"""The time, as one replaceable function."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import uuid_utils.compat

Clock = Callable[[], datetime]


def now() -> datetime:
    """Return the current time as aware UTC."""
    return datetime.now(UTC)


def new_id() -> UUID:
    """Return a UUIDv7 (RFC 9562): keys sort by creation, so B-tree inserts stay at the right edge."""
    return uuid_utils.compat.uuid7()
