"""The results: as Markdown to paste and to keep, and as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import command
from benchmarks.relevance.measured import Answer, as_json
from benchmarks.relevance.measured import markdown as relevance_table
from benchmarks.search.indexing import Indexing
from benchmarks.search.searching import Latency, Searching

VENDURE_PER_SECOND = 4.5
VENDURE_CPU_S = 0.3
"""Vendure's default search on 1,000 products, measured on such a machine: searches a second, and PostgreSQL's
processor seconds for each."""
SHOP_OF_VENDURE = 1_000
GOALS = {"search page": 3.0, "predictive search": 2.5}
REINDEX_GOAL = 0.5
FRESH_GOAL_MS = 2_000


@dataclass(frozen=True, slots=True)
class Results:
    """All that was measured. `small`: on the shop of SHOP_OF_VENDURE products."""

    about: Mapping[str, Any]
    indexing: Indexing
    searching: Sequence[Searching]
    fresh: Latency
    small: Sequence[Searching]
    relevance: Mapping[str, Sequence[Answer]]


def markdown(results: Results) -> str:
    """Return the results as tables, each with what they are compared with."""
    told = ", ".join(f"{name} {value}" for name, value in results.about.items())
    return "\n\n".join(
        [
            f"## {results.about['products']:,} products",
            _latencies(results.searching),
            _costs(results.searching),
            _indexing(results.indexing),
            f"A change was found after {results.fresh.p50_ms:,.0f} ms (p50) and {results.fresh.p95_ms:,.0f} ms (p95) "
            f"of {results.fresh.count} changes under load; the goal is {FRESH_GOAL_MS:,} ms (p95).",
            f"## {SHOP_OF_VENDURE:,} products, beside Vendure's default search",
            _vendure(results.small),
            "## Relevance",
            relevance_table(results.relevance),
            f"_{told}_",
        ]
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"| --- | --- |{' ---: |' * (len(head) - 2)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _latencies(searching: Sequence[Searching]) -> str:
    head = (
        "one at a time",
        "engine",
        "p50 ms",
        "p95 ms",
        "bare p50 ms",
        "bare p95 ms",
        "p50 ratio",
        "p95 ratio",
        "goal",
    )
    rows = []
    for each in searching:
        row = [each.operation, each.engine, f"{each.graph.p50_ms:.1f}", f"{each.graph.p95_ms:.1f}"]
        if each.bare:
            row += [f"{each.bare.p50_ms:.1f}", f"{each.bare.p95_ms:.1f}", f"{each.times_bare_p50:.2f}"]
            row += [f"{each.times_bare_p95:.2f}", f"< {GOALS[each.operation]}"]
        rows.append(row + [""] * (len(head) - len(row)))
    return _table(head, rows)


def _costs(searching: Sequence[Searching]) -> str:
    names = list(searching[0].cost.cpu_s)
    head = ("many at once", "engine", "a second", *(f"{name} CPU s/1,000" for name in names), "bytes", "late")
    return _table(
        head,
        [
            [each.operation, each.engine, f"{each.cost.per_second:.0f}"]
            + [f"{each.cost.cpu_s[name]:.2f}" for name in names]
            + [f"{each.answer_bytes:,}", str(each.cost.fallbacks)]
            for each in searching
        ],
    )


def _indexing(indexing: Indexing) -> str:
    memory = ", ".join(f"{each:,.0f}" for each in indexing.memory_mb_quarters)
    return (
        f"Reindexing wrote {indexing.per_second:,.0f} documents a second, a bare bulk load of the same "
        f"{indexing.documents:,} documents of {indexing.document_bytes:,} bytes {indexing.bare_per_second:,.0f}: "
        f"{indexing.of_the_rate:.2f} of the rate; the goal is {REINDEX_GOAL}. "
        f"Its memory by quarters of its time, at most: {memory} MB. It took {indexing.cpu_s:.1f} s of processor time."
    )


def _vendure(small: Sequence[Searching]) -> str:
    rows = [["Vendure's search", "PostgreSQL", f"{VENDURE_PER_SECOND}", f"{VENDURE_CPU_S * 1_000:.0f}", "1", "1"]]
    rows += [
        [
            each.operation, each.engine, f"{each.cost.per_second:.0f}", f"{each.cost.all_cpu_s:.1f}",
            f"{each.cost.per_second / VENDURE_PER_SECOND:.0f}",
            f"{VENDURE_CPU_S * 1_000 / each.cost.all_cpu_s:.0f}",
        ]
        for each in small
    ]  # fmt: skip
    return _table(
        ("search", "engine", "a second", "CPU s/1,000, all processes", "times faster", "times less CPU"), rows
    )


def keep(results: Results, folder: Path, name: str) -> Path:
    """Write the results as JSON and as Markdown under today's date, and return where the Markdown is."""
    told = {
        "about": results.about,
        "indexing": {**asdict(results.indexing), "of_the_rate": round(results.indexing.of_the_rate, 3)},
        "searching": [_row(each) for each in results.searching],
        "fresh": asdict(results.fresh),
        "small": [_row(each) for each in results.small],
        "relevance": as_json(results.relevance),
    }
    return command.keep(told, folder, name, markdown(results))


def _row(each: Searching) -> dict[str, Any]:
    return {**asdict(each), "times_bare_p50": each.times_bare_p50, "times_bare_p95": each.times_bare_p95}
