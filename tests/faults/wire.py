"""A wire from the shop to PostgreSQL or Redis that breaks at a call: before it arrives, or after it was answered."""

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Literal

SOCKET = ".s.PGSQL.5432"
"""How PostgreSQL names its socket, which is looked for by its folder."""

Cut = Literal["lost", "unanswered"]
"""`lost`: the call does not arrive. `unanswered`: it is carried out, and nobody hears of it."""
FLUSH = b"H\0\0\0\4"
"""Ends what is only prepared, where PostgreSQL answers without being ready: nothing is cut there."""


class Wire:
    """A Unix socket before another one. `rule` is asked about each call, as it was written, whether to cut there.

    `gone`: nothing gets through, and who comes is turned away. `cuts` are the calls at which it was cut.
    """

    def __init__(self, target: str, *, postgres: bool) -> None:
        self.gone = False
        self.rule: Callable[[bytes], Cut | None] = lambda call: None
        self.cuts: list[bytes] = []
        self._target = target
        self._calls = _statements if postgres else _chunks
        self._whole = _ready if postgres else bool
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()

    def drop(self) -> None:
        """Break every connection."""
        for writer in list(self._writers):
            writer.transport.abort()

    def come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def end(self) -> None:
        """Break every connection, and return when nothing is left of them."""
        self.gone = True
        self.drop()
        await asyncio.gather(*self._serving)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        upstream = pumping = None
        try:
            if self.gone:
                return
            answers, upstream = await asyncio.open_unix_connection(self._target)
            self._writers.add(upstream)
            mute = asyncio.Event()
            pumping = asyncio.create_task(self._pump(answers, writer, mute))
            async for call in self._calls(reader):
                cut = None if call.endswith(FLUSH) else self.rule(call)
                if cut is not None:
                    self.cuts.append(call)
                if cut == "lost":
                    return
                if cut == "unanswered":
                    mute.set()
                upstream.write(call)
                if cut == "unanswered":
                    await pumping
                    return
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            for each in (upstream, writer):
                if each:
                    each.transport.abort()
                    self._writers.discard(each)
            if pumping:
                await asyncio.gather(pumping, return_exceptions=True)

    async def _pump(self, answers: asyncio.StreamReader, writer: asyncio.StreamWriter, mute: asyncio.Event) -> None:
        """Bring answers back; once muted only wait for the next that is whole."""
        heard = b""
        with suppress(OSError):
            while data := await answers.read(65_536):
                if not mute.is_set():
                    writer.write(data)
                    continue
                heard += data
                if self._whole(heard):
                    return
        writer.transport.abort()


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while data := await reader.read(65_536):
        yield data


async def _statements(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Yield what PostgreSQL is sent, up to each message after which it answers: the greeting, a query, a sync …"""
    head = await reader.readexactly(4)
    yield head + await reader.readexactly(int.from_bytes(head) - 4)
    call = b""
    while True:
        head = await reader.readexactly(5)
        call += head + await reader.readexactly(int.from_bytes(head[1:]) - 4)
        if head[:1] in b"QSHpX":
            yield call
            call = b""


def _ready(answer: bytes) -> bool:
    """Tell whether an answer of PostgreSQL is whole: at its end the server says that it is ready for the next."""
    return re.search(rb"Z\0\0\0\x05[ITE]$", answer) is not None


@asynccontextmanager
async def wired(target: str, *, postgres: bool) -> AsyncIterator[tuple[Wire, Path]]:
    """Lay a wire before a Unix socket until the block ends; yields it and the folder in which its own socket is.

    That is named SOCKET, for Redis too.
    """
    # A socket's path holds about 100 characters: pytest's folders may be deeper than that.
    with tempfile.TemporaryDirectory(prefix="wire-") as folder:
        wire = Wire(target, postgres=postgres)
        server = await asyncio.start_unix_server(wire.come, Path(folder) / SOCKET)
        try:
            yield wire, Path(folder)
        finally:
            server.close()
            await wire.end()
