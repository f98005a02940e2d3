"""How much an operation asks for at most, known before any of it runs: pages in pages multiply."""

from collections.abc import Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
)

from commerce_graph.kernel.limits import OPERATION_COSTS_MAX, PAGE_SIZE_MAX

SIZES = ("first", "last", "ids", "representations")
"""Arguments that say how many objects a field answers with: a number, or a list of one value for each."""
PLAIN_LIST = 10
"""How many objects a list without such an argument is taken to hold."""
PAGE = ("nodes", "edges")
"""Members of a connection; their number is the connection's."""


def root_fields(document: DocumentNode, node: OperationDefinitionNode) -> int:
    """Return how many fields a valid operation selects at its root. Raises: RecursionError, as `Cost.objects`."""
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    known: dict[str, int] = {}

    def count(selections: SelectionSetNode) -> int:
        total = 0
        for each in selections.selections:
            if isinstance(each, FragmentSpreadNode):
                name = each.name.value
                if name not in known:
                    known[name] = count(fragments[name].selection_set)
                total += known[name]
            else:
                total += count(each.selection_set) if isinstance(each, InlineFragmentNode) else 1
        return total

    return count(node.selection_set)


def root_names(document: DocumentNode, node: OperationDefinitionNode) -> list[str]:
    """Return the fields that a valid operation selects at its root, by their names in the schema."""
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    left: list[SelectionNode] = [*node.selection_set.selections]
    names = []
    while left:
        each = left.pop(0)
        if isinstance(each, FieldNode):
            names.append(each.name.value)
        elif isinstance(each, FragmentSpreadNode):
            left[:0] = fragments[each.name.value].selection_set.selections
        elif isinstance(each, InlineFragmentNode):
            left[:0] = each.selection_set.selections
    return names


class Cost:
    """Counts objects of one operation with its variables."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        node: OperationDefinitionNode,
        variables: Mapping[str, Any],
        lengths: Mapping[str, int] | None = None,
    ) -> None:
        """Count with `lengths` of lists that have no argument for it, by the coordinates of their fields."""
        self._schema = schema
        self._lengths = lengths or {}
        self._fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        self._variables = variables
        self._defaults = {d.variable.name.value: d.default_value for d in node.variable_definitions or ()}
        self._known: dict[tuple[str, bool | None], int] = {}
        self._node = node
        self.sizes: dict[str, int] = {}
        """What the count went by of the variables: how many objects each stands for. The same sizes, the same count."""

    def objects(self) -> int:
        """Return how many objects the answer can hold. A valid document ends: its fragments do not cycle.

        Raises: RecursionError for fragments nested by the hundred.
        """
        return self._selected(self._node.selection_set, self._schema.get_root_type(self._node.operation))

    def _selected(self, selections: SelectionSetNode | None, kind: Any, paged: bool | None = None) -> int:
        """Count what is selected of an object; of a connection, `paged` tells its page from what it has once."""
        total = 0
        for each in selections.selections if selections else ():
            if isinstance(each, FragmentSpreadNode):
                at = (each.name.value, paged)
                if at not in self._known:
                    fragment = self._fragments[each.name.value]
                    inner = self._schema.get_type(fragment.type_condition.name.value)
                    self._known[at] = self._selected(fragment.selection_set, inner, paged)
                total += self._known[at]
            elif isinstance(each, InlineFragmentNode):
                on = each.type_condition
                total += self._selected(each.selection_set, self._schema.get_type(on.name.value) if on else kind, paged)
            elif isinstance(each, FieldNode) and (paged is None or paged == (each.name.value in PAGE)):
                total += self._field(each, kind)
        return total

    def _field(self, node: FieldNode, kind: Any) -> int:
        if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) or node.name.value not in kind.fields:
            return 0  # `__typename` and introspection, which hold nothing of the shop's
        answered = kind.fields[node.name.value].type
        if is_leaf_type(get_named_type(answered)):
            return 0
        sizes = [self._size(a.value) for a in node.arguments or () if a.name.value in SIZES]
        named = get_named_type(answered)
        if sizes and named.name.endswith("Connection"):
            # What a connection has besides its page, such as a list's facets, does not grow with the page.
            page = self._selected(node.selection_set, named, True)
            return max(sizes) * (1 + page) + self._selected(node.selection_set, named, False)
        if sizes:
            many = max(sizes)
        elif node.name.value in PAGE and kind.name.endswith("Connection"):
            many = 1
        else:
            plain = self._lengths.get(f"{kind.name}.{node.name.value}", PLAIN_LIST)
            many = plain if is_list_type(get_nullable_type(answered)) else 1
        return many * (1 + self._selected(node.selection_set, named))

    def _size(self, value: ValueNode | None) -> int:
        if isinstance(value, VariableNode):
            name = value.name.value
            self.sizes[name] = self.size_of(name)
            return self.sizes[name]
        if isinstance(value, ListValueNode):
            return max(1, len(value.values))
        return _allowed(int(value.value) if isinstance(value, IntValueNode) else 1)

    def size_of(self, name: str) -> int:
        """Return how many objects a variable stands for where it says how many."""
        if name not in self._variables:
            return self._size(self._defaults.get(name))
        given = self._variables[name]
        if isinstance(given, list):
            return max(1, len(given))
        return _allowed(given if isinstance(given, int) else 1)


def _allowed(size: int) -> int:
    # A page that is larger than allowed is refused when it is read.
    return max(1, min(size, PAGE_SIZE_MAX))


class Costs:
    """The costs of one operation, counted once for all variables of the same sizes.

    Limits: OPERATION_COSTS_MAX, the first leaves first.
    """

    __slots__ = ("_known", "_names")

    def __init__(self) -> None:
        self._names: list[str] | None = None
        self._known: dict[tuple[int, ...], int] = {}

    def of(
        self, schema: GraphQLSchema, document: DocumentNode, node: OperationDefinitionNode,
        variables: Mapping[str, Any], lengths: Mapping[str, int],
    ) -> int:  # fmt: skip
        """Return how many objects the answer can hold. Raises: RecursionError, as `Cost.objects`."""
        if self._names == [] and self._known:
            return self._known[()]
        cost = Cost(schema, document, node, variables, lengths)
        at = None if self._names is None else tuple(map(cost.size_of, self._names))
        found = None if at is None else self._known.get(at)
        if found is None:
            found = cost.objects()
            self._names = sorted(cost.sizes)
            self._known[tuple(cost.sizes[name] for name in self._names)] = found
            if len(self._known) > OPERATION_COSTS_MAX:
                del self._known[next(iter(self._known))]
        return found
