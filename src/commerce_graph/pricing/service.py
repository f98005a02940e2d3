"""Markets, prices and taxes: use cases, and the only door for other domains."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import BigInteger, Uuid, delete, func, select, tuple_
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog import service as catalog
from commerce_graph.events import PricesChanged
from commerce_graph.kernel.columns import given
from commerce_graph.kernel.outbox import publish
from commerce_graph.pricing import rules
from commerce_graph.pricing.loaders import all_markets, markets, markets_for, prices, tax_rates, to_market
from commerce_graph.pricing.rules import Market, NewPrice, Price, Taxes, TaxLine, TaxRate, tax
from commerce_graph.pricing.tables import market, price

__all__ = [
    "Market", "NewPrice", "Price", "TaxLine", "TaxRate", "Taxes", "all_markets", "markets_for", "prices",
    "primary_market", "remove_prices", "set_prices", "tax", "tax_rates", "taxes",
]  # fmt: skip


async def set_prices(tx: AsyncConnection, new: Sequence[NewPrice]) -> None:
    """Set prices and keep the catalogue's price ranges in step. Of several for one variant and market the last counts.

    The caller has checked that no amount is negative; statements do not grow with the prices.
    Locks: the products (`catalog.hold_products`), the price rows in order of market and variant, then the catalogue's
    ranges.
    Emits: PricesChanged, one a product of which a price is another than before.
    """
    rows = rules.last_of_each(new)
    if not rows:
        return
    products = sorted({row.product_id for row in rows})
    # Rows cannot be the lock: a first price has none, and a range reckoned beside an uncommitted one would stay wrong.
    await catalog.hold_products(tx, products)
    members = [(r.market_id, r.variant_id, r.product_id, r.amount_minor, r.compare_at_minor) for r in rows]
    source = given(
        members,
        market_id=Uuid,
        variant_id=Uuid,
        product_id=Uuid,
        amount_minor=BigInteger,
        compare_at_minor=BigInteger,
    )
    names = [column.name for column in source.c]
    ordered = select(*source.c).order_by(source.c.market_id, source.c.variant_id)
    writing = postgresql.insert(price).from_select(names, ordered)
    values = {name: writing.excluded[name] for name in names[2:]}
    writing = writing.on_conflict_do_update(
        index_elements=["market_id", "variant_id"],
        set_={**values, "updated_at": func.now()},
        where=tuple_(*(price.c[name] for name in values)).is_distinct_from(tuple_(*values.values())),
    )
    changed = (await tx.execute(writing.returning(price.c.product_id))).scalars()
    await _note_ranges(tx, products, sorted({row.market_id for row in rows}))
    await publish(tx, *(PricesChanged(product_id=product_id) for product_id in sorted(set(changed))))


async def remove_prices(tx: AsyncConnection, product_id: UUID, variant_ids: Sequence[UUID]) -> None:
    """Forget the prices of removed variants and keep the ranges in step. Emits: PricesChanged.

    A market in which the product has no price left keeps its last range: nothing is sold there.
    Locks: as `set_prices`.
    """
    await catalog.hold_products(tx, [product_id])
    gone = delete(price).where(price.c.product_id == product_id, price.c.variant_id == func.any(list(variant_ids)))
    touched = (await tx.execute(gone.returning(price.c.market_id))).scalars()
    if found := sorted(set(touched)):
        await _note_ranges(tx, [product_id], found)
        await publish(tx, PricesChanged(product_id=product_id))


async def _note_ranges(tx: AsyncConnection, product_ids: Sequence[UUID], market_ids: Sequence[UUID]) -> None:
    found = await tx.execute(
        select(price.c.product_id, price.c.market_id, func.min(price.c.amount_minor), func.max(price.c.amount_minor))
        .where(price.c.product_id == func.any(list(product_ids)), price.c.market_id == func.any(list(market_ids)))
        .group_by(price.c.product_id, price.c.market_id)
        .order_by(price.c.product_id, price.c.market_id)
    )
    await catalog.note_price_ranges(tx, [(row[0], row[1], row[2], row[3]) for row in found])


async def primary_market(conn: AsyncConnection) -> Market:
    """Return the primary market; merchants' plain prices are in its currency. 1 statement."""
    row = (await conn.execute(markets().where(market.c.is_primary))).mappings().one()
    return to_market(row)


async def taxes(
    conn: AsyncConnection,
    country: str | None,
    province: str | None,
    lines: Sequence[tuple[int, bool]],
    shipping_minor: int,
    *,
    included: bool,
) -> Taxes:
    """Return the taxes on lines of (amount_minor, taxable) and on the delivery.

    The province's rate stands before the country's; a place without a rate, or no country, is not taxed.
    `included`: prices hold the tax already; otherwise it is added. Rounded half up by line. 1 statement.
    """
    (rate,) = await tax_rates(conn, [(country, province)])
    return tax(rate, lines, shipping_minor, included=included)
