"""The rows of the demo shop's settings, collections, products and customers, each with its table."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from uuid import UUID

from argon2 import Type
from argon2.low_level import hash_secret

from commerce_graph.catalog import tables as catalog
from commerce_graph.catalog.rules.metafields import DEFAULT_NAMESPACE, term
from commerce_graph.content import tables as content
from commerce_graph.customer import tables as customer
from commerce_graph.demo.catalogue import VARIANTS_PER_PRODUCT_KEYS, Product
from commerce_graph.demo.dice import OPENED, Kind, key
from commerce_graph.demo.goods import SHOP_DESCRIPTION, SHOP_EMAIL, SHOP_NAME
from commerce_graph.demo.history import Row, document
from commerce_graph.demo.materials import materials
from commerce_graph.demo.people import DEMO_PASSWORD, Customer
from commerce_graph.demo.prices import CURRENCIES
from commerce_graph.demo.shelves import SHELVES, memberships
from commerce_graph.demo.world import CHANNEL, CHANNEL_ID, LOCATIONS, MARKETS, TAXES, ZONES, rate_minor
from commerce_graph.demo.writings import ARTICLES, BLOG_HANDLE, BLOG_ID, BLOG_TITLE, BLOG_TOLD, PAGES, Writing
from commerce_graph.fulfilment import tables as fulfilment
from commerce_graph.inventory import tables as inventory
from commerce_graph.pricing import tables as pricing


def settings() -> Iterator[Row]:
    """Return what a shop is before it has goods: its name, markets, taxes, locations, rates and so on."""
    yield (
        pricing.shop,
        {"name": SHOP_NAME, "description": SHOP_DESCRIPTION, "email": SHOP_EMAIL, "weight_unit": "GRAMS"},
    )
    yield catalog.channel, dict(CHANNEL)
    for market in MARKETS:
        yield pricing.market, {
            "id": market.id, "handle": market.handle, "name": market.name, "currency": market.currency,
            "language": market.language, "is_primary": market.number == 0, "tax_included": market.tax_included,
        }  # fmt: skip
        for position, country in enumerate(market.countries):
            yield pricing.market_country, {"country": country, "market_id": market.id, "position": position}
        for language in market.languages:
            yield pricing.market_language, {"market_id": market.id, "language": language}
    for number, ((country, province), rate) in enumerate(TAXES.items()):
        yield pricing.tax_rate, {
            "id": key(Kind.TAX_RATE, number), "country": country, "province": province, "name": rate.title,
            "rate_bps": rate.rate_bps, "on_shipping": rate.on_shipping,
        }  # fmt: skip
    for location in LOCATIONS:
        address = {**location.address, "country_code": location.country}
        yield inventory.location, {
            "id": location.id, "name": location.name, "country": location.country, "address": document(address),
            "priority": location.number,
        }  # fmt: skip
    yield from _delivery()
    yield from _definitions()


def _delivery() -> Iterator[Row]:
    number = 0
    for zone in ZONES:
        yield fulfilment.zone, {"id": zone.id, "name": zone.name}
        for country in zone.countries:
            yield fulfilment.zone_country, {"country": country, "zone_id": zone.id}
        # A buyer of one market may have it sent into another's zone, so each zone is priced in every currency.
        for currency in CURRENCIES:
            for position, tariff in enumerate(zone.tariffs):
                number += 1
                yield fulfilment.rate, {
                    "id": key(Kind.RATE, number), "zone_id": zone.id, "handle": tariff.handle, "title": tariff.title,
                    "description": tariff.description, "currency": currency,
                    "amount_minor": rate_minor(tariff, currency), "from_g": tariff.from_g, "to_g": tariff.to_g,
                    "position": position,
                }  # fmt: skip


def collections() -> Iterator[Row]:
    """Return the collections."""
    for shelf in SHELVES:
        stored = shelf.stored_rules()
        yield catalog.collection, {
            "id": shelf.id, "handle": shelf.handle, "title": shelf.title,
            "description_html": f"<p>{shelf.text}</p>", "description": shelf.text, "image_url": shelf.picture,
            "image_alt": shelf.title, "seo_title": f"{shelf.title} – {SHOP_NAME}",  # noqa: RUF001
            "seo_description": shelf.text, "sort_order": shelf.order,
            "rule_set": None if stored is None else document(stored), "created_at": OPENED, "updated_at": OPENED,
        }  # fmt: skip
        yield catalog.collection_publication, {
            "channel_id": CHANNEL_ID, "collection_id": shelf.id, "published_at": OPENED,
        }  # fmt: skip


def writings() -> Iterator[Row]:
    """Return pages, and the blog with its articles."""
    for written in PAGES:
        yield content.page, {**_written(written), "body": written.html, "body_text": written.text}
    yield content.blog, {
        "id": BLOG_ID, "handle": BLOG_HANDLE, "title": BLOG_TITLE, "seo_title": f"{BLOG_TITLE} – {SHOP_NAME}",  # noqa: RUF001
        "seo_description": BLOG_TOLD, "created_at": OPENED, "updated_at": OPENED,
    }  # fmt: skip
    for written in ARTICLES:
        first = written.paragraphs[0]
        yield content.article, {
            **_written(written), "blog_id": BLOG_ID, "body": written.html, "body_text": written.text,
            "excerpt": f"<p>{first}</p>", "excerpt_text": first, "author_name": written.author,
            "tags": list(written.tags), "image_url": written.picture, "image_alt": written.title,
        }  # fmt: skip


def _written(written: Writing) -> dict[str, object]:
    return {
        "id": written.id, "handle": written.name, "title": written.title,
        "seo_title": f"{written.title} – {SHOP_NAME}", "seo_description": written.text[:155].rpartition(" ")[0],  # noqa: RUF001
        "published_at": written.published_at, "created_at": written.written_at, "updated_at": written.written_at,
    }  # fmt: skip


def _definitions() -> Iterator[Row]:
    """Return what the shop's metafields are: of what a product is made."""
    yield catalog.metafield_definition, {
        "id": key(Kind.METAFIELD_DEFINITION, 1), "owner_type": "PRODUCT", "namespace": DEFAULT_NAMESPACE,
        "key": "material", "name": "Material", "description": "What it is made of.",
        "type": "list.single_line_text_field", "public_read": True, "admin_filterable": True, "created_at": OPENED,
        "updated_at": OPENED,
    }  # fmt: skip


