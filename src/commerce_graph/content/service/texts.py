"""The columns of what was written: what is left out stays as it is."""

from collections.abc import Sequence
from typing import Any

from commerce_graph.content import rules
from commerce_graph.kernel.limits import DESCRIPTION_CHARS_MAX
from commerce_graph.kernel.texts import text_of


def names(title: str | None, handle: str | None) -> dict[str, Any]:
    """Return title and handle, as far as they are given. Raises: Rejected(BLANK | TOO_LONG | INVALID)."""
    values: dict[str, Any] = {}
    if title is not None:
        values["title"] = rules.named(title, ["title"])
    if handle is not None:
        values["handle"] = rules.asked_handle(handle)
    return values


def html(column: str, given: str | None, path: Sequence[str]) -> dict[str, Any]:
    """Return HTML as it was given, and the text that a reader would see. Raises: Rejected(TOO_LONG | INVALID)."""
    if given is None:
        return {}
    kept = rules.checked(given, path, DESCRIPTION_CHARS_MAX)
    return {column: kept, f"{column}_text": text_of(kept)}


def seo(title: str | None, description: str | None) -> dict[str, Any]:
    """Return what search engines are told; an empty text takes it away. Raises: Rejected(TOO_LONG | INVALID)."""
    values: dict[str, Any] = {}
    for name, given in (("title", title), ("description", description)):
        if given is not None:
            values[f"seo_{name}"] = rules.checked(given, ["seo", name], DESCRIPTION_CHARS_MAX) or None
    return values
