"""The results: as Markdown to paste, and as JSON to keep."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import command


@dataclass(frozen=True, slots=True)
class Figures:
    """What one server did with one operation. Times are milliseconds, processor times seconds per 1,000 operations."""

    operations: int
    requests: int
    seconds: float
    per_second: float
    p50_ms: float
    p99_ms: float
    server_cpu_s: float
    postgres_cpu_s: float
    redis_cpu_s: float
    errors: int
    first_error: str | None

    @classmethod
    def of(cls, measured: dict[str, Any], server_s: float, postgres_s: float, redis_s: float) -> "Figures":
        """Return the figures of a load and of the processor time that passed meanwhile."""
        durations = sorted(measured["durations"])
        done = len(durations)
        per = 1_000 / done if done else 0.0
        return cls(
            operations=done,
            requests=measured["requests"],
            seconds=round(measured["seconds"], 3),
            per_second=round(done / measured["seconds"], 1),
            p50_ms=round(percentile(durations, 50) * 1_000, 3),
            p99_ms=round(percentile(durations, 99) * 1_000, 3),
            server_cpu_s=round(server_s * per, 4),
            postgres_cpu_s=round(postgres_s * per, 4),
            redis_cpu_s=round(redis_s * per, 4),
            errors=measured["errors"],
            first_error=measured["first_error"],
        )


@dataclass(frozen=True, slots=True)
class Result:
    """One operation, on the real server and on the bare route."""

    operation: str
    statements: int
    answer_bytes: int
    graph: Figures
    bare: Figures

    @property
    def times_the_cpu(self) -> float:
        """How many times the processor time of the bare route the real server takes, its databases included."""
        spent = self.graph.server_cpu_s + self.graph.postgres_cpu_s + self.graph.redis_cpu_s
        return spent / self.bare.server_cpu_s if self.bare.server_cpu_s else 0.0

    @property
    def of_the_rate(self) -> float:
        """The real server's operations a second as a part of the bare route's."""
        return self.graph.per_second / self.bare.per_second if self.bare.per_second else 0.0


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Return a percentile of sorted values by the nearest rank; 0 where there are none."""
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, max(0, -int(-len(ordered) * percent // 100) - 1))]


HEAD = (
    "operation", "ops/s", "p50 ms", "p99 ms", "server CPU s/1,000", "Postgres CPU s/1,000", "SQL", "HTTP requests",
    "bytes", "bare ops/s", "bare p50 ms", "bare p99 ms", "bare CPU s/1,000", "CPU ratio", "rate ratio",
)  # fmt: skip


def markdown(results: Sequence[Result], about: dict[str, Any]) -> str:
    """Return the results as a table, with what they depend on below it."""
    lines = [f"| {' | '.join(HEAD)} |", f"| --- |{' ---: |' * (len(HEAD) - 1)}"]
    for result in results:
        real, bare = result.graph, result.bare
        per_operation = real.requests / real.operations if real.operations else 0
        cells = (
            f"`{result.operation}`", f"{real.per_second:,.0f}", f"{real.p50_ms:.1f}", f"{real.p99_ms:.1f}",
            f"{real.server_cpu_s:.2f}", f"{real.postgres_cpu_s:.2f}", str(result.statements), f"{per_operation:.1f}",
            f"{result.answer_bytes:,}", f"{bare.per_second:,.0f}", f"{bare.p50_ms:.1f}", f"{bare.p99_ms:.1f}",
            f"{bare.server_cpu_s:.2f}", f"{result.times_the_cpu:.1f}", f"{result.of_the_rate:.3f}",
        )  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    told = ", ".join(f"{name} {value}" for name, value in about.items())
    wrong = [
        f"\n{result.operation}: {figures.errors} failed, first: {figures.first_error}"
        for result in results
        for figures in (result.graph, result.bare)
        if figures.errors
    ]
    return "\n".join([*lines, "", f"_{told}_", *wrong])


def keep(results: Sequence[Result], about: dict[str, Any], folder: Path, name: str) -> Path:
    """Write the results as JSON under today's date, and return where."""
    rows = [
        {**asdict(result), "times_the_cpu": round(result.times_the_cpu, 2), "of_the_rate": round(result.of_the_rate, 4)}
        for result in results
    ]
    return command.keep({"about": about, "results": rows}, folder, name)
