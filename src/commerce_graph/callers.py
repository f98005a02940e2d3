"""Who calls: the tokens of storefronts, merchants, partners and customers."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from commerce_graph.catalog import service as catalog_service
from commerce_graph.customer import service as customer_service
from commerce_graph.kernel.auth import ANONYMOUS, SHOPPER_SCOPES, Principal
from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.tokens import Tokens

STOREFRONT_HEADERS = ("X-Shopify-Storefront-Access-Token", "Shopify-Storefront-Private-Token")
ADMIN_HEADER = "X-Shopify-Access-Token"

CUSTOMER_TOKENS = "customer_"
"""How customers' tokens begin; no API token does."""


class Callers:
    """Finds out who calls, by the headers of a request or the connection parameters of a socket.

    A storefront token makes a shopper of its channel, an admin token a merchant or a partner. A customer's token in
    `Authorization` adds the customer; alone it comes with the rights of a shopper of the oldest channel.
    """

    def __init__(self, resources: Resources) -> None:
        self._database = resources.database
        self._tokens = Tokens(resources.database)
        self._channel_id: UUID | None = None

    async def __call__(self, headers: Mapping[str, str]) -> Principal:
        """Return the caller. At most 3 statements, none for an API token that was seen in the last seconds.

        Raises: RequestError(UNAUTHORIZED).
        """
        caller = None
        for name in (*STOREFRONT_HEADERS, ADMIN_HEADER):
            token = headers.get(name.lower())
            if token and caller is None:
                caller = await self._holder(token, name)
        given = headers.get("authorization", "").strip()
        bearer = given[7:].strip() if given[:7].lower() == "bearer " else given
        return await self._bearer(bearer, caller) if bearer else caller or ANONYMOUS

    async def _holder(self, token: str, header: str) -> Principal:
        found = await self._tokens.principal(token)
        if found is None:
            raise _unauthorized(header, "is unknown or was revoked")
        # A storefront that is given a merchant's key by mistake would show drafts, and the key, to everyone.
        if found.channel_id is None and header != ADMIN_HEADER:
            raise _unauthorized(header, f"is an admin token: those belong in `{ADMIN_HEADER}`")
        if found.channel_id is not None and header == ADMIN_HEADER:
            raise _unauthorized(header, f"is a storefront token: those belong in `{STOREFRONT_HEADERS[0]}`")
        return found

    async def _bearer(self, token: str, caller: Principal | None) -> Principal:
        if caller is None and not token.startswith(CUSTOMER_TOKENS):
            found = await self._tokens.principal(token)
            if found:
                return found
        async with self._database.read() as conn:
            customer_id = await customer_service.customer_of_token(conn, token)
        if customer_id is None:
            raise _unauthorized("Authorization", "is unknown, was revoked or has expired")
        if caller is None:
            caller = Principal(SHOPPER_SCOPES, await self._oldest_channel(), name="customer")
        return replace(caller, customer_id=customer_id)

    async def _oldest_channel(self) -> UUID | None:
        if self._channel_id is None:
            async with self._database.read() as conn:
                self._channel_id = next((channel.id for channel in await catalog_service.channels(conn)), None)
        return self._channel_id


def _unauthorized(header: str, what: str) -> RequestError:
    return RequestError("UNAUTHORIZED", f"the token in `{header}` {what}", status=401)
