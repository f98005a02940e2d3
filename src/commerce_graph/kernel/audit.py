"""Audit: what must be true of the rows of a shop, recomputed from what they were made of."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from commerce_graph.kernel.database import Database
from commerce_graph.kernel.limits import AUDIT_ROWS_MAX


@dataclass(frozen=True, slots=True)
class Check:
    """A rule, and the statement that returns the rows for which it does not hold, with what is said and what is so."""

    name: str
    rule: str
    statement: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of a check: the rows that break its rule, at most AUDIT_ROWS_MAX, and whether there are more."""

    check: Check
    broken: Sequence[Mapping[str, Any]]
    more: bool = False


async def audit(
    database: Database, checks: Sequence[Check], tell: Callable[[Check], None] = lambda check: None
) -> AsyncIterator[Checked]:
    """Make checks one after another, all of one moment: what is sold meanwhile confuses nothing. Changes nothing.

    `tell` hears of each check before it is made.

    1 statement a check; each reads whole tables, so run it where a report would run.
    Limits: AUDIT_ROWS_MAX rows of each check.
    """
    repeatable = database.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    async with repeatable.begin() as conn:
        await conn.execute(text("SET LOCAL statement_timeout = 0"))
        for check in checks:
            tell(check)
            limited = text(f"SELECT * FROM ({check.statement}) AS broken LIMIT {AUDIT_ROWS_MAX + 1}")
            rows = (await conn.execute(limited)).mappings().all()
            yield Checked(check, [dict(row) for row in rows[:AUDIT_ROWS_MAX]], len(rows) > AUDIT_ROWS_MAX)
