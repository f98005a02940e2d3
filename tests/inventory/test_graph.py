"""Stock in the graph: what shoppers see, what merchants see, and who may not."""

from typing import Any

import pytest
from sqlalchemy import delete, insert, update

from commerce_graph.inventory.tables import item, level, location
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.ids import to_gid
from tests.inventory.stock import hold, want
from tests.shop import Shop, gid, uid

VARIANTS = """query($of: [_Any!]!) { _entities(representations: $of) { ... on ProductVariant {
  availableForSale quantityAvailable currentlyNotInStock } } }"""
PRODUCTS = """query($of: [_Any!]!) { _entities(representations: $of) { ... on Product {
  availableForSale totalInventory } } }"""
COUNTED = """query($of: [_Any!]!) { _entities(representations: $of) { ... on ProductVariant {
  inventoryPolicy inventoryQuantity inventoryItem { id tracked variant { id } } } } }"""
THINGS = ("shirt-S-White", "mug-variant", "lamp-variant", "print-variant", "guide-variant")


def of(kind: str, *names: str) -> dict[str, Any]:
    """Return the representations of entities of the test shop."""
    return {"of": [{"__typename": kind, "id": gid(kind, name)} for name in names]}


async def test_what_a_shopper_sees_of_variants(shop: Shop, database: Database) -> None:
    await hold(database, want("mug-variant", 3))
    await hold(database, want("print-variant", 2))
    found = (await shop.data(VARIANTS, of("ProductVariant", *THINGS)))["_entities"]
    assert [(v["availableForSale"], v["quantityAvailable"], v["currentlyNotInStock"]) for v in found] == [
        (True, 15, False),
        (False, 0, False),
        (False, 0, False),
        (True, -2, True),
        (True, None, False),
    ]


async def test_what_a_shopper_sees_of_products(shop: Shop) -> None:
    found = (await shop.data(PRODUCTS, of("Product", "shirt", "mug", "lamp", "print", "guide")))["_entities"]
    assert [(p["availableForSale"], p["totalInventory"]) for p in found] == [
        (True, 60), (True, 3), (False, 0), (True, 0), (True, 0),
    ]  # fmt: skip


async def test_what_nobody_counts_is_not_for_sale(shop: Shop, database: Database) -> None:
    async with database.begin() as tx:
        for table in (delete(level).where(level.c.item_id == uid("mug-variant")), delete(item).where(
            item.c.id == uid("mug-variant")
        )):  # fmt: skip
            await tx.execute(table)
    (variant,) = (await shop.data(VARIANTS, of("ProductVariant", "mug-variant")))["_entities"]
    assert variant == {"availableForSale": False, "quantityAvailable": None, "currentlyNotInStock": False}


async def test_a_closed_location_does_not_count(shop: Shop, database: Database) -> None:
    async with database.begin() as tx:
        await tx.execute(update(location).where(location.c.id == uid("berlin")).values(active=False))
    shirt, mug = (await shop.data(VARIANTS, of("ProductVariant", "shirt-S-White", "mug-variant")))["_entities"]
    assert (shirt["quantityAvailable"], mug["availableForSale"]) == (5, False)


async def test_statements_do_not_grow_with_the_parents(shop: Shop) -> None:
    for kind, document, names in (
        ("ProductVariant", VARIANTS, THINGS),
        ("Product", PRODUCTS, ("shirt", "mug", "lamp", "print", "guide")),
    ):
        for some in (names[:1], names):
            seen = await shop.statements(document, of(kind, *some))
            assert len([sql for sql in seen if "inventory." in sql]) == 1


@pytest.mark.parametrize("field", ["inventoryPolicy", "inventoryQuantity", "inventoryItem { id }"])
async def test_counting_is_for_merchants(shop: Shop, field: str) -> None:
    document = f"query($of: [_Any!]!) {{ _entities(representations: $of) {{ ... on ProductVariant {{ {field} }} }} }}"
    answer = await shop.run(document, of("ProductVariant", "mug-variant"))
    assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


async def test_what_a_merchant_sees_of_variants(shop: Shop) -> None:
    found = (await shop.data(COUNTED, of("ProductVariant", *THINGS), "merchant"))["_entities"]
    assert [(v["inventoryPolicy"], v["inventoryQuantity"], v["inventoryItem"]["tracked"]) for v in found] == [
        ("DENY", 15, True), ("DENY", 3, True), ("DENY", 0, True), ("CONTINUE", 0, True), ("DENY", 0, False),
    ]  # fmt: skip
    assert found[1]["inventoryItem"]["id"] == gid("InventoryItem", "mug-variant")
    assert found[1]["inventoryItem"]["variant"]["id"] == gid("ProductVariant", "mug-variant")


ITEM = """query($id: ID!, $place: ID!, $first: Int, $after: String) { inventoryItem(id: $id) {
  id tracked
  inventoryLevel(locationId: $place) { id updatedAt item { id } location { id name }
    quantities(names: ["available", "on_hand", "reserved", "incoming"]) { id name quantity updatedAt } }
  inventoryLevels(first: $first, after: $after) {
    nodes { location { name } quantities(names: ["on_hand"]) { quantity } } pageInfo { hasNextPage endCursor } }
} }"""


