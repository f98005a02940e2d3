"""Refusals of the domains below, told in the codes of a payload and at a path of its input."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

from commerce_graph.kernel.errors import Rejected


@contextmanager
def at_input() -> Iterator[None]:
    """Tell refusals inside the block at `input`."""
    try:
        yield
    except Rejected as refused:
        raise Rejected(refused.code, ["input", *(refused.field or ())], refused.message) from None


def code_of(refused: Rejected, codes: type[Enum]) -> str:
    """Return the code of a refusal if the payload has it, else that something about a variant or the input is wrong."""
    if refused.code in codes.__members__:
        return refused.code
    about_variant = bool(refused.field) and "variants" in (refused.field or ())
    return "INVALID_VARIANT" if about_variant and "INVALID_VARIANT" in codes.__members__ else "INVALID_INPUT"
