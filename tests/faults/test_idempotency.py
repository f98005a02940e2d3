"""A mutation under a key whose server is killed: its repetition has one effect in all, and the answer."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from commerce_graph.embedded import Servers
from commerce_graph.kernel.execution import Engine
from commerce_graph.order.tables import event, refund
from commerce_graph.payment.service import calls
from commerce_graph.payment.tables import test_operation as operation
from commerce_graph.payment.tables import transaction
from tests.order.conftest import balance, place, stock
from tests.order.test_life import CANCEL, PAID
from tests.order.test_refund import CREATE, pieces
from tests.repeating import RECEIVE, Server, claimed, elsewhere, here, lamps, set_claims
from tests.shop import Shop


@pytest.fixture
async def server(shop: Shop, servers: Servers, engine: Engine) -> AsyncIterator[Server]:
    async with here(shop.database, servers.redis_url, engine) as made:
        yield made


async def killed(shop: Shop, servers: Servers, point: str, document: str, variables: dict[str, Any]) -> None:
    """Send an operation to a server that dies of it."""
    async with elsewhere(shop.database, servers.redis_url, point) as dying:
        with pytest.raises(httpx.TransportError):
            await dying.send(document, variables)


async def count(shop: Shop, table: Any, *where: Any) -> int:
    async with shop.database.read() as conn:
        return int((await conn.execute(select(func.count()).select_from(table).where(*where))).scalar_one())


@pytest.mark.parametrize(("point", "kept"), [("keeping", False), ("answering", True)])
async def test_a_mutation_in_one_transaction(
    shop: Shop, servers: Servers, server: Server, point: str, kept: bool
) -> None:
    """Killed between effect and commit nothing is there; after the commit, all of it with its answer."""
    before = await lamps(shop.database)
    await killed(shop, servers, point, RECEIVE, {"by": 5})
    assert await claimed(shop.database) == int(kept)
    assert (await lamps(shop.database) == before) is not kept
    answers = [await server.send(RECEIVE, {"by": 5}) for _ in range(2)]
    assert [answer.headers.get("Idempotency-Replayed") for answer in answers] == ["true" if kept else None, "true"]
    assert answers[0].content == answers[1].content
    (change,) = answers[0].json()["data"]["inventoryAdjustQuantities"]["inventoryAdjustmentGroup"]["changes"]
    assert change["quantityAfterChange"] == before[0] + 5
    assert (await lamps(shop.database))[:2] == (before[0] + 5, before[1] + 1)
    assert (await lamps(shop.database))[2] == before[2] + 1


async def repeated(shop: Shop, server: Server, point: str, document: str, variables: dict[str, Any]) -> Any:
    """Send what a server died of again: refused while the lease runs, then carried on; return the payload."""
    if point != "answering":
        busy = await server.send(document, variables)
        assert (busy.status_code, busy.json()["errors"][0]["extensions"]["code"]) == (409, "IDEMPOTENCY_KEY_IN_USE")
        assert busy.headers["Retry-After"] == "1"
        await set_claims(shop.database, lease_until="-1 s")
    first, second = [await server.send(document, variables) for _ in range(2)]
    assert first.content == second.content
    assert second.headers["Idempotency-Replayed"] == "true"
    (payload,) = first.json()["data"].values()
    return payload


STEPS = ["asking", "recording", "keeping", "answering"]


@pytest.mark.parametrize("point", STEPS)
async def test_a_refund(shop: Shop, servers: Servers, server: Server, point: str) -> None:
    bought = await place(shop, ("shirt-S-White", 2), ("mug-variant", 1))
    variables = {"input": {"orderId": bought.gid, "refundLineItems": [pieces(bought, 0, 1, "CANCEL")]}}
    held = await stock(shop, "shirt-S-White")
    await killed(shop, servers, point, CREATE, variables)
    payload = await repeated(shop, server, point, CREATE, variables)
    assert payload["userErrors"] == []
    assert payload["refund"]["status"] == "SUCCESS"
    assert payload["refund"]["refundLineItems"]["nodes"][0]["quantity"] == 1
    assert await count(shop, refund) == 1
    assert (await balance(shop, bought)).refunded_minor == 4900
    assert await count(shop, operation, operation.c.kind == "REFUND") == 1
    assert await stock(shop, "shirt-S-White") == (held[0], held[1] - 1)


@pytest.mark.parametrize("point", STEPS)
async def test_a_cancellation(shop: Shop, servers: Servers, server: Server, point: str) -> None:
    bought = await place(shop, ("shirt-S-White", 2))
    variables = {"id": bought.gid, "restock": True, "refund": True}
    await killed(shop, servers, point, CANCEL, variables)
    payload = await repeated(shop, server, point, CANCEL, variables)
    assert payload["orderCancelUserErrors"] == [], "its own cancellation is no reason to refuse it"
    assert payload["job"]["done"] is True
    assert (await balance(shop, bought)).refunded_minor == bought.total_minor
    assert await count(shop, operation, operation.c.kind == "REFUND") == 1
    assert await count(shop, event, event.c.kind == "cancelled") == 1


@pytest.mark.parametrize("point", ["asking", "keeping"])
async def test_marking_as_paid(shop: Shop, servers: Servers, server: Server, point: str) -> None:
    placed = await place(shop, ("mug-variant", 1), capture=False)
    await killed(shop, servers, point, PAID, {"id": placed.gid})
    payload = await repeated(shop, server, point, PAID, {"id": placed.gid})
    assert payload["userErrors"] == []
    assert payload["order"]["financialStatus"] == "PAID"
    assert await count(shop, transaction, transaction.c.kind == "SALE") == 1


async def test_a_refund_that_another_has_taken_over(
    shop: Shop, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first holder was only slow: both find the same refund, and both give the same answer."""
    bought = await place(shop, ("mug-variant", 1))
    variables = {"input": {"orderId": bought.gid, "refundLineItems": [pieces(bought, 0, 1, "CANCEL")]}}
    answers: list[httpx.Response] = []
    ask = calls.ask

    async def overtaken(*arguments: Any, **more: Any) -> Any:
        monkeypatch.setattr(calls, "ask", ask)
        await set_claims(shop.database, lease_until="-1 s")
        answers.append(await server.send(CREATE, variables))
        return await ask(*arguments, **more)

    monkeypatch.setattr(calls, "ask", overtaken)
    answers.append(await server.send(CREATE, variables))
    assert answers[0].content == answers[1].content
    assert answers[0].json()["data"]["refundCreate"]["userErrors"] == []
    assert [answer.headers.get("Idempotency-Replayed") for answer in answers] == [None, "true"]
    assert await count(shop, refund) == 1
    assert await count(shop, operation, operation.c.kind == "REFUND") == 1
