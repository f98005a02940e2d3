"""Load shedding: who begins, who waits, who is told to come back, and that purchases are last."""

import asyncio

import pytest

from commerce_graph.kernel import limits
from commerce_graph.kernel.demand import gate as gates
from commerce_graph.kernel.demand.gate import Gate, Lane, Overloaded, Rank


class Clock:
    """A clock that the test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


async def turn() -> None:
    """Let everybody who can go on do so."""
    for _ in range(5):
        await asyncio.sleep(0)


async def waiting(lane: Lane, rank: Rank, order: list[str], name: str) -> None:
    await lane.enter(rank)
    order.append(name)


async def test_the_higher_rank_begins_first_and_within_a_rank_who_came_first() -> None:
    lane, order = Lane(1), list[str]()
    await lane.enter(Rank.READ)
    tasks = []
    for name, rank in (("s", Rank.STRANGER), ("r1", Rank.READ), ("r2", Rank.READ), ("c", Rank.CART)):
        tasks.append(asyncio.create_task(waiting(lane, rank, order, name)))
        await turn()
    assert (lane.waiting, order) == (4, [])
    for _ in range(4):
        lane.leave()
        await turn()
    assert order == ["c", "r1", "r2", "s"]
    await asyncio.gather(*tasks)
    lane.leave()
    assert lane.running == 0


async def test_no_lane_holds_up_another_and_purchases_never_wait() -> None:
    gate = Gate(at_once=1, purchases_at_once=2)
    for rank in (Rank.READ, Rank.CART, Rank.PURCHASE, Rank.PURCHASE):
        await gate.enter(rank)
    with pytest.raises(Overloaded):
        await gate.enter(Rank.PURCHASE)
    gate.leave(Rank.PURCHASE)
    await gate.enter(Rank.PURCHASE)


async def test_who_has_waited_as_long_as_its_rank_waits_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "WAIT_S_MAX", dict.fromkeys(gates.WAIT_S_MAX, 0.01))
    lane = Lane(1)
    await lane.enter(Rank.READ)
    with pytest.raises(Overloaded) as refused:
        await lane.enter(Rank.READ)
    assert (refused.value.code, refused.value.status, refused.value.retry_after_s) == ("OVERLOADED", 503, 1)
    assert lane.waiting == 0
    lane.leave()
    await lane.enter(Rank.READ)  # nobody holds the place of who was refused


async def test_who_would_wait_too_long_is_refused_at_once() -> None:
    clock = Clock()
    lane, order = Lane(1, clock), list[str]()
    await lane.enter(Rank.READ)
    tasks = [asyncio.create_task(waiting(lane, Rank.CART, order, str(number))) for number in range(40)]
    await turn()
    for _ in range(20):  # one ends each tenth of a second
        clock.now += 0.1
        lane.leave()
        await turn()
    assert lane.waiting == 20
    # Twenty are ahead of it, which takes two seconds; it waits for one at most.
    with pytest.raises(Overloaded) as refused:
        await lane.enter(Rank.READ)
    assert refused.value.retry_after_s == 2
    for _ in range(15):
        clock.now += 0.1
        lane.leave()
        await turn()
    soon = asyncio.create_task(waiting(lane, Rank.READ, order, "read"))
    await turn()
    assert not soon.done(), "five are ahead of it, so it waits"
    with pytest.raises(Overloaded):
        await lane.enter(Rank.STRANGER)  # who waits for half a second at most
    for _ in range(6):
        lane.leave()
        await turn()
    assert order[-1] == "read"
    await asyncio.gather(soon, *tasks)


async def test_where_all_places_are_taken_the_last_of_the_lowest_rank_makes_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "OPERATIONS_WAITING_MAX", 2)
    lane, order = Lane(1), list[str]()
    await lane.enter(Rank.READ)
    strangers = [asyncio.create_task(waiting(lane, Rank.STRANGER, order, name)) for name in ("s1", "s2")]
    await turn()
    with pytest.raises(Overloaded):
        await lane.enter(Rank.STRANGER)
    read = asyncio.create_task(waiting(lane, Rank.READ, order, "r"))
    await turn()
    with pytest.raises(Overloaded):
        await strangers[1]
    for _ in range(2):
        lane.leave()
        await turn()
    assert order == ["r", "s1"]
    await asyncio.gather(read, strangers[0])


async def test_who_goes_away_leaves_its_place_and_its_turn() -> None:
    lane, order = Lane(1), list[str]()
    await lane.enter(Rank.READ)
    first, second = (asyncio.create_task(waiting(lane, Rank.READ, order, name)) for name in "ab")
    await turn()
    first.cancel()
    await turn()
    assert lane.waiting == 1
    lane.leave()
    second.cancel()  # its turn has come, and it is not there to take it
    await turn()
    assert (lane.waiting, lane.running, order) == (0, 0, [])
