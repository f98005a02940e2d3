"""The launcher of OpenSearch as a person meets it: one command, Ctrl-C, and nothing left running or lying about."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from tools.opensearch import Node, NodeFault

ROOT = Path(__file__).parents[1]
STOP_S_MAX = 60

TEMPORARY = """
import sys
from pathlib import Path
from tools.opensearch import Node
node = Node(Path(sys.argv[1]), heap="128m", temporary=True)
node.start()
print(node.pid, flush=True)
sys.stdin.read()
"""


@contextmanager
def launched(*command: str) -> Iterator[subprocess.Popen[str]]:
    """Run Python in a session of its own, as a terminal would."""
    process = subprocess.Popen(
        [sys.executable, "-W", "error", *command], cwd=ROOT, text=True, start_new_session=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=STOP_S_MAX)


@contextmanager
def running(data: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    with launched("-m", "tools.opensearch", "--port", str(port), "--data", str(data), "--heap", "128m") as process:
        yield process


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    assert process.stderr
    return process.stdout.readline().rstrip() or process.stderr.read().rstrip()


def ask(port: int, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/{path}", data, headers, method="PUT" if data else "GET")
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


def nodes_on(data: Path) -> list[psutil.Process]:
    """Return the nodes that work on a folder."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or ()
        if "Node" in command and str(data.absolute()) in command and process.status() != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


def test_port_in_use_is_told_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        taken = listening.getsockname()[1]
        with running(tmp_path, taken) as process:
            told = line(process)
            assert process.wait(STOP_S_MAX) == 1
    assert told == (
        f"error: 127.0.0.1:{taken} cannot be used (Address already in use). Try another: --port {taken + 1}"
    )
    assert nodes_on(tmp_path) == []


def test_jars_that_are_missing_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.opensearch.JARS", tmp_path / "none")
    with pytest.raises(NodeFault, match="Run: make opensearch"):
        Node(tmp_path).start()


def test_ctrl_c_stops_it_and_what_was_written_survives_that_and_kills(tmp_path: Path, port: int) -> None:
    with running(tmp_path, port) as process:
        assert line(process) == f"OpenSearch answers on http://127.0.0.1:{port}"
        ask(port, "shop/_doc/1?refresh=true", {"title": "Mug"})
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(STOP_S_MAX) == 0
    assert nodes_on(tmp_path) == []
    with running(tmp_path, port) as process:
        assert line(process).startswith("OpenSearch answers")
        assert ask(port, "shop/_doc/1")["_source"] == {"title": "Mug"}
        (node,) = nodes_on(tmp_path)
        process.kill()
        node.wait(STOP_S_MAX)  # it ends with who started it
    with running(tmp_path, port) as process:
        assert line(process).startswith("OpenSearch answers")
        (node,) = nodes_on(tmp_path)
        node.kill()
        assert line(process) == f"error: OpenSearch has ended. Its log: {tmp_path / 'node.log'}"
        assert process.wait(STOP_S_MAX) == 1
    with running(tmp_path, port) as process:
        assert line(process).startswith("OpenSearch answers")
        assert ask(port, "shop/_doc/1")["_source"] == {"title": "Mug"}
        with pytest.raises(NodeFault, match="another node may hold its folder"):
            Node(tmp_path, heap="128m").start()


def test_nothing_is_left_of_a_session_that_was_killed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with launched("-c", TEMPORARY, str(data)) as process:
        node = psutil.Process(int(line(process)))
        assert data.exists()
        process.kill()
        node.wait(STOP_S_MAX)
    assert not data.exists()
