"""What an operation asks of the database, seen in process: how many statements, and which with which parameters."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import uvloop
from sqlalchemy import event

from benchmarks.operations import Send, Wrong, perform
from benchmarks.shop import Stage
from commerce_graph import demo
from commerce_graph.app import close_resources, graph, open_resources
from commerce_graph.kernel.auth import SHOPPER_SCOPES, Principal
from commerce_graph.kernel.context import Context, Resources
from commerce_graph.kernel.database import count_statements
from commerce_graph.kernel.execution import Engine, Refused
from commerce_graph.settings import Settings

WARM = 10_000_000
"""Numbers that the load does not use."""


def counted(stage: Stage, operations: list[str]) -> dict[str, int]:
    """Return the statements of each operation, once the caches of the process are warm.

    What a purchase does after it was submitted counts; what the test provider does in its own books does not.
    """
    return uvloop.run(_counted(stage, operations))


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with its parameters, as the driver is given both."""

    text: str
    parameters: tuple[Any, ...]


def captured(stage: Stage, operation: str) -> list[Statement]:
    """Return the statements of an operation in order, once the caches of the process are warm.

    Raises: Wrong where a statement does not come by where they are watched.
    """
    return uvloop.run(_captured(stage, operation))


async def _counted(stage: Stage, operations: list[str]) -> dict[str, int]:
    async with _in_process(stage) as (_, send):
        found = {}
        for number, operation in enumerate(operations):
            await perform(operation, send, stage.samples, WARM + 2 * number)
            with count_statements() as seen:
                await perform(operation, send, stage.samples, WARM + 2 * number + 1)
            found[operation] = len(seen)
        return found


async def _captured(stage: Stage, operation: str) -> list[Statement]:
    found: list[Statement] = []

    def executed(conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool) -> None:
        found.append(Statement(statement, tuple(parameters)))

    def logged(sent: Any) -> None:
        found.append(Statement(sent.query, tuple(sent.args or ())))

    async with _in_process(stage) as (resources, send):
        engine = resources.database.engine.sync_engine
        event.listen(engine, "before_cursor_execute", executed)
        # What goes to the driver without SQLAlchemy between.
        event.listen(engine, "connect", lambda made, record: made.driver_connection.add_query_logger(logged))
        await perform(operation, send, stage.samples, WARM)
        found.clear()
        with count_statements() as seen:
            await perform(operation, send, stage.samples, WARM + 1)
        await asyncio.sleep(0)  # the driver tells in the next turn of the loop
    taken = [each for each in found if each.text in seen]
    if sorted(each.text for each in taken) != sorted(seen):
        raise Wrong(f"{operation} runs {len(seen)} statements, of which {len(taken)} could be watched")
    return taken


@asynccontextmanager
async def _in_process(stage: Stage) -> AsyncIterator[tuple[Resources, Send]]:
    """Open a server's resources, and the way to send it documents."""
    env = stage.environment()
    resources = open_resources(
        Settings.read(database_url=env["DATABASE_URL"], redis_url=env["REDIS_URL"], secret=stage.secret)
    )
    engine = Engine(graph())

    async def send(document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        operation = engine.prepare(document)
        if isinstance(operation, Refused):
            raise Wrong(str(operation.errors))
        ctx = Context(resources, Principal(SHOPPER_SCOPES, demo.CHANNEL_ID))
        answer = await engine.run(operation, dict(variables), ctx)
        if "errors" in answer:
            raise Wrong(str(answer["errors"]))
        data: dict[str, Any] = answer["data"]
        return data

    try:
        yield resources, send
    finally:
        await close_resources(resources)
