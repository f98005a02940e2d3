"""What a resolver is told about the field it resolves."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
)
from graphql.execution.values import VariableValues
from graphql.pyutils import Path

from commerce_graph.kernel.execution.place import Place, path_of
from commerce_graph.kernel.execution.selected import columns_of
from commerce_graph.kernel.projection import Columns

if TYPE_CHECKING:
    from commerce_graph.kernel.execution.run import Run


class ResolveInfo:
    """The attributes of graphql-core's GraphQLResolveInfo; the path is worked out when it is asked for."""

    __slots__ = ("_place", "_row", "_run")

    def __init__(self, run: "Run", place: Place, row: int) -> None:
        self._run = run
        self._place = place
        self._row = row

    @property
    def field_name(self) -> str:
        """The field's name in the schema."""
        return self._place.field.name

    @property
    def field_nodes(self) -> list[FieldNode]:
        """The field's places in the document."""
        return self._place.field.nodes

    @property
    def columns(self) -> Columns:
        """What the operation looks at of the rows of the nodes of a connection, which the field answers with."""
        return columns_of(self._place.field, self._run)

    @property
    def return_type(self) -> GraphQLOutputType:
        """The field's declared type."""
        return self._place.field.type

    @property
    def parent_type(self) -> GraphQLObjectType:
        """The object type that the field belongs to."""
        return self._place.field.parent

    @property
    def path(self) -> Path:
        """Where the answer holds the value."""
        return path_of(self._place, self._row)

    @property
    def context(self) -> Any:
        """The operation's context."""
        return self._run.context

    @property
    def schema(self) -> GraphQLSchema:
        """The schema that is executed."""
        return self._run.executor.schema

    @property
    def fragments(self) -> dict[str, FragmentDefinitionNode]:
        """The document's fragments by name."""
        return self._run.executor.fragment_definitions

    @property
    def root_value(self) -> Any:
        """The operation's root value."""
        return self._run.executor.root_value

    @property
    def operation(self) -> OperationDefinitionNode:
        """The operation that is executed."""
        return self._run.executor.operation

    @property
    def variable_values(self) -> VariableValues:
        """The operation's variables, coerced."""
        return self._run.executor.variable_values

    @property
    def is_awaitable(self) -> Callable[[Any], Any]:
        """Tells what is to be awaited."""
        return self._run.executor.is_awaitable

    @property
    def abort_signal(self) -> None:
        """There is none: an operation ends by cancelling its task."""
        return

    @property
    def async_helpers(self) -> Any:
        """Helpers that graphql-core offers to resolvers."""
        return self._run.executor.async_helpers
