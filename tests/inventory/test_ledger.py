"""The ledger: every change of stock is in it, nothing in it changes, and merchants can read why stock is what it is."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import insert, text, update
from sqlalchemy.exc import IntegrityError

from commerce_graph.inventory import service
from commerce_graph.inventory.errors import OutOfStock
from commerce_graph.inventory.service import Claim, MoveQuantity, Terminal, Why
from commerce_graph.inventory.tables import level, location, movement
from commerce_graph.kernel.clock import new_id, now
from commerce_graph.kernel.database import Database, count_statements
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import INVENTORY_CHANGES_MAX
from tests.inventory.stock import HOUR, assert_sound, hold, make, put, quantities, states, want
from tests.shop import Shop, gid, uid

BERLIN, NEWARK = uid("berlin"), uid("newark")
WHY = Why("correction", None, "")
MOVEMENTS = """query($id: ID!, $place: ID) { inventoryItem(id: $id) { movements(first: 20, locationId: $place) {
  nodes { kind reason referenceDocumentUri location { name } order { id } quantities { name delta } } } } }"""
MOVE = """mutation($input: InventoryMoveQuantitiesInput!) { inventoryMoveQuantities(input: $input) {
  inventoryAdjustmentGroup { reason changes { name delta quantityAfterChange location { name } } }
  userErrors { code field message } } }"""
UPDATE = """mutation($id: ID!, $input: InventoryItemUpdateInput!) { inventoryItemUpdate(id: $id, input: $input) {
  inventoryItem { tracked backorderLimit backorderExpectedAt } userErrors { field message } } }"""
LEVEL = """query($id: ID!, $place: ID!) { inventoryItem(id: $id) { inventoryLevel(locationId: $place) {
  quantities(names: ["available", "committed", "incoming", "on_hand", "reserved", "safety_stock"]) {
    name quantity } } } }"""


async def history(shop: Shop, variant: str, place: str | None = None) -> list[dict[str, Any]]:
    """Return what happened to a variant, the oldest first."""
    given = {"id": gid("InventoryItem", variant), "place": place and gid("Location", place)}
    found = await shop.data(MOVEMENTS, given, "merchant")
    nodes: list[dict[str, Any]] = found["inventoryItem"]["movements"]["nodes"]
    return nodes[::-1]


async def level_of(shop: Shop, variant: str, place: str) -> dict[str, int]:
    given = {"id": gid("InventoryItem", variant), "place": gid("Location", place)}
    told = (await shop.data(LEVEL, given, "merchant"))["inventoryItem"]["inventoryLevel"]["quantities"]
    return {each["name"]: each["quantity"] for each in told}


def change(variant: str, quantity: int, source: tuple[str, str], target: tuple[str, str]) -> dict[str, Any]:
    ends = {
        name: {"locationId": gid("Location", place), "name": called}
        for name, (place, called) in (("from", source), ("to", target))
    }
    return {"inventoryItemId": gid("InventoryItem", variant), "quantity": quantity, **ends}


async def moved(shop: Shop, *changes: dict[str, Any], reason: str = "other") -> dict[str, Any]:
    given = {"input": {"reason": reason, "changes": list(changes)}}
    payload: dict[str, Any] = (await shop.data(MOVE, given, "merchant"))["inventoryMoveQuantities"]
    return payload


async def test_a_life_is_told_from_the_ledger(shop: Shop, database: Database) -> None:
    sold, given_up = want("mug-variant", 2), want("mug-variant", 1)
    owner, _ = await hold(database, sold)
    other, _ = await hold(database, given_up)
    assert await level_of(shop, "mug-variant", "berlin") == {
        "available": 0, "committed": 0, "incoming": 0, "on_hand": 3, "reserved": 3, "safety_stock": 0,
    }  # fmt: skip
    async with database.begin() as tx:
        await service.release(tx, other)
        assert await service.commit(tx, owner)
        assert await service.commit(tx, owner), "and again: it is entered once"
    assert await level_of(shop, "mug-variant", "berlin") == {
        "available": 1, "committed": 2, "incoming": 0, "on_hand": 3, "reserved": 0, "safety_stock": 0,
    }  # fmt: skip
    async with database.begin() as tx:
        await service.ship(tx, owner, [(sold.line_id, BERLIN, 2)])
        await service.restock(tx, [(uid("mug-variant"), NEWARK, 1)], "restock", "gid://shop/Refund/1", "")
    told = [
        (each["kind"], each["location"]["name"], {q["name"]: q["delta"] for q in each["quantities"]})
        for each in await history(shop, "mug-variant")
    ]
    assert told == [
        ("RECEIVE", "Berlin", {"on_hand": 3, "available": 3}),
        ("RESERVE", "Berlin", {"reserved": 2, "available": -2}),
        ("RESERVE", "Berlin", {"reserved": 1, "available": -1}),
        ("RELEASE", "Berlin", {"reserved": -1, "available": 1}),
        ("COMMIT", "Berlin", {"reserved": -2, "committed": 2}),
        ("SHIP", "Berlin", {"on_hand": -2, "committed": -2}),
        ("RETURN", "Newark", {"on_hand": 1, "available": 1}),
    ]
    (back,) = await history(shop, "mug-variant", "newark")
    assert (back["reason"], back["referenceDocumentUri"]) == ("restock", "gid://shop/Refund/1")
    await assert_sound(database)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE inventory.movement SET on_hand = on_hand + 1",
        "DELETE FROM inventory.movement",
        "TRUNCATE inventory.movement",
    ],
)
async def test_what_is_entered_stays(database: Database, statement: str) -> None:
    async with database.begin() as tx:
        with pytest.raises(IntegrityError, match=r"inventory\.movement only grows"):
            await tx.execute(text(statement))


async def test_an_entry_moves_something(database: Database) -> None:
    async with database.begin() as tx:
        with pytest.raises(IntegrityError, match="moves_something"):
            await tx.execute(insert(movement).values(item_id=new_id(), location_id=new_id(), kind="ADJUST"))


async def test_claims_are_met_in_order_and_none_harms_another(database: Database) -> None:
    line = [want("mug-variant", 2), want("mug-variant", 2), want("shirt-S-White", 1), want("mug-variant", 1)]
    both = [line[1], line[2]]
    claims = [Claim(new_id(), wanted, "DE") for wanted in ([line[0]], both, [line[2]], [line[3]])]
    async with database.begin() as tx:
        first, second, third, fourth = await service.reserve_many(tx, claims, now() + HOUR)
    assert isinstance(second, OutOfStock)
    assert (second.line_id, second.available) == (line[1].line_id, 1)
    assert await states(database, claims[1].owner_id) == [], "all it wants, or nothing"
    for held, claim in ((first, claims[0]), (third, claims[2]), (fourth, claims[3])):
        assert not isinstance(held, OutOfStock)
        assert await states(database, claim.owner_id) == [("HELD", held[0].quantity)]
    assert await quantities(database, "mug-variant") == {"berlin": (3, 3), "newark": (0, 0)}
    await assert_sound(database)
    async with database.begin() as tx:
        again = await service.reserve_many(tx, claims[:1], now() + HOUR)
    assert again == [first], "what is held is not held twice, though nothing is left"
    await assert_sound(database)


async def test_many_claims_cost_the_statements_of_one(database: Database) -> None:
    names = await make(database, 5, 1_000)
    counts = []
    for many in (1, 60):
        claims = [Claim(new_id(), [want(name, 1) for name in names], "DE") for _ in range(many)]
        with count_statements() as seen:
            async with database.begin() as tx:
                await service.reserve_many(tx, claims, now() + HOUR)
        counts.append(len(seen))
    assert counts == [2, 2]
    await assert_sound(database)


async def test_a_backorder_has_a_limit(shop: Shop, database: Database) -> None:
    given = {"id": gid("InventoryItem", "print-variant"), "input": {"backorderLimit": 3}}
    assert (await shop.data(UPDATE, given, "merchant"))["inventoryItemUpdate"]["inventoryItem"]["backorderLimit"] == 3
    await put(database, "print-variant", berlin=2)

    async def buy() -> int:
        try:
            await hold(database, want("print-variant", 1))
        except OutOfStock:
            return 0
        return 1

    assert sum(await asyncio.gather(*(buy() for _ in range(20)))) == 5, "two in stock, and three more"
    await assert_sound(database)
    document = (
        f'{{ node(id: "{gid("ProductVariant", "print-variant")}") {{ ... on ProductVariant {{ availableForSale }} }} }}'
    )
    assert (await shop.data(document))["node"] == {"availableForSale": False}
    async with database.begin() as tx:
        with pytest.raises(IntegrityError, match="never_beyond_the_limit"):
            await tx.execute(
                update(level).where(level.c.item_id == uid("print-variant")).values(committed=level.c.committed + 4)
            )


async def test_a_limit_that_was_passed_already_is_refused(shop: Shop, database: Database) -> None:
    await hold(database, want("print-variant", 4))
    for limit, told in ((3, "restock it first"), (-1, "must be between 0 and")):
        given = {"id": gid("InventoryItem", "print-variant"), "input": {"backorderLimit": limit}}
        payload = (await shop.data(UPDATE, given, "merchant"))["inventoryItemUpdate"]
        assert payload["inventoryItem"] is None
        assert told in payload["userErrors"][0]["message"]
    given = {"id": gid("InventoryItem", "print-variant"), "input": {"backorderExpectedAt": "2027-01-02T00:00:00Z"}}
    payload = (await shop.data(UPDATE, given, "merchant"))["inventoryItemUpdate"]
    assert payload["inventoryItem"] == {
        "tracked": True, "backorderLimit": None, "backorderExpectedAt": "2027-01-02T00:00:00+00:00",
    }  # fmt: skip


async def test_safety_stock_is_not_sold(shop: Shop, database: Database) -> None:
    payload = await moved(shop, change("mug-variant", 2, ("berlin", "available"), ("berlin", "safety_stock")))
    assert payload["userErrors"] == []
    made = payload["inventoryAdjustmentGroup"]["changes"]
    assert [(each["name"], each["delta"], each["quantityAfterChange"]) for each in made] == [
        ("available", -2, 1), ("safety_stock", 2, 2),
    ]  # fmt: skip
    with pytest.raises(OutOfStock) as told:
        await hold(database, want("mug-variant", 2))
    assert told.value.available == 1
    too_much = await moved(shop, change("mug-variant", 2, ("berlin", "available"), ("berlin", "safety_stock")))
    assert too_much["userErrors"][0]["code"] == "INVALID_QUANTITY_TOO_LOW"
    await moved(shop, change("mug-variant", 1, ("berlin", "safety_stock"), ("berlin", "available")))
    await hold(database, want("mug-variant", 2))
    await assert_sound(database)


async def test_goods_are_sent_and_received(shop: Shop, database: Database) -> None:
    there = change("shirt-S-White", 4, ("berlin", "available"), ("newark", "incoming"))
    here = change("shirt-S-White", 3, ("newark", "incoming"), ("newark", "available"))
    assert (await moved(shop, there, here, reason="movement_created"))["userErrors"] == []
    assert await level_of(shop, "shirt-S-White", "berlin") == {
        "available": 6, "committed": 0, "incoming": 0, "on_hand": 6, "reserved": 0, "safety_stock": 0,
    }  # fmt: skip
    assert await level_of(shop, "shirt-S-White", "newark") == {
        "available": 8, "committed": 0, "incoming": 1, "on_hand": 8, "reserved": 0, "safety_stock": 0,
    }  # fmt: skip
    assert [each["kind"] for each in await history(shop, "shirt-S-White", "newark")] == [
        "RECEIVE", "TRANSFER", "RECEIVE",
    ]  # fmt: skip
    await assert_sound(database)


@pytest.mark.parametrize(
    ("source", "target", "quantity", "code"),
    [
        (("berlin", "available"), ("berlin", "available"), 1, "SAME_QUANTITY_NAME"),
        (("berlin", "damaged"), ("berlin", "available"), 1, "INVALID_QUANTITY_NAME"),
        (("berlin", "available"), ("berlin", "incoming"), 1, "INVALID_QUANTITY_NAME"),
        (("berlin", "safety_stock"), ("newark", "available"), 1, "INVALID_QUANTITY_NAME"),
        (("berlin", "available"), ("newark", "available"), -1, "INVALID_QUANTITY_NEGATIVE"),
        (("berlin", "available"), ("newark", "available"), 3, "INVALID_QUANTITY_TOO_LOW"),
        (("berlin", "incoming"), ("berlin", "available"), 1, "INVALID_QUANTITY_TOO_LOW"),
        (("berlin", "available"), ("nowhere", "available"), 1, "INVALID_LOCATION"),
    ],
)
async def test_a_move_that_cannot_be_is_refused(
    shop: Shop, database: Database, source: tuple[str, str], target: tuple[str, str], quantity: int, code: str
) -> None:
    await hold(database, want("mug-variant", 1))
    payload = await moved(shop, change("mug-variant", quantity, source, target))
    assert [each["code"] for each in payload["userErrors"]] == [code]
    assert payload["userErrors"][0]["field"][:3] == ["input", "changes", "0"]
    assert await quantities(database, "mug-variant") == {"berlin": (3, 1), "newark": (0, 0)}


async def test_moves_need_a_reason_and_have_a_limit(database: Database) -> None:
    one = MoveQuantity(uid("mug-variant"), 1, Terminal(BERLIN, "available"), Terminal(NEWARK, "available"))
    for moves, why, code in (
        ([one], Why("because", None, ""), "INVALID_REASON"),
        ([one], Why("other", "no uri", ""), "INVALID_REFERENCE_DOCUMENT"),
        ([one] * (INVENTORY_CHANGES_MAX + 1), WHY, "TOO_MANY_CHANGES"),
        ([MoveQuantity(new_id(), 1, one.source, one.target)], WHY, "INVALID_INVENTORY_ITEM"),
    ):
        async with database.begin() as tx:
            with pytest.raises(Rejected) as told:
                await service.move_quantities(tx, moves, why)
        assert told.value.code == code


async def test_transfers_in_both_directions_at_once(database: Database) -> None:
    await put(database, "mug-variant", berlin=50, newark=50)

    async def transfer(turn: int) -> None:
        ends = (Terminal(BERLIN, "available"), Terminal(NEWARK, "available"))
        source, target = ends if turn % 2 else ends[::-1]
        async with database.begin() as tx:
            await service.move_quantities(tx, [MoveQuantity(uid("mug-variant"), 1, source, target)], WHY)

    await asyncio.gather(
        *(transfer(turn) for turn in range(30)), *(hold(database, want("mug-variant", 1)) for _ in range(20))
    )
    assert sum(on_hand for on_hand, _ in (await quantities(database, "mug-variant")).values()) == 100
    await assert_sound(database)


async def test_movements_cost_one_statement(shop: Shop) -> None:
    document = """query($of: [_Any!]!) { _entities(representations: $of) { ... on InventoryItem {
      movements(first: 5) { nodes { kind location { name } } } } } }"""
    for names in (("mug-variant",), ("mug-variant", "shirt-S-White", "print-variant")):
        of = {"of": [{"__typename": "InventoryItem", "id": gid("InventoryItem", name)} for name in names]}
        seen = await shop.statements(document, of, "merchant")
        assert len([sql for sql in seen if "inventory.movement" in sql]) == 1


async def test_a_removed_variant_leaves_its_history(database: Database) -> None:
    async with database.begin() as tx:
        await service.remove_items(tx, [uid("mug-variant")])
    await assert_sound(database)
    async with database.read() as conn:
        rows = await conn.execute(text("SELECT sum(on_hand), count(*) FROM inventory.movement WHERE item_id = :item"), {
            "item": uid("mug-variant")
        })  # fmt: skip
        assert rows.one() == (0, 2)


async def test_a_closed_location_gives_no_backorder(database: Database) -> None:
    async with database.begin() as tx:
        await tx.execute(update(location).values(active=False))
    with pytest.raises(OutOfStock):
        await hold(database, want("print-variant", 1))
