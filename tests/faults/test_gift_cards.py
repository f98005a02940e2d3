"""No money of a gift card is lost or spent twice, wherever a purchase or a refund is interrupted."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from commerce_graph.checkout import service
from commerce_graph.checkout.service import Attempt, Submission
from commerce_graph.checkout.service.submission import Wish, submit_many
from commerce_graph.checkout.tables import attempt as attempt_table
from commerce_graph.order import service as orders
from commerce_graph.order.service import refunds
from commerce_graph.order.tables import order
from commerce_graph.payment.service import recovery, settlement
from commerce_graph.payment.tables import test_charge
from tests.cart.storefront import line
from tests.faults.test_checkout import STEPS, Crash, killed, lose_the_hold, resumed, scalars, stop_at
from tests.gift_card.giving import assert_sound, balance, key, made, ready_with, steps
from tests.shop import Shop

MUG = 22_90
CARD = 10_00
POINTS = {10_00: STEPS, 50_00: ["placing", "placed"]}
"""Between which steps a purchase can die, by what is on its card: one that pays all has nothing to authorise."""
EVERY = [(value, point) for value, points in POINTS.items() for point in points]


async def begun(shop: Shop, value: int, session: str = "test_ok") -> tuple[str, Attempt]:
    """Submit a mug that a card pays for as far as it can, as if the process died right after; returns the card's id."""
    card_id, code = await made(shop, f"{value / 100:.2f}")
    cart = await ready_with(shop, [code], line("mug-variant"), session=session)
    (came,) = await submit_many(shop.database, [Wish(key(cart["id"]), "first")])
    assert isinstance(came, Submission)
    assert came.attempt is not None, came.problems
    return card_id, came.attempt


async def assert_bought(shop: Shop, card_id: str, value: int) -> None:
    paid = min(value, MUG)
    assert await scalars(shop, order.c.financial_status, order.c.total_minor) == [("PAID", MUG)]
    assert await scalars(shop, func.coalesce(func.sum(test_charge.c.captured_minor), 0)) == [MUG - paid]
    assert await balance(shop.database, card_id) == value - paid
    await assert_sound(shop.database)


async def assert_given_up(shop: Shop, card_id: str, value: int) -> None:
    assert await scalars(shop, attempt_table.c.state) == ["FAILED"]
    assert await scalars(shop, order.c.id) == []
    assert await balance(shop.database, card_id) == value
    await assert_sound(shop.database)


@pytest.mark.parametrize(("value", "point"), EVERY)
async def test_a_process_that_dies_between_two_steps(shop: Shop, value: int, point: str) -> None:
    card_id, at = await begun(shop, value)
    with pytest.raises(Crash):
        await service.drive(shop.database, at, stop_at(point))
    while await resumed(shop):
        pass
    await assert_bought(shop, card_id, value)


@pytest.mark.parametrize(("value", "point"), [(10_00, "authorized"), (10_00, "placing"), (50_00, "placing")])
async def test_a_process_that_is_killed(shop: Shop, value: int, point: str) -> None:
    card_id, at = await begun(shop, value)
    await killed(shop, at, point)
    assert await resumed(shop) == 1
    await assert_bought(shop, card_id, value)


@pytest.mark.parametrize("point", ["giving_up", "voided"])
async def test_a_process_that_dies_while_giving_up(shop: Shop, point: str) -> None:
    card_id, at = await begun(shop, CARD)
    await lose_the_hold(shop)
    with pytest.raises(Crash):
        await service.drive(shop.database, at, stop_at(point))
    assert await balance(shop.database, card_id) == 0, "what is not decided is not given back"
    assert await resumed(shop) == 1
    await assert_given_up(shop, card_id, CARD)


async def test_a_card_that_paid_all_gets_it_back_where_the_stock_was_lost(shop: Shop) -> None:
    card_id, at = await begun(shop, 50_00)
    await lose_the_hold(shop)
    await service.drive(shop.database, at)
    await assert_given_up(shop, card_id, 50_00)
    assert [kind for _, kind, _, _ in await steps(shop.database)] == ["SALE", "REFUND"]


async def test_two_that_both_give_up_give_back_once(shop: Shop) -> None:
    card_id, at = await begun(shop, CARD, "test_declined")
    await asyncio.gather(*(service.drive(shop.database, at) for _ in range(4)))
    await resumed(shop)
    await assert_given_up(shop, card_id, CARD)


async def refunding(shop: Shop) -> tuple[str, Any]:
    card_id, at = await begun(shop, CARD)
    await service.drive(shop.database, at)
    async with shop.database.begin() as tx:
        refund_id = await refunds.insert_refund(tx, at.order_id, MUG, 0, None)
    return card_id, refund_id


async def test_a_refund_that_dies_between_the_provider_and_the_card(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider has given its part back; the card's part is still to come, and comes once."""
    card_id, refund_id = await refunding(shop)

    async def dies(*_: Any) -> None:
        raise Crash

    with monkeypatch.context() as broken:
        broken.setattr(settlement, "_close_inside", dies)
        with pytest.raises(Crash):
            await orders.finish_refund(shop.database, refund_id)
    assert await balance(shop.database, card_id) == 0
    assert await recovery.settle(shop.resources, older_than_s=-1) == 0, "nobody outside is asked for a card's part"
    for _ in range(2):
        await orders.finish_refunds(shop.database, older_than_s=-1)
    assert await balance(shop.database, card_id) == CARD
    assert await scalars(shop, order.c.financial_status) == ["REFUNDED"]
    assert await scalars(shop, test_charge.c.refunded_minor) == [MUG - CARD]
    await assert_sound(shop.database)


async def test_a_refund_that_several_workers_finish(shop: Shop) -> None:
    card_id, refund_id = await refunding(shop)
    came = await asyncio.gather(*(orders.finish_refund(shop.database, refund_id) for _ in range(4)))
    assert set(came) == {"SUCCESS"}
    assert await balance(shop.database, card_id) == CARD
    async with shop.database.read() as conn:
        assert (await conn.execute(select(func.sum(test_charge.c.refunded_minor)))).scalar() == MUG - CARD
    await assert_sound(shop.database)
