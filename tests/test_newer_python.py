"""Another Python than this one, newer if there is one: what a fresh machine may have."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
KNOWN = ("3.14", "3.13", "3.12")
SHOP = """
import sys
from pathlib import Path
from commerce_graph.app import graph
from commerce_graph.embedded import embedded
with embedded(Path(sys.argv[1])) as servers:
    print(servers.redis_url.startswith("unix:"), graph().sdl() == Path("schema.graphql").read_text().strip())
"""


def another() -> str | None:
    """Return the newest Python that starts, has pip, and is not the one that runs the tests; pyenv's among them."""
    kept = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for version in KNOWN:
        for name in (f"python{version}", *map(str, kept.glob(f"{version}.*/bin/python"))):
            asked = [name, "-c", "import sys, pip; print(*sys.version_info[:2], sep='.')"]
            try:
                told = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
            except OSError:
                continue
            if told == version != ".".join(map(str, sys.version_info[:2])):
                return name
    return None


def test_newer_python_gets_all_it_needs_from_make(tmp_path: Path) -> None:
    newer = another()
    if newer is None:
        pytest.skip("there is no other Python on this machine")
    stamp = tmp_path / "venv" / "installed"
    settings = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "MAKEFLAGS")}
    make = ["make", "-s", f"VENV={stamp.parent}", f"PYTHON={newer}", str(stamp)]
    subprocess.run(make, cwd=ROOT, env=settings, check=True)
    python = str(stamp.parent / "bin" / "python")
    told = subprocess.run(
        [python, "-c", SHOP, str(tmp_path / "data")], cwd=ROOT, env=settings, check=True, capture_output=True, text=True
    )
    assert (told.stdout.split(), told.stderr) == (["True", "True"], "")
