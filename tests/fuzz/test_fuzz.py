"""The kept corpus runs through every target, and Atheris goes on from it for a while, the same way each time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
KEPT = [(name, path) for name in TARGETS for path in sorted((HERE / "corpus" / name).iterdir())]
RUNS = {"body": 10_000, "document": 400, "filters": 2_000}
"""How often each target runs; `make fuzz` goes on for as long as one likes."""


@pytest.mark.parametrize(("name", "path"), KEPT, ids=[f"{name}-{path.name}" for name, path in KEPT])
def test_kept(name: str, path: Path) -> None:
    TARGETS[name](path.read_bytes())


@pytest.mark.skipif(
    sys.platform != "linux" or os.uname().machine != "x86_64", reason="Atheris has wheels for Linux on x86-64 alone"
)
@pytest.mark.parametrize("name", TARGETS)
def test_fuzzed(name: str, tmp_path: Path) -> None:
    options = [f"-runs={RUNS[name]}", "-seed=1", f"-artifact_prefix={tmp_path}/fault-", "-max_len=4000"]
    new, kept = tmp_path / "new", HERE / "corpus" / name
    new.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", name, *options, str(new), str(kept)], cwd=ROOT, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-5_000:]
    assert f"Done {RUNS[name]} runs" in done.stderr
