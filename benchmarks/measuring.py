"""Measuring one server: what it answers, and what a load on it costs."""

import base64
import http.client
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson
import uvloop

from benchmarks import machine
from benchmarks.load import Plan, document
from benchmarks.machine import Served
from benchmarks.operations import Wrong, perform
from benchmarks.report import Figures
from benchmarks.shop import Stage


def record(stage: Stage, port: int, operation: str) -> tuple[list[str], list[bytes]]:
    """Carry out an operation once and return the bodies of its requests and answers, for the bare route."""
    asked: list[str] = []
    answered: list[bytes] = []
    headers = {"Content-Type": "application/json", "X-Shopify-Storefront-Access-Token": stage.token}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    async def send(text: str, variables: Any) -> dict[str, Any]:
        body = document(text, variables)
        connection.request("POST", "/graphql", body, headers)
        answer = connection.getresponse().read()
        told = orjson.loads(answer)
        if "errors" in told:
            raise Wrong(str(told["errors"]))
        asked.append(body.decode())
        answered.append(answer)
        data: dict[str, Any] = told["data"]
        return data

    try:
        uvloop.run(perform(operation, send, stage.samples, 0))
    finally:
        connection.close()
    return asked, answered


@contextmanager
def bare_route(stage: Stage, answers: Mapping[str, list[bytes]]) -> Iterator[Served]:
    """Serve recorded answers, by operation and step, until the block ends. Raises: machine.DidNotStart."""
    file, port = stage.folder / "answers.json", machine.free_port()
    stored = {name: [base64.b64encode(step).decode() for step in steps] for name, steps in answers.items()}
    file.write_bytes(orjson.dumps(stored))
    with machine.serving(["benchmarks.bare", str(port), str(file)], port, {}, stage.folder / "bare.log") as pid:
        yield Served(port, pid)


def measure(plan: Plan, stage: Stage, server_pid: int) -> Figures:
    """Put a load on a server and return what it did and what it cost. Raises: machine.DidNotStart."""
    return measured("benchmarks.load", plan.write(), stage, server_pid)


def measured(module: str, told: bytes, stage: Stage, server_pid: int | None = None) -> Figures:
    """Run a load of `benchmarks.load`'s kind; without a server, its own processor time is the server's.

    Raises: machine.DidNotStart.
    """
    results = stage.folder / "load.json"
    load = subprocess.Popen(
        [*machine.MODULE, module, str(results)], cwd=machine.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert load.stdin is not None
        assert load.stdout is not None
        load.stdin.write(told)
        load.stdin.close()
        spent = []
        for expected in (b"begin\n", b"end\n"):
            if load.stdout.readline() != expected:
                raise machine.DidNotStart("the load ended early; what it said is above")
            pids = (server_pid or load.pid, stage.postgres_pid, stage.redis_pid)
            spent.append([machine.cpu_s(pid) for pid in pids])
        if load.wait() != 0:
            raise machine.DidNotStart(f"the load ended with status {load.returncode}; what it said is above")
    finally:
        load.kill()
        load.wait()
        if load.stdout:
            load.stdout.close()
    server, postgres, redis = (after - before for before, after in zip(*spent, strict=True))
    return Figures.of(orjson.loads(results.read_bytes()), server, postgres, redis)
