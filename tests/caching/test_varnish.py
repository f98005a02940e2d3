"""A real Varnish before a real server: what is everybody's is kept, forgotten when it changes, and nothing else is."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from benchmarks import machine
from commerce_graph.embedded import Servers
from commerce_graph.kernel.caching.purge import PURGED
from tests.concurrency.serving import Served, served
from tests.customer.test_account import SIGN_IN
from tests.merchandising.test_variants import UPDATE, WHITE
from tests.shop import PASSWORD, TOKENS, Shop, gid

VARNISHD = shutil.which("varnishd", path="/usr/sbin:/usr/local/sbin:/usr/bin") or "varnishd"
VCL = Path(__file__).parents[2] / "docker" / "varnish.vcl"
SHIRT = '{ product(handle: "shirt") { title variants(first: 9) { nodes { price { amount } } } } }'
MUG = '{ product(handle: "mug") { title } }'
STOREFRONT = {"X-Shopify-Storefront-Access-Token": TOKENS["storefront"]}


@contextmanager
def varnish(port: int, server: int, folder: Path) -> Any:
    """Run Varnish before a server until the block ends."""
    vcl = folder / "shop.vcl"
    vcl.write_text(VCL.read_text().replace("SERVER_HOST", "127.0.0.1").replace("SERVER_PORT", str(server)))
    command = ["-F", "-j", "none", "-a", f"127.0.0.1:{port}", "-f", str(vcl), "-n", str(folder), "-s", "malloc,16m"]
    with machine.serving(command, port, {}, folder / "varnish.log", [VARNISHD]):
        yield


@pytest.fixture
async def behind(
    shop: Shop, servers: Servers, tmp_path: Path, redis: Redis
) -> AsyncIterator[tuple[httpx.AsyncClient, Served]]:
    """Return a client of Varnish, and what stands behind it."""
    port = machine.free_port()
    url = f"http://127.0.0.1:{port}"
    told = {"CDN": "varnish", "CDN_PURGE_URL": url}
    async with served(shop, servers.redis_url, tmp_path, 1, **told) as running:
        (tmp_path / "varnish").mkdir()
        with varnish(port, running.servers[0].port or 0, tmp_path / "varnish"):
            async with httpx.AsyncClient(base_url=url) as client:
                # A CDN that has never been told anything is told to forget everything first.
                async with asyncio.timeout(30):
                    while not await redis.exists(PURGED):  # noqa: ASYNC110
                        await asyncio.sleep(0.05)
                yield client, running


async def get(client: httpx.AsyncClient, query: str, **more: str) -> httpx.Response:
    return await client.get("/graphql", params={"query": query}, headers={**STOREFRONT, **more})


async def signed_in(running: Served) -> str:
    told = await running.ask(SIGN_IN, {"input": {"email": "ada@example.com", "password": PASSWORD}})
    token: str = told["customerAccessTokenCreate"]["customerAccessToken"]["accessToken"]
    return token


async def test_in_front_of_a_shop(behind: tuple[httpx.AsyncClient, Served]) -> None:
    client, running = behind
    found = [await get(client, SHIRT) for _ in range(20)]
    assert [each.headers["X-Cache"] for each in found] == ["miss"] + ["hit"] * 19
    assert {each.headers["Cache-Control"] for each in found} == {"public, no-cache"}
    assert "xkey" not in found[0].headers
    assert (await get(client, SHIRT, **{"If-None-Match": found[0].headers["ETag"]})).status_code == 304

    # A new price is there for all, and what is about other products stays.
    await get(client, MUG)
    variables = {"id": gid("Product", "shirt"), "variants": [{"id": WHITE, "price": "31.00"}]}
    body = {"query": UPDATE, "variables": variables}
    merchant = {"X-Shopify-Access-Token": TOKENS["merchant"]}
    changed = await client.post("/graphql", json=body, headers=merchant)
    assert changed.json()["data"]["productVariantsBulkUpdate"]["userErrors"] == []
    async with asyncio.timeout(10):
        while "31.0" not in (after := await get(client, SHIRT)).text:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert (await get(client, MUG)).headers["X-Cache"] == "hit"
    async with asyncio.timeout(10):  # the relay tells of the change once more
        while (await get(client, SHIRT)).headers["X-Cache"] != "hit":  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert after.headers["ETag"] != found[0].headers["ETag"]

    # Other callers and other forms are kept apart; who is identified gets nothing of others and leaves nothing.
    refused = await client.get("/graphql", params={"query": SHIRT}, headers={"X-Shopify-Storefront-Access-Token": "x"})
    assert refused.status_code == 401
    assert (await client.get("/graphql", params={"query": SHIRT})).headers["X-Cache"] == "miss"
    packed = [await get(client, SHIRT, **{"Accept-Encoding": coding}) for coding in ("gzip", "identity")]
    assert packed[0].json() == packed[1].json()
    me = "{ customer { email } }"
    mine = await get(client, me, Authorization=f"Bearer {await signed_in(running)}")
    assert mine.json() == {"data": {"customer": {"email": "ada@example.com"}}}
    for _ in range(3):
        assert "ada" not in (await get(client, me)).text
    shown = await get(client, MUG, Authorization=f"Bearer {await signed_in(running)}")
    assert (shown.headers["X-Cache"], shown.headers["Cache-Control"]) == ("miss", "private, no-cache")

    # Nobody else may make it forget.
    assert (await client.request("BAN", "/", headers={})).status_code == 403
