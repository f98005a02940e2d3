"""Times that clients give. Pure."""

from datetime import UTC, datetime


def aware(moment: datetime) -> datetime:
    """Return a time in its zone; one that was given without a zone is UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
