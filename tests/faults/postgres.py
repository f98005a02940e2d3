"""An embedded PostgreSQL that is killed, and started again."""

import asyncio
from pathlib import Path

import psutil

from commerce_graph import embedded


class Postgres:
    """The server of a data folder, with all its processes."""

    def __init__(self, data: Path) -> None:
        self._data = data.resolve()

    async def kill(self) -> None:
        """Kill all its processes at once, as a crash does: what was flushed is there, and nothing else."""
        server = psutil.Process(int((self._data / "postmaster.pid").read_text().split()[0]))
        server.suspend()  # it would start others in their place
        processes = [*server.children(recursive=True), server]
        for each in processes:
            each.kill()
        await asyncio.to_thread(psutil.wait_procs, processes, timeout=10)

    async def start(self) -> None:
        """Start it as it was started before; it recovers first."""
        binaries = embedded._prepared(self._data)
        control = [str(binaries.bin_path / "pg_ctl"), "--pgdata", str(self._data), "--wait", "--timeout", "60"]
        log = ["--log", str(self._data / "log")]
        # `restart` is the one that remembers the options, and starts what does not run.
        assert await asyncio.to_thread(embedded._control, binaries, [*control, *log, "restart"]) == 0
