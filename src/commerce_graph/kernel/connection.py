"""One connection: uvicorn's protocols, with limits on what arrives before anybody can look at it."""

import asyncio
from typing import Any

from httptools import HttpParserError
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from commerce_graph.kernel import limits

TOO_SLOW, URL_TOO_LONG, HEAD_TOO_LARGE = 408, 414, 431
TOLD = {
    TOO_SLOW: "The request did not arrive in time.",
    URL_TOO_LONG: "The address is too long: send the request by POST.",
    HEAD_TOO_LARGE: "The headers are too large.",
}


class Connection(HttpToolsProtocol):
    """Refuses what is too large or too slow (408, 414, 431), and leaves clients who have stopped reading.

    uvicorn keeps a head of any size, and waits for as long as a byte comes now and then, so one client could take all
    the memory, or hold all connections, without ever asking anything.

    Limits: URL_BYTES_MAX, HEAD_BYTES_MAX, REQUEST_ARRIVAL_S_MAX from its first byte to its last, ANSWER_STALLED_S_MAX.
    """

    url = b""
    _refusal = 0
    """The status of a refusal, once there is one."""
    _unheard = 0
    """How many bytes came since the parser told anything but a part of the address."""
    _arriving = False
    """Whether a request has begun, and not ended."""
    _heading = False
    """Whether its head is not complete."""
    _heads = 0
    """How many headers its head has; what comes after are trailers."""
    _upgraded = False
    _deadline: asyncio.TimerHandle | None = None
    _stall: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, and wait for the first request no longer than for its end."""
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._arrived()
        self._unstall()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read, and refuse what goes on and on without being anything."""
        self._unheard += len(data)
        super().data_received(data)
        if self._upgraded or self.transport.is_closing():
            return
        if self._unheard > limits.HEAD_BYTES_MAX + limits.URL_BYTES_MAX:
            self._refuse(URL_TOO_LONG if len(self.url) > limits.URL_BYTES_MAX else HEAD_TOO_LARGE)
        elif self._arriving and not self._heading and len(self.headers) > self._heads:
            if _size(self.headers) > limits.HEAD_BYTES_MAX:  # trailers
                self._refuse(HEAD_TOO_LARGE)
        elif self._idle and self.timeout_keep_alive_task is None:
            self._expect()  # what came is no request yet, such as an empty line, and has ended the wait for one

    @property
    def _idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._arriving = self._heading = True
        self._expect()

    def on_headers_complete(self) -> None:
        """A head is complete: nothing was done for it yet."""
        self._unheard = 0
        if len(self.url) > limits.URL_BYTES_MAX:
            self._refusal = URL_TOO_LONG
        elif _size(self.headers) > limits.HEAD_BYTES_MAX:
            self._refusal = HEAD_TOO_LARGE
        if self._refusal:
            raise HttpParserError(TOLD[self._refusal])
        self._heading = False
        self._heads = len(self.headers)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body is here."""
        self._unheard = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """All of a request is here: what takes time from now on is ours."""
        self._unheard = 0
        self._arriving = False
        self._arrived()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over; sockets have limits of their own."""
        self._upgraded = True
        self._arrived()
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be read, with the status that it was stopped for."""
        self._refuse(self._refusal or 400, msg)

    def pause_writing(self) -> None:
        """The client reads slower than we write: look whether it reads at all."""
        super().pause_writing()
        self._unstall()
        self._watch()

    def resume_writing(self) -> None:
        """The client has read."""
        self._unstall()
        super().resume_writing()

    def _expect(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(limits.REQUEST_ARRIVAL_S_MAX, self._late)

    def _arrived(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None

    def _late(self) -> None:
        self._deadline = None
        if self.flow.read_paused:
            self._expect()  # it is us who do not read
        elif self._arriving and (self._heading or not self._idle):
            self._refuse(TOO_SLOW)
        else:
            self.transport.close()

    def _refuse(self, status: int, told: str = "") -> None:
        self._arrived()
        if self.transport.is_closing():
            return
        body = (TOLD.get(status) or told).encode()
        # In the middle of an answer there is no place for another.
        if self._idle or not self.cycle.response_started:
            head = b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
            self.transport.write(STATUS_LINE[status] + head % len(body) + body)
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()

    def _watch(self) -> None:
        left = self.transport.get_write_buffer_size()
        self._stall = self.loop.call_later(limits.ANSWER_STALLED_S_MAX, self._look, left)

    def _look(self, left: int) -> None:
        if self.transport.get_write_buffer_size() < left:
            self._watch()
        else:
            self.transport.abort()

    def _unstall(self) -> None:
        if self._stall:
            self._stall.cancel()
            self._stall = None


class Socket(WebSocketsSansIOProtocol):
    """A WebSocket that is read piece by piece, in turn with all others, while its client reads what it is sent.

    uvicorn parses at once whatever has arrived, which may be 40,000 frames, and writes the answers to pings whether
    anybody reads them or not.

    Limits: WEBSOCKET_READ_BYTES_MAX at a turn.
    """

    _rest = b""
    """What has arrived and was not read."""
    _turn: asyncio.Handle | None = None

    def data_received(self, data: bytes) -> None:
        """Take what has arrived, to be read in turn."""
        self._rest += data
        if self._turn is None:
            self._read()

    def resume_writing(self) -> None:
        """The client has read: go on."""
        super().resume_writing()
        if self._rest and self._turn is None:
            self._turn = self.loop.call_soon(self._read)

    async def receive(self) -> Any:
        """Return the next event. More is taken from the network when all that has arrived was read."""
        event = await self.queue.get()
        self._go_on()
        return event

    def _read(self) -> None:
        self._turn = None
        if self.transport.is_closing():
            return
        if self.writable.is_set():
            piece, self._rest = self._rest[: (at := limits.WEBSOCKET_READ_BYTES_MAX)], self._rest[at:]
            super().data_received(piece)
        if self._rest:
            if not self.read_paused:
                self.read_paused = True
                self.transport.pause_reading()
            if self.writable.is_set():
                self._turn = self.loop.call_soon(self._read)
        else:
            self._go_on()

    def _go_on(self) -> None:
        if self.read_paused and not self._rest and (self.close_sent or self.queue.empty()):
            self.read_paused = False
            self.transport.resume_reading()


def _size(headers: list[tuple[bytes, bytes]]) -> int:
    return sum(len(name) + len(value) for name, value in headers)
