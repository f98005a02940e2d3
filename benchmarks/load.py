"""The load: many keep-alive connections from a process of its own, on raw sockets so that it costs little itself.

Run by `python -m benchmarks` as `python -m benchmarks.load FILE`: reads a plan as JSON from stdin, prints `begin` and
`end` as it starts and stops to measure, and writes what it measured into the file.
"""

import asyncio
import itertools
import sys
from collections.abc import Coroutine, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, cast

import httptools
import orjson
import uvloop

from benchmarks.operations import SINGLE, Samples, Wrong, perform

VARIATIONS = 64
"""How many different requests of an operation are made ready beforehand."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send, where to, and for how long.

    `recorded` are bodies of requests, step by step: then the bare route is asked for the same, and `operation` names
    its answers.
    """

    host: str
    port: int
    headers: Mapping[str, str]
    operation: str
    samples: Samples
    connections: int
    warmup_s: float
    seconds: float
    first_number: int = 0
    recorded: list[str] | None = None

    @classmethod
    def read(cls, text: bytes) -> "Plan":
        """Return the plan in a JSON document."""
        given = orjson.loads(text)
        return cls(**{**given, "samples": Samples(**given["samples"])})

    def write(self) -> bytes:
        """Return the plan as a JSON document."""
        return orjson.dumps(asdict(self))


@dataclass(slots=True)
class Tally:
    """What was measured: the duration of each operation in seconds, and what went wrong."""

    durations: list[float] = field(default_factory=list)
    requests: int = 0
    errors: int = 0
    first_error: str | None = None
    measuring: bool = False

    def note(self, duration: float) -> None:
        """Count an operation that succeeded."""
        if self.measuring:
            self.durations.append(duration)

    def fail(self, fault: Exception) -> None:
        """Count an operation that failed."""
        self.errors += 1
        self.first_error = self.first_error or f"{type(fault).__name__}: {fault}"[:2_000]


class Connection(asyncio.Protocol):
    """A connection that has one request under way."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._parts: list[bytes] = []
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by name

    def data_received(self, data: bytes) -> None:
        """Feed the parser."""
        self._parser.feed_data(data)

    def on_body(self, part: bytes) -> None:
        """Keep a part of the body."""
        self._parts.append(part)

    def on_message_complete(self) -> None:
        """Hand the answer over."""
        body = b"".join(self._parts)
        self._parts.clear()
        if self._answer and not self._answer.done():
            self._answer.set_result((self._parser.get_status_code(), body))

    def connection_lost(self, fault: Exception | None) -> None:
        """Tell who waits."""
        if self._answer and not self._answer.done():
            self._answer.set_exception(fault or ConnectionResetError("the server closed the connection"))

    async def exchange(self, request: bytes, expected: int = 200) -> bytes:
        """Send a request and return the body of its answer. Raises: Wrong for another status than is expected."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        status, body = await self._answer
        if status != expected or body.startswith((b'{"errors"', b'{"data":null')):
            raise Wrong(f"status {status}: {body[:1_000].decode(errors='replace')}")
        return body

    def close(self) -> None:
        """Close the connection."""
        if self._transport:
            self._transport.close()


def encoded(plan: Plan, path: str, body: bytes) -> bytes:
    """Return a POST request as bytes."""
    headers = {
        "Host": f"{plan.host}:{plan.port}", **plan.headers, "Content-Type": "application/json",
        "Content-Length": str(len(body)),
    }  # fmt: skip
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + body


def document(text: str, variables: Mapping[str, Any]) -> bytes:
    """Return the body of a GraphQL request."""
    return orjson.dumps({"query": text, "variables": variables})


async def _single(plan: Plan, connection: Connection, tally: Tally, numbers: Iterator[int]) -> None:
    make = SINGLE[plan.operation]
    ready = [
        encoded(plan, "/graphql", document(*make(plan.samples, number))) for number in range(VARIATIONS)
    ]  # fmt: skip
    for number in numbers:
        began = perf_counter()
        try:
            body = await connection.exchange(ready[number % VARIATIONS])
            # Looked for instead of parsed, so that the load does not take the server's time.
            if plan.operation == "cart" and b'"userErrors":[]' not in body:
                raise Wrong(f"refused: {body[:500].decode()}")
        except Wrong as fault:
            tally.fail(fault)
            continue
        tally.requests += tally.measuring
        tally.note(perf_counter() - began)


async def _conversation(plan: Plan, connection: Connection, tally: Tally, numbers: Iterator[int]) -> None:
    async def send(text: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        answer = orjson.loads(await connection.exchange(encoded(plan, "/graphql", document(text, variables))))
        tally.requests += tally.measuring
        if "errors" in answer:
            raise Wrong(str(answer["errors"]))
        data: dict[str, Any] = answer["data"]
        return data

    for number in numbers:
        began = perf_counter()
        try:
            await perform(plan.operation, send, plan.samples, plan.first_number + number)
        except Wrong as fault:
            tally.fail(fault)
        else:
            tally.note(perf_counter() - began)


async def _replay(plan: Plan, connection: Connection, tally: Tally, numbers: Iterator[int]) -> None:
    steps = [
        encoded(plan, f"/bare/{plan.operation}/{step}", body.encode()) for step, body in enumerate(plan.recorded or ())
    ]
    for _ in numbers:
        began = perf_counter()
        for step in steps:
            await connection.exchange(step)
            tally.requests += tally.measuring
        tally.note(perf_counter() - began)


async def run(plan: Plan) -> dict[str, Any]:
    """Carry out a plan and return what was measured."""
    tally = Tally()
    numbers = itertools.count()
    connections = []
    for _ in range(plan.connections):
        _, connection = await asyncio.get_running_loop().create_connection(Connection, plan.host, plan.port)
        connections.append(connection)
    work = _replay if plan.recorded is not None else _single if plan.operation in SINGLE else _conversation
    endless = [work(plan, connection, tally, numbers) for connection in connections]
    measured = await timed(endless, tally, plan.warmup_s, plan.seconds)
    for connection in connections:
        connection.close()
    return measured


async def timed(
    endless: Iterable[Coroutine[Any, Any, None]], tally: Tally, warmup_s: float, seconds: float
) -> dict[str, Any]:
    """Let what never ends by itself work together for a while, end it, and return what the tally then holds.

    Prints `begin` and `end` as it starts and stops to measure. Raises: the fault of what ended before.
    """
    tasks = [asyncio.create_task(each) for each in endless]
    try:
        await _until(warmup_s, tasks)
        tally.measuring = True
        began = perf_counter()
        print("begin", flush=True)
        await _until(seconds, tasks)
        took = perf_counter() - began
        print("end", flush=True)
        tally.measuring = False
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return {
        "seconds": took, "durations": tally.durations, "requests": tally.requests, "errors": tally.errors,
        "first_error": tally.first_error,
    }  # fmt: skip


async def _until(seconds: float, tasks: list[asyncio.Task[None]]) -> None:
    """Let the tasks run for a while; a task that ends has failed, and its fault is raised."""
    ended, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in ended:
        task.result()


if __name__ == "__main__":
    results = uvloop.run(run(Plan.read(sys.stdin.buffer.read())))
    Path(sys.argv[1]).write_bytes(orjson.dumps(results))
