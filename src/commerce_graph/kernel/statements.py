"""Statements that are built once: SQLAlchemy spends more on building one than on running it."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from sqlalchemy import ARRAY, BindParameter, ColumnElement, Uuid, any_, bindparam

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
