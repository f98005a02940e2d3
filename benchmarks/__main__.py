"""Measure the server over HTTP: `python -m benchmarks --help`."""

import argparse
import base64
import http.client
import itertools
import subprocess
import sys
from typing import Any

import orjson
import uvloop

from benchmarks import machine
from benchmarks.command import RESULTS, Tell, command
from benchmarks.load import Plan, document
from benchmarks.operations import OPERATIONS, Wrong, perform
from benchmarks.report import Figures, Result, keep, markdown
from benchmarks.shop import Stage, staged
from benchmarks.statements import counted

ABOUT = """
Measures the real server (commerce-graph serve, one process) on the demo shop, over HTTP, from a process of its own,
and beside it in the same run a bare Starlette route that returns the same bytes. Starts PostgreSQL, Redis and both
servers on free ports and stops all of them. Machines and neighbours differ; the ratios to the bare route differ less.

operations:
  list      a page of 24 products with pictures, price ranges, collections and variants
  detail    a product page as Hydrogen asks for it
  cart      a new cart with one line
  checkout  a whole purchase: cart, delivery, payment, preparation, submission, and asking until there is an order

examples:
  python -m benchmarks                            all of it, 10 seconds each
  python -m benchmarks --only list,detail         some of it
  python -m benchmarks --seconds 2 --name try     a quick look, kept as results/<date>-try.json
  python -m benchmarks --products 100000 --only list
"""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m benchmarks", description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=10, help="how long each is measured (default: %(default)s)")
    parser.add_argument("--connections", type=int, default=16, help="keep-alive connections (default: %(default)s)")
    parser.add_argument("--products", type=int, default=1_000, help="size of the shop (default: %(default)s)")
    parser.add_argument("--only", default=",".join(OPERATIONS), help="operations, by commas (default: %(default)s)")
    parser.add_argument("--name", default="bench", help="name of the file of results (default: %(default)s)")
    given = parser.parse_args()
    given.only = [name.strip() for name in given.only.split(",") if name.strip()]
    unknown = [name for name in given.only if name not in OPERATIONS]
    if unknown or not given.only:
        parser.error(f"there is no operation {', '.join(unknown) or 'to measure'}. Known: {', '.join(OPERATIONS)}")
    if given.seconds <= 0 or given.connections < 1 or given.products < 1:
        parser.error("--seconds, --connections and --products must be more than nothing")
    return given


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


def measure(plan: Plan, stage: Stage, server_pid: int) -> Figures:
    """Put a load on a server and return what it did and what it cost."""
    results = stage.folder / "load.json"
    load = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.load", str(results)],
        cwd=machine.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert load.stdin is not None
        assert load.stdout is not None
        load.stdin.write(plan.write())
        load.stdin.close()
        spent = []
        for expected in (b"begin\n", b"end\n"):
            if load.stdout.readline() != expected:
                raise machine.DidNotStart("the load ended early; what it said is above")
            spent.append([machine.cpu_s(pid) for pid in (server_pid, stage.postgres_pid, stage.redis_pid)])
        if load.wait() != 0:
            raise machine.DidNotStart(f"the load ended with status {load.returncode}; what it said is above")
    finally:
        load.kill()
        load.wait()
        if load.stdout:
            load.stdout.close()
    measured = orjson.loads(results.read_bytes())
    server, postgres, redis = (after - before for before, after in zip(*spent, strict=True))
    return Figures.of(measured, server, postgres, redis)


def run(given: argparse.Namespace, tell: Tell) -> int:
    """Measure what was asked for; returns the exit status."""
    about = {**machine.described(), "connections": given.connections, "seconds": given.seconds,
             "products": given.products}  # fmt: skip
    firsts = itertools.count(1_000_000, 1_000_000)
    figures: dict[str, Figures] = {}
    recorded: dict[str, tuple[list[str], list[bytes]]] = {}
    results = []

    def plan(operation: str, port: int, bodies: list[str] | None = None) -> Plan:
        return Plan(
            host="127.0.0.1", port=port, headers={"X-Shopify-Storefront-Access-Token": stage.token},
            operation=operation, samples=stage.samples, connections=given.connections,
            warmup_s=min(2.0, given.seconds / 2), seconds=given.seconds, first_number=next(firsts), recorded=bodies,
        )  # fmt: skip

    with staged(given.products, tell) as stage:
        tell("counting statements")
        statements = counted(stage, given.only)
        port = machine.free_port()
        command = ["commerce_graph", "serve", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
        with machine.serving(command, port, stage.environment(), stage.folder / "server.log") as pid:
            for operation in given.only:
                tell(f"measuring {operation}")
                recorded[operation] = record(stage, port, operation)
                figures[operation] = measure(plan(operation, port), stage, pid)
        answers = stage.folder / "answers.json"
        stored = {name: [base64.b64encode(step).decode() for step in steps] for name, (_, steps) in recorded.items()}
        answers.write_bytes(orjson.dumps(stored))
        port = machine.free_port()
        with machine.serving(["benchmarks.bare", str(port), str(answers)], port, {}, stage.folder / "bare.log") as pid:
            for operation in given.only:
                tell(f"measuring the bare route of {operation}")
                bodies, steps = recorded[operation]
                bare = measure(plan(operation, port, bodies), stage, pid)
                size = sum(map(len, steps))
                results.append(Result(operation, statements[operation], size, figures[operation], bare))
    print(markdown(results, about))
    tell(f"kept as {keep(results, about, RESULTS, given.name).relative_to(machine.ROOT)}")
    return 1 if any(result.graph.errors or result.bare.errors for result in results) else 0


def main() -> None:
    """Measure, and say on stderr what is under way."""
    given = _arguments()
    with command() as tell:
        status = run(given, tell)
    raise SystemExit(status)


if __name__ == "__main__":
    main()
