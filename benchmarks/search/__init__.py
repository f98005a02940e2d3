"""Measurements of catalogue search: beside the bare OpenSearch query, a bare bulk load, and PostgreSQL's search."""
