"""The documents of products: what an index should hold of them, read from few statements."""

from collections.abc import Sequence
from datetime import UTC
from hashlib import blake2b
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog import service as catalog
from commerce_graph.catalog.service import IndexedProduct
from commerce_graph.search.rules.document import INDEX_VERSION, SEPARATOR, Document

DIGEST_BYTES = 12


async def documents(conn: AsyncConnection, product_ids: Sequence[UUID]) -> list[Document | None]:
    """Read documents. Shape: n keys → n results in input order, None where there is no product; 6 statements."""
    return [None if row is None else document(row) for row in await catalog.index_rows(conn, product_ids)]


def document(row: IndexedProduct) -> Document:
    """Return the document of a product. Equal products have equal documents: what has no order is sorted."""
    options = [(name, values) for name, values in row.options if (name, tuple(values)) != catalog.DEFAULT_OPTION]
    made: Document = {
        "id": row.id.hex,
        "handle": row.handle,
        "status": row.status,
        "channels": sorted(each.hex for each in row.channel_ids),
        "collections": sorted(each.hex for each in row.collection_ids),
        "title": row.title,
        "vendor": row.vendor,
        "product_type": row.product_type,
        "tags": row.tags,
        "options_text": " ".join(word for name, values in options for word in (name, *values)),
        "description": row.description,
        "skus": [each.sku for each in row.variants if each.sku],
        "barcodes": [each.barcode for each in row.variants if each.barcode],
        "available": row.available,
        "sales": row.sales,
        "created_at": int(row.created_at.astimezone(UTC).timestamp() * 1000),
        "updated_at": int(row.updated_at.astimezone(UTC).timestamp() * 1000),
        "price": {each.hex: {"min": least, "max": most} for each, (least, most) in sorted(row.prices.items())},
        "variants": [
            {
                "available": each.available,
                "options": [f"{name}{SEPARATOR}{value}" for name, value in each.options],
                "metafields": sorted(each.metafields),
            }
            for each in row.variants
        ],
        "metafields": sorted(row.metafields),
    }
    made["digest"] = blake2b(
        orjson.dumps(made), digest_size=DIGEST_BYTES, salt=INDEX_VERSION.to_bytes(2, "big")
    ).hexdigest()
    return made
