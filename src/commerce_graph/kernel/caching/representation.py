"""An answer as HTTP: how long whoever may show it, whether the client has it, what it is about, and compressed."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from math import ceil
from time import monotonic
from typing import Literal

from starlette.datastructures import Headers
from starlette.responses import Response

from commerce_graph.kernel.caching.answers import Kept, gzipped
from commerce_graph.kernel.limits import ANSWER_PACKED_BYTES_MIN, SURROGATE_KEYS_BYTES_MAX

Cdn = Literal["none", "varnish", "fastly", "cloudflare"]

VARY = (
    "Accept, Accept-Encoding, Authorization, Origin, X-Shopify-Access-Token, X-Shopify-Storefront-Access-Token, "
    "Shopify-Storefront-Private-Token"
)
"""All request headers that an answer depends on, or that say who asks."""


@dataclass(frozen=True, slots=True)
class Surrogates:
    """How a CDN is told what an answer is about."""

    header: str = "Surrogate-Key"
    """Empty: nobody is told."""
    between: str = " "
    stale_s: int = 0
    """For how long a CDN that is told of changes may go on showing an answer while it asks for a new one."""

    @classmethod
    def of(cls, cdn: Cdn) -> "Surrogates":
        """Return the way of a CDN; without one nobody may show old answers, and keys would be kilobytes for nobody."""
        if cdn == "none":
            return cls("")
        if cdn == "cloudflare":
            return cls("Cache-Tag", ",", 10)
        return cls("xkey" if cdn == "varnish" else "Surrogate-Key", " ", 10)

    def value(self, tags: Iterable[str]) -> str:
        """Return the header's value: each thing, or its kind alone where there are too many to say.

        Limits: SURROGATE_KEYS_BYTES_MAX. A change of a thing purges its kind, too.
        """
        told = self.between.join(sorted(tags))
        if len(told) <= SURROGATE_KEYS_BYTES_MAX:
            return told
        return self.between.join(sorted({tag.partition("-")[0] for tag in tags}))


def represented(
    kept: Kept, headers: Headers, media: str, max_age_s: int, ways: Surrogates, *, shared: bool
) -> Response:
    """Return the answer to a GET, or 304 where the client has it.

    `shared`: whether the answer is everybody's; else it is for the one who asked, who has to ask each time.
    """
    packed = _worth_packing(kept.body, headers)
    told = {
        "ETag": f'"{kept.once("etag", _digest)}-{len(media)}{"z" if packed else ""}"',
        "Vary": VARY,
        "Cache-Control": "private, no-cache",
    }
    if shared:
        stale = f", stale-while-revalidate={ways.stale_s}" if ways.stale_s else ""
        told["Cache-Control"] = f"public, max-age=0, s-maxage={max_age_s}{stale}"
        told["Age"] = str(max(0, max_age_s - ceil(kept.ends_at - monotonic())))
        if ways.header:
            told[ways.header] = kept.once("tags", lambda _: ways.value(kept.tags))
    if _has(headers.get("if-none-match"), told["ETag"]):
        return Response(status_code=304, headers=told)
    if packed:
        told["Content-Encoding"] = "gzip"
    told["Content-Type"] = f"{media}; charset=utf-8"
    return Response(kept.packed if packed else kept.body, headers=told)


def compress(response: Response, headers: Headers, kept: Kept | None = None) -> None:
    """Compress an answer where its client takes it and nobody has done so; `kept`: what its body comes from.

    Its length tells nothing (BREACH): who asks is told by headers that no foreign page can make a browser send.
    """
    if "content-encoding" not in response.headers and _worth_packing(response.body, headers):
        response.body = kept.packed if kept else gzipped(bytes(response.body))
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Content-Length"] = str(len(response.body))


def _digest(body: bytes) -> str:
    return sha256(body).hexdigest()[:32]


def _worth_packing(body: bytes | memoryview, headers: Headers) -> bool:
    return len(body) >= ANSWER_PACKED_BYTES_MIN and _takes_gzip(headers.get("accept-encoding", ""))


def _has(given: str | None, etag: str) -> bool:
    if given is None:
        return False
    return given.strip() == "*" or etag in (each.strip().removeprefix("W/") for each in given.split(","))


def _takes_gzip(accepted: str) -> bool:
    for part in accepted.lower().split(","):
        name, _, parameters = part.partition(";")
        if name.strip() in ("gzip", "*"):
            return parameters.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
