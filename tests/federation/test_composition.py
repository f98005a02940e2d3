"""All subgraphs composed are the monolith, and both are the golden `schema.graphql`."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from graphql import build_schema, lexicographic_sort_schema, print_directive, print_schema

from commerce_graph.app import MODULES
from commerce_graph.kernel.demand.sdl import COST, LIST_SIZE
from commerce_graph.kernel.directives import DEFER
from commerce_graph.kernel.graph import Graph

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def normal(sdl: str) -> str:
    """Return a schema as text that does not depend on who printed it."""
    return print_schema(lexicographic_sort_schema(build_schema(sdl)))


@pytest.fixture(scope="module")
def subgraphs() -> dict[str, str]:
    return {module.name: Graph([module]).as_str() for module in MODULES}


@pytest.fixture(scope="module")
def composed(subgraphs: dict[str, str]) -> str:
    node = shutil.which("node")
    assert node, "node is missing: `make test` installs it"
    done = subprocess.run(
        [node, str(HERE / "compose.mjs")], input=json.dumps(subgraphs), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_composed_equals_monolith(composed: str) -> None:
    # Routers bring a `@defer` of their own, and keep to themselves what things cost.
    ours = "\n".join(map(print_directive, (DEFER, COST, LIST_SIZE)))
    assert normal(f"{composed}\n{ours}") == normal(print_schema(Graph(MODULES).api()))


def test_golden_schema_is_current() -> None:
    golden = (ROOT / "schema.graphql").read_text()
    assert normal(golden) == normal(print_schema(Graph(MODULES).api())), "run `make schema` and look at the difference"


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_golden_subgraph_is_current(module: object, subgraphs: dict[str, str]) -> None:
    name = module.name  # type: ignore[attr-defined]
    golden = (ROOT / "subgraphs" / f"{name}.graphql").read_text()
    assert golden.strip() == subgraphs[name].strip(), "run `make schema` and look at the difference"


def test_order_of_modules_does_not_matter() -> None:
    forwards, backwards = Graph(MODULES), Graph(MODULES[::-1])
    assert print_schema(forwards.api()) == print_schema(backwards.api())
