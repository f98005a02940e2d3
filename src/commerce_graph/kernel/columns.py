"""Columns that every domain's tables are made of. Foreign keys stay inside a domain's Postgres schema."""

from collections.abc import Sequence
from enum import Enum
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Integer,
    TableValuedAlias,
    Text,
    Uuid,
    cast,
    column,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB


def key(name: str = "id") -> Column[Any]:
    """Return a UUIDv7 primary key column; several in one table make a composite key."""
    return Column(name, Uuid, primary_key=True)


def uuid(name: str, *, null: bool = False, unique: bool = False, index: bool = False) -> Column[Any]:
    """Return a column that holds a key of another domain's entity, or one of this domain where no row is referenced."""
    return Column(name, Uuid, nullable=null, unique=unique, index=index)


def parent(name: str, target: str, *, null: bool = False, primary: bool = False, index: bool = False) -> Column[Any]:
    """Return a foreign key within the domain's schema; the row goes with its parent."""
    return Column(
        name, Uuid, ForeignKey(target, ondelete="CASCADE"), nullable=null and not primary, primary_key=primary,
        index=index,
    )  # fmt: skip


def words(name: str, *, null: bool = False, default: str | None = None, unique: bool = False) -> Column[Any]:
    """Return a text column."""
    return Column(name, Text, nullable=null, unique=unique, server_default=default)


def minor(name: str, *, null: bool = False, default: int | None = None) -> Column[Any]:
    """Return an amount of money in minor units; the row or its parent holds the currency."""
    given = None if default is None else str(default)
    return Column(name, BigInteger, nullable=null, server_default=given)


def count(name: str, *, default: int | None = None, null: bool = False) -> Column[Any]:
    """Return a whole-number column."""
    return Column(name, Integer, nullable=null, server_default=None if default is None else str(default))


def moment(name: str, *, null: bool = False, now: bool = False) -> Column[Any]:
    """Return an aware UTC time; `now` fills it with the transaction's start."""
    return Column(name, DateTime(timezone=True), nullable=null, server_default=func.now() if now else None)


def document(name: str, *, null: bool = False, default: str | None = None) -> Column[Any]:
    """Return a JSONB column, whose None is SQL's NULL; `default` is JSON text."""
    given = None if default is None else text(f"'{default}'::jsonb")
    return Column(name, JSONB(none_as_null=True), nullable=null, server_default=given)


def one_of(column: str, names: type[Enum] | list[str]) -> CheckConstraint:
    """Return a CHECK that a text column holds one of the names."""
    members = names if isinstance(names, list) else [member.name for member in names]
    return CheckConstraint(f"{column} IN ({', '.join(repr(name) for name in members)})", name=f"{column}_known")


def given(rows: Sequence[Sequence[Any]], **types: Any) -> TableValuedAlias:
    """Return the program's rows as a table inside a statement (`unnest`), whose text does not grow with them.

    `types` name and type the columns, in the order of a row's members.
    """
    columns: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * len(types)
    # One dimension: a value that is a list, such as a JSON document's, stays one value.
    kinds = [ARRAY(kind, dimensions=1) for kind in types.values()]
    arrays = [cast(list(values), kind) for values, kind in zip(columns, kinds, strict=True)]
    names = [column(name, kind) for name, kind in types.items()]
    return func.unnest(*arrays).table_valued(*names).render_derived()
