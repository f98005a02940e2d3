"""Facets: what each counts, held against counting in Python over shops of chance, and how the graph shows them."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, true

from commerce_graph.catalog.loaders.facets import facet_counts
from commerce_graph.catalog.rules.facets import Counts
from commerce_graph.catalog.rules.metafields import term
from commerce_graph.catalog.service import Filters, PriceMarket
from commerce_graph.catalog.tables import (
    collection,
    collection_product,
    metafield,
    metafield_definition,
    product,
    product_price,
    variant,
)
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.database import Database
from tests.shop import uid

EURO = PriceMarket(uid("eu"), "EUR")
OPTIONS = {"Size": ("S", "M", "L"), "Color": ("Red", "Blue"), "Größe": ("S", "s")}
FIELDS = {"PRODUCT": {"stuff": ("Wool", "Linen", "Oak"), "care": ("30", "60")}, "PRODUCTVARIANT": {"fit": ("a", "b")}}


@dataclass
class Version:
    """A variant of chance."""

    available: bool
    options: dict[str, str]
    metafields: dict[tuple[str, str], list[str]]
    id: UUID = field(default_factory=new_id)


@dataclass
class Thing:
    """A product of chance."""

    vendor: str
    product_type: str
    tags: list[str]
    price: tuple[int, int] | None
    versions: list[Version]
    metafields: dict[tuple[str, str], list[str]]
    collections: set[int]
    id: UUID = field(default_factory=new_id)


def things(dice: random.Random, many: int) -> list[Thing]:
    """Return products in which everything occurs, and everything is missing somewhere."""

    def fields(owner: str) -> dict[tuple[str, str], list[str]]:
        chosen = {("custom", key): dice.sample(values, dice.randint(0, len(values)))
                  for key, values in FIELDS[owner].items()}  # fmt: skip
        return {name: values for name, values in chosen.items() if values}

    made = []
    for _ in range(many):
        least = dice.randint(0, 50) * 100
        names = dice.sample(list(OPTIONS), dice.randint(0, len(OPTIONS)))
        combinations = {tuple(dice.choice(OPTIONS[name]) for name in names) for _ in range(dice.randint(0, 4))}
        versions = [
            Version(dice.random() < 0.6, dict(zip(names, each, strict=True)), fields("PRODUCTVARIANT"))
            for each in sorted(combinations)
        ]
        made.append(Thing(
            vendor=dice.choice(("", "Nord", "nord", "Süd")),
            product_type=dice.choice(("Shirt", "Lamp")),
            tags=dice.sample(("new", "sale", "eco"), dice.randint(0, 3)),
            price=(least, least + dice.choice((0, 900))) if dice.random() < 0.8 else None,
            versions=versions,
            metafields=fields("PRODUCT"),
            collections={each for each in (0, 1) if dice.random() < 0.5},
        ))  # fmt: skip
    return made


async def stored(database: Database, made: Sequence[Thing]) -> None:
    """Write the products, in two collections, with definitions of which one may not be filtered by."""
    async with database.begin() as tx:
        await tx.execute(product.delete())
        await tx.execute(collection.delete())
        for number in (0, 1):
            await tx.execute(insert(collection).values(id=uid(f"c{number}"), handle=f"c{number}", title="C"))
        for owner, keys in FIELDS.items():
            for key in keys:
                row = {"id": new_id(), "owner_type": owner, "namespace": "custom", "key": key, "name": key.title()}
                told = {"type": "list.single_line_text_field", "public_read": key != "care", "admin_filterable": True}
                await tx.execute(insert(metafield_definition).values(**row, **told))
        for number, each in enumerate(made):
            sold = any(version.available for version in each.versions)
            row = {"id": each.id, "handle": f"t-{number}", "title": "Thing", "vendor": each.vendor, "tags": each.tags}
            await tx.execute(insert(product).values(**row, product_type=each.product_type, available=sold))
            for place, version in enumerate(each.versions, 1):
                chosen = [{"name": name, "value": value} for name, value in version.options.items()]
                row = {"id": version.id, "product_id": each.id, "title": "V", "position": place}
                await tx.execute(insert(variant).values(**row, selected_options=chosen, available=version.available))
            owners = [(None, each.metafields), *((version.id, version.metafields) for version in each.versions)]
            for variant_id, fields in owners:
                for (namespace, key), values in fields.items():
                    row = {"id": new_id(), "product_id": each.id, "variant_id": variant_id, "namespace": namespace}
                    told = {"type": "list.single_line_text_field", "value": "[]", "key": key}
                    terms = [term(namespace, key, value) for value in values]
                    await tx.execute(insert(metafield).values(**row, **told, terms=terms))
            if each.price:
                row = {"product_id": each.id, "market_id": EURO.id, "min_minor": each.price[0]}
                await tx.execute(insert(product_price).values(**row, max_minor=each.price[1]))
            for held in each.collections:
                await tx.execute(insert(collection_product).values(collection_id=uid(f"c{held}"), product_id=each.id))


# -- The same in Python, as slow and as plain as can be ----------------------------------------------------------------


def grouped(filters: Iterable[tuple[Any, ...]]) -> dict[Any, set[str]]:
    found: dict[Any, set[str]] = defaultdict(set)
    for *name, value in filters:
        found[tuple(name)].add(value)
    return found


def holds(each: Thing, filters: Filters) -> bool:
    """Tell whether a product is in a list that is filtered so."""
    allowed = {key for owner in FIELDS for key in FIELDS[owner]} - {"care"}
    if filters.vendors and each.vendor not in filters.vendors:
        return False
    if filters.product_types and each.product_type not in filters.product_types:
        return False
    if filters.tags and not set(each.tags) & set(filters.tags):
        return False
    if filters.prices and not any(
        each.price and each.price[0] <= (most or 1e9) * 100 and each.price[1] >= (least or 0) * 100
        for least, most in filters.prices
    ):
        return False
    for name, values in grouped(filters.product_metafields).items():
        if name[1] not in allowed or not values & set(each.metafields.get(name, ())):
            return False
    options, fields = grouped(filters.options), grouped(filters.variant_metafields)
    if not options and not fields:
        sold = bool(each.price) and any(version.available for version in each.versions)
        return len(filters.available) != 1 or sold in filters.available
    return any(
        all(version.options.get(name) in values for (name,), values in options.items())
        and all(values & set(version.metafields.get(name, ())) for name, values in fields.items())
        and (len(filters.available) != 1 or (bool(each.price) and version.available) in filters.available)
        for version in each.versions
    )


def naively(made: Sequence[Thing], filters: Filters) -> Counts:
    """Count each value of each facet by listing what the filters leave with it as the facet's only one."""

    def left(**changed: Any) -> list[Thing]:
        return [each for each in made if holds(each, replace(filters, **changed))]

    def counted(values: Iterable[Any], chosen: Callable[[Any], dict[str, Any]]) -> list[tuple[Any, int]]:
        found = [(value, len(left(**chosen(value)))) for value in values]
        return sorted((pair for pair in found if pair[1]), key=lambda pair: (-pair[1], str(pair[0])))

    def others(given: Sequence[tuple[str, ...]], *name: str) -> tuple[tuple[str, ...], ...]:
        return tuple(each for each in given if each[:-1] != name)

    priced = [each.price for each in left(prices=()) if each.price]
    options = {
        name: counted(values, lambda v, n=name: {"options": (*others(filters.options, n), (n, v))})
        for name, values in OPTIONS.items()
    }
    fields: dict[Any, Any] = {}
    for owner, which in (("PRODUCT", "product_metafields"), ("PRODUCTVARIANT", "variant_metafields")):
        for key, values in FIELDS[owner].items():
            at, given = ("custom", key), getattr(filters, which)
            fields[owner, *at] = counted(values, lambda v, a=at, g=given, w=which: {w: (*others(g, *a), (*a, v))})
    return Counts(
        available=dict(counted((True, False), lambda v: {"available": frozenset({v})})),
        price=(min(p[0] for p in priced), max(p[1] for p in priced)) if priced else None,
        priced=len(priced),
        vendors=counted(("Nord", "nord", "Süd"), lambda v: {"vendors": (v,)}),
        product_types=counted(("Shirt", "Lamp"), lambda v: {"product_types": (v,)}),
        tags=counted(("new", "sale", "eco"), lambda v: {"tags": (v,)}),
        options={name: values for name, values in options.items() if values},
        metafields={name: values for name, values in fields.items() if values},
    )


