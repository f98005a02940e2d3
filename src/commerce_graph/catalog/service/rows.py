"""Many keys in one parameter: a statement has the same text for one key and for two thousand."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Uuid, any_, cast


def among(key: ColumnElement[Any], ids: Sequence[UUID]) -> ColumnElement[bool]:
    """Return the condition that a key is one of these ids."""
    return key == any_(cast(list(ids), ARRAY(Uuid)))
