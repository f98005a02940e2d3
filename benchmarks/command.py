"""What every benchmark does as a command: say what is under way, end with a clear error, keep the results."""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from benchmarks import machine
from benchmarks.operations import Wrong

RESULTS = Path(__file__).parent / "results"
Tell = Callable[[str], None]


def arguments(module: str, about: str, name: str) -> argparse.ArgumentParser:
    """Return the parser of a benchmark's arguments, which begins with how its results are kept."""
    made = argparse.ArgumentParser(
        f"python -m {module}", description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--name", default=name, help="name of the files of results (default: %(default)s)")
    made.add_argument("--results", type=Path, default=RESULTS, help="folder of the results (default: %(default)s)")
    return made


@contextmanager
def command() -> Iterator[Tell]:
    """Give the way to say on stderr what is under way; a fault ends the process with 1, Ctrl-C with 130."""
    try:
        yield lambda step: print(f"{step} …", file=sys.stderr, flush=True)
    except (machine.DidNotStart, Wrong) as fault:
        print(f"error: {fault}", file=sys.stderr)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def keep(told: Any, folder: Path, name: str, shown: str | None = None) -> Path:
    """Write results as JSON under today's date, and what is shown of them as Markdown; return where the last is.

    `told` is anything that orjson writes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{datetime.now(UTC):%Y-%m-%d}-{name}.json"
    path.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2) + b"\n")
    if shown is None:
        return path
    shown_at = path.with_suffix(".md")
    shown_at.write_text(shown + "\n")
    return shown_at
