"""A load of one and the same request: `python -m benchmarks.edge.load FILE`, the plan on standard input."""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import orjson
import uvloop

from benchmarks.load import Connection, Tally, timed


@dataclass(frozen=True, slots=True)
class Plan:
    """What to ask by GET, and for how long."""

    port: int
    path: str
    headers: Mapping[str, str]
    status: int
    connections: int
    warmup_s: float
    seconds: float

    def write(self) -> bytes:
        """Return the plan as a JSON document."""
        return orjson.dumps(asdict(self))

    def request(self) -> bytes:
        """Return the request as it is sent."""
        headers = {"Host": f"127.0.0.1:{self.port}", **self.headers}
        lines = [f"GET {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        return "\r\n".join(lines).encode()


async def _ask(plan: Plan, connection: Connection, tally: Tally) -> None:
    request = plan.request()
    while True:
        began = perf_counter()
        await connection.exchange(request, plan.status)
        tally.requests += tally.measuring
        tally.note(perf_counter() - began)


async def run(plan: Plan) -> dict[str, Any]:
    """Carry out a plan and return what was measured. Raises: Wrong for another status than is expected."""
    tally = Tally()
    loop = asyncio.get_running_loop()
    made = [await loop.create_connection(Connection, "127.0.0.1", plan.port) for _ in range(plan.connections)]
    measured = await timed([_ask(plan, each, tally) for _, each in made], tally, plan.warmup_s, plan.seconds)
    for _, each in made:
        each.close()
    return measured


if __name__ == "__main__":
    results = uvloop.run(run(Plan(**orjson.loads(sys.stdin.buffer.read()))))
    Path(sys.argv[1]).write_bytes(orjson.dumps(results))
