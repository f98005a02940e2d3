"""What was measured of each server in turns, how they compare, and what is to be reached."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.report import Figures

OURS, CORE, YOGA, MERCURIUS = "commerce-graph", "on graphql-core", "yoga", "mercurius"
BYTES, ASYNCPG = "bare: the bytes", "bare: asyncpg"


@dataclass(frozen=True, slots=True)
class Goal:
    """A ratio of processor times, and the most that it shall be."""

    figure: str
    ratio: float
    limit: float

    @property
    def reached(self) -> bool:
        """Whether it is no more than it shall be."""
        return self.ratio <= self.limit

    def __str__(self) -> str:
        verdict = "reached" if self.reached else "missed"
        return f"{self.figure}: **{self.ratio:.3f}** (goal: at most {self.limit:g}): {verdict}"


@dataclass(frozen=True, slots=True)
class Results:
    """The figures of each server's turns, by its name."""

    about: Mapping[str, Any]
    turns: Mapping[str, Sequence[Figures]]
    answer_bytes: Mapping[str, int]
    statements: int
    """SQL statements of the operation on our server."""

    def median(self, name: str, figure: str) -> float:
        """Return the median over a server's turns."""
        return float(statistics.median(getattr(turn, figure) for turn in self.turns[name]))

    def cpu_ms(self, name: str) -> float:
        """Return the server's processor time for a request; seconds for 1,000 are milliseconds for one."""
        return self.median(name, "server_cpu_s")

    def goals(self) -> list[Goal]:
        """Return what is to be reached."""
        ours, bare = self.cpu_ms(OURS), self.cpu_ms(BYTES) + self.cpu_ms(ASYNCPG)
        return [
            Goal("server CPU as a part of the same server's on graphql-core", ours / self.cpu_ms(CORE), 1 / 8),
            Goal("server CPU as a part of graphql-yoga's", ours / self.cpu_ms(YOGA), 1),
            Goal("server CPU as a part of mercurius'", ours / self.cpu_ms(MERCURIUS), 1),
            Goal("server CPU as times the bare bytes and asyncpg together", ours / bare, 2.5),
        ]

    @property
    def failed(self) -> list[str]:
        """What went wrong, by server."""
        return [
            f"{name}: {turn.errors} failed, first: {turn.first_error}"
            for name, turns in self.turns.items()
            for turn in turns
            if turn.errors
        ]

    def told(self) -> dict[str, Any]:
        """Return all of it, for the file of results."""
        return {**asdict(self), "goals": [{**asdict(goal), "reached": goal.reached} for goal in self.goals()]}


def markdown(results: Results) -> str:
    """Return the medians as a table, the goals, and what they depend on below."""
    lines = [
        "| server | requests/s | p50 ms | p99 ms | server CPU ms/request | Postgres CPU ms/request | of ours | bytes |",
        "| --- |" + " ---: |" * 7,
        *(_row(results, name) for name in results.turns),
        "",
        *(f"- {goal}" for goal in results.goals()),
        "",
        f"Medians of {len(results.turns[OURS])} turns; our server runs {results.statements} statements a request.",
        "",
        "_" + ", ".join(f"{name} {value}" for name, value in results.about.items()) + "_",
        *(f"\n{failure}" for failure in results.failed),
    ]
    return "\n".join(lines)


def _row(results: Results, name: str) -> str:
    size = results.answer_bytes.get(name)
    cells = (
        name, f"{results.median(name, 'per_second'):,.0f}", f"{results.median(name, 'p50_ms'):.1f}",
        f"{results.median(name, 'p99_ms'):.1f}", f"{results.cpu_ms(name):.3f}",
        f"{results.median(name, 'postgres_cpu_s'):.3f}", f"{results.cpu_ms(name) / results.cpu_ms(OURS):.2f}",
        "" if size is None else f"{size:,}",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"
