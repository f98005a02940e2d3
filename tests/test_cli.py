"""The command line: each mistake is one line that says what to do next, and no traceback."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis
from sqlalchemy import select, text
from typer.testing import CliRunner

from commerce_graph import migration
from commerce_graph.__main__ import app
from commerce_graph.app import MODULES
from commerce_graph.development import running_note
from commerce_graph.events import OrderUpdated
from commerce_graph.kernel.auth import SHOPPER_SCOPES
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.outbox import STREAM, publish
from commerce_graph.kernel.tokens import Tokens, api_token
from commerce_graph.settings import EXAMPLES
from tests.conftest import Template
from tests.shop import uid

COMMANDS = (
    "dev", "serve", "worker", "migrate", "seed", "import", "reindex", "audit", "schema", "states", "token", "documents",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in EXAMPLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


async def call(*arguments: str, **environment: str) -> tuple[int, str, str]:
    """Run a command in a process of its own; return its status, output and complaints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", "-m", "commerce_graph", *arguments, env={**os.environ, **environment},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        told, wrong = await asyncio.wait_for(process.communicate(), 120)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    assert process.returncode is not None
    return process.returncode, told.decode(), wrong.decode()


def test_help_names_every_command_and_each_shows_an_example() -> None:
    told = CliRunner().invoke(app, ["--help"], terminal_width=200).output
    for command in COMMANDS:
        assert f" {command} " in told
    for command in ("dev", "serve", "seed", "import", "reindex", "audit", "schema", "states"):
        assert f"commerce-graph {command}" in CliRunner().invoke(app, [command, "--help"], terminal_width=200).output


