"""Load shedding: how many operations run at once in a process, who waits, and who is told to come back.

Why so: docs/adr/0020-demand-control.md.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from enum import IntEnum
from math import ceil
from time import monotonic

from commerce_graph.kernel import limits
from commerce_graph.kernel.errors import RequestError


class Rank(IntEnum):
    """Who is served longest when there is more to do than can be done; the last is refused first."""

    PURCHASE = 0
    CART = 1
    READ = 2
    STRANGER = 3
    """Reads without a token."""


WAIT_S_MAX: Mapping[Rank, float] = {
    Rank.PURCHASE: 0,
    Rank.CART: limits.OPERATION_WAIT_CART_S_MAX,
    Rank.READ: limits.OPERATION_WAIT_S_MAX,
    Rank.STRANGER: limits.OPERATION_WAIT_STRANGER_S_MAX,
}
"""How long an operation waits at most before it begins. Purchases never wait: they have a queue of their own."""


class Overloaded(RequestError):
    """The process has more to do than it can do in time. `retry_after_s` says when to come back."""

    def __init__(self, wait_s: float) -> None:
        told = "The server has more to do than it can do in time, so this was not begun: try again later."
        super().__init__("OVERLOADED", told, status=503)
        self.retry_after_s = min(max(1, ceil(wait_s)), limits.OVERLOADED_RETRY_S_MAX)


class Lane:
    """Runs so many at once; who comes then waits, the higher rank first and within a rank in order.

    Limits: OPERATIONS_WAITING_MAX wait. Who would have to wait longer than its rank waits is refused at once, by how
    fast those before it have ended lately; who has waited that long, then. Where all places to wait are taken, the last
    of the lowest rank makes room for a higher one.
    """

    def __init__(self, at_once: int, clock: Callable[[], float] = monotonic) -> None:
        self._at_once = at_once
        self._clock = clock
        self.running = 0
        self._waiting: dict[Rank, deque[asyncio.Future[None]]] = {rank: deque() for rank in WAIT_S_MAX}
        self._ended: deque[float] = deque(maxlen=limits.OPERATIONS_ENDED_KEPT)

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(map(len, self._waiting.values()))

    async def enter(self, rank: Rank) -> None:
        """Begin, at once or when the turn comes; `leave` ends it. Raises: Overloaded."""
        if self.running < self._at_once:
            self.running += 1
        elif WAIT_S_MAX[rank] == 0:
            raise Overloaded(0)
        else:
            await self._wait(rank)

    def leave(self) -> None:
        """End; the next in turn begins in its place."""
        for queue in self._waiting.values():
            while queue:
                turn = queue.popleft()
                if not turn.done():
                    self._ended.append(self._clock())
                    turn.set_result(None)
                    return
        self.running -= 1
        self._ended.clear()  # how fast they end says how long a queue takes only while there is one

    async def _wait(self, rank: Rank) -> None:
        longest_s = WAIT_S_MAX[rank]
        expected_s = self._wait_s(sum(len(self._waiting[each]) for each in WAIT_S_MAX if each <= rank))
        if expected_s > longest_s or (self.waiting >= limits.OPERATIONS_WAITING_MAX and not self._displace(rank)):
            raise Overloaded(expected_s)
        turn = asyncio.get_running_loop().create_future()
        queue = self._waiting[rank]
        queue.append(turn)
        try:
            async with asyncio.timeout(longest_s):
                await turn
        except TimeoutError:
            if not _given(turn):
                raise Overloaded(max(expected_s, longest_s)) from None
        except BaseException:
            if _given(turn):
                self.leave()  # the turn came, and nobody is there to take it
            raise
        finally:
            if turn in queue:
                queue.remove(turn)

    def _displace(self, rank: Rank) -> bool:
        for other in reversed(Rank):
            if other > rank and self._waiting[other]:
                turn = self._waiting[other].pop()
                if not turn.done():
                    turn.set_exception(Overloaded(WAIT_S_MAX[other]))
                    turn.exception()  # whoever waited may be gone
                    return True
        return False

    def _wait_s(self, ahead: int) -> float:
        """Return how long those ahead take, at the rate at which operations have ended since there is a queue."""
        if len(self._ended) < limits.OPERATIONS_ENDED_KEPT // 4:
            return 0.0
        took_s = self._clock() - self._ended[0]
        return (ahead + 1) * took_s / len(self._ended)


def _given(turn: asyncio.Future[None]) -> bool:
    return turn.done() and not turn.cancelled() and turn.exception() is None


class Gate:
    """Lets operations begin, in three lanes so that none can hold up another. One for a process.

    Limits: PURCHASES_AT_ONCE_MAX purchases, OPERATIONS_AT_ONCE_MAX carts and other mutations, as many reads.
    """

    def __init__(
        self, at_once: int = limits.OPERATIONS_AT_ONCE_MAX, purchases_at_once: int = limits.PURCHASES_AT_ONCE_MAX
    ) -> None:
        reads = Lane(at_once)
        self.lanes = {
            Rank.PURCHASE: Lane(purchases_at_once), Rank.CART: Lane(at_once), Rank.READ: reads, Rank.STRANGER: reads,
        }  # fmt: skip

    async def enter(self, rank: Rank) -> None:
        """Begin an operation, at once or when its turn comes; `leave` ends it. Raises: Overloaded."""
        await self.lanes[rank].enter(rank)

    def leave(self, rank: Rank) -> None:
        """End an operation that has begun."""
        self.lanes[rank].leave()
