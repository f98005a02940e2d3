"""What an operation looks at of the nodes of a connection, before they are there."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from graphql import GraphQLField, GraphQLObjectType, get_named_type
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

    Worked out once for each field of a plan.
    """
    if connection.columns is ...:
        connection.columns = _columns_of(connection, run)
    return connection.columns


def _columns_of(connection: "FieldPlan", run: "Run") -> Columns:
    found: set[str] = set()
    try:
        for node in _nodes(connection, run):
            for member in _fields(node, run):
                if member.reads is None:
                    return None
                found |= member.reads
    except Exception:  # what is wrong with it is told where it is executed
        return None
    return frozenset(found)


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
