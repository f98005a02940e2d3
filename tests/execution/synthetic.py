"""A schema with every feature of the type system, whose values follow from a seed and their path alone.

So two executors that work in different orders must come to the same answer, and one operation can be run with all
values there at once or with some of them coming later.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from random import Random
from typing import Any
from zlib import crc32

from graphql import (
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    Undefined,
    build_schema,
    is_leaf_type,
)

FIELDS = """
  name: String  nameStrict: String!  id: ID!  age: Int  ageStrict: Int!  score: Float  flag: Boolean!
  color: Color  colorStrict: Color!  stamp: Stamp  odd: Odd  oddStrict: Odd!
  tags: [String]  tagsStrict: [String!]!  grid: [[Int]]  gridStrict: [[Int!]!]!  colors: [Color!]
  friend: Named  friendStrict: Named!  friends: [Named]  friendsStrict: [Named!]!  friendGrid: [[Named!]]
  any: Any  anyStrict: Any!  anys: [Any!]  anyGrid: [[Any]!]!
  cat: Cat  catStrict: Cat!  cats: [Cat!]!  dog: Dog  dogs: [[Dog]!]  rock: Rock  rocks: [Rock]
  echo(number: Int = 1, text: String, point: Point, either: Either, points: [Point!], color: Color = RED,
    stamp: Stamp): String
  echoStrict(needed: Int!, flag: Boolean): String!
