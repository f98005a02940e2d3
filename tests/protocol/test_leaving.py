"""Work of a request goes on as long as its client is there; who else cancels it is not told a client left."""

import asyncio
from typing import Any

import pytest
from starlette.requests import Request

from commerce_graph.kernel.http import _while_connected


class Client:
    """A client that may leave, and work that may be let go on."""

    def __init__(self) -> None:
        self.leaves = asyncio.Event()
        self.began = asyncio.Event()
        self.go_on = asyncio.Event()
        self.ending = ""

    async def receive(self) -> dict[str, Any]:
        await self.leaves.wait()
        return {"type": "http.disconnect"}

    async def work(self) -> str:
        self.began.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.ending = "cancelled"
            raise
        self.ending = "finished"
        return "answer"

    def ask(self) -> "asyncio.Task[str | None]":
        return asyncio.create_task(_while_connected(Request({"type": "http"}, self.receive), self.work()))


async def test_an_answer_leaves_nothing_running() -> None:
    running = asyncio.all_tasks()
    client = Client()
    asking = client.ask()
    await client.began.wait()
    client.go_on.set()
    assert await asking == "answer"
    await asyncio.sleep(0)
    assert not asyncio.all_tasks() - running


async def test_who_leaves_is_answered_by_nobody() -> None:
    client = Client()
    asking = client.ask()
    await client.began.wait()
    client.leaves.set()
    assert await asking is None
    assert (client.ending, asking.cancelling()) == ("cancelled", 0)


@pytest.mark.parametrize("leaves", [False, True])
async def test_a_server_that_stops_cancels_it_as_ever(leaves: bool) -> None:
    client = Client()
    asking = client.ask()
    await client.began.wait()
    if leaves:
        client.leaves.set()
        await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert client.ending == "cancelled"


async def test_work_that_fails_tells_its_fault() -> None:
    async def fail() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await _while_connected(Request({"type": "http"}, Client().receive), fail())
