"""The facets of lists of products, counted in one statement however many lists and facets there are.

The products of the lists are read once, each with the filter that it fails if it fails one alone: a facet counts those
that fail none and, as it leaves its own filter out of account, those that fail that one. The same goes for the variants
of products, which facets of options and of variants' metafields are about.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    Integer,
    Select,
    TableValuedAlias,
    Text,
    and_,
    case,
    cast,
    column,
    func,
    literal,
    null,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog.loaders.filters import Filters, PriceMarket, conditions
from commerce_graph.catalog.rules.facets import Counts
from commerce_graph.catalog.rules.metafields import SEPARATOR
from commerce_graph.catalog.tables import (
    collection_product,
    metafield,
    metafield_definition,
    product,
    product_price,
    variant,
)
from commerce_graph.kernel.limits import FACET_OPTIONS_MAX, FACET_VALUES_MAX


async def facet_counts(
    conn: AsyncConnection,
    where: Sequence[ColumnElement[bool]],
    filters: Filters,
    market: PriceMarket | None,
    collection_ids: Sequence[UUID | None],
) -> list[Counts]:
    """Count the facets of lists that are filtered alike.

    `where`: what holds for the products of each list besides the filters, said of `product`. `collection_ids`: whose
    products each list holds, None for the shop's. Without a market there is no price, and what can be bought is
    available.
    Shape: n conditions and n collections → n counts in input order; 1 statement, which reads each product of the lists.
    Limits: FACET_VALUES_MAX, FACET_OPTIONS_MAX.
    """
    if not where:
        return []
    rows = (await conn.execute(_Counting(filters, market).statement(where, collection_ids))).all()
    by_list: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        by_list[row.list].append(row)
    return [_counts(by_list[number]) for number in range(len(where))]


def _counts(rows: Iterable[Any]) -> Counts:
    """Return what was counted in one list."""
    by_facet: dict[str, dict[str, list[tuple[str, int]]]] = defaultdict(lambda: defaultdict(list))
    for row in sorted(rows, key=lambda row: (-row.products, row.value)):
        by_facet[row.facet][row.name].append((row.value, row.products))
    found = {facet: names[""] for facet, names in by_facet.items() if "" in names}
    prices = by_facet["price"].items()
    return Counts(
        available={value == "true": products for value, products in found.get("available", ())},
        price=next(((int(least), int(most)) for least, ((most, _),) in prices), None),
        priced=next((products for _, ((_, products),) in prices), 0),
        vendors=found.get("vendor", []),
        product_types=found.get("product_type", []),
        tags=found.get("tag", []),
        options=_options(by_facet["option"]),
        metafields={
            (owner, *_split(name)): values
            for owner in ("PRODUCT", "PRODUCTVARIANT")
            for name, values in sorted(by_facet[owner].items())
        },
    )


def _split(name: str) -> tuple[str, str]:
    namespace, _, key = name.partition(".")
    return namespace, key


def _options(found: Mapping[str, list[tuple[str, int]]]) -> dict[str, list[tuple[str, int]]]:
    """Return the options that most products have a value of, as their most frequent value tells."""
    ordered = sorted(found, key=lambda name: (-found[name][0][1], name))
    return {name: found[name] for name in ordered[:FACET_OPTIONS_MAX]}


class _Counting:
    """The parts of the statement, for one set of filters."""

    def __init__(self, filters: Filters, market: PriceMarket | None) -> None:
        asked = conditions(filters, market)
        self._market = market
        self._filters = filters
        self._of_product = asked.of_product
        self._of_variant = asked.of_variant
        self._places = {name: place for place, name in enumerate(self._of_product, 1)}
        # An option that is chosen besides must fit a variant that is as available as asked.
        more = ("available",) if len(filters.available) == 1 else ()
        self._variant_places = {name: place for place, name in enumerate(dict.fromkeys([*self._of_variant, *more]), 1)}

    def statement(self, where: Sequence[ColumnElement[bool]], collection_ids: Sequence[UUID | None]) -> Select[Any]:
        """Return the statement: list, facet, name, value and number of products."""
        listed = self._listed(where, collection_ids)
        goods = self._goods(listed)
        counted = union_all(
            self._named(listed, "vendor", listed.c.vendor),
            self._named(listed, "product_type", listed.c.product_type),
            self._tags(listed),
            self._metafields(listed),
            *([self._prices(listed)] if self._market else ()),
            self._available(listed, goods),
            self._options(goods),
            self._variant_metafields(goods),
        ).subquery("counted")
        at = counted.c
        within = (at.list, at.facet, at.name)
        place = func.row_number().over(partition_by=within, order_by=(at.products.desc(), at.value.collate("C")))
        most = func.max(at.products).over(partition_by=within)
        placed = select(*at, place.label("place"), most.label("most")).subquery("placed")
        at = placed.c
        rank = func.dense_rank().over(partition_by=(at.list, at.facet), order_by=(at.most.desc(), at.name.collate("C")))
        ranked = select(*at, rank.label("rank")).where(at.place <= FACET_VALUES_MAX).subquery("ranked")
        at = ranked.c
        kept = (at.facet != "option") | (at.rank <= FACET_OPTIONS_MAX)
        return select(at.list, at.facet, at.name, at.value, at.products).where(kept)

    def _listed(self, where: Sequence[ColumnElement[bool]], collection_ids: Sequence[UUID | None]) -> CTE:
        """Return the products of the lists, those that fail one filter at most.

        `fits`: whether one of its variants meets all that is asked of a variant.
        """
        numbered = enumerate(zip(where, collection_ids, strict=True))
        asked = union_all(*(self._asked(number, *each) for number, each in numbered)).cte("asked")
        return _failing_one(asked, "listed") if self._of_product else asked

    def _asked(self, number: int, where: ColumnElement[bool], collection_id: UUID | None) -> Select[Any]:
        at = product_price.c
        priced: Sequence[ColumnElement[Any]] = (true(), null(), null())
        if self._market is not None:
            priced = (at.min_minor.is_not(None), at.min_minor, at.max_minor)
        fitting = select(variant.c.id).where(variant.c.product_id == product.c.id, *self._of_variant.values())
        fits = fitting.correlate(product).exists() if self._of_variant else true()
        columns = (product.c.id, product.c.vendor, product.c.product_type, product.c.tags, product.c.available)
        names = ("priced", "min_minor", "max_minor", "fits")
        joined = (
            select(
                literal(number, Integer).label("list"),
                *columns,
                *(each.label(name) for name, each in zip(names, (*priced, fits), strict=True)),
                _failing(self._of_product.values()),
            )
            .select_from(product)
            .where(where)
        )
        if self._market is not None:
            joined = joined.outerjoin(
                product_price, (at.product_id == product.c.id) & (at.market_id == self._market.id)
            )
        if collection_id is None:
            return joined
        held = collection_product.c
        return joined.join(collection_product, held.product_id == product.c.id).where(
            held.collection_id == collection_id
        )

    def _goods(self, listed: CTE) -> CTE:
        """Return the variants of the lists' products, those that fail one filter at most."""
        sold = and_(variant.c.available, listed.c.priced)
        asked = dict(self._of_variant)
        if "available" in self._variant_places:
            (wanted,) = self._filters.available
            asked["available"] = sold if wanted else ~sold
        goods = (
            select(
                listed.c.list,
                variant.c.product_id,
                variant.c.id,
                variant.c.selected_options,
                sold.label("sold"),
                _failing(asked[name] for name in self._variant_places),
            )
            .join(variant, variant.c.product_id == listed.c.id)
            .where(_fails_only(listed, self._places.get("available", 0)))
            .cte("offered")
        )
        # Without a condition, each facet had better join on its own than read what was set down for both.
        return _failing_one(goods, "goods") if asked else goods.prefix_with("NOT MATERIALIZED")

    def _kept(self, listed: CTE, place: ColumnElement[int] | int) -> ColumnElement[bool]:
        """Return which products a facet of products counts. `place`: that of its own filter."""
        return and_(_fails_only(listed, place), listed.c.fits)

    def _named(self, listed: CTE, facet: str, name: ColumnElement[str]) -> Select[Any]:
        kept = self._kept(listed, self._places.get(facet, 0))
        return _row(listed.c.list, facet, name).where(kept, name != "").group_by(listed.c.list, name)

    def _tags(self, listed: CTE) -> Select[Any]:
        tag = func.unnest(listed.c.tags).table_valued(column("tag", Text), name="tags").render_derived()
        counted = _row(listed.c.list, "tag", tag.c.tag).select_from(listed).join(tag, true())
        return counted.where(self._kept(listed, self._places.get("tag", 0))).group_by(listed.c.list, tag.c.tag)

    def _prices(self, listed: CTE) -> Select[Any]:
        """Tell the least price as the name and the most as the value."""
        least, most = (cast(each, Text) for each in (func.min(listed.c.min_minor), func.max(listed.c.max_minor)))
        kept = self._kept(listed, self._places.get("price", 0))
        return _row(listed.c.list, "price", most, least).where(kept, listed.c.priced).group_by(listed.c.list)

    def _available(self, listed: CTE, goods: CTE) -> Select[Any]:
        if not self._of_variant:
            sold = and_(listed.c.available, listed.c.priced)
            kept = self._kept(listed, self._places.get("available", 0))
            return _row(listed.c.list, "available", cast(sold, Text)).where(kept).group_by(listed.c.list, sold)
        told = _row(goods.c.list, "available", cast(goods.c.sold, Text), many=func.count(goods.c.product_id.distinct()))
        kept = _fails_only(goods, self._variant_places.get("available", 0))
        return told.where(kept).group_by(goods.c.list, goods.c.sold)

    def _options(self, goods: CTE) -> Select[Any]:
        option = (
            func.jsonb_to_recordset(goods.c.selected_options)
            .table_valued(column("name", Text), column("value", Text), name="option")
            .render_derived(with_types=True)
        )
        places = {name[1]: place for name, place in self._variant_places.items() if name[0] == "option"}
        chosen = (
            select(goods.c.list, goods.c.product_id, option.c.name, option.c.value)
            .select_from(goods)
            .join(option, true())
            .where(_fails_only(goods, _place_of(option.c.name, places)))
            .distinct()
            .subquery("chosen")
        )
        at = chosen.c
        return _row(at.list, "option", at.value, at.name).group_by(at.list, at.name, at.value)

    def _metafields(self, listed: CTE) -> Select[Any]:
        at, owner, value = metafield.c, "PRODUCT", _terms()
        name = _name()
        kept = self._kept(listed, _place_of(name, _metafield_places(owner, self._places)))
        counted = (
            _row(listed.c.list, owner, func.split_part(value.c.term, SEPARATOR, 2), name)
            .select_from(listed)
            .join(metafield, (at.product_id == listed.c.id) & at.variant_id.is_(None))
            .join(metafield_definition, _defined(owner))
            .join(value, true())
        )
        return counted.where(kept, _any_defined(owner)).group_by(listed.c.list, at.namespace, at.key, value.c.term)

    def _variant_metafields(self, goods: CTE) -> Select[Any]:
        at, owner, value = metafield.c, "PRODUCTVARIANT", _terms()
        name = _name()
        chosen = (
            select(goods.c.list, goods.c.product_id, name.label("name"), value.c.term)
            .select_from(goods)
            .join(metafield, at.variant_id == goods.c.id)
            .join(metafield_definition, _defined(owner))
            .join(value, true())
            .where(
                _fails_only(goods, _place_of(name, _metafield_places(owner, self._variant_places))), _any_defined(owner)
            )
            .distinct()
            .subquery("chosen_metafields")
        )
        found = chosen.c
        counted = _row(found.list, owner, func.split_part(found.term, SEPARATOR, 2), found.name)
        return counted.group_by(found.list, found.name, found.term)


