"""Relay's node: any entity by its id."""

from collections import defaultdict
from typing import Any
from uuid import UUID

import strawberry

from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.graph import EntityKey, Node, entities, field, object_type
from commerce_graph.kernel.ids import parse_gid
from commerce_graph.kernel.limits import NODES_IDS_MAX
from commerce_graph.keys import (
    ArticleKey,
    BlogKey,
    CartKey,
    CollectionKey,
    CustomerKey,
    DiscountAutomaticNodeKey,
    DiscountCodeNodeKey,
    InventoryItemKey,
    LocationKey,
    OrderKey,
    PageKey,
    ProductKey,
    ProductVariantKey,
)

KEYS: tuple[type[EntityKey], ...] = (
    ArticleKey, BlogKey, CartKey, CollectionKey, CustomerKey, DiscountAutomaticNodeKey, DiscountCodeNodeKey,
    InventoryItemKey, LocationKey, OrderKey, PageKey, ProductKey, ProductVariantKey,
)  # fmt: skip
_BY_KIND = {key.kind: key for key in KEYS}


async def _nodes(ctx: Context, gids: list[strawberry.ID]) -> list[Any]:
    """Return entities by id, those of one kind together; an id of a kind that is no entity has none."""
    found: dict[tuple[str, UUID], Any] = {}
    wanted: list[tuple[str, UUID]] = []
    by_kind: dict[str, list[UUID]] = defaultdict(list)
    for gid in gids:
        kind, _, _ = parse_gid(gid)
        uuid = ctx.key_of(gid, kind)
        wanted.append((kind, uuid))
        if kind in _BY_KIND:
            by_kind[kind].append(uuid)
    for kind, uuids in by_kind.items():
        for uuid, entity in zip(uuids, await entities(ctx, _BY_KIND[kind], uuids), strict=True):
            found[kind, uuid] = entity
    return [found.get(at) for at in wanted]


@object_type
class NodeQuery:
    """Any entity by its id. Who may see what of it is for its fields and its owner to say."""

    @field
    async def node(self, info: strawberry.Info, id: strawberry.ID) -> Node | None:
        """An object by its id; null where there is none, or none that the caller may see."""
        (found,) = await _nodes(info.context, [id])
        return found  # type: ignore[no-any-return]

    @field
    async def nodes(self, info: strawberry.Info, ids: list[strawberry.ID]) -> list[Node | None]:
        """Objects by their ids, in order; null where there is none, or none that the caller may see."""
        if len(ids) > NODES_IDS_MAX:
            raise RequestError("BAD_USER_INPUT", f"`ids` has {len(ids)} ids; the limit is {NODES_IDS_MAX}")
        return await _nodes(info.context, ids)
