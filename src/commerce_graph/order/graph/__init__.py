"""Orders in the graph, by nouns."""
