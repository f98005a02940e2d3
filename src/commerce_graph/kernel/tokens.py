"""API tokens: hashed at rest, with scopes, each bound to a sales channel where it reads as a shopper."""

from collections import OrderedDict
from time import monotonic
from uuid import UUID

from sqlalchemy import ARRAY, Column, LargeBinary, Table, Text, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.kernel.auth import Access, Principal, new_token, token_hash
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.columns import key, moment, uuid, words
from commerce_graph.kernel.database import Database, metadata

PRINCIPAL_TTL_S = 5.0
"""How long a process goes on trusting a token it has seen; a revoked token dies within it."""
PRINCIPALS_KEPT_MAX = 10_000

api_token = Table(
    "api_token",
    metadata,
    key(),
    Column("hash", LargeBinary, nullable=False, unique=True),
    words("name"),
    Column("scopes", ARRAY(Text), nullable=False),
    uuid("channel_id", null=True),
    moment("created_at", now=True),
    moment("revoked_at", null=True),
    schema="kernel",
)


async def issue_token(tx: AsyncConnection, prefix: str, name: str, scopes: Access, channel_id: UUID | None) -> str:
    """Create an API token and return it; it is not stored and cannot be read again."""
    token = new_token(prefix)
    row = {"id": new_id(), "hash": token_hash(token), "name": name, "scopes": sorted(scopes), "channel_id": channel_id}
    await tx.execute(insert(api_token).values(row))
    return token


class Tokens:
    """Finds who a token belongs to, and remembers for PRINCIPAL_TTL_S. One for a process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: OrderedDict[bytes, tuple[float, Principal]] = OrderedDict()

    async def principal(self, token: str) -> Principal | None:
        """Return the holder of a token, None for one that is unknown or revoked. At most 1 statement."""
        hashed = token_hash(token)
        known = self._known.get(hashed)
        if known is not None and known[0] > monotonic():
            return known[1]
        wanted = select(api_token).where(api_token.c.hash == hashed, api_token.c.revoked_at.is_(None))
        async with self._database.read() as conn:
            row = (await conn.execute(wanted)).one_or_none()
        self._known.pop(hashed, None)
        if row is None:
            return None
        found = Principal(frozenset(row.scopes), row.channel_id, name=row.name, token_id=row.id)
        self._known[hashed] = (monotonic() + PRINCIPAL_TTL_S, found)
        if len(self._known) > PRINCIPALS_KEPT_MAX:
            self._known.popitem(last=False)
        return found
