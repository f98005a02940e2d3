"""The arguments of a field: constants are coerced once, others for each execution."""

from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    ListValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_argument_values,
    is_required_argument,
)

from commerce_graph.kernel.execution.resolver import unchanging
from commerce_graph.kernel.execution.run import Run


class Arguments:
    """A field's arguments: constants are coerced once, others for each execution."""

    __slots__ = ("_constant", "_definition", "_node", "_variables")

    def __init__(self, definition: GraphQLField, node: FieldNode) -> None:
        self._definition = definition
        self._node = node
        self._variables = _variables(definition, node)
        self._constant: dict[str, Any] | None = None
        if not any(_varies(argument.value) for argument in node.arguments or ()):
            try:
                values = get_argument_values(definition, node)
            except Exception:
                return  # told where the field is resolved
            if unchanging(values):
                self._constant = values

    def of(self, run: Run) -> dict[str, Any]:
        """Return the coerced values. Raises: GraphQLError."""
        if self._constant is not None:
            return self._constant
        variables = run.executor.variable_values
        if self._variables:
            values = {name: variables.coerced.get(variable) for name, variable in self._variables}
            if not any(value is None for value in values.values()):
                return values
        return get_argument_values(self._definition, self._node, variables)


def _variables(definition: GraphQLField, node: FieldNode) -> list[tuple[str, str]]:
    """Return arguments with their variables, if nothing but variables decides: validation has matched their types."""
    given = {argument.name.value: argument.value for argument in node.arguments or ()}
    found = []
    for name, argument in definition.args.items():
        value = given.get(name)
        if isinstance(value, VariableNode):
            found.append((argument.out_name or name, value.name.value))
        elif (
            value is not None
            or is_required_argument(argument)
            or argument.default_value is not Undefined
            or argument.default is not None
        ):
            return []
    return found


def _varies(value: ValueNode) -> bool:
    if isinstance(value, ListValueNode):
        return any(map(_varies, value.values))
    if isinstance(value, ObjectValueNode):
        return any(_varies(member.value) for member in value.fields)
    return isinstance(value, VariableNode)
