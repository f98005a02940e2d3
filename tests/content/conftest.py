"""What the shop has written: pages and two blogs, some of it not published."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from commerce_graph.content.tables import article, blog, page
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.texts import text_of
from tests.shop import Shop, uid

PAST = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2100, 1, 1, tzinfo=UTC)
PAGES = (
    ("about", "About us", "<p>We make <em>lamps</em> of linen.</p>", PAST),
    ("shipping", "Shipping & returns", "<p>Parcels travel for two days. Returned goods are paid back.</p>", PAST),
    ("draft", "A draft on lamps", "<p>Not yet.</p>", None),
    ("soon", "Soon: more lamps", "<p>Next century.</p>", LATER),
)
ARTICLES = (
    (
        "journal",
        "linen",
        "How linen is washed",
        "<p>Wash it at forty degrees.</p>",
        "Mina Okafor",
        ["care", "linen"],
        3,
    ),
    ("journal", "lamps", "Light for reading", "<p>A lamp, a chair.</p>", "Jo Berg", ["light"], 2),
    ("journal", "secret", "A secret lamp", "<p>Hush.</p>", "Jo Berg", ["light"], None),
    ("news", "linen", "Linen is back", "<p>New shirts.</p>", "Mina Okafor", ["linen"], 1),
)


@pytest.fixture
async def written(shop: Shop, database: Database) -> Shop:
    """Return the test shop with what it has written."""
    async with database.begin() as tx:
        for handle, title, body, published_at in PAGES:
            row = {"id": uid(f"page-{handle}"), "handle": handle, "title": title, "published_at": published_at}
            await tx.execute(
                insert(page).values(**row, body=body, body_text=text_of(body), seo_title=f"{title} | Shop")
            )
        for handle, title in (("journal", "The Journal"), ("news", "News")):
            await tx.execute(insert(blog).values(id=uid(f"blog-{handle}"), handle=handle, title=title))
        for blog_handle, handle, title, body, author, tags, days in ARTICLES:
            row = {"id": uid(f"{blog_handle}-{handle}"), "blog_id": uid(f"blog-{blog_handle}"), "handle": handle}
            at = None if days is None else PAST + timedelta(days=days)
            told = {"title": title, "body": body, "body_text": text_of(body), "author_name": author, "tags": tags}
            await tx.execute(insert(article).values(**row, **told, published_at=at))
    return shop
