"""Statements that are built and compiled once: SQLAlchemy spends more on either than PostgreSQL does on the answer."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]
import orjson
from sqlalchemy import (
    ARRAY,
    CTE,
    JSON,
    BindParameter,
    ColumnElement,
    FromClause,
    Select,
    TableValuedAlias,
    Text,
    Uuid,
    any_,
    bindparam,
    cast,
    column,
    func,
)
from sqlalchemy.dialects.postgresql import asyncpg as dialects
from sqlalchemy.types import TypeEngine

from commerce_graph.kernel.limits import STATEMENTS_KEPT_MAX

NUMERIC, FLOAT8 = 1700, 701
"""PostgreSQL's numbers of these types."""

P = ParamSpec("P")
R = TypeVar("R")


def written(document: Any) -> str:
    """Return a JSON document as text, as every connection takes it."""
    return orjson.dumps(document).decode()


_DIALECT = dialects.dialect(json_serializer=written, json_deserializer=orjson.loads)  # type: ignore[no-untyped-call]


def built_once(build: Callable[P, R]) -> Callable[P, R]:
    """Keep what a function builds, by its arguments: they say how the statement looks, and are hashable.

    Values that differ from request to request are parameters of the statement (`keys`), not arguments.
    Limits: STATEMENTS_KEPT_MAX of each function, the least recently used leaves first.
    """
    return lru_cache(STATEMENTS_KEPT_MAX)(build)  # type: ignore[return-value]


def keys(name: str = "keys") -> BindParameter[Sequence[UUID]]:
    """Return the parameter of a statement that is a list of keys."""
    return bindparam(name, type_=ARRAY(Uuid))


def any_key() -> ColumnElement[UUID]:
    """Return what a key is compared with to be one of `keys`."""
    return any_of("keys", Uuid)


def any_of(name: str, kind: Any) -> ColumnElement[Any]:
    """Return what a value is compared with to be one of a parameter that is a list."""
    compared: ColumnElement[Any] = any_(bindparam(name, type_=ARRAY(kind)))
    return compared


def locked(rows: Select[Any], *tables: FromClause, name: str = "locked") -> CTE:
    """Return rows, locked before the rest of the statement can touch anything that is joined with them.

    Give them an order, the same wherever they are locked. `tables`: those to lock where others are joined.
    """
    return rows.with_for_update(of=tables or None).cte(name).prefix_with("MATERIALIZED")


class Row(asyncpg.Record):  # type: ignore[misc]
    """A row of a prepared statement: its columns are attributes, as those of SQLAlchemy's rows.

    JSON documents are read when they are looked at, by attribute, in order or through `_mapping`; `row[...]` is the
    text of one.
    """

    __slots__ = ()
    _fields: tuple[str, ...] = ()
    """The names of its columns in order."""

    @property
    def _mapping(self) -> Mapping[str, Any]:
        """Return what gives a column by its name."""
        return self


class _RowWithDocuments(Row):
    __slots__ = ()

    def __iter__(self) -> Iterator[Any]:
        return (getattr(self, name) for name in self.keys())

    @property
    def _mapping(self) -> Mapping[str, Any]:
        return dict(zip(self.keys(), self, strict=True))


class Prepared:
    """A SELECT compiled once, to be run on asyncpg with nothing between: `database.rows`.

    Only the parameters that it names (`bindparam`) differ from one run to the next. Build it once: to compile costs
    milliseconds. Raises: TypeError for a column whose values SQLAlchemy would have to convert, or without a name.
    """

    __slots__ = ("_bound", "_constants", "_writers", "row", "select", "sql")

    def __init__(self, select: Select[Any]) -> None:
        self.select = select
        """The same as SQLAlchemy runs it."""
        compiled = _as_text(select).compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        self.sql: str = compiled.string
        self.row: type[Row] = _row_of(select)
        names: list[str] = compiled.positiontup or []
        binds: dict[str, BindParameter[Any]] = compiled.binds
        writers = {name: _writer(binds[name].type) if name in binds else None for name in names}
        constants = compiled.params
        self._bound = [(name, bool(name in binds and binds[name].required)) for name in names]
        self._constants = {
            name: write(constants[name]) if write else constants[name]
            for name, write in writers.items()
            if (name, False) in self._bound
        }
        self._writers = {name: write for name, write in writers.items() if write}

    def parameters(self, values: dict[str, Any]) -> list[Any]:
        """Return the values of the placeholders in order. Raises: KeyError for a parameter that was not given."""
        found = []
        for name, required in self._bound:
            if not required and name not in values:
                found.append(self._constants[name])
            else:
                write = self._writers.get(name)
                found.append(write(values[name]) if write else values[name])
        return found


