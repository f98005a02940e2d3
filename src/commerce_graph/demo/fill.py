"""Fill an empty database with the demo shop, by COPY, in batches."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import Table, exists, func, literal, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog import tables as catalog
from commerce_graph.content import tables as content
from commerce_graph.customer import tables as customer
from commerce_graph.demo import rows
from commerce_graph.demo.catalogue import Catalogue
from commerce_graph.demo.history import History, Row
from commerce_graph.demo.ledger import money
from commerce_graph.demo.orders import Purchase, purchases
from commerce_graph.demo.people import customers
from commerce_graph.demo.shelves import hand_picked
from commerce_graph.kernel.database import Database
from commerce_graph.order import tables as order
from commerce_graph.pricing import tables as pricing
from commerce_graph.search.service.marks import mark_all

Tell = Callable[[str, int, int], None]
PRODUCTS_PER_BATCH = 500
SEED_LOCK = 0x6465_6D6F
"""Advisory lock key: two seeds at once would both find the shop empty."""


class ShopNotEmpty(Exception):
    """The database holds a shop already; the demo shop is only written into an empty one."""

    def __init__(self) -> None:
        super().__init__("the shop is not empty: the demo shop is only written into a freshly migrated database")


async def is_empty(database: Database) -> bool:
    """Tell whether there is nothing yet that the demo shop would stand beside. 1 statement."""
    async with database.read() as conn:
        return await _is_empty(conn)


async def seed(database: Database, products: int, tell: Tell = lambda stage, done, total: None) -> None:
    """Write the demo shop with so many products into an empty, migrated database: all of it or nothing.

    The same number of products gives the same rows, byte for byte: keys, times and the password hash included (the
    shop's present is `dice.NOW`). Memory does not grow with the products.
    `tell` is called with the stage, how much of it is done, and how much there is.
    Locks: SEED_LOCK, so that of two seeds the second finds the shop filled.
    Raises: ShopNotEmpty; ValueError for less than one product.
    """
    if products < 1:
        raise ValueError("a shop needs at least one product")
    async with database.begin() as tx:
        await tx.execute(select(func.pg_advisory_xact_lock(SEED_LOCK)))
        if not await _is_empty(tx):
            raise ShopNotEmpty
        await _fill(tx, products, tell)
    await mark_all(database)  # COPY tells nobody of products, and a server may have an index already
    await _settle(database, tell)


async def _is_empty(conn: AsyncConnection) -> bool:
    filled = (catalog.product, catalog.channel, catalog.collection, content.page, content.blog, pricing.market,
              pricing.shop, customer.customer, order.order)  # fmt: skip
    found = or_(*(exists(select(literal(1)).select_from(table)) for table in filled))
    return not (await conn.execute(select(found))).scalar_one()


async def _fill(tx: AsyncConnection, size: int, tell: Tell) -> None:
    raw = (await tx.get_raw_connection()).driver_connection
    catalogue = Catalogue(size)
    people = customers()
    tell("settings", 0, 1)
    await _copy(raw, rows.settings())
    await _copy(raw, rows.collections())
    await _copy(raw, rows.writings())
    tell("settings", 1, 1)
    tell("customers", 0, len(people))
    await _copy(raw, rows.customers(people))
    tell("customers", len(people), len(people))
    bought = purchases(catalogue, people)
    await _products(raw, catalogue, bought, tell)
    tell("orders", 0, len(bought))
    await _copy(raw, _orders(bought))
    if bought:
        await tx.execute(select(func.setval("order.order_number", bought[-1].number)))
    tell("orders", len(bought), len(bought))


def _orders(bought: list[Purchase]) -> Iterator[Row]:
    for purchase in bought:
        history = History(purchase)
        yield from history.rows()
        yield from money(history)


async def _products(raw: Any, catalogue: Catalogue, bought: list[Purchase], tell: Tell) -> None:
    sales = Counter[int]()
    committed = Counter[tuple[UUID, UUID]]()
    for line in (line for purchase in bought for line in purchase.lines):
        sales[line.product.number] += line.quantity
        if line.location is not None and line.open:
            committed[line.variant.id, line.location.id] += line.open
    picked = hand_picked(catalogue)
    tell("products", 0, catalogue.size)
    for start in range(0, catalogue.size, PRODUCTS_PER_BATCH):
        end = min(start + PRODUCTS_PER_BATCH, catalogue.size)
        await _copy(raw, _batch(catalogue, range(start, end), picked, sales, committed))
        tell("products", end, catalogue.size)


def _batch(
    catalogue: Catalogue,
    numbers: Iterable[int],
    picked: dict[int, list[tuple[UUID, int]]],
    sales: Counter[int],
    committed: Counter[tuple[UUID, UUID]],
) -> Iterator[Row]:
    for number in numbers:
        yield from rows.product(catalogue.product(number), picked, sales[number], committed)


async def _copy(raw: Any, made: Iterable[Row]) -> None:
    """Write rows, table by table in the order in which the tables first appear: whom others refer to comes first."""
    tables: defaultdict[Table, list[dict[str, Any]]] = defaultdict(list)
    for table, row in made:
        tables[table].append(row)
    for table, batch in tables.items():
        await raw.copy_records_to_table(
            table.name,
            schema_name=table.schema,
            columns=list(batch[0]),
            records=[tuple(row.values()) for row in batch],
        )


async def _settle(database: Database, tell: Tell) -> None:
    """Let the planner know what is there, and readers know that all of it may be seen."""
    written = sorted(f'"{table.schema}"."{table.name}"' for table in pricing.shop.metadata.tables.values())
    async with database.read() as conn:
        for done, name in enumerate(written):
            tell("statistics", done, len(written))
            await conn.execute(text(f"VACUUM (ANALYZE) {name}"))
    tell("statistics", len(written), len(written))
