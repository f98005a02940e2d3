"""A mutation under a key whose server is killed: its repetition has one effect in all, and the answer."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from commerce_graph.embedded import Servers
from commerce_graph.kernel.execution import Engine
from commerce_graph.order import service as orders
from commerce_graph.order.tables import event, refund
from commerce_graph.payment.service import calls
from commerce_graph.payment.service.recovery import settle
from commerce_graph.payment.tables import test_operation as operation
from commerce_graph.payment.tables import transaction
from tests.order.conftest import Placed, balance, place, stock
from tests.order.edits import COMMIT, begun, line_of, put
from tests.order.test_capture import CAPTURE, VOID, status, step_of
from tests.order.test_life import CANCEL, PAID
from tests.order.test_refund import CREATE, pieces
from tests.order.test_return import PROCESS, created, part, sent
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


async def of(shop: Shop, placed: Placed, kind: str) -> int:
    return await count(shop, event, event.c.order_id == placed.id, event.c.kind == kind)


def asked(kind: str) -> Any:
    return operation.c.kind == kind


async def capturing(shop: Shop) -> tuple[Placed, dict[str, Any]]:
    """Return an order, and how to capture a part of it that could be captured twice."""
    held = await place(shop, ("mug-variant", 1), capture=False)
    return held, {"input": {"id": held.gid, "parentTransactionId": await step_of(shop, held), "amount": "10.00"}}


@pytest.mark.parametrize("point", [*STEPS, "noting"])
async def test_a_capture(shop: Shop, servers: Servers, server: Server, point: str) -> None:
    held, variables = await capturing(shop)
    await killed(shop, servers, point, CAPTURE, variables)
    payload = await repeated(shop, server, point, CAPTURE, variables)
    assert payload["userErrors"] == []
    assert payload["transaction"]["status"] == "SUCCESS"
    assert payload["transaction"]["amountSet"]["shopMoney"]["amount"] == "10.00"
    assert (await balance(shop, held)).captured_minor == 1000
    assert await status(shop, held) == "PARTIALLY_PAID"
    assert await count(shop, operation, asked("CAPTURE")) == 1
    assert await of(shop, held, "captured") == 1


async def test_a_capture_that_a_worker_has_finished(shop: Shop, servers: Servers, server: Server) -> None:
    held, variables = await capturing(shop)
    await killed(shop, servers, "asking", CAPTURE, variables)
    assert await settle(shop.resources, older_than_s=0) == 1
    await orders.follow_payment(shop.database, held.id)
    payload = await repeated(shop, server, "asking", CAPTURE, variables)
    assert payload["transaction"]["status"] == "SUCCESS"
    assert (await balance(shop, held)).captured_minor == 1000
    assert await count(shop, operation, asked("CAPTURE")) == 1
    assert await of(shop, held, "captured") == 1, "the worker has told it"


@pytest.mark.parametrize("point", [*STEPS, "noting"])
async def test_a_void(shop: Shop, servers: Servers, server: Server, point: str) -> None:
    held = await place(shop, ("mug-variant", 1), capture=False)
    variables = {"id": await step_of(shop, held)}
    await killed(shop, servers, point, VOID, variables)
    payload = await repeated(shop, server, point, VOID, variables)
    assert payload["userErrors"] == [], "that nothing is held any more is its own doing"
    assert (payload["transaction"]["kind"], payload["transaction"]["status"]) == ("VOID", "SUCCESS")
    assert (await balance(shop, held)).voided_minor == held.total_minor
    assert await status(shop, held) == "VOIDED"
    assert await count(shop, transaction, transaction.c.kind == "VOID") == 1
    assert await of(shop, held, "voided") == 1


@pytest.mark.parametrize("point", STEPS)
async def test_a_return_whose_money_goes_back(shop: Shop, servers: Servers, server: Server, point: str) -> None:
    bought = await place(shop, ("shirt-S-White", 2))
    made = (await created(bought, part(bought, await sent(shop, bought), 2)))["return"]
    row = made["returnLineItems"]["nodes"][0]["id"]
    back = {"id": row, "quantity": 1, "dispositions": [{"quantity": 1, "dispositionType": "RESTOCKED"}]}
    variables = {"input": {"returnId": made["id"], "returnLineItems": [back], "financialTransfer": {"issueRefund": {}}}}
    before = await stock(shop, "shirt-S-White")
    await killed(shop, servers, point, PROCESS, variables)
    payload = await repeated(shop, server, point, PROCESS, variables)
    assert payload["userErrors"] == []
    assert payload["return"]["returnLineItems"]["nodes"][0]["processedQuantity"] == 1
    assert await count(shop, refund) == 1
    assert (await balance(shop, bought)).refunded_minor == 4900
    assert await count(shop, operation, asked("REFUND")) == 1
    assert await stock(shop, "shirt-S-White") == (before[0] + 1, before[1])
    assert await of(shop, bought, "return_processed") == await of(shop, bought, "refunded") == 1


@pytest.mark.parametrize("point", STEPS)
async def test_an_edit_whose_money_goes_back(shop: Shop, servers: Servers, server: Server, point: str) -> None:
    bought = await place(shop, ("shirt-S-White", 2), ("mug-variant", 1))
    edit = await begun(bought)
    await put(shop, edit, line_of(bought, 1), 0)
    await put(shop, edit, line_of(bought), 1)
    await killed(shop, servers, point, COMMIT, {"id": edit})
    payload = await repeated(shop, server, point, COMMIT, {"id": edit})
    assert payload["userErrors"] == [], "that the edit was committed already is its own doing"
    assert [line["currentQuantity"] for line in payload["order"]["lineItems"]["nodes"]] == [1, 0]
    assert payload["order"]["refunds"][0]["status"] == "SUCCESS"
    assert await count(shop, refund) == 1
    assert (await balance(shop, bought)).refunded_minor == 6700
    assert await count(shop, operation, asked("REFUND")) == 1
    assert await stock(shop, "mug-variant") == (3, 0)
    assert await of(shop, bought, "edited") == await of(shop, bought, "refunded") == 1


async def test_an_edit_that_moves_no_money(shop: Shop, servers: Servers, server: Server) -> None:
    bought = await place(shop, ("mug-variant", 1))
    edit = await begun(bought)
    await put(shop, edit, line_of(bought), 2)
    await killed(shop, servers, "keeping", COMMIT, {"id": edit})
    payload = await repeated(shop, server, "keeping", COMMIT, {"id": edit})
    assert payload["userErrors"] == []
    assert [line["currentQuantity"] for line in payload["order"]["lineItems"]["nodes"]] == [2]
    assert await count(shop, refund) == 0
    assert await of(shop, bought, "edited") == 1


async def overtaken_by_itself(
    shop: Shop, server: Server, monkeypatch: pytest.MonkeyPatch, document: str, variables: dict[str, Any]
) -> Any:
    """Let a twin take over from a holder that is only slow; both must give one answer. Returns its payload."""
    answers: list[httpx.Response] = []
    ask = calls.ask

    async def overtaken(*arguments: Any, **more: Any) -> Any:
        monkeypatch.setattr(calls, "ask", ask)
        await set_claims(shop.database, lease_until="-1 s")
        answers.append(await server.send(document, variables))
        return await ask(*arguments, **more)

    monkeypatch.setattr(calls, "ask", overtaken)
    answers.append(await server.send(document, variables))
    assert answers[0].content == answers[1].content
    assert [answer.headers.get("Idempotency-Replayed") for answer in answers] == [None, "true"]
    (payload,) = answers[0].json()["data"].values()
    return payload


async def test_a_refund_that_another_has_taken_over(
    shop: Shop, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    bought = await place(shop, ("mug-variant", 1))
    variables = {"input": {"orderId": bought.gid, "refundLineItems": [pieces(bought, 0, 1, "CANCEL")]}}
    payload = await overtaken_by_itself(shop, server, monkeypatch, CREATE, variables)
    assert payload["userErrors"] == []
    assert await count(shop, refund) == 1
    assert await count(shop, operation, asked("REFUND")) == 1


async def test_a_capture_that_another_has_taken_over(
    shop: Shop, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, variables = await capturing(shop)
    payload = await overtaken_by_itself(shop, server, monkeypatch, CAPTURE, variables)
    assert payload["userErrors"] == []
    assert (await balance(shop, held)).captured_minor == 1000
    assert await count(shop, operation, asked("CAPTURE")) == 1
    assert await of(shop, held, "captured") == 1, "the slow one finds that it is told"


async def test_a_void_that_another_has_taken_over(shop: Shop, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    held = await place(shop, ("mug-variant", 1), capture=False)
    payload = await overtaken_by_itself(shop, server, monkeypatch, VOID, {"id": await step_of(shop, held)})
    assert payload["userErrors"] == []
    assert (await balance(shop, held)).voided_minor == held.total_minor
    assert await count(shop, transaction, transaction.c.kind == "VOID") == 1
    assert await of(shop, held, "voided") == 1
