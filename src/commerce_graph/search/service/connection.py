"""HTTP to OpenSearch: opensearch-py's connection, kept from logging what people search for, and from waiting long."""

import errno
from typing import Any
from urllib.parse import unquote, urlsplit

import aiohttp
from opensearchpy import AIOHttpConnection, AsyncOpenSearch
from opensearchpy.exceptions import ConnectionError as Lost

from commerce_graph.kernel import limits


def open_client(url: str) -> AsyncOpenSearch:
    """Return a client that connects when it is first used, in the event loop that it is first used in.

    Certificates are verified, against SSL_CERT_FILE where the environment names one. A call is made once: whoever asks
    has no time for more, and OpenSearch that has too much to do must not get it twice.
    Limits: OPENSEARCH_CALLS_MAX connections.
    """
    parts = urlsplit(url)
    host: dict[str, Any] = {
        "host": parts.hostname,
        "port": parts.port or (443 if parts.scheme == "https" else 9200),
        "use_ssl": parts.scheme == "https",
        "url_prefix": parts.path.strip("/"),
    }
    if parts.username is not None:
        host["http_auth"] = (unquote(parts.username), unquote(parts.password or ""))
    return AsyncOpenSearch(
        hosts=[host],
        connection_class=Connection,
        timeout=limits.OPENSEARCH_CALL_S_MAX,
        max_retries=0,
    )


class Connection(AIOHttpConnection):
    """The connections to one address."""

    async def perform_request(self, *args: Any, **kwargs: Any) -> Any:
        """Make a call; once more where it went into a connection that the other side had just closed."""
        try:
            return await super().perform_request(*args, **kwargs)
        except Lost as fault:
            if not _was_closed(fault.info):
                raise
        return await super().perform_request(*args, **kwargs)

    def log_request_success(self, *args: Any, **kwargs: Any) -> None:
        """Log nothing: the body holds what people search for."""

    def log_request_fail(self, *args: Any, **kwargs: Any) -> None:
        """Log nothing: the circuit says when calls begin to fail, and services what was refused."""

    async def _create_aiohttp_session(self) -> None:
        self.session = aiohttp.ClientSession(
            headers=self.headers,
            skip_auto_headers=("accept", "accept-encoding"),
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=_Connector(limit=limits.OPENSEARCH_CALLS_MAX, ssl=self._ssl_context or True),
        )
        self.loop = self.session._loop


class _Connector(aiohttp.TCPConnector):
    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Any],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 (aiohttp's)
    ) -> aiohttp.connector.Connection:
        # An address that swallows packets would otherwise use up the whole time of each call.
        quick = aiohttp.ClientTimeout(
            total=timeout.total,
            connect=timeout.connect,
            sock_read=timeout.sock_read,
            sock_connect=limits.OPENSEARCH_CONNECT_S_MAX,
        )
        return await super().connect(req, traces, quick)


def _was_closed(fault: object) -> bool:
    if isinstance(fault, aiohttp.ClientConnectorError):
        return False
    reset = isinstance(fault, OSError) and fault.errno in (errno.ECONNRESET, errno.EPIPE)
    return reset or isinstance(fault, aiohttp.ServerDisconnectedError)
