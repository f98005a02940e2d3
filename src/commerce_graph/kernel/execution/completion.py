"""How a column of resolved values becomes a column of answers: nulls, leaves, lists, objects, abstract types.

Every completion takes n values and gives n answers: None for null, FAILED where an error was recorded, here or
below, for the position above to take in.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import chain
from math import isfinite
from types import GeneratorType
from typing import TYPE_CHECKING, Any

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    Undefined,
    is_abstract_type,
    is_leaf_type,
    is_object_type,
)
from graphql.pyutils import inspect, is_awaitable, is_iterable
from graphql.type.scalars import (
    GRAPHQL_MAX_INT,
    GRAPHQL_MIN_INT,
    serialize_boolean,
    serialize_float,
    serialize_id,
    serialize_int,
    serialize_string,
)

from commerce_graph.kernel import limits
from commerce_graph.kernel.execution.faults import FAILED
from commerce_graph.kernel.execution.info import ResolveInfo
from commerce_graph.kernel.execution.place import ItemPlace, KeptPlace, Place
from commerce_graph.kernel.execution.run import Later, Run

if TYPE_CHECKING:
    from commerce_graph.kernel.execution.plan import FieldPlan, ObjectPlan

Done = list[Any] | Awaitable[list[Any]]
Complete = Callable[[Run, list[Any], Place], Done]

_NONE = type(None)
_EMPTY = {_NONE, type(Undefined)}
_usual: set[type] = set()
"""Classes whose values are neither null, exceptions nor awaitables."""


def completion(kind: GraphQLOutputType, field: "FieldPlan") -> Complete:
    """Return how the values of a type are completed."""
    required = isinstance(kind, GraphQLNonNull)
    if isinstance(kind, GraphQLNonNull):
        kind = kind.of_type
    if isinstance(kind, GraphQLList):
        return _List(kind.of_type, field, required)
    if is_leaf_type(kind):
        return _Leaf(kind, field, required)
    if is_abstract_type(kind):
        return _Abstract(kind, field, required)
    assert is_object_type(kind)
    return _Object(kind, field, required)


def _all_usual(kinds: set[type]) -> bool:
    if kinds <= _usual:
        return True
    for kind in kinds - _usual:
        unusual = kind in _EMPTY or issubclass(kind, (Exception, GeneratorType))
        if unusual or hasattr(kind, "__await__") or hasattr(kind, "__aiter__"):
            return False
    if len(_usual) > limits.EXECUTION_CLASSES_MAX:
        _usual.clear()
    _usual.update(kinds)
    return True


class _Completion:
    """Takes exceptions, awaitables and nulls out of a column, and leaves the rest to `_present`."""

    __slots__ = ("_field", "_required")

    def __init__(self, field: "FieldPlan", required: bool) -> None:
        self._field = field
        self._required = required

    def __call__(self, run: Run, values: list[Any], place: Place) -> Done:
        if _all_usual(set(map(type, values))):
            return self._present(run, values, place)
        return self._mixed(run, values, place)

    def _present(self, run: Run, values: list[Any], place: Place) -> Done:
        raise NotImplementedError

    def _mixed(self, run: Run, values: list[Any], place: Place) -> Done:
        if any(map(is_awaitable, values)):
            return run.start(self._awaited(run, run.settle(values), place))
        answers: list[Any] = [None] * len(values)
        rows = []
        for row, value in enumerate(values):
            if isinstance(value, Exception):
                answers[row] = _fail(run, place, row, value)
            elif value is not None and value is not Undefined:
                rows.append(row)
            elif self._required:
                told = f"Cannot return null for non-nullable field {self._field.parent}.{self._field.name}."
                answers[row] = _fail(run, place, row, TypeError(told))
        return _some(self._present, run, values, place, rows, answers)

    async def _awaited(self, run: Run, values: Awaitable[list[Any]], place: Place) -> list[Any]:
        done = self(run, await values, place)
        return done if type(done) is list else await done  # type: ignore[misc]


def _fail(run: Run, place: Place, row: int, cause: Exception) -> Any:
    run.fail(place, row, cause)
    return FAILED


def _some(
    complete: Complete, run: Run, values: list[Any], place: Place, rows: Sequence[int], answers: list[Any]
) -> Done:
    """Complete some rows of a column, and put their answers in among the others."""
    if len(rows) == len(values):
        return complete(run, values, place)
    if not rows:
        return answers
    done = complete(run, [values[row] for row in rows], KeptPlace(place, rows))
    if type(done) is not list:
        return Later(_scattered_later, done, rows, answers)
    return _scattered(done, rows, answers)


def _scattered(done: list[Any], rows: Sequence[int], answers: list[Any]) -> list[Any]:
    for row, answer in zip(rows, done, strict=True):
        answers[row] = answer
    return answers


async def _scattered_later(done: Awaitable[list[Any]], rows: Sequence[int], answers: list[Any]) -> list[Any]:
    return _scattered(await done, rows, answers)


class _Leaf(_Completion):
    """Scalars and enums. What is its own answer passes as a column, whatever its length."""

    __slots__ = ("_check", "_kind", "_serialize", "_unchanged")

    def __init__(self, kind: GraphQLLeafType, field: "FieldPlan", required: bool) -> None:
        super().__init__(field, required)
        self._kind = kind
        self._serialize = kind.coerce_output_value
        plain, check = _UNCHANGED.get(self._serialize, (None, None))
        nulls = set() if required or check else {_NONE}
        self._unchanged = frozenset({plain, *nulls}) if plain else frozenset()
        self._check = check

    def __call__(self, run: Run, values: list[Any], place: Place) -> Done:
        kinds = set(map(type, values))
        if kinds <= self._unchanged and (self._check is None or self._check(values)):
            return values
        if _all_usual(kinds):
            return self._present(run, values, place)
        return self._mixed(run, values, place)

    def _present(self, run: Run, values: list[Any], place: Place) -> list[Any]:
        try:
            done = self._serialized(values)
        except Exception:
            done = None
        if done is not None and not _EMPTY & set(map(type, done)):
            return done
        return [self._one(run, value, place, row) for row, value in enumerate(values)]

    def _serialized(self, values: list[Any]) -> list[Any]:
        serialize = self._serialize
        if not isinstance(self._kind, GraphQLEnumType):
            return [serialize(value) for value in values]
        # An enum has few members, and Strawberry looks for each among all of them.
        names: dict[int, Any] = {}
        for value in values:
            if id(value) not in names:
                names[id(value)] = serialize(value)
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
            return _fail(run, place, row, fault)


def _fits(values: list[Any]) -> bool:
    return not values or (min(values) >= GRAPHQL_MIN_INT and max(values) <= GRAPHQL_MAX_INT)


def _finite(values: list[Any]) -> bool:
    return all(map(isfinite, values))


_UNCHANGED: dict[Any, tuple[type, Callable[[list[Any]], bool] | None]] = {
    serialize_string: (str, None),
    serialize_id: (str, None),
    serialize_boolean: (bool, None),
    serialize_int: (int, _fits),
    serialize_float: (float, _finite),
}
"""Python's own type of a scalar: its values are their own answers, if the check holds for the column."""


