"""A socket is read in turn with all others, in order, and not at all while its client reads nothing."""

import asyncio
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import ClientConnection, connect

from commerce_graph.kernel import limits
from commerce_graph.kernel.connection import Socket
from tests.abuse.edge import PING, PONG, frame
from tests.protocol.served import listening

SERVED: list[Socket] = []
TURNS: list[int] = []
"""At which turn of the event loop each message was told."""
TURN = [0]


async def tell(socket: WebSocket) -> None:
    await socket.accept()
    async for message in socket.iter_text():
        TURNS.append(TURN[0])
        await socket.send_text(message)


async def count() -> None:
    while True:
        TURN[0] += 1
        await asyncio.sleep(0)


@pytest.fixture
async def client(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ClientConnection]:
    made = Socket.connection_made

    def noted(self: Socket, transport: Any) -> None:
        SERVED.append(self)
        made(self, transport)

    monkeypatch.setattr(Socket, "connection_made", noted)
    SERVED.clear()
    TURNS.clear()
    app = Starlette(routes=[WebSocketRoute("/", tell)])
    async with listening(app) as where, connect(f"ws://{where}", compression=None) as opened:
        yield opened


def at_once(client: ClientConnection, *frames: bytes) -> None:
    """Send frames as they are, in one piece."""
    client.transport.write(b"".join(frames))


@pytest.mark.parametrize("most", [1, 7, 4_096])
async def test_all_that_was_sent_is_told_in_order(
    client: ClientConnection, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(limits, "WEBSOCKET_READ_BYTES_MAX", most)
    random = Random(most)
    sent = [f"{at} " + "x" * random.choice((0, 1, 100, 200, 70 * most)) for at in range(200)]
    at_once(client, *(frame(each) + frame("", PONG) for each in sent))
    assert [await client.recv() for _ in sent] == sent
    await client.send("and it goes on")
    assert await client.recv() == "and it goes on"
    await client.close()
    assert (client.close_code, SERVED[0].disconnected) == (1000, True)


async def test_others_have_their_turn(client: ClientConnection) -> None:
    counting = asyncio.create_task(count())
    messages = [frame("a" * 20)] * 5_000
    at_once(client, *messages)
    for _ in messages:
        await client.recv()
    counting.cancel()
    turns = [TURNS.count(each) for each in set(TURNS)]
    # What was left of a piece when the client did not read may come in one turn with the next.
    assert max(turns) <= 2 * (limits.WEBSOCKET_READ_BYTES_MAX // len(messages[0]) + 1)


async def test_pings_that_are_answered_to_nobody_are_not_read(client: ClientConnection) -> None:
    client.transport.pause_reading()
    at_once(client, *[frame("a" * 125, PING)] * 200_000)
    async with asyncio.timeout(30):
        while SERVED[0].writable.is_set():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.5)  # what is still read, comes now
    assert client.transport.get_write_buffer_size() > 10_000_000
    assert SERVED[0].transport.get_write_buffer_size() < 1_000_000
    client.transport.resume_reading()
    await client.send("and then they are")
    assert await client.recv() == "and then they are"
