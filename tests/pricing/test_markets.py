"""Markets: one for every country, the primary one for the rest."""

from commerce_graph.kernel.database import Database, count_statements
from commerce_graph.pricing import service
from tests.shop import Shop, uid


async def test_each_country_has_its_market_and_others_the_primary_one(database: Database) -> None:
    async with database.read() as conn:
        with count_statements() as seen:
            markets = await service.markets_for(conn, ["US", None, "AT", "BR", "US"])
    assert [(m.handle, m.country) for m in markets] == [
        ("us", "US"), ("eu", "DE"), ("eu", "AT"), ("eu", "DE"), ("us", "US"),
    ]  # fmt: skip
    assert len(seen) == 1
    europe = markets[1]
    assert (europe.currency, europe.language, europe.tax_included) == ("EUR", "EN", True)
    assert (list(europe.countries), list(europe.languages)) == (["DE", "AT", "FR"], ["DE", "EN", "FR"])


async def test_the_primary_market_comes_first(database: Database) -> None:
    async with database.read() as conn:
        assert [m.handle for m in await service.all_markets(conn)] == ["eu", "jp", "us"]
        assert (await service.primary_market(conn)).id == uid("eu")


async def test_the_market_in_context_is_read_once(shop: Shop) -> None:
    ctx = shop.context(country="JP")
    with count_statements() as seen:
        assert (await ctx.load(service.markets_for, ctx.buyer.country)).currency == "JPY"
        assert (await ctx.load(service.markets_for, "JP")).currency == "JPY"
    assert len(seen) == 1
    assert (await shop.context().load(service.markets_for, None)).currency == "EUR"
