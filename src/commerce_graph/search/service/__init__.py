"""Search's use cases, and the only door to it for other domains."""

from commerce_graph.search.service.curation import (
    delete_pin_set,
    delete_redirect,
    delete_synonym_group,
    save_pin_set,
    save_redirect,
    save_synonym_group,
)
from commerce_graph.search.service.engine import Paging, Request, Unavailable
from commerce_graph.search.service.engines import engine_of
from commerce_graph.search.service.results import KINDS, ResultHit, Results, Search, bounds
from commerce_graph.search.service.rulebook import Rulebook, Rulebooks, rulebooks

__all__ = [
    "KINDS", "Paging", "Request", "ResultHit", "Results", "Rulebook", "Rulebooks", "Search", "Unavailable", "bounds",
    "delete_pin_set", "delete_redirect", "delete_synonym_group", "engine_of", "rulebooks", "save_pin_set",
    "save_redirect", "save_synonym_group",
]  # fmt: skip
