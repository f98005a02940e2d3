"""Attacks on a served process, byte by byte, and what comes of each in a word: `400 BAD_REQUEST`, `431`, `4400`.

No client library stands between: those do not send what attackers do.
"""

import asyncio
import json
import os
import struct
import zlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Any

from tests.shop import TOKENS

ANSWER_S_MAX = 30.0
"""How long an attack waits for its answer: a bound on a server that hangs, no measure of its speed."""
CLOSED = "closed"
HELD = "held"
"""What comes of an attack that goes on until the server has been asked whether it lives."""

JSON = "application/json"
STRICT = "application/graphql-response+json"


@dataclass(frozen=True)
class Edge:
    """A served process."""

    port: int
    pid: int

    async def open(self, held: AsyncExitStack) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect until `held` is closed."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)

        async def close() -> None:
            writer.transport.abort()

        held.push_async_callback(close)
        return reader, writer

    @property
    def memory_bytes(self) -> int:
        """What the process keeps in memory."""
        with open(f"/proc/{self.pid}/statm") as pages:
            return int(pages.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


Attack = Callable[[Edge, AsyncExitStack], Awaitable[str]]


# HTTP


def head(method: str, target: str = "/graphql", **headers: str | None) -> bytes:
    """Return a request's head; `content_type=None` leaves a header out."""
    told: dict[str, str | None] = {
        "host": "shop.test", "accept": STRICT, "x_shopify_storefront_access_token": TOKENS["storefront"], **headers,
    }  # fmt: skip
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in told.items() if value is not None]
    return "\r\n".join([f"{method} {target} HTTP/1.1", *lines, "", ""]).encode("latin-1")


def raw(*pieces: bytes) -> Attack:
    """Send pieces as they are, then read."""

    async def attack(edge: Edge, held: AsyncExitStack) -> str:
        reader, writer = await edge.open(held)
        with suppress(ConnectionError):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
        return await outcome(reader)

    return attack


def body(content: bytes, target: str = "/graphql", content_type: str | None = JSON, **headers: str | None) -> Attack:
    """POST bytes."""
    told = {"content_type": content_type, "content_length": str(len(content)), **headers}
    return raw(head("POST", target, **told) + content)


def ask(query: Any, variables: Any = None, **more: Any) -> Attack:
    """POST an operation."""
    return body(json.dumps({"query": query, "variables": variables, **more}).encode())


def get(target: str, method: str = "GET", **headers: str | None) -> Attack:
    """Send a request without a body."""
    return raw(head(method, target, **headers))


async def outcome(reader: asyncio.StreamReader) -> str:
    """Read an answer: its status, and the code of its first error where it is JSON that has one."""
    async with asyncio.timeout(ANSWER_S_MAX):
        try:
            status, headers = await _head(reader)
            if not status:
                return CLOSED
            content = await reader.readexactly(int(headers.get("content-length", "0")))
        except (ConnectionError, asyncio.IncompleteReadError):
            return CLOSED
    errors = json.loads(content).get("errors") if "json" in headers.get("content-type", "") else None
    return f"{status} {errors[0]['extensions']['code']}" if errors else status


async def _head(reader: asyncio.StreamReader) -> tuple[str, Mapping[str, str]]:
    _, _, rest = (await reader.readline()).decode("latin-1").partition(" ")
    headers = {}
    while line := (await reader.readline()).decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return rest[:3], headers


# WebSocket

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(
    payload: bytes | str, opcode: int = TEXT, *, last: bool = True, packed: bool = False, masked: bool = True
) -> bytes:
    """Return a frame as a client sends it, masked with zeros."""
    if isinstance(payload, str):
        payload = payload.encode()
    size, mask = len(payload), 0x80 if masked else 0
    first = opcode | (0x80 if last else 0) | (0x40 if packed else 0)
    if size < 126:
        told = struct.pack("!BB", first, mask | size)
    elif size < 1 << 16:
        told = struct.pack("!BBH", first, mask | 126, size)
    else:
        told = struct.pack("!BBQ", first, mask | 127, size)
    return told + (b"\0\0\0\0" if masked else b"") + payload