def _writer(kind: TypeEngine[Any]) -> Callable[[Any], Any] | None:
    """Return what makes a value one that asyncpg takes, None where it is one."""
    here = kind.dialect_impl(_DIALECT)
    if isinstance(here, ARRAY) and _writer(here.item_type) is None:
        return None  # SQLAlchemy would copy the list
    write: Callable[[Any], Any] | None = here.bind_processor(_DIALECT)
    return write


def _reads(kind: TypeEngine[Any]) -> bool:
    """Tell whether asyncpg's value is what SQLAlchemy would give for a column of this type."""
    here = kind.dialect_impl(_DIALECT)
    if isinstance(here, ARRAY):
        return not here.as_tuple and _reads(here.item_type)
    # Numbers are looked at by what PostgreSQL sends: `numeric`, of which asyncpg makes a Decimal, or `float8`.
    sent = NUMERIC if getattr(here, "asdecimal", False) else FLOAT8
    return here.result_processor(_DIALECT, sent) is None


def _as_text(select: Select[Any]) -> Select[Any]:
    """Return a SELECT with its documents as text: most are never looked at."""
    columns = select.selected_columns.items()
    if not any(isinstance(each.type, JSON) for _, each in columns):
        return select
    return select.with_only_columns(
        *(cast(each, Text).label(name) if isinstance(each.type, JSON) else each for name, each in columns)
    )


def _row_of(select: Select[Any]) -> type[Row]:
    names = tuple(select.selected_columns.keys())
    members: dict[str, Any] = {"__slots__": (), "_fields": names}
    base = Row
    for place, (name, selected) in enumerate(select.selected_columns.items()):
        if name in members or not _reads(selected.type):
            raise TypeError(f"a prepared statement cannot answer with `{name}` of {selected.type!r}")
        members[name] = property(itemgetter(place))
        if isinstance(selected.type, JSON):
            base, members[name] = _RowWithDocuments, property(partial(_document, place))
    return type("Row", (base,), members)


def _document(place: int, row: Row) -> Any:
    text = row[place]
    return None if text is None else orjson.loads(text)


class Given:
    """Rows that the program gives to a statement that is built once, as a table in it, one array a column.

    `name`: of the table; two in one statement have two names. `types`: names and types of its columns.
    """

    def __init__(self, name: str, **types: Any) -> None:
        self._names = {each: f"{name}_{each}" for each in types}
        # One dimension: a value that is a list, such as a JSON document's, stays one value.
        kinds = {each: ARRAY(kind, dimensions=1) for each, kind in types.items()}
        arrays = [cast(bindparam(self._names[each], type_=kind), kind) for each, kind in kinds.items()]
        columns = [column(each, kind) for each, kind in types.items()]
        alias = func.unnest(*arrays).table_valued(*columns, with_ordinality="at").render_derived(name=name)
        self.table: TableValuedAlias = alias

    @property
    def c(self) -> Any:
        """Its columns, and `at`, a row's place among those given."""
        return self.table.c

    def values(self, rows: Sequence[Sequence[Any]]) -> dict[str, list[Any]]:
        """Return the parameters that are these rows, whose members are in the order of the columns."""
        columns: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * len(self._names)
        return {name: list(values) for name, values in zip(self._names.values(), columns, strict=True)}
