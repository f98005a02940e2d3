"""The command line. Every message about a mistake is one line that says what to do next."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer
import uvicorn
import uvloop
from alembic.util import CommandError
from rich.console import Console
from sqlalchemy.exc import DBAPIError

from commerce_graph import demo, migration
from commerce_graph.app import MODULES, choose_providers, select, work
from commerce_graph.catalog import service as catalog_service
from commerce_graph.development import SERVER, PortInUse, Steps, develop, listen, running_note
from commerce_graph.embedded import DataFolderInUse, EmbeddedFault
from commerce_graph.kernel.audit import audit
from commerce_graph.kernel.auth import MERCHANT_SCOPES, NAMED_ONLY, PARTNER_SCOPES, SHOPPER_SCOPES, named_scopes
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.garbage import collect_less
from commerce_graph.kernel.telemetry import configure_logging
from commerce_graph.kernel.tokens import issue_token
from commerce_graph.merchandising import service as merchandising_service
from commerce_graph.publishing import DATA, Data, NotPublished, documents
from commerce_graph.search.service import checking
from commerce_graph.search.service.bulk import IndexLost
from commerce_graph.search.service.cluster import Cluster, Unreachable
from commerce_graph.search.service.reindex import ReindexRefused, reindex
from commerce_graph.settings import DatabaseSettings, SearchSettings, Settings, SettingsError
from commerce_graph.written import Only, Stale, schema, states

app = typer.Typer(
    name="commerce-graph",
    help="A GraphQL commerce server: one graph from the catalogue to the paid order.\n\n"
    "To see it: [bold]commerce-graph dev[/]. To run it for real: [bold]migrate[/], then [bold]serve[/].",
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    pretty_exceptions_enable=False,
)
tokens = typer.Typer(help="API tokens of storefronts, merchants and partners.", no_args_is_help=True)
app.add_typer(tokens, name="token")
app.add_typer(documents, name="documents")

Run = Callable[[Database], Awaitable[None]]

USER_ERRORS = (
    SettingsError, PortInUse, DataFolderInUse, EmbeddedFault, CommandError, demo.ShopNotEmpty,
    merchandising_service.WrongHeader, ReindexRefused, checking.NoIndex, checking.NotRepaired, Stale, NotPublished,
)  # fmt: skip


class Kind(StrEnum):
    """Whom a token is for."""

    STOREFRONT = "storefront"
    MERCHANT = "merchant"
    PARTNER = "partner"


SCOPES = {
    Kind.STOREFRONT: SHOPPER_SCOPES,
    Kind.MERCHANT: MERCHANT_SCOPES,
    Kind.PARTNER: PARTNER_SCOPES,
}


@app.command()
def dev(
    port: Annotated[int, typer.Option(min=1, max=65_535, envvar="PORT", help="The port to listen on.")] = 8000,
    host: Annotated[str, typer.Option(envvar="HOST", help="The address to listen on.")] = "127.0.0.1",
    data: Data = DATA,
    products: Annotated[int, typer.Option(min=1, help="How many products the demo shop gets, the first time.")] = 1000,
) -> None:
    """Run a whole shop on this machine, with its own PostgreSQL and Redis.

    The first start fills the shop and makes tokens; both stay in the data folder.
    Ctrl-C stops everything. DATABASE_URL and REDIS_URL name other servers to use.

    [dim]commerce-graph dev --port 8123 --data /tmp/shop[/]
    """
    with suppress(KeyboardInterrupt):  # that is how it is stopped
        develop(data, host, port, products)


@app.command()
def serve(
    only: Only = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on. [dim]HOST, 127.0.0.1[/]")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on. [dim]PORT, 8000[/]")] = None,
    workers: Annotated[int | None, typer.Option(help="How many processes. [dim]WORKERS, 1[/]")] = None,
    worker: Annotated[
        bool | None, typer.Option("--worker/--no-worker", help="Also do the background work. [dim]BACKGROUND, on[/]")
    ] = None,
) -> None:
    """Serve the graph, or a part of it as a subgraph, for production.

    Needs DATABASE_URL, REDIS_URL and SECRET in the environment, and a migrated database.

    [dim]SECRET=$(openssl rand -hex 32) commerce-graph serve --workers 4\n
    commerce-graph serve --only catalog,pricing --port 8001[/]
    """
    settings = Settings.read(only=only, host=host, port=port, workers=workers, background=worker)
    select(settings.only)
    configure_logging(settings.log_format, settings.log_level)
    _check_revision(settings.database_url)
    with listen(settings.host, settings.port):
        pass  # so that a port in use is told before the processes start
    # Each process reads the environment anew.
    told = {"only": ",".join(settings.only), "background": "on" if settings.background else "off"}
    os.environ.update({name.upper(): value for name, value in told.items()})
    os.environ.update(HOST=settings.host, PORT=str(settings.port), WORKERS=str(settings.workers))
    sys.stderr.write(f"commerce-graph serves {settings.address}/graphql\n")
    config = {**SERVER, "host": settings.host, "port": settings.port, "workers": settings.workers, **settings.tls}
    uvicorn.run("commerce_graph.app:from_environment", factory=True, **config)


@app.command()
def worker() -> None:
    """Do the background work alone: relay events and run the domains' jobs. Run one or many.

    Goes with servers that were started with [dim]serve --no-worker[/].
    """
    settings = Settings.read()
    configure_logging(settings.log_format, settings.log_level)
    choose_providers(settings)
    _check_revision(settings.database_url)

    async def run() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        collect_less()
        await work(settings, stop)

    sys.stderr.write("commerce-graph works in the background\n")
    uvloop.run(run())


@app.command()
def migrate(data: Data = DATA) -> None:
    """Bring the database's schema to this version, while others are being served from it."""
    done = migration.upgrade(_database_url(data), lambda revision: typer.echo(f"applied {revision}"))
    if not done:
        typer.echo("nothing to do: the database has this version's schema")