def _row(
    list_: ColumnElement[int], facet: str, value: ColumnElement[str], name: ColumnElement[str] | None = None,
    many: ColumnElement[int] | None = None,
) -> Select[Any]:  # fmt: skip
    """Select what is counted, in the columns of the whole statement."""
    columns: list[ColumnElement[Any]] = [
        list_.label("list"),
        literal(facet, Text).label("facet"),
        (literal("", Text) if name is None else name).label("name"),
        value.label("value"),
        (func.count() if many is None else many).label("products"),
    ]
    return select(*columns)


def _failing(asked: Iterable[ColumnElement[bool]]) -> ColumnElement[Any]:
    """Return the places of the conditions that do not hold, or, without any, that none fails."""
    all_ = list(asked)
    if not all_:
        return literal(0, Integer).label("failed")
    return func.array_positions(array(all_), False, type_=ARRAY(Integer)).label("failing")


def _failing_one(asked: CTE, name: str) -> CTE:
    """Return the rows that fail one condition at most: `failed` is its place, 0 for none."""
    at = asked.c.failing
    kept = [each for each in asked.c if each.name != "failing"]
    failed = func.coalesce(at[1], 0)
    return select(*kept, failed.label("failed")).where(func.cardinality(at) <= 1).cte(name)


def _fails_only(rows: CTE, place: ColumnElement[int] | int) -> ColumnElement[bool]:
    return rows.c.failed.in_((0, place))


def _place_of(name: ColumnElement[str], places: Mapping[str, int]) -> ColumnElement[int] | int:
    return case(places, value=name, else_=0) if places else 0


def _metafield_places(owner: str, places: Mapping[Hashable, int]) -> dict[str, int]:
    return {
        f"{name[1]}.{name[2]}": place for name, place in places.items() if isinstance(name, tuple) and name[0] == owner
    }


def _name() -> ColumnElement[str]:
    return metafield.c.namespace + literal(".", Text) + metafield.c.key


def _defined(owner: str) -> ColumnElement[bool]:
    """Return that a metafield's definition lets it be filtered by."""
    told, at = metafield_definition.c, metafield.c
    return and_(told.owner_type == owner, told.namespace == at.namespace, told.key == at.key, told.filterable)


def _any_defined(owner: str) -> ColumnElement[bool]:
    """Return whether there is a metafield to count at all: asked once, before anything is read for it."""
    told = metafield_definition.alias().c
    return select(told.id).where(told.owner_type == owner, told.filterable).correlate(None).exists()


def _terms() -> TableValuedAlias:
    return func.unnest(metafield.c.terms).table_valued(column("term", Text), name="terms").render_derived()