class _List(_Completion):
    """Lists: the items of all are completed in one column, and folded back."""

    __slots__ = ("_items", "_nullable_items")

    def __init__(self, item: GraphQLOutputType, field: "FieldPlan", required: bool) -> None:
        super().__init__(field, required)
        self._items = completion(item, field)
        self._nullable_items = not isinstance(item, GraphQLNonNull)

    def _mixed(self, run: Run, values: list[Any], place: Place) -> Done:
        streams = [row for row, value in enumerate(values) if hasattr(value, "__aiter__") and not is_awaitable(value)]
        if not streams:
            return super()._mixed(run, values, place)
        listed = list(values)
        for row in streams:
            listed[row] = _read(values[row])
        return super()._mixed(run, listed, place)

    def _present(self, run: Run, values: list[Any], place: Place) -> Done:
        if set(map(type, values)) <= _LISTS:
            return self._flat(run, values, place)
        answers: list[Any] = [None] * len(values)
        lists = []
        rows = []
        for row, value in enumerate(values):
            try:
                lists.append(self._listed(value))
                rows.append(row)
            except Exception as fault:
                answers[row] = _fail(run, place, row, fault)
        if len(rows) == len(values):
            return self._flat(run, lists, place)
        done = self._flat(run, lists, KeptPlace(place, rows))
        if type(done) is not list:
            return Later(_scattered_later, done, rows, answers)
        return _scattered(done, rows, answers)

    def _listed(self, value: Any) -> Sequence[Any]:
        if not is_iterable(value):
            raise GraphQLError(
                f"Expected Iterable, but did not find one for field '{self._field.parent}.{self._field.name}'."
            )
        return list(value)

    def _flat(self, run: Run, lists: Sequence[Sequence[Any]], place: Place) -> Done:
        lengths = list(map(len, lists))
        done = self._items(run, list(chain.from_iterable(lists)), ItemPlace(place, lengths, self._nullable_items))
        if type(done) is not list:
            return Later(self._folded_later, run, done, lengths)
        return self._folded(run, done, lengths)

    async def _folded_later(self, run: Run, done: Awaitable[list[Any]], lengths: list[int]) -> list[Any]:
        return self._folded(run, await done, lengths)

    def _folded(self, run: Run, done: list[Any], lengths: list[int]) -> list[Any]:
        failed = bool(run.faults) and FAILED in done
        if failed and self._nullable_items:
            done = [None if answer is FAILED else answer for answer in done]
        lists: list[Any] = []
        start = 0
        for length in lengths:
            lists.append(done[start : start + length])
            start += length
        if failed and not self._nullable_items:
            return [FAILED if FAILED in answers else answers for answers in lists]
        return lists


