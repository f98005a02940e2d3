"""What of graphql-core's schema is put right after Strawberry has built it."""

from collections.abc import Iterator
from typing import Any

from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    Undefined,
)


def inputs(schema: GraphQLSchema) -> Iterator[Any]:
    """Yield every argument and input field."""
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLInputObjectType):
            yield from kind.fields.values()
        elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            yield from (argument for member in kind.fields.values() for argument in member.args.values())
    yield from (argument for directive in schema.directives for argument in directive.args.values())


def leave_out_null_defaults(schema: GraphQLSchema) -> None:
    """Say nothing where Python's default is None: an optional argument without a default means the same."""
    for member in inputs(schema):
        if member.default_value is None:
            member.default_value = Undefined


def resolve_types_by_name(schema: GraphQLSchema) -> None:
    """Take a value's GraphQL type from its class: parts of one entity are different classes of one name."""
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType):
            kind.is_type_of = None
        elif isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            kind.resolve_type = _type_of


def _type_of(value: Any, info: Any, abstract: Any) -> str:
    name: str = value.__strawberry_definition__.name
    return name


_type_of.by_class = True  # type: ignore[attr-defined]  # the executor asks once for a class
