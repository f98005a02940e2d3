"""What fields and types weigh and how long lists are: `@cost` and `@listSize` of IBM's GraphQL Cost Directives.

https://ibm.github.io/graphql-specs/cost-spec.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
)

SLICING = ("first", "last")
PAGE = ("nodes", "edges")
"""Members of a connection whose length is that of the page."""
LISTED = ("ids", "identifiers", "representations")
"""Arguments with one value for each object of the list that a field answers with."""
PLAIN_LIST = 10
"""How long a list is taken to be where neither the schema nor an argument says it."""
MUTATION = 10
ASKING_MUTATION = 50
"""A mutation that asks a payment provider."""


@dataclass(frozen=True, slots=True)
class ListSize:
    """`@listSize` of a field."""

    assumed: int | None = None
    slicing: tuple[str, ...] = ()
    sized: tuple[str, ...] = ()
    one: bool = True
    """Whether exactly one of `slicing` has to be given."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights by coordinate (`Type`, `Type.field`, `Type.field(argument:)`, `Input.field`, `@directive`,
    `@directive(argument:)`), and sizes of lists by the coordinates of their fields. What is not there has the
    specification's default: 1 for what is composite, 0 for scalars, enums and directives."""

    schema: GraphQLSchema
    weights: Mapping[str, int] = field(default_factory=dict)
    sizes: Mapping[str, ListSize] = field(default_factory=dict)
    _abstract: dict[str, int] = field(default_factory=dict, compare=False)

    def of(self, at: str, kind: Any) -> int:
        """Return the weight of a coordinate whose own type, or the type of whose values, is `kind`."""
        found = self.weights.get(at)
        return found if found is not None else int(not is_leaf_type(get_named_type(kind)))

    def of_type(self, kind: Any) -> int:
        """Return the weight of a type; of an interface or union the largest of its members."""
        return self._most(kind, lambda member: self.of(member.name, member), kind.name)

    def of_field(self, kind: Any, name: str) -> int:
        """Return the weight of a field; on an interface the largest of those who implement it."""
        answered = kind.fields[name].type
        return self._most(kind, lambda member: self.of(f"{member.name}.{name}", answered), f"{kind.name}.{name}")

    def _most(self, kind: Any, weigh: Any, at: str) -> int:
        if not is_abstract_type(kind):
            return int(weigh(kind))
        found = self._abstract.get(at)
        if found is None:
            found = max((weigh(member) for member in self.schema.get_possible_types(kind)), default=1)
            self._abstract[at] = found
        return found


def size_of(definition: GraphQLField, length: int | None) -> ListSize | None:
    """Return how long the list is that a field of our schema answers with, or that of its connection's page."""
    named = get_named_type(definition.type)
    if is_leaf_type(named):
        return None
    slicing = tuple(name for name in SLICING if name in definition.args)
    needed = len(slicing) == 2 or any(get_nullable_type(definition.args[n].type) is not definition.args[n].type
                                      for n in slicing)  # fmt: skip
    if slicing and isinstance(named, GraphQLObjectType | GraphQLInterfaceType):
        sized = tuple(n for n in PAGE if n in named.fields and is_list_type(get_nullable_type(named.fields[n].type)))
        if sized:
            return ListSize(None if needed else length or PLAIN_LIST, slicing, sized, needed)
    if not is_list_type(get_nullable_type(definition.type)):
        return None
    return ListSize(None if slicing and needed else length or PLAIN_LIST, slicing, (), bool(slicing) and needed)


def input_weight(weights: Weights, kind: Any, value: Any) -> int:
    """Return what the input fields weigh that a coerced or raw value uses, in lists each."""
    named = get_named_type(kind)
    if not isinstance(named, GraphQLInputObjectType):
        return 0
    total = 0
    left = [(named, value)]
    while left:
        at, given = left.pop()
        if isinstance(given, list):
            left += [(at, each) for each in given]
        elif isinstance(given, dict):
            for name, inner in given.items():
                member = at.fields.get(name)
                if member is not None:
                    total += weights.of(f"{at.name}.{name}", member.type)
                    below = get_named_type(member.type)
                    if isinstance(below, GraphQLInputObjectType):
                        left.append((below, inner))
    return total
