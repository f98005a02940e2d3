"""Measure the edge: answers from the cache, and what limits cost: `python -m benchmarks.edge --help`."""

import argparse
import http.client
import statistics
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import orjson

from benchmarks import machine
from benchmarks.command import Tell, arguments, command, keep
from benchmarks.edge import limits
from benchmarks.edge.load import Plan
from benchmarks.measuring import bare_route, measured
from benchmarks.operations import LIST, Wrong
from benchmarks.report import Figures
from benchmarks.shop import staged

HIT, SAME, BARE, READ = "from the cache", "304", "bare: the bytes", "not cached"
TOKEN = "X-Shopify-Storefront-Access-Token"
ABOUT = """
Asks for the list of products by GET and by the hash of its document, in turns: from the cache, with the ETag of what
the client has (304), without the cache, and a bare Starlette route that returns the same bytes. Starts PostgreSQL,
Redis and all servers on free ports and stops all of them. Before that, in process: what limits add to the list, what it
saves to know its document, and how long documents made to be dear take beside parsing them.
"""


def _arguments() -> argparse.Namespace:
    parser = arguments("benchmarks.edge", ABOUT, "edge")
    parser.add_argument("--seconds", type=float, default=4, help="of each turn (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each (default: %(default)s)")
    parser.add_argument("--connections", type=int, default=16, help="keep-alive connections (default: %(default)s)")
    parser.add_argument("--products", type=int, default=1_000, help="size of the shop (default: %(default)s)")
    return parser.parse_args()


def run(given: argparse.Namespace, tell: Tell) -> tuple[dict[str, list[Figures]], int, limits.Measured]:
    """Return the figures of all turns, the bytes of the answer, and what limits cost. Raises: Wrong."""
    with staged(given.products, tell) as stage, ExitStack() as stack:
        cost = limits.measured(stage, tell)
        tell("starting the servers")
        told = {**stage.environment(), "BACKGROUND": "off", "PUBLIC_URL": "http://shop.test"}
        cached, read = (
            stack.enter_context(machine.graph_served({**told, "ANSWERS": on}, stage.folder / f"answers-{on}.log"))
            for on in ("on", "off")
        )
        extensions = {"persistedQuery": {"version": 1, "sha256Hash": sha256(LIST.encode()).hexdigest()}}
        path = f"/graphql?extensions={quote(orjson.dumps(extensions))}"
        headers = {TOKEN: stage.token}
        registered = f"{path}&query={quote(LIST)}"
        answers = [_get(server.port, registered, headers) for server in (cached, read)]
        if answers[0][0] != answers[1][0]:
            raise Wrong("the cache answers something else")
        body, etag = answers[0]
        bare = stack.enter_context(bare_route(stage, {"list": [body]}))
        hit = Plan(cached.port, path, headers, 200, given.connections, min(2.0, given.seconds / 2), given.seconds)
        ways = {
            HIT: (hit, cached),
            SAME: (replace(hit, headers={**headers, "If-None-Match": etag}, status=304), cached),
            READ: (replace(hit, port=read.port), read),
            BARE: (replace(hit, port=bare.port, path="/bare/list/0"), bare),
        }
        turns: dict[str, list[Figures]] = {name: [] for name in ways}
        for number in range(1, given.rounds + 1):
            for name, (plan, server) in ways.items():
                tell(f"round {number} of {given.rounds}: {name}")
                turns[name].append(measured("benchmarks.edge.load", plan.write(), stage, server.pid))
    return turns, len(body), cost


def _get(port: int, path: str, headers: Mapping[str, str]) -> tuple[bytes, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers=dict(headers))
    answer = connection.getresponse()
    body, etag = answer.read(), answer.getheader("ETag", "")
    connection.close()
    if answer.status != 200 or b'"errors"' in body:
        raise Wrong(body[:1_000].decode())
    return body, etag


def told(about: Mapping[str, Any]) -> str:
    """Return where and how it was measured."""
    return "_" + ", ".join(f"{name} {value}" for name, value in about.items()) + "_"


def markdown(turns: Mapping[str, Sequence[Figures]], size: int) -> str:
    """Return medians as a table, and below it what is to be reached."""

    def median(name: str, figure: str) -> float:
        return float(statistics.median(getattr(turn, figure) for turn in turns[name]))

    rows = [
        f"| {name} | {median(name, 'per_second'):,.0f} | {median(name, 'p50_ms'):.1f} | {median(name, 'p99_ms'):.1f} "
        f"| {median(name, 'server_cpu_s'):.3f} |"
        for name in turns
    ]
    rates = {name: median(name, "per_second") for name in turns}
    goals = (
        ("requests a second from the cache, as a part of the bare route's", rates[HIT] / rates[BARE], 0.5),
        ("requests a second of 304, as times those from the cache", rates[SAME] / rates[HIT], 1.0),
    )
    return "\n".join(
        [
            "| answer | requests/s | p50 ms | p99 ms | server CPU ms/request |", "| --- |" + " ---: |" * 4, *rows, "",
            *(f"- {what}: **{ratio:.2f}** (goal: at least {least:g}): {'reached' if ratio >= least else 'missed'}"
              for what, ratio, least in goals),
            "", f"Medians of {len(turns[HIT])} turns; the answer has {size:,} bytes.",
        ]
    )  # fmt: skip


def main() -> None:
    """Measure, and say on stderr what is under way."""
    given = _arguments()
    about = {**machine.described(), "connections": given.connections, "seconds": given.seconds}
    with command() as tell:
        turns, size, cost = run(given, tell)
    shown = f"{markdown(turns, size)}\n\n{limits.shown(cost)}\n\n{told(about)}"
    print(shown)
    kept = keep({"about": about, "turns": turns, "limits": cost}, given.results, given.name, shown)
    print(f"kept as {kept}", file=sys.stderr)


if __name__ == "__main__":
    main()
