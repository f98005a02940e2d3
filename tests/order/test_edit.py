"""Edits: a draft changes nothing; its commit changes lines, stock, what is to be sent and what is due, or nothing."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select, update

from commerce_graph.inventory import service as inventory
from commerce_graph.inventory.tables import level, reservation
from commerce_graph.kernel.database import count_statements
from commerce_graph.kernel.errors import Rejected
from commerce_graph.order import service
from commerce_graph.order.service import edits as editing
from commerce_graph.order.tables import line as lines
from commerce_graph.payment import service as payment
from tests.order.conftest import Placed, balance, opened, place, stock
from tests.order.edits import (
    ADD,
    BEGIN,
    COMMIT,
    PAY,
    SET,
    add,
    amount,
    begin,
    begun,
    code,
    commit,
    line_of,
    put,
    read,
    unknown,
)
from tests.order.test_fulfill import send, wish
from tests.order.test_life import CLOSE, cancel
from tests.shop import Shop, gid, uid


async def test_needs_the_scope(shop: Shop, bought: Placed) -> None:
    edit = await begun(bought)
    asked: list[tuple[str, dict[str, Any]]] = [
        (BEGIN, {"id": bought.gid}),
        (ADD, {"id": edit, "variant": gid("ProductVariant", "mug-variant"), "quantity": 1}),
        (SET, {"id": edit, "line": line_of(bought), "quantity": 1}),
        (COMMIT, {"id": edit}),
    ]
    for document, given in asked:
        for token in ("storefront", "partner"):
            answer = await shop.run(document, given, token)
            assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


async def test_orders_that_cannot_be_edited(shop: Shop, bought: Placed) -> None:
    assert code(await begin(Placed(shop, uid("nothing"), (), 0))) == "NOT_FOUND"
    assert code(await begin(await place(shop, ("mug-variant", 1), capture=False))) == "INVALID_STATE"
    await shop.data(CLOSE, {"id": bought.gid}, "merchant")
    assert code(await begin(bought)) == "INVALID_STATE"
    other = await place(shop, ("print-variant", 1))
    await cancel(shop, other, refund=True)
    assert code(await begin(other)) == "INVALID_STATE"


async def test_changes_that_make_no_sense(shop: Shop, bought: Placed) -> None:
    edit = await begun(bought)
    assert code(await add(shop, unknown("CalculatedOrder"), "print-variant", 1)) == "NOT_FOUND"
    assert code(await add(shop, edit, "print-variant", 0)) == "INVALID"
    assert code(await add(shop, edit, "print-variant", 10_001)) == "INVALID"
    assert code(await add(shop, edit, "mug-variant", 1)) == "INVALID", "the order has it already"
    assert code(await add(shop, edit, "chair-variant", 1)) == "INVALID", "nobody may buy it"
    assert code(await put(shop, unknown("CalculatedOrder"), line_of(bought), 1)) == "NOT_FOUND"
    assert code(await put(shop, edit, unknown("CalculatedLineItem"), 1)) == "INVALID"
    assert code(await put(shop, edit, line_of(bought), -1)) == "INVALID"
    assert code(await put(shop, edit, line_of(bought), 10_001)) == "INVALID"
    async with shop.database.begin() as tx:
        await tx.execute(update(lines).where(lines.c.id == bought.lines[1]).values(variant_id=None))
    assert code(await put(shop, edit, line_of(bought, 1), 2)) == "INVALID", "nobody knows what it was"
    assert code(await commit(shop, edit)) == "INVALID", "nothing was changed"
    assert code(await commit(shop, unknown("CalculatedOrder"))) == "NOT_FOUND"
    assert code(await commit(shop, edit, "x" * 256)) == "INVALID"
    (order,) = await opened(shop, bought)
    await send(shop, wish(order, 1))
    edit = await begun(bought)
    assert code(await put(shop, edit, line_of(bought), 0)) == "INVALID", "one was sent"
    assert (await put(shop, edit, line_of(bought), 1))["userErrors"] == []


async def test_a_draft_adds_up_and_changes_nothing(shop: Shop, bought: Placed) -> None:
    before = await read(bought)
    edit = await begun(bought)
    await put(shop, edit, line_of(bought), 5)
    payload = await add(shop, edit, "print-variant", 2)
    added = payload["calculatedLineItem"]
    await put(shop, edit, added["id"], 1)
    draft = (await put(shop, edit, bought.line_gid(1), 0))["calculatedOrder"]
    lines = draft["lineItems"]["nodes"]
    assert [(each["quantity"], each["editableQuantity"], each["editableQuantityBeforeChanges"]) for each in lines] == [
        (5, 5, 2), (0, 0, 1), (1, 1, 0),
    ]  # fmt: skip
    assert [each["restocking"] for each in lines] == [False, True, False]
    assert [each["id"] for each in draft["addedLineItems"]["nodes"]] == [added["id"]]
    assert (draft["committed"], draft["subtotalLineItemsQuantity"]) == (False, 6)
    # 120.90 before, three shirts more, a print, no mug.
    assert amount(draft["totalPriceSet"]) == "279.90"
    assert amount(draft["totalOutstandingSet"]) == "159.00"
    assert draft["originalOrder"]["id"] == bought.gid
    assert await read(bought) == before
    assert await stock(shop, "shirt-S-White") == (15, 2)


async def test_what_is_added_is_due_and_can_be_paid(shop: Shop, bought: Placed) -> None:
    edit = await begun(bought)
    await put(shop, edit, line_of(bought), 4)
    await add(shop, edit, "print-variant", 1)
    order = (await commit(shop, edit, "They called"))["order"]
    assert (order["edited"], order["financialStatus"]) == (True, "PARTIALLY_PAID")
    totals = ("totalPriceSet", "currentTotalPriceSet", "totalOutstandingSet", "totalReceivedSet", "netPaymentSet")
    assert [amount(order[name]) for name in totals] == ["248.90", "248.90", "128.00", "120.90", "120.90"]
    assert [(each["quantity"], each["currentQuantity"]) for each in order["lineItems"]["nodes"]] == [
        (4, 4), (1, 1), (1, 1),
    ]  # fmt: skip
    # 19.29 before; four shirts bear 31.29 at today's rate, two 15.65; a print bears 4.79.
    assert amount(order["totalTaxSet"]) == "39.72"
    assert order["taxLines"] == [{"title": "VAT", "price": {"amount": "39.72"}}]
    assert await stock(shop, "shirt-S-White") == (15, 4)
    assert await stock(shop, "print-variant") == (0, 1)
    assert order["events"]["nodes"][-1]["message"] == (
        "The order was edited: 3 pieces were added, 128.00 EUR more is due."
    )
    paid = (await shop.data(PAY, {"id": bought.gid}, "merchant"))["orderMarkAsPaid"]["order"]
    assert (paid["financialStatus"], amount(paid["totalOutstandingSet"])) == ("PAID", "0.00")
    assert [each["action"] for each in paid["events"]["nodes"]] == ["placed", "paid", "edited", "paid"]
    for each in await opened(shop, bought):
        assert (await send(shop, wish(each)))["userErrors"] == []
    assert (await read(bought))["displayFulfillmentStatus"] == "FULFILLED"
    assert await stock(shop, "shirt-S-White") == (11, 0)
    assert await stock(shop, "print-variant") == (-1, 0)
    async with shop.database.read() as conn:
        assert not await inventory.allocations(conn, bought.id)


@pytest.mark.parametrize(("restock", "left"), [(True, (3, 0)), (False, (2, 0))])
async def test_what_is_taken_off_is_refunded(shop: Shop, bought: Placed, restock: bool, left: tuple[int, int]) -> None:
    edit = await begun(bought)
    await put(shop, edit, line_of(bought, 1), 0, restock=restock)
    order = (await commit(shop, edit))["order"]
    assert order["financialStatus"] == "PARTIALLY_REFUNDED"
    (made,) = order["refunds"]
    assert (made["status"], made["totalRefunded"]["amount"]) == ("SUCCESS", "18.00")
    kind = "CANCEL" if restock else "NO_RESTOCK"
    assert made["refundLineItems"]["nodes"] == [{"quantity": 1, "restockType": kind}]
    assert [(each["quantity"], each["currentQuantity"]) for each in order["lineItems"]["nodes"]] == [(2, 2), (1, 0)]
    assert [amount(order[name]) for name in ("totalPriceSet", "currentTotalPriceSet", "netPaymentSet")] == [
        "120.90", "102.90", "102.90",
    ]  # fmt: skip
    assert [each["action"] for each in order["events"]["nodes"]] == ["placed", "paid", "edited", "refunded"]
    assert await stock(shop, "mug-variant") == left
    assert (await balance(shop, bought)).refunded_minor == 1800


async def test_an_exchange_gives_back_the_difference_only(shop: Shop, bought: Placed) -> None:
    edit = await begun(bought)
    await put(shop, edit, line_of(bought, 1), 0)
    await add(shop, edit, "guide-variant", 1)
    order = (await commit(shop, edit))["order"]
    assert [each["totalRefunded"]["amount"] for each in order["refunds"]] == ["8.01"]
    assert amount(order["currentTotalPriceSet"]) == amount(order["netPaymentSet"]) == "112.89"
    assert amount(order["totalOutstandingSet"]) == "0.00"


async def test_what_was_not_paid_yet_is_not_refunded(shop: Shop, bought: Placed) -> None:
    edit = await begun(bought)
    added = (await add(shop, edit, "print-variant", 2))["calculatedLineItem"]["id"]
    assert (await commit(shop, edit))["order"]["financialStatus"] == "PARTIALLY_PAID"
    edit = await begun(bought)
    await put(shop, edit, added, 1)
    order = (await commit(shop, edit))["order"]
    assert (order["financialStatus"], amount(order["totalOutstandingSet"])) == ("PARTIALLY_PAID", "30.00")
    edit = await begun(bought)
    await put(shop, edit, added, 0)
    await put(shop, edit, line_of(bought, 1), 0)
    order = (await commit(shop, edit))["order"]
    # 30.00 are not due any more; the mug was paid.
    assert [each["totalRefunded"]["amount"] for each in order["refunds"]] == ["0.00", "18.00"]
    assert (order["financialStatus"], amount(order["totalOutstandingSet"])) == ("PARTIALLY_REFUNDED", "0.00")
    assert amount(order["currentTotalPriceSet"]) == amount(order["netPaymentSet"]) == "102.90"


async def test_taxes_that_are_added_are_due_and_go_back(shop: Shop) -> None:
    placed = await place(shop, ("mug-variant", 2), tax_included=False)
    edit = await begun(placed)
    await add(shop, edit, "print-variant", 1)
    order = (await commit(shop, edit))["order"]
    assert amount(order["totalOutstandingSet"]) == "35.70"
    await shop.data(PAY, {"id": placed.gid}, "merchant")
    edit = await begun(placed)
    await put(shop, edit, line_of(placed), 1)
    assert (await commit(shop, edit))["order"]["refunds"][0]["totalRefunded"]["amount"] == "21.42"


async def test_a_free_order_comes_to_cost_something(shop: Shop) -> None:
    placed = await place(shop, ("guide-variant", 1), free=True)
    edit = await begun(placed)
    await add(shop, edit, "mug-variant", 1)
    order = (await commit(shop, edit))["order"]
    assert (order["financialStatus"], amount(order["totalOutstandingSet"])) == ("PENDING", "18.00")
    paid = (await shop.data(PAY, {"id": placed.gid}, "merchant"))["orderMarkAsPaid"]["order"]
    assert paid["financialStatus"] == "PAID"


async def test_more_is_to_be_sent_of_an_order_that_was_sent(shop: Shop, bought: Placed) -> None:
    (order,) = await opened(shop, bought)
    await send(shop, wish(order))
    edit = await begun(bought)
    await put(shop, edit, line_of(bought), 3)
    edited = (await commit(shop, edit))["order"]
    assert edited["displayFulfillmentStatus"] == "PARTIALLY_FULFILLED"
    (part,) = edited["fulfillmentOrders"]["nodes"]
    assert part["status"] == "IN_PROGRESS"
    assert [(x["totalQuantity"], x["remainingQuantity"]) for x in part["lineItems"]["nodes"]] == [(3, 1), (1, 0)]
    (order,) = await opened(shop, bought)
    await send(shop, wish(order))
    assert (await read(bought))["displayFulfillmentStatus"] == "FULFILLED"
    assert await stock(shop, "shirt-S-White") == (12, 0)


async def test_what_is_not_there_refuses_the_whole_edit(shop: Shop, bought: Placed) -> None:
    before = await read(bought)
    edit = await begun(bought)
    await put(shop, edit, line_of(bought), 0)
    await put(shop, edit, line_of(bought, 1), 4)  # two are left, and it has one
    payload = await commit(shop, edit)
    assert (code(payload), payload["userErrors"][0]["message"]) == (
        "OUT_OF_STOCK", "only 2 of Stone Mug can be added",
    )  # fmt: skip
    assert await read(bought) == before
    assert await stock(shop, "shirt-S-White") == (15, 2)
    await put(shop, edit, line_of(bought, 1), 3)
    assert (await commit(shop, edit))["userErrors"] == [], "the draft can be mended and committed"
    assert await stock(shop, "mug-variant") == (3, 3)


async def test_an_order_that_changed_meanwhile_refuses_the_commit(shop: Shop, bought: Placed) -> None:
    stale = await begun(bought)
    await put(shop, stale, line_of(bought), 1)
    (order,) = await opened(shop, bought)
    await send(shop, wish(order, 1))
    assert code(await commit(shop, stale)) == "ORDER_CHANGED"
    stale, other = await begun(bought), await begun(bought)
    await put(shop, stale, line_of(bought), 1)
    await add(shop, other, "print-variant", 1)
    assert (await commit(shop, other))["userErrors"] == []
    assert code(await commit(shop, stale)) == "ORDER_CHANGED"
    assert code(await commit(shop, other)) == "INVALID_STATE"
    assert code(await add(shop, other, "guide-variant", 1)) == "INVALID_STATE"


async def test_money_of_a_refund_may_arrive_while_an_edit_is_open(shop: Shop, bought: Placed) -> None:
    edit = await begun(bought)
    await put(shop, edit, line_of(bought, 1), 0)
    await payment.refund(shop.database, bought.id, 100, "elsewhere")
    async with shop.database.begin() as tx:
        await service.note_payment(tx, bought.id, "refunded")
    assert (await commit(shop, edit))["userErrors"] == []


@pytest.mark.parametrize("_try", range(3))
async def test_two_commits_at_once(shop: Shop, bought: Placed, _try: int) -> None:
    edit, other = await begun(bought), await begun(bought)
    await put(shop, edit, line_of(bought, 1), 0)
    await put(shop, other, line_of(bought, 1), 0)
    payloads = await asyncio.gather(*(commit(shop, each) for each in (edit, edit, other, other)))
    codes = sorted(code(payload) for payload in payloads if payload["userErrors"])
    assert len(codes) == 3
    assert set(codes) <= {"INVALID_STATE", "ORDER_CHANGED"}
    assert (await balance(shop, bought)).refunded_minor == 1800
    assert await stock(shop, "mug-variant") == (3, 0)


@pytest.mark.parametrize("_try", range(3))
async def test_edited_and_sent_at_once(shop: Shop, bought: Placed, _try: int) -> None:
    edit = await begun(bought)
    await put(shop, edit, line_of(bought), 1)
    (order,) = await opened(shop, bought)
    edited, sent = await asyncio.gather(commit(shop, edit), send(shop, wish(order)))
    assert sent["userErrors"] == [], "all that is left is sent, whatever that is"
    if edited["userErrors"]:
        assert code(edited) == "ORDER_CHANGED"
        assert await stock(shop, "shirt-S-White") == (13, 0)
    else:
        assert await stock(shop, "shirt-S-White") == (14, 0)
    async with shop.database.read() as conn:
        assert not await inventory.allocations(conn, bought.id)


@pytest.mark.parametrize("_try", range(3))
async def test_edited_and_cancelled_at_once(shop: Shop, bought: Placed, _try: int) -> None:
    edit = await begun(bought)
    await put(shop, edit, line_of(bought, 1), 0)
    await put(shop, edit, line_of(bought), 3)
    edited, cancelled = await asyncio.gather(commit(shop, edit), cancel(shop, bought, refund=True))
    assert cancelled["userErrors"] == []
    if edited["userErrors"]:
        assert code(edited) == "ORDER_CHANGED"
    assert (await balance(shop, bought)).refunded_minor == bought.total_minor
    order = await read(bought)
    assert amount(order["currentTotalPriceSet"]) == amount(order["totalOutstandingSet"]) == "0.00"
    assert await stock(shop, "shirt-S-White") == (15, 0)
    assert await stock(shop, "mug-variant") == (3, 0)


async def test_a_provider_that_refuses_the_refund(shop: Shop, bought: Placed, monkeypatch: pytest.MonkeyPatch) -> None:
    edit = await begun(bought)
    await put(shop, edit, line_of(bought, 1), 0)

    async def refuse(*_: object) -> payment.Outcome:
        return payment.Outcome("FAILURE", "PAYMENT_ERROR", "No.")

    monkeypatch.setattr("commerce_graph.payment.service.refund", refuse)
    payload = await commit(shop, edit)
    assert (payload["order"], code(payload)) == (None, "PAYMENT_FAILED")
    order = await read(bought)
    assert [each["action"] for each in order["events"]["nodes"]] == ["placed", "paid", "edited", "refund_failed"]
    assert (order["financialStatus"], order["refunds"][0]["status"]) == ("PAID", "FAILURE")


async def exchange(placed: Placed, on: str, quantity: int = 1) -> str:
    """Begin an edit that takes an order's first line off and adds something else."""
    edit = await begun(placed)
    await put(placed.shop, edit, line_of(placed), 0)
    await add(placed.shop, edit, on, quantity)
    return edit