"""
SDL = f"""
scalar Stamp
scalar Odd
enum Color {{ RED GREEN BLUE }}
input Point {{ x: Int!, y: Int = 3, tags: [String!], inner: Point }}
input Either @oneOf {{ number: Int, text: String, point: Point }}
interface Named {{ {FIELDS} }}
interface Loud implements Named {{ {FIELDS} noise: Int! }}
type Cat implements Named {{ {FIELDS} lives: Int }}
type Dog implements Named & Loud {{ {FIELDS} noise: Int! }}
type Rock {{ {FIELDS} weight: Float! }}
union Any = Cat | Dog | Rock
type Query {{ {FIELDS} }}
type Mutation {{ {FIELDS} }}
"""


@dataclass(frozen=True)
class Thing:
    """A value of an object type."""

    kind: str


@dataclass(frozen=True)
class World:
    """What decides the values: the context of an execution."""

    seed: int
    trouble: float
    """How likely a value is to go wrong."""
    later: bool
    """Whether some values come later."""


def _as_list(path: Any) -> list[str | int]:
    keys: list[str | int] = []
    while path is not None:
        keys.append(path.key)
        path = path.prev
    return keys[::-1]


def resolve(source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
    """Resolve any field."""
    world: World = info.context
    number = crc32(repr((world.seed, _as_list(info.path))).encode())
    # When a value comes must not decide what it is.
    delivery = Random(~number) if world.later else None
    value = _value(info.return_type, Random(number), world, delivery, repr(arguments) if arguments else None)
    if isinstance(value, _Raise):
        if delivery and delivery.random() < 0.5:
            return _raise_later(value.fault, delivery.randrange(3))
        raise value.fault
    return _perhaps_later(value, delivery)


@dataclass(frozen=True)
class _Raise:
    fault: Exception


def _perhaps_later(value: Any, delivery: Random | None) -> Any:
    if delivery is None or delivery.random() < 0.6:
        return value
    return _later(value, delivery.randrange(3))


async def _later(value: Any, turns: int) -> Any:
    for _ in range(turns):
        await asyncio.sleep(0)
    return value


async def _raise_later(fault: Exception, turns: int) -> Any:
    await _later(None, turns)
    raise fault


async def _stream(items: list[Any]) -> AsyncIterator[Any]:
    for item in items:
        yield item


def _value(
    kind: GraphQLOutputType, dice: Random, world: World, delivery: Random | None, told: str | None = None
) -> Any:
    strict = isinstance(kind, GraphQLNonNull)
    if isinstance(kind, GraphQLNonNull):
        kind = kind.of_type
    luck = dice.random()
    # Less for what may not be null, or whole answers would be null.
    if luck < world.trouble / (3 if strict else 1):
        return _trouble(dice)
    if isinstance(kind, GraphQLList):
        return _list(kind.of_type, dice, world, delivery)
    if is_leaf_type(kind):
        return told if told is not None else _leaf(kind.name, dice, world)
    return Thing(_kind_of(kind, dice, world))


def _trouble(dice: Random) -> Any:
    number = dice.randrange(1000)
    return dice.choice(
        [
            None,
            None,
            Undefined,
            _Raise(RuntimeError(f"raised {number}")),
            _Raise(GraphQLError(f"told {number}", extensions={"number": number})),
            ValueError(f"returned {number}"),
        ]
    )


def _list(item: GraphQLOutputType, dice: Random, world: World, delivery: Random | None) -> Any:
    if dice.random() < world.trouble / 4:
        return dice.choice(["no list", 5, {"a": 1}])
    items = []
    for _ in range(dice.choice([0, 1, 2, 2, 3])):
        value = _value(item, dice, world, delivery)
        if isinstance(value, _Raise):
            value = value.fault
        items.append(_perhaps_later(value, delivery))
    shape = dice.randrange(5)
    if delivery and delivery.random() < 0.15:
        return _stream(items)
    return tuple(items) if shape == 1 else iter(items) if shape == 2 else items


def _leaf(name: str, dice: Random, world: World) -> Any:
    wrong = dice.random() < world.trouble / 2
    number = dice.randrange(-5, 100)
    match name:
        case "String" | "ID":
            return [1] if wrong else dice.choice([f"text {number}", str(number), number])
        case "Int":
            return dice.choice(["x", 2**40, 1.5, [2]]) if wrong else dice.choice([number, float(number), True])
        case "Float":
            return dice.choice(["x", float("inf"), [2]]) if wrong else dice.choice([number / 4, number])
        case "Boolean":
            return "x" if wrong else dice.choice([True, False, number])
        case "Color":
            return dice.choice(["MAUVE", [1]]) if wrong else dice.choice(["RED", "GREEN", "BLUE"])
        case _:
            return "wrong" if wrong else number


def _kind_of(kind: Any, dice: Random, world: World) -> str:
    if isinstance(kind, GraphQLObjectType):
        return "Nothing" if kind.name == "Rock" and dice.random() < world.trouble else kind.name
    if dice.random() < world.trouble / 2:
        return dice.choice(["Nothing", "Color", "Query", "", "raise", "number", "Rock"])
    return dice.choice(["Cat", "Dog", "Rock"] if isinstance(kind, GraphQLUnionType) else ["Cat", "Dog"])


def _resolve_type(value: Thing, info: GraphQLResolveInfo, abstract: Any) -> Any:
    if value.kind == "raise":
        raise RuntimeError("no type")
    name: Any = {"": None, "number": 7}.get(value.kind, value.kind)
    if info.context.later and crc32(repr(_as_list(info.path)).encode()) % 3 == 0:
        return _later(name, 1)
    return name


def _is_rock(value: Thing, info: GraphQLResolveInfo) -> Any:
    right = value.kind == "Rock"
    if info.context.later and crc32(repr(_as_list(info.path)).encode()) % 2 == 0:
        return _later(right, 1)
    return right


def _serialize_stamp(value: Any) -> Any:
    if value == "wrong":
        raise ValueError("not a stamp")
    return {"stamp": value}


def _serialize_odd(value: Any) -> Any:
    return value if value != "wrong" and value % 2 else None


def make_schema() -> GraphQLSchema:
    """Return the schema."""
    schema = build_schema(SDL)
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            for field in kind.fields.values():
                assert isinstance(field, GraphQLField)
                field.resolve = resolve
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            kind.resolve_type = _resolve_type
    rock, stamp, odd = (schema.type_map[name] for name in ("Rock", "Stamp", "Odd"))
    assert isinstance(rock, GraphQLObjectType)
    assert isinstance(stamp, GraphQLScalarType)
    assert isinstance(odd, GraphQLScalarType)
    rock.is_type_of = _is_rock
    stamp.coerce_output_value = _serialize_stamp  # type: ignore[method-assign]
    odd.coerce_output_value = _serialize_odd  # type: ignore[method-assign]
    return schema


SCHEMA = make_schema()
