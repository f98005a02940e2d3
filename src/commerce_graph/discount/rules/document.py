"""Discounts and purchases as JSON documents, so that what was decided can be decided again."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from commerce_graph.discount.rules.definition import Discount, Goods, Items, Purchase

Kept = TypeVar("Kept", Discount, Goods, Items, Purchase)

IDS = {"id", "variant_id", "product_id", "customer_id"}
ID_SETS = {"products", "variants", "collections", "customers"}
TEXT_SETS = {"combines", "countries"}
MOMENTS = {"at", "starts_at", "ends_at"}
PARTS: Mapping[str, type[Items]] = {"items": Items, "buys": Items}


def to_document(value: Discount | Goods | Items | Purchase) -> dict[str, Any]:
    """Return a value as a JSON document; what is as it is by default is left out."""
    return {
        each.name: _plain(getattr(value, each.name))
        for each in fields(value)
        if getattr(value, each.name) != each.default
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Items | Goods):
        return to_document(value)
    if isinstance(value, frozenset):
        return sorted(str(each) for each in value)
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if isinstance(value, UUID):
        return str(value)
    return value.isoformat() if isinstance(value, datetime) else value


def from_document(kind: type[Kept], stored: Mapping[str, Any]) -> Kept:
    """Return the value of a document."""
    return kind(**{name: _value(name, value) for name, value in stored.items()})


def _value(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in IDS:
        return UUID(value)
    if name in ID_SETS:
        return frozenset(UUID(each) for each in value)
    if name in TEXT_SETS:
        return frozenset(value)
    if name in MOMENTS:
        return datetime.fromisoformat(value)
    if name in PARTS:
        return from_document(PARTS[name], value)
    return tuple(from_document(Goods, each) for each in value) if name == "lines" else value
