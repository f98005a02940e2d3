"""Taxes: by place, in prices or on top."""

from commerce_graph.kernel.database import Database, count_statements
from commerce_graph.pricing import service
from commerce_graph.pricing.service import Taxes, TaxLine

LINES = [(4900, True), (999, True), (1000, False)]


async def test_included_in_prices(database: Database) -> None:
    async with database.read() as conn:
        with count_statements() as seen:
            found = await service.taxes(conn, "DE", None, LINES, 490, included=True)
    assert found == Taxes([782, 160, 0], 78, 1020, [TaxLine("VAT", 1900, 1020)])
    assert len(seen) == 1


async def test_added_by_province_without_the_delivery(database: Database) -> None:
    async with database.read() as conn:
        found = await service.taxes(conn, "US", "ca", LINES, 600, included=False)
    assert found == Taxes([355, 72, 0], 0, 427, [TaxLine("CA Sales Tax", 725, 427)])


async def test_a_place_without_a_rate_is_not_taxed(database: Database) -> None:
    nothing = Taxes([0, 0, 0], 0, 0, [])
    async with database.read() as conn:
        assert await service.taxes(conn, "US", "NV", LINES, 600, included=False) == nothing
        assert await service.taxes(conn, None, "CA", LINES, 600, included=False) == nothing
        assert await service.taxes(conn, "BR", None, LINES, 600, included=True) == nothing


async def test_a_province_without_its_own_rate_pays_the_country_s(database: Database) -> None:
    async with database.read() as conn:
        found = await service.taxes(conn, "DE", "BY", LINES[:1], 0, included=True)
    assert found.total_minor == 782


async def test_many_places_are_one_statement(database: Database) -> None:
    places = [("US", "ca"), (None, None), ("DE", "CA"), ("US", "NV"), (None, "CA"), ("US", "CA")]
    async with database.read() as conn:
        with count_statements() as seen:
            found = await service.tax_rates(conn, places)
    assert [rate and rate.rate_bps for rate in found] == [725, None, 1900, None, None, 725]
    assert len(seen) == 1
