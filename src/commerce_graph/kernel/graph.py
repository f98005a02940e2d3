"""Declare a domain's share of the graph, and merge the shares into one federated schema.

All modules together are the monolith; one module alone is a subgraph. Nothing else differs.
"""

import inspect
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeVar, dataclass_transform, get_args
from uuid import UUID

import strawberry
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    lexicographic_sort_schema,
    specified_directives,
)
from strawberry.federation.schema_directives import Key
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types
from strawberry.types import Info

from commerce_graph.kernel.auth import OPEN, Access
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.demand.gate import Rank
from commerce_graph.kernel.demand.sdl import COST as COST_DIRECTIVE
from commerce_graph.kernel.demand.sdl import DIRECTIVES, LIST_SIZE, mark, printed
from commerce_graph.kernel.demand.weights import ASKING_MUTATION, MUTATION, PAGE, ListSize, Weights, size_of
from commerce_graph.kernel.directives import DEFER, deferring, in_context
from commerce_graph.kernel.hints import SCHEMA, Hint
from commerce_graph.kernel.ids import to_gids
from commerce_graph.kernel.mending import inputs, leave_out_null_defaults, resolve_types_by_name
from commerce_graph.kernel.module import Module
from commerce_graph.kernel.mutations import ACCESS as ACCESS
from commerce_graph.kernel.mutations import COST, ONCE, Once, doc
from commerce_graph.kernel.mutations import mutation as mutation
from commerce_graph.kernel.projection import READS
from commerce_graph.kernel.scalars import SCALARS

BATCH = "batch"
COLUMNS = "columns"
CACHE = "cache"
LENGTH = "length"  # of the list of a field, where no argument says it
T = TypeVar("T", bound=type)


def field(
    resolver: Any = None, *, access: Access | None = None, name: str | None = None, description: str | None = None,
    deprecation_reason: str | None = None, length: int | None = None, cost: int | None = None,
    cache: Hint | None = None, reads: Sequence[str] | None = None,
) -> Callable[..., Any]:  # fmt: skip
    """Declare a field resolved for one parent, for what needs no data beyond the parent.

    `length` is that of its list, where no argument says it; `cost` what a call weighs (kernel/demand/weights.py);
    `reads` names the columns of its parent's row that it needs (kernel/projection.py).
    """

    def decorate(function: Any) -> Any:
        return strawberry.field(
            resolver=function, name=name, description=description or doc(function),
            deprecation_reason=deprecation_reason, metadata=_told_of(access, length, cost, cache, reads),
        )  # fmt: skip

    return decorate(resolver) if resolver else decorate


def _told_of(
    access: Access | None, length: int | None, cost: int | None, cache: Hint | None, reads: Sequence[str] | None
) -> dict[str, Any]:
    told = {ACCESS: access, LENGTH: length, COST: cost, CACHE: cache, READS: reads}
    return {name: value for name, value in told.items() if value is not None}


def batch_field(
    resolver: Any = None, *, access: Access | None = None, name: str | None = None, description: str | None = None,
    deprecation_reason: str | None = None, length: int | None = None, cost: int | None = None,
    cache: Hint | None = None, reads: Sequence[str] | None = None,
) -> Callable[..., Any]:  # fmt: skip
    """Declare a field resolved once for many parents: a static `(parents, ctx, **arguments) -> list[T]`.

    Shape: n parents → n results in order; the field's GraphQL type is T. One that reads is `async`: the executor calls
    it with all parents of a level, under graphql-core a dataloader collects them. A parameter `columns: Columns = None`
    is not the field's: it is told which columns of the rows of its connection's nodes are looked at.
    """

    def decorate(target: Any) -> Any:
        function = target.__func__ if isinstance(target, staticmethod) else target
        return strawberry.field(
            resolver=_one_parent(function), name=name, description=description or doc(function),
            deprecation_reason=deprecation_reason,
            metadata={BATCH: function} | _told_of(access, length, cost, cache, reads),
        )  # fmt: skip

    return decorate(resolver) if resolver else decorate