_LISTS = {list, tuple}


async def _read(stream: Any) -> list[Any]:
    return [item async for item in stream]


class _Object(_Completion):
    """Objects of one type."""

    __slots__ = ("_kind",)

    def __init__(self, kind: GraphQLObjectType, field: "FieldPlan", required: bool) -> None:
        super().__init__(field, required)
        self._kind = kind

    def _present(self, run: Run, values: list[Any], place: Place) -> Done:
        return _objects(self._field, self._kind, run, values, place)


def _objects(field: "FieldPlan", kind: GraphQLObjectType, run: Run, values: list[Any], place: Place) -> Done:
    if not values:
        return []
    try:
        child = field.child(run, kind)
    except Exception as fault:
        return [_fail(run, place, row, fault) for row in range(len(values))]
    if kind.is_type_of is None:
        return child.level(run, values, place)
    checks: list[Any] = []
    for row, value in enumerate(values):
        try:
            checks.append(kind.is_type_of(value, ResolveInfo(run, place, row)))  # type: ignore[arg-type]
        except Exception as fault:
            checks.append(fault)
    if any(map(is_awaitable, checks)):
        return run.start(_checked_later(field, kind, child, run, values, place, run.settle(checks)))
    return _checked(field, kind, child, run, values, place, checks)


async def _checked_later(
    field: "FieldPlan", kind: GraphQLObjectType, child: "ObjectPlan", run: Run, values: list[Any], place: Place,
    checks: Awaitable[list[Any]],
) -> list[Any]:  # fmt: skip
    done = _checked(field, kind, child, run, values, place, await checks)
    return done if type(done) is list else await done  # type: ignore[misc]


