"""Thousands of random steps of a shop's day, with faults and deaths: `SIMULATION_SEED=7 SIMULATION_STEPS=5000 make test
ARGS=tests/simulation` replays or prolongs one."""

import os
import random

import pytest

from tests.shop import Shop
from tests.simulation.day import Day

STEPS = int(os.environ.get("SIMULATION_STEPS", "300"))
SEEDS = [int(os.environ["SIMULATION_SEED"])] if "SIMULATION_SEED" in os.environ else [1, random.randrange(10**9)]


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
    assert outcome.get("FAILED", 0) > 0, outcome
