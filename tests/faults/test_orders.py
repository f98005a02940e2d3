"""Edits of orders survive a kill at any point: all of it or nothing, and the money goes back once."""

import asyncio
import os
import signal
import sys
from uuid import UUID

import pytest
from sqlalchemy import select

from commerce_graph.kernel.ids import parse_gid
from commerce_graph.order import service
from commerce_graph.order.tables import edit, refund
from tests.order.conftest import Placed, balance, place, stock
from tests.order.edits import begun, commit, line_of, put
from tests.shop import Shop


async def killed(shop: Shop, edit_id: UUID, point: str) -> None:
    environment = {
        **os.environ, "KILLED_AT": point, "KILLED_EDIT": str(edit_id), "KILLED_DATABASE_URL": shop.database.url,
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.faults.killed_edit", env=environment)
    assert await process.wait() == -signal.SIGKILL


async def begun_edit(placed: Placed) -> tuple[str, UUID]:
    gid = await begun(placed)
    await put(placed.shop, gid, line_of(placed, 1), 0)
    await put(placed.shop, gid, line_of(placed), 1)
    return gid, parse_gid(gid)[1]


@pytest.mark.parametrize("restart", [False, True])
async def test_killed_while_it_commits(shop: Shop, restart: bool) -> None:
    placed = await place(shop, ("shirt-S-White", 2), ("mug-variant", 1))
    gid, edit_id = await begun_edit(placed)
    await killed(shop, edit_id, "committing")
    assert await stock(shop, "mug-variant") == (3, 1)
    assert (await balance(shop, placed)).refunded_minor == 0
    async with shop.database.read() as conn:
        assert (await conn.execute(select(edit.c.state))).scalar_one() == "OPEN"
        assert (await conn.execute(select(refund))).all() == []
    if restart:
        assert (await commit(shop, gid))["userErrors"] == []
        assert (await balance(shop, placed)).refunded_minor == 6700
        assert await stock(shop, "mug-variant") == (3, 0)


async def test_killed_between_the_commit_and_the_refund(shop: Shop) -> None:
    placed = await place(shop, ("shirt-S-White", 2), ("mug-variant", 1))
    _, edit_id = await begun_edit(placed)
    await killed(shop, edit_id, "committed")
    assert await stock(shop, "mug-variant") == (3, 0)
    async with shop.database.read() as conn:
        assert (await conn.execute(select(edit.c.state))).scalar_one() == "COMMITTED"
        assert (await conn.execute(select(refund.c.status))).scalar_one() == "PENDING"
    assert (await balance(shop, placed)).refunded_minor == 0
    await asyncio.gather(*(service.finish_refunds(shop.database, 0) for _ in range(3)))
    assert (await balance(shop, placed)).refunded_minor == 6700
    async with shop.database.read() as conn:
        assert (await conn.execute(select(refund.c.status))).scalar_one() == "SUCCESS"
