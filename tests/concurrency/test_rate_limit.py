"""Server processes share their callers' buckets."""

import asyncio
from pathlib import Path

import pytest

from commerce_graph.embedded import Servers
from tests.concurrency.serving import served
from tests.shop import TOKENS, Shop

ASKED = {"query": "{ shop { name } }"}
"""Costs three points: a query, a shop, a call."""


@pytest.mark.parametrize("caller", ["storefront", "merchant"])
async def test_a_bucket_is_one_over_two_processes(shop: Shop, servers: Servers, tmp_path: Path, caller: str) -> None:
    limited = {"RATE_LIMIT": "all", "RATE_LIMIT_POINTS": "60", "RATE_LIMIT_RESTORE": "1"}
    limited |= {"BACKGROUND": "off", "ANSWERS": "off"}  # answers from the cache cost nothing
    async with served(shop, servers.redis_url, tmp_path, 2, **limited) as both:
        header = "X-Shopify-Access-Token" if caller == "merchant" else "X-Shopify-Storefront-Access-Token"
        headers = {header: TOKENS[caller]}
        for client in both.clients:
            client.headers.pop("X-Shopify-Storefront-Access-Token")
        answers = await asyncio.gather(
            *(client.post("/graphql", json=ASKED, headers=headers) for client in both.clients for _ in range(30))
        )
    told = [answer.json() for answer in answers]
    answered = [each for each in told if "errors" not in each]
    refused = [each for each in told if "errors" in each]
    assert {each["errors"][0]["message"] for each in refused} == {"Throttled"}
    # Sixty points are twenty operations, and a few more for what came back meanwhile.
    assert 20 <= len(answered) <= 26