async def test_an_item_and_its_levels(shop: Shop, database: Database) -> None:
    await hold(database, want("shirt-S-White", 4))
    at = {"id": gid("InventoryItem", "shirt-S-White"), "place": gid("Location", "berlin"), "first": 1}
    found = (await shop.data(ITEM, at, "merchant"))["inventoryItem"]
    here = found["inventoryLevel"]
    assert here["id"] == f"{gid('InventoryLevel', 'berlin')}?inventory_item_id={uid('shirt-S-White')}"
    assert here["location"] == {"id": gid("Location", "berlin"), "name": "Berlin"}
    assert here["item"]["id"] == found["id"]
    assert {q["name"]: q["quantity"] for q in here["quantities"]} == {
        "available": 6, "on_hand": 10, "reserved": 4, "incoming": 0,
    }  # fmt: skip
    rest = await shop.data(ITEM, {**at, "after": found["inventoryLevels"]["pageInfo"]["endCursor"]}, "merchant")
    nodes = found["inventoryLevels"]["nodes"] + rest["inventoryItem"]["inventoryLevels"]["nodes"]
    assert {node["location"]["name"]: node["quantities"][0]["quantity"] for node in nodes} == {
        "Berlin": 10, "Newark": 5,
    }  # fmt: skip
    assert not rest["inventoryItem"]["inventoryLevels"]["pageInfo"]["hasNextPage"]


async def test_levels_of_many_items_are_read_at_once(shop: Shop) -> None:
    document = """query($of: [_Any!]!) { _entities(representations: $of) { ... on InventoryItem { tracked
      inventoryLevels(first: 5) { nodes { location { name } item { id } quantities(names: ["on_hand"]) { quantity } } }
    } } }"""
    for some in (THINGS[:1], THINGS):
        seen = await shop.statements(document, of("InventoryItem", *some), "merchant")
        assert len(seen) == 3  # items, levels, locations


async def test_an_item_nobody_knows_an_id_of_another_kind_and_a_quantity_without_a_meaning(shop: Shop) -> None:
    at = {"id": to_gid("InventoryItem", new_id()), "place": gid("Location", "berlin"), "first": 1}
    assert (await shop.data(ITEM, at, "merchant"))["inventoryItem"] is None
    wrong = await shop.run(ITEM, {**at, "id": gid("Product", "mug")}, "merchant")
    assert wrong["errors"][0]["extensions"]["code"] == "INVALID_ID"
    document = ITEM.replace('"incoming"', '"stolen"')
    wrong = await shop.run(document, {**at, "id": gid("InventoryItem", "mug-variant")}, "merchant")
    assert wrong["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    denied = await shop.run(ITEM, at)
    assert denied["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


async def test_an_item_is_null_for_a_shopper_who_guesses_its_id(shop: Shop) -> None:
    document = "query($of: [_Any!]!) { _entities(representations: $of) { ... on InventoryItem { id } } }"
    assert (await shop.data(document, of("InventoryItem", "mug-variant")))["_entities"] == [None]


LOCATIONS = """query($first: Int, $all: Boolean) { locations(first: $first, includeInactive: $all) {
  nodes { id name isActive address { city country countryCode zip formatted phone province provinceCode
    address1 address2 } } pageInfo { hasNextPage } } location { id } }"""


async def test_locations(shop: Shop, database: Database) -> None:
    denied = await shop.run(LOCATIONS, {"first": 5})
    assert denied["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
    place = {"address1": "Dock 1", "city": "Hamburg", "zip": "20457", "unknown": "left out"}
    row = {"id": uid("hamburg"), "name": "Hamburg", "country": "DE", "address": place, "active": False, "priority": -1}
    async with database.begin() as tx:
        await tx.execute(insert(location).values(**row))
    found = await shop.data(LOCATIONS, {"first": 1}, "merchant")
    assert [node["name"] for node in found["locations"]["nodes"]] == ["Berlin"]
    assert found["locations"]["pageInfo"]["hasNextPage"]
    assert found["location"] == {"id": gid("Location", "berlin")}
    found = await shop.data(LOCATIONS, {"first": 5, "all": True}, "merchant")
    assert [(node["name"], node["isActive"]) for node in found["locations"]["nodes"]] == [
        ("Berlin", True), ("Hamburg", False), ("Newark", True),
    ]  # fmt: skip
    address = found["locations"]["nodes"][1]["address"]
    assert (address["city"], address["countryCode"], address["country"]) == ("Hamburg", "DE", "Germany")
    assert address["formatted"] == ["Dock 1", "Hamburg 20457", "Germany"]


async def test_a_location_by_its_id(shop: Shop) -> None:
    document = "query($id: ID!) { location(id: $id) { name } }"
    found = await shop.data(document, {"id": gid("Location", "newark")}, "merchant")
    assert found["location"] == {"name": "Newark"}
    assert (await shop.data(document, {"id": to_gid("Location", new_id())}, "merchant"))["location"] is None


async def test_who_reads_orders_may_read_the_name_of_a_location(shop: Shop) -> None:
    document = """query($of: [_Any!]!) { _entities(representations: $of) {
      ... on Location { name address { countryCode } } } }"""
    for stranger in (None, "storefront"):
        assert (await shop.data(document, of("Location", "berlin"), stranger))["_entities"] == [None]
    found = await shop.data(document, of("Location", "berlin"), "partner")
    assert found["_entities"] == [{"name": "Berlin", "address": {"countryCode": "DE"}}]
