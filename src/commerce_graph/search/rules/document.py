"""The document of a product in the index: its shape, whoever writes or queries it. Pure.

id, handle, status          keywords; `id` as 32 hexadecimal digits, as every UUID in a document
channels, collections       keywords: UUIDs of where it is published, and of what it belongs to
title, vendor, product_type, tags[], options_text, description    texts
skus[], barcodes[]          codes of its variants
available                   whether any variant can be bought
sales                       quantity sold, for popularity
created_at, updated_at      milliseconds since 1970
price                       {market UUID: {"min": int, "max": int}} in minor units
variants[]                  {"available": bool, "options": ["Color\\u001fRed"], "metafields": ["ns.key\\u001fvalue"]}
metafields[]                ["ns.key\\u001fvalue"] of the product itself, those with a filterable definition
digest                      what the check compares: a hash of all above
"""

from typing import Any

Document = dict[str, Any]

SEPARATOR = "\x1f"
"""Stands between the name and the value of an option or a metafield; no name or value may hold it."""

INDEX_VERSION = 1
"""Goes up with every change of the mapping or of what a document holds; a worker then builds a new index."""
