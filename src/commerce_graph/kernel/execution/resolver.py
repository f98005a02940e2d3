"""How the values of a field are found for all its parents: bound once for each field of a plan."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from inspect import iscoroutinefunction, signature
from operator import attrgetter
from typing import Any
from uuid import UUID

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema
from graphql.type.introspection import TypeNameMetaFieldDef
from strawberry.relay.types import GlobalID
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import (
    StrawberryArgument,
    _is_leaf_type,
    _is_optional_leaf_type,
    convert_arguments,
)
from strawberry.types.field import StrawberryField

from commerce_graph.kernel import limits
from commerce_graph.kernel.execution.info import ResolveInfo
from commerce_graph.kernel.execution.place import FieldPlace
from commerce_graph.kernel.execution.run import Later, Run, one_each
from commerce_graph.kernel.execution.selected import columns_of
from commerce_graph.kernel.graph import BATCH, COLUMNS
from commerce_graph.kernel.projection import READS

Resolve = Callable[[Run, list[Any], FieldPlace], list[Any] | Awaitable[list[Any]]]
"""Shape: n parents → n values in order, an exception where one was raised. A value may be an awaitable."""

_STRAWBERRY = f"{GraphQLCoreConverter.from_resolver.__qualname__}.<locals>."
"""Where Strawberry makes its resolvers. They do for each parent what can be done once for all, and are passed by."""


def bind(schema: GraphQLSchema, parent: GraphQLObjectType, definition: GraphQLField) -> Resolve:
    """Return the way to resolve a field."""
    if definition is TypeNameMetaFieldDef:
        return _typename(parent.name)
    made = getattr(definition.resolve, "__qualname__", "")
    field = definition.extensions.get("strawberry-definition")
    if not made.startswith(_STRAWBERRY) or not isinstance(field, StrawberryField):
        return _ordinary(definition)
    converter: GraphQLCoreConverter = schema._strawberry_schema.schema_converter  # type: ignore[attr-defined]
    if field.extensions or converter._get_field_exception_handlers(field):
        return _ordinary(definition)
    if field.base_resolver is None:
        return Attribute(field.python_name) if field.default_resolver is getattr else _ordinary(definition)
    if field.metadata.get(READS, ...) is None:
        return Attribute(f"row.{field.python_name}")
    batch = field.metadata.get(BATCH)
    if batch is not None:
        return _batch(batch, field, converter)
    return _plain(field, converter)


def _typename(name: str) -> Resolve:
    def resolve(run: Run, parents: list[Any], place: FieldPlace) -> list[Any]:
        return [name] * len(parents)

    return resolve


class Attribute:
    """Reads an attribute of each parent."""

    __slots__ = ("read",)

    def __init__(self, name: str) -> None:
        self.read: Callable[[Any], Any] = attrgetter(name)

    def __call__(self, run: Run, parents: list[Any], place: FieldPlace) -> list[Any]:
        try:
            return list(map(self.read, parents))
        except Exception:
            return [_tried(self.read, parent) for parent in parents]


def _tried(function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except Exception as fault:
        return fault


UNCHANGING = (str, int, float, bool, type(None), Decimal, date, datetime, UUID, Enum)


def unchanging(values: dict[str, Any]) -> bool:
    """Tell whether all parents may be given the same argument values, since no resolver can change them."""
    return all(isinstance(value, UNCHANGING) for value in values.values())


def _in_turns(resolve: Callable[[Run, list[Any], FieldPlace, int], list[Any]]) -> Resolve:
    """Let other work have its turn during a long column. Limits: EXECUTION_YIELD_NODES parents a turn.

    `resolve` takes some parents, and the row of the first of them.
    """

    async def turns(run: Run, parents: list[Any], place: FieldPlace) -> list[Any]:
        values: list[Any] = []
        for first in range(0, len(parents), limits.EXECUTION_YIELD_NODES):
            values += resolve(run, parents[first : first + limits.EXECUTION_YIELD_NODES], place, first)
            await asyncio.sleep(0)
        return values

    def all_of(run: Run, parents: list[Any], place: FieldPlace) -> list[Any] | Awaitable[list[Any]]:
        if len(parents) > limits.EXECUTION_YIELD_NODES and run.loop is not None:
            return Later(turns, run, parents, place)
        return resolve(run, parents, place, 0)

    return all_of


def _ordinary(definition: GraphQLField) -> Resolve:
    """Call a graphql-core resolver for one parent after another."""

    def resolve(run: Run, parents: list[Any], place: FieldPlace, first: int) -> list[Any]:
        function = definition.resolve or run.executor.field_resolver
        prepared = place.field.arguments
        values: list[Any] = []
        arguments: dict[str, Any] | None = None
        for row, parent in enumerate(parents, first):
            try:
                given = prepared.of(run) if arguments is None else arguments
                if arguments is None and unchanging(given):
                    arguments = given
                values.append(function(parent, ResolveInfo(run, place, row), **given))
            except Exception as fault:
                values.append(fault)
        return values

    return _in_turns(resolve)


def _batch(function: Callable[..., Any], field: StrawberryField, converter: GraphQLCoreConverter) -> Resolve:
    convert = _Conversion(field, converter)
    if not iscoroutinefunction(function):
        return _at_once(function, field, convert)
    projects = COLUMNS in signature(function).parameters

    def resolve(run: Run, parents: list[Any], place: FieldPlace) -> list[Any] | Awaitable[list[Any]]:
        try:
            arguments = convert(run, place, 0) if field.arguments else {}
        except Exception as fault:
            return [fault] * len(parents)
        columns = None
        if projects:
            columns = columns_of(place.field, run)
            arguments = {**arguments, COLUMNS: columns}
        # One node has one set of arguments. What is looked at below it may differ: other nodes are merged with it.
        return run.batch((function, id(place.field.nodes[0]), columns), function, parents, arguments)

    return resolve


def _at_once(function: Callable[..., Any], field: StrawberryField, convert: "_Conversion") -> Resolve:
    """Call a batch function that waits for nothing."""

    def resolve(run: Run, parents: list[Any], place: FieldPlace, first: int) -> list[Any]:
        try:
            arguments = convert(run, place, first) if field.arguments else {}
            return one_each(function, function(parents, run.context, **arguments), len(parents))
        except Exception as fault:
            return [fault] * len(parents)

    return _in_turns(resolve)


class _Conversion:
    """Turns coerced arguments into what a resolver takes: input objects of their classes, under Python's names."""

    __slots__ = ("_converter", "_field", "_names")

    def __init__(self, field: StrawberryField, converter: GraphQLCoreConverter) -> None:
        self._field = field
        self._converter = converter
        self._names: list[tuple[str, str]] | None = None
        """GraphQL's and Python's names, where only the names differ."""
        if all(_is_plain(each, converter) for each in field.arguments):
            name_of = converter.config.name_converter.from_argument
            self._names = [(name_of(each), each.python_name) for each in field.arguments]

    def __call__(self, run: Run, place: FieldPlace, row: int) -> dict[str, Any]:
        values = place.field.arguments.of(run)
        if not values:
            return {}
        if self._names is not None:
            return {python: values[name] for name, python in self._names if name in values}
        converter = self._converter
        info: Any = converter.config.info_class(_raw_info=ResolveInfo(run, place, row), _field=self._field)  # type: ignore[arg-type]
        return convert_arguments(values, self._field.arguments, converter.scalar_registry, converter.config, info)