@app.command()
def seed(
    products: Annotated[int, typer.Option(min=1, help="How many products.")] = 1000,
    data: Data = DATA,
) -> None:
    """Fill an empty, migrated database with the demo shop.

    [dim]commerce-graph seed --products 100000[/]
    """

    async def run(database: Database) -> None:
        with Steps() as steps:
            steps.tell(f"filling the shop with {products:,} products")
            await demo.seed(database, products, steps.count)

    _with_database(data, run)


@app.command(name="import")
def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A CSV file of products.")],
    data: Data = DATA,
) -> None:
    """Import products from a CSV file, in the columns of Shopify's product export.

    Repeating it changes nothing; changed rows are brought up to date, product by product.

    [dim]commerce-graph import products.csv[/]
    """

    async def run(database: Database) -> None:
        with Steps() as steps:
            steps.tell(f"importing {file.name}")
            report = await merchandising_service.import_products(
                database, file, lambda done, size, products: steps.count(f"{products:,} products", done, size)
            )
        for problem in report.problems:
            typer.echo(str(problem), err=True)
        if report.problems_total > len(report.problems):
            typer.echo(f"… and {report.problems_total - len(report.problems):,} problems more", err=True)
        written = f"created {report.created:,}, updated {report.updated:,}, left out {report.left_out:,} products"
        typer.echo(f"{written}; {report.variants:,} variants")
        if report.problems_total:
            _fail(f"{report.problems_total:,} rows were left out. Mend them and import the file again")

    _with_database(data, run)


@app.command(name="reindex")
def reindex_(
    check: Annotated[
        bool, typer.Option("--check", help="Only compare the index with the database; status 1 if they differ.")
    ] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Compare, write what is missing or stale, and delete what is extra.")
    ] = False,
    data: Data = DATA,
) -> None:
    """Build the search index anew, and put it in the place of the old one, while the shop is being served.

    Searches go on in the old index until the new one is complete. Killed or stopped, it goes on where it was the next
    time. Servers build an index by themselves where there is none, or where a release or a new language needs another.
    Needs OPENSEARCH_URL, and OPENSEARCH_INDEX where it is set for the servers.

    [dim]commerce-graph reindex\n
    commerce-graph reindex --check\n
    commerce-graph reindex --repair[/]
    """
    settings = SearchSettings.read(database_url=_database_url(data))
    if settings.opensearch_url is None:
        raise SettingsError("OPENSEARCH_URL is not set. For example: OPENSEARCH_URL=http://localhost:9200")
    url = settings.opensearch_url.get_secret_value()
    configure_logging(settings.log_format, "warning")

    async def run(database: Database) -> None:
        cluster = Cluster(url, settings.opensearch_index)
        try:
            await (_compare(database, cluster, repair) if check or repair else _reindex(database, cluster))
        except Unreachable as fault:
            _fail(f"OpenSearch does not answer as it should ({fault}). Is OPENSEARCH_URL right? Then run this again")
        except IndexLost as fault:
            _fail(f"the index {fault} is gone: somebody deleted it. Run: commerce-graph reindex")
        finally:
            await cluster.close()

    _with_database(data, run)


async def _reindex(database: Database, cluster: Cluster) -> None:
    began = time.monotonic()
    with Steps() as steps:
        steps.tell(f"building a new index behind {cluster.alias}")
        report = await reindex(database, cluster, lambda done, total: steps.count("products", done, total))
    assert report is not None
    rate = report.written / max(time.monotonic() - began, 0.001)
    before = f", {report.resumed:,} of them by a run before" if report.resumed else ""
    typer.echo(f"indexed {report.written + report.resumed:,} products{before}; {rate:,.0f} a second")
    typer.echo(f"{cluster.alias} now leads to {report.index_name}")
    if report.refused:
        _fail(f"{report.refused:,} products were refused. The log says why as `search.document_refused`")


async def _compare(database: Database, cluster: Cluster, repair: bool) -> None:
    with Steps() as steps:
        steps.tell("comparing the index with the database")
        wrong = await checking.check(database, cluster, lambda done, total: steps.count("products", done, total))
        steps.done()
        typer.echo(str(wrong))
        if wrong.all and not repair:
            _fail(f"{len(wrong.all):,} products differ. Mend them with: commerce-graph reindex --repair")
        if wrong.all:
            steps.tell(f"repairing {len(wrong.all):,} products")
            await checking.repair(database, cluster, wrong)
            steps.done()
            typer.echo(f"repaired {len(wrong.all):,} products")
        if not wrong.complete:
            _fail("not all was compared. Run this again, or build a new index with: commerce-graph reindex")


