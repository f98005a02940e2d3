"""Carts of a flash sale: one is made as a storefront makes it, the others are copies of its rows."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Table, insert, select

from benchmarks.operations import CART_CREATE, Wrong, carried_out, pay, to_deliver
from benchmarks.shop import Stage, put_on_hand
from commerce_graph import demo
from commerce_graph.app import graph
from commerce_graph.cart.tables import address, cart, line
from commerce_graph.kernel.auth import SHOPPER_SCOPES, Principal
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.context import Context, Resources
from commerce_graph.kernel.execution import Engine, Operation
from commerce_graph.kernel.ids import parse_gid, to_gid


async def template(resources: Resources, variant: str) -> UUID:
    """Make a cart with one of a variant that is ready to be bought, and return its key."""
    engine = Engine(graph())

    async def send(document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        prepared = engine.prepare(document)
        assert isinstance(prepared, Operation), prepared
        ctx = Context(resources, Principal(SHOPPER_SCOPES, demo.CHANNEL_ID))
        answer = await engine.run(prepared, dict(variables), ctx)
        if "errors" in answer:
            raise Wrong(str(answer["errors"]))
        data: dict[str, Any] = answer["data"]
        return data

    made = carried_out(await send(CART_CREATE, {"input": to_deliver(variant, "ada@example.com")}))["cart"]
    await pay(send, made)
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
    async with resources.database.begin() as tx:
        await put_on_hand(tx, [parse_gid(variant)[1]], units)


def gids(stage: Stage, keys: Sequence[UUID]) -> list[str]:
    """Return carts' ids as a client holds them."""
    return [to_gid("Cart", key, stage.secret.encode()) for key in keys]
