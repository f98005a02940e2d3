"""What the contract is tried on: some fifty products beside the test shop's, each there for a promise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product as combined
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog import tables as catalog
from commerce_graph.catalog.rules.metafields import term
from commerce_graph.kernel.ids import parse_gid
from commerce_graph.pricing import tables as pricing
from tests.shop import Shop, gid, uid

SET = """
mutation Set($input: ProductSetInput!) {
  productSet(input: $input) { product { id } userErrors { field message } }
}
"""


@dataclass(frozen=True)
class Good:
    """A product. `stock`: by variant, in the order of the options' values. `prices`: EUR, USD, JPY; None has none."""

    handle: str
    title: str
    kind: str = "Thing"
    vendor: str = "Nobody"
    tags: Sequence[str] = ()
    text: str = ""
    options: Mapping[str, Sequence[str]] = field(default_factory=dict)
    codes: Sequence[tuple[str, str]] = ()  # SKU and barcode, by variant
    stock: Sequence[int] = (9,)
    prices: tuple[str, str | None, str | None] = ("30.00", "33.00", "4800")
    dearer: int = 0  # how much each further variant costs more, in whole euros
    sales: int = 0
    status: str = "ACTIVE"
    channels: Sequence[str] = ("online",)


GOODS: tuple[Good, ...] = (
    Good("kettle", "Copper Kettle", "Kitchenware", "Emberly", ("stovetop", "tea time"),
         "It whistles after four minutes.", codes=[("KTL-2040-CU", "4006381333931")],
         prices=("89.00", "99.00", "14000"), sales=10),
    Good("kettle-steel", "Steel Kettle", "Kitchenware", "Emberly", ("stovetop",), "It hums. Made of brushed steel.",
         codes=[("KTL-2041-ST", "4006381333948")], prices=("59.00", "65.00", "9500"), sales=400),
    Good("kettle-gone", "Tin Kettle", "Kitchenware", "Potter", ("stovetop",), "Thin and light.", stock=(0,),
         prices=("19.00", "21.00", "3000"), sales=20),
    Good("kettle-draft", "Secret Kettle", "Kitchenware", "Emberly", ("stovetop",), status="DRAFT"),
    Good("kettle-old", "Retired Kettle", "Kitchenware", "Emberly", ("stovetop",), status="ARCHIVED"),
    Good("kettle-counter", "Counter Kettle", "Kitchenware", "Emberly", ("stovetop",), channels=("counter",)),
    Good("kettle-both", "Travel Kettle", "Kitchenware", "Potter", ("stovetop", "travel"),
         channels=("online", "counter"), prices=("39.00", "43.00", None)),
    Good("shoes-walking", "Walking Shoes", "Footwear", "Trailhead", ("outdoor",), "Soles that can be replaced.",
         {"Color": ("Crimson", "Navy"), "Size": ("41", "42")}, stock=(3, 0, 0, 0), dearer=5,
         prices=("120.00", "130.00", "19000"), codes=[("WLK-CR-41", ""), ("WLK-CR-42", ""), ("WLK-NA-41", ""),
                                                      ("WLK-NA-42", "")]),
    Good("shoe-running", "Running Shoe", "Footwear", "Trailhead", ("outdoor", "sport"), "Light on tarmac.",
         {"Color": ("Navy", "Lime"), "Size": ("42", "43")}, stock=(5, 5, 0, 5), prices=("99.90", "109.90", "16000")),
    Good("sandal", "Beach Sandal", "Footwear", "Potter", ("summer",), "For sand.",
         {"Color": ("Lime",), "Size": ("43",)}, stock=(2,), prices=("25.00", None, None)),
    Good("case", "Case for XR-500i", "Accessory", "Potter", (), "Fits the XR-500i alone.",
         codes=[("XR500I-CASE-BLK", "")], prices=("15.00", "16.00", "2400")),
    Good("cafe", "Café Crème Set", "Tableware", "Müller & Söhne", ("gift",), "Six cups for mornings in Zürich.",
         prices=("45.00", "49.00", "7000")),
    Good("houses", "Bunte Häuser", "Wall", "Müller & Söhne", (), "Gemalt auf Wanderungen in den Bergen."),
    Good("horses", "Chevaux sauvages", "Wall", "Atelier", (), "Une aquarelle des montagnes de l'Auvergne."),
    Good("roads", "Mapas antiguos", "Wall", "Atelier", (), "Los caminos de las montañas."),
    Good("hearts", "Quadro de corações", "Wall", "Atelier", (), "Pintado nas cidades do norte."),
    Good("tables", "Tavoli dipinti", "Wall", "Atelier", (), "Una stampa dell'officina."),
    Good("books", "Boeken en bloemen", "Wall", "Atelier", (), "Een stilleven."),
    Good("jackets", "Kurtki z portretu", "Wall", "Atelier", (), "Malowane w zimie."),
    Good("iron", "南部鉄器の急須", "Wall", "Iwate", (), "手作りの鉄瓶です。"),
    Good("sofa", "Velvet Sofa", "Furniture", "Hearth", (), "Seats three.", prices=("900.00", "990.00", "140000")),
    Good("couch", "Corner Couch", "Furniture", "Hearth", (), "Seats five.", prices=("1400.00", "1540.00", "220000")),
    Good("settee", "Love Seat", "Furniture", "Hearth", (), "A small place for two.",
         prices=("700.00", "770.00", "99000")),
    Good("ice", "Ice Cream Maker", "Kitchenware", "Potter", (), "Churns by hand."),
    Good("pitcher", "Clay Pitcher", "Kitchenware", "Potter", (), "For lemonade."),
    Good("cream", "Cream Jug", "Kitchenware", "Potter", (), "Keep it on ice, or not."),
    Good("oil", "Linseed Oil", "Care", "Hearth", (), "Not for the velvet sofa, but for its wooden feet."),
    *(
        Good(f"tile-{number:02}", f"Marble Tile {number:02}", "Tile", ("Quarry", "Potter", "Hearth")[number % 3],
             ("stone", *(("odd",) if number % 2 else ())), "Cut from one block.",
             {"Finish": ("Matt", "Gloss") if number % 4 else ("Matt",)},
             stock=(number % 5, number % 3) if number % 4 else (number % 5,),
             prices=(f"{10 + number % 6}.00", f"{12 + number % 6}.00" if number % 7 else None,
                     f"{(15 + number % 4) * 100}"),
             sales=number)
        for number in range(24)
    ),
)  # fmt: skip


