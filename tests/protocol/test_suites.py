"""The suites and clients of others, through Node."""

import asyncio
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from redis.asyncio import Redis

from commerce_graph.embedded import Servers
from commerce_graph.kernel import limits
from commerce_graph.kernel.documents import Store
from tests.protocol.served import serving

HERE = Path(__file__).parent


async def node(*arguments: str) -> str:
    """Run a script of this folder, and return what it prints."""
    found = shutil.which("node")
    assert found, "node is missing: `make test` installs it"
    assert (HERE / "node_modules").is_dir(), f"run `npm ci --prefix {HERE.name}`, or `make test`, which does"
    process = await asyncio.create_subprocess_exec(
        found, *arguments, cwd=HERE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    told, _ = await process.communicate()
    return told.decode()


async def test_every_audit_of_graphql_http_is_met(address: str, record_property: Callable[[str, object], None]) -> None:
    told = await node("audit.mjs", f"http://{address}")
    assert told == "61 of 61 met\n", told
    record_property("tally", "graphql-http: 61 of 61 audits met")


@pytest.mark.parametrize(
    ("script", "scheme", "met"),
    [
        ("websocket.mjs", "ws", "graphql-transport-ws: 43 of 43 MUST, 6 of 6 SHOULD"),
        ("sse.mjs", "http", "graphql-sse: 14 of 14 MUST, 3 of 3 SHOULD"),
    ],
    ids=["graphql-ws", "graphql-sse"],
)
async def test_every_requirement_of_a_protocol_is_met_with_its_own_client(
    address: str,
    script: str,
    scheme: str,
    met: str,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    monkeypatch.setattr(limits, "WEBSOCKET_INIT_TIMEOUT_S", 1)
    monkeypatch.setattr(limits, "WEBSOCKET_PING_S", 0.3)
    monkeypatch.setattr(limits, "WEBSOCKET_PONG_S_MAX", 1)
    monkeypatch.setattr(limits, "STREAM_PING_S", 0.1)
    told = await node(script, f"{scheme}://{address}")
    assert told == f"{met}\n", told
    record_property("tally", met)


async def test_apollo_client_is_served_persisted_queries_subscriptions_and_defer(
    servers: Servers, redis: Redis, address: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    text = "query Published {\n  hello\n}"  # as Apollo Client prints it
    ids = (sha256(text.encode()).hexdigest(), "x-shop:hello")
    assert not await Store(redis).publish(dict.fromkeys(ids, text), lambda done: None)
    nowhere = f"unix://{tmp_path / 'redis.sock'}"
    async with serving(servers.redis_url, "locked") as locked, serving(nowhere) as gone:
        told = await node("apollo.mjs", *(f"http://{each}" for each in (address, locked, gone)))
    assert "# pass 13\n# fail 0" in told, told
    record_property("tally", "Apollo Client: 13 of 13 tests passed")
