"""The development server as a person meets it: one command, Ctrl-C, and everything still there the next time."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

START_S_MAX = 120
STOP_S_MAX = 30


class Running:
    """A development server in a session of its own, as a terminal would start it."""

    def __init__(self, data: Path, port: int) -> None:
        self.data = data
        self.port = port
        environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
        command = ["dev", "--port", str(port), "--data", str(data), "--products", "12"]
        with (data.parent / "log").open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-W", "error", "-m", "commerce_graph", *command],
                stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True, env=environment,
            )  # fmt: skip

    def lines(self, count: int) -> list[str]:
        """Read what it prints; it ends early where the server does."""
        assert self.process.stdout
        return [self.process.stdout.readline().rstrip("\n") for _ in range(count)]

    def ready(self) -> dict[str, str]:
        """Wait until it serves, and return what it told by name, the curl line under `curl`."""
        lines = self.lines(5)
        assert lines[4].startswith("curl "), (self.data.parent / "log").read_text()
        return dict(line.split(": ", 1) for line in lines[:4]) | {"curl": lines[4]}

    def stop(self, number: int = signal.SIGINT) -> int:
        """Press Ctrl-C: a terminal sends the signal to the whole foreground group."""
        os.killpg(self.process.pid, number)
        return self.process.wait(STOP_S_MAX)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(data: Path) -> Iterator[Running]:
    server = Running(data, free_port())
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop(signal.SIGTERM)
        assert server.process.stdout
        server.process.stdout.close()


def ask(address: str, query: str, token: str) -> Any:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    request = urllib.request.Request(address, json.dumps({"query": query}).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)["data"]


def servers_of(data: Path) -> list[psutil.Process]:
    """Return the PostgreSQL and Redis processes that work on a data folder."""
    found = []
    for process in psutil.process_iter(["cwd"]):
        folder = process.info["cwd"]
        if folder and str(data.resolve()) in folder and process.status() != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


TITLES = "{ products(first: 50) { nodes { title } } }"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dev") / "data"


def test_first_start_fills_the_shop_and_ctrl_c_leaves_nothing_behind(data: Path) -> None:
    with running(data) as server:
        told = server.ready()
        assert told["GraphiQL"] == f"http://127.0.0.1:{server.port}/graphql"
        assert len(ask(told["GraphiQL"], TITLES, told["storefront token"])["products"]["nodes"]) > 1
        assert ask(told["GraphiQL"], "{ orders(first: 1) { nodes { id } } }", told["merchant key"])["orders"]
        assert ask(told["GraphiQL"], "{ orders(first: 1) { nodes { id } } }", told["partner key"])["orders"]
        answer = subprocess.run(told["curl"], shell=True, capture_output=True, text=True, check=True).stdout
        assert json.loads(answer)["data"]["products"]["nodes"]
        assert len(servers_of(data)) >= 2
        assert server.stop() == 0
    assert servers_of(data) == []
    for name in ("tokens.json", "secret"):
        assert (data / name).stat().st_mode & 0o777 == 0o600
    told_tokens = set((data / "tokens.json").read_text().split('"')) & set(told.values())
    assert len(told_tokens) == 3
    assert not told_tokens & set(re.split(r"[^\w]", (data.parent / "log").read_text()))


def test_second_start_finds_everything_and_a_second_server_is_refused(data: Path) -> None:
    with running(data) as server:
        told = server.ready()
        kept = json.loads((data / "tokens.json").read_text())
        assert sorted(kept.values()) == sorted(value for name, value in told.items() if name.endswith(("token", "key")))
        assert ask(told["GraphiQL"], TITLES, told["storefront token"])["products"]["nodes"]
        with running(data) as second:
            assert second.process.wait(START_S_MAX) == 1
        assert "another commerce-graph runs on the data folder" in (data.parent / "log").read_text()
        assert server.stop(signal.SIGTERM) == 0
    assert servers_of(data) == []


def test_start_after_a_kill_is_as_good_as_any(data: Path) -> None:
    with running(data) as server:
        token = server.ready()["storefront token"]
        server.process.kill()
        server.process.wait(STOP_S_MAX)
        assert servers_of(data)
    with running(data) as server:
        told = server.ready()
        assert told["storefront token"] == token
        assert ask(told["GraphiQL"], TITLES, token)["products"]["nodes"]
        assert server.stop() == 0
    assert servers_of(data) == []


def test_ctrl_c_while_it_starts_leaves_nothing_behind(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(data) as server:
        deadline = time.monotonic() + START_S_MAX
        while not (data / "postgres" / "postmaster.pid").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert server.stop() == 0
    assert servers_of(data) == []


def test_port_in_use_is_told_before_anything_slow(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = Running(tmp_path / "data", taken.getsockname()[1])
        assert server.process.wait(START_S_MAX) == 1
        assert server.process.stdout
        server.process.stdout.close()
    told = (tmp_path / "log").read_text()
    assert re.fullmatch(r"error: 127\.0\.0\.1:\d+ cannot be used \(.+\)\. Try another: --port \d+\n", told)
    assert not (tmp_path / "data").exists()
