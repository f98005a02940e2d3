"""A shop's day of random steps, with faults and deaths: `SIMULATION_SEED="7 8 9" SIMULATION_STEPS=5000 make test
ARGS=tests/simulation` tries other days, and longer ones."""

import os

import pytest

from tests.shop import Shop
from tests.simulation.day import Day

STEPS = int(os.environ.get("SIMULATION_STEPS", "300"))
SEEDS = [int(seed) for seed in os.environ.get("SIMULATION_SEED", "1 383252826").split()]


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_day(shop: Shop, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("commerce_graph.kernel.limits.PROVIDER_TIMEOUT_S", 0.3)
    day = Day(shop, seed)
    try:
        for _ in range(STEPS):
            await day.step()
            await day.assert_sound()
        await day.end()
        await day.assert_sound()
        outcome = await day.outcome()
    except BaseException as fault:
        fault.add_note(f"seed {seed}, after {len(day.told)} steps, the last: {', '.join(day.told[-8:])}")
        fault.add_note(f"replay: SIMULATION_SEED={seed} SIMULATION_STEPS={STEPS} make test ARGS=tests/simulation")
        raise
    assert outcome["orders"] > STEPS // 40, outcome
