"""Handles that merchants ask for."""

from commerce_graph.catalog import rules
from commerce_graph.catalog.errors import INVALID_INPUT
from commerce_graph.kernel.errors import Rejected


def asked_handle(text: str) -> str:
    """Return a handle that was asked for, in the shape of handles. Raises: Rejected(INVALID_INPUT)."""
    handle = rules.handle_of(rules.checked(text, ["handle"]), "")
    if not handle:
        raise Rejected(INVALID_INPUT, ["handle"], "a handle needs a letter or a digit from A to Z and 0 to 9")
    return handle