def _is_plain(argument: StrawberryArgument, converter: GraphQLCoreConverter) -> bool:
    """Tell whether Strawberry takes the coerced value of an argument as it is: a scalar or an enum."""
    asked = (argument.type, converter.scalar_registry, (GlobalID,))
    return not argument.is_maybe and (_is_leaf_type(*asked) or _is_optional_leaf_type(*asked))


def _plain(field: StrawberryField, converter: GraphQLCoreConverter) -> Resolve:
    """Call a resolver declared with Strawberry for one parent after another."""
    resolver = field.base_resolver
    assert resolver is not None
    function: Callable[..., Any] = resolver.wrapped_func  # type: ignore[assignment]
    named = [each.name for each in (resolver.parent_parameter, resolver.root_parameter) if each]
    told = resolver.info_parameter.name if resolver.info_parameter else None
    takes_self = resolver.self_parameter is not None
    convert = _Conversion(field, converter)
    if takes_self and not named and not told and not field.arguments:
        return _of_parent(function)

    def resolve(run: Run, parents: list[Any], place: FieldPlace, first: int) -> list[Any]:
        values: list[Any] = []
        arguments: dict[str, Any] | None = None
        for row, parent in enumerate(parents, first):
            try:
                given = convert(run, place, row) if arguments is None else arguments
                if arguments is None and unchanging(given):
                    arguments = given
                if told or named:
                    given = {**given, **dict.fromkeys(named, parent)}
                if told:
                    raw: Any = ResolveInfo(run, place, row)
                    given[told] = converter.config.info_class(_raw_info=raw, _field=field)
                values.append(function(parent, **given) if takes_self else function(**given))
            except Exception as fault:
                values.append(fault)
        return values

    return _in_turns(resolve)


def _of_parent(function: Callable[[Any], Any]) -> Resolve:
    def resolve(run: Run, parents: list[Any], place: FieldPlace, first: int) -> list[Any]:
        values: list[Any] = []
        for parent in parents:
            try:
                values.append(function(parent))
            except Exception as fault:
                values.append(fault)
        return values

    return _in_turns(resolve)
