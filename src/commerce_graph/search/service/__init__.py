"""Search's use cases, and the only door to it for other domains."""

from commerce_graph.search.service.counting import facet_counts
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
from commerce_graph.search.service.popularity import Suggestion, store_labels
from commerce_graph.search.service.predictions import PREDICTED, Prediction, Predictions, within
from commerce_graph.search.service.results import KINDS, ResultHit, Results, Search, bounds
from commerce_graph.search.service.rulebook import Rulebook, Rulebooks, rulebooks
from commerce_graph.search.service.tally import store_tally, tally

__all__ = [
    "KINDS", "PREDICTED", "Paging", "Prediction", "Predictions", "Request", "ResultHit", "Results", "Rulebook",
    "Rulebooks", "Search", "Suggestion", "Unavailable", "bounds", "delete_pin_set", "delete_redirect",
    "delete_synonym_group", "engine_of", "facet_counts", "rulebooks", "save_pin_set", "save_redirect",
    "save_synonym_group", "store_labels", "store_tally", "tally", "within",
]  # fmt: skip