def _checked(
    field: "FieldPlan", kind: GraphQLObjectType, child: "ObjectPlan", run: Run, values: list[Any], place: Place,
    checks: list[Any],
) -> Done:  # fmt: skip
    answers: list[Any] = [None] * len(values)
    rows = []
    for row, check in enumerate(checks):
        if isinstance(check, Exception):
            answers[row] = _fail(run, place, row, check)
        elif check:
            rows.append(row)
        else:
            told = f"Expected value of type '{kind}' but got: {inspect(values[row])}."
            answers[row] = _fail(run, place, row, GraphQLError(told, field.nodes))
    return _some(child.level, run, values, place, rows, answers)


class _Abstract(_Completion):
    """Interfaces and unions: the column is parted by the types its values turn out to have."""

    __slots__ = ("_kind",)

    def __init__(self, kind: Any, field: "FieldPlan", required: bool) -> None:
        super().__init__(field, required)
        self._kind = kind

    def _present(self, run: Run, values: list[Any], place: Place) -> Done:
        resolve = self._kind.resolve_type or run.executor.type_resolver
        if getattr(resolve, "by_class", False):
            names = self._names_by_class(resolve, values)
        else:
            names = []
            for row, value in enumerate(values):
                try:
                    names.append(resolve(value, ResolveInfo(run, place, row), self._kind))
                except Exception as fault:
                    names.append(fault)
            if any(map(is_awaitable, names)):
                return run.start(self._named_later(run, values, place, run.settle(names)))
        return self._named(run, values, place, names)

    def _names_by_class(self, resolve: Any, values: list[Any]) -> list[Any]:
        known: dict[type, Any] = {}
        for value in values:
            if type(value) not in known:
                try:
                    known[type(value)] = resolve(value, None, self._kind)
                except Exception as fault:
                    known[type(value)] = fault
        return [known[type(value)] for value in values]

    async def _named_later(self, run: Run, values: list[Any], place: Place, names: Awaitable[list[Any]]) -> list[Any]:
        done = self._named(run, values, place, await names)
        return done if type(done) is list else await done  # type: ignore[misc]

    def _named(self, run: Run, values: list[Any], place: Place, names: list[Any]) -> Done:
        answers: list[Any] = [None] * len(values)
        groups: dict[str, list[int]] = defaultdict(list)
        kinds: dict[str, GraphQLObjectType] = {}
        for row, name in enumerate(names):
            try:
                if type(name) is not str or name not in kinds:
                    kind = self._checked(run, name, values[row])
                    kinds[kind.name] = kind
                groups[name].append(row)
            except Exception as fault:
                answers[row] = _fail(run, place, row, fault)
        parts: list[tuple[list[int], Awaitable[list[Any]]]] = []
        for name, rows in groups.items():
            whole = len(rows) == len(values)
            some = values if whole else [values[row] for row in rows]
            done = _objects(self._field, kinds[name], run, some, place if whole else KeptPlace(place, rows))
            if type(done) is not list:
                parts.append((rows, done))  # type: ignore[arg-type]
            else:
                _scattered(done, rows, answers)
        return Later(_parts_later, parts, answers) if parts else answers

    def _checked(self, run: Run, name: Any, value: Any) -> GraphQLObjectType:
        """Return the object type that a name stands for. Raises: GraphQLError, whatever resolved to an exception."""
        if isinstance(name, Exception):
            raise name
        return run.executor.ensure_valid_runtime_type(
            name,
            self._kind,
            self._field.details,
            _Named(self._field),
            value,  # type: ignore[arg-type]
        )


class _Named:
    """What graphql-core's messages about a wrong type say about the field."""

    __slots__ = ("field_name", "parent_type")

    def __init__(self, field: "FieldPlan") -> None:
        self.field_name = field.name
        self.parent_type = field.parent


async def _parts_later(parts: Iterable[tuple[list[int], Awaitable[list[Any]]]], answers: list[Any]) -> list[Any]:
    for rows, done in parts:
        _scattered(await done, rows, answers)
    return answers