def _one_parent(function: Callable[..., Any]) -> Callable[..., Any]:
    async def later(self: Any, info: Info, **arguments: Any) -> Any:
        # One document node has one set of argument values in an operation, so it names the batch.
        at = (function, id(info._raw_info.field_nodes[0]))
        return await info.context.batch(at, function, self, arguments)

    def at_once(self: Any, info: Info, **arguments: Any) -> Any:
        (result,) = function([self], info.context, **arguments)
        if isinstance(result, Exception):
            raise result
        return result

    resolve: Callable[..., Any] = later if inspect.iscoroutinefunction(function) else at_once
    signature = inspect.signature(function)
    parameters = [each for name, each in signature.parameters.items() if name != COLUMNS]
    returns = signature.return_annotation
    (item,) = get_args(returns)
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    resolve.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[
            inspect.Parameter("self", kind),
            inspect.Parameter("info", kind, annotation=Info),
            *parameters[2:],
        ],
        return_annotation=item,
    )
    resolve.__annotations__ = {p.name: p.annotation for p in parameters[2:]} | {"info": Info, "return": item}
    resolve.__name__ = function.__name__
    resolve.__module__ = function.__module__
    resolve.__doc__ = function.__doc__
    return resolve


@dataclass_transform(kw_only_default=True)
def object_type(
    cls: T | None = None, *, access: Access = OPEN, name: str | None = None, description: str | None = None,
    shareable: bool = False, cache: Hint | None = None,
) -> Any:  # fmt: skip
    """Declare an object type or a part of an entity; `access` and `cache` hold for each field without its own.

    `shareable` marks a value type that several subgraphs answer with.
    """

    def decorate(target: Any) -> Any:
        target.__access__ = access
        target.__cache__ = cache
        told = description or doc(target)
        if shareable:
            return strawberry.federation.type(target, name=name, description=told, shareable=True)
        return strawberry.type(target, name=name, description=told)

    return decorate(cls) if cls else decorate


@dataclass_transform(kw_only_default=True)
def input_type(cls: T) -> T:
    """Declare an input object; the first sentence of its docstring describes it."""
    return strawberry.input(cls, description=doc(cls))


@dataclass_transform(kw_only_default=True)
def interface(cls: T) -> T:
    """Declare an interface; its fields are open, the implementing type decides."""
    cls.__access__ = OPEN  # type: ignore[attr-defined]
    return strawberry.interface(cls, description=doc(cls))


@interface
class Node:
    """An object with a globally unique id."""

    @batch_field
    def id(parents: Sequence[Any], ctx: Context) -> list[strawberry.ID]:
        """A globally unique id."""
        return to_gids(parents[0].kind, [parent.uuid for parent in parents])  # type: ignore[return-value]


@dataclass(kw_only=True)
class EntityKey(Node):
    """The key of an entity: all that another domain may know of it."""

    kind: ClassVar[str]
    uuid: strawberry.Private[UUID]

    @classmethod
    async def load_many(cls, ctx: Context, uuids: Sequence[UUID]) -> Sequence[Self | None]:
        """Load entities. Shape: n keys → n results in order, None where there is no row or no right to see it."""
        return [cls(uuid=uuid) for uuid in uuids]

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Any:
        """Answer federation's `_entities` for one representation; siblings are loaded together."""
        return await info.context.batch((cls, "reference"), cls._references, str(id), {})

    @classmethod
    async def _references(cls, gids: Sequence[str], ctx: Context) -> Sequence[Self | None]:
        return await cls.load_many(ctx, [ctx.key_of(gid, cls.kind) for gid in gids])


@dataclass_transform(kw_only_default=True)
def key(kind: str, description: str) -> Callable[[T], T]:
    """Declare an entity's key type: `class ProductKey(EntityKey)` under its GraphQL name."""

    def decorate(target: Any) -> Any:
        target.kind = kind
        target.__about__ = description
        target.__access__ = OPEN
        return strawberry.type(target, name=kind, description=description)

    return decorate


