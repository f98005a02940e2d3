"""What one operation carries: caller, buyer, resources and its dataloaders."""

from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from uuid import UUID

from aiodataloader import DataLoader
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.kernel.auth import ANONYMOUS, Access, Principal
from commerce_graph.kernel.database import Database, Joined
from commerce_graph.kernel.demand.charge import Charge
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.ids import parse_gid
from commerce_graph.kernel.keyed import Keyed
from commerce_graph.kernel.limits import OPERATION_READS_AT_ONCE_MAX
from commerce_graph.kernel.turns import Turns

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from commerce_graph.kernel.outbox import Bus


@dataclass(frozen=True, slots=True)
class Buyer:
    """Where the shopper is and reads, from `@inContext`; None means the market's default."""

    country: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Resources:
    """What the process holds open and every operation shares. Built by app.py only."""

    database: Database
    redis: "Redis"
    secret: bytes
    bus: "Bus"
    public_url: str = "http://127.0.0.1:8000"
    services: dict[str, Any] = field(default_factory=dict)


class Loads(Protocol):
    """A keyed batch read. Shape: n keys → n results in order, None where there is no row; 1 statement.

    One that is `straight` takes the database in place of a connection.
    """

    def __call__(self, conn: AsyncConnection, keys: Sequence[Any], /, *args: Any) -> Awaitable[Sequence[Any]]: ...


L = TypeVar("L", bound=Callable[..., Awaitable[Sequence[Any]]])


def straight(loader: L) -> L:
    """Say of a loader that all it reads is a prepared statement (`database.rows`), so that it needs no connection."""
    loader.straight = True  # type: ignore[attr-defined]
    return loader


class Reads:
    """Keyed reads over one connection, each made once: what a transaction has read, its answer need not read again."""

    def __init__(self, conn: AsyncConnection) -> None:
        self.conn = conn
        self.seen: dict[tuple[Loads, tuple[Hashable, ...]], dict[Any, Any]] = {}

    async def load_many(self, loader: Loads, keys: Sequence[Any], *args: Hashable) -> list[Any]:
        """Read keys through `loader`; results in order of the keys. At most 1 statement."""
        known = self.seen.setdefault((loader, args), {})
        missing = [key for key in dict.fromkeys(keys) if key not in known]
        if missing:
            known.update(zip(missing, await loader(self.conn, missing, *args), strict=True))
        return [known[key] for key in keys]


