"""Scalars and enums."""

from collections.abc import Callable
from enum import Enum
from math import isfinite
from typing import TYPE_CHECKING, Any

from graphql import GraphQLEnumType, GraphQLLeafType, Undefined
from graphql.pyutils import inspect
from graphql.type.scalars import (
    GRAPHQL_MAX_INT,
    GRAPHQL_MIN_INT,
    serialize_boolean,
    serialize_float,
    serialize_id,
    serialize_int,
    serialize_string,
)

from commerce_graph.kernel.execution.column import EMPTY, Completion, Done, all_usual
from commerce_graph.kernel.execution.place import Place
from commerce_graph.kernel.execution.run import Run

if TYPE_CHECKING:
    from commerce_graph.kernel.execution.plan import FieldPlan


class Leaf(Completion):
    """Scalars and enums. What is its own answer passes as a column, whatever its length."""

    __slots__ = ("_kind", "_names", "_serialize", "fits", "own")

    def __init__(self, kind: GraphQLLeafType, field: "FieldPlan", required: bool) -> None:
        super().__init__(field, required)
        self._kind = kind
        self._serialize = kind.coerce_output_value
        self._names: dict[int, Any] = {}
        """What members of an enum are serialized as, by their identity."""
        plain, check = _UNCHANGED.get(self._serialize, (None, None))
        nulls = set() if required or check else {type(None)}
        self.own = frozenset({plain, *nulls}) if plain else frozenset()
        self.fits = check

    def __call__(self, run: Run, values: list[Any], place: Place) -> Done:
        if self.own.issuperset(map(type, values)) and (self.fits is None or self.fits(values)):
            return values
        if all_usual(set(map(type, values))):
            return self._present(run, values, place)
        return self._mixed(run, values, place)

    def _present(self, run: Run, values: list[Any], place: Place) -> list[Any]:
        try:
            done = self._serialized(values)
        except Exception:
            done = None
        if done is not None and not EMPTY & set(map(type, done)):
            return done
        return [self._one(run, value, place, row) for row, value in enumerate(values)]

    def _serialized(self, values: list[Any]) -> list[Any]:
        serialize = self._serialize
        if not isinstance(self._kind, GraphQLEnumType):
            return [serialize(value) for value in values]
        # Strawberry looks for a member among all of them: once, since members live as long as the schema.
        known = self._names
        try:
            return list(map(known.__getitem__, map(id, values)))
        except KeyError:
            members = {id(value): value for value in values}
            names = {at: serialize(value) for at, value in members.items()}
            known.update((at, names[at]) for at, value in members.items() if isinstance(value, Enum))
            return [names[id(value)] for value in values]

    def _one(self, run: Run, value: Any, place: Place, row: int) -> Any:
        try:
            answer = self._serialize(value)
            if answer is None or answer is Undefined:
                raise TypeError(
                    f"Expected `{inspect(self._kind)}.coerce_output_value({inspect(value)})`"
                    f" to return non-nullable value, returned: {inspect(answer)}"
                )
            return answer
        except Exception as fault:
            return run.fail(place, row, fault)


def _fits(values: list[Any]) -> bool:
    return not values or (min(values) >= GRAPHQL_MIN_INT and max(values) <= GRAPHQL_MAX_INT)


def _finite(values: list[Any]) -> bool:
    return all(map(isfinite, values))


_UNCHANGED: dict[Any, tuple[type, Callable[[list[Any]], bool] | None]] = {
    str: (str, None),
    serialize_string: (str, None),
    serialize_id: (str, None),
    serialize_boolean: (bool, None),
    serialize_int: (int, _fits),
    serialize_float: (float, _finite),
}
"""Python's own type of a scalar: its values are their own answers, if the check holds for the column."""
