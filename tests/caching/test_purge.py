"""CDNs are told what has changed: as their documentation has it, at least once, and all of it where it is not known."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import uvicorn
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks import machine
from commerce_graph.kernel.caching import EVERYTHING, Cloudflare, Fastly, Purger, Store, Varnish
from commerce_graph.kernel.caching.purge import CLOUDFLARE_TAGS_MAX, FASTLY_KEYS_MAX, VARNISH_TAGS_MAX


class Receiver:
    """What a CDN has heard; it refuses while `status` is not 200."""

    def __init__(self) -> None:
        self.url = ""
        self.heard: list[tuple[str, str, dict[str, str], Any]] = []
        self.status = 200

    async def hear(self, request: Request) -> Response:
        body = await request.body()
        told = await request.json() if body else None
        self.heard.append((request.method, request.url.path, dict(request.headers), told))
        return Response(status_code=self.status)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Run an HTTP server that notes what it is told."""
    made = Receiver()
    port = machine.free_port()
    app = Starlette(routes=[Route("/{path:path}", made.hear, methods=["POST", "BAN"])])
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", ws="none", http="h11"))
    running = asyncio.create_task(server.serve())
    async with asyncio.timeout(10):
        while not server.started:  # noqa: ASYNC110 (uvicorn tells nobody)
            await asyncio.sleep(0.01)
    made.url = f"http://127.0.0.1:{port}"
    yield made
    server.should_exit = True
    await running


async def told(redis: Redis, cdn: Any, receiver: Receiver, tags: list[str]) -> list[Any]:
    """Change these tags after a first step, and return what the CDN hears of them."""
    purger = Purger(redis, cdn)
    await Store(redis).change({"before"})
    await purger.step()
    receiver.heard.clear()
    await Store(redis).change(tags)
    await purger.step()
    return receiver.heard


async def test_fastly(redis: Redis, receiver: Receiver) -> None:
    tags = [f"Product-{number:03}" for number in range(FASTLY_KEYS_MAX + 1)]
    heard = await told(redis, Fastly("svc", "secret", receiver.url), receiver, tags)
    assert [(method, path) for method, path, _, _ in heard] == [("POST", "/service/svc/purge")] * 2
    assert {headers["fastly-key"] for _, _, headers, _ in heard} == {"secret"}
    assert [len(body["surrogate_keys"]) for *_, body in heard] == [FASTLY_KEYS_MAX, 1]
    assert sorted(tag for *_, body in heard for tag in body["surrogate_keys"]) == tags


async def test_cloudflare(redis: Redis, receiver: Receiver) -> None:
    tags = [f"Product-{number:03}" for number in range(CLOUDFLARE_TAGS_MAX + 1)]
    heard = await told(redis, Cloudflare("zone", "secret", receiver.url), receiver, tags)
    assert [(method, path) for method, path, _, _ in heard] == [("POST", "/client/v4/zones/zone/purge_cache")] * 2
    assert {headers["authorization"] for _, _, headers, _ in heard} == {"Bearer secret"}
    assert [len(body["tags"]) for *_, body in heard] == [CLOUDFLARE_TAGS_MAX, 1]


async def test_varnish(redis: Redis, receiver: Receiver) -> None:
    tags = [f"Product-{number:03}" for number in range(VARNISH_TAGS_MAX + 1)]
    heard = await told(redis, Varnish(receiver.url), receiver, tags)
    first, second = (headers["xkey-ban"] for _, _, headers, _ in heard)
    assert [method for method, *_ in heard] == ["BAN", "BAN"]
    assert re.search(first, "Collection-1 Product-007 Product-900")
    assert not re.search(first, "Product-0071 XProduct-007 Product")
    assert re.search(second, "Product-100")


@pytest.mark.parametrize("cdn", ["fastly", "cloudflare", "varnish"])
async def test_everything(redis: Redis, receiver: Receiver, cdn: str) -> None:
    made = {
        "fastly": Fastly("svc", "secret", receiver.url), "cloudflare": Cloudflare("zone", "secret", receiver.url),
        "varnish": Varnish(receiver.url),
    }[cdn]  # fmt: skip
    ((method, path, headers, body),) = await told(redis, made, receiver, ["x", EVERYTHING])
    assert {
        "fastly": path == "/service/svc/purge_all",
        "cloudflare": body == {"purge_everything": True},
        "varnish": (method, headers.get("xkey-ban")) == ("BAN", "."),
    }[cdn]
    receiver.heard.clear()
    await redis.delete("{answers}:changed")  # what happened before is not known any more
    await Purger(redis, made).step()
    assert len(receiver.heard) == 1


async def test_a_purge_that_was_not_heard_is_sent_again(redis: Redis, receiver: Receiver) -> None:
    cdn = Fastly("svc", "secret", receiver.url)
    await told(redis, cdn, receiver, ["one"])
    receiver.heard.clear()
    receiver.status = 503
    await Store(redis).change({"two"})
    with pytest.raises(aiohttp.ClientResponseError):
        await Purger(redis, cdn).step()
    receiver.status = 200
    await Store(redis).change({"three"})
    assert await Purger(redis, cdn).step() == 1
    assert receiver.heard[-1][3] == {"surrogate_keys": ["two", "three"]}
    assert await Purger(redis, cdn).step() == 0
