"""Web addresses that the server gives out."""

from urllib.parse import urlencode

from commerce_graph.kernel.scalars import URL


def explorer_url(public_url: str, document: str) -> URL:
    """Return where a person can look at what a document asks for: the GraphQL explorer with it filled in."""
    return URL(f"{public_url}/graphql?{urlencode({'query': document})}")


def at_public_url(public_url: str, url: str) -> str:
    """Return where a client fetches a picture: a path lies under the server's public URL, an address stays."""
    return f"{public_url.rstrip('/')}{url}" if url.startswith("/") else url
