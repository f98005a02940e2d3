"""Global ids: opaque to clients, `gid://shopify/Type/uuid` inside.

The namespace is Shopify's because its client libraries parse and rebuild ids (docs/adr/0004-global-ids.md).
A capability id (cart, order of a guest) carries `?key=`, an HMAC of the id under the server's secret, so that
knowing a UUID is not enough and nothing secret is stored.
"""

import hmac
from collections.abc import Iterable
from hashlib import sha256
from uuid import UUID

from commerce_graph.kernel.errors import RequestError

PREFIX = "gid://shopify/"


def to_gid(kind: str, key: UUID | int | str, secret: bytes | None = None) -> str:
    """Return the global id of an entity; with `secret`, as a capability."""
    gid = f"{PREFIX}{kind}/{key}"
    return f"{gid}?key={_seal(gid, secret)}" if secret else gid


def to_gids(kind: str, keys: Iterable[UUID | int | str]) -> list[str]:
    """Return the global ids of entities of one kind, in order."""
    start = f"{PREFIX}{kind}/"
    return [start + str(key) for key in keys]


def parse_gid(gid: str, secret: bytes | None = None) -> tuple[str, UUID, bool]:
    """Return type name, key and whether the id carried a valid capability key.

    Raises: RequestError(INVALID_ID) for text that is no global id.
    """
    plain, _, query = gid.partition("?")
    kind, _, key = plain.removeprefix(PREFIX).partition("/")
    try:
        if not plain.startswith(PREFIX) or not kind.isidentifier():
            raise ValueError
        uuid = UUID(key)
    except ValueError:
        raise RequestError("INVALID_ID", f"`{gid[:100]}` is not a global id of this shop") from None
    seal = query.removeprefix("key=") if query.startswith("key=") else ""
    valid = bool(secret and seal) and hmac.compare_digest(
        _seal(to_gid(kind, uuid), secret or b"").encode(), seal.encode()
    )
    return kind, uuid, valid


def _seal(gid: str, secret: bytes) -> str:
    return hmac.new(secret, gid.encode(), sha256).hexdigest()[:32]
