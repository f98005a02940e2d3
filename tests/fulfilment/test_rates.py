"""Delivery rates: flat and by weight, in the zone's order, for many parcels at once."""

from sqlalchemy import insert

from commerce_graph.fulfilment import service, tables
from commerce_graph.fulfilment.service import RateRequest
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.database import Database, count_statements
from tests.shop import uid


async def offered(db: Database, *requests: RateRequest) -> list[list[tuple[str, int]]]:
    async with db.read() as conn:
        lists = await service.rates(conn, requests)
    return [[(rate.handle, rate.amount_minor) for rate in rates] for rates in lists]


async def test_no_rate_where_nothing_is_delivered(database: Database) -> None:
    nowhere, unknown, other = RateRequest("BR", 1, "EUR"), RateRequest(None, 1, "EUR"), RateRequest("DE", 1, "USD")
    assert await offered(database, nowhere, unknown, other) == [[], [], []]
    assert await offered(database) == []


async def test_weights_are_from_inclusive_to_exclusive(database: Database) -> None:
    at = [RateRequest("DE", weight, "EUR") for weight in (0, 999, 1000, 29_999, 30_000)]
    assert await offered(database, *at) == [
        [("standard", 490), ("express", 990)],
        [("standard", 490), ("express", 990)],
        [("standard", 490), ("express", 1990)],
        [("standard", 490), ("express", 1990)],
        [("standard", 490)],
    ]


async def test_many_parcels_take_one_statement(database: Database) -> None:
    requests = [RateRequest("US", 100, "USD"), RateRequest("JP", 100, "JPY"), RateRequest("US", 100, "USD")] * 10
    with count_statements() as seen:
        found = await offered(database, *requests)
    assert found[:3] == [[("standard", 600)], [("standard", 800)], [("standard", 600)]]
    assert len(seen) == 1


async def test_a_handle_names_one_rate(database: Database) -> None:
    overlapping = {"zone_id": uid("japan"), "handle": "standard", "title": "Twice", "currency": "JPY"}
    async with database.begin() as tx:
        row = {"id": new_id(), "amount_minor": 1, "from_g": 50, "position": 9}
        await tx.execute(insert(tables.rate).values(**overlapping, **row))
    assert await offered(database, RateRequest("JP", 100, "JPY")) == [[("standard", 800)]]
