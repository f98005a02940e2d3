"""Measurements of the real server over HTTP, beside a bare route that sends the same bytes."""
