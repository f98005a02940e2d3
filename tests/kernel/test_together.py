"""What many ask for at the same time is done in groups, and a fault hits whom it belongs to."""

import asyncio
from collections.abc import Sequence

import pytest

from commerce_graph.kernel.together import Together


class Dead(BaseException):
    """The process dies."""


class Doubling:
    """Doubles numbers in groups, and remembers them. `bad`: for which it raises what."""

    def __init__(self, group_max: int = 64, bad: dict[int, BaseException] | None = None) -> None:
        self.groups: list[list[int]] = []
        self.bad = bad or {}
        self.together = Together(self.work, group_max)

    async def work(self, items: Sequence[int]) -> list[int]:
        self.groups.append(list(items))
        await asyncio.sleep(0)
        for each in items:
            if each in self.bad:
                raise self.bad[each]
        return [each * 2 for each in items]

    async def ask(self, *items: int) -> list[int | BaseException]:
        return await asyncio.gather(*(self.together.ask(each) for each in items), return_exceptions=True)


async def test_what_is_asked_for_meanwhile_is_the_next_group() -> None:
    doubling = Doubling(group_max=3)
    assert await doubling.ask(1, 2, 3, 4, 5) == [2, 4, 6, 8, 10]
    assert doubling.groups == [[1], [2, 3, 4], [5]]


async def test_where_there_are_no_groups_each_is_done_at_once() -> None:
    doubling = Doubling(group_max=1)
    assert await doubling.ask(1, 2, 3) == [2, 4, 6]
    assert doubling.groups == [[1], [2], [3]]


async def test_a_fault_is_the_one_s_that_it_belongs_to() -> None:
    fault = ValueError("three is bad")
    doubling = Doubling(bad={3: fault})
    assert await doubling.ask(1, 2, 3, 4) == [2, 4, fault, 8]
    assert doubling.groups == [[1], [2, 3, 4], [2], [3], [4]]
    assert await doubling.ask(5) == [10], "it goes on"


async def test_where_the_process_dies_nobody_of_the_group_is_tried_again() -> None:
    dead = Dead()
    doubling = Doubling(bad={3: dead})
    assert await doubling.ask(1, 2, 3) == [2, dead, dead]
    assert doubling.groups == [[1], [2, 3]]


async def test_who_goes_away_does_not_hold_up_the_others() -> None:
    doubling = Doubling()
    asked = [asyncio.create_task(doubling.together.ask(each)) for each in (1, 2, 3)]
    await asyncio.sleep(0)
    asked[1].cancel()
    assert await asked[0] == 2
    assert await asked[2] == 6
    with pytest.raises(asyncio.CancelledError):
        await asked[1]