async def entities(ctx: Context, key_type: Any, uuids: Sequence[UUID | None]) -> list[Any]:
    """Return entities from their owner where this process serves it, else as keys for the router to resolve.

    Shape: n keys → n results in order, None for None and for what does not exist.
    """
    owner = ctx.served.get(key_type.kind)
    if owner is None:
        return [uuid and key_type(uuid=uuid) for uuid in uuids]
    wanted = list(dict.fromkeys(uuid for uuid in uuids if uuid))
    found = dict(zip(wanted, await owner.load_many(ctx, wanted), strict=True)) if wanted else {}
    return [found.get(uuid) if uuid else None for uuid in uuids]


class Graph(strawberry.federation.Schema):
    """The schema that this process serves, with each field's access and each entity's owner.

    `services` are those of modules that another process serves: their code is here all the same.
    """

    def __init__(self, modules: Sequence[Module], services: Mapping[str, Callable[..., Any]] | None = None) -> None:
        self.modules = tuple(modules)
        self.once: dict[str, Once] = {}
        self._weighed: tuple[dict[str, int], dict[str, ListSize]] = {}, {}
        self.services = {**(services or {}), **dict(pair for module in modules for pair in module.services)}
        self.served = {_name(entity): entity for module in modules for entity in module.owns}
        merged = _merge(modules)
        super().__init__(
            query=_root("Query", [m.query for m in modules]),
            mutation=_root("Mutation", [m.mutation for m in modules]),
            subscription=_root("Subscription", [m.subscription for m in modules]),
            types=[*merged.values(), *(t for m in modules for t in m.types), *DIRECTIVES],
            directives=[in_context],  # type: ignore[list-item]
            federation_version="2.9",  # the newest that all open composers accept
            # Parts of one entity share its GraphQL name on purpose; `_merge` refuses accidental clashes.
            config=StrawberryConfig(_unsafe_disable_same_type_validation=True, scalar_map=SCALARS),
        )
        self.core: GraphQLSchema = self._schema
        resolve_types_by_name(self.core)
        leave_out_null_defaults(self.core)
        self.asked = deferring(self.core)
        self.access: dict[str, Access] = dict(self._field_access())
        self.hints: dict[str, Hint] = dict(self._field_hints())
        self.weights = Weights(self.core, *self._weighed)
        self.ranks: dict[str, Rank] = dict(self._root_ranks())

    def _field_access(self) -> Iterator[tuple[str, Access]]:
        for name, entry in sorted(self.schema_converter.type_map.items()):
            definition = entry.definition
            fields = getattr(definition, "fields", None)
            implementation = entry.implementation
            if fields is None or not isinstance(implementation, GraphQLObjectType | GraphQLInterfaceType):
                continue
            for member in fields:
                label = self.config.name_converter.from_field(member)
                access = member.metadata.get(ACCESS, getattr(member.origin, "__access__", None))
                if label in ("_service", "_entities") or name == "_Service":
                    access = OPEN
                if access is None:
                    raise TypeError(f"{name}.{label} does not say who may see it")
                yield f"{name}.{label}", access

    def _prepare_schema_directives(self) -> None:
        """Mark all fields with what they weigh, once Strawberry knows them and before it says what is in use."""
        self.once = dict(self._mutations())
        weights: dict[str, int] = {}
        sizes: dict[str, ListSize] = {}
        for at, member, definition in self._members():
            cost = member.metadata.get(COST)
            if cost is None and at.startswith("Mutation."):
                cost = ASKING_MUTATION if self.once[at.partition(".")[2]] is Once.STEPS else MUTATION
            if cost is not None:
                weights[at] = cost
            paged = at.endswith(tuple(f"Connection.{each}" for each in PAGE))  # whoever answers with it says how long
            if not paged and (size := size_of(definition, member.metadata.get(LENGTH))):
                sizes[at] = size
            if "._" not in at:
                self._schema_directives_in_use += mark(member, weights.get(at), sizes.get(at))
        self._weighed = weights, sizes
        super()._prepare_schema_directives()

    def _members(self) -> Iterator[tuple[str, Any, GraphQLField]]:
        for name, entry in self.schema_converter.type_map.items():
            implementation = entry.implementation
            if isinstance(implementation, GraphQLObjectType | GraphQLInterfaceType):
                for member in getattr(entry.definition, "fields", None) or ():
                    label = self.config.name_converter.from_field(member)
                    yield f"{name}.{label}", member, implementation.fields[label]

    def _root_ranks(self) -> Iterator[tuple[str, Rank]]:
        for module in self.modules:
            roots: tuple[Any, ...] = (module.query, module.mutation)
            if module.rank is not None:
                for member in (m for root in roots if root for m in root.__strawberry_definition__.fields):
                    yield self.config.name_converter.from_field(member), module.rank

    def _field_hints(self) -> Iterator[tuple[str, Hint]]:
        yield from ((f"Query.{name}", SCHEMA) for name in ("__schema", "__type"))
        for name, entry in self.schema_converter.type_map.items():
            for member in getattr(entry.definition, "fields", None) or ():
                hint = member.metadata.get(CACHE) or vars(member.origin or object).get("__cache__")
                if hint is not None:
                    yield f"{name}.{self.config.name_converter.from_field(member)}", hint

    def _mutations(self) -> Iterator[tuple[str, Once]]:
        entry = self.schema_converter.type_map.get("Mutation")
        for member in getattr(entry.definition, "fields", ()) if entry else ():
            yield self.config.name_converter.from_field(member), member.metadata.get(ONCE, Once.TRANSACTION)

    def api(self) -> GraphQLSchema:
        """Return the schema as clients see it: sorted, without federation's machinery."""
        schema = lexicographic_sort_schema(self.core)
        for member in inputs(schema):  # sorting has made plain enums, which know only the names of their members
            member.default_value = getattr(member.default_value, "value", member.default_value)
        config = schema.to_kwargs()
        query = schema.query_type
        assert query is not None
        for name in ("_service", "_entities"):
            query.fields.pop(name, None)
        config["types"] = tuple(t for t in config["types"] or () if not t.name.startswith(("_", "link__")))
        ours = {"inContext", *(directive.name for directive in specified_directives)}
        config["directives"] = (COST_DIRECTIVE, DEFER, *(d for d in schema.directives if d.name in ours), LIST_SIZE)
        return GraphQLSchema(**config)

    def sdl(self) -> str:
        """Return the schema as clients see it, with what its fields cost."""
        return printed(self.api(), self.weights)


