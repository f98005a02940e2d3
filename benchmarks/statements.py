"""What an operation asks of the database, seen in process: how many statements, and which with which parameters."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import uvloop

from benchmarks.operations import Send, Wrong, perform
from benchmarks.shop import Stage
from commerce_graph import demo
from commerce_graph.app import close_resources, graph, open_resources
from commerce_graph.kernel.auth import SHOPPER_SCOPES, Principal
from commerce_graph.kernel.context import Context
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
    """Return the statements of an operation in order, once the caches of the process are warm."""
    return uvloop.run(_captured(stage, operation))


async def _counted(stage: Stage, operations: list[str]) -> dict[str, int]:
    async with _in_process(stage) as send:
        found = {}
        for number, operation in enumerate(operations):
            await perform(operation, send, stage.samples, WARM + 2 * number)
            with count_statements() as seen:
                await perform(operation, send, stage.samples, WARM + 2 * number + 1)
            found[operation] = len(seen)
        return found


async def _captured(stage: Stage, operation: str) -> list[Statement]:
    async with _in_process(stage) as send:
        await perform(operation, send, stage.samples, WARM)
        with count_statements() as seen:
            await perform(operation, send, stage.samples, WARM + 1)
    return [Statement(str(each), tuple(each.parameters)) for each in seen]


@asynccontextmanager
async def _in_process(stage: Stage) -> AsyncIterator[Send]:
    """Open the way to send a server documents."""
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
        yield send
    finally:
        await close_resources(resources)
