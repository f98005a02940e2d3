"""Answers that are the same for many: for how long they hold, what they are about, and where they are kept."""

from commerce_graph.kernel.caching.answers import Answers, Kept, fresh, key_of
from commerce_graph.kernel.caching.invalidation import Invalidation, Watched
from commerce_graph.kernel.caching.policy import Policy, policy_of, tags_of
from commerce_graph.kernel.caching.purge import Cdn as Purgeable
from commerce_graph.kernel.caching.purge import Cloudflare, Fastly, Purger, Varnish
from commerce_graph.kernel.caching.repeats import SHOWN, Repeated, Shown
from commerce_graph.kernel.caching.representation import Cdn, Surrogates, compress, represented
from commerce_graph.kernel.caching.store import EVERYTHING, Store

__all__ = [
    "EVERYTHING",
    "SHOWN",
    "Answers",
    "Cdn",
    "Cloudflare",
    "Fastly",
    "Invalidation",
    "Kept",
    "Policy",
    "Purgeable",
    "Purger",
    "Repeated",
    "Shown",
    "Store",
    "Surrogates",
    "Varnish",
    "Watched",
    "compress",
    "fresh",
    "key_of",
    "policy_of",
    "represented",
    "tags_of",
]  # fmt: skip
