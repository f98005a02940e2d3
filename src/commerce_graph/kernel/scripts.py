"""Scripts that run in Redis: each call bounded in time, and none while Redis keeps failing."""

import asyncio
from collections.abc import Sequence
from typing import Any

from redis.exceptions import RedisError

from commerce_graph.kernel.circuit import Circuit, CircuitOpen


class Unavailable(Exception):
    """Redis does not answer, or not in time."""


async def called(
    circuit: Circuit, script: Any, keys: Sequence[str], arguments: Sequence[Any], s_max: float, *, then: str = ""
) -> Any:
    """Run a script that was registered, and return what it returns. 1 call.

    `then`: what follows from a failure, for the log.
    Limits: `s_max` seconds; none while the circuit is open. Raises: Unavailable.
    """
    try:
        entry = circuit.enter()
    except CircuitOpen:
        raise Unavailable from None
    try:
        async with asyncio.timeout(s_max):
            answer = await script(keys=keys, args=arguments)
    except (RedisError, OSError, TimeoutError) as fault:
        circuit.fail(entry, then + type(fault).__name__)
        raise Unavailable from None
    else:
        circuit.succeed(entry)
        return answer
    finally:
        circuit.leave(entry)
