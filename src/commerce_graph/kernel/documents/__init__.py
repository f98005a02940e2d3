"""Persisted operations: those that clients register by their hash, and those that were published before."""

from commerce_graph.kernel.documents.policy import Documents as Documents
from commerce_graph.kernel.documents.policy import Mode as Mode
from commerce_graph.kernel.documents.policy import Registration as Registration
from commerce_graph.kernel.documents.store import Store as Store
