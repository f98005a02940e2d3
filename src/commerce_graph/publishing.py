"""The commands about documents: publish a manifest's, list what is published, take it away."""

import os
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from redis.asyncio import Redis
from redis.exceptions import RedisError

from commerce_graph.app import graph
from commerce_graph.development import Steps, running_note
from commerce_graph.kernel.documents import Store, manifest
from commerce_graph.kernel.documents.manifest import Document, WrongManifest
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.execution import Engine
from commerce_graph.kernel.limits import DOCUMENT_RECHECK_S, DOCUMENTS_PUBLISHED_MAX, MANIFEST_FAULTS_TOLD_MAX
from commerce_graph.kernel.parameters import SHA256, document_id
from commerce_graph.settings import RedisSettings, SettingsError

documents = typer.Typer(
    help="Documents that clients send by their id: publish them, list them, take them away.", no_args_is_help=True
)

Data = Annotated[Path, typer.Option(help="The folder of the development server's data.")]
DATA = Path(".data")


class NotPublished(Exception):
    """What was asked for was not done; the message says why."""


@documents.command()
def publish(
    files: Annotated[
        list[Path], typer.Argument(metavar="MANIFEST...", exists=True, dir_okay=False, readable=True,
                                   help="Manifests of Apollo, Relay or GraphQL Code Generator.")
    ],
    check: Annotated[bool, typer.Option("--check", help="Publish nothing; only tell what is wrong.")] = False,
    data: Data = DATA,
) -> None:  # fmt: skip
    """Publish the documents of manifests, so that clients can send their ids instead of them.

    Each is checked against the schema, and nothing is published where one does not fit. Repeating it changes nothing.
    What was published before stays: clients of earlier releases go on. Needs REDIS_URL, unless [bold]--check[/].

    [dim]commerce-graph documents publish persisted-query-manifest.json\n
    commerce-graph documents publish --check persisted-documents.json[/]
    """
    with Steps() as steps:
        found = _read(files)
        if not found:
            raise NotPublished("there is no document in it. Is it the file that your client's build writes?")
        steps.tell("building the graph")
        engine = Engine(graph())
        steps.tell(f"checking {_documents(len(found))} against the schema")
        wrong = manifest.check(engine, found, lambda done: steps.count("documents", done, len(found)))
        if wrong:
            _refuse(wrong, len(found))
        if not check:
            _with_store(data, lambda store: _publish(store, found, steps))
    if check:
        typer.echo(f"{_documents(len(found))} can be published")


@documents.command(name="list")
def list_(data: Data = DATA) -> None:
    """List what is published: a line a document with its ids and the names of its operations.

    [dim]commerce-graph documents list[/]
    """

    async def run(store: Store) -> None:
        for text, ids in sorted((await _published(store)).items(), key=lambda each: sorted(each[1], key=_order)):
            named = ", ".join(name or "(no name)" for name in manifest.names(text))
            typer.echo(f"{' '.join(sorted(map(_shown, ids), key=_order))}  {named}")

    _with_store(data, run)


@documents.command()
def remove(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids, as `documents list` shows them.")],
    data: Data = DATA,
) -> None:
    """Take published documents away, each under all of its ids. Clients that send them are refused from then on.

    [dim]commerce-graph documents remove sha256:7dba4bd717b41f10434822356a93c32b1fb4907b983e854300ad839f84cdcd6e[/]
    """
    try:
        wanted = {document_id(id) for id in ids}
    except RequestError as wrong:
        raise NotPublished(wrong.message) from None

    async def run(store: Store) -> None:
        every = [found for found in (await _published(store)).values() if found & wanted]
        if unknown := wanted - {id for found in every for id in found}:
            told = ", ".join(sorted(map(_shown, unknown)))
            raise NotPublished(f"nothing was removed, since this is not published: {told}. See: documents list")
        await store.remove(id for found in every for id in found)
        typer.echo(f"removed {_documents(len(every))}; servers forget within {DOCUMENT_RECHECK_S} s")

    _with_store(data, run)


def _read(files: Iterable[Path]) -> list[Document]:
    found: dict[Document, None] = {}
    for file in files:
        try:
            found.update(dict.fromkeys(manifest.read(file.read_bytes())))
        except WrongManifest as wrong:
            raise NotPublished(f"{file}: {wrong}") from None
    return list(found)


def _refuse(wrong: list[str], total: int) -> None:
    for line in wrong[:MANIFEST_FAULTS_TOLD_MAX]:
        typer.echo(line, err=True)
    if len(wrong) > MANIFEST_FAULTS_TOLD_MAX:
        typer.echo(f"… and {len(wrong) - MANIFEST_FAULTS_TOLD_MAX:,} faults more", err=True)
    raise NotPublished(f"nothing of {_documents(total)} was published. Mend what is told above, and publish again")


async def _publish(store: Store, found: list[Document], steps: Steps) -> None:
    texts: dict[str, str] = {}
    for document in found:
        for id in document.ids:
            if texts.setdefault(id, document.text) != document.text:
                raise NotPublished(f"nothing was published: `{id}` is the id of two documents in the manifests")
    steps.tell("asking Redis what is there")
    there = await store.published_among(texts)
    _check_taken([id for id, text in there.items() if text != texts[id] and not SHA256.fullmatch(id)])
    fresh = {id: text for id, text in texts.items() if there.get(id) != text}
    if await store.count() + len(fresh) > DOCUMENTS_PUBLISHED_MAX:
        told = f"{DOCUMENTS_PUBLISHED_MAX:,} ids can be published, and these would be more. Remove what no client sends"
        raise NotPublished(f"nothing was published: {told}: commerce-graph documents remove ID")
    steps.tell("publishing")
    _check_taken(await store.publish(fresh, lambda done: steps.count("ids", done, len(fresh))))
    steps.done()
    new = len(set(fresh.values()))
    typer.echo(f"published {_documents(new)}; {len(set(texts.values())) - new:,} were there already")


def _check_taken(ids: list[str]) -> None:
    if ids:
        told = ", ".join(f"`{id}`" for id in sorted(ids)[:MANIFEST_FAULTS_TOLD_MAX])
        raise NotPublished(
            f"{told} stands for another text already, which clients may rely on. Give the document another id, or "
            "first run: commerce-graph documents remove ID"
        )


async def _published(store: Store) -> dict[str, set[str]]:
    found = defaultdict(set)
    async for id, text in store.published():
        found[text].add(id)
    return found


def _shown(id: str) -> str:
    return f"sha256:{id}" if SHA256.fullmatch(id) else id


def _order(id: str) -> tuple[bool, str]:
    return not id.startswith("sha256:"), id


def _documents(number: int) -> str:
    return "1 document" if number == 1 else f"{number:,} documents"


def _with_store(data: Path, run: Callable[[Store], Awaitable[None]]) -> None:
    url = _redis_url(data)

    async def opened() -> None:
        redis: Redis = Redis.from_url(url, socket_connect_timeout=2, socket_timeout=10)
        try:
            await run(Store(redis))
        finally:
            await redis.aclose()

    try:
        uvloop.run(opened())
    except (RedisError, OSError) as fault:
        raise NotPublished(f"Redis does not answer as it should ({fault}). Is REDIS_URL right?") from None


def _redis_url(data: Path) -> str:
    """Return the Redis of the environment, else that of the development server that runs on the data folder."""
    note = running_note(data, "redis-url")
    if not os.environ.get("REDIS_URL") and note.exists():
        return note.read_text()
    try:
        return RedisSettings.read().redis_url
    except SettingsError as wrong:
        raise SettingsError(f"{wrong} (or start `commerce-graph dev` on {data} first)") from None
