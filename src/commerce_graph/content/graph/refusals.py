"""How the use cases' refusals are told: at a path of the input, in codes of Admin's names."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any

import strawberry

from commerce_graph.content import errors
from commerce_graph.kernel.auth import scopes
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.values import user_error

WRITE_CONTENT = scopes("write_content")
_WRITING = (errors.BLANK, errors.INVALID, errors.TAKEN, errors.TOO_LONG)


@contextmanager
def at_input(name: str) -> Iterator[None]:
    """Tell refusals inside the block at an input; what was not found by its id stays where it is."""
    try:
        yield
    except Rejected as refused:
        path = refused.field or []
        at = path if path == ["id"] else [name, *path]
        raise Rejected(refused.code, at, refused.message) from None


def refusals(mutation: str, *more: str, writing: bool = True) -> Any:
    """Declare the error type of a mutation, such as `PageCreate`: `PageCreateUserError` with its codes."""
    names = sorted({*more, *(_WRITING if writing else ())})
    codes: Any = Enum(f"{mutation}UserErrorCode", {name: name for name in names})  # type: ignore[misc]
    described = strawberry.enum(codes, description=f"Why {mutation[0].lower()}{mutation[1:]} was refused.")
    return user_error(f"{mutation}UserError", described, f"A refusal of {mutation[0].lower()}{mutation[1:]}.")
