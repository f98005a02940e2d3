"""The indices that the database knows: being built, live, and retired until nobody reads them any more."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Column, delete, func, select, text, update
from sqlalchemy import insert as insert_row
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.search.rules.document import INDEX_VERSION
from commerce_graph.search.tables import build, versions

_COLUMNS: tuple[Column[Any], ...] = (
    build.c.id, build.c.alias, build.c.index_name, build.c.index_version, build.c.languages, build.c.state,
    build.c.cursor, build.c.total, build.c.done, build.c.refused,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Build:
    """An index. `cursor`: the last product written while it is being built; `done` of `total` are."""

    id: UUID
    alias: str
    index_name: str
    index_version: int
    languages: list[str]
    state: str
    cursor: UUID | None
    total: int
    done: int
    refused: int

    def fits(self, languages: list[str]) -> bool:
        """Tell whether this version of the program can go on with it, for a shop in these languages."""
        return self.index_version == INDEX_VERSION and set(languages) <= set(self.languages)


async def open_builds(conn: AsyncConnection) -> list[Build]:
    """Return the indices that are written to, under any alias. 1 statement."""
    found = await conn.execute(select(*_COLUMNS).where(build.c.state.in_(("BUILDING", "LIVE"))).order_by(build.c.id))
    return [Build(*row) for row in found.all()]


async def find(conn: AsyncConnection, alias: str, state: str) -> Build | None:
    """Return the index that is being built, or the live one. 1 statement."""
    found = await conn.execute(select(*_COLUMNS).where(build.c.alias == alias, build.c.state == state))
    row = found.one_or_none()
    return None if row is None else Build(*row)


async def retired(conn: AsyncConnection, alias: str, grace_s: float) -> list[Build]:
    """Return the retired indices that nobody reads any more. 1 statement."""
    over = build.c.retired_at < func.now() - func.make_interval(0, 0, 0, 0, 0, 0, grace_s)
    found = await conn.execute(select(*_COLUMNS).where(build.c.alias == alias, build.c.state == "RETIRED", over))
    return [Build(*row) for row in found.all()]


async def names(conn: AsyncConnection) -> set[str]:
    """Return the names of all indices that the database knows. 1 statement."""
    return set((await conn.execute(select(build.c.index_name))).scalars())


async def insert(tx: AsyncConnection, made: Build) -> None:
    """Note an index that is being built; from here on changes are written to it. 1 statement."""
    row: dict[str, Any] = {"id": made.id, "alias": made.alias, "index_name": made.index_name, "total": made.total}
    await tx.execute(insert_row(build).values(**row, index_version=made.index_version, languages=made.languages))


async def advance(tx: AsyncConnection, build_id: UUID, cursor: UUID, done: int, refused: int) -> None:
    """Note how far a build has come: what a killed one goes on from. 1 statement."""
    further = {"cursor": cursor, "done": build.c.done + done, "refused": build.c.refused + refused}
    await tx.execute(update(build).where(build.c.id == build_id).values(further))


async def retire(tx: AsyncConnection, build_id: UUID) -> None:
    """Give an index up; it is deleted later. 1 statement."""
    await tx.execute(update(build).where(build.c.id == build_id).values(state="RETIRED", retired_at=func.now()))


async def go_live(tx: AsyncConnection, made: Build) -> None:
    """Let an index take the place of the live one. 2 statements."""
    before = update(build).where(build.c.alias == made.alias, build.c.state == "LIVE", build.c.id != made.id)
    await tx.execute(before.values(state="RETIRED", retired_at=func.now()))
    now_live = update(build).where(build.c.id == made.id)
    await tx.execute(now_live.values(state="LIVE", finished_at=func.now()))


async def forget(tx: AsyncConnection, build_id: UUID) -> None:
    """Forget an index that is deleted. 1 statement."""
    await tx.execute(delete(build).where(build.c.id == build_id))


async def next_version(conn: AsyncConnection) -> int:
    """Take the version of what is going to be written. Call it before the state is read. 1 statement."""
    version: int = (await conn.execute(select(versions.next_value()))).scalar_one()
    return version


async def raise_versions(tx: AsyncConnection, highest: int) -> None:
    """See that later versions are higher than this one. 1 statement."""
    raising = text("SELECT setval('search.version', greatest(nextval('search.version'), :highest))")
    await tx.execute(raising, {"highest": highest})
