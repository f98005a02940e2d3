"""Measure the server over HTTP: `python -m benchmarks --help`."""

import argparse
import itertools

from benchmarks import machine
from benchmarks.command import Tell, arguments, command
from benchmarks.load import Plan
from benchmarks.measuring import bare_route, measure, record
from benchmarks.operations import OPERATIONS
from benchmarks.report import Figures, Result, keep, markdown
from benchmarks.shop import staged
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
    parser = arguments("benchmarks", ABOUT, "bench")
    parser.add_argument("--seconds", type=float, default=10, help="how long each is measured (default: %(default)s)")
    parser.add_argument("--connections", type=int, default=16, help="keep-alive connections (default: %(default)s)")
    parser.add_argument("--products", type=int, default=1_000, help="size of the shop (default: %(default)s)")
    parser.add_argument("--only", default=",".join(OPERATIONS), help="operations, by commas (default: %(default)s)")
    given = parser.parse_args()
    given.only = [name.strip() for name in given.only.split(",") if name.strip()]
    unknown = [name for name in given.only if name not in OPERATIONS]
    if unknown or not given.only:
        parser.error(f"there is no operation {', '.join(unknown) or 'to measure'}. Known: {', '.join(OPERATIONS)}")
    if given.seconds <= 0 or given.connections < 1 or given.products < 1:
        parser.error("--seconds, --connections and --products must be more than nothing")
    return given


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
        with machine.graph_served(stage.environment(), stage.folder / "server.log") as server:
            for operation in given.only:
                tell(f"measuring {operation}")
                recorded[operation] = record(stage, server.port, operation)
                figures[operation] = measure(plan(operation, server.port), stage, server.pid)
        with bare_route(stage, {name: steps for name, (_, steps) in recorded.items()}) as server:
            for operation in given.only:
                tell(f"measuring the bare route of {operation}")
                bodies, steps = recorded[operation]
                bare = measure(plan(operation, server.port, bodies), stage, server.pid)
                size = sum(map(len, steps))
                results.append(Result(operation, statements[operation], size, figures[operation], bare))
    print(markdown(results, about))
    tell(f"kept as {keep(results, about, given.results, given.name)}")
    return 1 if any(result.graph.errors or result.bare.errors for result in results) else 0


def main() -> None:
    """Measure, and say on stderr what is under way."""
    given = _arguments()
    with command() as tell:
        status = run(given, tell)
    raise SystemExit(status)


if __name__ == "__main__":
    main()
