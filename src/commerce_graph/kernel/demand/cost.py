"""What an operation costs at most, known before any of it runs: static query analysis of IBM's cost specification.

Its type cost counts the objects that an answer can hold, its field cost the calls that make them; we take their sum.
https://ibm.github.io/graphql-specs/cost-spec.html
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLField,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    type_from_ast,
    value_from_ast_untyped,
)

from commerce_graph.kernel.demand.weights import LISTED, PLAIN_LIST, ListSize, Weights, input_weight
from commerce_graph.kernel.limits import OPERATION_COSTS_MAX, PAGE_SIZE_MAX

UNSIZED = ListSize(PLAIN_LIST)


class Cost(NamedTuple):
    """Type cost and field cost of a part of an operation."""

    type: int
    field: int

    @property
    def points(self) -> int:
        """What limits and buckets count."""
        return self.type + self.field


NOTHING = Cost(0, 0)


class Counting:
    """Counts one operation with its variables."""

    def __init__(
        self, weights: Weights, document: DocumentNode, node: OperationDefinitionNode, variables: Mapping[str, Any]
    ) -> None:
        self._weights = weights
        self._fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        self._variables = variables
        self._definitions = {d.variable.name.value: d for d in node.variable_definitions or ()}
        self._known: dict[tuple[str, str, tuple[tuple[str, int], ...]], Cost] = {}
        self._node = node
        self.asked: dict[tuple[str, str], int] = {}
        """What the count went by of the variables, by what was asked of them. The same answers, the same count."""

    def operation(self) -> Cost:
        """Return the operation's cost. A valid document ends: fragments do not cycle, and their nesting is bounded."""
        root = self._weights.schema.get_root_type(self._node.operation)
        inner = self._selected(self._node.selection_set, root, {})
        return Cost(self._weights.of_type(root) + inner.type, inner.field)

    def _selected(self, selections: SelectionSetNode | None, kind: Any, sized: Mapping[str, int]) -> Cost:
        """Count what is selected of one object. Of what is for other types of an interface, the dearest counts."""
        types = fields = 0
        others: dict[str, list[Cost]] = {}
        for each in selections.selections if selections else ():
            if isinstance(each, FieldNode):
                cost = self._field(each, kind, sized)
            else:
                on, cost = self._fragment(each, kind, sized)
                if on is not kind and is_abstract_type(kind) and not is_abstract_type(on):
                    others.setdefault(on.name, []).append(cost)
                    continue
            types += cost.type
            fields += cost.field
        if others:
            sums = [Cost(sum(c.type for c in costs), sum(c.field for c in costs)) for costs in others.values()]
            types += max(each.type for each in sums)
            fields += max(each.field for each in sums)
        return Cost(types, fields)

    def _fragment(self, each: Any, kind: Any, sized: Mapping[str, int]) -> tuple[Any, Cost]:
        if isinstance(each, InlineFragmentNode):
            on = self._weights.schema.get_type(each.type_condition.name.value) if each.type_condition else kind
            return on, self._selected(each.selection_set, on, sized)
        assert isinstance(each, FragmentSpreadNode)
        fragment = self._fragments[each.name.value]
        on = self._weights.schema.get_type(fragment.type_condition.name.value)
        at = (each.name.value, kind.name, tuple(sized.items()))
        if at not in self._known:
            self._known[at] = self._selected(fragment.selection_set, on, sized)
        return on, self._known[at]

    def _field(self, node: FieldNode, kind: Any, sized: Mapping[str, int]) -> Cost:
        name = node.name.value
        definition = getattr(kind, "fields", {}).get(name)
        if definition is None:
            return NOTHING  # `__typename` and introspection, which hold nothing of the shop's
        own = self.call(node, kind)
        named = get_named_type(definition.type)
        if is_leaf_type(named):
            return Cost(0, own)
        size = self._weights.sizes.get(f"{kind.name}.{name}")
        many, below = 1, {}
        if name in sized:
            many = sized[name]
        elif size is not None and size.sized:
            below = dict.fromkeys(size.sized, self._length(node, definition, size))
        elif is_list_type(get_nullable_type(definition.type)):
            many = self._length(node, definition, size or UNSIZED)
        inner = self._selected(node.selection_set, named, below)
        return Cost(many * (self._weights.of_type(named) + inner.type), own + many * inner.field)

    def call(self, node: FieldNode, kind: Any) -> int:
        """Return what one call of a field costs by its weight, its arguments and its directives."""
        definition = kind.fields[node.name.value]
        at = f"{kind.name}.{node.name.value}"
        cost = self._weights.of_field(kind, node.name.value)
        for argument in node.arguments or ():
            known = definition.args.get(argument.name.value)
            if known is not None:
                cost += self._weights.of(f"{at}({argument.name.value}:)", known.type)
                cost += self._given(known.type, argument.value)
        cost += sum(map(self._directive, node.directives or ()))
        return max(cost, 0)

    def _directive(self, node: DirectiveNode) -> int:
        weights, name = self._weights.weights, node.name.value
        return weights.get(f"@{name}", 0) + sum(
            weights.get(f"@{name}({argument.name.value}:)", 0) for argument in node.arguments or ()
        )

    def _given(self, kind: Any, value: ValueNode) -> int:
        """Return what the input fields of an argument weigh."""
        if is_leaf_type(get_named_type(kind)):
            return 0
        if isinstance(value, VariableNode):
            return self._ask("input", value.name.value)
        inner = sum(self._given(kind, v) for v in value.values) if isinstance(value, ListValueNode) else 0
        if isinstance(value, ObjectValueNode):
            named = get_named_type(kind)
            for member in value.fields:
                known = getattr(named, "fields", {}).get(member.name.value)
                if known is not None:
                    inner += self._weights.of(f"{named.name}.{member.name.value}", known.type)
                    inner += self._given(known.type, member.value)
        return inner

    def _length(self, node: FieldNode, definition: GraphQLField, size: ListSize) -> int:
        names = size.slicing or (LISTED if is_list_type(get_nullable_type(definition.type)) else ())
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        found = [self._size(given[name]) for name in names if name in given]
        defaults = (_default(definition.args[name]) for name in size.slicing if name not in given)
        found += [default for default in defaults if default is not None]
        return max(found) if found else size.assumed or 0

    def _size(self, value: ValueNode) -> int:
        if isinstance(value, VariableNode):
            return self._ask("size", value.name.value)
        if isinstance(value, ListValueNode):
            return len(value.values)
        return _allowed(int(value.value)) if isinstance(value, IntValueNode) else 0

    def _ask(self, what: str, name: str) -> int:
        at = (what, name)
        if at not in self.asked:
            self.asked[at] = self.answer(at)
        return self.asked[at]

    def answer(self, at: tuple[str, str]) -> int:
        """Return what a variable stands for: how many objects (`size`), or what its input fields weigh (`input`)."""
        what, name = at
        definition = self._definitions.get(name)
        value = self._variables.get(name)
        if name not in self._variables and definition is not None and definition.default_value is not None:
            value = value_from_ast_untyped(definition.default_value)
        if what == "input":
            kind = type_from_ast(self._weights.schema, definition.type) if definition else None
            return input_weight(self._weights, kind, value) if kind else 0
        if isinstance(value, list):
            return len(value)
        return _allowed(value) if isinstance(value, int) else 0


