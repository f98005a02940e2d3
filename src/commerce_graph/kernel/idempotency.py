"""The `Idempotency-Key` header: a mutation that a client repeats under one key has one effect and one answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

import orjson
from sqlalchemy.exc import DBAPIError
from starlette.datastructures import Headers

from commerce_graph.kernel import claims, limits
from commerce_graph.kernel.auth import Principal
from commerce_graph.kernel.claims import Asked, Claim
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.execution import Engine, Operation, fault_of
from commerce_graph.kernel.mutations import Once
from commerce_graph.kernel.parameters import Parameters

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"

PASSING = frozenset({"INTERNAL", "TIMEOUT", "THROTTLED"})
"""Codes of errors that another try may not meet: what they are part of is undone, and is no answer."""
LOCK_NOT_AVAILABLE = "55P03"


@dataclass(frozen=True, slots=True)
class Answered:
    """What a client is told. `errors` only where there is no data."""

    body: bytes
    errors: list[dict[str, Any]] | None = None
    replayed: bool = False


class Idempotency:
    """Runs mutations under keys. One for a process; any number of processes on one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._running: WeakValueDictionary[bytes, asyncio.Lock] = WeakValueDictionary()
        self._places = asyncio.Semaphore(limits.IDEMPOTENT_AT_ONCE_MAX)

    async def run(self, operation: Operation, parameters: Parameters, ctx: Context, keys: list[str]) -> Answered:
        """Run a mutation under the key that its request carries; `keys` are the values of the header.

        Limits: IDEMPOTENCY_TTL_S; IDEMPOTENCY_WAIT_S for a twin; IDEMPOTENT_AT_ONCE_MAX, so that mutations under a key,
        which hold a connection from their beginning to their end, cannot take every connection from the others.
        Raises: RequestError(IDEMPOTENCY_KEY_INVALID | IDEMPOTENCY_KEY_IN_USE | IDEMPOTENCY_KEY_REUSED | BAD_REQUEST |
        THROTTLED).
        """
        once = self._kind(operation)
        if once is Once.ARGUMENT:
            return _told(await self._engine.run(operation, parameters.variables, ctx))
        asked = _asked(parameters, ctx, _key(keys, ctx.principal))
        work = self._in_one_transaction if once is Once.TRANSACTION else self._in_steps
        try:
            return await work(operation, parameters, ctx, asked)
        except RequestError:
            raise
        except Exception as fault:
            if isinstance(fault, DBAPIError) and getattr(fault.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
                raise _in_use() from None
            return _told(fault_of(fault, ctx))

    def _kind(self, operation: Operation) -> Once:
        names = operation.roots
        kinds = {name: self._engine.graph.once.get(name, Once.TRANSACTION) for name in names}
        special = next((name for name, once in kinds.items() if once is not Once.TRANSACTION), None)
        if special is None:
            return Once.TRANSACTION
        if len(names) > 1:
            told = f"with `{HEADER}`, `{special}` must be the only field of its mutation: send the others by themselves"
            raise RequestError("BAD_REQUEST", told, status=400)
        return kinds[special]

    async def _in_one_transaction(
        self, operation: Operation, parameters: Parameters, ctx: Context, asked: Asked
    ) -> Answered:
        """Claim the key, do everything and keep the answer in one transaction: all of it is there, or nothing."""
        async with self._turn(asked), ctx.resources.database.joined() as whole:
            async with whole.read() as tx:
                claim = await claims.claim(tx, asked, limits.IDEMPOTENCY_LEASE_S)
            if not claim.mine:
                return _found(ctx, asked, claim)
            ctx.joined = whole
            answer = await self._engine.run(operation, parameters.variables, ctx)
            if whole.broken or not _final(answer):
                return _told({**answer, "data": None} if "data" in answer else answer)
            body = orjson.dumps(answer)
            async with whole.last() as tx:
                await claims.keep(tx, claim.id, claims.seal(ctx.resources.secret, asked, body))
            whole.keep()
        ctx.committed()
        return Answered(body)

    async def _in_steps(self, operation: Operation, parameters: Parameters, ctx: Context, asked: Asked) -> Answered:
        """Claim the key for a while, let the mutation run in its own transactions, and keep the answer last."""
        database = ctx.resources.database
        async with database.begin() as tx:
            claim = await claims.claim(tx, asked, limits.IDEMPOTENCY_LEASE_S)
        if not claim.mine:
            return _found(ctx, asked, claim)
        ctx.claim_id = claim.id
        answer = await self._engine.run(operation, parameters.variables, ctx)
        if not _final(answer):
            async with database.begin() as tx:
                await claims.let_go(tx, claim.id)
            return _told(answer)
        body = orjson.dumps(answer)
        async with database.begin() as tx:
            if await claims.keep(tx, claim.id, claims.seal(ctx.resources.secret, asked, body)):
                return Answered(body)
            # Slower than its lease: another went on with it, found the same steps, and answered first.
            return _found(ctx, asked, await claims.claim(tx, asked, limits.IDEMPOTENCY_LEASE_S))

    @asynccontextmanager
    async def _turn(self, asked: Asked) -> AsyncIterator[None]:
        """Wait for twins in this process without a connection, then for a place."""
        lock = self._running.setdefault(asked.place, asyncio.Lock())
        if not await _within(lock.acquire()):
            raise _in_use()
        try:
            if not await _within(self._places.acquire()):
                raise RequestError("THROTTLED", "The server has more to do than it can; try again in a moment.")
            try:
                yield
            finally:
                self._places.release()
        finally:
            lock.release()


async def _within(waiting: Any) -> bool:
    try:
        async with asyncio.timeout(limits.IDEMPOTENCY_WAIT_S):
            return bool(await waiting)
    except TimeoutError:
        return False


def keys_of(headers: Headers) -> list[str]:
    """Return the values of the header, none where there is no such header."""
    return headers.getlist(HEADER)


def _key(keys: list[str], principal: Principal) -> str:
    """Return the key. Limits: IDEMPOTENCY_KEY_CHARS_MAX, IDEMPOTENCY_SHARED_KEY_CHARS_MIN."""
    if len(keys) != 1:
        raise _invalid("send it once")
    (key,) = keys
    if not 0 < len(key) <= limits.IDEMPOTENCY_KEY_CHARS_MAX or not (key.isascii() and key.isprintable()):
        raise _invalid(f"it is 1 to {limits.IDEMPOTENCY_KEY_CHARS_MAX} printable ASCII characters, such as a UUID")
    least = limits.IDEMPOTENCY_SHARED_KEY_CHARS_MIN
    # Whoever visits a shop has the storefront's token, so two visitors are one caller: a key must not come twice.
    if _shared(principal) and len(key) < least:
        raise _invalid(f"with a token that visitors share it is {least} characters or more: send a UUID")
    return key


def _shared(principal: Principal) -> bool:
    return principal.customer_id is None and (principal.token_id is None or principal.channel_id is not None)


def _invalid(told: str) -> RequestError:
    return RequestError("IDEMPOTENCY_KEY_INVALID", f"the header `{HEADER}` is wrong: {told}", status=400)


def _in_use() -> RequestError:
    told = f"the request that came first with this `{HEADER}` is still running: send it again in a moment"
    return RequestError("IDEMPOTENCY_KEY_IN_USE", told, status=409)


def _asked(parameters: Parameters, ctx: Context, key: str) -> Asked:
    who = ctx.principal
    caller = f"token {who.token_id or 'none'}, customer {who.customer_id or 'none'}"
    variables = orjson.dumps(parameters.variables or {}, option=orjson.OPT_SORT_KEYS)
    parts = (parameters.query.encode(), (parameters.operation_name or "").encode(), variables)
    return Asked(caller, key, claims.hashed(ctx.resources.secret, *parts))


def _found(ctx: Context, asked: Asked, claim: Claim) -> Answered:
    if claim.request != asked.request:
        told = f"this `{HEADER}` belongs to another request: repeat that one exactly, or send this one with a new key"
        raise RequestError("IDEMPOTENCY_KEY_REUSED", told, status=422)
    if claim.answer is None:
        raise _in_use()
    return Answered(claims.unseal(ctx.resources.secret, asked, claim.answer), replayed=True)


def _final(answer: dict[str, Any]) -> bool:
    """Tell whether an answer is one that each repetition gets: the mutation ran, and nothing passing went wrong."""
    codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
    return "data" in answer and not codes & PASSING


def _told(answer: dict[str, Any]) -> Answered:
    return Answered(orjson.dumps(answer), None if "data" in answer else answer["errors"])
