"""The pool: a connection that broke while nobody used it is replaced, and nobody hears of it."""

from sqlalchemy import text

from commerce_graph.kernel.database import Database
from tests.conftest import Template

PID = text("SELECT pg_backend_pid()")


async def test_a_connection_that_broke_in_the_pool_is_not_used(database: Database, template: Template) -> None:
    async with database.read() as one, database.begin() as other:
        pids = [(await conn.execute(PID)).scalar_one() for conn in (one, other)]
    async with template.admin.read() as conn:
        for pid in pids:
            await conn.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    async with database.read() as one, database.begin() as other:
        assert not {(await conn.execute(PID)).scalar_one() for conn in (one, other)} & set(pids)
