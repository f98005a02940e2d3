"""The state machines are data: rules, database and docs all say the same."""

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Table, insert, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection
from typer.testing import CliRunner

from commerce_graph.__main__ import app
from commerce_graph.checkout.rules import ATTEMPT
from commerce_graph.checkout.tables import attempt
from commerce_graph.fulfilment.rules import FULFILLMENT_ORDER
from commerce_graph.fulfilment.tables import fulfillment_order
from commerce_graph.kernel.clock import new_id, now
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.states import Machine
from commerce_graph.order import rules
from commerce_graph.order.tables import edit, order, refund, return_
from commerce_graph.written import drawn, machines

DOCS = Path(__file__).parents[2] / "docs"
ORDER = {"currency": "EUR", "tax_included": True, "subtotal_minor": 0, "total_minor": 0}
Values = Callable[[str], dict[str, Any]]


def life(state: str) -> dict[str, Any]:
    cancelled = now() if state == "CANCELLED" else None
    return {
        "cancelled_at": cancelled, "cancel_reason": "OTHER" if cancelled else None,
        "closed_at": now() if state == "CLOSED" else None,
    }  # fmt: skip


def returned(state: str) -> dict[str, Any]:
    reason, closed = "OTHER" if state == "DECLINED" else None, now() if state == "CLOSED" else None
    return {"status": state, "decline_reason": reason, "closed_at": closed}


def tried(state: str) -> dict[str, Any]:
    code, done = "ERROR" if state in ("VOIDING", "FAILED") else None, now() if state == "COMPLETED" else None
    return {"state": state, "error_code": code, "completed_at": done, "held_until": now()}


CASES: list[tuple[Machine, Table, dict[str, Any], Values]] = [
    (rules.FINANCIAL, order, ORDER, lambda state: {"financial_status": state}),
    (rules.FULFILMENT, order, ORDER, lambda state: {"fulfillment_status": state}),
    (rules.LIFE, order, ORDER, life),
    (rules.REFUND, refund, {"amount_minor": 1}, lambda state: {"status": state}),
    (
        rules.EDIT, edit, {"order_version": 0},
        lambda state: {"state": state, "committed_at": now() if state == "COMMITTED" else None},
    ),
    (rules.RETURN, return_, {"number": 1}, returned),
    (FULFILLMENT_ORDER, fulfillment_order, {}, lambda state: {"status": state}),
    (
        ATTEMPT, attempt, {"token": "t", "cart_id": UUID(int=1), "snapshot": {}, "amount_minor": 1, "currency": "EUR"},
        tried,
    ),
]  # fmt: skip


def test_every_machine_is_tried() -> None:
    assert {machine.name for machine, *_ in CASES} == set(machines())


@pytest.mark.parametrize(("machine", "table", "base", "values"), CASES, ids=[case[0].name for case in CASES])
async def test_rules_and_database_have_the_same_steps(
    database: Database, machine: Machine, table: Table, base: dict[str, Any], values: Values
) -> None:
    for present, wanted in product(machine.states, repeat=2):
        told = any(step[:2] == (present, wanted) for step in machine.transitions) or present == wanted
        assert machine.allows(present, wanted) is told
        async with database.begin() as tx:
            assert await moves(tx, table, base, values(present), values(wanted)) is told, (present, wanted)
            await tx.rollback()


async def moves(
    tx: AsyncConnection, table: Table, base: dict[str, Any], present: dict[str, Any], wanted: dict[str, Any]
) -> bool:
    key = new_id()
    if table is not order:
        await tx.execute(insert(order).values(id=key, **ORDER))
    mine = {"order_id": key} if table is not order else {}
    await tx.execute(insert(table).values(id=key, **base, **mine, **present))
    try:
        await tx.execute(update(table).where(table.c.id == key).values(**wanted))
    except IntegrityError as refused:
        if "has no such step" not in str(refused.orig):
            raise
        return False
    return True


@pytest.mark.parametrize(("machine", "table", "base", "values"), CASES, ids=[case[0].name for case in CASES])
async def test_the_database_knows_no_other_state(
    database: Database, machine: Machine, table: Table, base: dict[str, Any], values: Values
) -> None:
    if machine is rules.LIFE:
        return  # told by two moments, which have no other state
    name = next(name for name in values(machine.initial[0]) if "stat" in name)
    async with database.begin() as tx:
        await tx.execute(insert(order).values(id=UUID(int=7), **ORDER))
        mine = {"order_id": UUID(int=7)} if table is not order else {}
        # All that a state needs, and only the state itself is unknown.
        row = {**base, **mine, **values(machine.initial[0]), name: "ELSE"}
        with pytest.raises(IntegrityError, match="known"):
            await tx.execute(insert(table).values(id=UUID(int=8), **row))
        await tx.rollback()


def test_the_docs_draw_every_machine_as_it_is() -> None:
    pages = [path.read_text() for path in DOCS.rglob("*.md")]
    assert all(drawn(page) == page for page in pages), "run: commerce-graph states --write"
    text = "".join(pages)
    assert [name for name in machines() if f"<!-- machine {name} -->" not in text] == []


def test_the_command_prints_writes_and_checks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Returns\n\n<!-- machine Return -->\nold\n<!-- end -->\n\nMore.\n")

    def states(*arguments: str) -> Any:
        return CliRunner().invoke(app, ["states", "--folder", str(tmp_path), *arguments])

    assert "REQUESTED --> OPEN: approved" in states().stdout
    assert states("--check").exit_code == 1
    assert states("--write").stdout == f"wrote {page}\n"
    assert states("--check").exit_code == 0
    assert page.read_text().startswith("# Returns\n\n<!-- machine Return -->\n```mermaid\nstateDiagram-v2\n")
    assert page.read_text().endswith("```\n<!-- end -->\n\nMore.\n")
