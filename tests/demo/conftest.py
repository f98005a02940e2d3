"""Fixtures: empty databases, and one demo shop of a thousand products for everything that only reads."""

from collections.abc import AsyncIterator
from itertools import count

import pytest
from sqlalchemy import text
from sqlalchemy.schema import CreateSchema

from commerce_graph.demo import seed
from commerce_graph.kernel.database import Database, metadata
from tests.conftest import Template

PRODUCTS = 1_000
_numbers = count(1)


@pytest.fixture(scope="session")
async def bare(template: Template) -> str:
    """Return the name of a database with tables and nothing in them, to be copied."""
    async with template.admin.read() as conn:
        await conn.execute(text("CREATE DATABASE template_bare"))
    database = Database(template.url("template_bare"), pool_size=1)
    async with database.begin() as tx:
        for schema in sorted({table.schema for table in metadata.tables.values() if table.schema}):
            await tx.execute(CreateSchema(schema))
        await tx.run_sync(metadata.create_all)
    await database.close()
    return "template_bare"


@pytest.fixture
async def empty(template: Template, bare: str) -> AsyncIterator[Database]:
    """Return a database with tables and nothing in them."""
    database = await _copy(template, bare)
    yield database
    await database.close()


@pytest.fixture
async def other(template: Template, bare: str) -> AsyncIterator[Database]:
    """Return another one."""
    database = await _copy(template, bare)
    yield database
    await database.close()


@pytest.fixture(scope="session")
async def demo(template: Template, bare: str) -> AsyncIterator[Database]:
    """Return the demo shop. Nobody writes to it."""
    database = await _copy(template, bare)
    await seed(database, PRODUCTS)
    yield database
    await database.close()


async def _copy(template: Template, name: str) -> Database:
    made = f"demo_{next(_numbers)}"
    async with template.admin.read() as conn:
        await conn.execute(text(f"CREATE DATABASE {made} TEMPLATE {name}"))
    return Database(template.url(made), pool_size=4)
