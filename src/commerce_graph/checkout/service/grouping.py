"""Group commit: submissions that arrive while others are being placed are placed together in the next transaction.

A transaction that holds the one hot row of a sale ends when its commit is flushed. One order in each sells as many a
second as there are flushes; a group sells as many as have arrived since the last one, and waits no longer for it.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from commerce_graph.checkout.service.admission import Admission
from commerce_graph.checkout.service.saga import Purchases
from commerce_graph.checkout.service.submission import Submission, Wish, check_token, submit_many
from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.limits import (
    ADMISSION_POLL_S_MIN,
    CHECKOUT_CONNECTIONS_MAX,
    SUBMISSIONS_ALONE_AT_ONCE,
    SUBMISSIONS_GROUP_MAX,
    SUBMISSIONS_WAITING_MAX,
)

log = structlog.get_logger()


class Throttled(Exception):
    """More is under way than can be answered soon; nothing was touched. `poll_after_s`: when to ask again."""

    def __init__(self, poll_after_s: float = ADMISSION_POLL_S_MIN) -> None:
        super().__init__()
        self.poll_after_s = poll_after_s


@dataclass(slots=True)
class _Waiting:
    """A submission and who waits for its verdict. `context`: the request's own, which its work is logged under."""

    wish: Wish
    verdict: asyncio.Future[Submission]
    context: Context = field(default_factory=copy_context)


class Submissions:
    """The submissions of this process. One for a process, in `Resources.services`.

    One group is placed at a time, the rest waits in order of arrival. Other processes do the same; the database's
    locks order the groups. `group_max`: 1 places each in a transaction of its own, several at once.
    """

    def __init__(
        self,
        database: Database,
        purchases: Purchases,
        admission: Admission,
        group_max: int = SUBMISSIONS_GROUP_MAX,
    ) -> None:
        self._database = database
        # Purchases that are accepted leave connections, and the processor, to those who wait for an answer.
        self._behind = database.share(CHECKOUT_CONNECTIONS_MAX)
        self._purchases = purchases
        self.admission = admission
        self._group_max = group_max
        self._arriving = 0
        self._waiting: deque[_Waiting] = deque()
        self._asked: dict[Wish, asyncio.Future[Submission]] = {}
        self._at_once = 1 if group_max > 1 else SUBMISSIONS_ALONE_AT_ONCE
        self._placing: set[asyncio.Task[None]] = set()

    @classmethod
    def open(cls, resources: Resources, group_max: int = SUBMISSIONS_GROUP_MAX) -> "Submissions":
        """Make the process's submissions."""
        purchases = Purchases.of(resources)
        purchases.group_max = group_max
        made = cls(resources.database, purchases, Admission(resources.redis), group_max)
        resources.services["submissions"] = made
        return made

    @classmethod
    def of(cls, resources: Resources) -> "Submissions":
        """Return the process's submissions."""
        found = resources.services.get("submissions")
        return found if isinstance(found, cls) else cls.open(resources)

    async def submit(self, cart_id: UUID, token: str) -> Submission:
        """Submit a cart with those that arrive meanwhile, and have its purchase driven on.

        Who stops waiting takes nothing back: the purchase goes on, and the token tells what became of it.
        Limits: SUBMISSIONS_GROUP_MAX in a transaction; SUBMISSIONS_WAITING_MAX and CHECKOUTS_RUNNING_MAX in a process.
        Raises: Rejected(INVALID), Throttled.
        """
        check_token(token)
        wish = Wish(cart_id, token)
        verdict = self._asked.get(wish)
        if verdict is None:
            await self._admit(cart_id)
            # The same may have been asked for while Redis was.
            verdict = self._asked.get(wish) or self._wait(wish)
        return await asyncio.shield(verdict)

    async def _admit(self, cart_id: UUID) -> None:
        if self._purchases.busy or len(self._waiting) + self._arriving >= SUBMISSIONS_WAITING_MAX:
            raise Throttled
        self._arriving += 1
        try:
            place = await self.admission.ask(cart_id)
        finally:
            self._arriving -= 1
        if place is not None:
            raise Throttled(place.poll_after_s)

    def _wait(self, wish: Wish) -> asyncio.Future[Submission]:
        verdict = self._asked[wish] = asyncio.get_running_loop().create_future()
        verdict.add_done_callback(lambda _: self._asked.pop(wish, None))
        self._waiting.append(_Waiting(wish, verdict))
        self._go_on()
        return verdict

    def _go_on(self) -> None:
        while self._waiting and len(self._placing) < self._at_once:
            group = self._next_group()
            task = group[0].context.run(asyncio.create_task, self._place(group))
            self._placing.add(task)
            task.add_done_callback(self._placed)

    def _placed(self, task: asyncio.Task[None]) -> None:
        self._placing.discard(task)
        if not task.cancelled():
            self._go_on()

    def _next_group(self) -> list[_Waiting]:
        """Take who waits longest. Of a cart with several tokens one goes first, and the others meet what it did."""
        group: dict[UUID, _Waiting] = {}
        later: list[_Waiting] = []
        while self._waiting and len(group) < self._group_max:
            each = self._waiting.popleft()
            if group.setdefault(each.wish.cart_id, each) is not each:
                later.append(each)
        self._waiting.extendleft(reversed(later))
        return list(group.values())

    async def _place(self, group: Sequence[_Waiting]) -> None:
        try:
            came = await submit_many(self._database, [each.wish for each in group])
        except Exception as fault:
            if len(group) == 1:
                await self.admission.done(group[0].wish.cart_id)
                _tell(group[0], fault)
                return
            # Somebody's cart, or the database. Each alone gets its own answer.
            log.warning("checkout.group_broken_up", submissions=len(group), exc_info=fault)
            gate = asyncio.Semaphore(SUBMISSIONS_ALONE_AT_ONCE)
            await asyncio.gather(*(self._place_alone(each, gate) for each in group))
            return
        left = []
        for each, verdict in zip(group, came, strict=True):
            cart_id = each.wish.cart_id
            if isinstance(verdict, Submission) and verdict.fresh and verdict.attempt:
                done = self.admission.done(cart_id)
                each.context.run(self._purchases.start, self._behind, verdict.attempt, verdict.opened, done)
            else:
                left.append(cart_id)
        await self.admission.done(*left)
        for each, verdict in zip(group, came, strict=True):
            _tell(each, verdict)

    async def _place_alone(self, each: _Waiting, gate: asyncio.Semaphore) -> None:
        async with gate:
            await self._place([each])


def _tell(waiting: _Waiting, verdict: Submission | Exception) -> None:
    if isinstance(verdict, Exception):
        waiting.verdict.set_exception(verdict)
        waiting.verdict.exception()  # whoever asked may be gone
    else:
        waiting.verdict.set_result(verdict)
