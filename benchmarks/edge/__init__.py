"""What stands between a client and the graph, measured."""
