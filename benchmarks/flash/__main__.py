"""Measure a flash sale: `python -m benchmarks.flash --help`."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import uvloop

from benchmarks import machine
from benchmarks.command import Tell, arguments, command, keep
from benchmarks.flash import carts, sale
from benchmarks.flash.sale import Sale
from benchmarks.operations import Wrong
from benchmarks.shop import Stage, staged
from commerce_graph.app import close_resources, open_resources
from commerce_graph.kernel.limits import SUBMISSIONS_GROUP_MAX
from commerce_graph.settings import Settings

ABOUT = """
Measures a flash sale on the real server (commerce-graph serve, one process, embedded PostgreSQL and Redis): one hot
variant, many buyers, whole purchases over GraphQL, once with submissions placed in groups and once each alone, in the
same run. Then ten times as many buyers as connections of the first sale, who are told to come back and do. After every
sale it is checked that exactly the stock was sold, charged once each, and that the ledger agrees.

examples:
  python -m benchmarks.flash                                         1,000 units, 2,000 buyers, 64 at a time
  python -m benchmarks.flash --units 100 --buyers 200 --name try     a quick look, kept as results/<date>-try.md
"""


@dataclass(frozen=True, slots=True)
class Results:
    """What was measured. `grouped` and `alone`: submissions a second of the stock step, and the sales."""

    about: dict[str, Any]
    step_grouped: float
    step_alone: float
    grouped: Sale
    alone: Sale
    overload: Sale
    checked: Sequence[str]


def _arguments() -> argparse.Namespace:
    parser = arguments("benchmarks.flash", ABOUT, "flash")
    parser.add_argument("--units", type=int, default=1_000, help="stock of the variant (default: %(default)s)")
    parser.add_argument("--buyers", type=int, default=2_000, help="who want one each (default: %(default)s)")
    parser.add_argument("--at-once", type=int, default=64, help="connections (default: %(default)s)")
    given = parser.parse_args()
    if not 0 < given.units <= given.buyers or given.at_once < 1:
        parser.error("--units must be between 1 and --buyers, --at-once at least 1")
    return given


def run(given: argparse.Namespace, tell: Tell) -> Results:
    """Measure everything. Raises: Wrong where a sale sold what is not there, or charged twice."""
    grouped, alone = SUBMISSIONS_GROUP_MAX, 1
    steps, sales = {}, {}
    with _ready(tell) as (stage, settings, template):
        for group_max in (grouped, alone):
            tell(f"placing {given.units:,} submissions, {group_max} in a transaction")
            variant = stage.samples.variants[0]
            steps[group_max] = uvloop.run(_step(settings, variant, template, given, group_max))
    with _ready(tell) as ready:
        for group_max in (grouped, alone):
            tell(f"selling {given.units:,} to {given.buyers:,}, {group_max} in a transaction")
            sales[group_max] = _sold(*ready, given.units, given.buyers, given.at_once, group_max)
        tell(f"selling to {given.at_once * 10:,} at once")
        overload = _sold(*ready, given.buyers, given.buyers, given.at_once * 10, grouped)
    about = {**machine.described(), "units": given.units, "buyers": given.buyers, "at_once": given.at_once}
    checked = [check.rule for check in sale.CHECKS]
    return Results(about, steps[grouped], steps[alone], sales[grouped], sales[alone], overload, checked)


@contextmanager
def _ready(tell: Tell) -> Iterator[tuple[Stage, Settings, UUID]]:
    """Start servers with a shop in which a cart waits to be copied."""
    with staged(200, tell) as stage:
        settings = Settings.read(
            database_url=stage.servers.database_url, redis_url=stage.servers.redis_url, secret=stage.secret
        )
        yield stage, settings, uvloop.run(_template(settings, stage.samples.variants[0]))


async def _template(settings: Settings, variant: str) -> UUID:
    resources = open_resources(settings)
    try:
        await carts.stock(resources, variant, 1_000_000)
        return await carts.template(resources, variant)
    finally:
        await close_resources(resources)


async def _step(settings: Settings, variant: str, template: UUID, given: argparse.Namespace, group_max: int) -> float:
    resources = open_resources(settings)
    try:
        await carts.stock(resources, variant, 1_000_000)
        keys = await carts.copies(resources, template, given.units)
        return await sale.stock_step(resources, keys, given.at_once, group_max)
    finally:
        await close_resources(resources)


def _sold(
    stage: Stage, settings: Settings, template: UUID, units: int, buyers: int, at_once: int, group_max: int
) -> Sale:
    env = {**stage.environment(), "CHECKOUT_GROUP_MAX": str(group_max)}
    with machine.graph_served(env, stage.folder / "server.log") as server:
        return uvloop.run(_selling(stage, settings, server.port, template, units, buyers, at_once))


async def _selling(
    stage: Stage, settings: Settings, port: int, template: UUID, units: int, buyers: int, at_once: int
) -> Sale:
    variant = stage.samples.variants[0]
    resources = open_resources(settings)
    try:
        await carts.stock(resources, variant, units)
        keys = await carts.copies(resources, template, buyers)
        sold = await sale.sold_out(stage, port, resources.database, keys, at_once)
        if (sold.accepted, sold.refused) != (units, buyers - units):
            raise Wrong(f"{units} units were sold {sold.accepted} times, {sold.refused} of {buyers} were refused")
        await sale.checked(resources.database)
        return sold
    finally:
        await close_resources(resources)


def markdown(results: Results) -> str:
    """Return the results as tables, with what they depend on below."""
    rows = (("in groups", results.grouped), ("each alone", results.alone), ("ten times as many", results.overload))
    lines = [
        "| sale | sold | refused | answers/s | orders/s | p50 ms | p99 ms | told to come back | longest s |",
        "| --- |" + " ---: |" * 8,
        *(
            f"| {name} | {each.accepted:,} | {each.refused:,} | {each.answers_per_second:,.0f} | "
            f"{each.orders_per_second:,.0f} | {each.p50_ms:,.0f} | {each.p99_ms:,.0f} | {each.throttled:,} | "
            f"{each.longest_s:.1f} |"
            for name, each in rows
        ),
    ]
    step = results.step_grouped / results.step_alone
    whole = results.grouped.answers_per_second / results.alone.answers_per_second
    goodput = results.overload.orders_per_second / results.grouped.orders_per_second
    lines += [
        "",
        f"- the stock step alone: {results.step_grouped:,.0f} submissions a second in groups, "
        f"{results.step_alone:,.0f} each alone: **{step:.1f} times** (goal: 5)",
        f"- the whole submission over GraphQL: **{whole:.1f} times** (goal: 3)",
        f"- goodput with ten times as many buyers: **{goodput:.2f}** of that of the first sale (goal: 0.8)",
        "",
        "Checked after each sale: " + "; ".join(results.checked) + "; exactly the stock was sold.",
        "",
        "_" + ", ".join(f"{name} {value}" for name, value in results.about.items()) + "_",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure, and say on stderr what is under way."""
    given = _arguments()
    with command() as tell:
        results = run(given, tell)
    shown = markdown(results)
    print(shown)
    print(f"kept as {keep(asdict(results), given.results, given.name, shown)}", file=sys.stderr)


if __name__ == "__main__":
    main()
