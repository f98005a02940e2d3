"""A shop with enough to find, searched through the graph by each engine."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert
from tools.opensearch import Node

from commerce_graph.catalog import tables as catalog
from commerce_graph.catalog.service import learn_words
from commerce_graph.content import tables as content
from commerce_graph.pricing import tables as pricing
from tests.search.indexed import indexed
from tests.shop import Shop, uid

BULBS = 60
"""Products that differ in their number and their price alone."""
PAGES, ARTICLES = 4, 5
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


async def furnish(shop: Shop) -> None:
    """Add bulbs, and pages and articles that speak of bulbs."""
    async with shop.database.begin() as tx:
        for number in range(BULBS):
            handle = f"bulb-{number:02}"
            key, variant = uid(handle), uid(f"{handle}-variant")
            shown = {
                "id": key,
                "handle": handle,
                "title": f"Bulb {number:02}",
                "product_type": "Bulb",
                "status": "ACTIVE",
            }
            choice = [{"id": str(uid("title")), "name": "Title", "values": [{"id": str(uid("t")), "name": "Default"}]}]
            await tx.execute(
                insert(catalog.product).values(
                    **shown, vendor="Nord" if number % 3 else "Glow", tags=["light"], options=choice, available=True
                )
            )
            await tx.execute(insert(catalog.publication).values(channel_id=uid("online"), product_id=key))
            await tx.execute(
                insert(catalog.variant).values(
                    id=variant, product_id=key, title="Default", position=1, sku=f"BULB-{number:02}", available=True,
                    selected_options=[{"name": "Title", "value": "Default"}],
                )
            )  # fmt: skip
            for market in ("eu", "us", "jp"):
                amount = 1000 + 10 * number
                at = {"market_id": uid(market), "product_id": key}
                await tx.execute(insert(catalog.product_price).values(**at, min_minor=amount, max_minor=amount))
                await tx.execute(insert(pricing.price).values(**at, variant_id=variant, amount_minor=amount))
        await tx.execute(insert(content.blog).values(id=uid("news"), handle="news", title="News"))
        for number in range(PAGES):
            told = {"handle": f"about-{number}", "title": f"About bulb {number}", "body": "<p>Bulbs</p>"}
            await tx.execute(insert(content.page).values(id=uid(f"page-{number}"), **told, published_at=LONG_AGO))
        for number in range(ARTICLES):
            told = {
                "handle": f"new-{number}",
                "title": f"New bulb {number}",
                "author_name": "Ada",
                "body": "<p>New</p>",
            }
            await tx.execute(
                insert(content.article).values(
                    id=uid(f"article-{number}"), blog_id=uid("news"), **told, published_at=LONG_AGO
                )
            )
        await learn_words(tx)


@pytest.fixture(params=["postgresql", "opensearch"])
async def searched(shop: Shop, request: pytest.FixtureRequest) -> AsyncIterator[Shop]:
    """Return the furnished shop, searched by PostgreSQL and by OpenSearch."""
    await furnish(shop)
    if request.param == "postgresql":
        yield shop
        return
    node: Node = request.getfixturevalue("opensearch")
    async with indexed(shop.resources, node) as index:
        shop.resources.services["opensearch"] = index.cluster
        yield shop


@pytest.fixture
async def furnished(shop: Shop) -> Shop:
    """Return the furnished shop, searched by PostgreSQL."""
    await furnish(shop)
    return shop
