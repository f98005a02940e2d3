"""What many ask for at the same time is done in one go, as submissions are: docs/adr/0013-group-commit.md."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import structlog

T = TypeVar("T")
R = TypeVar("R")

log = structlog.get_logger()


@dataclass(slots=True)
class _Asked(Generic[T, R]):
    """Something that is asked for, and who waits for it. `context`: the asker's, which the work is logged under."""

    item: T
    answer: asyncio.Future[R]
    context: Context = field(default_factory=copy_context)


class Together(Generic[T, R]):
    """Does one group at a time; what is asked for meanwhile makes the next. Where nobody else asks, nobody waits.

    `work` does a group and returns an answer for each, in order. Where it raises, it has done nothing: each is then
    done alone, so that a fault hits whom it belongs to.
    Limits: `group_max` in a group. With 1, each is done alone and at once.
    """

    def __init__(self, work: Callable[[Sequence[T]], Awaitable[Sequence[R]]], group_max: int) -> None:
        self._work = work
        self._group_max = group_max
        self._waiting: deque[_Asked[T, R]] = deque()
        self._working: set[asyncio.Task[None]] = set()

    async def ask(self, item: T) -> R:
        """Have something done with what others ask for at the same time."""
        if self._group_max == 1:
            (answer,) = await self._work([item])
            return answer
        asked = _Asked[T, R](item, asyncio.get_running_loop().create_future())
        self._waiting.append(asked)
        if not self._working:
            self._go_on()
        return await asked.answer

    def _go_on(self) -> None:
        if self._waiting:
            group = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._group_max))]
            task = group[0].context.run(asyncio.create_task, self._do(group))
            self._working.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._working.discard(task)
        self._go_on()

    async def _do(self, group: Sequence[_Asked[T, R]]) -> None:
        try:
            answers = await self._work([each.item for each in group])
        except Exception as fault:
            if len(group) == 1:
                _fail(group, fault)
                return
            log.warning("together.group_broken_up", size=len(group), fault=repr(fault))
            await asyncio.gather(*(self._do([each]) for each in group))
        except asyncio.CancelledError:
            for each in group:
                each.answer.cancel()
            raise
        except BaseException as end:
            _fail(group, end)
        else:
            for each, answer in zip(group, answers, strict=True):
                if not each.answer.done():
                    each.answer.set_result(answer)


def _fail(group: Sequence[_Asked[T, R]], fault: BaseException) -> None:
    for each in group:
        if not each.answer.done():
            each.answer.set_exception(fault)
            each.answer.exception()  # whoever asked may be gone
