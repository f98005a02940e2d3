"""The connection to OpenSearch: bounded in time and number, and cut for a while when it does not answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from copy import copy

from opensearchpy import AsyncOpenSearch
from opensearchpy import exceptions as told

from commerce_graph.kernel import limits
from commerce_graph.kernel.circuit import Circuit, CircuitOpen
from commerce_graph.search.service.connection import open_client

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


class Unreachable(Exception):
    """OpenSearch did not answer as it should; the message says why, in few words, without its address."""


@asynccontextmanager
async def within(budget_s: float) -> AsyncIterator[None]:
    """Let all calls of the block together take so long. Raises: TimeoutError, a little later, for what else it does."""
    loop = asyncio.get_running_loop()
    token = _deadline.set(loop.time() + budget_s)
    try:
        # Calls end by the budget themselves, so that the circuit learns of them.
        async with asyncio.timeout(budget_s * 1.1):
            yield
    finally:
        _deadline.reset(token)


class Cluster:
    """One for a process, in `Resources.services["opensearch"]`. Its index is reached by the alias `alias`."""

    def __init__(self, url: str, alias: str) -> None:
        self.alias = alias
        self.client = open_client(url)
        self.circuit = Circuit("opensearch")
        self._turns = asyncio.Semaphore(limits.OPENSEARCH_CALLS_MAX)

    @asynccontextmanager
    async def guarded(self, timeout_s: float) -> AsyncIterator[AsyncOpenSearch]:
        """Use the client for one call, and read its answer inside: Unreachable that is raised there counts as well.

        Limits: OPENSEARCH_CALLS_MAX at once, each of OPENSEARCH_CALL_S_MAX at most; a turn comes within
        OPENSEARCH_TURN_S_MAX or not at all.
        Raises: Unreachable for a timeout, a lost connection, wrong credentials, an answer that is no JSON, a fault of
        the node's (5xx, 429) and, without trying, while the circuit breaker is open. What the node refuses (other 4xx)
        is passed on as opensearch-py's own error: it quotes the call, so keep its text out of logs.
        """
        clock = asyncio.get_running_loop().time
        now = clock()
        deadline = min(now + timeout_s, _deadline.get() or now + timeout_s)
        if deadline <= now:
            raise Unreachable("timeout")
        try:
            entry = self.circuit.enter()
        except CircuitOpen:
            raise Unreachable("circuit open") from None
        try:
            async with self._turn(deadline):
                try:
                    async with asyncio.timeout_at(deadline):
                        yield self.client
                except (TimeoutError, told.TransportError, told.SerializationError, Unreachable) as fault:
                    reason = _reason(fault)
                    if reason is None:
                        self.circuit.succeed(entry)
                        raise
                    self.circuit.fail(entry, reason)
                    raise Unreachable(reason) from None
                except asyncio.CancelledError:
                    # A loop that was busy ends the block of `within` in the same moment as the call.
                    if clock() >= deadline:
                        self.circuit.fail(entry, "timeout")
                    raise
                self.circuit.succeed(entry)
        finally:
            self.circuit.leave(entry)

    @asynccontextmanager
    async def _turn(self, deadline: float) -> AsyncIterator[None]:
        latest = asyncio.get_running_loop().time() + limits.OPENSEARCH_TURN_S_MAX
        try:
            async with asyncio.timeout_at(min(deadline, latest)):
                await self._turns.acquire()
        except TimeoutError:
            # Whether the node is to blame, those who hold the turns will tell the circuit.
            raise Unreachable("busy") from None
        try:
            yield
        finally:
            self._turns.release()

    def beside(self) -> "Cluster":
        """Return the same node with turns and a circuit of its own.

        For work in the background: searches that take too long must not keep changes from the index, nor the other way.
        """
        other = copy(self)
        other.circuit = Circuit("opensearch background")
        other._turns = asyncio.Semaphore(limits.OPENSEARCH_CALLS_MAX)
        return other

    async def state(self) -> str:
        """Tell how it is: `ok`, `no index` or `unreachable`. Asks the node even while the circuit is open."""
        try:
            async with asyncio.timeout(limits.SEARCH_S_MAX):
                return "ok" if await self.client.indices.exists_alias(name=self.alias) else "no index"
        except (TimeoutError, told.OpenSearchException):
            return "unreachable"

    async def close(self) -> None:
        """Close connections."""
        await self.client.close()


def _reason(fault: Exception) -> str | None:
    """Return why the node is not to be relied on; None where it refused one call and is well."""
    match fault:
        case told.ConnectionTimeout():
            return "timeout"
        case told.ConnectionError():
            return "no connection"
        case told.AuthenticationException():
            return "wrong credentials"
        case told.TransportError(status_code=429):
            return "overloaded"
        case told.TransportError(status_code=int(status)) if status < 500:
            return None
        case told.TransportError(status_code=status):
            return f"status {status}"
        case told.SerializationError():
            return "unexpected answer"
        case Unreachable():
            return str(fault)
        case _:
            return "timeout"
