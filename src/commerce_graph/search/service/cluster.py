"""The connection to OpenSearch: bounded in time and number, and cut for a while when it does not answer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from opensearchpy import AsyncOpenSearch


class Unreachable(Exception):
    """OpenSearch did not answer as it should; the message says why, in few words, without its address."""


class Cluster:
    """One for a process, in `Resources.services["opensearch"]`. Its index is reached by the alias `alias`."""

    def __init__(self, url: str, alias: str) -> None:
        self.alias = alias
        self.client = AsyncOpenSearch(hosts=[url])

    @asynccontextmanager
    async def guarded(self, timeout_s: float) -> AsyncIterator[AsyncOpenSearch]:
        """Use the client for one call.

        Raises: Unreachable for a timeout, a lost connection, a fault of the node's (5xx, 429) and, without trying,
        while the circuit breaker is open. What the node refuses (other 4xx) is passed on as opensearch-py's own error.
        """
        yield self.client

    async def close(self) -> None:
        """Close connections."""
        await self.client.close()
