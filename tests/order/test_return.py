"""Returns: pieces that were sent come back once, are restocked or not, and their money goes back once."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from commerce_graph.kernel.database import count_statements
from commerce_graph.kernel.ids import parse_gid
from commerce_graph.order import service
from commerce_graph.order.tables import line, refund
from tests.order.conftest import Placed, balance, opened, place, stock
from tests.order.edits import begun, code, commit, line_of, put
from tests.order.test_fulfill import send, wish
from tests.order.test_life import cancel
from tests.order.test_refund import create, pieces
from tests.shop import Shop, gid, uid

RETURN = """
fragment R on Return { id name status totalQuantity closedAt decline { reason note } order { id }
  returnLineItems(first: 250) { nodes { id quantity processedQuantity unprocessedQuantity returnReason returnReasonNote
    customerNote lineItem { id currentQuantity } } } }
"""
CREATE = (
    "mutation($input: ReturnInput!) { returnCreate(returnInput: $input) { return { ...R }"
    " userErrors { code field message } } }" + RETURN
)
REQUEST = (
    "mutation($input: ReturnRequestInput!) { returnRequest(input: $input) { return { ...R }"
    " userErrors { code field message } } }" + RETURN
)
ASK = """
mutation($id: ID!, $lines: [RequestedLineItemInput!]!) {
  orderRequestReturn(orderId: $id, requestedLineItems: $lines) {
    return { id name status returnLineItems(first: 9) { nodes { quantity customerNote } } }
    userErrors { code field message } } }
"""
PROCESS = (
    "mutation($input: ReturnProcessInput!) { returnProcess(input: $input) { return { ...R }"
    " userErrors { code field message } } }" + RETURN
)
APPROVE = (
    "mutation($id: ID!) { done: returnApproveRequest(input: {id: $id}) { return { ...R } userErrors { code } } }"
    + RETURN
)
DECLINE = (
    'mutation($id: ID!) { done: returnDeclineRequest(input: {id: $id, declineReason: FINAL_SALE, declineNote: "No"})'
    " { return { ...R } userErrors { code } } }" + RETURN
)
CANCEL, CLOSE, REOPEN = (
    "mutation($id: ID!) { done: " + name + "(id: $id) { return { ...R } userErrors { code } } }" + RETURN
    for name in ("returnCancel", "returnClose", "returnReopen")
)
READ = """
query($id: ID!) { order(id: $id) { returnStatus financialStatus
  returns(first: 9) { nodes { id name status } }
  refunds { totalRefunded { amount } return { name } refundLineItems(first: 9) { nodes { quantity restockType } } }
  lineItems(first: 9) { nodes { quantity currentQuantity } }
  events(first: 50) { nodes { action } } } }
