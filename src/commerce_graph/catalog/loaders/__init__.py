"""Batched reads of the catalogue: n keys → n results in order, one statement a batch."""
