"""What the edge costs and saves."""