def _default(argument: GraphQLArgument) -> int | None:
    default = argument.default  # of a schema that was read from text
    value = argument.default_value
    if default is not None:
        value = value_from_ast_untyped(default.literal) if default.literal else default.value
    return value if isinstance(value, int) else None


def _allowed(size: int) -> int:
    # A page that is larger than allowed is refused when it is read.
    return max(0, min(size, PAGE_SIZE_MAX))


@dataclass(slots=True)
class _Operation:
    weights: Weights
    document: DocumentNode
    node: OperationDefinitionNode


class Costs:
    """The costs of one operation, counted once for all variables that stand for the same sizes and weights.

    Limits: OPERATION_COSTS_MAX, the first leaves first.
    """

    __slots__ = ("_asked", "_known", "_operation")

    def __init__(self, weights: Weights, document: DocumentNode, node: OperationDefinitionNode) -> None:
        self._operation = _Operation(weights, document, node)
        self._asked: list[tuple[str, str]] | None = None
        self._known: dict[tuple[int, ...], int] = {}

    def of(self, variables: Mapping[str, Any]) -> int:
        """Return how many points the operation costs at most with these variables."""
        if self._asked == [] and self._known:
            return self._known[()]
        counting = self._counting(variables)
        at = None if self._asked is None else tuple(map(counting.answer, self._asked))
        found = None if at is None else self._known.get(at)
        if found is None:
            found = counting.operation().points
            self._asked = sorted(counting.asked)
            self._known[tuple(counting.asked[name] for name in self._asked)] = found
            if len(self._known) > OPERATION_COSTS_MAX:
                del self._known[next(iter(self._known))]
        return found

    def actual(self, answered: Iterable[tuple[Any, int]]) -> int:
        """Return how many points were answered: objects by their plan (`kind`, `fields`), each time so many."""
        return sum((self._one(plan) if plan.cost is None else plan.cost) * count for plan, count in answered)

    def _one(self, plan: Any) -> int:
        """Return what one object of a plan costs by itself: its type, once, and the calls of its fields."""
        plan.cost = 0
        if not plan.kind.name.startswith("__"):
            counting = self._counting({})
            nodes = (field.nodes[0] for field in plan.fields if field.name in plan.kind.fields)
            own = 0 if plan.rest else self._operation.weights.of_type(plan.kind)
            plan.cost = own + sum(counting.call(n, plan.kind) for n in nodes)
        return int(plan.cost)

    def _counting(self, variables: Mapping[str, Any]) -> Counting:
        asked = self._operation
        return Counting(asked.weights, asked.document, asked.node, variables)
