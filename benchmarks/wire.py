"""One keep-alive connection for requests that are made ready beforehand, so that measuring costs little itself."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from benchmarks.load import Connection

HOST = "127.0.0.1"


class Wire:
    """A connection that has one request under way."""

    def __init__(self, connection: Connection, host: str) -> None:
        self._connection = connection
        self._host = host

    def ready(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
        """Return a request as bytes."""
        told = {"Host": self._host, "Content-Type": "application/json", "Content-Length": len(body), **(headers or {})}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items()), "", ""]
        return "\r\n".join(lines).encode() + body

    async def send(self, request: bytes) -> bytes:
        """Send a request and return the body of its answer. Raises: Wrong for another status than 200."""
        return await self._connection.exchange(request)

    async def ask(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
        """Make a request and send it."""
        return await self.send(self.ready(method, path, body, headers))


@asynccontextmanager
async def wires(port: int, count: int = 1) -> AsyncIterator[list[Wire]]:
    """Connect to a server of this machine, and close the connections in the end, however it comes."""
    connections: list[Connection] = []
    try:
        while len(connections) < count:
            connections.append((await asyncio.get_running_loop().create_connection(Connection, HOST, port))[1])
        yield [Wire(each, f"{HOST}:{port}") for each in connections]
    finally:
        for each in connections:
            each.close()
