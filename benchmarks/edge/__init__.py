"""What stands between a client and the graph, measured: what it costs and what it saves."""
