"""The benchmark of executors compares like with like, and says what it measured."""

import pytest
from benchmarks.execution import __main__ as benchmark
from benchmarks.execution.__main__ import WAYS, Differs, Results, Size, markdown, measured, ways


async def test_all_ways_come_to_one_answer() -> None:
    size = await measured(2, 3, 1)
    assert size.objects == 2 * (2 + 3 * 2 + 4)
    assert set(size.cpu_ms) == set(size.peak_mb) == set(WAYS)


async def test_another_answer_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    each = ways()

    async def wrong(products: int, variants: int) -> dict[str, int]:
        return {"products": 0}

    monkeypatch.setattr(benchmark, "ways", lambda: {**each, "breadth-first": wrong})
    with pytest.raises(Differs):
        await measured(1, 1, 1)


def test_the_results_are_told() -> None:
    page = Size(
        24, 3, 288, dict(zip(WAYS, (40.0, 2.0, 1.0), strict=True)), dict(zip(WAYS, (3.0, 2.0, 1.0), strict=True))
    )
    told = markdown(Results({"cores": 2}, page, [page]))
    assert "**1/20.0** of graphql-core's" in told
    assert "**2.00 times**" in told
