"""The benchmarks measure what they say: documents that the graph accepts, a purchase that ends, a load that counts."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from benchmarks.bare import application
from benchmarks.load import Plan, run
from benchmarks.operations import OPERATIONS, Samples, Wrong, perform
from benchmarks.report import Figures, Result, markdown, percentile
from starlette.applications import Starlette

from benchmarks import operations
from commerce_graph.kernel.execution import Engine, Operation
from tests.shop import Shop, gid

SMALL = [{"name": "Size", "value": "S"}]
SAMPLES = Samples(
    products=[{"handle": "shirt", "selectedOptions": SMALL, "country": "DE", "language": "EN"}],
    variants=[gid("ProductVariant", "mug-variant")],
)  # fmt: skip
DOCUMENTS = {name: text for name, text in vars(operations).items() if isinstance(text, str) and "{" in text}


@asynccontextmanager
async def serving(app: Starlette) -> AsyncIterator[int]:
    """Serve an application on a free port."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off", ws="none"))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 (uvicorn tells nobody when it is)
        await asyncio.sleep(0)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task


def plan(port: int, **changed: Any) -> Plan:
    """Return a short plan for the bare route."""
    given: dict[str, Any] = {
        "host": "127.0.0.1", "port": port, "headers": {}, "operation": "list", "samples": SAMPLES, "connections": 3,
        "warmup_s": 0.01, "seconds": 0.05, "recorded": ["{}", '{"more": "é"}'],
    }  # fmt: skip
    return Plan(**{**given, **changed})


@pytest.mark.parametrize("name", sorted(set(DOCUMENTS) - {"CART_FIELDS"}))
def test_the_graph_accepts_the_documents(engine: Engine, name: str) -> None:
    assert isinstance(engine.prepare(DOCUMENTS[name]), Operation), engine.prepare(DOCUMENTS[name])


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_each_operation_succeeds(shop: Shop, operation: str) -> None:
    async def send(document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        data: dict[str, Any] = await shop.data(document, dict(variables))
        return data

    await perform(operation, send, SAMPLES, 1)


async def test_a_refused_step_is_wrong(shop: Shop) -> None:
    async def send(document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        data: dict[str, Any] = await shop.data(document, dict(variables))
        return data

    with pytest.raises(Wrong, match="refused"):
        await perform("cart", send, Samples([], [gid("ProductVariant", "nothing")]), 0)


async def test_the_load_counts_operations_of_several_steps(capsys: pytest.CaptureFixture[str]) -> None:
    async with serving(application({"list": [b"{}", b'{"data": 1}']})) as port:
        measured = await run(plan(port))
    assert capsys.readouterr().out == "begin\nend\n"
    assert measured["errors"] == 0
    assert measured["durations"]
    assert measured["requests"] >= 2 * (len(measured["durations"]) - 3)
    assert all(0 < duration < measured["seconds"] + 1 for duration in measured["durations"])


async def test_the_load_tells_what_went_wrong() -> None:
    refused = json.dumps({"errors": [{"message": "no"}]}).encode()

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        headers = [(b"content-length", str(len(refused)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": refused})

    async with serving(answer) as port:  # type: ignore[arg-type]
        measured = await run(plan(port, recorded=None))
    assert measured["durations"] == []
    assert measured["errors"] > 0
    assert measured["first_error"] == 'Wrong: status 200: {"errors": [{"message": "no"}]}'


async def test_a_server_that_hangs_up_ends_the_load() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        with pytest.raises(ConnectionError):
            await run(plan(server.sockets[0].getsockname()[1], seconds=5, warmup_s=5))


def test_a_plan_survives_being_written() -> None:
    assert Plan.read(plan(1).write()) == plan(1)


@pytest.mark.parametrize(
    ("values", "percent", "found"),
    [([], 50, 0), ([7], 99, 7), ([1, 2, 3, 4], 50, 2), ([1, 2, 3, 4], 99, 4), (list(range(1, 101)), 99, 99)],
)
def test_percentiles_go_by_the_nearest_rank(values: list[float], percent: float, found: float) -> None:
    assert percentile(values, percent) == found


def test_the_table_shows_ratios_and_failures() -> None:
    def figures(rate: int, cpu: float, errors: int = 0) -> Figures:
        measured = {
            "durations": [0.01] * rate, "requests": rate, "seconds": 1.0, "errors": errors, "first_error": "Wrong: no",
        }  # fmt: skip
        return Figures.of(measured, server_s=cpu * rate / 1_000, postgres_s=0.5 * rate / 1_000, redis_s=0)

    result = Result("list", 8, 1_000, figures(100, 2.5, errors=3), figures(1_000, 0.5))
    assert result.times_the_cpu == pytest.approx(6)
    assert result.of_the_rate == pytest.approx(0.1)
    table = markdown([result], {"cores": 2})
    assert "| `list` | 100 | 10.0 | 10.0 | 2.50 | 0.50 | 8 | 1.0 | 1,000 | 1,000 |" in table
    assert "list: 3 failed, first: Wrong: no" in table
    assert "_cores 2_" in table
