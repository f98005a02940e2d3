"""Fixtures: the demo shop behind a development server, and a real browser."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright
from sqlalchemy import text
from sqlalchemy.schema import CreateSchema

from commerce_graph.app import create
from commerce_graph.development import Steps, prepare
from commerce_graph.kernel.database import Database, metadata
from commerce_graph.kernel.execution import Engine
from commerce_graph.kernel.graphiql import Example
from commerce_graph.settings import Settings
from tests.conftest import Template
from tests.protocol.served import listening

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@dataclass(frozen=True)
class Demo:
    """A served demo shop."""

    address: str
    tokens: dict[str, str]
    examples: list[Example]

    def example(self, name: str) -> Example:
        """Return an example by the name of its file."""
        (found,) = (each for each in self.examples if each.name == name)
        return found


@pytest.fixture(scope="session")
async def demo(template: Template, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demo]:
    """Serve the demo shop as `commerce-graph dev` does."""
    async with template.admin.read() as conn:
        await conn.execute(text("CREATE DATABASE demo_shop"))
    database = Database(template.url("demo_shop"), pool_size=1)
    async with database.begin() as tx:
        for schema in sorted({table.schema for table in metadata.tables.values() if table.schema}):
            await tx.execute(CreateSchema(schema))
        await tx.run_sync(metadata.create_all)
    await database.close()
    settings = Settings.read(
        database_url=database.url, redis_url=template.servers.redis_url, secret="s" * 32, graphiql=True
    )
    with Steps() as steps:
        tokens, examples = await prepare(settings, engine, Path(tmp_path_factory.mktemp("demo")), 24, steps)
    app = create(settings, tokens=tokens, examples=examples, engine=engine)
    async with listening(app) as where:
        yield Demo(f"http://{where}/graphql", tokens, examples)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Start chromium."""
    chromium = shutil.which("chromium")
    assert chromium, "chromium is missing: `make test` installs it"
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield opened
        await opened.close()
