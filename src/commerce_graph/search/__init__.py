"""Catalogue search: words, facets, suggestions and recommendations, on OpenSearch or in PostgreSQL alone."""

from commerce_graph.kernel.graph import Module

module = Module(name="search")