def _metafields(made: Product) -> Iterator[Row]:
    found = materials(made.words["stuff"])
    if found and not made.ware.digital:
        yield catalog.metafield, {
            "id": key(Kind.METAFIELD, made.number, made.created_at), "product_id": made.id,
            "namespace": DEFAULT_NAMESPACE, "key": "material", "type": "list.single_line_text_field",
            "value": document(list(found)), "terms": [term(DEFAULT_NAMESPACE, "material", each) for each in found],
            "created_at": made.created_at, "updated_at": made.created_at,
        }  # fmt: skip


def product(
    made: Product,
    hand_picked: Mapping[int, list[tuple[UUID, int]]],
    sales: int,
    committed: Mapping[tuple[UUID, UUID], int],
) -> Iterator[Row]:
    """Return a product with its pictures, variants, prices, stock, memberships and publication.

    `committed` is what open orders hold, by variant and location.
    """
    html, text = made.description
    at = made.created_at
    yield (
        catalog.product,
        {
            "id": made.id,
            "handle": made.handle,
            "title": made.title,
            "description_html": html,
            "description": text,
            "product_type": made.ware.kind,
            "vendor": made.vendor,
            "status": made.status,
            "tags": made.tags,
            "seo_title": f"{made.title} by {made.vendor}",
            "seo_description": text[:155].rpartition(" ")[0],
            "options": document(_options(made)),
            "available": any(made.available(variant) for variant in made.variants),
            "sales": sales,
            "created_at": at,
            "updated_at": at,
        },
    )
    for position, picture in enumerate(made.pictures, 1):
        yield catalog.media, {
            "id": picture.id, "product_id": made.id, "position": position, "url": picture.url, "alt": picture.alt,
            "width": 800, "height": 800,
        }  # fmt: skip
    yield from _variants(made, committed)
    yield from _metafields(made)
    for market in MARKETS:
        amounts = [variant.prices[market.number] for variant in made.variants]
        yield catalog.product_price, {
            "product_id": made.id, "market_id": market.id, "min_minor": min(amounts), "max_minor": max(amounts),
        }  # fmt: skip
    for collection_id, position in memberships(made, hand_picked):
        yield catalog.collection_product, {
            "collection_id": collection_id, "product_id": made.id, "position": position,
        }  # fmt: skip
    if made.published:
        yield catalog.publication, {"channel_id": CHANNEL_ID, "product_id": made.id, "published_at": at}