async def stock(shop: Shop) -> dict[UUID, str]:
    """Write the goods as a merchant would, and return the handles of all products by their ids."""
    async with shop.database.begin() as tx:
        await tx.execute(insert(catalog.channel).values(id=uid("counter"), handle="counter", name="Counter"))
        # The shop speaks what the goods are written in.
        rows = [{"market_id": uid("eu"), "language": language} for language in ("ES", "IT", "NL", "PL", "PT")]
        await tx.execute(insert(pricing.market_language), rows)
    found = {uid(name): name for name in ("shirt", "mug", "lamp", "print", "guide", "chair")}
    for good in GOODS:
        told = (await shop.data(SET, {"input": _input(good)}, "merchant"))["productSet"]
        assert told["userErrors"] == [], told
        _, id, _ = parse_gid(told["product"]["id"])
        found[id] = good.handle
    ids = {handle: id for id, handle in found.items()}
    async with shop.database.begin() as tx:
        for good in GOODS:
            at = catalog.publication
            hidden = [uid(name) for name in ("online", "counter") if name not in good.channels]
            await tx.execute(delete(at).where(at.c.product_id == ids[good.handle], at.c.channel_id.in_(hidden)))
            await tx.execute(
                update(catalog.product).where(catalog.product.c.id == ids[good.handle]).values(sales=good.sales)
            )
        for position, handle in enumerate(("kettle", "kettle-steel", "kettle-gone", "cafe", "tile-03", "tile-04"), 1):
            row = {"collection_id": uid("summer"), "product_id": ids[handle], "position": position + 2}
            await tx.execute(insert(catalog.collection_product).values(**row))
        await _metafields(tx, ids)
    return found


