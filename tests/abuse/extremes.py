"""Values that the schema allows and nobody sends by mistake, one at a time in an operation that is fine otherwise."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    Undefined,
    get_named_type,
    is_leaf_type,
)

LONG = "x" * 10_000
TEXTS: tuple[Any, ...] = (
    "",
    " ",
    LONG,
    "a\0b",
    "🦊👩‍👩‍👧",
    "' OR 1=1; --",
    "%_\\",
    "a:b OR (c:>1 -d",
    "<b>",
    "\u202e\u200b",
)
INTEGERS: tuple[Any, ...] = (0, -1, 1, 250, 251, 2**31 - 1, -(2**31))
EXTREMES: Mapping[str, tuple[Any, ...]] = {
    "String": TEXTS,
    "URL": (*TEXTS, "javascript:alert(1)", "https://" + LONG, "http://[::1", "//h"),
    "HTML": (*TEXTS, "<p>" * 3_000, "<script>alert(1)</script>"),
    "Color": TEXTS,
    "ID": (*TEXTS, "gid://shopify/Product/1", "gid://shopify/Nothing/00000000-0000-0000-0000-000000000000",
           "gid://shopify/Cart/00000000-0000-0000-0000-000000000000?key=" + "0" * 32),
    "Int": INTEGERS,
    "Float": (0, -0.0, -1, 1e308, -1e308, 5e-324, 2**63),
    "Decimal": ("0", "-1", "1E+999999", "1E-999999", "NaN", "Infinity", "-Infinity", "99999999999999999999",
                "9223372036854775807", "0.0000001", "9" * 5_000, ""),
    "Boolean": (True, False),
    "DateTime": ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "", LONG),
    "UnsignedInt64": ("0", "-1", "18446744073709551615", "9" * 100, "x"),
}  # fmt: skip
UNUSUAL_CURSORS: tuple[Any, ...] = (
    "WzFd", "W10", "WzE4NDQ2NzQ0MDczNzA5NTUxNjE1XQ",  # [1], [], [2^64-1]
    "WzkyMjMzNzIwMzY4NTQ3NzU4MDgseyJ1IjoiMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAifV0",  # [2^63, {"u": "0…"}]
    "WzE4NDQ2NzQ0MDczNzA5NTUxNjE1LHsidSI6IjAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwIn1d",
    "W3sidCI6IjAwMDEtMDEtMDFUMDA6MDA6MDArMDA6MDAifSx7InUiOiIwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMCJ9XQ",
    "WyJhXHUwMDAwYiIseyJ1IjoiMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAifV0",  # ["a\0b", {"u": "0…"}]
)  # fmt: skip
COPIES = 300


@dataclass(frozen=True)
class Known:
    """What makes an operation fine: values by argument or input field, such as `cartId`, and by type."""

    by_place: Mapping[str, Any]
    by_name: Mapping[str, Any]
    may: Callable[[str], bool] = lambda at: True
    """Whether the caller may select a field, by its coordinate."""

    def value(self, kind: Any, name: str, owner: str, depth: int = 0) -> Any:
        """Return a fine value of an input type; None where the type allows it and nothing better is known."""
        place = f"{owner}.{name}"
        if place in self.by_place:
            return self.by_place[place]
        if isinstance(kind, GraphQLNonNull):
            return self.value(kind.of_type, name, owner, depth)
        if isinstance(kind, GraphQLList):
            inner = self.value(kind.of_type, name, owner, depth)
            return [] if inner is None else [inner]
        if name in self.by_name:
            return self.by_name[name]
        if isinstance(kind, GraphQLInputObjectType):
            if depth > 4:
                return None
            fields = ((n, self.value(f.type, n, kind.name, depth + 1)) for n, f in kind.fields.items())
            return {n: v for n, v in fields if v is not None}
        if isinstance(kind, GraphQLEnumType):
            return next(iter(kind.values))
        return {"String": "text", "URL": "https://a.test/b.png", "HTML": "<p>text</p>", "Int": 1, "Float": 1.5,
                "Decimal": "1.00", "Boolean": False, "DateTime": "2026-01-01T00:00:00Z", "UnsignedInt64": "1",
                "ID": None, "Color": "#000000"}.get(kind.name)  # fmt: skip


def variations(kind: Any, name: str, fine: Any) -> Iterator[Any]:
    """Yield an input's value with one thing in it made extreme each time."""
    if isinstance(kind, GraphQLNonNull):
        yield from variations(kind.of_type, name, fine)
        return
    if isinstance(kind, GraphQLList):
        inner = fine[0] if fine else None
        yield []
        if inner is not None:
            yield [inner, inner]
            yield [inner] * COPIES
        for value in variations(kind.of_type, name, inner):
            yield [value]
    elif isinstance(kind, GraphQLInputObjectType):
        fine = fine if isinstance(fine, dict) else {}
        yield {n: fine[n] for n, f in kind.fields.items() if n in fine and isinstance(f.type, GraphQLNonNull)}
        for inner_name, inner_field in kind.fields.items():
            given = fine.get(inner_name)
            if not isinstance(inner_field.type, GraphQLNonNull):
                yield {**fine, inner_name: None}
            for value in variations(inner_field.type, inner_name, given):
                yield {**fine, inner_name: value}
    elif isinstance(kind, GraphQLEnumType):
        yield from kind.values
    else:
        yield from EXTREMES.get(kind.name, ())
        if name in ("after", "before"):
            yield from UNUSUAL_CURSORS


