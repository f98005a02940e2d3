"""Objects, and the interfaces and unions that stand for them."""

from collections import defaultdict
from collections.abc import Awaitable, Iterable
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError, GraphQLObjectType
from graphql.pyutils import inspect, is_awaitable

from commerce_graph.kernel.execution.column import Completion, Done, all_usual, scattered, some
from commerce_graph.kernel.execution.info import ResolveInfo
from commerce_graph.kernel.execution.place import KeptPlace, Place
from commerce_graph.kernel.execution.run import Later, Run

if TYPE_CHECKING:
    from commerce_graph.kernel.execution.plan import FieldPlan, ObjectPlan


class Object(Completion):
    """Objects of one type."""

    __slots__ = ("_checked", "_kind", "_name")

    def __init__(self, kind: GraphQLObjectType, field: "FieldPlan", required: bool) -> None:
        super().__init__(field, required)
        self._kind = kind
        self._name = kind.name
        self._checked = kind.is_type_of is not None

    def __call__(self, run: Run, values: list[Any], place: Place) -> Done:
        if self._checked or not values or not all_usual(set(map(type, values))):
            return super().__call__(run, values, place)
        child = self._field.children.get(self._name)
        if child is None:
            return self._present(run, values, place)
        return child.level(run, values, place)

    def _present(self, run: Run, values: list[Any], place: Place) -> Done:
        return _objects(self._field, self._kind, run, values, place)


def _objects(field: "FieldPlan", kind: GraphQLObjectType, run: Run, values: list[Any], place: Place) -> Done:
    if not values:
        return []
    try:
        child = field.child(run, kind)
    except Exception as fault:
        return [run.fail(place, row, fault) for row in range(len(values))]
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
            answers[row] = run.fail(place, row, check)
        elif check:
            rows.append(row)
        else:
            told = f"Expected value of type '{kind}' but got: {inspect(values[row])}."
            answers[row] = run.fail(place, row, GraphQLError(told, field.nodes))
    return some(child.level, run, values, place, rows, answers)


class Abstract(Completion):
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
                    info: Any = ResolveInfo(run, place, row)
                    names.append(resolve(value, info, self._kind))
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
                answers[row] = run.fail(place, row, fault)
        parts: list[tuple[list[int], Awaitable[list[Any]]]] = []
        for name, rows in groups.items():
            whole = len(rows) == len(values)
            those = values if whole else [values[row] for row in rows]
            done = _objects(self._field, kinds[name], run, those, place if whole else KeptPlace(place, rows))
            if type(done) is not list:
                parts.append((rows, done))  # type: ignore[arg-type]
            else:
                scattered(done, rows, answers)
        return Later(_parts_later, parts, answers) if parts else answers

    def _checked(self, run: Run, name: Any, value: Any) -> GraphQLObjectType:
        """Return the object type that a name stands for. Raises: GraphQLError, whatever resolved to an exception."""
        if isinstance(name, Exception):
            raise name
        info: Any = _Named(self._field)
        return run.executor.ensure_valid_runtime_type(name, self._kind, self._field.details, info, value)


class _Named:
    """What graphql-core's messages about a wrong type say about the field."""

    __slots__ = ("field_name", "parent_type")

    def __init__(self, field: "FieldPlan") -> None:
        self.field_name = field.name
        self.parent_type = field.parent


async def _parts_later(parts: Iterable[tuple[list[int], Awaitable[list[Any]]]], answers: list[Any]) -> list[Any]:
    for rows, done in parts:
        scattered(await done, rows, answers)
    return answers