@pytest.mark.parametrize(
    ("arguments", "environment", "told"),
    [
        (["serve"], {}, ["DATABASE_URL is not set", "REDIS_URL is not set", "SECRET is not set"]),
        (["worker"], {"DATABASE_URL": "mysql://x"}, ["DATABASE_URL is not the URL", "REDIS_URL is", "SECRET is"]),
        (["migrate"], {}, ["DATABASE_URL is not set", "or start `commerce-graph dev`"]),
        (["seed"], {"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"}, ["the database does not answer"]),
        (["dev"], {"DATABASE_URL": "postgresql://localhost/shop"}, ["set both DATABASE_URL and REDIS_URL, or neither"]),
        (["token", "create", "--name", "x", "--scopes", "fly"], {}, ["a storefront token cannot have fly. It can: "]),
        (["schema", "--only", "prices"], {}, ["no domain named prices. Known: catalog, "]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
async def test_mistake_is_told_in_a_line(arguments: list[str], environment: dict[str, str], told: list[str]) -> None:
    status, _, wrong = await call(*arguments, **environment)
    assert status == 1
    assert "Traceback" not in wrong
    assert wrong.count("error: ") == 1
    for part in told:
        assert part in wrong


async def test_serve_refuses_a_database_that_was_not_migrated(template: Template) -> None:
    async with template.admin.read() as conn:
        await conn.execute(text("CREATE DATABASE unmigrated"))
    status, _, wrong = await call(
        "serve", DATABASE_URL=template.url("unmigrated"), REDIS_URL=template.servers.redis_url, SECRET="s" * 32
    )
    assert status == 1
    assert wrong == "error: the database has not been migrated to this version. Run: commerce-graph migrate\n"


@pytest.fixture
async def environment(template: Template) -> dict[str, str]:
    """Return what a server is told, with an empty database that has no schema yet."""
    async with template.admin.read() as conn:
        await conn.execute(text("DROP DATABASE IF EXISTS migrated WITH (FORCE)"))
        await conn.execute(text("CREATE DATABASE migrated"))
    return {"DATABASE_URL": template.url("migrated"), "REDIS_URL": template.servers.redis_url, "SECRET": "s" * 32}


async def test_migrate_tells_each_revision_and_then_that_there_is_nothing_to_do(environment: dict[str, str]) -> None:
    status, told, wrong = await call("migrate", **environment)
    assert (status, told.split()) == (0, [word for each in migration.revisions() for word in ("applied", each)]), wrong
    assert (await call("migrate", **environment))[1] == "nothing to do: the database has this version's schema\n"


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_serve_answers_until_it_is_stopped(environment: dict[str, str], workers: str) -> None:
    await asyncio.to_thread(migration.upgrade, environment["DATABASE_URL"])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "commerce_graph", "serve", "--port", port, "--workers", workers, "--only", "catalog",
        env={**os.environ, **environment}, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        transport = httpx.AsyncHTTPTransport(retries=20)  # the pause doubles: more than a minute in all
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", transport=transport, timeout=60) as client:
            assert (await client.get("/readyz")).json() == {"database": "ok", "redis": "ok"}
            sdl = (await client.post("/graphql", json={"query": "{ _service { sdl } }"})).json()["data"]["_service"]
            assert "type Product " in sdl["sdl"]
            assert "cartCreate" not in sdl["sdl"]
            assert (await client.get("/graphql", headers={"Accept": "text/html"})).status_code == 406
    finally:
        process.send_signal(signal.SIGTERM)
        _, wrong = await process.communicate()
    assert process.returncode in (0, -signal.SIGTERM)
    assert b"Traceback" not in wrong


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_worker_works_until_it_is_stopped(
    environment: dict[str, str], redis: Redis, number: signal.Signals
) -> None:
    await asyncio.to_thread(migration.upgrade, environment["DATABASE_URL"])
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "commerce_graph", "worker", env={**os.environ, **environment}, stderr=subprocess.PIPE
    )
    assert process.stderr
    assert await process.stderr.readline() == b"commerce-graph works in the background\n"
    database = Database(environment["DATABASE_URL"], pool_size=1)
    async with database.begin() as tx:
        await publish(tx, OrderUpdated(uid("order")))
    await database.close()
    async with asyncio.timeout(60):
        while not await redis.xread({STREAM: "0"}, block=1_000):
            pass
    process.send_signal(number)
    _, wrong = await process.communicate()
    assert (process.returncode, b"Traceback" in wrong) == (0, False)


async def test_audit_finds_what_was_made_wrong(database: Database) -> None:
    status, told, wrong = await call("audit", DATABASE_URL=database.url)
    assert (status, told.startswith("nothing disagrees")) == (0, True), wrong
    async with database.begin() as tx:
        await tx.execute(text("UPDATE inventory.level SET on_hand = on_hand + 1 WHERE item_id = :item"), {
            "item": uid("mug-variant")
        })  # fmt: skip
    status, told, wrong = await call("audit", DATABASE_URL=database.url)
    assert (status, told.count("inventory.ledger: it is not so that a level is the sum of its movements")) == (1, 2)
    assert str(uid("mug-variant")) in told
    assert "2 rows disagree" in wrong


async def test_token_is_printed_once_and_works(database: Database) -> None:
    status, told, wrong = await call("token", "create", "--name", "Web shop", DATABASE_URL=database.url)
    assert status == 0, wrong
    principal = await Tokens(database).principal(told.strip())
    assert principal
    assert (principal.name, principal.channel_id, principal.scopes) == ("Web shop", uid("online"), SHOPPER_SCOPES)
    async with database.read() as conn:
        rows = (await conn.execute(select(api_token).where(api_token.c.name == "Web shop"))).all()
    assert told.strip() not in str(rows)


async def test_token_of_an_unknown_channel_is_refused(database: Database) -> None:
    status, _, wrong = await call("token", "create", "--name", "x", "--channel", "shops", DATABASE_URL=database.url)
    assert (status, "no such sales channel. Known: online" in wrong) == (1, True)


async def test_command_finds_the_database_of_the_running_development_server(database: Database, tmp_path: Path) -> None:
    (tmp_path / ".data").mkdir()
    running_note(tmp_path / ".data").write_text(database.url)
    status, _, wrong = await call("seed")
    assert (status, "the shop is not empty" in wrong) == (1, True)


def test_schema_is_written_then_current_then_stale(tmp_path: Path) -> None:
    def schema(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["schema", "--folder", str(tmp_path), *arguments])
        return done.exit_code, done.output

    assert schema("--check")[0] == 1
    status, told = schema()
    assert (status, told.count("wrote")) == (0, 1 + len(MODULES))
    assert schema("--check") == (0, "")
    assert schema() == (0, "")
    (tmp_path / "schema.graphql").write_text("type Query { old: Int }\n")
    status, told = schema("--check")
    assert status == 1
    assert "-type Query { old: Int }" in told


async def test_schema_does_not_depend_on_the_order_of_hashing() -> None:
    first, second = [await call("schema", "--only", "catalog,pricing", PYTHONHASHSEED=seed) for seed in ("1", "2")]
    assert first == second
    assert "type Query" in first[1]
