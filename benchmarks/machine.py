"""Processes: started and always stopped, and how much processor time they took."""

import os
import platform
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[1]
START_S_MAX = 60.0
STOP_S_MAX = 20.0
MODULE = (sys.executable, "-m")
"""How a Python module is run."""


class DidNotStart(Exception):
    """A process ended or did not answer in time; the message holds the end of what it said."""


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class Served:
    """A server that is ready."""

    port: int
    pid: int


@contextmanager
def running(
    command: list[str], env: Mapping[str, str], log: Path, program: Sequence[str] = MODULE
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Python module, or what `program` runs, until the block ends. Limits: STOP_S_MAX to stop."""
    with log.open("a") as out:
        process = subprocess.Popen(
            [*program, *command], cwd=ROOT, env={**os.environ, **env}, stdin=subprocess.DEVNULL,
            stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def serving(
    command: list[str], port: int, env: Mapping[str, str], log: Path, program: Sequence[str] = MODULE,
    scheme: str = "http",
) -> Iterator[int]:  # fmt: skip
    """Run a server until the block ends; yields its process id once it is ready. Its certificate is not looked at.

    Limits: START_S_MAX to start, STOP_S_MAX to stop.
    Raises: DidNotStart.
    """
    with running(command, env, log, program) as process:
        _wait(process, f"{scheme}://127.0.0.1:{port}/readyz", log)
        yield process.pid


@contextmanager
def graph_served(env: Mapping[str, str], log: Path, *more: str, scheme: str = "http") -> Iterator[Served]:
    """Run commerce-graph in one process on a free port until the block ends, told `more`. Raises: DidNotStart."""
    port = free_port()
    command = ["commerce_graph", "serve", "--host", "127.0.0.1", "--port", str(port), "--workers", "1", *more]
    with serving(command, port, env, log, scheme=scheme) as pid:
        yield Served(port, pid)


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    unchecked = ssl.create_default_context()
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    deadline = time.monotonic() + START_S_MAX
    while True:
        try:
            with urllib.request.urlopen(address, timeout=2, context=unchecked):
                return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise DidNotStart(f"{process.args!r} did not start:\n{log.read_text()[-3_000:]}") from None
            time.sleep(0.05)


def cpu_s(root: int) -> float:
    """Return the processor time of a process and all below it, those that have ended included."""
    top = psutil.Process(root)
    spent = 0.0
    for process in (top, *top.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue  # it has just ended, and is in its parent's account of children from now on
        spent += times.user + times.system + times.children_user + times.children_system
    return spent


def parent_of(pid: int) -> int:
    """Return the process that started another."""
    found: int = psutil.Process(pid).ppid()
    return found


def described() -> dict[str, Any]:
    """Return what the figures depend on."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "load_before": round(os.getloadavg()[0], 2),
        "revision": _revision(),
    }


def _processor() -> str:
    known = Path("/proc/cpuinfo")
    lines = known.read_text().splitlines() if known.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _revision() -> str | None:
    asked = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
