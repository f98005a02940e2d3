"""Tests of demand control."""
