"""A sale of mugs: many buyers with carts of their own, and what must be so when it is over."""

from uuid import UUID

from sqlalchemy import text

from commerce_graph.checkout.tables import attempt
from commerce_graph.inventory.tables import reservation
from commerce_graph.kernel.ids import parse_gid
from commerce_graph.order.tables import order
from commerce_graph.payment.tables import test_charge as charge
from tests.cart.storefront import line
from tests.concurrency.test_checkout import buyer
from tests.faults.test_checkout import scalars
from tests.inventory.stock import quantities
from tests.shop import Shop
from tests.simulation.day import assert_books_agree

COPIED = """
WITH made AS (
  INSERT INTO cart.cart SELECT (jsonb_populate_record(c, jsonb_build_object('id', gen_random_uuid()))).*
  FROM cart.cart c, generate_series(1, :many) WHERE c.id = :cart_id RETURNING id
), lines AS (
  INSERT INTO cart.line SELECT
    (jsonb_populate_record(l, jsonb_build_object('id', gen_random_uuid(), 'cart_id', made.id))).*
  FROM cart.line l, made WHERE l.cart_id = :cart_id
), addresses AS (
  INSERT INTO cart.address SELECT
    (jsonb_populate_record(a, jsonb_build_object('id', gen_random_uuid(), 'cart_id', made.id))).*
  FROM cart.address a, made WHERE a.cart_id = :cart_id
) SELECT id FROM made
"""


async def carts(shop: Shop, many: int) -> list[UUID]:
    """Make carts that want a mug each and can be submitted: one as a buyer does, and copies of it."""
    cart_id = parse_gid((await buyer(shop, line("mug-variant")))["id"])[1]
    async with shop.database.begin() as tx:
        return list((await tx.execute(text(COPIED), {"cart_id": cart_id, "many": many})).scalars())


async def assert_sold(shop: Shop, sold: int) -> None:
    """Check that so many were bought: each purchase an order, charged once, and nothing held for anything else."""
    assert await scalars(shop, attempt.c.state) == ["COMPLETED"] * sold
    assert await scalars(shop, order.c.financial_status) == ["PAID"] * sold
    assert len(set(await scalars(shop, order.c.cart_id))) == sold
    charges = await scalars(shop, charge.c.status, charge.c.captured_minor == charge.c.amount_minor)
    assert charges == [("AUTHORIZED", True)] * sold
    assert await scalars(shop, reservation.c.state, reservation.c.quantity) == [("COMMITTED", 1)] * sold
    assert (await quantities(shop.database, "mug-variant"))["berlin"][1] == sold
    await assert_books_agree(shop.database)
