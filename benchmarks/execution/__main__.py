"""Measure the executors: `python -m benchmarks.execution --help`."""

import gc
import statistics
import sys
import tracemalloc
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from time import process_time_ns
from typing import Any

import uvloop
from graphql import ExecutionResult
from graphql import execute as graphql_core_execute

from benchmarks import machine
from benchmarks.command import Tell, arguments, command, keep
from benchmarks.execution.page import DOCUMENT, FACETS, by_hand, functions_of, graph
from benchmarks.operations import Wrong
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.execution import execute
from commerce_graph.kernel.execution.plan import Plans

WAYS = ("graphql-core", "breadth-first", "by hand")
TURN = 10
"""Runs of one way before the next has its turn: what a server does, it does again and again."""
SIZES = ((24, 3), (100, 10), (250, 20), (250, 50), (250, 100))
"""Products and variants of each."""
ABOUT = """
Measures the processor time of executing one operation: a page of 24 products with 3 variants and 4 facets each, whose
data is there, by graphql-core, by the breadth-first executor and by a function written for it. Parsing, validation and
JSON are left out, the answers are checked to be the same. Then pages of up to 250 products with 100 variants each.
"""


class Differs(Wrong):
    """The ways do not come to the same answer."""

    def __str__(self) -> str:
        return f"the answers differ: {super().__str__()}"


@dataclass(frozen=True, slots=True)
class Size:
    """What one page took. Times are milliseconds of the processor, memory is the peak in megabytes."""

    products: int
    variants: int
    objects: int
    cpu_ms: dict[str, float]
    peak_mb: dict[str, float]

    def ratio(self, way: str, other: str) -> float:
        """Return how many times the processor time of another way one takes."""
        return self.cpu_ms[way] / self.cpu_ms[other]


@dataclass(frozen=True, slots=True)
class Results:
    """What was measured."""

    about: dict[str, Any]
    page: Size
    sizes: Sequence[Size]


def ways() -> dict[str, Callable[[int, int], Awaitable[Any]]]:
    """Return each way to answer a page of so many products and variants."""
    core, functions, plans = graph().core, functions_of(), Plans()

    async def executed(executor: Any, first: int, variants: int, **given: Any) -> Any:
        ctx = Context(None)  # type: ignore[arg-type]
        asked = {"first": first, "variants": variants}
        done: ExecutionResult = await executor(core, DOCUMENT, context_value=ctx, variable_values=asked, **given)
        if done.errors:
            raise Differs(str(done.errors[0]))
        return done.data

    return {
        "graphql-core": lambda first, variants: executed(graphql_core_execute, first, variants),
        "breadth-first": lambda first, variants: executed(execute, first, variants, plans=plans),
        "by hand": lambda first, variants: by_hand(functions, None, first, variants),
    }


async def measured(products: int, variants: int, runs: int) -> Size:
    """Measure a page in each way, turn by turn, so that what else the machine does meets all of them."""
    each = ways()
    answers = {name: await way(products, variants) for name, way in each.items()}
    if any(answer != answers["by hand"] for answer in answers.values()):
        raise Differs(f"{products} products with {variants} variants")
    del answers
    spent: dict[str, list[int]] = {name: [] for name in each}
    for _ in range(0, runs, TURN):
        for name, way in each.items():
            gc.collect()
            for _ in range(min(TURN, runs)):
                before = process_time_ns()
                await way(products, variants)
                spent[name].append(process_time_ns() - before)
    cpu_ms = {name: round(statistics.median(times) / 1e6, 4) for name, times in spent.items()}
    peak_mb = {name: await _peak(way, products, variants) for name, way in each.items()}
    return Size(products, variants, _objects(products, variants), cpu_ms, peak_mb)


def _objects(products: int, variants: int) -> int:
    """Return how many objects a page holds: products, their pictures and facets, variants and their prices."""
    return products * (2 + FACETS + variants * 2)


async def _peak(way: Callable[[int, int], Awaitable[Any]], products: int, variants: int) -> float:
    gc.collect()
    tracemalloc.start()
    try:
        answer = await way(products, variants)
        peak = tracemalloc.get_traced_memory()[1]
        del answer
        return round(peak / 1e6, 2)
    finally:
        tracemalloc.stop()


async def run(runs: int, tell: Tell) -> Results:
    """Measure everything."""
    sizes = []
    for products, variants in SIZES:
        tell(f"a page of {products} products with {variants} variants")
        sizes.append(await measured(products, variants, 3 if _objects(products, variants) > 10_000 else runs))
    return Results({**machine.described(), "runs": runs}, sizes[0], sizes)


def markdown(results: Results) -> str:
    """Return the results as tables, with what they depend on below."""
    page = results.page
    lines = [
        "| products x variants | objects | graphql-core ms | breadth-first ms | by hand ms | of graphql-core "
        "| of by hand | breadth-first µs/object | peak MB: graphql-core | breadth-first | by hand |",
        "| --- |" + " ---: |" * 10,
        *(
            f"| {size.products} x {size.variants} | {size.objects:,} | "
            + " | ".join(f"{size.cpu_ms[way]:.2f}" for way in WAYS)
            + f" | 1/{size.ratio('graphql-core', 'breadth-first'):.1f} | {size.ratio('breadth-first', 'by hand'):.2f}"
            + f" | {size.cpu_ms['breadth-first'] * 1_000 / size.objects:.2f} | "
            + " | ".join(f"{size.peak_mb[way]:.1f}" for way in WAYS)
            + " |"
            for size in results.sizes
        ),
        "",
        f"- the page takes **1/{page.ratio('graphql-core', 'breadth-first'):.1f}** of graphql-core's processor time "
        f"(goal: 1/20) and **{page.ratio('breadth-first', 'by hand'):.2f} times** that of a function written for it "
        "(goal: 3.5)",
        "",
        "_" + ", ".join(f"{name} {value}" for name, value in results.about.items()) + "_",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure, and say on stderr what is under way."""
    parser = arguments("benchmarks.execution", ABOUT, "execution")
    parser.add_argument("--runs", type=int, default=100, help="of the page; fewer of larger ones (%(default)s)")
    given = parser.parse_args()
    with command() as tell:
        results = uvloop.run(run(given.runs, tell))
    shown = markdown(results)
    print(shown)
    print(f"kept as {keep(asdict(results), given.results, given.name, shown)}", file=sys.stderr)


if __name__ == "__main__":
    main()
