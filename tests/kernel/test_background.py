"""Background work: failures are survived, and stopping waits for what is under way."""

import asyncio
from typing import Any

import pytest

from commerce_graph.kernel import background
from commerce_graph.kernel.background import endless, repeated, working
from commerce_graph.kernel.module import Job

RESOURCES: Any = object()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "RESTART_S_MIN", 0.001)


async def test_work_that_fails_is_begun_again() -> None:
    begun = asyncio.Queue[int]()

    async def fail() -> None:
        begun.put_nowait(1)
        raise ZeroDivisionError("once more")

    async with working([endless("fails", fail)]):
        for _ in range(3):
            await begun.get()


async def test_work_that_fails_does_not_disturb_other_work() -> None:
    ran = asyncio.Event()

    async def fail() -> None:
        raise ZeroDivisionError("alone")

    async def run() -> None:
        ran.set()
        await asyncio.Event().wait()

    async with working([endless("fails", fail), endless("runs", run)]):
        await ran.wait()


async def test_job_that_finds_work_runs_again_at_once_and_then_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "BUSY_PAUSE_S", 0)
    left = [0, 1, 2]  # taken from the end
    empty = asyncio.Event()

    async def run(resources: Any) -> int:
        assert resources is RESOURCES
        found = left.pop()
        if not left:
            empty.set()
        return found

    async with working([repeated(Job("sweep", 3_600, run), RESOURCES)]):
        await empty.wait()


async def test_stopping_waits_for_the_job_under_way() -> None:
    began, go_on, finished = asyncio.Event(), asyncio.Event(), []

    async def run(resources: Any) -> int:
        began.set()
        await go_on.wait()
        finished.append(True)
        return 0

    async with working([repeated(Job("slow", 0.01, run), RESOURCES)]):
        await began.wait()
        asyncio.get_running_loop().call_later(0.01, go_on.set)
    assert finished == [True]


async def test_job_that_does_not_finish_in_time_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "STOP_GRACE_S", 0.01)
    began, cancelled = asyncio.Event(), []

    async def run(resources: Any) -> int:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise
        return 0

    async with working([repeated(Job("stuck", 0.01, run), RESOURCES)]):
        await began.wait()
    assert cancelled == [True]
