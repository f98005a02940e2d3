"""What is written down from the code, and must be current: the schema's files, and the state machines in the docs."""

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from commerce_graph.app import MODULES, graph
from commerce_graph.kernel.graph import Graph
from commerce_graph.kernel.states import Machine

Only = Annotated[str | None, typer.Option(help="Domains to serve, such as catalog,pricing; all by default.")]

PLACE = re.compile(r"<!-- machine (?P<name>[\w.]+) -->\n.*?<!-- end -->", re.DOTALL)
"""Where a page wants a machine drawn."""


class Stale(Exception):
    """Files are not what the code says; the message tells what to run."""


def schema(
    only: Only = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail where a file is out of date.")] = False,
    folder: Annotated[Path, typer.Option(help="Where the files belong.")] = Path(),
) -> None:
    """Write schema.graphql, which clients see, and subgraphs/*.graphql, which routers compose.

    With [bold]--only[/], print the subgraph of those domains instead.

    [dim]commerce-graph schema --check\n
    commerce-graph schema --only catalog,pricing > shop.graphql[/]
    """
    if only is not None:
        typer.echo(graph([name.strip() for name in only.split(",")]).as_str())
        return
    texts = {folder / "schema.graphql": graph().sdl()}
    texts |= {folder / "subgraphs" / f"{module.name}.graphql": Graph([module]).as_str() for module in MODULES}
    _write({path: text.rstrip() + "\n" for path, text in texts.items()}, check, "commerce-graph schema")


def states(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail where a page is out of date.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Draw them anew in the docs.")] = False,
    folder: Annotated[Path, typer.Option(help="Where the docs are.")] = Path("docs"),
) -> None:
    """Draw the state machines that rules and database obey: print them as Mermaid, or renew them in the docs.

    [dim]commerce-graph states\n
    commerce-graph states --write[/]
    """
    if not check and not write:
        for machine in machines().values():
            typer.echo(f"%% {machine.name}\n{machine.mermaid()}\n")
        return
    pages = {page: drawn(page.read_text()) for page in sorted(folder.rglob("*.md"))}
    _write(pages, check, "commerce-graph states --write")


def machines() -> Mapping[str, Machine]:
    """Return every domain's state machines by name."""
    return {machine.name: machine for module in MODULES for machine in module.machines}


def drawn(page: str) -> str:
    """Return a page with every machine in it as it is now. Raises: KeyError for one that is not there."""
    known = machines()

    def draw(place: re.Match[str]) -> str:
        machine = known[place["name"]]
        return f"<!-- machine {machine.name} -->\n```mermaid\n{machine.mermaid()}\n```\n<!-- end -->"

    return PLACE.sub(draw, page)


def _write(texts: Mapping[Path, str], check: bool, command: str) -> None:
    """Write the files that differ, or tell how they do. Raises: Stale."""
    stale = [path for path, text in texts.items() if not path.exists() or path.read_text() != text]
    for path in stale:
        if check:
            before = path.read_text().splitlines() if path.exists() else []
            difference = difflib.unified_diff(before, texts[path].splitlines(), str(path), "this version", lineterm="")
            typer.echo("\n".join(difference))
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(texts[path])
            typer.echo(f"wrote {path}")
    if stale and check:
        raise Stale(f"{len(stale)} files are out of date. Run: {command}")
