"""Who may import whom, checked by import-linter; each contract is shown to notice a breach."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

BREACHES = {
    "Domains depend downwards only": ("catalog/rules/__init__.py", "import commerce_graph.pricing.service"),
    "Every domain has the same anatomy": ("catalog/tables.py", "import commerce_graph.catalog.handlers"),
    "Domains meet only at service and errors": ("pricing/tables.py", "import commerce_graph.catalog.tables"),
    "Rules are pure": ("order/rules.py", "import asyncio"),
    "Only graph speaks GraphQL and HTTP": ("customer/tables.py", "import strawberry"),
    "Only service, loaders and tables speak SQL": ("catalog/handlers.py", "import sqlalchemy"),
    "Graph and handlers reach tables only through service or loaders": (
        "catalog/handlers.py",
        "import commerce_graph.catalog.tables",
    ),
    "The kernel has no cycles": ("kernel/limits.py", "import commerce_graph.kernel.pages"),
}


def lint(root: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": f"{root / 'src'}{os.pathsep}{root}", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_contracts_hold() -> None:
    told = lint(ROOT)
    assert f"{len(BREACHES)} kept, 0 broken" in told, told


@pytest.mark.parametrize("contract", BREACHES)
def test_contract_notices_a_breach(contract: str, tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__", "static")
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=ignored)
    shutil.copytree(ROOT / "tools", tmp_path / "tools", ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    name, line = BREACHES[contract]
    path = tmp_path / "src" / "commerce_graph" / name
    path.write_text(f"{path.read_text()}\n{line}\n")
    told = lint(tmp_path)
    assert f"{contract} BROKEN" in told, told
