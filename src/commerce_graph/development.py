"""The development server: a whole shop with one command, on servers of its own, in one folder."""

import asyncio
import json
import os
import secrets
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvicorn
from alembic.util import CommandError
from rich.console import Console
from rich.status import Status

from commerce_graph.app import EXAMPLES, close_resources, create, graph, open_resources
from commerce_graph.catalog import service as catalog_service
from commerce_graph.demo import is_empty, seed
from commerce_graph.embedded import Servers, embedded, locked
from commerce_graph.kernel.auth import MERCHANT_SCOPES, PARTNER_SCOPES, SHOPPER_SCOPES, Principal
from commerce_graph.kernel.connection import Connection, Socket
from commerce_graph.kernel.context import Context, Resources
from commerce_graph.kernel.execution import Engine, Operation
from commerce_graph.kernel.garbage import collect_less
from commerce_graph.kernel.graphiql import Example, read_examples
from commerce_graph.kernel.limits import CONNECTION_IDLE_S, CONNECTIONS_MAX, STOP_GRACE_S, WEBSOCKET_MESSAGE_BYTES_MAX
from commerce_graph.kernel.telemetry import configure_logging
from commerce_graph.kernel.tokens import Tokens, issue_token
from commerce_graph.migration import upgrade
from commerce_graph.settings import Settings, SettingsError

CALLERS = {"shopper": SHOPPER_SCOPES, "merchant": MERCHANT_SCOPES, "partner": PARTNER_SCOPES}
PREFIXES = {"shopper": "storefront", "merchant": "merchant", "partner": "partner"}

SAMPLES = """{
  products(first: 1, sortKey: BEST_SELLING) {
    nodes { handle variants(first: 1) { nodes { id inventoryItem { id } } } }
  }
  locations(first: 1) { nodes { id } }
  orders(first: 1, reverse: true, query: "status:open") { nodes { id } }
}"""
"""What the examples in GraphiQL are filled with, so that each runs as it stands."""

SERVER: dict[str, Any] = {
    "loop": "uvloop",
    "http": Connection,
    "proxy_headers": False,  # who is believed, TRUSTED_PROXIES says: kernel/demand/throttle.py
    "ws": Socket,
    "ws_max_size": WEBSOCKET_MESSAGE_BYTES_MAX,
    "lifespan": "on",
    "log_config": None,
    "access_log": False,  # kernel/telemetry.py writes the line of each request
    "server_header": False,
    "limit_concurrency": CONNECTIONS_MAX,
    "timeout_graceful_shutdown": STOP_GRACE_S,
    "timeout_keep_alive": CONNECTION_IDLE_S,  # longer than a proxy's 60 s: who closes first may drop a request
}
"""How uvicorn runs, here and in `serve`."""


class PortInUse(Exception):
    """Another program listens there."""


def develop(data: Path, host: str, port: int, products: int) -> None:
    """Serve a shop until Ctrl-C. The first time it is filled; later starts find everything as it was left.

    Raises: PortInUse, SettingsError, embedded.DataFolderInUse, embedded.EmbeddedFault.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        # Explicit, since a shell's background job inherits an ignored SIGINT.
        signal.signal(number, signal.default_int_handler)
    with ExitStack() as stack, Steps() as steps:
        listening = stack.enter_context(listen(host, port))
        servers = stack.enter_context(_servers(data, steps.tell))
        stack.callback(_ignore_signals)  # runs first of all when we stop: nothing may interrupt that
        settings = Settings.read(
            database_url=servers.database_url,
            redis_url=servers.redis_url,
            secret=os.environ.get("SECRET") or _secret(data / "secret"),
            host=host,
            port=port,
            graphiql=True,
            log_format=os.environ.get("LOG_FORMAT", "console"),
        )
        configure_logging(settings.log_format, settings.log_level)
        stack.enter_context(_running(data, settings))
        steps.tell("migrating the database")
        _migrate(settings.database_url, data)
        steps.tell("building the graph")
        engine = Engine(graph(settings.only), settings.executor, settings.introspection)
        tokens, examples = asyncio.run(prepare(settings, engine, data, products, steps))
        steps.tell("starting the server")
        app = create(settings, tokens=tokens, examples=examples, engine=engine)

        collect_less()

        def ready() -> None:
            steps.done()
            announce(settings, tokens)

        _Server(uvicorn.Config(app, **SERVER, **settings.tls), ready).run(sockets=[listening])


@contextmanager
def listen(host: str, port: int) -> Iterator[socket.socket]:
    """Take the port before anything slow begins. Clients that come early wait until the server is ready.

    Raises: PortInUse.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
            listening.listen()
        except OSError as fault:
            reason = fault.strerror or str(fault)
            raise PortInUse(f"{host}:{port} cannot be used ({reason}). Try another: --port {port + 1}") from None
        yield listening


def announce(settings: Settings, tokens: Mapping[str, str]) -> None:
    """Print where everything is. The first four lines are for programs, too, and keep their form."""
    address = f"{settings.address}/graphql"
    query = '{"query": "{ products(first: 3) { nodes { title availableForSale } } }"}'
    lines = [
        f"GraphiQL: {address}",
        f"storefront token: {tokens['shopper']}",
        f"merchant key: {tokens['merchant']}",
        f"partner key: {tokens['partner']}",
        f"curl -s {address} -H 'Content-Type: application/json'"
        f" -H 'X-Shopify-Storefront-Access-Token: {tokens['shopper']}' -d '{query}'",
    ]
    print("\n".join(lines), flush=True)


