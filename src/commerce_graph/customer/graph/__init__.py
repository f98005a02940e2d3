"""What the graph shows of customers."""