@app.command(name="audit")
def audit_(data: Data = DATA) -> None:
    """Recompute stock, holds, payments, orders and purchases, and tell every row that disagrees; status 1 if one does.

    All is read as of one moment, so the shop may be open. Nothing is changed.

    [dim]commerce-graph audit[/]
    """

    async def run(database: Database) -> None:
        checks = [check for module in MODULES for check in module.checks]
        wrong = 0
        with Steps() as steps:
            async for each in audit(database, checks, lambda check: steps.tell(f"checking that {check.rule}")):
                wrong += len(each.broken)
                for row in each.broken:
                    told = ", ".join(f"{name} {value}" for name, value in row.items())
                    typer.echo(f"{each.check.name}: it is not so that {each.check.rule}: {told}")
                if each.more:
                    typer.echo(f"{each.check.name}: and more")
        if wrong:
            _fail(f"{wrong:,} rows disagree. Keep them as they are, and look at what was done to them")
        typer.echo(f"nothing disagrees: {len(checks)} checks of {database.engine.url.database}")

    _with_database(data, run)


app.command()(schema)
app.command()(states)


@tokens.command()
def create(
    name: Annotated[str, typer.Option(help="What the token is for; shown in lists and logs.")],
    kind: Annotated[Kind, typer.Option(help="Whom it is for.")] = Kind.STOREFRONT,
    scopes: Annotated[str | None, typer.Option(help="Scopes, by commas, +name beside those of its kind.")] = None,
    channel: Annotated[
        str | None, typer.Option(help="The sales channel of a storefront, by handle; the oldest by default.")
    ] = None,
    data: Data = DATA,
) -> None:
    """Create an API token and print it. It is stored as a hash: it cannot be shown again.

    [dim]commerce-graph token create --name "Web shop"\n
    commerce-graph token create --name "Stock robot" --kind merchant --scopes read_inventory,write_inventory\n
    commerce-graph token create --name "Web shop's server" --scopes +write_documents[/]
    """
    allowed = SCOPES[kind] | NAMED_ONLY
    wanted = named_scopes(scopes or "", SCOPES[kind])
    if unknown := wanted - allowed:
        _fail(f"a {kind} token cannot have {', '.join(sorted(unknown))}. It can: {', '.join(sorted(allowed))}")

    async def run(database: Database) -> None:
        async with database.begin() as tx:
            known = await catalog_service.channels(tx)
            found = next((each for each in known if channel in (None, each.handle)), None)
            if kind is Kind.STOREFRONT and found is None:
                names = ", ".join(each.handle for each in known)
                raise SettingsError(f"there is no such sales channel. Known: {names or 'none; seed or import first'}")
            channel_id = found.id if found and kind is Kind.STOREFRONT else None
            made = await issue_token(tx, kind.value, name, wanted, channel_id)
        typer.echo(made)

    _with_database(data, run)


def _database_url(data: Path) -> str:
    """Return the database of the environment, else that of the development server that runs on the data folder."""
    note = running_note(data)
    if not os.environ.get("DATABASE_URL") and note.exists():
        return note.read_text()
    try:
        return DatabaseSettings.read().database_url
    except SettingsError as wrong:
        raise SettingsError(f"{wrong} (or start `commerce-graph dev` on {data} first)") from None


def _with_database(data: Path, run: Run) -> None:
    async def opened() -> None:
        database = Database(_database_url(data), pool_size=4)
        try:
            await run(database)
        finally:
            await database.close()

    uvloop.run(opened())


def _check_revision(database_url: str) -> None:
    """Refuse a database that lacks what this version needs. One that is ahead is fine: that is how a release ends."""
    try:
        current, known = migration.current(database_url), migration.revisions()
    except (DBAPIError, OSError) as fault:
        sys.stderr.write(f"warning: the database cannot be reached yet ({_first_line(fault)})\n")
        return
    if known and (current is None or (current in known and current != known[-1])):
        raise SettingsError("the database has not been migrated to this version. Run: commerce-graph migrate")


def _first_line(fault: BaseException) -> str:
    return (str(getattr(fault, "orig", None) or fault).strip().splitlines() or [type(fault).__name__])[0]


def _fail(message: str) -> NoReturn:
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"[red]error:[/] {message}")
    raise SystemExit(1)


def main() -> None:
    """Run a command; mistakes of the user end in one line and status 1."""
    try:
        app()
    except USER_ERRORS as wrong:
        _fail(str(wrong))
    except Rejected as wrong:
        _fail(wrong.message)
    except (DBAPIError, ConnectionError) as wrong:
        _fail(f"the database does not answer as it should: {_first_line(wrong)}. Is DATABASE_URL right, and migrated?")
    except KeyboardInterrupt:
        raise SystemExit(0) from None


if __name__ == "__main__":
    main()