async def sound(shop: Shop) -> None:
    """Check that what is committed is what is reserved, and that nothing is oversold."""
    async with shop.database.read() as conn:
        over = select(func.count()).select_from(level).where(level.c.committed > level.c.on_hand, ~level.c.oversell)
        assert (await conn.execute(over)).scalar_one() == 0
        held, committed = func.sum(reservation.c.quantity), func.sum(level.c.committed)
        assert (await conn.execute(select(held))).scalar_one() == (await conn.execute(select(committed))).scalar_one()


async def test_edits_that_exchange_crosswise_do_not_wait_in_a_circle(shop: Shop) -> None:
    white, blue = "shirt-S-White", "shirt-M-Blue"
    edits = []
    for _ in range(7):
        edits += [
            await exchange(await place(shop, (white, 1)), blue),
            await exchange(await place(shop, (blue, 1)), white),
        ]
    payloads = await asyncio.gather(*(commit(shop, edit) for edit in edits))
    assert [payload["userErrors"] for payload in payloads] == [[]] * 14
    assert await stock(shop, white) == await stock(shop, blue) == (15, 7)
    await sound(shop)


async def test_edits_of_many_orders_do_not_oversell(shop: Shop) -> None:
    edits = [await exchange(await place(shop, ("shirt-S-White", 1)), "shirt-M-Blue", 4) for _ in range(8)]
    payloads = await asyncio.gather(*(commit(shop, edit) for edit in edits))
    assert [code(payload) for payload in payloads if payload["userErrors"]] == ["OUT_OF_STOCK"] * 5
    assert await stock(shop, "shirt-M-Blue") == (15, 12)
    assert await stock(shop, "shirt-S-White") == (15, 5)
    await sound(shop)


