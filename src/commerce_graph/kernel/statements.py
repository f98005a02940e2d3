"""Statements that are built once: SQLAlchemy spends more on building one than on running it."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    TableValuedAlias,
    Uuid,
    any_,
    bindparam,
    cast,
    column,
    func,
)

from commerce_graph.kernel.limits import STATEMENTS_KEPT_MAX

P = ParamSpec("P")
R = TypeVar("R")


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
    compared: ColumnElement[Any] = any_(keys())
    return compared


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