def selection(schema: GraphQLSchema, kind: Any, known: Known, depth: int) -> str:
    """Return a selection of what an output type holds, `depth` objects deep; "" for a leaf."""
    named = get_named_type(kind)
    if is_leaf_type(named):
        return ""
    if isinstance(named, GraphQLUnionType | GraphQLInterfaceType):
        if depth <= 0:
            return " { __typename }"
        members = schema.get_possible_types(named)
        # Members answer fields of one name with different types, which one selection cannot hold.
        parts = [f"... on {m.name} {{ m{i}: __typename {_members(schema, m, known, depth, f'm{i}_')} }}"
                 for i, m in enumerate(members)]  # fmt: skip
        return " { __typename " + " ".join(parts) + " }"
    assert isinstance(named, GraphQLObjectType)
    return " { __typename " + _members(schema, named, known, depth, "") + " }"


def _members(schema: GraphQLSchema, kind: GraphQLObjectType, known: Known, depth: int, prefix: str) -> str:
    told = []
    for name, member in kind.fields.items():
        leaf = is_leaf_type(get_named_type(member.type))
        if (depth <= 0 and not leaf) or not known.may(f"{kind.name}.{name}"):
            continue
        arguments = literals(member, known, f"{kind.name}.{name}")
        if arguments is None:
            continue
        below = selection(schema, member.type, known, depth - 1)
        told.append(f"{prefix and f'{prefix}{name}: '}{name}{arguments}{below}")
    return " ".join(told)


def literals(member: GraphQLField, known: Known, owner: str) -> str | None:
    """Return the arguments that a field below the root needs, None where nobody knows them."""
    given = {}
    for name, argument in member.args.items():
        needed = isinstance(argument.type, GraphQLNonNull) and argument.default_value is Undefined
        if name == "first":
            given[name] = "2"
        elif needed:
            value = known.value(argument.type, name, owner)
            if value is None:
                return None
            given[name] = _literal(argument.type, value)
    return f"({', '.join(f'{n}: {v}' for n, v in given.items())})" if given else ""


def _literal(kind: Any, value: Any) -> str:
    if isinstance(kind, GraphQLNonNull):
        return _literal(kind.of_type, value)
    if isinstance(kind, GraphQLList):
        return "[" + ", ".join(_literal(kind.of_type, each) for each in value) + "]"
    if isinstance(kind, GraphQLInputObjectType):
        return "{" + ", ".join(f"{name}: {_literal(kind.fields[name].type, v)}" for name, v in value.items()) + "}"
    return str(value) if isinstance(kind, GraphQLEnumType) else json.dumps(value)
