"""What saving a product will change: found out under the product's lock, before anything is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog import rules
from commerce_graph.catalog.errors import (
    HANDLE_NOT_UNIQUE,
    INVALID_INPUT,
    PRODUCT_DOES_NOT_EXIST,
    PRODUCT_VARIANT_DOES_NOT_EXIST,
)
from commerce_graph.catalog.service.handles import asked_handle
from commerce_graph.catalog.service.locks import hold_handle, hold_products
from commerce_graph.catalog.service.membership import has_rules
from commerce_graph.catalog.service.rows import among
from commerce_graph.catalog.tables import PRODUCT_STATUSES, collection, media, product, variant
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.handles import free_handle
from commerce_graph.kernel.limits import DESCRIPTION_CHARS_MAX, MEDIA_PER_PRODUCT_MAX


class NewOption(NamedTuple):
    """An option to write; `id` None goes on from the stored option of that name."""

    name: str
    values: Sequence[str]
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class NewVariant:
    """A variant to write; `id` None makes a new one, or takes the one of the product with the same options.

    None leaves a field as it is, or at its default for a new one (nothing, shipped, taxed); "" empties a text.
    """

    selected_options: Sequence[tuple[str, str]] | None = None
    id: UUID | None = None
    sku: str | None = None
    barcode: str | None = None
    weight_g: int | None = None
    requires_shipping: bool | None = None
    taxable: bool | None = None
    media_url: str | None = None
    position: int | None = None


@dataclass(frozen=True, slots=True)
class NewMedia:
    """A picture to write."""

    url: str
    alt: str | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class NewProduct:
    """A product to write; None leaves a field as it is (or at its default for a new one)."""

    id: UUID | None = None
    handle: str | None = None
    title: str | None = None
    description_html: str | None = None
    product_type: str | None = None
    vendor: str | None = None
    status: str | None = None
    tags: Sequence[str] | None = None
    seo_title: str | None = None
    seo_description: str | None = None
    options: Sequence[NewOption | tuple[str, Sequence[str]]] | None = None
    variants: Sequence[NewVariant] | None = None  # the whole list: variants not named are removed
    media: Sequence[NewMedia] | None = None
    collection_ids: Sequence[UUID] | None = None  # of collections picked by hand
    published: bool | None = None  # in every sales channel
    must_be_new: bool = False  # a handle that another product has is refused, instead of meaning that product


@dataclass(frozen=True, slots=True)
class ProductPlan:
    """What will be written. Ids are settled, so that stock and prices of variants can be written around it."""

    id: UUID
    created: bool
    handle: str
    numbered: bool
    """The handle was made from the title and may get another number."""
    values: Mapping[str, Any]
    variants: Sequence[Mapping[str, Any]]
    moved: Sequence[UUID]
    """Variants that have other options from now on."""
    variant_ids: Sequence[UUID]
    new_variant_ids: frozenset[UUID]
    removed_variant_ids: Sequence[UUID]
    media: Sequence[Mapping[str, Any]] | None
    collection_ids: Sequence[UUID] | None
    published: bool | None


@dataclass(frozen=True, slots=True)
class _Stored:
    row: Row[Any] | None
    variants: Sequence[Row[Any]]
    media: Sequence[Row[Any]]


async def plan_product(tx: AsyncConnection, new: NewProduct, *, partial: bool = False) -> ProductPlan:
    """Check a product to be written and settle what will change. Writes nothing; 2 to 5 statements.

    `partial`: variants that are not named stay as they are.
    Locks: the product against other edits, before any row.
    Raises: Rejected, see `save_product`.
    """
    handle, row = await _find(tx, new)
    product_id = row.id if row else new_id()
    stored = _Stored(row, (), ()) if row is None else await _parts(tx, row)
    values = _values(new, created=row is None)
    assortment = rules.assort(
        None if new.options is None else [rules.Option(o[0], tuple(o[1]), *o[2:]) for o in new.options],
        [rules.Option(o["name"], tuple(v["name"] for v in o["values"]), UUID(o["id"])) for o in row.options]
        if row
        else (),
        {each.id: {pair["name"]: pair["value"] for pair in each.selected_options} for each in stored.variants},
        _wishes(new.variants, stored, partial=partial),
    )
    pictures = _media(new, product_id, stored.media)
    have = {each.id: each for each in stored.variants}
    rows = [] if have and new.variants is None else _variant_rows(new, assortment, product_id, stored, pictures)
    await _check_collections(tx, new.collection_ids)
    return ProductPlan(
        id=product_id,
        created=row is None,
        handle=handle,
        numbered=row is None and not new.handle,
        values={**values, "options": _options(assortment.options, row.options if row else ())},
        variants=rows,
        moved=[r["id"] for r in rows if r["id"] in have and have[r["id"]].selected_options != r["selected_options"]],
        variant_ids=[each["id"] for each in rows] or list(have),
        new_variant_ids=frozenset(each["id"] for each in rows if each["id"] not in have),
        removed_variant_ids=assortment.removed,
        media=pictures,
        collection_ids=new.collection_ids,
        published=True if row is None and new.published is None else new.published,
    )


async def _find(tx: AsyncConnection, new: NewProduct) -> tuple[str, Row[Any] | None]:
    """Lock and read the product that is meant; return the handle it will have."""
    wanted = None if new.handle is None else asked_handle(new.handle)
    if new.id is not None:
        await hold_products(tx, [new.id])
        row = (await tx.execute(select(product).where(product.c.id == new.id))).one_or_none()
        if row is None:
            raise Rejected(PRODUCT_DOES_NOT_EXIST, ["id"], "there is no such product")
        return wanted or row.handle, row
    if not wanted and not (new.title or "").strip():
        raise Rejected(INVALID_INPUT, ["title"], "a product needs a title")
    if not wanted:
        wanted = rules.handle_of(new.title or "", "product")
        await hold_handle(tx, wanted)
        return await free_handle(tx, product, wanted), None
    # Two who save one new handle at once: the second waits here, and then finds what the first has made.
    await hold_handle(tx, wanted)
    found = (await tx.execute(select(product.c.id).where(product.c.handle == wanted))).scalar_one_or_none()
    if found is None:
        return wanted, None
    if new.must_be_new:
        raise Rejected(HANDLE_NOT_UNIQUE, ["handle"], f"another product has the handle `{wanted}`")
    await hold_products(tx, [found])
    named = select(product).where(product.c.id == found, product.c.handle == wanted)
    return wanted, (await tx.execute(named)).one_or_none()


async def _parts(tx: AsyncConnection, row: Row[Any]) -> _Stored:
    variants = select(variant).where(variant.c.product_id == row.id).order_by(variant.c.position, variant.c.id)
    pictures = select(media).where(media.c.product_id == row.id).order_by(media.c.position, media.c.id)
    return _Stored(row, (await tx.execute(variants)).all(), (await tx.execute(pictures)).all())


def _values(new: NewProduct, *, created: bool) -> dict[str, Any]:
    """Return the product's own columns that change."""
    texts = {
        "title": (new.title, ["title"]),
        "product_type": (new.product_type, ["productType"]),
        "vendor": (new.vendor, ["vendor"]),
        "seo_title": (new.seo_title, ["seo", "title"]),
    }
    values: dict[str, Any] = {
        name: rules.checked(text, path) for name, (text, path) in texts.items() if text is not None
    }
    if values.get("title") == "" or (created and "title" not in values):
        raise Rejected(INVALID_INPUT, ["title"], "a product needs a title")
    if new.description_html is not None:
        html = rules.checked(new.description_html, ["descriptionHtml"], DESCRIPTION_CHARS_MAX)
        values |= {"description_html": html, "description": rules.text_of(html)}
    if new.seo_description is not None:
        values["seo_description"] = rules.checked(new.seo_description, ["seo", "description"], DESCRIPTION_CHARS_MAX)
    for name in ("seo_title", "seo_description"):
        if values.get(name) == "":
            values[name] = None
    if new.tags is not None:
        values["tags"] = rules.tidy_tags(new.tags)
    status = new.status or ("ACTIVE" if created else None)
    if status is not None:
        if status not in PRODUCT_STATUSES:
            raise Rejected(INVALID_INPUT, ["status"], f"the status is one of {', '.join(PRODUCT_STATUSES)}")
        values["status"] = status
    return values


