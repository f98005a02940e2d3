"""Logs: one line a request, and never a secret."""

import io
import json
import logging
from collections.abc import Iterator

import httpx
import pytest
import structlog
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from commerce_graph.inventory.tables import level
from commerce_graph.kernel import telemetry
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.telemetry import Telemetry, configure_logging
from tests.shop import uid


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Collect what is logged as JSON; the process's own logging is put back afterwards."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers, root.level
    written = io.StringIO()
    monkeypatch.setattr(telemetry, "OUTPUT", written)
    configure_logging("json", "info")
    logging.getLogger("httpx").setLevel("WARNING")  # the client's own lines are not ours
    yield written
    root.handlers, root.level = handlers, level
    structlog.configure(**before)


def told(lines: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def fail(request: Request) -> PlainTextResponse:
    password = "correct horse"
    raise ZeroDivisionError(f"with a {len(password)} letter word")


async def ask(path: str, *, quiet: tuple[str, ...] = ()) -> httpx.Response:
    routes = [Route("/fine", lambda request: PlainTextResponse("fine")), Route("/fails", fail)]
    app = Starlette(routes=routes, middleware=[Middleware(Telemetry, quiet=quiet)])
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        secret = {"Authorization": "Bearer sesame", "Cookie": "session=sesame"}
        return await client.get(f"{path}?token=sesame", headers=secret)


async def test_request_is_one_line_without_its_secrets(lines: io.StringIO) -> None:
    response = await ask("/fine")
    (line,) = told(lines)
    assert (line["event"], line["method"], line["path"], line["status"]) == ("request", "GET", "/fine", 200)
    assert line["request_id"] == response.headers["X-Request-Id"]
    assert "sesame" not in lines.getvalue()


async def test_quiet_path_is_not_worth_a_line(lines: io.StringIO) -> None:
    await ask("/fine", quiet=("/fine",))
    assert told(lines) == []


async def test_fault_is_masked_outside_and_told_inside_without_local_variables(lines: io.StringIO) -> None:
    response = await ask("/fails")
    assert response.status_code == 500
    assert response.headers["X-Request-Id"] in response.text
    assert "letter word" not in response.text
    fault, line = told(lines)
    assert (fault["event"], line["status"]) == ("request.fault", 500)
    assert "letter word" in json.dumps(fault)
    assert "correct horse" not in lines.getvalue()
    assert "sesame" not in lines.getvalue()


async def test_neither_parameters_nor_rows_of_a_failed_statement_are_told(
    lines: io.StringIO, database: Database
) -> None:
    try:
        async with database.begin() as tx:
            await tx.execute(insert(level).values(item_id=uid("mug-variant"), location_id=uid("berlin"), on_hand=4711))
    except IntegrityError:
        structlog.get_logger().exception("a.fault")
    (line,) = told(lines)
    assert "UniqueViolation" in json.dumps(line)
    assert "4711" not in lines.getvalue()
    assert str(uid("berlin")) not in lines.getvalue()


def test_fields_named_like_secrets_are_hidden(lines: io.StringIO) -> None:
    names = (
        "authorization",
        "Authorisation",
        "access_token",
        "client_secret",
        "password",
        "cookie",
        "api_key",
        "apikey",
    )
    structlog.get_logger().info("seen", **dict.fromkeys(names, "sesame"), sku="sesame-seeds")
    (line,) = told(lines)
    assert [line[name] for name in names] == ["hidden"] * len(names)
    assert line["sku"] == "sesame-seeds"


def test_whatever_a_value_is_its_line_is_written(lines: io.StringIO) -> None:
    structlog.get_logger().info("seen", wide=2**70, half="\ud800", kind=ValueError, by={1: "one"})
    (line,) = told(lines)
    assert (line["wide"], line["half"], line["by"]) == (2**70, "\ud800", {"1": "one"})
    assert "ValueError" in str(line["kind"])


def test_console_format_shows_no_local_variables(lines: io.StringIO) -> None:
    configure_logging("console", "info")
    try:
        fail(None)  # type: ignore[arg-type]
    except ZeroDivisionError:
        structlog.get_logger().exception("seen")
    assert "letter word" in lines.getvalue()
    assert "correct horse" not in lines.getvalue().replace('password = "correct horse"', "")