MATERIALS = {"kettle": ("copper",), "kettle-steel": ("steel",), "kettle-gone": ("tin", "steel"), "sofa": ("oak",)}
FITS = {("shoes-walking", 1): "wide", ("shoes-walking", 3): "narrow", ("shoe-running", 1): "wide"}


async def _metafields(tx: AsyncConnection, ids: Mapping[str, UUID]) -> None:
    for owner, key, kind, public in (
        ("PRODUCT", "material", "list.single_line_text_field", True),
        ("PRODUCT", "secret", "single_line_text_field", False),
        ("PRODUCTVARIANT", "fit", "single_line_text_field", True),
    ):
        row = {"id": uid(f"definition-{key}"), "owner_type": owner, "namespace": "custom", "key": key, "type": kind}
        flags = {"name": key.title(), "public_read": public, "admin_filterable": True}
        await tx.execute(insert(catalog.metafield_definition).values(**row, **flags))
    at = catalog.variant.c
    found = (await tx.execute(select(at.id, at.product_id, at.position))).all()
    variants = {(row.product_id, row.position): row.id for row in found}
    rows = [(handle, None, "material", values) for handle, values in MATERIALS.items()]
    rows += [("kettle", None, "secret", ("hidden",))]
    rows += [(handle, variants[ids[handle], number], "fit", (value,)) for (handle, number), value in FITS.items()]
    for handle, variant_id, key, values in rows:
        kind = "list.single_line_text_field" if key == "material" else "single_line_text_field"
        row = {"id": uid(f"{key}-{handle}-{variant_id}"), "product_id": ids[handle], "variant_id": variant_id}
        stored = orjson.dumps(values).decode() if key == "material" else values[0]
        terms = [term("custom", key, value) for value in values]
        named = {"namespace": "custom", "key": key, "type": kind, "value": stored, "terms": terms}
        await tx.execute(insert(catalog.metafield).values(**row, **named))


def _input(good: Good) -> dict[str, Any]:
    made: dict[str, Any] = {
        "title": good.title, "handle": good.handle, "productType": good.kind, "vendor": good.vendor,
        "tags": list(good.tags), "descriptionHtml": f"<p>{good.text}</p>", "status": good.status,
        "productOptions": [
            {"name": name, "values": [{"name": value} for value in values]} for name, values in good.options.items()
        ],
    }  # fmt: skip
    if not good.options:
        del made["productOptions"]
    choices = list(combined(*good.options.values()))
    assert len(choices) == len(good.stock), good.handle
    made["variants"] = [_variant(good, number, values) for number, values in enumerate(choices)]
    return made


def _variant(good: Good, number: int, values: Sequence[str]) -> dict[str, Any]:
    sku, barcode = good.codes[number] if good.codes else (f"{good.handle}-{number}".upper(), "")
    prices = [
        {"country": country, "price": {"amount": amount, "currencyCode": currency}}
        for country, currency, amount in zip(("US", "JP"), ("USD", "JPY"), good.prices[1:], strict=True)
        if amount is not None
    ]
    made: dict[str, Any] = {
        "sku": sku, "price": f"{float(good.prices[0]) + good.dearer * number:.2f}", "contextualPrices": prices,
        "inventoryItem": {"tracked": True},
        "inventoryQuantities": [
            {"locationId": gid("Location", "berlin"), "name": "available", "quantity": good.stock[number]}
        ],
    }  # fmt: skip
    if barcode:
        made["barcode"] = barcode
    if values:
        made["optionValues"] = [
            {"optionName": name, "name": value} for name, value in zip(good.options, values, strict=True)
        ]
    return made
