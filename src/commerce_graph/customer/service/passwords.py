"""Passwords: argon2id in threads of their own, never inside a transaction."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.limits import PASSWORD_HASHES_AT_ONCE_MAX, PASSWORD_HASHES_WAITING_MAX

T = TypeVar("T")

hasher = PasswordHasher()
"""The parameters of new hashes (RFC 9106, low memory). Replaceable: tests take cheap ones; old hashes are renewed."""

# Each hash takes 64 MiB for its time: threads of their own bound the memory, and leave asyncio's to others.
_threads = ThreadPoolExecutor(PASSWORD_HASHES_AT_ONCE_MAX, thread_name_prefix="password")
_decoys: dict[PasswordHasher, str] = {}
_asked: set[object] = set()
"""One for each password that is being hashed or waits for its turn."""


async def hashed(password: str) -> str:
    """Return what is stored of a password.

    Limits: PASSWORD_HASHES_AT_ONCE_MAX, PASSWORD_HASHES_WAITING_MAX. Raises: RequestError(THROTTLED).
    """
    used = hasher
    return await _in_thread(lambda: used.hash(password))


async def matches(stored: str | None, password: str) -> bool:
    """Tell whether it is the password. Where none is stored the work is the same, so that time tells nothing.

    Limits, raises: as `hashed`.
    """
    used = hasher
    return await _in_thread(lambda: _matches(used, stored, password))


def needs_renewal(stored: str) -> bool:
    """Tell whether a hash was made with other parameters than today's."""
    return hasher.check_needs_rehash(stored)


def _matches(used: PasswordHasher, stored: str | None, password: str) -> bool:
    if stored is None and used not in _decoys:
        _decoys[used] = used.hash("nobody's password")
    try:
        return used.verify(stored or _decoys[used], password) and stored is not None
    except VerifyMismatchError:
        return False


async def _in_thread(work: Callable[[], T]) -> T:
    # Each costs much and anyone may ask for one: whoever would wait for long is told so, and costs nothing.
    if len(_asked) >= PASSWORD_HASHES_WAITING_MAX:
        raise RequestError("THROTTLED", "Too many people are signing in just now; try again in a moment.")
    mine = object()
    _asked.add(mine)
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, work)
    finally:
        _asked.discard(mine)
