"""Nothing of another person, and no draft, reaches a stranger or a shopper: by no id, and in no subgraph."""

from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from sqlalchemy import insert, update

from commerce_graph.app import MODULES, graph
from commerce_graph.customer import tables as customer
from commerce_graph.kernel.execution import Engine, Operation
from commerce_graph.kernel.graph import Graph
from commerce_graph.kernel.ids import to_gid
from commerce_graph.order import tables as order
from tests.abuse.extremes import Known, selection
from tests.cart.storefront import line as cart_line
from tests.cart.storefront import ready
from tests.order.conftest import place
from tests.shop import PRINCIPALS, Shop, gid, uid

SUBGRAPHS = {module.name: Engine(graph([module.name])) for module in MODULES}
MONOLITH = Engine(Graph(MODULES))
OWNERS = {part.__strawberry_definition__.name: module.name for module in MODULES for part in module.owns}
CALLERS: dict[str, tuple[str | None, str | None]] = {
    "stranger": (None, None),
    "shopper": ("storefront", None),
    "another customer": ("storefront", "bob"),
}
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids)%s }"
ENTITIES = "query ($of: [_Any!]!) { _entities(representations: $of)%s }"
STAFF_NOTE = "between us: a difficult buyer"


@dataclass(frozen=True)
class Hidden:
    """What a shopper must not reach: ids by kind, and words that only they lead to."""

    ids: tuple[tuple[str, str], ...]
    words: tuple[str, ...]


@pytest.fixture
async def hidden(shop: Shop) -> Hidden:
    """Return orders of a guest and of a customer, one refunded, a cart that is filled in, and a draft."""
    cart = await ready(shop, cart_line("mug-variant"))
    guests = await place(shop, ("mug-variant", 1))
    adas = await place(shop, ("shirt-S-White", 1), customer="ada", email="ada@example.com")
    async with shop.database.begin() as tx:
        await tx.execute(insert(customer.customer).values(id=uid("bob"), email="bob@example.com", password_hash=None))
        notes = {"note": STAFF_NOTE, "amount_minor": 1, "shipping_minor": 0, "status": "SUCCESS"}
        await tx.execute(insert(order.refund).values(id=uid("refund"), order_id=adas.id, **notes))
        await tx.execute(update(order.order).values(note="ring at the side door"))
    plain = cart["id"].partition("?")[0]
    seal = to_gid("Cart", adas.id, shop.resources.secret).partition("?")[2]
    ids = [("Order", guests.gid), ("Order", adas.gid), ("Customer", gid("Customer", "ada")), ("Cart", plain),
           ("Product", gid("Product", "chair")), ("ProductVariant", gid("ProductVariant", "chair-variant")),
           ("InventoryItem", gid("InventoryItem", "mug-variant")), ("Location", gid("Location", "berlin"))]  # fmt: skip
    # Keys that were never given out, and one that opens the cart of the same number.
    forged = [(kind, f"{id}?key={key}") for kind, id in ids for key in ("", "0" * 32, cart["id"].partition("?key=")[2])]
    forged = [each for each in forged if each[1] != cart["id"]]
    words = ("ada@example.com", "guest@example.com", "Hauptstr", "Byron", "side door", STAFF_NOTE, "Secret Chair",
             "CHAIR", "Berlin", "engraving", "+4930")  # fmt: skip
    return Hidden((*ids, *forged, ("Order", f"{adas.gid}?{seal}")), words)


async def ask(shop: Shop, engine: Engine, caller: str, template: str, variables: dict[str, Any]) -> dict[str, Any]:
    """Ask for every field that the caller may select."""
    token, signed_in = CALLERS[caller]
    held = PRINCIPALS[token].scopes if token else frozenset()
    needed = engine.graph.access
    by_place = {"InventoryItem.inventoryLevel.locationId": gid("Location", "berlin"),
                "Collection.hasProduct.id": gid("Product", "chair")}  # fmt: skip
    known = Known(by_place, {}, lambda at: needed.get(at, frozenset()) <= held)
    query = engine.graph.core.query_type
    assert query
    root = "nodes" if template is NODES else "_entities"
    document = template % selection(engine.graph.core, query.fields[root].type, known, 2)
    prepared = engine.prepare(document)
    assert isinstance(prepared, Operation), prepared
    ctx = shop.context(token, customer=signed_in)
    assert engine.authorise(prepared, ctx) is None
    return await engine.run(prepared, variables, ctx)


@pytest.mark.parametrize("caller", CALLERS)
async def test_no_id_leads_to_what_is_hidden(shop: Shop, hidden: Hidden, caller: str) -> None:
    answer = await ask(shop, MONOLITH, caller, NODES, {"ids": [id for _, id in hidden.ids]})
    assert answer == {"data": {"nodes": [None] * len(hidden.ids)}}


@pytest.mark.parametrize("caller", CALLERS)
async def test_no_reference_leads_to_what_is_hidden(shop: Shop, hidden: Hidden, caller: str) -> None:
    of = [{"__typename": kind, "id": id} for kind, id in hidden.ids]
    answer = await ask(shop, MONOLITH, caller, ENTITIES, {"of": of})
    assert answer == {"data": {"_entities": [None] * len(hidden.ids)}}


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("name", SUBGRAPHS)
async def test_no_subgraph_tells_what_is_hidden(shop: Shop, hidden: Hidden, name: str, caller: str) -> None:
    engine = SUBGRAPHS[name]
    union: Any = engine.graph.core.type_map.get("_Entity")
    members = {member.name for member in union.types} if union else set()
    for kind, id in hidden.ids:
        if kind not in members:
            continue
        answer = await ask(shop, engine, caller, ENTITIES, {"of": [{"__typename": kind, "id": id}]})
        codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
        assert codes <= {"ACCESS_DENIED", "PRICE_NOT_SET", "INVALID_ID"}, answer
        told = orjson.dumps(answer).decode()
        assert not [word for word in hidden.words if word in told], (kind, told)
        if OWNERS[kind] == name:
            assert answer == {"data": {"_entities": [None]}}


async def test_what_is_hidden_is_there_for_who_may_see_it(shop: Shop, hidden: Hidden) -> None:
    """Else the tests above would pass for a shop that shows nothing to anyone."""
    ids = [id for _, id in hidden.ids[:8]]
    seen = await shop.data("query ($ids: [ID!]!) { nodes(ids: $ids) { __typename } }", {"ids": ids}, "merchant")
    assert [each and each["__typename"] for each in seen["nodes"]] == [
        "Order", "Order", "Customer", None, "Product", "ProductVariant", "InventoryItem", "Location",
    ]  # fmt: skip
