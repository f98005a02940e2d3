"""Search in the graph."""

from strawberry.tools import merge_types

from commerce_graph.search.graph.pins import PinMutation, PinQuery
from commerce_graph.search.graph.predictive import PredictiveSearchQuery
from commerce_graph.search.graph.recommendations import RecommendationQuery
from commerce_graph.search.graph.redirects import RedirectMutation, RedirectQuery
from commerce_graph.search.graph.search import SearchQuery
from commerce_graph.search.graph.synonyms import SynonymMutation, SynonymQuery

Query = merge_types(
    "Query", (SearchQuery, PredictiveSearchQuery, RecommendationQuery, SynonymQuery, RedirectQuery, PinQuery)
)
Mutation = merge_types("Mutation", (SynonymMutation, RedirectMutation, PinMutation))

__all__ = ["Mutation", "Query"]
