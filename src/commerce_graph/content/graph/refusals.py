"""How the use cases' refusals are told: in codes of Admin's names."""

from enum import Enum
from typing import Any

import strawberry

from commerce_graph.content import errors
from commerce_graph.kernel.auth import scopes
from commerce_graph.kernel.values import user_error

WRITE_CONTENT = scopes("write_content")
_WRITING = (errors.BLANK, errors.INVALID, errors.TAKEN, errors.TOO_LONG)


def refusals(mutation: str, *more: str, writing: bool = True) -> Any:
    """Declare the error type of a mutation, such as `PageCreate`: `PageCreateUserError` with its codes."""
    names = sorted({*more, *(_WRITING if writing else ())})
    codes: Any = Enum(f"{mutation}UserErrorCode", {name: name for name in names})  # type: ignore[misc]
    described = strawberry.enum(codes, description=f"Why {mutation[0].lower()}{mutation[1:]} was refused.")
    return user_error(f"{mutation}UserError", described, f"A refusal of {mutation[0].lower()}{mutation[1:]}.")
