"""A server that is killed at a point of a mutation under a key: `python -m tests.faults.killed_server`."""

import os
import signal
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from commerce_graph.app import from_environment
from commerce_graph.kernel import claims
from commerce_graph.order.service import captures
from commerce_graph.payment.service import books, calls

POINTS = {
    "asking": (calls, "ask"),  # all that decides is committed, and nobody outside has heard of it
    "recording": (books, "close_step"),  # the provider has done it
    "noting": (captures, "_note"),  # the books tell of a capture or a void, and the order does not
    "keeping": (claims, "keep"),  # all is done, and the answer is not kept
}


async def _die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DiesBeforeItAnswers:
    """Kills the process when a POST is about to be answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def answer(message: Message) -> None:
            if scope.get("method") == "POST":
                await _die()
            await send(message)

        await self._app(scope, receive, answer)


def main() -> None:
    """Serve what the environment describes until the point that it names."""
    point = os.environ["KILLED_AT"]
    app: ASGIApp = from_environment()
    if point == "answering":
        app = DiesBeforeItAnswers(app)
    elif point:
        setattr(*POINTS[point], _die)
    uvicorn.run(app, port=int(os.environ["PORT"]), log_config=None)


if __name__ == "__main__":
    main()
