"""What is shown while someone still types: products, collections, pages, articles, and queries to choose from."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from commerce_graph.catalog import service as catalog
from commerce_graph.content import service as content
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.query_syntax import And, Or, Query, Term
from commerce_graph.search.rules.suggesting import shared_out
from commerce_graph.search.service.engine import Paging, Request
from commerce_graph.search.service.engines import engine_of
from commerce_graph.search.service.popularity import suggestions

QUERY, PRODUCT, COLLECTION, PAGE, ARTICLE = "QUERY", "PRODUCT", "COLLECTION", "PAGE", "ARTICLE"
PREDICTED = (QUERY, PRODUCT, COLLECTION, PAGE, ARTICLE)
"""Kinds of predictions, in the order in which they take turns where they share a limit."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What is looked for. `kinds`: which of PREDICTED. `together`: whether all kinds share the limit `size`."""

    text: str
    request: Request
    kinds: tuple[str, ...]
    size: int
    together: bool


class Predictions:
    """The predictions of one operation: each kind is found when it is asked for, all at once where they share a limit.

    Found are ids of products, rows of the others, and `Suggestion`s.
    """

    def __init__(self, ctx: Context, wanted: Prediction) -> None:
        self._ctx = ctx
        self._wanted = wanted
        self._sharing: asyncio.Task[dict[str, Sequence[Any]]] | None = None

    async def of(self, kind: str) -> Sequence[Any]:
        """Return what was found of a kind, the best first."""
        plan = self._wanted.request.plan
        # Who has typed nothing yet is shown nothing yet.
        if kind not in self._wanted.kinds or not (plan.slots or plan.where):
            return ()
        if not self._wanted.together:
            return await self._find(kind)
        if self._sharing is None:
            self._sharing = asyncio.ensure_future(self._share())
        return (await self._sharing)[kind]

    async def _share(self) -> dict[str, Sequence[Any]]:
        kinds = [kind for kind in PREDICTED if kind in self._wanted.kinds]
        found = await asyncio.gather(*(self._find(kind) for kind in kinds))
        return dict(zip(kinds, shared_out(found, self._wanted.size), strict=True))

    async def _find(self, kind: str) -> Sequence[Any]:
        ctx, request, size = self._ctx, self._wanted.request, self._wanted.size
        if kind == PRODUCT:
            asking = replace(request, paging=Paging(size))
            async with ctx.turn():
                return await engine_of(ctx.resources, ctx.extensions).suggest(ctx.database, asking)
        async with ctx.read() as conn:
            if kind == QUERY:
                return await suggestions(conn, self._wanted.text, request.language, size)
            if kind == COLLECTION:
                return await catalog.find_collections(conn, request.plan, request.audience, limit=size)
            everything = content.sees_all(ctx.principal)
            return await _CONTENT[kind](conn, request.plan, limit=size, everything=everything)


_CONTENT: Mapping[str, Callable[..., Awaitable[Sequence[Any]]]] = {
    PAGE: content.find_pages,
    ARTICLE: content.find_articles,
}


_CASED = ("barcode", "sku", "tag")
"""Fields of the search syntax that are compared as they are written."""


def within(request: Request, fields: Sequence[str]) -> Request:
    """Return a request whose every word must also be, as it was written, in one of the named fields."""
    where = request.plan.where
    held: list[Query] = list(where.parts) if isinstance(where, And) else [where] if where else []
    for slot in request.plan.slots:
        value = " ".join(slot.phrases[0])
        either = tuple(
            Term(each, name, prefix=slot.prefix, quoted=True)
            for name in fields
            for each in ({value: 0, value.upper(): 0, value.lower(): 0} if name in _CASED else (value,))
        )
        held.append(either[0] if len(either) == 1 else Or(either))
    both = And(tuple(held)) if len(held) > 1 else held[0] if held else None
    return replace(request, plan=replace(request.plan, where=both))