def _name(entity: Any) -> str:
    name: str = entity.__strawberry_definition__.name
    return name


def _root(name: str, parts: Sequence[type | None]) -> type | None:
    present = tuple(part for part in parts if part)
    return merge_types(name, present) if present else None


def _merge(modules: Sequence[Module]) -> dict[str, type]:
    parts: dict[str, list[Any]] = defaultdict(list)
    for group in ("owns", "extends", "refers"):  # the owner first: its resolve_reference wins
        for part in (part for module in modules for part in getattr(module, group)):
            if part not in parts[_name(part)]:
                parts[_name(part)].append(part)
    return {name: _entity(name, tuple(group)) for name, group in parts.items()}


def _entity(name: str, parts: tuple[Any, ...]) -> type:
    seen: dict[str, Any] = {}
    for member in (member for part in parts for member in part.__strawberry_definition__.fields):
        other = seen.setdefault(member.python_name, member.origin)
        if not (issubclass(other, member.origin) or issubclass(member.origin, other)):
            raise TypeError(f"{name}.{member.python_name} is declared by {other} and by {member.origin}")
    # A part that another part already inherits from would make the bases inconsistent.
    bases = tuple(p for p in parts if not any(q is not p and issubclass(q, p) for q in parts))
    resolvable = set(seen) != {"id"}
    merged: type = strawberry.federation.type(
        type(name, bases, {"__access__": OPEN}),
        name=name, keys=[Key(fields="id", resolvable=resolvable)],  # type: ignore[arg-type]
        description=parts[0].__about__,
    )  # fmt: skip
    return merged
