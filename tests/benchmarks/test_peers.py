"""The comparison with peers compares like with like: everyone answers the same, from the same rows, and all is told."""

from argparse import Namespace
from pathlib import Path
from typing import Any

import orjson
import pytest
from benchmarks.load import document
from benchmarks.operations import LIST, Wrong
from benchmarks.peers import __main__ as benchmark
from benchmarks.peers.node import PEERS, environment, peer
from benchmarks.peers.results import ASYNCPG, BYTES, CORE, MERCURIUS, OURS, YOGA, Results, markdown
from benchmarks.report import Figures
from benchmarks.wire import wires
from sqlalchemy import text

from tests.shop import Shop, uid

PUBLIC_URL = "http://shop.test"
NAMES = (OURS, CORE, YOGA, MERCURIUS, BYTES, ASYNCPG)


@pytest.mark.parametrize("name", PEERS)
async def test_a_peer_answers_what_we_answer(shop: Shop, tmp_path: Path, name: str) -> None:
    told = environment(shop.database.url, uid("online"), PUBLIC_URL, 2)
    with peer(name, told, tmp_path / "peer.log") as server:
        async with wires(server.port) as (wire,):
            for changed in (
                "SELECT 1",
                "UPDATE inventory.level SET committed = on_hand",
                "UPDATE inventory.item SET oversell = true, backorder_limit = 2",
                "DELETE FROM pricing.price WHERE variant_id = (SELECT min(variant_id::text)::uuid FROM pricing.price)"
                " AND market_id <> (SELECT id FROM pricing.market WHERE is_primary)",
                "DELETE FROM catalog.media; DELETE FROM catalog.collection_publication",
            ):
                async with shop.database.begin() as tx:
                    for statement in changed.split("; "):
                        await tx.execute(text(statement))
                answer = orjson.loads(await wire.ask("POST", "/graphql", document(LIST, {})))
                assert answer == {"data": await shop.data(LIST)}, changed


def figures(cpu_ms: float, errors: int = 0) -> Figures:
    """Return what a server did that takes so much processor time for a request."""
    measured: dict[str, Any] = {
        "durations": [0.01] * 100, "requests": 100, "seconds": 1.0, "errors": errors, "first_error": "Wrong: no",
    }  # fmt: skip
    return Figures.of(measured, server_s=cpu_ms / 10, postgres_s=0.05, redis_s=0)


def results(*cpu_ms: float, errors: int = 0) -> Results:
    """Return results of three turns, of which the median is what is given."""
    turns = {
        name: [figures(each * 9), figures(each, errors), figures(each / 9)]
        for name, each in zip(NAMES, cpu_ms, strict=True)
    }
    return Results({"cores": 2}, turns, {OURS: 32_000}, 8)


def test_goals_that_are_reached_are_told() -> None:
    reached = results(1, 8, 1, 1, 0.1, 0.3)
    assert [goal.reached for goal in reached.goals()] == [True] * 4
    table = markdown(reached)
    assert f"| {OURS} | 100 | 10.0 | 10.0 | 1.000 | 0.500 | 1.00 | 32,000 |" in table
    assert f"| {CORE} | 100 | 10.0 | 10.0 | 8.000 | 0.500 | 8.00 |  |" in table
    assert "graphql-yoga's: **1.000** (goal: at most 1): reached" in table
    assert "together: **2.500** (goal: at most 2.5): reached" in table
    assert "missed" not in table


def test_goals_that_are_missed_are_told() -> None:
    missed = results(1, 7.9, 0.9, 0.9, 0.1, 0.29, errors=2)
    assert [goal.reached for goal in missed.goals()] == [False] * 4
    table = markdown(missed)
    assert table.count(": missed") == 4
    assert f"{OURS}: 2 failed, first: Wrong: no" in table
    assert [goal["reached"] for goal in missed.told()["goals"]] == [False] * 4


def test_everything_is_measured_in_turns(tmp_path: Path) -> None:
    given = Namespace(seconds=0.5, rounds=2, connections=1, products=6, name="tiny", results=tmp_path)
    steps: list[str] = []
    done = benchmark.run(given, steps.append)
    assert [step for step in steps if step.startswith("round")] == [
        f"round {number} of 2: {name}" for number in (1, 2) for name in NAMES
    ]
    assert not done.failed
    for name in NAMES:
        assert [turn.operations > 0 for turn in done.turns[name]] == [True, True]
    assert done.statements > 1
    assert all(size > 1_000 for size in done.answer_bytes.values())
    assert set(done.answer_bytes) == {*NAMES} - {ASYNCPG}
    assert orjson.loads(orjson.dumps(done.told()))["about"]["node"].startswith("v")


def test_another_answer_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def other(stage: object, port: int, operation: str) -> tuple[list[str], list[bytes]]:
        return ["{}"], [b'{"data": {"port": %d}}' % port]

    monkeypatch.setattr(benchmark, "record", other)
    servers = {OURS: benchmark.Served(1, 1), YOGA: benchmark.Served(2, 2)}
    with pytest.raises(Wrong, match="yoga answers something else"):
        benchmark._agreed(None, servers, [b'{"data": {"port": 1}}'])  # type: ignore[arg-type]
