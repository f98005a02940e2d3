"""What an operation passes before it runs: the gate, and its caller's bucket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from commerce_graph.kernel.auth import Principal
from commerce_graph.kernel.demand.charge import Charge
from commerce_graph.kernel.demand.gate import Gate, Rank
from commerce_graph.kernel.demand.throttle import Throttle, Visitor


class Door:
    """Lets operations in. One for a process."""

    def __init__(self, gate: Gate, throttle: Throttle) -> None:
        self._gate = gate
        self._throttle = throttle

    @asynccontextmanager
    async def let_in(self, rank: Rank, cost: int, principal: Principal, visitor: Visitor) -> AsyncIterator[Charge]:
        """Have an operation wait for its turn and charge for it; whoever runs it gives back what it does not use.

        `rank` is what the operation itself says; a read without any token comes last.
        Raises: Overloaded, Throttled, RequestError(MAX_COST_EXCEEDED).
        """
        if rank is Rank.READ and principal.token_id is None and principal.customer_id is None:
            rank = Rank.STRANGER
        await self._gate.enter(rank)
        try:
            charge = await self._throttle.charge(cost, principal, visitor)
            try:
                yield charge
            finally:
                charge.leave()
        finally:
            self._gate.leave(rank)