"""


async def sent(shop: Shop, placed: Placed) -> str:
    """Send all of an order, and return the id of its parcel."""
    (order,) = await opened(shop, placed)
    payload = await send(shop, wish(order))
    return str(payload["fulfillment"]["id"])


def part(placed: Placed, parcel: str, quantity: int, index: int = 0, **more: Any) -> dict[str, Any]:
    """Return pieces of a parcel to return."""
    content = f"{parcel.replace('Fulfillment', 'FulfillmentLineItem')}-{placed.lines[index]}"
    return {"fulfillmentLineItemId": content, "quantity": quantity, **more}


async def created(placed: Placed, *parts: dict[str, Any]) -> Any:
    given = {"orderId": placed.gid, "returnLineItems": list(parts)}
    return (await placed.shop.data(CREATE, {"input": given}, "merchant"))["returnCreate"]


async def requested(placed: Placed, *parts: dict[str, Any]) -> Any:
    given = {"orderId": placed.gid, "returnLineItems": list(parts)}
    return (await placed.shop.data(REQUEST, {"input": given}, "merchant"))["returnRequest"]


async def ask(placed: Placed, quantity: int, gid: str | None = None, **who: Any) -> Any:
    lines = [{"lineItemId": placed.line_gid(), "quantity": quantity, "customerNote": "Too small"}]
    given = {"id": gid or placed.gid, "lines": lines}
    return (await placed.shop.data(ASK, given, **who))["orderRequestReturn"]


async def move(shop: Shop, document: str, id: str) -> Any:
    return (await shop.data(document, {"id": id}, "merchant"))["done"]


async def process(
    shop: Shop, made: Any, quantity: int, *dispositions: tuple[int, str], refund: bool = True, index: int = 0,
    **more: Any,
) -> Any:  # fmt: skip
    row = {
        "id": made["returnLineItems"]["nodes"][index]["id"], "quantity": quantity,
        "dispositions": [{"quantity": count, "dispositionType": kind} for count, kind in dispositions],
    }  # fmt: skip
    given = {"returnId": made["id"], "returnLineItems": [row], **more}
    if refund:
        given["financialTransfer"] = {"issueRefund": {}}
    return (await shop.data(PROCESS, {"input": given}, "merchant"))["returnProcess"]


async def read(placed: Placed) -> Any:
    return (await placed.shop.data(READ, {"id": placed.gid}, "merchant"))["order"]


async def counters(shop: Shop, placed: Placed) -> list[tuple[int, int]]:
    async with shop.database.read() as conn:
        rows = await conn.execute(
            select(line.c.returned_quantity, line.c.current_quantity)
            .where(line.c.order_id == placed.id)
            .order_by(line.c.position)
        )
    return [(row[0], row[1]) for row in rows]


async def test_needs_the_scope(shop: Shop, bought: Placed) -> None:
    made = (await created(bought, part(bought, await sent(shop, bought), 1)))["return"]
    for document in (APPROVE, DECLINE, CANCEL, CLOSE, REOPEN):
        for token in ("storefront", "partner"):
            answer = await shop.run(document, {"id": made["id"]}, token)
            assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
    answer = await shop.run("query($id: ID!) { return(id: $id) { id } }", {"id": made["id"]}, "storefront")
    assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


async def test_refusals(shop: Shop, bought: Placed) -> None:
    parcel = gid("Fulfillment", "nothing")
    assert code(await created(bought, part(bought, parcel, 1))) == "INVALID", "nothing was sent yet"
    parcel = await sent(shop, bought)
    assert code(await created(Placed(shop, uid("nothing"), bought.lines, 0), part(bought, parcel, 1))) == "NOT_FOUND"
    assert code(await created(bought)) == "INVALID"
    for quantity in (0, -1, 3):
        assert code(await created(bought, part(bought, parcel, quantity))) == "INVALID"
    assert code(await created(bought, part(bought, parcel, 1, returnReasonNote="x" * 5_001))) == "INVALID"
    assert code(await created(bought, *[part(bought, parcel, 1)] * 3)) == "INVALID", "three of two"
    other = await place(shop, ("mug-variant", 1))
    assert code(await created(bought, part(other, parcel, 1))) == "INVALID"
    await cancel(shop, other)
    assert code(await created(other, part(other, parcel, 1))) == "INVALID_STATE"
    nothing = gid("Return", "nothing")
    for document in (APPROVE, DECLINE, CANCEL, CLOSE, REOPEN):
        assert code(await move(shop, document, nothing)) == "NOT_FOUND"
    made = (await created(bought, part(bought, parcel, 2)))["return"]
    assert code(await created(bought, part(bought, parcel, 1))) == "INVALID", "they are in a return already"
    for document in (APPROVE, DECLINE, REOPEN):
        assert code(await move(shop, document, made["id"])) == "INVALID_STATE"
    assert code(await process(shop, {**made, "id": nothing}, 1)) == "NOT_FOUND"
    assert code(await process(shop, made, 3)) == "INVALID"
    assert code(await process(shop, made, 2, (1, "RESTOCKED"))) == "INVALID"
    assert code(await process(shop, made, 1, (2, "RESTOCKED"), (-1, "MISSING"))) == "INVALID"
    unknown = {**made, "returnLineItems": {"nodes": [{"id": gid("ReturnLineItem", "nothing")}]}}
    assert code(await process(shop, unknown, 1)) == "INVALID"
    await move(shop, CLOSE, made["id"])
    assert code(await process(shop, made, 1)) == "INVALID_STATE"


async def test_from_the_request_to_the_refund(shop: Shop) -> None:
    placed = await place(shop, ("shirt-S-White", 3), ("mug-variant", 1))
    parcel = await sent(shop, placed)
    assert await stock(shop, "shirt-S-White") == (12, 0)
    wanted = part(placed, parcel, 3, returnReason="SIZE_TOO_SMALL", customerNote="Too small")
    made = (await requested(placed, wanted))["return"]
    assert (made["name"], made["status"], made["totalQuantity"]) == ("#1001-R1", "REQUESTED", 3)
    (row,) = made["returnLineItems"]["nodes"]
    assert (row["returnReason"], row["customerNote"], row["unprocessedQuantity"]) == ("SIZE_TOO_SMALL", "Too small", 3)
    assert (await read(placed))["returnStatus"] == "RETURN_REQUESTED"
    assert code(await process(shop, made, 1)) == "INVALID_STATE", "it was not approved"
    assert (await move(shop, APPROVE, made["id"]))["return"]["status"] == "OPEN"
    assert (await read(placed))["returnStatus"] == "IN_PROGRESS"
    done = await process(shop, made, 2, (1, "RESTOCKED"), (1, "NOT_RESTOCKED"))
    assert done["userErrors"] == []
    (row,) = done["return"]["returnLineItems"]["nodes"]
    assert (row["processedQuantity"], row["unprocessedQuantity"], row["lineItem"]["currentQuantity"]) == (2, 1, 1)
    assert await stock(shop, "shirt-S-White") == (13, 0)
    assert (await balance(shop, placed)).refunded_minor == 9800
    await process(shop, made, 1, (1, "RESTOCKED"), refundShipping={"fullRefund": True})
    order = await read(placed)
    assert (order["returnStatus"], order["financialStatus"]) == ("INSPECTION_COMPLETE", "PARTIALLY_REFUNDED")
    assert [each["totalRefunded"]["amount"] for each in order["refunds"]] == ["98.00", "53.90"]
    assert [each["return"]["name"] for each in order["refunds"]] == ["#1001-R1"] * 2
    assert code(await move(shop, CANCEL, made["id"])) == "INVALID_STATE"
    closed = (await move(shop, CLOSE, made["id"]))["return"]
    assert (closed["status"], closed["closedAt"] is not None) == ("CLOSED", True)
    order = await read(placed)
    assert order["returnStatus"] == "RETURNED"
    assert [each["action"] for each in order["events"]["nodes"]] == [
        "placed", "paid", "fulfilled", "return_requested", "return_approved", "refund_created", "return_processed",
        "refunded", "refund_created", "return_processed", "refunded", "return_closed",
    ]  # fmt: skip
    assert await stock(shop, "shirt-S-White") == (14, 0)
    again = (await move(shop, REOPEN, made["id"]))["return"]
    assert (again["status"], again["closedAt"]) == ("OPEN", None)


async def test_goods_may_come_back_without_money_and_money_be_another_sum(shop: Shop, bought: Placed) -> None:
    made = (await created(bought, part(bought, await sent(shop, bought), 2)))["return"]
    await process(shop, made, 1, (1, "RESTOCKED"), refund=False, refundShipping={"fullRefund": True})
    assert (await balance(shop, bought)).refunded_minor == 0
    money = {"issueRefund": {"orderTransactions": [{"amount": "10.00"}]}}
    await process(shop, made, 1, refund=False, financialTransfer=money)
    assert (await balance(shop, bought)).refunded_minor == 1000
    assert await stock(shop, "shirt-S-White") == (14, 0)
    order = await read(bought)
    assert [each["totalRefunded"]["amount"] for each in order["refunds"]] == ["0.00", "10.00"]
    kinds = [each["refundLineItems"]["nodes"][0]["restockType"] for each in order["refunds"]]
    assert kinds == ["RETURN", "NO_RESTOCK"]


@pytest.mark.parametrize(("document", "status"), [(DECLINE, "DECLINED"), (CANCEL, "CANCELED")])
async def test_pieces_of_a_return_that_is_off_can_be_returned_again(
    shop: Shop, bought: Placed, document: str, status: str
) -> None:
    parcel = await sent(shop, bought)
    made = (await requested(bought, part(bought, parcel, 2)))["return"]
    assert await counters(shop, bought) == [(2, 2), (0, 1)]
    done = (await move(shop, document, made["id"]))["return"]
    assert done["status"] == status
    assert done["decline"] == ({"reason": "FINAL_SALE", "note": "No"} if status == "DECLINED" else None)
    assert await counters(shop, bought) == [(0, 2), (0, 1)]
    assert (await read(bought))["returnStatus"] == "NO_RETURN"
    assert code(await move(shop, APPROVE, made["id"])) == "INVALID_STATE"
    assert (await created(bought, part(bought, parcel, 2)))["return"]["name"] == "#1001-R2"


async def test_who_may_ask_for_a_return(shop: Shop) -> None:
    placed = await place(shop, ("shirt-S-White", 2), customer="ada")
    await sent(shop, placed)
    assert code(await ask(placed, 1)) == "NOT_FOUND"
    assert code(await ask(placed, 1, token="merchant")) == "NOT_FOUND"
    made = (await ask(placed, 1, customer="ada"))["return"]
    assert (made["status"], made["returnLineItems"]["nodes"]) == (
        "REQUESTED", [{"quantity": 1, "customerNote": "Too small"}],
    )  # fmt: skip
    assert (await ask(placed, 1, placed.capability))["userErrors"] == []
    assert code(await ask(placed, 1, customer="ada")) == "INVALID"


async def test_a_buyer_names_lines_and_the_oldest_parcels_are_taken(shop: Shop) -> None:
    placed = await place(shop, ("shirt-S-White", 3), customer="ada")
    for _ in range(3):
        (order,) = await opened(shop, placed)
        await send(shop, wish(order, 1))
    made = (await ask(placed, 2, customer="ada"))["return"]
    assert [each["quantity"] for each in made["returnLineItems"]["nodes"]] == [1, 1]
    assert await counters(shop, placed) == [(2, 3)]


async def test_what_can_be_returned(shop: Shop) -> None:
    document = """query($id: ID!) { order(id: $id) { returnInformation { returnableLineItems(first: 9) {
      nodes { quantity lineItem { id } } } } } }"""

    async def left() -> list[int]:
        order = (await shop.data(document, {"id": placed.gid}, customer="ada"))["order"]
        return [each["quantity"] for each in order["returnInformation"]["returnableLineItems"]["nodes"]]

    placed = await place(shop, ("shirt-S-White", 3), ("mug-variant", 1), customer="ada")
    assert await left() == []
    (order,) = await opened(shop, placed)
    await send(shop, wish(order, 2))
    assert await left() == [2]
    made = (await ask(placed, 1, customer="ada"))["return"]
    assert await left() == [1]
    await move(shop, DECLINE, made["id"])
    await create(shop, placed, pieces(placed, 0, 1, "NO_RESTOCK"))
    assert await left() == [1]


async def test_what_was_refunded_cannot_be_returned(shop: Shop, bought: Placed) -> None:
    parcel = await sent(shop, bought)
    await create(shop, bought, pieces(bought, 0, 1, "NO_RESTOCK"))
    assert code(await created(bought, part(bought, parcel, 2))) == "INVALID"
    made = (await created(bought, part(bought, parcel, 1)))["return"]
    await create(shop, bought, pieces(bought, 0, 1, "NO_RESTOCK"))
    assert code(await process(shop, made, 1)) == "INVALID", "its money went back already"
    assert (await balance(shop, bought)).refunded_minor == 9800


async def test_pieces_in_a_return_and_refunded_ones_are_both_off(shop: Shop) -> None:
    placed = await place(shop, ("shirt-S-White", 3))
    parcel = await sent(shop, placed)
    await create(shop, placed, pieces(placed, 0, 1, "NO_RESTOCK"))
    await created(placed, part(placed, parcel, 1))
    assert code(await created(placed, part(placed, parcel, 2))) == "INVALID", "one is left"
    assert (await created(placed, part(placed, parcel, 1)))["userErrors"] == []


async def test_the_database_lets_no_more_come_back_than_was_sent(shop: Shop, bought: Placed) -> None:
    async with shop.database.begin() as tx:
        with pytest.raises(IntegrityError, match="returned_range"):
            await tx.execute(update(line).where(line.c.order_id == bought.id).values(returned_quantity=1))
        await tx.rollback()


async def test_pieces_that_were_not_sent_do_not_come_back(shop: Shop, bought: Placed) -> None:
    (order,) = await opened(shop, bought)
    parcel = (await send(shop, wish(order, 1)))["fulfillment"]["id"]
    assert code(await created(bought, part(bought, parcel, 2))) == "INVALID"
    made = (await created(bought, part(bought, parcel, 1)))["return"]
    await create(shop, bought, pieces(bought, 0, 1, "NO_RESTOCK"))
    assert code(await process(shop, made, 1, (1, "MISSING"))) == "INVALID", "one is left, and it was not sent"


@pytest.mark.parametrize("_try", range(3))
async def test_returned_twice_at_once(shop: Shop, bought: Placed, _try: int) -> None:
    parcel = await sent(shop, bought)
    payloads = await asyncio.gather(*(created(bought, part(bought, parcel, 2)) for _ in range(4)))
    assert sorted(len(payload["userErrors"]) for payload in payloads) == [0, 1, 1, 1]
    assert await counters(shop, bought) == [(2, 2), (0, 1)]


@pytest.mark.parametrize("_try", range(3))
async def test_processed_twice_at_once(shop: Shop, bought: Placed, _try: int) -> None:
    made = (await created(bought, part(bought, await sent(shop, bought), 2)))["return"]
    payloads = await asyncio.gather(*(process(shop, made, 2, (2, "RESTOCKED")) for _ in range(4)))
    assert sorted(len(payload["userErrors"]) for payload in payloads) == [0, 1, 1, 1]
    assert await stock(shop, "shirt-S-White") == (15, 0)
    assert (await balance(shop, bought)).refunded_minor == 9800


@pytest.mark.parametrize("_try", range(3))
async def test_returned_and_refunded_at_once(shop: Shop, bought: Placed, _try: int) -> None:
    made = (await created(bought, part(bought, await sent(shop, bought), 2)))["return"]
    processed, refunded = await asyncio.gather(
        process(shop, made, 2, (2, "RESTOCKED")), create(shop, bought, pieces(bought, 0, 2, "RETURN"))
    )
    assert len(processed["userErrors"]) + len(refunded["userErrors"]) == 1
    assert await stock(shop, "shirt-S-White") == (15, 0)
    assert (await balance(shop, bought)).refunded_minor == 9800


async def test_edited_and_returned_at_once(shop: Shop, bought: Placed) -> None:
    (order,) = await opened(shop, bought)
    parcel = (await send(shop, wish(order, 1)))["fulfillment"]["id"]
    edit = await begun(bought)
    await put(shop, edit, line_of(bought), 1)
    edited, made = await asyncio.gather(commit(shop, edit), created(bought, part(bought, parcel, 1)))
    assert edited["userErrors"] == made["userErrors"] == []
    await process(shop, made["return"], 1, (1, "RESTOCKED"))
    assert await counters(shop, bought) == [(1, 0), (0, 1)]
    assert (await balance(shop, bought)).refunded_minor == 9800
    assert await stock(shop, "shirt-S-White") == (15, 0)


async def test_a_worker_finishes_the_refund_of_a_dead_request(
    shop: Shop, bought: Placed, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = (await created(bought, part(bought, await sent(shop, bought), 2)))["return"]

    async def dead(*_: object) -> str:
        return "PENDING"

    with monkeypatch.context() as patch:
        patch.setattr("commerce_graph.order.service.settlement.finish_refund", dead)
        await process(shop, made, 2, (2, "RESTOCKED"))
    assert (await balance(shop, bought)).refunded_minor == 0
    await asyncio.gather(*(service.finish_refunds(shop.database, 0) for _ in range(3)))
    assert (await balance(shop, bought)).refunded_minor == 9800
    async with shop.database.read() as conn:
        assert (await conn.execute(select(refund.c.status))).scalar_one() == "SUCCESS"


async def returned_lines(shop: Shop, lines: int) -> tuple[int, int]:
    """Return how many statements it takes to open a return of so many lines, and to process it."""
    placed = await place(shop, *[("print-variant", 1)] * lines)
    parcel = parse_gid(await sent(shop, placed))[1]
    wanted = [service.ReturnedLine(line_id, 1, parcel) for line_id in placed.lines]
    async with shop.database.begin() as tx:
        with count_statements() as opening:
            return_id = await service.open_return(tx, service.NewReturn(placed.id, wanted, False, ("x",)), "m")
    rows = (
        await shop.data(
            "query($id: ID!) { return(id: $id) { returnLineItems(first: 250) { nodes { id } } } }",
            {"id": f"gid://shopify/Return/{return_id}"}, "merchant",
        )
    )["return"]["returnLineItems"]["nodes"]  # fmt: skip
    came = [service.Received(parse_gid(row["id"])[1], 1, [service.Disposition(1, restocked=True)]) for row in rows]
    with count_statements() as processing:
        await service.process_return(shop.database, service.Processing(return_id, came, refund=True), "m")
    return len(opening), len(processing)


async def test_statements_do_not_grow_with_the_lines(shop: Shop) -> None:
    assert await returned_lines(shop, 1) == await returned_lines(shop, 50)


async def test_reading_returns_does_not_grow_with_the_orders(shop: Shop) -> None:
    document = """{ orders(first: 9) { nodes { returnStatus returns(first: 9) { nodes { order { id }
      returnLineItems(first: 9) { nodes { lineItem { id } } } } } refunds { return { id } } } } }"""
    seen = []
    for _ in range(2):
        placed = await place(shop, ("shirt-S-White", 1))
        made = (await created(placed, part(placed, await sent(shop, placed), 1)))["return"]
        await process(shop, made, 1)
        seen.append(len(await shop.statements(document, None, "merchant")))
    assert seen[0] == seen[1]
