"""Linters and compilers of others on the schema, through Node."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
SCHEMA = HERE.parents[1] / "schema.graphql"

Record = Callable[[str, object], None]


def node(script: str) -> str:
    """Run a script of this folder on the schema, and return what it prints."""
    found = shutil.which("node")
    assert found, "node is missing: `make test` installs it"
    assert (HERE / "node_modules").is_dir(), f"run `npm ci --prefix {HERE.name}`, or `make test`, which does"
    command = [found, str(HERE / script), str(SCHEMA)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def test_schema_keeps_the_rules_of_graphql_eslint(record_property: Record) -> None:
    told = node("lint.mjs")
    *broken, tally = told.splitlines() or ["nothing was said"]
    record_property("tally", f"graphql-eslint: {tally}")
    assert not broken, told
    kept, _, rules = tally.partition(" of ")
    assert rules.startswith(f"{kept} rules kept"), told


def test_relay_compiles_a_storefront_on_the_schema(record_property: Record) -> None:
    told = node("relay.mjs")
    assert told == "10 documents compiled\n", told
    record_property("tally", f"relay-compiler: {told.strip()}")