def _options(made: Product) -> list[dict[str, object]]:
    number = made.number * VARIANTS_PER_PRODUCT_KEYS
    told: list[dict[str, object]] = []
    for name, values in made.options:
        mine = str(key(Kind.OPTION, number, made.created_at))
        named = [
            {"id": str(key(Kind.OPTION, number + index, made.created_at)), "name": value}
            for index, value in enumerate(values, 1)
        ]
        told.append({"id": mine, "name": name, "values": named})
        number += len(values) + 1
    return told


def _variants(made: Product, committed: Mapping[tuple[UUID, UUID], int]) -> Iterator[Row]:
    at = made.created_at
    names = [name for name, _ in made.options]
    for variant in made.variants:
        yield catalog.variant, {
            "id": variant.id, "product_id": made.id, "title": variant.title, "position": variant.position,
            "sku": variant.sku, "barcode": variant.barcode, "weight_g": variant.weight_g,
            "requires_shipping": not made.ware.digital,
            "selected_options": document(
                [{"name": name, "value": value} for name, value in zip(names, variant.values, strict=True)]
            ),
            "media_id": made.pictures[variant.picture].id, "available": made.available(variant),
            "created_at": at, "updated_at": at,
        }  # fmt: skip
        yield inventory.item, {
            "id": variant.id, "product_id": made.id, "tracked": made.tracked, "oversell": made.oversell,
        }  # fmt: skip
        for location, left in zip(LOCATIONS, variant.left, strict=True):
            held = committed.get((variant.id, location.id), 0)
            # What is made to order is promised before it is there.
            here = {
                "item_id": variant.id, "location_id": location.id, "on_hand": left if made.oversell else left + held,
                "committed": held,
            }  # fmt: skip
            yield inventory.level, {**here, "oversell": made.oversell or not made.tracked, "updated_at": at}
            if any((left, held)):
                yield inventory.movement, {**here, "kind": "RECEIVE", "created_at": at}
        for market in MARKETS:
            yield pricing.price, {
                "market_id": market.id, "variant_id": variant.id, "product_id": made.id,
                "amount_minor": variant.prices[market.number],
                "compare_at_minor": variant.before and variant.before[market.number], "updated_at": at,
            }  # fmt: skip


def customers(people: Sequence[Customer]) -> Iterator[Row]:
    """Return the customers with their addresses."""
    for person in people:
        at: datetime = person.created_at
        yield customer.customer, {
            "id": person.id, "email": person.email, "password_hash": password_hash(), "first_name": person.first_name,
            "last_name": person.last_name, "phone": person.phone, "accepts_marketing": person.accepts_marketing,
            "default_address_id": person.addresses[0][0], "created_at": at, "updated_at": at,
        }  # fmt: skip
        for address_id, address in person.addresses:
            yield customer.address, {
                "id": address_id, "customer_id": person.id, **address.stored(), "created_at": at,
            }  # fmt: skip


@cache
def password_hash() -> str:
    """Return the hash of DEMO_PASSWORD, once for all customers.

    The salt is fixed, as the password is printed in the manual: the hash only has to be the same each time.
    """
    hashed = hash_secret(
        DEMO_PASSWORD.encode(), b"larkmoor demo", time_cost=3, memory_cost=65_536, parallelism=4, hash_len=32,
        type=Type.ID,
    )  # fmt: skip
    return hashed.decode()
