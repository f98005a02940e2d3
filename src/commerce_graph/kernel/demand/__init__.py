"""Demand control: what a document may hold, what an operation may cost, how much a caller may ask, what is shed."""
