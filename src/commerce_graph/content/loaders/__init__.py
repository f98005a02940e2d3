"""Reads of pages, blogs and articles: by key, by handle, in lists, and by words."""
