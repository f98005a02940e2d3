"""The past of the demo shop is one that the services can go on with: they find their own books in it."""

from uuid import UUID

import pytest
from redis.asyncio import Redis
from sqlalchemy import select, text

from commerce_graph.customer import service as customers
from commerce_graph.customer.service.passwords import needs_renewal
from commerce_graph.customer.tables import customer
from commerce_graph.demo import DEMO_EMAIL, DEMO_PASSWORD, seed
from commerce_graph.fulfilment.service import Tracking
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.errors import Rejected
from commerce_graph.order import service as orders
from commerce_graph.order.tables import order
from commerce_graph.payment import service as payment
from tests.demo.test_invariants import BREACHES

STILL_TRUE = [
    rule
    for rule in BREACHES
    if rule.startswith(("a balance", "the test provider", "refunds sum", "a variant is", "what is committed",
                        "what is fulfilled", "nothing is held", "an order's lines"))
]  # fmt: skip


@pytest.fixture
async def filled(empty: Database) -> Database:
    await seed(empty, 100)
    return empty


async def order_in(database: Database, financial: str, fulfilment: str) -> UUID:
    """Return an order of the demo shop in a state, the newest that is open."""
    found = (
        select(order.c.id)
        .where(order.c.financial_status == financial, order.c.fulfillment_status == fulfilment)
        .where(order.c.cancelled_at.is_(None), order.c.closed_at.is_(None), order.c.total_minor > 0)
        .order_by(order.c.number.desc())
        .limit(1)
    )
    async with database.read() as conn:
        return (await conn.execute(found)).scalar_one()


async def statuses(database: Database, order_id: UUID) -> tuple[str, str]:
    columns = (order.c.financial_status, order.c.fulfillment_status)
    async with database.read() as conn:
        return tuple((await conn.execute(select(*columns).where(order.c.id == order_id))).one())


async def nothing_broke(database: Database) -> None:
    async with database.read() as conn:
        for rule in STILL_TRUE:
            assert (await conn.execute(text(BREACHES[rule]))).all() == [], rule


async def test_the_demo_customer_signs_in(filled: Database, redis: Redis) -> None:
    with pytest.raises(Rejected):
        await customers.sign_in(filled, redis, DEMO_EMAIL, "guessed")
    session = await customers.sign_in(filled, redis, DEMO_EMAIL, DEMO_PASSWORD)
    async with filled.read() as conn:
        who = await customers.customer_of_token(conn, session.token)
        row = (await conn.execute(select(customer).where(customer.c.email == DEMO_EMAIL))).one()
    assert who == row.id
    assert not needs_renewal(row.password_hash)


async def test_an_authorised_order_can_be_captured(filled: Database) -> None:
    order_id = await order_in(filled, "AUTHORIZED", "UNFULFILLED")
    assert (await payment.capture(filled, order_id)).status == "SUCCESS"
    async with filled.begin() as tx:
        await orders.note_payment(tx, order_id, "paid")
    assert await statuses(filled, order_id) == ("PAID", "UNFULFILLED")
    await nothing_broke(filled)


async def test_a_paid_order_can_be_cancelled_with_its_money(filled: Database) -> None:
    order_id = await order_in(filled, "PAID", "UNFULFILLED")
    await orders.cancel(filled, orders.Cancellation(order_id, "CUSTOMER", refund=True, restock=True), "merchant")
    assert (await statuses(filled, order_id))[0] == "REFUNDED"
    await nothing_broke(filled)


async def test_what_is_left_of_an_order_can_be_sent(filled: Database) -> None:
    order_id = await order_in(filled, "PAID", "PARTIALLY_FULFILLED")
    async with filled.begin() as tx:
        opened = text(
            "SELECT id FROM fulfilment.fulfillment_order WHERE order_id = :id AND status IN ('OPEN', 'IN_PROGRESS')"
        )
        for each in (await tx.execute(opened, {"id": order_id})).scalars().all():
            await orders.fulfill(tx, each, None, Tracking(), "merchant")
    assert await statuses(filled, order_id) == ("PAID", "FULFILLED")
    await nothing_broke(filled)


@pytest.mark.parametrize("financial", ["PAID", "PARTIALLY_REFUNDED"])
async def test_a_sent_order_can_be_given_back(filled: Database, financial: str) -> None:
    order_id = await order_in(filled, financial, "FULFILLED")
    async with filled.read() as conn:
        lines = text('SELECT id, current_quantity FROM "order".line WHERE order_id = :id AND current_quantity > 0')
        kept = (await conn.execute(lines, {"id": order_id})).all()
    back = [orders.RefundedLine(row.id, row.current_quantity, "RETURN") for row in kept]
    await orders.create_refund(filled, orders.NewRefund(order_id, back, full_shipping=True), "merchant")
    assert (await statuses(filled, order_id))[0] == "REFUNDED"
    await nothing_broke(filled)


async def test_a_pending_order_can_be_marked_as_paid(filled: Database) -> None:
    order_id = await order_in(filled, "PENDING", "UNFULFILLED")
    await orders.mark_as_paid(filled, order_id, "merchant")
    assert (await statuses(filled, order_id))[0] == "PAID"
    await nothing_broke(filled)
