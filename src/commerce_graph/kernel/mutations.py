"""Declare mutations: how a refusal is told, and how one that a client repeats under one key has one effect."""

import inspect
from collections.abc import Callable
from enum import Enum
from functools import wraps
from typing import Any, get_type_hints

import strawberry

from commerce_graph.kernel.auth import Access
from commerce_graph.kernel.errors import Rejected

ACCESS = "access"
ONCE = "once"
COST = "cost"


class Once(Enum):
    """What makes a mutation that is repeated under one `Idempotency-Key` have one effect."""

    TRANSACTION = "transaction"
    """It calls nobody outside, so all it does is one transaction with its answer."""
    STEPS = "steps"
    """It calls the outside world between its transactions, and passes `ctx.claim_id` to `claims.first`."""
    ARGUMENT = "argument"
    """It has an argument that does the same; the header is left alone."""


def doc(target: Any) -> str | None:
    """Return the first sentence or paragraph of a docstring, as one line."""
    text = inspect.cleandoc(vars(target).get("__doc__") or "") if isinstance(target, type) else inspect.getdoc(target)
    return text.partition("\n\n")[0].replace("\n", " ") if text else None


def mutation(
    *, access: Access, payload: type | None = None, description: str | None = None, once: Once | None = None,
    cost: int | None = None,
) -> Callable[[Callable[..., Any]], Any]:  # fmt: skip
    """Declare a mutation: a `Rejected` use case becomes the payload's `userErrors`, its transaction rolled back.

    The payload class holds `user_errors` (and any alias list ending in `user_errors`), each a list of one error
    class with `code`, `field` and `message`; every other member is optional. `once` is TRANSACTION where nothing else
    is said; whoever passes `ctx.database` on has to say it. `cost` is what it weighs, where that is not what
    mutations weigh (kernel/demand/weights.py).
    """

    def decorate(function: Any) -> Any:
        @wraps(function)
        async def boundary(*args: Any, **kwargs: Any) -> Any:
            try:
                return await function(*args, **kwargs)
            except Rejected as rejected:
                return refusal(payload or get_type_hints(function)["return"], rejected)

        metadata = {ACCESS: access} | ({ONCE: once} if once else {}) | ({COST: cost} if cost is not None else {})
        return strawberry.mutation(resolver=boundary, description=description or doc(function), metadata=metadata)

    return decorate


def refusal(payload: type, rejected: Rejected) -> Any:
    """Return the payload that tells the refusal."""
    members = payload.__strawberry_definition__.fields  # type: ignore[attr-defined]
    told: dict[str, Any] = {}
    for member in members:
        if member.python_name.endswith("user_errors"):
            error = member.type.of_type
            codes = getattr(error, "codes", None)
            code = {"code": codes[rejected.code]} if codes else {}  # a plain UserError has none
            told[member.python_name] = [error(**code, field=rejected.field, message=rejected.message)]
    return payload(**told)
