"""Catalogue search: words, facets, suggestions and recommendations, on OpenSearch or in PostgreSQL alone."""

from commerce_graph.kernel.module import Job, Module
from commerce_graph.keys import ArticleKey, CollectionKey, PageKey, ProductKey
from commerce_graph.search.graph import Mutation, Query
from commerce_graph.search.handlers import HANDLERS
from commerce_graph.search.service import facet_counts, store_labels, store_tally
from commerce_graph.search.service.indexing import index_changes
from commerce_graph.search.service.reindex import build_where_needed

module = Module(
    name="search",
    query=Query,
    mutation=Mutation,
    handlers=HANDLERS,
    refers=(ProductKey, CollectionKey, PageKey, ArticleKey),
    jobs=(
        Job("search.index", 0.2, index_changes),
        Job("search.build", 5, build_where_needed),
        Job("search.popular", 60, store_tally),
        Job("search.labels", 120, store_labels),
    ),
    services=(("facet_counts", facet_counts),),
)
