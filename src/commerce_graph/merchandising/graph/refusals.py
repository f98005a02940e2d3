"""Refusals of the domains below, told in the codes of a payload."""

from enum import Enum

from commerce_graph.kernel.errors import Rejected


def code_of(refused: Rejected, codes: type[Enum]) -> str:
    """Return the code of a refusal if the payload has it, else that something about a variant or the input is wrong."""
    if refused.code in codes.__members__:
        return refused.code
    about_variant = bool(refused.field) and "variants" in (refused.field or ())
    return "INVALID_VARIANT" if about_variant and "INVALID_VARIANT" in codes.__members__ else "INVALID_INPUT"
