"""A provider on a bad line: calls get lost on the way there, answers on the way back, and processes die."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from commerce_graph.kernel.database import Database
from commerce_graph.payment.service import PROVIDERS, Answer, ProviderUnavailable
from commerce_graph.payment.service.sandbox import SandboxProvider


class Crash(Exception):
    """The process dies here."""


class BadLine:
    """The test provider, reached over a line that `fault(method)` decides about at each call.

    Faults: `call lost`, `answer lost`, `dies before` and `dies after` the call; anything else is a good line.
    """

    def __init__(self, database: Database, fault: Callable[[str], str]) -> None:
        self._provider = SandboxProvider(database)
        self._fault = fault

    def __getattr__(self, method: str) -> Callable[..., Awaitable[Answer | None]]:
        async def call(*arguments: Any) -> Answer | None:
            fault = self._fault(method)
            if fault == "call lost":
                raise ProviderUnavailable
            if fault == "dies before":
                raise Crash
            answer: Answer | None = await getattr(self._provider, method)(*arguments)
            if fault == "answer lost":
                raise TimeoutError
            if fault == "dies after":
                raise Crash
            return answer

        return call


def bad_line(monkeypatch: pytest.MonkeyPatch, fault: Callable[[str], str]) -> None:
    """Reach the test provider over a bad line from now on."""
    monkeypatch.setitem(PROVIDERS, "test", lambda database: BadLine(database, fault))


def good_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reach the test provider without faults from now on."""
    monkeypatch.setitem(PROVIDERS, "test", SandboxProvider)
