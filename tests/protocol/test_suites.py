"""The suites and clients of others, through Node."""

import asyncio
import shutil
from hashlib import sha256
from pathlib import Path

from redis.asyncio import Redis

from commerce_graph.embedded import Servers
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


async def test_every_audit_of_graphql_http_is_met(address: str) -> None:
    told = await node("audit.mjs", f"http://{address}")
    assert told == "61 of 61 met\n", told


async def test_the_client_of_graphql_ws_is_served(address: str) -> None:
    told = await node("client.mjs", f"ws://{address}")
    assert "# pass 5\n# fail 0" in told, told


async def test_apollo_client_and_its_persisted_queries_are_served(
    servers: Servers, redis: Redis, address: str, tmp_path: Path
) -> None:
    text = "query Published {\n  hello\n}"  # as Apollo Client prints it
    ids = (sha256(text.encode()).hexdigest(), "x-shop:hello")
    assert not await Store(redis).publish(dict.fromkeys(ids, text), lambda done: None)
    nowhere = f"unix://{tmp_path / 'redis.sock'}"
    async with serving(servers.redis_url, "locked") as locked, serving(nowhere) as gone:
        told = await node("apollo.mjs", *(f"http://{each}" for each in (address, locked, gone)))
    assert "# pass 7\n# fail 0" in told, told
