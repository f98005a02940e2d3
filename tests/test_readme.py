"""The README's commands do what it says, typed into a shell as they stand there."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_dev import Running, running

ROOT = Path(__file__).parents[1]
BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("readme") / "data") as started:
        yield started


def block(beginning: str) -> str:
    """Return the README's shell block that begins so."""
    (found,) = (text for text in BLOCKS if text.startswith(beginning))
    return found


def test_the_purchase_ends_with_an_order(server: Running) -> None:
    token = server.ready()["storefront token"]
    purchase = block("shop() {")
    done = subprocess.run(
        ["sh", "-eu"],
        input=purchase,
        env={"PATH": os.environ["PATH"], "PORT": str(server.port), "TOKEN": token},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"^total: \d+\.\d\d EUR$", done.stdout, re.MULTILINE), done.stdout
    assert '"__typename":"CartCompletionSuccess","orderId":"gid://shopify/Order/' in done.stdout, done.stdout


def test_make_targets_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"`make ([a-z]+)`|^make ([a-z]+)", (ROOT / "README.md").read_text(), re.MULTILINE))
    targets = {one or other for one, other in named}
    assert {"serve", "test", "check", "help"} <= targets
    assert [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []


@pytest.mark.parametrize("name", re.findall(r"\]\(([a-z][^)#:]*)\)", (ROOT / "README.md").read_text()))
def test_links_lead_somewhere(name: str) -> None:
    assert (ROOT / name).exists()
