"""Work beside the requests: the relay, the bus and the domains' jobs, each restarted when it fails."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress

import structlog

from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.limits import STOP_GRACE_S
from commerce_graph.kernel.module import Job

log = structlog.get_logger()

RESTART_S_MIN = 1.0
RESTART_S_MAX = 60.0
BUSY_PAUSE_S = 0.1
"""How long a job that found work waits before it looks for more."""

Work = tuple[str, Callable[[asyncio.Event], Awaitable[None]]]
"""A name, and what runs until the event is set or it is cancelled."""


def endless(name: str, run: Callable[[], Awaitable[None]]) -> Work:
    """Return work that knows no end and may be cancelled at any point."""

    async def until(stopping: asyncio.Event) -> None:
        running = asyncio.ensure_future(run())
        waiting = asyncio.ensure_future(stopping.wait())
        try:
            await asyncio.wait((running, waiting), return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
        finally:
            running.cancel()
            waiting.cancel()
            await asyncio.gather(running, waiting, return_exceptions=True)

    return name, until


def repeated(job: Job, resources: Resources) -> Work:
    """Return a job as work: it runs every `every_s`, and sooner while it finds something to do."""

    async def until(stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            done = await job.run(resources)
            pause_s = min(BUSY_PAUSE_S, job.every_s) if done else job.every_s
            await _wait(stopping, pause_s)

    return job.name, until


@asynccontextmanager
async def working(works: Iterable[Work]) -> AsyncIterator[None]:
    """Do all the work until the block ends; what is under way then has STOP_GRACE_S to finish."""
    stopping = asyncio.Event()
    tasks = [asyncio.create_task(_supervise(name, run, stopping), name=name) for name, run in works]
    try:
        yield
    finally:
        stopping.set()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=STOP_GRACE_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _supervise(name: str, run: Callable[[asyncio.Event], Awaitable[None]], stopping: asyncio.Event) -> None:
    """Run work, and when it fails log that and run it again after 1, 2, 4 … seconds."""
    clock = asyncio.get_running_loop().time
    pause_s = RESTART_S_MIN
    while not stopping.is_set():
        began = clock()
        try:
            await run(stopping)
        except Exception:
            if clock() - began > RESTART_S_MAX:
                pause_s = RESTART_S_MIN  # it had been well for a while
            log.exception("background.failed", work=name, again_in_s=pause_s)
            await _wait(stopping, pause_s)
            pause_s = min(pause_s * 2, RESTART_S_MAX)


async def _wait(stopping: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)
