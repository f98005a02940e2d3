"""What merchants have decided about search: page by page, and all of it at once for those who search by it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Table, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.kernel.pages import Order, Page, PageArguments, read_page
from commerce_graph.search.rules.planning import SynonymGroup
from commerce_graph.search.tables import edition, pin_set, redirect, synonym_group


async def synonym_group_page(conn: AsyncConnection, args: PageArguments) -> Page:
    """Return a page of synonym groups, the oldest first. 1 statement."""
    return await _page(conn, synonym_group, args)


async def redirect_page(conn: AsyncConnection, args: PageArguments) -> Page:
    """Return a page of redirects, the oldest first. 1 statement."""
    return await _page(conn, redirect, args)


async def pin_set_page(conn: AsyncConnection, args: PageArguments) -> Page:
    """Return a page of queries with pinned products, the oldest first. 1 statement."""
    return await _page(conn, pin_set, args)


async def _page(conn: AsyncConnection, table: Table, args: PageArguments) -> Page:
    return await read_page(conn, select(table), Order((table.c.id,)), args)


@dataclass(frozen=True, slots=True)
class Decisions:
    """All that merchants have decided, as of an edition. Redirects and pins by their query as it is compared."""

    number: int
    groups: Sequence[SynonymGroup]
    redirects: Mapping[str, str]
    pins: Mapping[str, tuple[UUID, ...]]


async def decisions(conn: AsyncConnection, known: int) -> Decisions | None:
    """Return all decisions, None while edition `known` is the newest. 1 statement, so all parts are of one moment."""
    at = synonym_group.c
    pair = func.jsonb_build_array(at.source, at.terms)
    groups = select(func.jsonb_agg(aggregate_order_by(pair, at.id))).scalar_subquery()
    targets = select(func.jsonb_object_agg(redirect.c.normal, redirect.c.target)).scalar_subquery()
    pinned = select(func.jsonb_object_agg(pin_set.c.normal, pin_set.c.product_ids)).scalar_subquery()
    newer = select(edition.c.number, groups.label("groups"), targets.label("targets"), pinned.label("pinned"))
    row = (await conn.execute(newer.where(edition.c.number > known))).one_or_none()
    if row is None:
        return None
    return Decisions(
        number=row.number,
        groups=[SynonymGroup(tuple(terms), source) for source, terms in row.groups or ()],
        redirects=row.targets or {},
        pins={query: tuple(UUID(each) for each in ids) for query, ids in (row.pinned or {}).items()},
    )
