"""The graphql-transport-ws protocol: each close code, the limits, and what stops when a socket closes."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from commerce_graph.kernel import limits
from tests.protocol.served import ORIGIN, Watch

PROTOCOL = Subprotocol("graphql-transport-ws")
QUERY = {"query": "{ hello }"}
LONG = {"query": "subscription { count(to: 100000, delayMs: 5) }"}


@asynccontextmanager
async def socket(
    address: str,
    *,
    ready: bool = True,
    origin: str | None = None,
    protocol: str = PROTOCOL,
    compression: str | None = "deflate",
) -> AsyncIterator[ClientConnection]:
    asked: Any = {"subprotocols": [Subprotocol(protocol)], "origin": origin and Origin(origin), "max_size": None}
    async with connect(f"ws://{address}", compression=compression, **asked) as opened:
        if ready:
            await send(opened, {"type": "connection_init"})
            assert await hear(opened) == {"type": "connection_ack"}
        yield opened


async def send(opened: ClientConnection, message: Any) -> None:
    await opened.send(message if isinstance(message, str | bytes) else json.dumps(message))


async def hear(opened: ClientConnection) -> Any:
    return json.loads(await asyncio.wait_for(opened.recv(), 10))


async def close_code(opened: ClientConnection) -> int:
    with suppress(ConnectionClosed):
        while True:
            await hear(opened)
    assert opened.close_code
    return opened.close_code


def subscribe(payload: Any = QUERY, id: Any = "1") -> dict[str, Any]:
    return {"type": "subscribe", "id": id, "payload": payload}


@pytest.mark.parametrize(
    "message",
    [
        "", "{", "null", "[]", "1", '"ping"', "{}", b"\x01\x02", b'{"type":"ping"}', "[" * 10_000, {"type": 1},
        {"type": "hello"}, {"type": "ping", "payload": 1}, {"type": "pong", "payload": []}, {"type": "complete"},
        {"type": "subscribe", "payload": QUERY}, subscribe(id=1), subscribe(id=""), subscribe(id="x" * 256),
        subscribe(None), subscribe("{hello}"), subscribe([QUERY]), subscribe({}), subscribe({"query": 1}),
        subscribe({**QUERY, "variables": "x"}), subscribe({**QUERY, "operationName": 1}),
        subscribe({**QUERY, "extensions": 1}),
    ],
    ids=lambda message: repr(message)[:60],
)  # fmt: skip
async def test_malformed_message_closes_with_4400(address: str, message: Any) -> None:
    async with socket(address) as opened:
        await send(opened, message)
        assert await close_code(opened) == 4400


async def test_malformed_init_closes_with_4400(address: str) -> None:
    async with socket(address, ready=False) as opened:
        await send(opened, {"type": "connection_init", "payload": "Bearer good"})
        assert await close_code(opened) == 4400


async def test_operation_before_ack_closes_with_4401(address: str) -> None:
    async with socket(address, ready=False) as opened:
        await send(opened, subscribe())
        assert await close_code(opened) == 4401


async def test_unknown_token_closes_with_4403(address: str) -> None:
    async with socket(address, ready=False) as opened:
        await send(opened, {"type": "connection_init", "payload": {"authorization": "Bearer bad"}})
        assert await close_code(opened) == 4403


async def test_other_protocol_closes_with_4406(address: str) -> None:
    async with connect(f"ws://{address}") as opened:
        assert await close_code(opened) == 4406


async def test_silence_closes_with_4408(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WEBSOCKET_INIT_TIMEOUT_S", 0.05)
    async with socket(address, ready=False) as opened:
        await send(opened, {"type": "ping"})
        assert await hear(opened) == {"type": "pong"}
        assert await close_code(opened) == 4408


async def test_taken_id_closes_with_4409_and_can_be_used_again_later(address: str) -> None:
    async with socket(address) as opened:
        for _ in range(2):
            await send(opened, subscribe())
            assert [(await hear(opened))["type"] for _ in range(2)] == ["next", "complete"]
        for _ in range(2):
            await send(opened, subscribe(LONG))
        assert await close_code(opened) == 4409


async def test_second_init_closes_with_4429(address: str) -> None:
    async with socket(address) as opened:
        await send(opened, {"type": "connection_init"})
        assert await close_code(opened) == 4429


async def test_message_over_the_limit_closes_with_1009(address: str) -> None:
    at, past = ({"type": "ping", "payload": {"x": "y" * size}} for size in (1_000, limits.WEBSOCKET_MESSAGE_BYTES_MAX))
    async with socket(address) as opened:
        await send(opened, at)
        assert (await hear(opened))["payload"] == at["payload"]
        await send(opened, past)
        assert await close_code(opened) == 1009


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://shop.example.evil.example"])
async def test_socket_of_a_foreign_page_is_refused(address: str, origin: str) -> None:
    with pytest.raises(InvalidStatus, match="403"):
        async with socket(address, origin=origin):
            pass


async def test_socket_of_an_allowed_page_or_our_own_is_opened(address: str) -> None:
    for origin in (ORIGIN, f"http://{address.partition('/')[0]}"):
        async with socket(address, origin=origin):
            pass


async def test_operations_over_the_limit_are_refused_one_by_one(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WEBSOCKET_SUBSCRIPTIONS_MAX", 2)
    async with socket(address) as opened:
        for id in ("1", "2", "3"):
            await send(opened, subscribe(LONG, id))
        while (message := await hear(opened))["type"] == "next":
            assert message["id"] in ("1", "2")
        assert (message["type"], message["id"]) == ("error", "3")
        assert message["payload"][0]["extensions"]["code"] == "TOO_MANY_OPERATIONS"


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query A { hello }", "operationName": "B"}, "OPERATION_RESOLUTION_FAILURE"),
        ({"query": "{ listed }"}, "ACCESS_DENIED"),
        ({"query": "query A($n: String!) { hello(name: $n) }"}, "BAD_USER_INPUT"),
        ({"query": "subscription A($n: Int!) { count(to: $n) }"}, "BAD_USER_INPUT"),
    ],
)
async def test_operation_that_cannot_run_is_an_error_and_the_socket_goes_on(
    address: str, payload: dict[str, str], code: str
) -> None:
    async with socket(address) as opened:
        await send(opened, subscribe(payload))
        error = await hear(opened)
        assert (error["type"], error["payload"][0]["extensions"]["code"]) == ("error", code)
        await send(opened, subscribe())
        assert (await hear(opened))["payload"] == {"data": {"hello": "hello world"}}


@pytest.mark.parametrize(("expected", "code"), [("true", "RESUME_EXPIRED"), ("false", "INTERNAL")])
async def test_stream_that_breaks_ends_with_an_error(address: str, expected: str, code: str) -> None:
    async with socket(address) as opened:
        await send(opened, subscribe({"query": f"subscription {{ fails(expected: {expected}) }}"}))
        assert (await hear(opened))["payload"] == {"data": {"fails": 1}}
        error = await hear(opened)
        assert (error["type"], error["payload"][0]["extensions"]["code"]) == ("error", code)
        assert "inside story" not in str(error)


async def test_complete_stops_the_stream_and_nothing_more_is_sent(address: str, seen: Watch) -> None:
    async with socket(address) as opened:
        await send(opened, {"type": "complete", "id": "unknown"})
        await send(opened, subscribe(LONG))
        assert (await hear(opened))["payload"] == {"data": {"count": 0}}
        assert seen.streams == 1
        await send(opened, {"type": "complete", "id": "1"})
        await send(opened, {"type": "ping"})
        while (message := await hear(opened))["type"] == "next":
            pass
        assert message == {"type": "pong"}
        await send(opened, subscribe(QUERY, "2"))
        assert [(await hear(opened))["id"] for _ in range(2)] == ["2", "2"]
        assert seen.streams == 0


async def test_closing_the_socket_stops_queries_and_streams_but_no_mutation(address: str, seen: Watch) -> None:
    async with socket(address) as opened:
        await send(opened, subscribe(LONG, "stream"))
        await hear(opened)
        await send(opened, subscribe({"query": "{ wait }"}, "query"))
        await seen.began.wait()
        seen.began.clear()
        await send(opened, subscribe({"query": "mutation { wait }"}, "mutation"))
        await seen.began.wait()
    assert await seen.ended.get() == "cancelled"
    seen.go_on.set()
    assert await seen.ended.get() == "finished"
    assert seen.streams == 0


async def test_completed_mutations_count_until_they_are_finished(
    address: str, seen: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "WEBSOCKET_SUBSCRIPTIONS_MAX", 2)
    async with socket(address) as opened:
        for id in ("1", "2"):
            seen.began.clear()
            await send(opened, subscribe({"query": "mutation { wait }"}, id))
            await asyncio.wait_for(seen.began.wait(), 10)
            await send(opened, {"type": "complete", "id": id})
        await send(opened, subscribe(QUERY, "3"))
        told = await hear(opened)
        assert told["type"] == "error"
        assert told["payload"][0]["extensions"]["code"] == "TOO_MANY_OPERATIONS"
        seen.go_on.set()
        assert [await asyncio.wait_for(seen.ended.get(), 10) for _ in "12"] == ["finished"] * 2


async def test_revoked_token_runs_nothing_more_and_ends_its_streams(address: str, seen: Watch) -> None:
    async with socket(address, ready=False) as opened:
        await send(opened, {"type": "connection_init", "payload": {"Authorization": "Bearer good"}})
        assert (await hear(opened))["type"] == "connection_ack"
        await send(opened, subscribe(LONG, "stream"))
        assert (await hear(opened))["type"] == "next"
        seen.revoked = True
        while (told := await hear(opened))["type"] == "next":
            pass
        assert told["type"] == "error"
        assert told["payload"][0]["extensions"]["code"] == "UNAUTHORIZED"
        await send(opened, subscribe(QUERY, "query"))
        told = await hear(opened)
        assert (told["type"], told["payload"][0]["extensions"]["code"]) == ("error", "UNAUTHORIZED")
    seen.revoked = False


async def test_silent_client_is_pinged_and_stays_as_long_as_it_answers(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "WEBSOCKET_PING_S", 0.02)
    monkeypatch.setattr(limits, "WEBSOCKET_PONG_S_MAX", 0.5)
    async with socket(address) as opened:
        for answer in ({"type": "pong"}, {"type": "complete", "id": "unknown"}, {"type": "pong", "payload": {}}):
            assert await hear(opened) == {"type": "ping"}
            await send(opened, answer)  # whatever it says, it is there
        await send(opened, subscribe())
        while (message := await hear(opened))["type"] == "ping":
            await send(opened, {"type": "pong"})
        assert message["payload"] == {"data": {"hello": "hello world"}}


async def test_silent_client_that_answers_no_ping_closes_with_4499_and_its_streams_end(
    address: str, seen: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "WEBSOCKET_PING_S", 0.02)
    monkeypatch.setattr(limits, "WEBSOCKET_PONG_S_MAX", 0.05)
    async with socket(address) as opened:
        await send(opened, subscribe({"query": "subscription { silence }"}))
        assert await close_code(opened) == 4499
    await asyncio.wait_for(seen.idle.wait(), 10)


async def test_client_that_reads_nothing_closes_with_1013(
    address: str, seen: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "WEBSOCKET_SEND_S_MAX", 0.1)
    async with socket(address, compression=None) as opened:
        await send(opened, subscribe({"query": "subscription { flood }"}))
        await asyncio.wait_for(seen.idle.wait(), 20)  # nothing was read so far
        assert await close_code(opened) == 1013
