"""What search does when something happened elsewhere: it marks the products whose documents have changed.

Each is idempotent, since a product that is marked twice is written twice with the same result.
"""

from uuid import UUID

from commerce_graph.kernel.database import Database
from commerce_graph.kernel.outbox import Fact, Handler
from commerce_graph.search.service.marks import mark_changed


async def mark_product(database: Database, fact: Fact) -> None:
    """On ProductChanged, PricesChanged and StockChanged: mark the product."""
    await mark_changed(database, [UUID(fact.payload["product_id"])])


async def mark_members(database: Database, fact: Fact) -> None:
    """On CollectionChanged: mark who entered or left."""
    await mark_changed(database, [UUID(each) for each in fact.payload.get("product_ids", ())])


async def mark_sold(database: Database, fact: Fact) -> None:
    """On OrderPlaced: mark what was sold. The catalogue, a lower domain, has counted it before."""
    await mark_changed(database, [UUID(each) for each in fact.payload["sold"]])


HANDLERS: tuple[tuple[str, Handler], ...] = (
    ("ProductChanged", mark_product),
    ("PricesChanged", mark_product),
    ("StockChanged", mark_product),
    ("CollectionChanged", mark_members),
    ("OrderPlaced", mark_sold),
)
