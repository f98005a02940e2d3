"""What arrives before anybody can look at it: its size and its time are limited, and an answer is read or left."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from commerce_graph.kernel import limits
from commerce_graph.kernel.connection import Connection
from tests.protocol.served import listening


class Watched(Connection):
    """Tells when a connection has ended."""

    ended = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        super().connection_lost(exc)
        self.ended.set()


LARGE = "a" * 20_000_000
FINE = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


async def echo(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def large(request: Request) -> Response:
    return PlainTextResponse(LARGE)


async def at_once(request: Request) -> Response:
    return PlainTextResponse("no matter what comes", 413)


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """Serve, and have little patience."""
    monkeypatch.setattr(limits, "REQUEST_ARRIVAL_S_MAX", 0.3)
    monkeypatch.setattr(limits, "ANSWER_STALLED_S_MAX", 0.3)
    methods = ["GET", "POST"]
    routes = [
        Route("/", echo, methods=methods), Route("/large", large), Route("/at-once", at_once, methods=methods),
    ]  # fmt: skip
    async with listening(Starlette(routes=routes), http=Watched) as where:
        yield int(where.rpartition(":")[2])


async def told(port: int, *pieces: bytes) -> bytes:
    """Send pieces, and return all that comes until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    try:
        async with asyncio.timeout(30):
            return await reader.read()
    finally:
        writer.close()


def url(chars: int) -> bytes:
    return b"GET /?" + b"a" * (chars - 2) + b" HTTP/1.1\r\nConnection: close\r\n\r\n"


def header(chars: int) -> bytes:
    return b"GET / HTTP/1.1\r\nConnection: close\r\nX: " + b"a" * (chars - len("Connectionclose") - 1) + b"\r\n\r\n"


@pytest.mark.parametrize(
    ("request_of", "most", "refusal"),
    [(url, limits.URL_BYTES_MAX, b"414"), (header, limits.HEAD_BYTES_MAX, b"431")],
    ids=["address", "headers"],
)
async def test_head_at_the_limit_and_one_past_it(port: int, request_of: object, most: int, refusal: bytes) -> None:
    assert callable(request_of)
    assert (await told(port, request_of(most))).startswith(b"HTTP/1.1 200")
    answer = await told(port, request_of(most + 1))
    assert answer.startswith(b"HTTP/1.1 " + refusal)
    assert b"connection: close" in answer


@pytest.mark.parametrize(
    "pieces",
    [
        (b"GET / HT",),
        (b"GET / HTTP/1.1\r\nX: ",),
        (b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n12345",),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",),
    ],
    ids=["line", "header", "body", "chunks"],
)
async def test_request_that_does_not_arrive_in_time_is_408(port: int, pieces: tuple[bytes, ...]) -> None:
    assert (await told(port, *pieces)).startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize("pieces", [(), (b"\r\n\r\n",)], ids=["silence", "empty lines"])
async def test_connection_that_asks_nothing_is_closed_without_a_word(port: int, pieces: tuple[bytes, ...]) -> None:
    assert await told(port, *pieces) == b""


async def test_second_request_has_to_arrive_as_well(port: int) -> None:
    answers = await told(port, FINE + b"GET / HT")
    assert answers.startswith(b"HTTP/1.1 200")
    assert b"HTTP/1.1 408" in answers


async def test_empty_lines_after_an_answer_do_not_hold_the_connection(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(FINE)
    await reader.readuntil(b"\r\n\r\n0")
    writer.write(b"\r\n")
    async with asyncio.timeout(30):
        assert await reader.read() == b""
    writer.close()


async def test_rest_of_a_body_that_was_refused_has_to_arrive_as_well(port: int) -> None:
    answer = await told(port, b"POST /at-once HTTP/1.1\r\nContent-Length: 10\r\n\r\n12345")
    assert answer.count(b"HTTP/1.1") == 1
    assert answer.startswith(b"HTTP/1.1 413")


async def test_client_that_reads_nothing_is_left(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)  # reads no more than it is made to
    writer.write(b"GET /large HTTP/1.1\r\n\r\n")
    Watched.ended.clear()
    async with asyncio.timeout(30):
        await Watched.ended.wait()
    read = 0
    with suppress(ConnectionError):
        while piece := await reader.read(100_000):
            read += len(piece)
    assert read < len(LARGE)
    writer.close()


async def test_client_that_reads_slowly_is_served(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
    writer.write(b"GET /large HTTP/1.1\r\nConnection: close\r\n\r\n")
    read = 0
    while piece := await reader.read(2_000_000):
        read += len(piece)
        await asyncio.sleep(0.01)
    assert read > len(LARGE)
    writer.close()
