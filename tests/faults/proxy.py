"""A proxy between the shop and OpenSearch that does to calls what networks and nodes do."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Literal

Way = Literal["pass", "hold", "reset", "cut", "answer", "stale"]

CUT = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"hits": {"total'


def answer(status: int, body: bytes = b"{}", kind: str = "application/json") -> bytes:
    """Return a whole HTTP answer."""
    head = f"HTTP/1.1 {status} Told\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Proxy:
    """Passes calls on, or treats each as `way` says when it comes in.

    `hold` keeps a call back until `way` is another again; `reset` breaks the connection once the call was sent on;
    `cut` ends an answer in the middle; `answer` gives `canned`; `stale` closes a connection that was used before, just
    as it is used again. `calls`, `open` and `open_most` count.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.way: Way = "pass"
        self.canned = answer(200)
        self.calls = 0
        self.open = 0
        self.open_most = 0
        self.url = ""
        self._came = asyncio.Condition()
        self._left = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._released = asyncio.Event()

    async def come(self, calls: int) -> None:
        """Return when so many calls have come since the start."""
        async with asyncio.timeout(20), self._came:
            await self._came.wait_for(lambda: self.calls >= calls)

    async def quiet(self) -> None:
        """Return when no connection is open."""
        async with asyncio.timeout(20), self._came:
            await self._came.wait_for(lambda: not self.open)

    def use(self, way: Way, canned: bytes = b"") -> None:
        """Treat calls another way from now on, those that are held back included."""
        self.way, self.canned = way, canned
        self._released.set()
        self._released = asyncio.Event()

    def drop(self) -> None:
        """Break every connection, as a firewall does with idle ones."""
        for writer in self._writers:
            _reset(writer)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.open += 1
        self.open_most = max(self.open_most, self.open)
        self._writers.add(writer)
        pumping: asyncio.Task[None] | None = None
        upstream: asyncio.StreamWriter | None = None
        try:
            while call := await _call(reader):
                async with self._came:
                    self.calls += 1
                    self._came.notify_all()
                while self.way == "hold":
                    await self._released.wait()
                if self.way == "answer":
                    writer.write(self.canned)
                elif self.way == "cut":
                    writer.write(CUT)
                    await writer.drain()
                    return
                elif self.way == "stale" and upstream:
                    return
                else:
                    if upstream is None:
                        answers, upstream = await asyncio.open_connection("127.0.0.1", self.port)
                        pumping = asyncio.create_task(_pump(answers, writer))
                    upstream.write(call)
                    if self.way == "reset":
                        await upstream.drain()
                        _reset(writer)
                        return
        except OSError:
            pass
        finally:
            for each in (upstream, writer):
                if each:
                    each.close()
            if pumping:
                pumping.cancel()
            self._writers.discard(writer)
            self.open -= 1
            async with self._came:
                self._came.notify_all()


async def _call(reader: asyncio.StreamReader) -> bytes:
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        head = await reader.readuntil(b"\r\n\r\n")
        sizes = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        return head + await reader.readexactly(int(sizes[0]) if sizes else 0)
    return b""


async def _pump(answers: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await answers.read(65_536):
            writer.write(data)
    writer.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@asynccontextmanager
async def proxied(port: int) -> AsyncIterator[Proxy]:
    """Run a proxy before a port of this machine until the block ends."""
    proxy = Proxy(port)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        proxy.use("pass")
        proxy.drop()
        await proxy.quiet()
