"""Search's use cases, and the only door to it for other domains."""