async def edited_lines(shop: Shop, lines: int) -> int:
    """Return how many statements it takes to commit an edit that changes so many lines, adding and taking off."""
    placed = await place(shop, *[("print-variant", 2)] * lines)
    async with shop.database.begin() as tx:
        edit_id = await service.begin_edit(tx, placed.id, "merchant")
        for at, line_id in enumerate(placed.lines):
            await service.set_quantity(tx, edit_id, line_id, 3 if at % 2 else 1, restock=True)
        for _ in range(lines):
            await service.add_variant(tx, edit_id, uid("print-variant"), 1, allow_duplicates=True)
    with count_statements() as seen:
        await service.commit_edit(shop.database, service.Commit(edit_id), "merchant")
    return len(seen)


async def test_statements_do_not_grow_with_the_lines(shop: Shop) -> None:
    assert await edited_lines(shop, 2) == await edited_lines(shop, 50)


async def test_a_fault_in_the_middle_changes_nothing(
    shop: Shop, bought: Placed, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await read(bought)
    edit = await begun(bought)
    await put(shop, edit, line_of(bought, 1), 0)
    await put(shop, edit, line_of(bought), 5)

    async def fail(*_: object) -> None:
        raise Rejected("INVALID", None, "a fault")

    with monkeypatch.context() as patch:
        patch.setattr(editing, "hand_over", fail)
        assert code(await commit(shop, edit)) == "INVALID"
    assert await read(bought) == before
    assert await stock(shop, "shirt-S-White") == (15, 2)
    assert (await commit(shop, edit))["userErrors"] == []
