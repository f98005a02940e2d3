"""How much processor time it takes to execute an operation whose data is there."""
