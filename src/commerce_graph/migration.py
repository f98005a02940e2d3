"""Bring a database's schema to the revision that this code needs, while others are being served from it."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_exponential_jitter

MIGRATION_LOCK = 0x6D696772
"""Advisory lock key: of several servers that start at once, one migrates and the others wait for it."""
LOCK_TIMEOUT_S = 5
"""How long a revision waits for a table. Whoever waits for a table lock stops all who come after, so it gives up, lets
them pass and tries again."""
LOCK_TRIES_MAX = 8
LOCK_NOT_AVAILABLE = "55P03"

_HERE = Path(__file__).resolve().parent
# In a wheel the folder lies inside the package, in a checkout beside `src`.
FOLDER = next(path for path in (_HERE / "migrations", _HERE.parents[1] / "migrations") if path.is_dir())


def revisions() -> list[str]:
    """Return every revision, oldest first."""
    return [script.revision for script in _scripts().walk_revisions()][::-1]


def current(database_url: str) -> str | None:
    """Return the revision of a database, None for an empty one. Runs its own event loop: call it outside of one."""
    found: str | None = asyncio.run(_on(database_url, _revision))
    return found


def upgrade(database_url: str, tell: Callable[[str], None] = lambda step: None, *, to: str = "head") -> list[str]:
    """Apply the revisions that are missing, each in a transaction of its own, and return them.

    Runs its own event loop: call it outside of one, or in a thread. A revision that fails leaves those before it.
    Limits: LOCK_TIMEOUT_S, LOCK_TRIES_MAX.
    Locks: MIGRATION_LOCK, for as long as it works.
    """
    done: list[str] = asyncio.run(_on(database_url, lambda connection: _upgrade(connection, tell, to)))
    return done


async def _on(database_url: str, work: Callable[[Connection], Any]) -> Any:
    engine = create_async_engine(database_url)
    try:
        async with engine.connect() as conn:
            return await conn.run_sync(work)
    finally:
        await engine.dispose()


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config


def _revision(connection: Connection) -> str | None:
    known = {"version_table": "revision", "version_table_schema": "kernel"}
    return MigrationContext.configure(connection, opts=known).get_current_revision()


def _lock_was_taken(fault: BaseException) -> bool:
    return getattr(getattr(fault, "orig", None), "sqlstate", None) == LOCK_NOT_AVAILABLE


@retry(
    retry=retry_if_exception(_lock_was_taken),
    stop=stop_after_attempt(LOCK_TRIES_MAX),
    wait=wait_exponential_jitter(multiplier=0.2, max=5),
    reraise=True,
)
def _upgrade(connection: Connection, tell: Callable[[str], None], to: str) -> list[str]:
    connection.rollback()  # a try before this one may have failed in the middle of a transaction
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
    try:
        connection.execute(text("CREATE SCHEMA IF NOT EXISTS kernel"))
        connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT_S}s'"))
        connection.commit()
        before = _revision(connection)
        connection.commit()
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, to)
        after = _revision(connection)
        known = revisions()
        done = known[known.index(before) + 1 if before else 0 : known.index(after) + 1 if after else 0]
        for revision in done:
            tell(revision)
        return done
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
        connection.commit()