def chance_filters(dice: random.Random) -> Filters:
    def some(*values: Any) -> tuple[Any, ...]:
        return tuple(dice.sample(values, dice.randint(1, len(values)))) if dice.random() < 0.3 else ()

    return Filters(
        available=frozenset(some(True, False)),
        prices=some((None, 20.0), (10.0, 30.0), (45.0, None)),
        product_types=some("Shirt", "Lamp"),
        vendors=some("Nord", "Süd", "None"),
        tags=some("new", "sale"),
        options=some(("Size", "S"), ("Size", "M"), ("Color", "Red"), ("None", "x")),
        product_metafields=some(("custom", "stuff", "Wool"), ("custom", "stuff", "Oak"))
        if dice.random() < 0.9
        else (("custom", "care", "30"),),
        variant_metafields=some(("custom", "fit", "a"), ("custom", "fit", "b")),
    )


@pytest.mark.parametrize("seed", range(4))
async def test_each_facet_counts_what_its_value_would_leave(database: Database, seed: int) -> None:
    dice = random.Random(seed)
    made = things(dice, 60)
    await stored(database, made)
    seen: Counter[str] = Counter()
    for turn in range(25):
        filters = Filters() if turn == 0 else chance_filters(dice)
        async with database.read() as conn:
            found = await facet_counts(conn, [true()] * 3, filters, EURO, [None, uid("c0"), uid("c1")])
        for counts, members in zip(
            found, (made, *([m for m in made if n in m.collections] for n in (0, 1))), strict=True
        ):
            assert counts == naively(members, filters), filters
            seen.update(name for name in ("options", "metafields", "price", "tags") if getattr(counts, name))
    assert all(seen[name] > 10 for name in ("options", "metafields", "price", "tags")), "chance left nothing to count"
