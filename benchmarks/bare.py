"""The yardstick: a Starlette route that reads the request and returns bytes recorded from the real server.

Run by `python -m benchmarks`: `python -m benchmarks.bare PORT FILE`.
"""

import base64
import sys
from pathlib import Path

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from commerce_graph.development import SERVER


def application(answers: dict[str, list[bytes]]) -> Starlette:
    """Return the application that returns an operation's answers by step."""

    async def answer(request: Request) -> Response:
        await request.body()
        steps = answers[request.path_params["operation"]]
        return Response(steps[request.path_params["step"]], media_type="application/json; charset=utf-8")

    return Starlette(
        routes=[
            Route("/bare/{operation}/{step:int}", answer, methods=["GET", "POST"]),
            Route("/readyz", lambda request: PlainTextResponse("ok\n")),
        ]
    )


if __name__ == "__main__":
    stored = orjson.loads(Path(sys.argv[2]).read_bytes())
    recorded = {name: [base64.b64decode(step) for step in steps] for name, steps in stored.items()}
    uvicorn.run(application(recorded), host="127.0.0.1", port=int(sys.argv[1]), **SERVER)
