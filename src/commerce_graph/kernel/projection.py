"""Projection: of an entity's row, a list reads the columns that the operation looks at, and no others."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import strawberry
from sqlalchemy import ColumnElement

from commerce_graph.kernel.auth import Access
from commerce_graph.kernel.mutations import ACCESS

READS = "reads"
"""The metadata of a field that names the columns it reads of its entity's row; None for the one that it is."""

Columns = frozenset[str] | None
"""Names of columns; None for all of them."""


@dataclass(kw_only=True)
class Projected:
    """An entity that is shown from a row, whose `id` is always read.

    Every field of such a class says which columns it reads: `column`, or `reads=` of `field` and `batch_field`. One
    that does not is correct all the same, and has whole rows read wherever it is asked for. Fields of other parts of
    the entity know its key alone.
    """

    row: strawberry.Private[Any]

    @classmethod
    def of(cls, row: Any) -> Self:
        """Return a row as the entity."""
        (made,) = cls.all_of((row,))
        return made

    @classmethod
    def all_of(cls, rows: Iterable[Any]) -> list[Self]:
        """Return rows as entities, in order. There are many, and a constructor costs three times as much."""
        made: list[Any] = []
        for row in rows:
            entity: Any = object.__new__(cls)
            entity.uuid = row.id
            entity.row = row
            made.append(entity)
        return made


def column(description: str, access: Access | None = None) -> Any:
    """Declare a field that is the column of its name."""

    def read(self: Projected) -> Any:
        return getattr(self.row, declared.python_name)

    metadata = {READS: None} if access is None else {READS: None, ACCESS: access}
    declared = strawberry.field(resolver=read, description=description, metadata=metadata)
    return declared


def columns_read(member: Any) -> Columns:
    """Return what a field, as Strawberry knows it, reads of its parent's row."""
    if READS in member.metadata:
        reads = member.metadata[READS]
        return frozenset({member.python_name} if reads is None else reads)
    return None if issubclass(member.origin or object, Projected) else frozenset()


def columns_asked(info: strawberry.Info) -> Columns:
    """Return what the operation looks at of the nodes of a connection that is resolved; graphql-core does not tell."""
    asked: Columns = getattr(info._raw_info, "columns", None)
    return asked


def projected(columns: Iterable[ColumnElement[Any]], asked: Columns) -> list[ColumnElement[Any]]:
    """Return those of a row's columns that are looked at, and its `id`."""
    return [each for each in columns if asked is None or each.key == "id" or each.key in asked]
