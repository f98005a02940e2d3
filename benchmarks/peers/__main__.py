"""Measure the list of products beside peers: `python -m benchmarks.peers --help`."""

import argparse
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

import orjson

from benchmarks import machine
from benchmarks.command import Tell, arguments, command, keep
from benchmarks.load import Plan
from benchmarks.machine import Served
from benchmarks.measuring import bare_route, measure, measured, record
from benchmarks.operations import Wrong
from benchmarks.peers import alone
from benchmarks.peers.node import PEERS, driverless, environment, peer, version
from benchmarks.peers.results import ASYNCPG, BYTES, CORE, OURS, Results, markdown
from benchmarks.report import Figures
from benchmarks.shop import Stage, staged
from benchmarks.statements import captured
from commerce_graph import demo

LIST = "list"
POOL_SIZE = 10
"""Connections to PostgreSQL of each server; the server's own default."""
ABOUT = """
Measures the list of products over HTTP, on one shop in one PostgreSQL, in turns: commerce-graph, the same server on
graphql-core's executor, two servers that are written by hand in Node for this list alone (graphql-yoga and
mercurius, both with graphql-jit, pg and dataloader), and what the list costs at least: a bare Starlette route that
returns the same bytes, and asyncpg alone running the same statements. All must give the same answer. Starts PostgreSQL,
Redis and all servers on free ports and stops all of them.

examples:
  python -m benchmarks.peers                                       3 rounds, 5 seconds each
  python -m benchmarks.peers --seconds 1 --rounds 1 --name try     a quick look, kept as results/<date>-try.md
"""


def _arguments() -> argparse.Namespace:
    parser = arguments("benchmarks.peers", ABOUT, "peers")
    parser.add_argument("--seconds", type=float, default=5, help="of each turn (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each server (default: %(default)s)")
    parser.add_argument("--connections", type=int, default=16, help="keep-alive connections (default: %(default)s)")
    parser.add_argument("--products", type=int, default=1_000, help="size of the shop (default: %(default)s)")
    given = parser.parse_args()
    if given.seconds <= 0 or min(given.rounds, given.connections, given.products) < 1:
        parser.error("--seconds, --rounds, --connections and --products must be more than nothing")
    return given


def run(given: argparse.Namespace, tell: Tell) -> Results:
    """Measure everything. Raises: Wrong where the answers differ."""
    about = {**machine.described(), "node": version(), "connections": given.connections, "seconds": given.seconds,
             "products": given.products}  # fmt: skip
    with staged(given.products, tell) as stage, ExitStack() as stack:
        statements = captured(stage, LIST)
        tell("starting the servers")
        servers = _servers(stage, stack)
        bodies, answers = record(stage, servers[OURS].port, LIST)
        _agreed(stage, servers, answers)
        bare = stack.enter_context(bare_route(stage, {LIST: answers}))
        warmup_s = min(2.0, given.seconds / 2)

        def loaded(server: Served, recorded: list[str] | None = None) -> Callable[[], Figures]:
            plan = Plan(
                host="127.0.0.1", port=server.port, headers={"X-Shopify-Storefront-Access-Token": stage.token},
                operation=LIST, samples=stage.samples, connections=given.connections, warmup_s=warmup_s,
                seconds=given.seconds, recorded=recorded,
            )  # fmt: skip
            return lambda: measure(plan, stage, server.pid)

        asked = alone.Plan(driverless(stage.servers.database_url), statements, POOL_SIZE, warmup_s, given.seconds)
        ways: dict[str, Callable[[], Figures]] = {
            **{name: loaded(server) for name, server in servers.items()},
            BYTES: loaded(bare, bodies),
            ASYNCPG: lambda: measured("benchmarks.peers.alone", asked.write(), stage),
        }
        turns: dict[str, list[Figures]] = {name: [] for name in ways}
        for number in range(1, given.rounds + 1):
            for name, way in ways.items():
                tell(f"round {number} of {given.rounds}: {name}")
                turns[name].append(way())
                if not turns[name][-1].operations:
                    raise Wrong(f"{name} answered nothing: {turns[name][-1].first_error or 'it is too slow'}")
        sizes = _agreed(stage, servers, answers)
    return Results(about, turns, {**sizes, BYTES: sum(map(len, answers))}, len(statements))


def _servers(stage: Stage, stack: ExitStack) -> dict[str, Served]:
    """Start the servers that are compared, all on the same data."""
    public_url = "http://127.0.0.1:8000"
    ours = {
        **stage.environment(), "PUBLIC_URL": public_url, "DATABASE_POOL_SIZE": str(POOL_SIZE),
        # It would go on in the others' turns. They have none.
        "BACKGROUND": "off",
    }  # fmt: skip
    theirs = environment(stage.servers.database_url, demo.CHANNEL_ID, public_url, POOL_SIZE)
    servers = {
        name: stack.enter_context(
            machine.graph_served({**ours, "EXECUTOR": executor}, stage.folder / f"{executor}.log")
        )
        for name, executor in ((OURS, "breadth"), (CORE, "graphql-core"))
    }
    for name in PEERS:
        servers[name] = stack.enter_context(peer(name, theirs, stage.folder / f"{name}.log"))
    return servers


def _agreed(stage: Stage, servers: Mapping[str, Served], answers: list[bytes]) -> dict[str, int]:
    """Return the bytes of each server's answer. Raises: Wrong where one is not what we answered."""
    sizes = {}
    for name, server in servers.items():
        _, theirs = record(stage, server.port, LIST)
        if _data(theirs) != _data(answers):
            raise Wrong(f"{name} answers something else:\n{theirs[0][:1_000].decode()}")
        sizes[name] = sum(map(len, theirs))
    return sizes


def _data(answers: list[bytes]) -> list[Any]:
    return [orjson.loads(answer)["data"] for answer in answers]


def main() -> None:
    """Measure, and say on stderr what is under way."""
    given = _arguments()
    with command() as tell:
        results = run(given, tell)
    shown = markdown(results)
    print(shown)
    print(f"kept as {keep(results.told(), given.results, given.name, shown)}", file=sys.stderr)
    raise SystemExit(1 if results.failed else 0)


if __name__ == "__main__":
    main()
