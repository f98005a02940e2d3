"""One suite for both engines: what `search.service.engine` promises, on a shop made for it."""
