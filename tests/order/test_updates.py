"""Live updates: from a mutation over outbox, relay, stream and bus to the subscriber."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from commerce_graph.kernel.clock import now
from commerce_graph.kernel.execution import Operation
from commerce_graph.kernel.outbox import Relay
from tests.order.conftest import Placed, opened, place
from tests.order.test_fulfill import send, wish
from tests.order.test_life import CANCEL, CLOSE
from tests.shop import Shop

WATCH = """
subscription($id: ID) { orderUpdated(orderId: $id) { id change occurredAt order {
  id name financialStatus fulfillmentStatus closed fulfillments(first: 5) { nodes { id } }
  lineItems(first: 5) { nodes { unfulfilledQuantity } } } } }
"""
WATCH_AS_BUYER = "subscription($id: ID) { orderUpdated(orderId: $id) { change order { id fulfillmentStatus } } }"
TIMEOUT_S = 10


@asynccontextmanager
async def listening(shop: Shop) -> AsyncIterator[Relay]:
    """Run this process's ear on the stream; the relay moves only when it is told to."""
    ear = asyncio.create_task(shop.resources.bus.run())
    try:
        yield Relay(shop.database, shop.resources.redis)
    finally:
        ear.cancel()
        await asyncio.gather(ear, return_exceptions=True)


def watch(
    shop: Shop, order_id: str | None, token: str | None = "storefront", customer: str | None = None,
    document: str = WATCH_AS_BUYER,
) -> AsyncGenerator[dict[str, Any], None]:  # fmt: skip
    operation = shop.engine.prepare(document)
    assert isinstance(operation, Operation), operation
    ctx = shop.context(token, customer=customer)
    assert shop.engine.authorise(operation, ctx) is None
    stream: Any = shop.engine.stream(operation, {"id": order_id}, ctx)
    return stream  # type: ignore[no-any-return]


async def first(stream: AsyncGenerator[dict[str, Any], None], shop: Shop) -> asyncio.Task[dict[str, Any]]:
    """Ask for the next answer, and return once the subscription stands."""
    before = len(shop.resources.bus._queues)
    asked = asyncio.create_task(anext(stream))
    async with asyncio.timeout(TIMEOUT_S):
        while len(shop.resources.bus._queues) == before and not asked.done():  # noqa: ASYNC110 (nothing tells of it)
            await asyncio.sleep(0)
    return asked


async def told(asked: Any) -> Any:
    async with asyncio.timeout(TIMEOUT_S):
        answer = await asked
    assert "errors" not in answer, answer
    return answer["data"]["orderUpdated"]


async def relay_all(relay: Relay) -> None:
    while await relay.step():
        pass


@pytest.mark.parametrize(
    ("which", "token", "customer"),
    [
        (None, "storefront", None),
        (None, None, None),
        ("plain", "storefront", None),
        ("plain", "storefront", "ada"),
        ("unknown", "partner", None),
    ],
)
async def test_who_has_no_right_is_told(
    shop: Shop, bought: Placed, which: str | None, token: str | None, customer: str | None
) -> None:
    ids = {"plain": bought.gid, "unknown": bought.gid[:-1] + ("0" if bought.gid[-1] != "0" else "1"), None: None}
    async with listening(shop), aclosing(watch(shop, ids[which], token, customer)) as stream:
        answer = await anext(stream)
    assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
    assert shop.resources.bus._queues == set()


async def test_id_of_another_kind_is_an_error(shop: Shop) -> None:
    async with listening(shop), aclosing(watch(shop, "gid://shopify/Cart/1", "partner")) as stream:
        answer = await anext(stream)
    assert answer["errors"][0]["extensions"]["code"] == "INVALID_ID"


async def test_a_partner_is_told_of_each_change_with_the_order_of_the_moment(shop: Shop, bought: Placed) -> None:
    async with listening(shop) as relay, aclosing(watch(shop, None, "partner", document=WATCH)) as stream:
        await relay_all(relay)
        asked = await first(stream, shop)
        (order,) = await opened(shop, bought)
        assert (await send(shop, wish(order, 1)))["userErrors"] == []
        await relay_all(relay)
        update = await told(asked)
        assert update["change"] == "fulfilled"
        assert update["order"]["id"] == bought.gid
        assert update["order"]["fulfillmentStatus"] == "PARTIALLY_FULFILLED"
        assert len(update["order"]["fulfillments"]["nodes"]) == 1
        assert abs(datetime.fromisoformat(update["occurredAt"]) - now()) < timedelta(minutes=1)

        assert (await send(shop, wish(order)))["userErrors"] == []
        await shop.data(CLOSE, {"id": bought.gid}, "merchant")
        await relay_all(relay)
        second, third = await told(anext(stream)), await told(anext(stream))
        assert [second["change"], third["change"]] == ["fulfilled", "closed"]
        assert len({update["id"], second["id"], third["id"]}) == 3
        assert len(second["order"]["fulfillments"]["nodes"]) == 2
        # The order is as it is now, not as it was then.
        assert second["order"]["closed"] is third["order"]["closed"] is True
        assert [line["unfulfilledQuantity"] for line in third["order"]["lineItems"]["nodes"]] == [0, 0]


async def test_a_new_order_is_told(shop: Shop) -> None:
    async with listening(shop) as relay, aclosing(watch(shop, None, "partner", document=WATCH)) as stream:
        asked = await first(stream, shop)
        placed = await place(shop, ("mug-variant", 1))
        await relay_all(relay)
        update = await told(asked)
        assert (update["change"], update["order"]["id"]) == ("placed", placed.gid)
        update = await told(anext(stream))
        assert (update["change"], update["order"]["financialStatus"]) == ("paid", "PAID")


async def test_a_customer_is_told_of_own_orders_only(shop: Shop, bought: Placed) -> None:
    adas = await place(shop, ("mug-variant", 1), customer="ada")
    async with listening(shop) as relay, aclosing(watch(shop, None, customer="ada")) as stream:
        await relay_all(relay)
        asked = await first(stream, shop)
        for placed in (bought, adas):
            await shop.data(CANCEL, {"id": placed.gid, "restock": True}, "merchant")
        await relay_all(relay)
        assert await told(asked) == {
            "change": "cancelled", "order": {"id": adas.gid, "fulfillmentStatus": "UNFULFILLED"},
        }  # fmt: skip


async def test_a_guest_is_told_of_the_order_whose_capability_they_hold(shop: Shop, bought: Placed) -> None:
    other = await place(shop, ("guide-variant", 1))
    async with listening(shop) as relay, aclosing(watch(shop, bought.capability)) as stream:
        await relay_all(relay)
        asked = await first(stream, shop)
        for placed in (other, bought):
            for order in await opened(shop, placed):
                await send(shop, wish(order))
        await relay_all(relay)
        assert await told(asked) == {
            "change": "fulfilled", "order": {"id": bought.capability, "fulfillmentStatus": "FULFILLED"},
        }  # fmt: skip


async def test_who_leaves_is_forgotten(shop: Shop, bought: Placed) -> None:
    async with listening(shop) as relay:
        async with aclosing(watch(shop, bought.capability)) as stream:
            await relay_all(relay)
            asked = await first(stream, shop)
            await shop.data(CLOSE, {"id": bought.gid}, "merchant")
            await relay_all(relay)
            await told(asked)
            assert len(shop.resources.bus._queues) == 1
        assert shop.resources.bus._queues == set()
