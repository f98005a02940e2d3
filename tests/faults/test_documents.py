"""Redis goes and comes back: text runs all the time, what a process knows too, and nothing hangs."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from commerce_graph.embedded import Servers
from commerce_graph.kernel import circuit
from commerce_graph.kernel.circuit import Circuit
from commerce_graph.kernel.documents import Store
from tests.faults.wire import SOCKET, Wire, wired
from tests.protocol.served import serving
from tests.protocol.test_documents import HELLO, TRUSTED, automatic, fresh, sha
from tests.protocol.test_http import code, post


@pytest.fixture(autouse=True)
def log() -> Iterator[list[Any]]:
    """Keep what is logged."""
    with capture_logs() as entries:
        yield entries


@pytest.fixture
async def wire(redis: Redis, servers: Servers) -> AsyncIterator[tuple[Wire, str]]:
    """Lay a wire before Redis, and tell the address behind it."""
    async with wired(servers.redis_url.removeprefix("unix://"), postgres=False) as (made, folder):
        yield made, f"unix://{folder / SOCKET}"


def retryable(response: httpx.Response) -> bool:
    return (response.status_code, code(response), response.headers["Retry-After"]) == (
        503,
        "DOCUMENTS_UNAVAILABLE",
        "1",
    )


async def answered(address: str, hashed: str) -> httpx.Response:
    """Ask until documents can be looked up again."""
    async with asyncio.timeout(60):
        while (response := await post(address, automatic(hashed))).status_code == 503:  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # the circuit is tried by who asks
    return response


async def test_redis_goes_and_comes_back(wire: tuple[Wire, str]) -> None:
    cut, url = wire
    async with serving(url) as address, serving(url) as other:
        known, late = fresh(), fresh()
        await post(address, automatic(sha(known), known))
        cut.gone = True
        cut.drop()
        for _ in range(circuit.CIRCUIT_FAILURES_MAX + 1):
            assert (await post(other, {"query": known})).json() == HELLO
            unknown = await post(other, automatic(sha(known)))
            assert retryable(unknown)
            # What Apollo's clients look for, which then send the text.
            assert unknown.json()["errors"][0]["message"] == "PersistedQueryNotFound"
            by_id = await post(other, {"documentId": sha(known)})
            assert retryable(by_id)
            assert "send the text" in by_id.text
        assert (await post(address, automatic(sha(known)))).json() == HELLO  # this process knows it
        assert (await post(other, automatic(sha(late), late))).json() == HELLO
        assert (await post(other, automatic(sha(late)))).json() == HELLO  # registered where it was sent
        assert retryable(await post(address, automatic(sha(late))))
        cut.gone = False
        assert (await answered(other, sha(known))).json() == HELLO
        assert code(await answered(address, sha(late))) == "PERSISTED_QUERY_NOT_FOUND"
        assert (await post(address, automatic(sha(late), late))).json() == HELLO


async def test_only_the_trusted_send_text_where_others_are_known_only(wire: tuple[Wire, str]) -> None:
    cut, url = wire
    text, published = fresh(), fresh()
    async with AsyncExitStack() as stack:
        known_only, locked = [
            await stack.enter_async_context(serving(url, "known-only")),
            await stack.enter_async_context(serving(url, "locked")),
        ]
        redis: Redis = Redis.from_url(url)
        stack.push_async_callback(redis.aclose)
        await Store(redis).publish({sha(published): published}, lambda done: None)
        assert (await post(locked, automatic(sha(published)))).json() == HELLO
        cut.gone = True
        cut.drop()
        assert (await post(known_only, {"query": text}, TRUSTED)).json() == HELLO
        for body in ({"query": text}, {"query": published}, automatic(sha(published))):
            refused = await post(known_only, body)
            assert retryable(refused)
            assert "PersistedQueryNotFound" not in refused.text, "the text would not help"
        assert code(await post(locked, {"query": published})) == "PERSISTED_DOCUMENT_REQUIRED"
        assert retryable(await post(locked, automatic(sha(text))))
        assert (await post(locked, automatic(sha(published)))).json() == HELLO


async def test_redis_that_takes_calls_and_does_not_answer_holds_nobody_up(
    wire: tuple[Wire, str], log: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call is given up in time, and after a few of them none is made for a while."""
    cut, url = wire
    calls = 0
    entered = Circuit.enter

    def enter(self: Circuit) -> Any:
        nonlocal calls
        let = entered(self)
        calls += 1
        return let

    monkeypatch.setattr(Circuit, "enter", enter)
    async with serving(url) as address:
        text = fresh()
        await post(address, automatic(sha(text), text))
        silent = asyncio.Event()
        monkeypatch.setattr(cut, "_calls", lambda reader: _swallow(reader, silent))
        cut.drop()
        calls = 0
        async with asyncio.timeout(60):
            answers = [await post(address, automatic(sha(fresh()))) for _ in range(20)]
            registered = fresh()
            assert (await post(address, automatic(sha(registered), registered))).json() == HELLO
        assert all(map(retryable, answers))
        assert calls < 20
        assert (await post(address, automatic(sha(text)))).json() == HELLO
        assert [entry["circuit"] for entry in log if entry["event"] == "circuit.opened"] == ["documents"]


async def _swallow(reader: asyncio.StreamReader, silent: asyncio.Event) -> AsyncIterator[bytes]:
    """Take calls, and bring none of them on."""
    while await reader.read(65_536):
        silent.set()
    return
    yield b""
