"""What an operation looks at of the nodes of a connection, before they are there."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from graphql import (
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)
from strawberry.types.field import StrawberryField

from commerce_graph.kernel.projection import Columns, columns_read

if TYPE_CHECKING:
    from commerce_graph.kernel.execution.plan import FieldPlan
    from commerce_graph.kernel.execution.run import Run


def reads_of(definition: GraphQLField) -> Columns:
    """Return the columns that a field reads of its parent's row; None where it does not say."""
    member = definition.extensions.get("strawberry-definition")
    return columns_read(member) if isinstance(member, StrawberryField) else frozenset()


def columns_of(connection: "FieldPlan", run: "Run") -> Columns:
    """Return the columns that are looked at of the rows of a connection's nodes, deferred fragments included.

    All of them where the operation asks for the nodes' type again below: the list can then answer that as well, with
    what it has read at one moment. Worked out once for each field of a plan.
    """
    if connection.columns is ...:
        connection.columns = _columns_of(connection, run)
    return connection.columns


def _columns_of(connection: "FieldPlan", run: "Run") -> Columns:
    found: set[str] = set()
    try:
        for node in _nodes(connection, run):
            if _returns_to(get_named_type(node.type), node, run):
                return None
            for member in _fields(node, run):
                if member.reads is None:
                    return None
                found |= member.reads
    except Exception:  # what is wrong with it is told where it is executed
        return None
    return frozenset(found)


def _returns_to(kind: GraphQLNamedType, field: "FieldPlan", run: "Run") -> bool:
    """Tell whether something of a type may be asked for below a field."""
    own = get_named_type(field.type)
    if is_leaf_type(own):
        return False
    schema = run.executor.schema
    possible: Any = schema.get_possible_types(own) if is_abstract_type(own) else (own,)
    for each in possible:
        for member in field.child(run, each).all_fields():
            named = get_named_type(member.type)
            if named is kind or (is_abstract_type(named) and schema.is_sub_type(named, kind)):
                return True
            if _returns_to(kind, member, run):
                return True
    return False


def _nodes(connection: "FieldPlan", run: "Run") -> Iterator["FieldPlan"]:
    for member in _fields(connection, run):
        if member.name == "nodes":
            yield member
        elif member.name == "edges":
            yield from (inner for inner in _fields(member, run) if inner.name == "node")


def _fields(field: "FieldPlan", run: "Run") -> Iterator["FieldPlan"]:
    kind = get_named_type(field.type)
    if not isinstance(kind, GraphQLObjectType):
        raise TypeError(f"{kind} is no object type")
    return field.child(run, kind).all_fields()
