"""Searching with OpenSearch."""

from commerce_graph.search.service.opensearch.engine import OpenSearchEngine

__all__ = ["OpenSearchEngine"]