@dataclass(slots=True)
class Context:
    """One operation. Not shared between operations; safe for the concurrent tasks of one."""

    resources: Resources
    principal: Principal = ANONYMOUS
    buyer: Buyer = field(default_factory=Buyer)
    request_id: str = "-"
    served: dict[str, Any] = field(default_factory=dict)
    services: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    """Functions of domains above, by the names their modules give them (`Module.services`)."""
    memo: dict[Hashable, Any] = field(default_factory=dict)
    extensions: dict[str, Any] = field(default_factory=dict)
    """What the answer tells beside its data, by name: GraphQL's `extensions`."""
    entities: set[tuple[str, Any]] | None = None
    """The entities of the answer, by kind and key, noted by our executor where it is not None."""
    charge: Charge | None = None
    """What the operation is charged, where it came from outside."""
    granted: set[tuple[str, UUID]] = field(default_factory=set)
    """Entities whose capability id the client has shown."""
    joined: Joined | None = None
    """The one transaction that the whole operation runs in, where the client gave a key for that."""
    claim_id: UUID | None = None
    """What a mutation in steps runs under, for `claims.first`; None without a key."""
    _committed: list[Callable[[], None]] = field(default_factory=list)
    _batches: dict[Hashable, "DataLoader[Any, Any]"] = field(default_factory=dict)
    _loaders: dict[tuple[Loads, tuple[Hashable, ...]], Keyed] = field(default_factory=dict)
    _turns: Turns = field(default_factory=lambda: Turns(OPERATION_READS_AT_ONCE_MAX))

    @property
    def database(self) -> Database:
        """The shop's database, or the one transaction in it that the operation runs in."""
        return self.joined or self.resources.database

    def after_commit(self, then: Callable[[], None]) -> None:
        """Do something once what was written is there for all to see: now, or when the one transaction has ended."""
        if self.joined is None:
            then()
        else:
            self._committed.append(then)

    def committed(self) -> None:
        """Do what was put off until the commit."""
        self.joined = None
        for then in self._committed:
            then()
        self._committed.clear()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Open a short read; do not open another inside.

        Limits: OPERATION_READS_AT_ONCE_MAX, so that one operation cannot take every connection from the others.
        """
        async with self.turn(), self.database.read() as conn:
            yield conn

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Take one of the operation's turns, for work that opens its own read. Limits: as `read`."""
        return self._turns

    def require(self, access: Access) -> None:
        """Raise RequestError(ACCESS_DENIED) unless the caller holds `access`."""
        if not self.principal.may(access):
            raise RequestError("ACCESS_DENIED", f"needs {', '.join(sorted(access))}")

    def key_of(self, gid: str, *kinds: str) -> UUID:
        """Return the key in a global id of one of `kinds`, and grant the entity if the id is a valid capability.

        Raises: RequestError(INVALID_ID).
        """
        kind, uuid, sealed = parse_gid(gid, self.resources.secret)
        if kind not in kinds:
            raise RequestError("INVALID_ID", f"`{gid[:100]}` is not the id of a {' or '.join(kinds)}")
        if sealed:
            self.granted.add((kind, uuid))
        return uuid

    def load(self, loader: Loads, key: Any, *args: Hashable) -> Awaitable[Any]:
        """Load one key through `loader`, batched and cached within the operation."""
        return self._keyed(loader, args).load(key)

    async def load_many(self, loader: Loads, keys: Sequence[Any], *args: Hashable) -> list[Any]:
        """Load keys through `loader`, batched and cached within the operation; results in order of the keys."""
        return await self._keyed(loader, args).load_many(keys) if keys else []

    def batch(
        self,
        at: Hashable,
        resolve: Callable[..., Awaitable[Sequence[Any]]],
        parent: Any,
        arguments: dict[str, Any],
    ) -> Awaitable[Any]:
        """Resolve a batch field for one parent together with its siblings. `at` is the field's place."""
        loader = self._batches.get(at)
        if loader is None:

            async def load(parents: list[Any]) -> list[Any]:
                return list(await resolve(parents, self, **arguments))

            loader = self._batches[at] = DataLoader(load, cache=False)
        return loader.load(parent)

    def forget(self) -> None:
        """Drop every cached read. A mutation calls it, so that its answer shows what it wrote."""
        self._batches.clear()
        self._loaders.clear()
        self.memo.clear()

    def remember(self, reads: Reads) -> None:
        """Take over what a transaction has read, after `forget`, so that the answer does not read it again."""
        for (loader, args), values in reads.seen.items():
            self.prime(loader, values, *args)

    def prime(self, loader: Loads, values: Mapping[Any, Any], *args: Hashable) -> None:
        """Take over values by key that were read another way, such as by a list, so that `loader` need not read."""
        self._keyed(loader, args).prime(values)

    def as_customer(self, customer_id: UUID) -> None:
        """Go on as this signed-in customer."""
        self.principal = replace(self.principal, customer_id=customer_id)

    def _keyed(self, loader: Loads, args: tuple[Hashable, ...]) -> Keyed:
        at = (loader, args)
        found = self._loaders.get(at)
        if found is None:

            async def load(keys: list[Any]) -> Sequence[Any]:
                if getattr(loader, "straight", False):
                    async with self.turn():
                        return await loader(self.database, keys, *args)  # type: ignore[arg-type]
                async with self.read() as conn:
                    return await loader(conn, keys, *args)

            found = self._loaders[at] = Keyed(load)
        return found
