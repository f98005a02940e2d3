"""Revisions lead from nothing, and from the one before, to exactly the tables that the code declares."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.schema import CreateSchema

from commerce_graph.app import MODULES
from commerce_graph.kernel.auth import CONTENT, LISTINGS, SHOPPER_SCOPES
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.database import Database, metadata
from commerce_graph.kernel.tokens import api_token
from commerce_graph.migration import current, revisions, upgrade
from tests.conftest import Template
from tests.waiting import until_blocked

CATALOGUE = """
SELECT 'column', attrelid::regclass::text, attname::text, format_type(atttypid, atttypmod), attnotnull::text,
       attidentity::text, attgenerated::text, coalesce(pg_get_expr(adbin, adrelid), '')
FROM pg_attribute JOIN pg_class c ON c.oid = attrelid AND c.relkind = 'r'
LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attnum > 0 AND NOT attisdropped AND relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
UNION ALL
SELECT 'constraint', conrelid::regclass::text, conname::text, pg_get_constraintdef(oid), '', '', '', ''
FROM pg_constraint WHERE connamespace::regnamespace::text !~ '^(pg_|information_schema)'
UNION ALL
SELECT 'index', indrelid::regclass::text, indexrelid::regclass::text, pg_get_indexdef(indexrelid), '', '', '', ''
FROM pg_index JOIN pg_class c ON c.oid = indexrelid
WHERE relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
UNION ALL
SELECT 'function', oid::regprocedure::text, pg_get_functiondef(oid), '', '', '', '', ''
FROM pg_proc WHERE pronamespace::regnamespace::text !~ '^(pg_|information_schema)'
UNION ALL
SELECT 'trigger', tgrelid::regclass::text, tgname::text, pg_get_triggerdef(oid), '', '', '', ''
FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT 'sequence', schemaname, sequencename, start_value::text, increment_by::text, '', '', '' FROM pg_sequences
"""


@pytest.fixture
async def empty(template: Template) -> AsyncIterator[Database]:
    """Return a database with nothing in it."""
    async with template.admin.read() as conn:
        await conn.execute(text("CREATE DATABASE empty"))
    made = Database(template.url("empty"), pool_size=2)
    yield made
    await made.close()
    async with template.admin.read() as conn:
        await conn.execute(text("DROP DATABASE empty WITH (FORCE)"))


async def schema_of(database: Database) -> set[tuple[str, ...]]:
    async with database.read() as conn:
        rows = (await conn.execute(text(CATALOGUE))).all()
    return {tuple(row) for row in rows if "revision" not in row[1] and "revision" not in row[2]}


async def declared(template: Template) -> set[tuple[str, ...]]:
    async with template.admin.read() as conn:
        await conn.execute(text("CREATE DATABASE declared"))
    made = Database(template.url("declared"), pool_size=1)
    async with made.begin() as tx:
        for schema in sorted({table.schema for table in metadata.tables.values() if table.schema}):
            await tx.execute(CreateSchema(schema))
        await tx.run_sync(metadata.create_all)
    found = await schema_of(made)
    await made.close()
    async with template.admin.read() as conn:
        await conn.execute(text("DROP DATABASE declared WITH (FORCE)"))
    return found


async def test_from_nothing_to_what_the_code_declares(template: Template, empty: Database) -> None:
    assert len(MODULES) > 1, "every domain's tables belong to the comparison"
    told: list[str] = []
    done = await asyncio.to_thread(upgrade, empty.url, told.append)
    assert done == told == revisions()
    migrated, wanted = await schema_of(empty), await declared(template)
    assert sorted(migrated - wanted) == []
    assert sorted(wanted - migrated) == []


async def test_from_the_revision_before_with_rows_in_it(empty: Database) -> None:
    *_, before, newest = revisions()
    await asyncio.to_thread(upgrade, empty.url, to=before)
    assert await asyncio.to_thread(current, empty.url) == before
    assert await asyncio.to_thread(upgrade, empty.url) == [newest]


async def test_again_changes_nothing(empty: Database) -> None:
    await asyncio.to_thread(upgrade, empty.url)
    assert await asyncio.to_thread(upgrade, empty.url) == []


async def test_servers_that_start_at_once_migrate_once(empty: Database) -> None:
    done = await asyncio.gather(*(asyncio.to_thread(upgrade, empty.url) for _ in range(3)))
    assert sorted(map(len, done)) == [0, 0, len(revisions())]


async def test_a_revision_that_waits_for_a_table_lets_others_pass(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("commerce_graph.migration.LOCK_TIMEOUT_S", 0.05)
    *_, before, _newest = revisions()
    await asyncio.to_thread(upgrade, empty.url, to=before)
    async with empty.begin() as reader:
        await reader.execute(text("LOCK TABLE kernel.revision IN SHARE MODE"))
        waiting = asyncio.create_task(asyncio.to_thread(upgrade, empty.url))
        await until_blocked(empty)
        assert not waiting.done()
    assert len(await waiting) == 1, "it went on once the lock was free"


async def test_storefronts_that_could_read_the_shop_can_read_its_content(empty: Database) -> None:
    await asyncio.to_thread(upgrade, empty.url, to="0015")
    before = SHOPPER_SCOPES - CONTENT
    async with empty.begin() as tx:
        for number, scopes in enumerate((before, before | {"read_products"}, LISTINGS, SHOPPER_SCOPES)):
            row = {"id": new_id(), "hash": bytes([number]), "name": str(number), "scopes": sorted(scopes)}
            await tx.execute(insert(api_token).values(**row))
    await asyncio.to_thread(upgrade, empty.url)
    async with empty.read() as conn:
        found = [set(row.scopes) for row in await conn.execute(select(api_token).order_by(api_token.c.name))]
    assert found == [SHOPPER_SCOPES, SHOPPER_SCOPES | {"read_products"}, LISTINGS, SHOPPER_SCOPES]
