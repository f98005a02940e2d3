"""Search's use cases, and the only door to it for other domains."""

from commerce_graph.search.service.curation import (
    delete_pin_set,
    delete_redirect,
    delete_synonym_group,
    save_pin_set,
    save_redirect,
    save_synonym_group,
)
from commerce_graph.search.service.rulebook import Rulebook, Rulebooks, rulebooks

__all__ = [
    "Rulebook", "Rulebooks", "delete_pin_set", "delete_redirect", "delete_synonym_group", "rulebooks", "save_pin_set",
    "save_redirect", "save_synonym_group",
]  # fmt: skip
