"""Prices: what a variant costs in a market, and the ranges kept in step."""

from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.database import Database, count_statements
from commerce_graph.pricing import service
from commerce_graph.pricing.service import Price
from tests.shop import uid


async def test_prices_of_a_market(database: Database) -> None:
    keys = [uid("shirt-S-White"), new_id(), uid("mug-variant"), uid("shirt-S-White")]
    async with database.read() as conn:
        with count_statements() as seen:
            found = await service.prices(conn, keys, uid("jp"))
        assert await service.prices(conn, keys[:1], new_id()) == [None]
    shirt = Price(8000, 9000, "JPY")
    assert found == [shirt, None, Price(2900, None, "JPY"), shirt]
    assert len(seen) == 1
