"""What the catalogue does when something happened elsewhere."""

from uuid import UUID

from commerce_graph.catalog import service
from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.module import Job
from commerce_graph.kernel.outbox import Fact, Handler, first_time


async def count_sales(database: Database, fact: Fact) -> None:
    """On OrderPlaced: add what was sold to the products' sales, once for each fact."""
    async with database.begin() as tx:
        if await first_time(tx, "catalog.count_sales", fact):
            sold = {UUID(product_id): quantity for product_id, quantity in fact.payload["sold"].items()}
            await service.note_sales(tx, sold)


async def learn_words(resources: Resources) -> int:
    """Learn the shop's words anew where products changed."""
    async with resources.database.begin() as tx:
        return int(await service.learn_words(tx))


HANDLERS: tuple[tuple[str, Handler], ...] = (("OrderPlaced", count_sales),)
LEARN_S = 10
"""How often it is looked whether there are words to learn: soon enough for a shop that was just filled."""
JOBS = (Job("catalog.learn_words", LEARN_S, learn_words),)
