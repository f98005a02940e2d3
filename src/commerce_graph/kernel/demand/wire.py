"""HTTP/1 connections whose clients are given a limited time and size for a request's head."""

import asyncio

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from commerce_graph.kernel import limits

TOO_LATE = 408
TOO_LARGE = 431


class _TooLarge(Exception):
    """The head of a request is over HEAD_BYTES_MAX."""


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's connection, which by itself waits for ever for a head and keeps one of any size.

    Limits: HEAD_BYTES_MAX for the address and the headers; HEAD_S_MAX from a request's first byte to the end of its
    head; CONNECTION_IDLE_S for the first byte.
    """

    _deadline: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _unread_bytes = 0
    _heading = False
    _refused = 400

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._expect(limits.CONNECTION_IDLE_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read. What the parser keeps of a header that has not ended counts, too."""
        super().data_received(data)
        if self._heading and not self.transport.is_closing():
            self._unread_bytes = self._unread_bytes + len(data)
            if self._unread_bytes > limits.HEAD_BYTES_MAX:
                self._refuse(TOO_LARGE)
        else:
            self._unread_bytes = 0

    def on_message_begin(self) -> None:
        """Begin to count a head."""
        super().on_message_begin()
        self._head_bytes, self._heading = 0, True
        self._expect(limits.HEAD_S_MAX)

    def on_url(self, url: bytes) -> None:
        """Take a part of the address."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Go on with the request."""
        self._heading = False
        self._stop_waiting()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP, or too large."""
        if self._refused == TOO_LARGE:
            self._refuse(TOO_LARGE)
        else:
            super().send_400_response(msg)

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > limits.HEAD_BYTES_MAX:
            self._refused = TOO_LARGE
            raise _TooLarge

    def _expect(self, seconds: float) -> None:
        self._stop_waiting()
        self._deadline = self.loop.call_later(seconds, self._refuse, TOO_LATE)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, status: int) -> None:
        self._stop_waiting()
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(STATUS_LINE[status] + b"content-length: 0\r\nconnection: close\r\n\r\n")
        self.transport.close()
