"""The peers: servers in Node that read the same tables."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks import machine
from benchmarks.machine import Served

HERE = Path(__file__).parent
PEERS = ("yoga", "mercurius")
"""Files of this folder, by name."""


@contextmanager
def peer(name: str, told: Mapping[str, str], log: Path) -> Iterator[Served]:
    """Serve a peer on a free port until the block ends; `told` is what `environment` returns.

    Raises: machine.DidNotStart.
    """
    port = machine.free_port()
    env = {**told, "PORT": str(port), "NODE_ENV": "production"}
    with machine.serving([str(HERE / f"{name}.mjs")], port, env, log, [node()]) as pid:
        yield Served(port, pid)


def environment(database_url: str, channel_id: object, public_url: str, pool_size: int) -> dict[str, str]:
    """Return what a peer is told. `database_url` as the server takes it."""
    return {
        "DATABASE_URL": driverless(database_url), "CHANNEL_ID": str(channel_id), "PUBLIC_URL": public_url,
        "POOL_SIZE": str(pool_size),
    }  # fmt: skip


def driverless(database_url: str) -> str:
    """Return a database's address without SQLAlchemy's name of a driver."""
    return database_url.replace("+asyncpg", "", 1)


def node() -> str:
    """Return the program. Raises: machine.DidNotStart where it or the peers' packages are missing."""
    found = shutil.which("node")
    if found is None or not (HERE / "node_modules").is_dir():
        raise machine.DidNotStart("Node.js or the peers' packages are missing: `make bench-peers` installs them")
    return found


def version() -> str:
    """Return Node's version. Raises: machine.DidNotStart."""
    return subprocess.run([node(), "--version"], capture_output=True, text=True, check=True).stdout.strip()
