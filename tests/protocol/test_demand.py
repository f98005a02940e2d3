"""Rate limits, load shedding and patience as clients see them: over HTTP, WebSocket and the bare wire."""

import asyncio
from typing import Any
from uuid import uuid4

import orjson
import pytest
from websockets.asyncio.client import connect

from commerce_graph.embedded import Servers
from commerce_graph.kernel import limits
from commerce_graph.kernel.demand import gate as gates
from commerce_graph.kernel.demand.buckets import Rate
from commerce_graph.kernel.demand.gate import Gate, Rank
from tests.protocol.served import Watch, serving
from tests.protocol.test_http import GRAPHQL, code, post

HELLO = {"query": "{ hello }"}
SLOW = Rate(20, 1)


def merchant() -> dict[str, str]:
    """Return the headers of a merchant whose bucket is full of nothing yet."""
    return {"Authorization": f"Bearer merchant-{uuid4().hex}"}


async def test_a_merchant_is_always_told_what_it_cost(address: str) -> None:
    told = (await post(address, HELLO, merchant())).json()
    assert told["data"] == {"hello": "hello world"}
    cost = told["extensions"]["cost"]
    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (1, 1)
    assert cost["throttleStatus"] == {
        "maximumAvailable": float(limits.RATE_LIMIT_POINTS), "currentlyAvailable": limits.RATE_LIMIT_POINTS - 1,
        "restoreRate": float(limits.RATE_LIMIT_RESTORE_PER_S),
    }  # fmt: skip


async def test_others_are_told_what_it_cost_where_they_ask(address: str) -> None:
    assert "extensions" not in (await post(address, HELLO)).json()
    told = (await post(address, HELLO, {"Shopify-GraphQL-Cost-Debug": "1"})).json()
    assert told["extensions"]["cost"] == {"requestedQueryCost": 1, "actualQueryCost": 1}


async def test_a_throttled_merchant_is_told_as_shopify_tells_it(servers: Servers, seen: Watch) -> None:
    async with serving(servers.redis_url, rate=SLOW) as address:
        who = merchant()
        go = {"query": "mutation { wait }"}  # 11 points: one for the root, ten for the mutation
        seen.go_on.set()
        assert (await post(address, go, who)).json()["data"] == {"wait": True}
        refused = await post(address, go, who)
        assert (refused.status_code, code(refused)) == (200, "THROTTLED")
        (error,) = refused.json()["errors"]
        assert error["message"] == "Throttled"
        assert error["extensions"]["retryAfter"] in (1, 2)
        assert refused.json()["extensions"]["cost"]["actualQueryCost"] is None
        modern = await post(address, go, {**who, **GRAPHQL})
        assert (modern.status_code, code(modern)) == (429, "THROTTLED")
        assert int(modern.headers["Retry-After"]) in (1, 2)
        # What costs little goes on, and other merchants have buckets of their own.
        assert (await post(address, HELLO, who)).json()["data"] == {"hello": "hello world"}
        assert (await post(address, go, merchant())).json()["data"] == {"wait": True}


async def test_strangers_are_throttled_by_their_address_where_all_are(servers: Servers) -> None:
    async with serving(servers.redis_url, rate_limit="all", rate=Rate(1, 1)) as address:
        answers = [await post(address, HELLO, {"X-Forwarded-For": f"203.0.113.{n}"}) for n in range(3)]
        assert {code(each) for each in answers if "errors" in each.json()} == {"THROTTLED"}


async def test_operations_and_events_of_a_socket_count(servers: Servers) -> None:
    async with serving(servers.redis_url, rate=Rate(10, 1)) as address:
        who = merchant()
        async with connect(f"ws://{address}", subprotocols=["graphql-transport-ws"]) as socket:  # type: ignore[list-item]

            async def say(**message: Any) -> None:
                await socket.send(orjson.dumps(message).decode())

            async def hear() -> Any:
                return orjson.loads(await socket.recv())

            await say(type="connection_init", payload=who)
            assert (await hear())["type"] == "connection_ack"
            await say(type="subscribe", id="1", payload={"query": "subscription { count(to: 12) }"})
            kinds = [(await hear())["type"] for _ in range(13)]
            assert kinds == ["next"] * 12 + ["complete"]
            await say(type="subscribe", id="2", payload=HELLO)
            refused = await hear()
            while refused["type"] != "error":  # the events are counted with the first call after them
                await hear()
                await say(type="subscribe", id="2", payload=HELLO)
                refused = await hear()
            (error,) = refused["payload"]
            assert (error["message"], error["extensions"]["code"]) == ("Throttled", "THROTTLED")
            cost = error["extensions"]["cost"]
            assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (1, None)
            assert (cost["throttleStatus"]["maximumAvailable"], cost["throttleStatus"]["restoreRate"]) == (10.0, 1.0)
            assert cost["throttleStatus"]["currentlyAvailable"] < 1


async def test_an_overloaded_process_answers_at_once_and_purchases_last(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, seen: Watch
) -> None:
    monkeypatch.setattr(gates, "WAIT_S_MAX", dict.fromkeys(gates.WAIT_S_MAX, 0.01))
    gate = Gate(at_once=1)
    async with serving(servers.redis_url, gate=gate) as address:
        first = asyncio.create_task(post(address, {"query": "{ wait }"}))
        await seen.began.wait()
        for headers in ({}, GRAPHQL):
            refused = await post(address, HELLO, headers)
            assert (refused.status_code, code(refused)) == (503, "OVERLOADED")
            assert refused.headers["Retry-After"] == "1"
        await gate.enter(Rank.PURCHASE)
        seen.go_on.set()
        assert (await first).json()["data"] == {"wait": True}
        assert (await post(address, HELLO)).json()["data"] == {"hello": "hello world"}


async def wired(address: str, text: bytes) -> bytes:
    """Send bytes, and return what comes until the server closes."""
    host, _, port = address.partition("/")[0].partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(text)
        async with asyncio.timeout(20):
            return await reader.read()
    finally:
        writer.close()


HEAD = b"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
