"""Search's decisions. Pure."""
