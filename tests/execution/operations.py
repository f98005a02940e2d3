"""Random operations on a schema: valid, with fragments, variables, aliases, merged fields and directives."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_composite_type,
    is_enum_type,
    is_required_argument,
)
from hypothesis import strategies as st

DEPTH_MAX = 4


@dataclass(frozen=True)
class Asked:
    """An operation with its variables, and the seed of the world it meets."""

    text: str
    variables: dict[str, Any]
    seed: int
    trouble: float


def operations(schema: GraphQLSchema, deferring: bool = False) -> st.SearchStrategy[Asked]:
    """Operations on a schema; `deferring` puts `@defer` on many of their fragments."""
    return st.integers(0, 2**40).map(lambda seed: _Writer(schema, Random(seed), deferring).write(seed))


@dataclass
class _Writer:
    """Writes one operation. Response names say the field and its arguments, so that equal names always merge."""

    schema: GraphQLSchema
    dice: Random
    deferring: bool = False
    fragments: dict[str, str] = field(default_factory=dict)
    conditions: dict[str, str] = field(default_factory=dict)
    """Type conditions of the fragments."""
    definitions: dict[str, str] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    labels: int = 0
    root: Any = None
    """The type at the root of a mutation, below which nothing may be deferred."""
    left: int = 12
    """How many fields may still be written: answers must stay small."""

    def write(self, seed: int) -> Asked:
        """Return the operation."""
        kind = "mutation" if self.dice.random() < 0.15 else "query"
        root = self.schema.mutation_type if kind == "mutation" else self.schema.query_type
        self.root = root if kind == "mutation" else None
        selection = self._selection(root, 0)
        defined = f"({', '.join(f'${name}: {told}' for name, told in self.definitions.items())})"
        text = f"{kind} Random{defined if self.definitions else ''} {selection} " + " ".join(self.fragments.values())
        return Asked(text, self.variables, seed, self.dice.choice([0.0, 0.05, 0.1, 0.3]))

    def _selection(self, parent: Any, depth: int) -> str:
        parts = []
        for _ in range(self.dice.randint(1, 4 if depth < 2 else 3)):
            luck = self.dice.random()
            if luck < (0.3 if self.deferring else 0.12) and depth < DEPTH_MAX:
                parts.append(self._inline(parent, depth))
            elif luck < (0.45 if self.deferring else 0.2) and depth < DEPTH_MAX:
                parts.append(self._spread(parent, depth))
            else:
                parts.append(self._field(parent, depth))
        return "{ " + " ".join(parts) + " }"

    def _field(self, parent: Any, depth: int) -> str:
        fields: dict[str, GraphQLField] = {} if isinstance(parent, GraphQLUnionType) else parent.fields
        fitting = [
            name
            for name, each in fields.items()
            if (depth < DEPTH_MAX and self.left > 0) or not is_composite_type(get_named_type(each.type))
        ]
        if not fitting or self.dice.random() < 0.08:
            return "__typename" + self._directives()
        name = self.dice.choice(fitting)
        self.left -= 1
        arguments = self._arguments(fields[name].args)
        # One number for each set of arguments of a field, and one for each place, which keeps unlike things apart.
        number = self.names.setdefault((name, arguments), str(len(self.names)))
        alias = f"{name}{number}: " if arguments or self.dice.random() < 0.2 else ""
        kind = get_named_type(fields[name].type)
        below = " " + self._selection(kind, depth + 1) if is_composite_type(kind) else ""
        return f"{alias}{name}{arguments}{self._directives()}{below}"

    def _inline(self, parent: Any, depth: int) -> str:
        condition = self.dice.choice(["", *self._overlapping(parent)])
        within = self.schema.type_map[condition] if condition else parent
        on = f" on {condition}" if condition else ""
        return f"...{on}{self._directives()}{self._defer(parent)} {self._selection(within, depth)}"

    def _spread(self, parent: Any, depth: int) -> str:
        known = [name for name, kind in self.conditions.items() if kind in self._overlapping(parent)]
        if known and self.dice.random() < 0.5:
            name = self.dice.choice(known)
        else:
            condition = self.dice.choice(self._overlapping(parent))
            text = self._selection(self.schema.type_map[condition], depth)
            # Known only now: a fragment must not hold itself.
            name = f"F{len(self.fragments)}"
            self.conditions[name] = condition
            self.fragments[name] = f"fragment {name} on {condition} {text}"
        return f"...{name}{self._directives()}{self._defer(parent)}"

    def _defer(self, parent: Any) -> str:
        if not self.deferring or parent is self.root or self.dice.random() < 0.3:
            return ""
        self.labels += 1
        label = f'label: "L{self.labels}"' if self.dice.random() < 0.7 else ""
        condition = self._condition() if self.dice.random() < 0.15 else ""
        arguments = ", ".join(filter(None, (label, condition)))
        return f" @defer({arguments})" if arguments else " @defer"

    def _overlapping(self, parent: Any) -> list[str]:
        possible = set(self._possible(parent))
        kinds = (GraphQLObjectType, GraphQLInterfaceType, GraphQLUnionType)
        return [
            name
            for name, kind in self.schema.type_map.items()
            if isinstance(kind, kinds) and not name.startswith("_") and possible & set(self._possible(kind))
        ]

    def _possible(self, kind: Any) -> list[str]:
        return [kind.name] if isinstance(kind, GraphQLObjectType) else [
            each.name for each in self.schema.get_possible_types(kind)
        ]  # fmt: skip

    def _directives(self) -> str:
        if self.dice.random() > 0.12:
            return ""
        return f" @{self.dice.choice(['skip', 'include'])}({self._condition()})"

    def _condition(self) -> str:
        if self.dice.random() < 0.5:
            return f"if: {self.dice.choice(['true', 'false'])}"
        variable = f"b{self.dice.randrange(3)}"
        if variable not in self.definitions:
            self.definitions[variable] = self.dice.choice(["Boolean!", "Boolean = true", "Boolean! = false"])
            if self.definitions[variable] == "Boolean!" or self.dice.random() < 0.5:
                self.variables[variable] = self.dice.random() < 0.5
        return f"if: ${variable}"

    def _arguments(self, arguments: dict[str, GraphQLArgument]) -> str:
        told = []
        for name, argument in arguments.items():
            if not is_required_argument(argument) and self.dice.random() < 0.55:
                continue
            if self.dice.random() < 0.4:
                told.append(f"{name}: ${self._variable(argument.type)}")
            else:
                told.append(f"{name}: {_literal(self._input(argument.type))}")
        return f"({', '.join(told)})" if told else ""

    def _variable(self, kind: GraphQLInputType) -> str:
        name = f"v{len(self.definitions)}"
        self.definitions[name] = str(kind)
        if isinstance(kind, GraphQLNonNull) or self.dice.random() < 0.8:
            self.variables[name] = _plain(self._input(kind))
        return name

    def _input(self, kind: GraphQLInputType, depth: int = 0) -> Any:
        if isinstance(kind, GraphQLNonNull):
            return self._input_of(kind.of_type, depth)
        return None if self.dice.random() < 0.15 else self._input_of(kind, depth)

    def _input_of(self, kind: Any, depth: int) -> Any:
        dice = self.dice
        if isinstance(kind, GraphQLList):
            return [self._input(kind.of_type, depth + 1) for _ in range(dice.randrange(3))]
        if isinstance(kind, GraphQLInputObjectType):
            if kind.is_one_of:
                name = dice.choice(list(kind.fields))
                return {name: self._input_of(kind.fields[name].type, depth + 1)}
            return {
                name: self._input(each.type, depth + 1)
                for name, each in kind.fields.items()
                if isinstance(each.type, GraphQLNonNull) or (depth < 2 and dice.random() < 0.5)
            }
        if is_enum_type(kind):
            return _Name(dice.choice(list(kind.values)))
        return {
            "Int": dice.randrange(-9, 9), "Float": dice.randrange(9) / 4, "Boolean": dice.random() < 0.5,
            "ID": "id", "String": dice.choice(["", "a", "é\\n"]),
        }.get(kind.name, dice.choice([5, "text"]))  # fmt: skip


class _Name(str):
    """A value of an enum."""

    __slots__ = ()


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return str(value) if isinstance(value, _Name) else value


def _literal(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {_literal(item)}' for name, item in value.items())}}}"
    if isinstance(value, _Name):
        return str(value)
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return f'"{value}"' if isinstance(value, str) else str(value)
