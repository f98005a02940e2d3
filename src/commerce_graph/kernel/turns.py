"""Turns at what only so many may do at once, for where each request takes several."""

import asyncio
from collections import deque
from contextlib import suppress


class Turns:
    """Turns that are given in the order they were asked for: `async with turns`, or `take` and `give`.

    asyncio.Semaphore with asyncio.timeout does the same at several times the cost, which each read of each request
    would pay. Of one event loop.
    """

    __slots__ = ("_free", "_waiting")

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._waiting: deque[asyncio.Future[None]] = deque()
        """Who waits. While somebody does, nothing is free: a turn goes from hand to hand."""

    async def take(self, wait_s: float | None = None) -> None:
        """Take a turn; waits for one. Raises: TimeoutError after `wait_s`."""
        if self._free:
            self._free -= 1
            return
        loop = asyncio.get_running_loop()
        mine: asyncio.Future[None] = loop.create_future()
        self._waiting.append(mine)
        timer = None if wait_s is None else loop.call_later(wait_s, _late, mine)
        try:
            await mine
        except BaseException:
            if mine.done() and not mine.cancelled() and mine.exception() is None:
                self.give()  # it was given a turn, and was cancelled before it knew
            else:
                with suppress(ValueError):
                    self._waiting.remove(mine)
            raise
        finally:
            if timer is not None:
                timer.cancel()

    def give(self) -> None:
        """Give a turn back: the next in line has it now."""
        while self._waiting:
            following = self._waiting.popleft()
            if not following.done():
                following.set_result(None)
                return
        self._free += 1

    async def __aenter__(self) -> None:
        await self.take()

    async def __aexit__(self, *_: object) -> None:
        self.give()


def _late(waiting: "asyncio.Future[None]") -> None:
    if not waiting.done():
        waiting.set_exception(TimeoutError())
