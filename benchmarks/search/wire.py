"""One keep-alive connection for requests that are made ready beforehand, so that measuring costs little itself."""

import asyncio
from collections.abc import Mapping

from benchmarks.load import Connection


class Wire:
    """A connection that has one request under way."""

    def __init__(self, connection: Connection, host: str) -> None:
        self._connection = connection
        self._host = host

    @classmethod
    async def to(cls, host: str, port: int) -> "Wire":
        """Connect."""
        _, connection = await asyncio.get_running_loop().create_connection(Connection, host, port)
        return cls(connection, f"{host}:{port}")

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

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