def packed(payload: bytes) -> bytes:
    """Return a compressed text frame."""
    packer = zlib.compressobj(9, wbits=-15)
    return frame((packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4], packed=True)


def said(kind: str, **more: Any) -> bytes:
    """Return the frame of a message of the protocol."""
    return frame(json.dumps({"type": kind, **more}))


INIT = said("connection_init", payload={"X-Shopify-Storefront-Access-Token": TOKENS["storefront"]})


def subscribe(query: Any, variables: Any = None, id: Any = "1") -> bytes:
    """Return the frame that asks for an operation."""
    return said("subscribe", id=id, payload={"query": query, "variables": variables})


def socket(*frames: bytes, init: bool = True, protocol: str = "graphql-transport-ws", **headers: str | None) -> Attack:
    """Open a socket, send frames and read until there is an error, a result or an end."""

    async def attack(edge: Edge, held: AsyncExitStack) -> str:
        reader, refused = await shake(edge, held, b"".join([INIT if init else b"", *frames]), protocol, **headers)
        if refused:
            return refused
        async with asyncio.timeout(ANSWER_S_MAX):
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while True:
                    found = _told(*await _frame(reader))
                    if found:
                        return found
        return CLOSED

    return attack


async def shake(
    edge: Edge, held: AsyncExitStack, first: bytes = b"", protocol: str = "graphql-transport-ws", **headers: str | None
) -> tuple[asyncio.StreamReader, str]:
    """Open a socket, send what comes first, and return the status if it was refused."""
    reader, writer = await edge.open(held)
    asked: dict[str, str | None] = {
        "upgrade": "websocket", "connection": "Upgrade", "sec_websocket_version": "13",
        "sec_websocket_key": "AAAAAAAAAAAAAAAAAAAAAA==", "sec_websocket_protocol": protocol,
        **headers,
    }  # fmt: skip
    writer.write(head("GET", **asked))
    async with asyncio.timeout(ANSWER_S_MAX):
        status, _ = await _head(reader)
    if status != "101":
        return reader, status or CLOSED
    writer.write(first)  # without waiting: it may not be read
    return reader, ""


async def _frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    first, size = await reader.readexactly(2)
    if size == 126:
        (size,) = struct.unpack("!H", await reader.readexactly(2))
    elif size == 127:
        (size,) = struct.unpack("!Q", await reader.readexactly(8))
    content = await reader.readexactly(size)
    return (PING, b"") if first & 0x40 else (first & 0x0F, content)  # what is compressed is no error


def _told(opcode: int, content: bytes) -> str:
    if opcode == CLOSE:
        return str(struct.unpack("!H", content[:2])[0])
    if opcode != TEXT:
        return ""
    message = json.loads(content)
    payload = message.get("payload")
    errors = payload if message["type"] == "error" else payload.get("errors") if message["type"] == "next" else None
    if errors:
        return str(errors[0]["extensions"]["code"])
    return "next" if message["type"] == "next" else ""


# What is held open


def held(number: int, *pieces: bytes, upgraded: bool = False) -> Attack:
    """Open so many connections or sockets, send each the same, and let them hang."""

    async def attack(edge: Edge, stack: AsyncExitStack) -> str:
        for _ in range(number):
            if upgraded:
                _, refused = await shake(edge, stack, b"".join(pieces))
                assert not refused
            else:
                _, writer = await edge.open(stack)
                writer.write(b"".join(pieces))  # without waiting: it may not be read
        return HELD

    return attack


def left(number: int, *pieces: bytes) -> Attack:
    """Send so many requests, each on a connection of its own that is gone before the answer."""

    async def attack(edge: Edge, stack: AsyncExitStack) -> str:
        for _ in range(number):
            async with AsyncExitStack() as soon:
                _, writer = await edge.open(soon)
                writer.write(b"".join(pieces))
                await writer.drain()
        return HELD

    return attack
