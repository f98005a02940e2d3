"""asyncpg alone: the statements of an operation, run again and again with their parameters, and nothing else.

Run by `python -m benchmarks.peers` as `python -m benchmarks.peers.alone FILE`, in the way of `benchmarks.load`: it
reads what to run from stdin, and what is measured is its own processor time.
"""

import pickle
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import asyncpg
import orjson
import uvloop

from benchmarks.load import Tally, timed
from benchmarks.statements import Statement

SESSION = {"application_name": "benchmarks", "jit": "off", "timezone": "UTC"}


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run, on how many connections and for how long. `url` as asyncpg takes it."""

    url: str
    statements: Sequence[Statement]
    connections: int
    warmup_s: float
    seconds: float

    def write(self) -> bytes:
        """Return the plan as bytes, for a process of this program."""
        return pickle.dumps(self)


async def run(plan: Plan) -> dict[str, Any]:
    """Carry out a plan and return what was measured; an operation is all statements, one after another."""
    tally = Tally()
    connections: list[asyncpg.Connection] = []
    try:
        while len(connections) < plan.connections:
            connections.append(await asyncpg.connect(plan.url, server_settings=SESSION))
        endless = [_again(connection, plan.statements, tally) for connection in connections]
        return await timed(endless, tally, plan.warmup_s, plan.seconds)
    finally:
        for connection in connections:
            connection.terminate()  # in the middle of a statement, perhaps


async def _again(connection: asyncpg.Connection, statements: Sequence[Statement], tally: Tally) -> None:
    prepared = [(await connection.prepare(each.text), each.parameters) for each in statements]
    while True:
        began = perf_counter()
        for statement, parameters in prepared:
            await statement.fetch(*parameters)
        tally.requests += tally.measuring
        tally.note(perf_counter() - began)


if __name__ == "__main__":
    results = uvloop.run(run(pickle.load(sys.stdin.buffer)))
    Path(sys.argv[1]).write_bytes(orjson.dumps(results))
