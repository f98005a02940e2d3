"""Merchants set and adjust quantities: all or none, and never over one another's heads."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from commerce_graph.inventory import rules
from commerce_graph.inventory.tables import adjustment, level, location, movement
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.database import Database, count_statements
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.limits import INVENTORY_CHANGES_MAX
from tests.inventory.stock import assert_sound, hold, make, published, quantities, want
from tests.shop import Shop, gid, uid

SET = """mutation($input: InventorySetQuantitiesInput!) { inventorySetQuantities(input: $input) {
  inventoryAdjustmentGroup { id createdAt reason referenceDocumentUri
    changes { name delta quantityAfterChange item { id } location { name } }
    onHand: changes(quantityNames: ["on_hand"]) { quantityAfterChange } }
  userErrors { code field message } } }"""
ADJUST = """mutation($input: InventoryAdjustQuantitiesInput!) { inventoryAdjustQuantities(input: $input) {
  inventoryAdjustmentGroup { changes { name delta quantityAfterChange } }
  userErrors { code field message } } }"""


def at(variant: str = "mug-variant", place: str = "berlin", **more: Any) -> dict[str, Any]:
    """Return an entry of the input."""
    return {"inventoryItemId": gid("InventoryItem", variant), "locationId": gid("Location", place), **more}


async def set_to(shop: Shop, *entries: dict[str, Any], **more: Any) -> Any:
    given = {"name": "available", "reason": "correction", "quantities": list(entries), **more}
    return (await shop.data(SET, {"input": given}, "merchant"))["inventorySetQuantities"]


async def adjust(shop: Shop, *entries: dict[str, Any], **more: Any) -> Any:
    given = {"name": "available", "reason": "received", "changes": list(entries), **more}
    return (await shop.data(ADJUST, {"input": given}, "merchant"))["inventoryAdjustQuantities"]


def refused(answer: Any) -> tuple[str, list[str]]:
    """Return code and field of the one refusal."""
    (error,) = answer["userErrors"]
    assert answer["inventoryAdjustmentGroup"] is None
    return error["code"], error["field"]


async def test_stock_is_for_merchants_to_change(shop: Shop) -> None:
    for document, given in (
        (SET, {"name": "available", "reason": "correction", "quantities": []}),
        (ADJUST, {"name": "available", "reason": "correction", "changes": []}),
    ):
        answer = await shop.run(document, {"input": given})
        assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


NOBODY = {"inventoryItemId": to_gid("InventoryItem", new_id())}
NOWHERE = {"locationId": to_gid("Location", new_id())}
FIRST = ["input", "quantities", "0"]


@pytest.mark.parametrize(
    ("entry", "more", "code", "field"),
    [
        (at(quantity=1), {"name": "committed"}, "INVALID_NAME", ["input", "name"]),
        (at(quantity=1), {"reason": "boredom"}, "INVALID_REASON", ["input", "reason"]),
        (at(quantity=1), {"referenceDocumentUri": "a note"}, "INVALID_REFERENCE_DOCUMENT",
         ["input", "referenceDocumentUri"]),
        (at(quantity=-1), {}, "INVALID_QUANTITY_NEGATIVE", [*FIRST, "quantity"]),
        (at(quantity=1_000_000_001), {}, "INVALID_QUANTITY_TOO_HIGH", [*FIRST, "quantity"]),
        (at(quantity=1) | NOBODY, {}, "INVALID_INVENTORY_ITEM", [*FIRST, "inventoryItemId"]),
        (at(quantity=1) | NOWHERE, {}, "INVALID_LOCATION", [*FIRST, "locationId"]),
        (at(quantity=1), {"ignoreCompareQuantity": False}, "COMPARE_QUANTITY_REQUIRED", [*FIRST, "compareQuantity"]),
        (at(quantity=1, compareQuantity=4), {"ignoreCompareQuantity": False}, "COMPARE_QUANTITY_STALE",
         [*FIRST, "compareQuantity"]),
        (at(quantity=1, changeFromQuantity=4), {}, "CHANGE_FROM_QUANTITY_STALE", [*FIRST, "changeFromQuantity"]),
    ],
)  # fmt: skip
async def test_what_may_not_be_set(
    shop: Shop, database: Database, entry: dict[str, Any], more: dict[str, Any], code: str, field: list[str]
) -> None:
    given = {"ignoreCompareQuantity": True, **more}
    assert refused(await set_to(shop, entry, **given)) == (code, field)
    assert await quantities(database, "mug-variant") == {"berlin": (3, 0), "newark": (0, 0)}
    async with database.read() as conn:
        assert (await conn.execute(select(adjustment))).all() == []
        assert await published(conn) == []


async def test_all_or_none(shop: Shop, database: Database) -> None:
    answer = await set_to(shop, at(quantity=9), at("lamp-variant", quantity=-1), ignoreCompareQuantity=True)
    assert refused(answer) == ("INVALID_QUANTITY_NEGATIVE", ["input", "quantities", "1", "quantity"])
    answer = await set_to(shop, at(quantity=9), at(quantity=8), ignoreCompareQuantity=True)
    assert refused(answer) == ("NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR", ["input", "quantities", "1"])
    assert await quantities(database, "mug-variant") == {"berlin": (3, 0), "newark": (0, 0)}


async def test_one_past_the_limit(shop: Shop, database: Database) -> None:
    names = await make(database, INVENTORY_CHANGES_MAX + 1, 1)
    entries = [at(name, quantity=2, changeFromQuantity=None) for name in names]
    assert refused(await set_to(shop, *entries)) == ("TOO_MANY_CHANGES", ["input", "quantities"])
    assert (await set_to(shop, *entries[:-1]))["userErrors"] == []


async def test_what_is_sold_cannot_be_counted_away(shop: Shop, database: Database) -> None:
    await hold(database, want("mug-variant", 2))
    answer = await set_to(shop, at(quantity=1), name="on_hand", ignoreCompareQuantity=True)
    assert refused(answer) == ("INVALID_QUANTITY_TOO_LOW", [*FIRST, "quantity"])
    assert (await set_to(shop, at(quantity=2), name="on_hand", ignoreCompareQuantity=True))["userErrors"] == []
    assert await quantities(database, "mug-variant") == {"berlin": (2, 2), "newark": (0, 0)}


async def test_a_closed_location_takes_nothing(shop: Shop, database: Database) -> None:
    async with database.begin() as tx:
        await tx.execute(update(location).where(location.c.id == uid("berlin")).values(active=False))
    assert refused(await set_to(shop, at(quantity=1, changeFromQuantity=3)))[0] == "INVALID_LOCATION"


async def test_available_is_set_beside_what_is_committed(shop: Shop, database: Database) -> None:
    await hold(database, want("mug-variant", 2))
    answer = await set_to(
        shop, at(quantity=5, compareQuantity=1), at("lamp-variant", "newark", quantity=7, compareQuantity=0),
        referenceDocumentUri="gid://stocktake/Count/7",
    )  # fmt: skip
    group = answer["inventoryAdjustmentGroup"]
    assert answer["userErrors"] == []
    assert (group["reason"], group["referenceDocumentUri"]) == ("correction", "gid://stocktake/Count/7")
    assert [(c["name"], c["delta"], c["quantityAfterChange"], c["location"]["name"]) for c in group["changes"]] == [
        ("available", 4, 5, "Berlin"), ("on_hand", 4, 7, "Berlin"),
        ("available", 7, 7, "Newark"), ("on_hand", 7, 7, "Newark"),
    ]  # fmt: skip
    assert group["changes"][0]["item"]["id"] == gid("InventoryItem", "mug-variant")
    assert [change["quantityAfterChange"] for change in group["onHand"]] == [7, 7]
    assert await quantities(database, "mug-variant") == {"berlin": (7, 2), "newark": (0, 0)}
    async with database.read() as conn:
        (row,) = (await conn.execute(select(adjustment))).all()
        told = await published(conn)
    assert (row.actor, len(row.changes), to_gid("InventoryAdjustmentGroup", row.id)) == ("merchant", 4, group["id"])
    assert sorted(told) == sorted([("StockChanged", str(uid("mug"))), ("StockChanged", str(uid("lamp")))])


async def test_an_explicit_null_opts_out_of_the_comparison(shop: Shop, database: Database) -> None:
    answer = await set_to(shop, at(quantity=6, changeFromQuantity=None, compareQuantity=99))
    assert answer["userErrors"] == []
    assert await quantities(database, "mug-variant") == {"berlin": (6, 0), "newark": (0, 0)}


async def test_a_quantity_that_is_right_already_changes_nothing(shop: Shop) -> None:
    answer = await set_to(shop, at(quantity=3, compareQuantity=3))
    assert answer["inventoryAdjustmentGroup"]["changes"] == []


async def test_a_level_that_is_missing_is_made(shop: Shop, database: Database) -> None:
    async with database.begin() as tx:
        await tx.execute(delete(level).where(level.c.item_id.in_([uid("mug-variant"), uid("print-variant")])))
    answer = await set_to(
        shop, at(quantity=6, changeFromQuantity=0), at("print-variant", "newark", quantity=0, changeFromQuantity=0)
    )
    assert answer["userErrors"] == []
    assert await quantities(database, "mug-variant") == {"berlin": (6, 0)}
    async with database.read() as conn:
        row = (await conn.execute(select(level).where(level.c.item_id == uid("print-variant")))).one()
    assert row.oversell is True


async def test_of_writers_who_saw_the_same_quantity_one_wins(shop: Shop, database: Database) -> None:
    answers = await asyncio.gather(*(set_to(shop, at(quantity=10 + n, compareQuantity=3)) for n in range(12)))
    codes = [error["code"] for answer in answers for error in answer["userErrors"]]
    assert codes == ["COMPARE_QUANTITY_STALE"] * 11
    (winner,) = [n for n, answer in enumerate(answers) if not answer["userErrors"]]
    assert await quantities(database, "mug-variant") == {"berlin": (10 + winner, 0), "newark": (0, 0)}


async def test_a_missing_level_made_by_many_at_once(shop: Shop, database: Database) -> None:
    async with database.begin() as tx:
        await tx.execute(delete(level).where(level.c.item_id == uid("mug-variant")))
        gone = {"item_id": uid("mug-variant"), "location_id": uid("berlin"), "kind": "ADJUST", "on_hand": -3}
        await tx.execute(insert(movement).values(gone))
    answers = await asyncio.gather(*(adjust(shop, at(delta=1), at("lamp-variant", delta=1)) for _ in range(10)))
    assert not any(answer["userErrors"] for answer in answers)
    assert await quantities(database, "mug-variant") == {"berlin": (10, 0)}
    await assert_sound(database)


@pytest.mark.parametrize(
    ("entry", "more", "code", "field"),
    [
        (at(delta=1), {"name": "committed"}, "INVALID_QUANTITY_NAME", ["input", "name"]),
        (at(delta=1), {"reason": ""}, "INVALID_REASON", ["input", "reason"]),
        (at(delta=1), {"referenceDocumentUri": ""}, "INVALID_REFERENCE_DOCUMENT", ["input", "referenceDocumentUri"]),
        (at(delta=-4), {}, "INVALID_QUANTITY_TOO_LOW", ["input", "changes", "0", "delta"]),
        (at(delta=1_000_000_000), {}, "INVALID_QUANTITY_TOO_HIGH", ["input", "changes", "0", "delta"]),
        (at("print-variant", delta=-1_000_000_001), {}, "INVALID_QUANTITY_TOO_LOW", ["input", "changes", "0", "delta"]),
        (at(delta=1) | NOBODY, {}, "INVALID_INVENTORY_ITEM", ["input", "changes", "0", "inventoryItemId"]),
        (at(delta=1) | NOWHERE, {}, "INVALID_LOCATION", ["input", "changes", "0", "locationId"]),
        (at(delta=1, changeFromQuantity=4), {}, "CHANGE_FROM_QUANTITY_STALE",
         ["input", "changes", "0", "changeFromQuantity"]),
    ],
)  # fmt: skip
async def test_what_may_not_be_adjusted(
    shop: Shop, database: Database, entry: dict[str, Any], more: dict[str, Any], code: str, field: list[str]
) -> None:
    assert refused(await adjust(shop, entry, **more)) == (code, field)
    assert await quantities(database, "mug-variant") == {"berlin": (3, 0), "newark": (0, 0)}


async def test_adjusting(shop: Shop, database: Database) -> None:
    answer = await adjust(shop, at(delta=-2, changeFromQuantity=3), at("print-variant", delta=-2), name="on_hand")
    assert answer["inventoryAdjustmentGroup"]["changes"] == [
        {"name": "on_hand", "delta": -2, "quantityAfterChange": 1},
        {"name": "available", "delta": -2, "quantityAfterChange": 1},
        {"name": "on_hand", "delta": -2, "quantityAfterChange": -2},
        {"name": "available", "delta": -2, "quantityAfterChange": -2},
    ]
    assert await quantities(database, "mug-variant") == {"berlin": (1, 0), "newark": (0, 0)}


async def test_adjustments_at_the_same_time_all_count(shop: Shop, database: Database) -> None:
    both = [at(delta=1), at("lamp-variant", "newark", delta=2)]
    answers = await asyncio.gather(*(adjust(shop, *(both if n % 2 else reversed(both))) for n in range(16)))
    assert not any(answer["userErrors"] for answer in answers)
    assert await quantities(database, "mug-variant") == {"berlin": (19, 0), "newark": (0, 0)}
    assert await quantities(database, "lamp-variant") == {"berlin": (0, 0), "newark": (32, 0)}


@pytest.mark.parametrize("count", [1, 50])
async def test_statements_do_not_grow_with_the_changes(shop: Shop, database: Database, count: int) -> None:
    names = await make(database, count, 1)
    document = SET.replace("item { id } location { name }", "delta")
    given = {"name": "available", "reason": "correction", "ignoreCompareQuantity": True}
    given["quantities"] = [at(name, quantity=2) for name in names]
    with count_statements() as seen:
        await shop.data(document, {"input": given}, "merchant")
    assert len(seen) == 5  # missing levels, lock, change, record, fact


@pytest.mark.parametrize("reason", sorted(rules.REASONS))
async def test_every_reason(shop: Shop, reason: str) -> None:
    assert (await adjust(shop, at(delta=0), reason=reason))["userErrors"] == []
