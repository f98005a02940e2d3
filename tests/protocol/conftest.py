"""Fixtures: the small graph on a real port."""

from collections.abc import AsyncIterator

import pytest

from commerce_graph.embedded import Servers
from tests.protocol.served import Watch, serving, watch


@pytest.fixture(scope="session")
async def address(servers: Servers) -> AsyncIterator[str]:
    """Serve for the session; the address has no scheme: `127.0.0.1:port/graphql`."""
    async with serving(servers.redis_url) as where:
        yield where


@pytest.fixture
def seen() -> Watch:
    """Return a fresh record of what happens inside the resolvers."""
    Watch.__init__(watch)
    return watch
