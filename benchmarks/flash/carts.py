"""Carts of a flash sale: one is made as a storefront makes it, the others are copies of its rows."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Table, insert, select, text, update

from benchmarks.shop import Stage
from commerce_graph import demo
from commerce_graph.app import graph
from commerce_graph.cart.tables import address, cart, line
from commerce_graph.inventory import service as inventory
from commerce_graph.inventory.service import SetQuantity
from commerce_graph.inventory.tables import level
from commerce_graph.kernel.auth import SHOPPER_SCOPES, Principal
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.context import Context, Resources
from commerce_graph.kernel.execution import Engine, Operation
from commerce_graph.kernel.ids import parse_gid, to_gid

BERLIN = {
    "firstName": "Ada", "lastName": "Byron", "address1": "Hauptstraße 1", "city": "Berlin", "zip": "10115",
    "countryCode": "DE",
}  # fmt: skip
CREATE = """mutation($input: CartInput!) {
  cartCreate(input: $input) { cart { id cost { totalAmount { amount currencyCode } } } userErrors { message } }
}"""
PAY = """mutation($cartId: ID!, $payment: CartPaymentInput!) {
  cartPaymentUpdate(cartId: $cartId, payment: $payment) { userErrors { message } }
}"""


async def template(resources: Resources, variant: str) -> UUID:
    """Make a cart with one of a variant that is ready to be bought, and return its key."""
    engine = Engine(graph())

    async def data(document: str, variables: dict[str, Any]) -> Any:
        prepared = engine.prepare(document)
        assert isinstance(prepared, Operation), prepared
        ctx = Context(resources, Principal(SHOPPER_SCOPES, demo.CHANNEL_ID))
        answer = await engine.run(prepared, variables, ctx)
        assert "errors" not in answer, answer
        (payload,) = answer["data"].values()
        assert payload["userErrors"] == [], payload
        return payload

    bought = {
        "lines": [{"merchandiseId": variant, "quantity": 1}],
        "buyerIdentity": {"email": "ada@example.com", "countryCode": "DE"},
        "delivery": {"addresses": [{"selected": True, "address": {"deliveryAddress": BERLIN}}]},
    }
    made = (await data(CREATE, {"input": bought}))["cart"]
    billing = {name: BERLIN[name] for name in ("lastName", "address1", "city", "zip")} | {"country": "DE"}
    direct = {"sessionId": "test_ok", "billingAddress": billing}
    payment = {"amount": made["cost"]["totalAmount"], "directPaymentMethod": direct}
    await data(PAY, {"cartId": made["id"], "payment": payment})
    return parse_gid(made["id"])[1]


async def copies(resources: Resources, of: UUID, count: int) -> list[UUID]:
    """Copy a cart with its lines and addresses so many times, and return the copies' keys."""
    keys = [new_id() for _ in range(count)]
    async with resources.database.begin() as tx:
        for table in (cart, line, address):
            owner = table.c.id if table is cart else table.c.cart_id
            rows = (await tx.execute(select(table).where(owner == of))).mappings().all()
            await tx.execute(insert(table), [_copied(table, row, key) for key in keys for row in rows])
    return keys


def _copied(table: Table, row: Any, key: UUID) -> dict[str, Any]:
    return {**row, "id": key} if table is cart else {**row, "id": new_id(), "cart_id": key}


async def stock(resources: Resources, variant: str, units: int) -> None:
    """See that so many of a variant can be bought, all at the location that ships first."""
    item = parse_gid(variant)[1]
    async with resources.database.begin() as tx:
        here = select(level.c.location_id, level.c.committed).where(level.c.item_id == item)
        rows = (await tx.execute(here)).all()
        places = [place.id for place in await inventory.active_locations(tx)]
        ranked = sorted(rows, key=lambda row: places.index(row.location_id))
        wanted = [
            SetQuantity(item, row.location_id, row.committed + (0 if at else units)) for at, row in enumerate(ranked)
        ]
        # What the shop was filled with was put there without a movement; the ledger begins here.
        await tx.execute(update(level).where(level.c.item_id == item).values(on_hand=level.c.committed))
        await tx.execute(text(OPENING), {"item": item})
        await inventory.set_quantities(tx, "on_hand", wanted, "correction", None, "")


OPENING = """
INSERT INTO inventory.movement (item_id, location_id, kind, on_hand)
SELECT l.item_id, l.location_id, 'ADJUST', l.on_hand - coalesce(sum(m.on_hand), 0)
FROM inventory.level l LEFT JOIN inventory.movement m USING (item_id, location_id)
WHERE l.item_id = :item GROUP BY l.item_id, l.location_id HAVING l.on_hand <> coalesce(sum(m.on_hand), 0)
"""


def gids(stage: Stage, keys: Sequence[UUID]) -> list[str]:
    """Return carts' ids as a client holds them."""
    return [to_gid("Cart", key, stage.secret.encode()) for key in keys]
