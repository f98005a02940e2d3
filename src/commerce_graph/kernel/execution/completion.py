"""How the values of a type are completed: nulls, leaves, lists, objects, abstract types."""

from typing import TYPE_CHECKING

from graphql import GraphQLList, GraphQLNonNull, GraphQLOutputType, is_abstract_type, is_leaf_type, is_object_type

from commerce_graph.kernel.execution.column import Complete
from commerce_graph.kernel.execution.leaf import Leaf
from commerce_graph.kernel.execution.lists import List
from commerce_graph.kernel.execution.objects import Abstract, Object

if TYPE_CHECKING:
    from commerce_graph.kernel.execution.plan import FieldPlan


def completion(kind: GraphQLOutputType, field: "FieldPlan") -> Complete:
    """Return how the values of a type are completed."""
    required = isinstance(kind, GraphQLNonNull)
    if isinstance(kind, GraphQLNonNull):
        kind = kind.of_type
    if isinstance(kind, GraphQLList):
        item = kind.of_type
        return List(completion(item, field), not isinstance(item, GraphQLNonNull), field, required)
    if is_leaf_type(kind):
        return Leaf(kind, field, required)
    if is_abstract_type(kind):
        return Abstract(kind, field, required)
    assert is_object_type(kind)
    return Object(kind, field, required)
