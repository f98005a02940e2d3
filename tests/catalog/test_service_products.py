"""Saving products: refusals first, then what is written, then many at once."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from commerce_graph.catalog import service
from commerce_graph.catalog.service import NewMedia, NewOption, NewProduct, NewVariant
from commerce_graph.catalog.tables import collection_product, media, product, publication, variant
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.database import Database, count_statements
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import MEDIA_PER_PRODUCT_MAX, TITLE_CHARS_MAX, VARIANTS_PER_PRODUCT_MAX
from commerce_graph.kernel.outbox import outbox
from tests.shop import uid

SHIRT = uid("shirt")


async def save(database: Database, **given: Any) -> service.SavedProduct:
    async with database.begin() as tx:
        return await service.save_product(tx, NewProduct(**given))


async def rows(database: Database, statement: Any) -> Sequence[Any]:
    async with database.read() as conn:
        return (await conn.execute(statement)).all()


async def row_of(database: Database, product_id: UUID) -> Any:
    (row,) = await rows(database, select(product).where(product.c.id == product_id))
    return row


async def variants_of(database: Database, product_id: UUID) -> Sequence[Any]:
    return await rows(database, select(variant).where(variant.c.product_id == product_id).order_by(variant.c.position))


def sizes(*names: str) -> list[NewVariant]:
    return [NewVariant(selected_options=[("Size", name)]) for name in names]


@pytest.mark.parametrize(
    ("given", "code", "path"),
    [
        ({"id": new_id(), "title": "X"}, "PRODUCT_DOES_NOT_EXIST", ["id"]),
        ({}, "INVALID_INPUT", ["title"]),
        ({"title": "  "}, "INVALID_INPUT", ["title"]),
        ({"handle": "new-thing"}, "INVALID_INPUT", ["title"]),
        ({"title": "X" * (TITLE_CHARS_MAX + 1)}, "INVALID_INPUT", ["title"]),
        ({"title": "a\x00b"}, "INVALID_INPUT", ["title"]),
        ({"title": "a\ud800b"}, "INVALID_INPUT", ["title"]),
        ({"title": "X", "handle": "茶碗"}, "INVALID_INPUT", ["handle"]),
        ({"title": "X", "status": "GONE"}, "INVALID_INPUT", ["status"]),
        ({"title": "X", "tags": [f"t{n}" for n in range(251)]}, "INVALID_INPUT", ["tags"]),
        ({"title": "X", "media": [NewMedia("javascript:alert(1)")]}, "INVALID_INPUT", ["files", "0", "originalSource"]),
        ({"title": "X", "media": [NewMedia(f"/{n}.png") for n in range(MEDIA_PER_PRODUCT_MAX + 1)]}, "INVALID_INPUT",
         ["files"]),
        ({"title": "X", "collection_ids": [uid("summer"), uid("lighting")]}, "INVALID_INPUT", ["collections", "1"]),
        ({"title": "X", "options": [("Size", ["S"]), ("size", ["M"])]}, "DUPLICATED_OPTION_NAME",
         ["productOptions", "1", "name"]),
        ({"title": "X", "options": [("Size", ["S", "S"])]}, "DUPLICATED_OPTION_VALUE",
         ["productOptions", "0", "values", "1"]),
        ({"title": "X", "options": [(f"O{n}", ["a"]) for n in range(4)]}, "INVALID_INPUT", ["productOptions"]),
        ({"title": "X", "options": [("Size", [])]}, "INVALID_INPUT", ["productOptions"]),
        ({"title": "X", "variants": []}, "INVALID_INPUT", ["variants"]),
        ({"title": "X", "options": [("Size", ["S"])], "variants": sizes(*(str(n) for n in range(2049)))},
         "VARIANTS_OVER_LIMIT", ["variants"]),
        ({"title": "X", "variants": [NewVariant(weight_g=-1)]},
         "INVALID_INPUT", ["variants", "0", "inventoryItem", "measurement", "weight"]),
        ({"title": "X", "options": [("Size", ["S"])], "variants": [NewVariant()]}, "INVALID_VARIANT",
         ["variants", "0", "optionValues"]),
        ({"title": "X", "options": [("Size", ["S"])], "variants": [NewVariant(selected_options=[("Colour", "Red")])]},
         "INVALID_VARIANT", ["variants", "0", "optionValues", "0", "optionName"]),
        ({"title": "X", "options": [("Size", ["S"])], "variants": sizes("S", "S")}, "VARIANT_ALREADY_EXISTS",
         ["variants", "1", "optionValues"]),
        ({"title": "X", "variants": [NewVariant(id=new_id())]}, "PRODUCT_VARIANT_DOES_NOT_EXIST",
         ["variants", "0", "id"]),
        ({"id": SHIRT, "options": [("Size", ["S"])]}, "VARIANTS_INPUT_MISSING", ["variants"]),
        ({"id": SHIRT, "variants": [NewVariant(id=uid("shirt-S-White")), NewVariant(id=uid("shirt-S-White"))]},
         "INVALID_VARIANT", ["variants", "1", "id"]),
        ({"id": SHIRT, "handle": "mug"}, "HANDLE_NOT_UNIQUE", ["handle"]),
    ],
)  # fmt: skip
async def test_refusals(database: Database, given: dict[str, Any], code: str, path: list[str]) -> None:
    with pytest.raises(Rejected) as refused:
        await save(database, **given)
    assert (refused.value.code, refused.value.field) == (code, path)
    assert await rows(database, select(outbox)) == []


async def test_a_new_product_without_more_than_a_title_can_be_sold(database: Database) -> None:
    saved = await save(database, title="  Straße & Café  ", description_html="<p>Bold</p><script>x()</script>")
    assert (saved.created, saved.handle) == (True, "strasse-cafe")
    row = await row_of(database, saved.id)
    assert (row.title, row.status, row.description) == ("Straße & Café", "ACTIVE", "Bold")
    assert [option["name"] for option in row.options] == ["Title"]
    (only,) = await variants_of(database, saved.id)
    assert only.selected_options == [{"name": "Title", "value": "Default Title"}]
    assert (only.requires_shipping, only.taxable, only.title) == (True, True, "Default Title")
    async with database.read() as conn:
        (sold,) = await service.merchandise(conn, [only.id], uid("online"))
    assert sold is not None
    assert sold.handle == "strasse-cafe"
    assert [fact.kind for fact in await rows(database, select(outbox.c.kind))] == ["ProductChanged"]


async def test_what_is_not_given_stays(database: Database) -> None:
    before = await row_of(database, SHIRT)
    await save(database, id=SHIRT, title="Linen Shirt 2")
    after = await row_of(database, SHIRT)
    changed = {name for name in before._mapping if before._mapping[name] != after._mapping[name]}
    assert changed == {"title", "updated_at", "search"}
    assert len(await variants_of(database, SHIRT)) == 4
    assert await rows(database, select(publication.c.product_id).where(publication.c.product_id == SHIRT))


async def test_variants_keep_their_ids_by_options_and_by_id(database: Database) -> None:
    saved = await save(
        database,
        handle="shirt",
        options=[("Color", ["White", "Blue"]), ("Size", ["S", "M"])],
        variants=[
            NewVariant(selected_options=[("Size", "M"), ("Color", "White")], sku="same"),
            NewVariant(id=uid("shirt-S-Blue"), selected_options=[("Color", "Black"), ("Size", "S")]),
            NewVariant(selected_options=[("Color", "Red"), ("Size", "S")]),
        ],
    )
    assert not saved.created
    assert saved.variant_ids[:2] == [uid("shirt-M-White"), uid("shirt-S-Blue")]
    assert set(saved.removed_variant_ids) == {uid("shirt-S-White"), uid("shirt-M-Blue")}
    found = await variants_of(database, SHIRT)
    assert [each.title for each in found] == ["White / M", "Black / S", "Red / S"]
    assert [each.sku for each in found] == ["same", "SHIRT-S-BLUE", None]
    assert [each.weight_g for each in found] == [250, 250, 0]
    options = (await row_of(database, SHIRT)).options
    assert [(o["name"], [v["name"] for v in o["values"]]) for o in options] == [
        ("Color", ["White", "Blue", "Black", "Red"]),
        ("Size", ["S", "M"]),
    ]
    assert options[0]["id"] == str(uid("shirt-Color"))
    assert options[0]["values"][0]["id"] == str(uid("shirt-Color-White"))


async def test_variants_can_swap_their_options(database: Database) -> None:
    white, blue = uid("shirt-S-White"), uid("shirt-S-Blue")
    await save(
        database,
        id=SHIRT,
        variants=[
            NewVariant(id=white, selected_options=[("Size", "S"), ("Color", "Blue")]),
            NewVariant(id=blue, selected_options=[("Size", "S"), ("Color", "White")]),
        ],
    )
    assert [(each.id, each.title) for each in await variants_of(database, SHIRT)] == [
        (white, "S / Blue"),
        (blue, "S / White"),
    ]


async def test_an_option_can_get_another_name_by_its_id(database: Database) -> None:
    options = [NewOption("Grösse", ["S", "M"], uid("shirt-Size")), NewOption("Color", ["White", "Blue"])]
    wanted = [NewVariant(selected_options=[("Grösse", "M"), ("Color", "Blue")])]
    saved = await save(database, id=SHIRT, options=options, variants=wanted)
    assert saved.variant_ids == [uid("shirt-M-Blue")]
    assert (await row_of(database, SHIRT)).options[0]["id"] == str(uid("shirt-Size"))


async def test_pictures_keep_their_ids_and_variants_outlive_theirs(database: Database) -> None:
    old = uid("mug-picture")
    wanted = NewVariant(id=uid("mug-variant"), media_url="https://cdn.test/b.png")
    await save(database, handle="mug", media=[NewMedia("/a.png"), NewMedia("/media/mug.svg")], variants=[wanted])
    found = await rows(database, select(media).where(media.c.product_id == uid("mug")).order_by(media.c.position))
    assert [each.url for each in found] == ["/a.png", "/media/mug.svg", "https://cdn.test/b.png"]
    assert (found[1].id, found[1].width) == (old, 800)
    assert (await variants_of(database, uid("mug")))[0].media_id == found[2].id
    await save(database, handle="mug", media=[])
    assert (await variants_of(database, uid("mug")))[0].media_id is None


async def test_collections_picked_by_hand_and_by_rules(database: Database) -> None:
    saved = await save(database, title="Reading light", product_type="lamp", collection_ids=[uid("summer")])
    members = select(collection_product).where(collection_product.c.product_id == saved.id)
    found = {row.collection_id: row.position for row in await rows(database, members)}
    assert found == {uid("summer"): 3, uid("lighting"): 0}
    await save(database, id=saved.id, product_type="Chair", collection_ids=[])
    assert await rows(database, members) == []
    told = await rows(database, select(outbox.c.kind, outbox.c.payload).where(outbox.c.kind == "CollectionChanged"))
    assert len(told) == 4


async def test_published_as_told(database: Database) -> None:
    saved = await save(database, title="Hidden", published=False)
    at = select(publication.c.channel_id).where(publication.c.product_id == saved.id)
    assert await rows(database, at) == []
    await save(database, id=saved.id, published=True)
    assert [row.channel_id for row in await rows(database, at)] == [uid("online")]
    async with database.begin() as tx:
        await service.publish_products(tx, [saved.id], published=False, channel_ids=[uid("online")])
    assert await rows(database, at) == []


async def test_statements_do_not_grow_with_the_variants(database: Database) -> None:
    counts = []
    for size in (1, 100, VARIANTS_PER_PRODUCT_MAX):
        for _ in range(2):
            with count_statements() as seen:
                names = [f"N{number}" for number in range(size)]
                await save(
                    database, handle=f"many-{size}", title="Many", options=[("Size", names)], variants=sizes(*names)
                )
            counts.append(len(seen))
    assert counts[::2] == [counts[0]] * 3
    assert counts[1::2] == [counts[1]] * 3


async def test_update_variants_refuses(database: Database) -> None:
    cases = [
        (new_id(), NewVariant(id=new_id()), "PRODUCT_DOES_NOT_EXIST"),
        (SHIRT, NewVariant(sku="x"), "PRODUCT_VARIANT_DOES_NOT_EXIST"),
        (SHIRT, NewVariant(id=uid("mug-variant")), "PRODUCT_VARIANT_DOES_NOT_EXIST"),
        (SHIRT, NewVariant(id=uid("shirt-S-White"), selected_options=[("Size", "M"), ("Color", "White")]),
         "VARIANT_ALREADY_EXISTS"),
    ]  # fmt: skip
    for product_id, wanted, code in cases:
        with pytest.raises(Rejected) as refused:
            async with database.begin() as tx:
                await service.update_variants(tx, product_id, [wanted])
        assert refused.value.code == code


async def test_update_variants_leaves_the_others(database: Database) -> None:
    before = await variants_of(database, SHIRT)
    async with database.begin() as tx:
        wanted = [
            NewVariant(id=uid("shirt-M-Blue"), sku="", weight_g=9),
            NewVariant(id=uid("shirt-S-Blue"), taxable=False),
        ]
        await service.update_variants(tx, SHIRT, wanted)
    after = await variants_of(database, SHIRT)
    assert [each.id for each in after] == [each.id for each in before]
    assert [(each.sku, each.weight_g, each.taxable) for each in after] == [
        ("SHIRT-S-WHITE", 250, True), ("SHIRT-S-BLUE", 250, False), ("SHIRT-M-WHITE", 250, True), (None, 9, True),
    ]  # fmt: skip


async def test_one_handle_saved_many_times_at_once_is_one_product(database: Database) -> None:
    saved = await asyncio.gather(*(save(database, handle="Twin", title=f"Twin {n}") for n in range(8)))
    assert len({each.id for each in saved}) == 1
    assert sum(each.created for each in saved) == 1
    assert (await rows(database, select(func.count()).where(product.c.handle == "twin")))[0][0] == 1


async def test_one_title_saved_many_times_at_once_gets_a_handle_each(database: Database) -> None:
    saved = await asyncio.gather(*(save(database, title="Twin") for _ in range(8)))
    assert sorted(each.handle for each in saved) == sorted(["twin", *(f"twin-{n}" for n in range(1, 8))])


async def test_edits_of_one_product_at_once_do_not_mix(database: Database) -> None:
    options = [("Size", ["S"])]
    await save(database, handle="race", title="Race", options=options, variants=sizes("S"))

    async def edit(number: int) -> None:
        wanted = sizes(*(f"{number}-{each}" for each in range(3)), "S")
        await save(database, handle="race", tags=[f"t{number}"], options=[("Size", ["S"])], variants=wanted)

    await asyncio.gather(*(edit(number) for number in range(8)))
    (row,) = await rows(database, select(product).where(product.c.handle == "race"))
    number = row.tags[0][1:]
    assert [each.title for each in await variants_of(database, row.id)] == [
        f"{number}-0",
        f"{number}-1",
        f"{number}-2",
        "S",
    ]


async def test_merchandise_is_for_sale_only_where_it_is_published(database: Database) -> None:
    ids = [uid("chair-variant"), uid("mug-variant"), new_id(), uid("mug-variant")]
    async with database.read() as conn:
        online = await service.merchandise(conn, ids, uid("online"))
        elsewhere = await service.merchandise(conn, ids, uid("nowhere"))
        anywhere = await service.merchandise(conn, ids, None)
    assert [each and each.handle for each in online] == [None, "mug", None, "mug"]
    assert list(elsewhere) == [None] * 4
    assert list(anywhere) == list(online)
    assert online[1] is not None
    assert online[1].image_url == "/media/mug.svg"
    assert replace(online[1], sku=None).sku is None


async def test_variant_ids_of_products_in_order(database: Database) -> None:
    async with database.read() as conn:
        found = await service.variant_ids_of(conn, [uid("mug"), new_id(), SHIRT])
    names = ("shirt-S-White", "shirt-S-Blue", "shirt-M-White", "shirt-M-Blue")
    assert [list(each) for each in found] == [[uid("mug-variant")], [], [uid(name) for name in names]]