class Steps:
    """Tells on standard error what is being done: with a spinner on a terminal, else a line a step."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._status: Status | None = None
        self._step = ""
        self._began = time.monotonic()

    def __enter__(self) -> "Steps":
        return self

    def __exit__(self, *_fault: object) -> None:
        self.done()

    def tell(self, step: str) -> None:
        """Begin a step; the one before it is done."""
        self.done()
        self._step, self._began = step, time.monotonic()
        if self._console.is_terminal:
            self._status = self._console.status(f"{step} …")
            self._status.start()
        else:
            self._console.print(f"{step} …")

    def count(self, stage: str, done: int, total: int) -> None:
        """Show how far the seed has come."""
        if self._status:
            self._status.update(f"{self._step}: {stage} {done:,} of {total:,} …")

    def done(self) -> None:
        """End the step that was begun last."""
        if self._status:
            self._status.stop()
            self._console.print(f"[green]✓[/] {self._step} [dim]{time.monotonic() - self._began:.1f} s[/]")
        self._status = None


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


@contextmanager
def _servers(data: Path, tell: Callable[[str], None]) -> Iterator[Servers]:
    given = [os.environ.get(name) for name in ("DATABASE_URL", "REDIS_URL")]
    if all(given):
        with locked(data):
            yield Servers(*map(str, given))
    elif any(given):
        raise SettingsError("set both DATABASE_URL and REDIS_URL, or neither: then dev runs servers of its own")
    else:
        with embedded(data, tell) as servers:
            yield servers


def _ignore_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def _running(data: Path, settings: Settings) -> Iterator[None]:
    """Leave notes of the servers, for commands that are called while this server runs."""
    notes = {running_note(data): settings.database_url, running_note(data, "redis-url"): settings.redis_url}
    for note, url in notes.items():
        _write_private(note, url)
    try:
        yield
    finally:
        for note in notes:
            note.unlink(missing_ok=True)


def running_note(data: Path, name: str = "database-url") -> Path:
    """Return where a running development server notes the URL of its database, or of its Redis by `redis-url`."""
    return data / name


def _secret(path: Path) -> str:
    if not path.exists():
        _write_private(path, secrets.token_hex(32))
    return path.read_text()


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(text)


def _migrate(database_url: str, data: Path) -> None:
    try:
        upgrade(database_url)
    except CommandError as fault:
        message = f"the database does not fit this version ({fault}). Use another folder, or remove {data}"
        raise SettingsError(message) from None


async def prepare(
    settings: Settings, engine: Engine, data: Path, products: int, steps: Steps
) -> tuple[dict[str, str], list[Example]]:
    """Fill an empty shop, and return tokens by caller and examples that run as they stand."""
    resources = open_resources(settings)
    try:
        if await is_empty(resources.database):
            steps.tell(f"filling the shop with {products:,} products")
            await seed(resources.database, products, steps.count)
        steps.tell("preparing tokens and examples")
        tokens = await _tokens(resources, data / "tokens.json")
        return tokens, await _examples(resources, engine)
    finally:
        await close_resources(resources)


async def _tokens(resources: Resources, path: Path) -> dict[str, str]:
    """Return the tokens that earlier starts printed; where the database does not know them, new ones."""
    kept = _kept(path)
    known = Tokens(resources.database)
    if kept.keys() == CALLERS.keys() and all([await known.principal(token) for token in kept.values()]):
        return kept
    async with resources.database.begin() as tx:
        channel = next(iter(await catalog_service.channels(tx)), None)
        if channel is None:
            raise SettingsError("the database holds a shop without a sales channel, which dev cannot serve")
        made = {
            caller: await issue_token(
                tx, PREFIXES[caller], f"development {caller}", scopes, channel.id if caller == "shopper" else None
            )
            for caller, scopes in CALLERS.items()
        }
    _write_private(path, json.dumps(made, indent=2))
    return made


def _kept(path: Path) -> dict[str, str]:
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    return kept


async def _examples(resources: Resources, engine: Engine) -> list[Example]:
    examples = read_examples(EXAMPLES)
    operation = engine.prepare(SAMPLES)
    if not isinstance(operation, Operation):
        return examples  # this server does not serve all of the graph
    answer = await engine.run(operation, None, Context(resources, Principal(MERCHANT_SCOPES)))
    values = _samples(answer.get("data") or {})
    return [replace(example, variables=_filled(example.variables, values)) for example in examples]


def _samples(data: dict[str, Any]) -> dict[str, str]:
    """Return what stands for the words in capitals in the examples' variables; nothing for an empty shop."""
    products, locations, orders = (data.get(name, {}).get("nodes") for name in ("products", "locations", "orders"))
    if not (products and locations and orders):
        return {}
    variant = products[0]["variants"]["nodes"][0]
    return {
        "HANDLE": products[0]["handle"],
        "VARIANT": variant["id"],
        "INVENTORY_ITEM": variant["inventoryItem"]["id"],
        "LOCATION": locations[0]["id"],
        "ORDER": orders[0]["id"],
    }


def _filled(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f'"{name}"', json.dumps(value))
    return text