def _wishes(variants: Sequence[NewVariant] | None, stored: _Stored, *, partial: bool) -> list[rules.Wish] | None:
    if variants is None:
        return None
    places = {each.id: each.position for each in stored.variants} if partial else {}
    wishes = []
    for index, each in enumerate(variants):
        if partial and each.id is None:
            raise Rejected(PRODUCT_VARIANT_DOES_NOT_EXIST, ["variants", str(index), "id"], "name the variant by its id")
        options = None if each.selected_options is None else tuple((n, v) for n, v in each.selected_options)
        wishes.append(rules.Wish(each.id, options, each.position or (each.id and places.pop(each.id, None)) or None))
    return [*wishes, *(rules.Wish(variant_id, None, position) for variant_id, position in places.items())]


def _options(options: Sequence[rules.Option], stored: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return options as they are stored; those that go on keep their ids, and their values' ids by name."""
    known = {UUID(option["id"]): {value["name"]: value["id"] for value in option["values"]} for option in stored}
    return [
        {
            "id": str(option.id or new_id()),
            "name": option.name,
            "values": [
                {"id": known.get(option.id, {}).get(name) or str(new_id()), "name": name}  # type: ignore[arg-type]
                for name in option.values
            ],
        }
        for option in options
    ]


def _variant_rows(
    new: NewProduct,
    assortment: rules.Assortment,
    product_id: UUID,
    stored: _Stored,
    pictures: Sequence[Mapping[str, Any]] | None,
) -> list[dict[str, Any]]:
    """Return the whole rows of the variants that are named, in the order of the input."""
    have: dict[UUID, Mapping[str, Any]] = {each.id: dict(each._mapping) for each in stored.variants}
    names = [option.name for option in assortment.options]
    known = pictures if pictures is not None else [dict(each._mapping) for each in stored.media]
    by_url = {picture["url"]: picture["id"] for picture in reversed(known)}
    kept = {picture["id"] for picture in known}
    wanted = new.variants or [NewVariant()] * len(assortment.variants)
    rows = []
    for index, (settled, given) in enumerate(zip(assortment.variants, wanted, strict=False)):
        old: Mapping[str, Any] = have.get(settled.id, {}) if settled.id else {}
        at = ["variants", str(index)]
        weight = given.weight_g if given.weight_g is not None else old.get("weight_g", 0)
        if not 0 <= weight < 2**31:
            raise Rejected(INVALID_INPUT, [*at, "inventoryItem", "measurement", "weight"], "is not a possible weight")
        picture = by_url.get(given.media_url.strip()) if given.media_url else old.get("media_id")
        rows.append({
            "id": settled.id or new_id(),
            "product_id": product_id,
            "title": " / ".join(settled.values),
            "position": settled.position,
            "sku": _text(given.sku, old.get("sku"), [*at, "sku"]),
            "barcode": _text(given.barcode, old.get("barcode"), [*at, "barcode"]),
            "weight_g": weight,
            "requires_shipping": _flag(given.requires_shipping, old.get("requires_shipping", True)),
            "taxable": _flag(given.taxable, old.get("taxable", True)),
            "selected_options": [{"name": n, "value": v} for n, v in zip(names, settled.values, strict=True)],
            "media_id": picture if picture in kept else None,
        })  # fmt: skip
    return rows


def _text(given: str | None, old: str | None, path: list[str]) -> str | None:
    return old if given is None else rules.checked(given, path) or None


def _flag(given: bool | None, old: bool) -> bool:
    return old if given is None else given


def _media(new: NewProduct, product_id: UUID, stored: Sequence[Row[Any]]) -> list[dict[str, Any]] | None:
    """Return the product's pictures to come, None where they stay; a picture keeps its id by its URL."""
    extra = dict.fromkeys(each.media_url.strip() for each in new.variants or () if each.media_url)
    old = [NewMedia(row.url, row.alt, row.width, row.height) for row in stored]
    given = list(old if new.media is None else new.media)
    given += [NewMedia(url) for url in extra if url not in {each.url.strip() for each in given}]
    if new.media is None and len(given) == len(old):
        return None
    if len(given) > MEDIA_PER_PRODUCT_MAX:
        raise Rejected(INVALID_INPUT, ["files"], f"there can be {MEDIA_PER_PRODUCT_MAX} files")
    known = {row.url: row for row in reversed(stored)}
    rows: dict[str, dict[str, Any]] = {}
    for index, each in enumerate(given):
        url = rules.checked_url(each.url, ["files", str(index), "originalSource"])
        alt = rules.checked(each.alt or "", ["files", str(index), "alt"], 512) or None
        before = known.get(url)
        rows.setdefault(url, {
            "id": before.id if before else new_id(),
            "product_id": product_id,
            "position": len(rows) + 1,
            "url": url,
            "alt": alt,
            "width": each.width or (before.width if before else None),
            "height": each.height or (before.height if before else None),
        })  # fmt: skip
    return list(rows.values())


async def _check_collections(tx: AsyncConnection, collection_ids: Sequence[UUID] | None) -> None:
    if not collection_ids:
        return
    known = select(collection.c.id).where(among(collection.c.id, collection_ids), ~has_rules())
    found = set((await tx.execute(known)).scalars())
    for index, collection_id in enumerate(collection_ids):
        if collection_id not in found:
            told = "there is no such collection that is picked by hand"
            raise Rejected(INVALID_INPUT, ["collections", str(index)], told)
