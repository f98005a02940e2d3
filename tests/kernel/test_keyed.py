"""Keyed reads: together, once, and each answered for itself."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from commerce_graph.kernel.keyed import Keyed


def doubled() -> tuple[Keyed, list[list[int]]]:
    """Return reads that double their keys, and the calls they take."""
    calls: list[list[int]] = []

    async def read(keys: list[int]) -> Sequence[Any]:
        calls.append(keys)
        await asyncio.sleep(0)
        return [ValueError(key) if key < 0 else key * 2 for key in keys]

    return Keyed(read), calls


async def test_what_is_asked_for_together_is_read_together_and_once() -> None:
    keyed, calls = doubled()
    alone = keyed.load(1)
    assert await asyncio.gather(keyed.load_many([1, 2, 2]), keyed.load_many([3, 1]), alone) == [[2, 4, 4], [6, 2], 2]
    assert await keyed.load_many([3, 4]) == [6, 8]
    assert calls == [[1, 2, 3], [4]]


async def test_a_key_has_a_fault_of_its_own() -> None:
    keyed, _ = doubled()
    failing, fine = keyed.load(-1), keyed.load(1)
    assert await fine == 2
    with pytest.raises(ValueError, match="-1"):
        await failing
    with pytest.raises(ValueError, match="-1"):
        await keyed.load_many([1, -1])


async def test_a_read_that_failed_is_tried_again() -> None:
    fails = True

    async def read(keys: list[int]) -> Sequence[int]:
        if fails:
            raise LookupError
        return keys

    keyed = Keyed(read)
    both = await asyncio.gather(keyed.load(1), keyed.load_many([1, 2]), return_exceptions=True)
    assert [type(each) for each in both] == [LookupError, LookupError]
    fails = False
    assert await keyed.load_many([1, 2]) == [1, 2]


async def test_results_must_be_as_many_as_keys() -> None:
    async def read(keys: list[int]) -> Sequence[int]:
        return keys[1:]

    with pytest.raises(ValueError, match="shorter"):
        await Keyed(read).load(1)


async def test_who_is_cancelled_takes_nobody_along() -> None:
    keyed, calls = doubled()
    leaving, staying = (asyncio.create_task(keyed.load_many([1])) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == [2]
    assert calls == [[1]]
    assert leaving.cancelled()


async def test_what_is_known_is_not_read() -> None:
    keyed, calls = doubled()
    keyed.prime({None: "none", 1: "one"})
    asked = keyed.load(2)
    keyed.prime({1: "another", 2: "late"})
    assert await keyed.load_many([None, 1, 2]) == ["none", "one", 4]
    assert await asked == 4
    assert calls == [[2]]
