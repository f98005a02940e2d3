"""Metafields: who writes them, what may be in them, who sees them, and that what happens at once adds up."""

import asyncio
from typing import Any

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st
from sqlalchemy import func, insert, select, text

from commerce_graph import catalog
from commerce_graph.catalog.rules.metafields import TYPES, choices, settled
from commerce_graph.catalog.tables import metafield, metafield_definition
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.execution import Engine
from commerce_graph.kernel.graph import Graph
from commerce_graph.kernel.limits import (
    METAFIELD_DEFINITIONS_MAX,
    METAFIELD_IDENTIFIERS_MAX,
    METAFIELD_LIST_MAX,
    METAFIELD_TERM_CHARS_MAX,
    METAFIELD_VALUE_CHARS_MAX,
    METAFIELDS_DELETED_MAX,
    METAFIELDS_SET_MAX,
)
from commerce_graph.kernel.outbox import outbox
from commerce_graph.pricing import service as pricing
from tests.shop import Shop, gid, uid
from tests.waiting import until_blocked

ALONE = Engine(Graph([catalog.module], {"markets_for": pricing.markets_for}))
SET = """mutation($metafields: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $metafields) {
    metafields { id namespace key type value description parentResource { ... on Product { handle }
        ... on ProductVariant { sku } } } userErrors { code field message } } }"""
DELETE = """mutation($metafields: [MetafieldIdentifierInput!]!) { metafieldsDelete(metafields: $metafields) {
    deletedMetafields { ownerId namespace key } userErrors { field message } } }"""
FIELDS = """{ id name namespace key description ownerType type { name } access { storefront }
    capabilities { adminFilterable { enabled } } }"""
DEFINE = f"""mutation($definition: MetafieldDefinitionInput!) {{ metafieldDefinitionCreate(definition: $definition) {{
    createdDefinition {FIELDS} userErrors {{ code field message }} }} }}"""
REDEFINE = f"""mutation($definition: MetafieldDefinitionUpdateInput!) {{
    metafieldDefinitionUpdate(definition: $definition) {{
    updatedDefinition {FIELDS} userErrors {{ code field message }} }} }}"""
UNDEFINE = """mutation($id: ID, $identifier: MetafieldDefinitionIdentifierInput, $all: Boolean = false) {
    metafieldDefinitionDelete(id: $id, identifier: $identifier, deleteAllAssociatedMetafields: $all) {
    deletedDefinitionId userErrors { code field } } }"""
READ = """query($ids: [HasMetafieldsIdentifier!]!) { product(handle: "mug") {
    metafields(identifiers: $ids) { key value }
    variants(first: 1) { nodes { metafields(identifiers: $ids) { key value } } } } }"""


@pytest.fixture
async def shop(shop: Shop) -> Shop:
    return Shop(shop.database, shop.resources, ALONE)


def entry(value: str = "Clay", owner: str = "mug", **more: Any) -> dict[str, Any]:
    kind = "ProductVariant" if owner.endswith("-variant") or owner.count("-") == 2 else "Product"
    return {"ownerId": gid(kind, owner), "key": "material", "type": "single_line_text_field", "value": value, **more}


async def put(shop: Shop, *entries: dict[str, Any]) -> dict[str, Any]:
    return (await shop.data(SET, {"metafields": list(entries)}, "merchant"))["metafieldsSet"]  # type: ignore[no-any-return]


async def define(shop: Shop, **more: Any) -> dict[str, Any]:
    told = {"ownerType": "PRODUCT", "key": "material", "name": "Material", "type": "single_line_text_field"}
    made = await shop.data(DEFINE, {"definition": {**told, **more}}, "merchant")
    return made["metafieldDefinitionCreate"]  # type: ignore[no-any-return]


async def redefine(shop: Shop, **more: Any) -> dict[str, Any]:
    told = {"ownerType": "PRODUCT", "key": "material", **more}
    made = await shop.data(REDEFINE, {"definition": told}, "merchant")
    return made["metafieldDefinitionUpdate"]  # type: ignore[no-any-return]


SEEN = {"access": {"storefront": "PUBLIC_READ"}, "capabilities": {"adminFilterable": {"enabled": True}}}


async def facts(shop: Shop) -> list[str]:
    async with shop.database.read() as conn:
        rows = await conn.execute(select(outbox).where(outbox.c.kind == "ProductChanged").order_by(outbox.c.position))
    return [row.payload["product_id"] for row in rows.all()]


async def terms(shop: Shop) -> list[list[str]]:
    async with shop.database.read() as conn:
        return list((await conn.execute(select(metafield.c.terms).order_by(metafield.c.key))).scalars())


# -- Refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", [SET, DELETE, DEFINE, REDEFINE, UNDEFINE])
async def test_only_merchants_write(shop: Shop, document: str) -> None:
    entries: dict[str, Any] = {"metafields": [], "definition": {"ownerType": "PRODUCT", "key": "a", "name": "A",
                                                                "type": "url"}}  # fmt: skip
    answer = await shop.run(document, entries)
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"ACCESS_DENIED"}


async def test_only_merchants_read_definitions(shop: Shop) -> None:
    answer = await shop.run("{ metafieldDefinitions(first: 1, ownerType: PRODUCT) { nodes { id } } }")
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"ACCESS_DENIED"}


@pytest.mark.parametrize(
    ("changed", "code", "at"),
    [
        ({"ownerId": gid("Product", "nothing")}, "INVALID", ["ownerId"]),
        ({"ownerId": gid("ProductVariant", "mug")}, "INVALID", ["ownerId"]),
        ({"namespace": "ab"}, "TOO_SHORT", ["namespace"]),
        ({"namespace": "a" * 256}, "TOO_LONG", ["namespace"]),
        ({"namespace": "a.b.c"}, "INVALID", ["namespace"]),
        ({"key": "a"}, "TOO_SHORT", ["key"]),
        ({"key": "a" * 65}, "TOO_LONG", ["key"]),
        ({"key": "ä" * 10}, "INVALID", ["key"]),
        ({"key": "a\nb"}, "INVALID", ["key"]),
        ({"type": None}, "BLANK", ["type"]),
        ({"type": "money"}, "INVALID_TYPE", ["type"]),
        ({"type": "list.boolean"}, "INVALID_TYPE", ["type"]),
        ({"value": ""}, "INVALID_VALUE", ["value"]),
        ({"value": " "}, "INVALID_VALUE", ["value"]),
        ({"value": "a\nb"}, "INVALID_VALUE", ["value"]),
        ({"value": "a\0b"}, "INVALID_VALUE", ["value"]),
        ({"value": "a\x1fb"}, "INVALID_VALUE", ["value"]),
        ({"value": "\ud800"}, "INVALID_VALUE", ["value"]),
        ({"value": "a" * (METAFIELD_VALUE_CHARS_MAX + 1)}, "TOO_LONG", ["value"]),
    ],
)
async def test_what_makes_no_sense_is_refused(shop: Shop, changed: dict[str, Any], code: str, at: list[str]) -> None:
    told = await put(shop, entry(owner="shirt"), {**entry(), **changed})
    assert told["metafields"] is None
    (error,) = told["userErrors"]
    assert (error["code"], error["field"]) == (code, ["metafields", "1", *at])
    assert await terms(shop) == [], "all or none"


async def test_an_id_of_something_else_is_refused(shop: Shop) -> None:
    answer = await shop.run(SET, {"metafields": [entry(ownerId=gid("Collection", "summer"))]}, "merchant")
    assert answer["errors"][0]["extensions"]["code"] == "INVALID_ID"


async def test_too_many_at_once_are_refused(shop: Shop) -> None:
    told = await put(shop, *(entry(key=f"key-{each}") for each in range(METAFIELDS_SET_MAX + 1)))
    assert told["userErrors"][0]["code"] == "LESS_THAN_OR_EQUAL_TO"
    assert len((await put(shop, *(entry(key=f"key-{each}") for each in range(METAFIELDS_SET_MAX))))["metafields"]) == 25
    named = {"ownerId": gid("Product", "mug"), "namespace": "custom", "key": "none"}
    for many, refused in ((METAFIELDS_DELETED_MAX, False), (METAFIELDS_DELETED_MAX + 1, True)):
        answer = await shop.data(DELETE, {"metafields": [named] * many}, "merchant")
        assert bool(answer["metafieldsDelete"]["userErrors"]) is refused
    for many in (METAFIELD_IDENTIFIERS_MAX, METAFIELD_IDENTIFIERS_MAX + 1):
        answer = await shop.run(READ, {"ids": [{"key": "none"}] * many})
        assert ("errors" in answer) is (many > METAFIELD_IDENTIFIERS_MAX)


@pytest.mark.parametrize(
    ("changed", "code", "at"),
    [
        ({"key": "a"}, "TOO_SHORT", ["key"]),
        ({"key": "a b"}, "INVALID_CHARACTER", ["key"]),
        ({"namespace": "\0\0\0"}, "INVALID_CHARACTER", ["namespace"]),
        ({"name": ""}, "BLANK", ["name"]),
        ({"name": "a" * 256}, "TOO_LONG", ["name"]),
        ({"name": "a\0"}, "INVALID_CHARACTER", ["name"]),
        ({"description": "a" * 101}, "TOO_LONG", ["description"]),
        ({"type": "money"}, "INCLUSION", ["type"]),
        ({"type": "url"}, "UNSTRUCTURED_ALREADY_EXISTS", ["type"]),
        ({"key": "known"}, "TAKEN", ["key"]),
    ],
)
async def test_definitions_that_make_no_sense_are_refused(
    shop: Shop, changed: dict[str, Any], code: str, at: list[str]
) -> None:
    assert not (await define(shop, key="known"))["userErrors"]
    await put(shop, entry())
    told = await define(shop, **changed)
    assert told["createdDefinition"] is None
    assert [(error["code"], error["field"]) for error in told["userErrors"]] == [(code, ["definition", *at])]


async def test_there_is_an_end_to_definitions(shop: Shop) -> None:
    row = {"owner_type": "PRODUCT", "namespace": "custom", "name": "N", "type": "url"}
    async with shop.database.begin() as tx:
        for each in range(METAFIELD_DEFINITIONS_MAX - 1):
            await tx.execute(insert(metafield_definition).values(id=new_id(), key=f"key-{each}", **row))
    assert not (await define(shop, key="last"))["userErrors"]
    assert (await define(shop, key="more"))["userErrors"][0]["code"] == "RESOURCE_TYPE_LIMIT_EXCEEDED"
    assert not (await define(shop, key="more", ownerType="PRODUCTVARIANT"))["userErrors"]


async def test_what_is_not_defined_cannot_be_changed_or_deleted(shop: Shop) -> None:
    assert (await redefine(shop, name="M"))["userErrors"][0]["code"] == "NOT_FOUND"
    assert (await redefine(shop, key="\0\0"))["userErrors"][0]["code"] == "NOT_FOUND"
    for which in ({"id": gid("MetafieldDefinition", "x")}, {"identifier": {"ownerType": "PRODUCT", "key": "material"}}):
        told = (await shop.data(UNDEFINE, which, "merchant"))["metafieldDefinitionDelete"]
        assert (told["deletedDefinitionId"], told["userErrors"][0]["code"]) == (None, "NOT_FOUND")
    answer = await shop.run(UNDEFINE, {}, "merchant")
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_defined_type_is_the_type(shop: Shop) -> None:
    await define(shop, type="number_integer")
    assert (await put(shop, entry("3")))["userErrors"][0]["code"] == "INVALID_TYPE"
    assert (await put(shop, entry("three", type=None)))["userErrors"][0]["code"] == "INVALID_VALUE"
    assert (await put(shop, entry("3", type=None)))["metafields"][0]["type"] == "number_integer"
    assert not (await put(shop, entry(owner="mug-variant")))["userErrors"], "variants have definitions of their own"


# -- Values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        ("boolean", "true", "true"), ("boolean", "True", None), ("boolean", "1", None),
        ("date", "2026-02-28", "2026-02-28"), ("date", "2026-02-30", None), ("date", "20260228", None),
        ("date", "2026-W01-1", None),
        ("number_integer", "-07", "-7"), ("number_integer", "9007199254740991", "9007199254740991"),
        ("number_integer", "9007199254740992", None), ("number_integer", "1.0", None), ("number_integer", "٣", None),
        ("number_decimal", "-1.500000001", "-1.500000001"), ("number_decimal", "1.5000000001", None),
        ("number_decimal", "1e3", None), ("number_decimal", "NaN", None), ("number_decimal", "9" * 14, None),
        ("multi_line_text_field", "a\n\tb\r\n", "a\n\tb\r\n"), ("multi_line_text_field", "a\x00", None),
        ("url", "https://example.com/a?b=c", "https://example.com/a?b=c"), ("url", "javascript:alert(1)", None),
        ("url", "https://a b", None),
        ("list.single_line_text_field", '[ "a", "b" ]', '["a","b"]'), ("list.single_line_text_field", "[]", "[]"),
        ("list.single_line_text_field", '["a\\nb"]', None), ("list.single_line_text_field", "[1]", None),
        ("list.single_line_text_field", '"a"', None), ("list.single_line_text_field", "[", None),
        ("list.single_line_text_field", '["\\u0000"]', None), ("list.single_line_text_field", "\ud800", None),
        ("list.number_integer", "[1, -2]", "[1,-2]"), ("list.number_integer", "[true]", None),
        ("list.number_integer", "[1.5]", None), ("list.number_integer", "[9007199254740992]", None),
        ("list.number_integer", "[" + "1," * (METAFIELD_LIST_MAX - 1) + "1]", "[" + "1," * 127 + "1]"),
        ("list.number_integer", "[" + "1," * METAFIELD_LIST_MAX + "1]", None),
    ],
)  # fmt: skip
def test_values_are_what_their_type_says(kind: str, value: str, stored: str | None) -> None:
    if stored is None:
        with pytest.raises(Rejected) as refused:
            settled(kind, value, [])
        assert refused.value.code == "INVALID_VALUE"
    else:
        assert settled(kind, value, []) == stored


@examples(st.sampled_from(TYPES), st.text() | st.lists(st.text() | st.integers()).map(str))
def test_any_text_is_a_value_or_refused(kind: str, value: str) -> None:
    try:
        stored = settled(kind, value, [])
    except Rejected:
        return
    assert settled(kind, stored, []) == stored, "what is stored stays as it is"
    assert all("\x1f" not in each for each in choices(kind, stored))


def test_members_of_a_list_are_chosen_one_by_one_and_long_texts_not_at_all() -> None:
    assert choices("list.single_line_text_field", '["b","a","b",""]') == ["b", "a"]
    assert choices("list.number_integer", "[2,1]") == ["2", "1"]
    long = "a" * METAFIELD_TERM_CHARS_MAX
    assert choices("single_line_text_field", long) == [long]
    assert choices("single_line_text_field", long + "a") == []


# -- Writing and reading ----------------------------------------------------------------------------------------------


async def test_metafields_are_set_changed_and_deleted(shop: Shop) -> None:
    told = await put(shop, entry(), entry("red", owner="shirt-S-White", key="dye", namespace="fab_ric-1"))
    assert told["userErrors"] == []
    first, second = told["metafields"]
    assert (first["namespace"], first["key"], first["value"]) == ("custom", "material", "Clay")
    assert first["parentResource"] == {"handle": "mug"}
    assert (second["namespace"], second["parentResource"]) == ("fab_ric-1", {"sku": "SHIRT-S-WHITE"})
    assert await facts(shop) == sorted([str(uid("mug")), str(uid("shirt"))])
    again = await put(shop, entry(type=None))
    assert again["metafields"][0]["id"] == first["id"]
    assert len(await facts(shop)) == 2, "nothing changed"
    changed = await put(shop, entry("Clay"), entry("Stone", type=None))
    assert [(each["id"], each["value"]) for each in changed["metafields"]] == [(first["id"], "Stone")]
    assert await facts(shop) == [*sorted([str(uid("mug")), str(uid("shirt"))]), str(uid("mug"))]
    named = {"ownerId": gid("Product", "mug"), "namespace": "custom", "key": "material"}
    gone = await shop.data(DELETE, {"metafields": [named, {**named, "key": "\0"}]}, "merchant")
    assert gone["metafieldsDelete"] == {"deletedMetafields": [named, None], "userErrors": []}
    assert (await facts(shop))[3:] == [str(uid("mug"))]
    gone = await shop.data(DELETE, {"metafields": [named]}, "merchant")
    assert gone["metafieldsDelete"]["deletedMetafields"] == [None]
    assert len(await facts(shop)) == 4


async def test_what_is_chosen_is_kept_with_the_value(shop: Shop) -> None:
    lists = {"type": "list.single_line_text_field"}
    both = entry('["Clay", "Glaze"]', key="a1", **lists)
    lines = entry("a\nb", key="b1", type="multi_line_text_field")
    await put(shop, both, lines, entry("[]", key="c1", **lists), entry("x" * 300, key="d1"))
    expected = [["custom.a1\x1fClay", "custom.a1\x1fGlaze"], ["custom.b1\x1fa\nb"], [], []]
    assert await terms(shop) == expected


async def test_shoppers_see_what_a_definition_shows_them(shop: Shop) -> None:
    await put(shop, entry(), entry("secret", key="cost"), entry("hot", owner="mug-variant"))
    ids = {"ids": [{"key": "material"}, {"key": "cost"}, {"namespace": "other", "key": "cost"}, {"key": "\ud800\0"}]}
    none = [None] * 4
    assert (await shop.data(READ, ids))["product"]["metafields"] == none
    await define(shop)
    assert (await shop.data(READ, ids))["product"]["metafields"] == none, "a definition alone shows nothing"
    told = (await redefine(shop, access={"storefront": "PUBLIC_READ"}, description="What it is of"))[
        "updatedDefinition"
    ]
    assert told["access"] == {"storefront": "PUBLIC_READ"}
    assert (told["name"], told["capabilities"]) == ("Material", {"adminFilterable": {"enabled": False}})
    seen = (await shop.data(READ, ids))["product"]
    assert seen["metafields"] == [{"key": "material", "value": "Clay"}, None, None, None]
    assert seen["variants"]["nodes"][0]["metafields"] == none, "it defines those of products"
    all_ = (await shop.data(READ, ids, "merchant"))["product"]
    assert [each and each["value"] for each in all_["metafields"]] == ["Clay", "secret", None, None]
    assert all_["variants"]["nodes"][0]["metafields"][0]["value"] == "hot"
    one = '{ product(handle: "mug") { ... on HasMetafields { metafield(key: "material") { description type } } } }'
    assert (await shop.data(one))["product"]["metafield"]["description"] == "What it is of"
    await redefine(shop, access={"storefront": "NONE"})
    assert (await shop.data(one))["product"]["metafield"] is None


async def test_definitions_are_listed(shop: Shop) -> None:
    made = (await define(shop, **SEEN))["createdDefinition"]
    assert made == {
        "id": made["id"], "name": "Material", "namespace": "custom", "key": "material", "description": None,
        "ownerType": "PRODUCT", "type": {"name": "single_line_text_field"}, **SEEN,
    }  # fmt: skip
    await define(shop, key="other", namespace="more")
    await define(shop, ownerType="PRODUCTVARIANT")
    asked = "{ metafieldDefinitions(first: 9, ownerType: PRODUCT ARGS) { nodes { namespace key } } }"
    for arguments, found in (("", 2), (', key: "other"', 1), (', namespace: "custom"', 1), (', namespace: "x"', 0)):
        nodes = (await shop.data(asked.replace("ARGS", arguments), token="merchant"))["metafieldDefinitions"]["nodes"]
        assert len(nodes) == found
    answer = await shop.run(asked.replace("ARGS", ', key: "\\u0000"'), token="merchant")
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_definition_that_is_gone_leaves_or_takes_its_metafields(shop: Shop) -> None:
    await put(shop, entry(), entry(owner="mug-variant"), entry(owner="shirt"))
    before = len(await facts(shop))
    identifier = {"identifier": {"ownerType": "PRODUCT", "key": "material"}}
    made = (await define(shop, **SEEN))["createdDefinition"]["id"]
    owners = sorted([str(uid("mug")), str(uid("shirt"))])
    assert (await facts(shop))[before:] == owners, "from now on lists filter by it"
    await redefine(shop, name="Stuff")
    assert len(await facts(shop)) == before + 2
    await redefine(shop, access={"storefront": "NONE"})
    assert (await facts(shop))[before + 2 :] == owners
    told = await shop.data(UNDEFINE, identifier, "merchant")
    assert told["metafieldDefinitionDelete"] == {"deletedDefinitionId": made, "userErrors": []}
    assert (len(await terms(shop)), len(await facts(shop))) == (3, before + 4)
    made = (await define(shop))["createdDefinition"]["id"]
    await shop.data(UNDEFINE, {"id": made, "all": True}, "merchant")
    assert (await terms(shop), (await facts(shop))[before + 4 :]) == ([["custom.material\x1fClay"]], owners)


async def test_reading_many_costs_what_reading_one_costs(shop: Shop) -> None:
    first = "{ products(first: 1) { nodes { id variants(first: 1) { nodes { id } } } } }"
    (product,) = (await shop.data(first, None, "merchant"))["products"]["nodes"]
    ids = [product["id"], product["variants"]["nodes"][0]["id"], gid("Product", "mug"), gid("Product", "shirt")]
    await put(shop, *(entry(ownerId=each) for each in dict.fromkeys(ids)))
    asked = """query($first: Int!, $ids: [HasMetafieldsIdentifier!]!) { products(first: $first) { nodes {
        metafields(identifiers: $ids) { value } metafield(key: "material") { parentResource { __typename } }
        variants(first: $first) { nodes { metafields(identifiers: $ids) { value parentResource { __typename } } } }
    } } }"""
    one = await shop.statements(asked, {"first": 1, "ids": [{"key": "material"}]}, "merchant")
    many = await shop.statements(asked, {"first": 20, "ids": [{"key": f"k{n}"} for n in range(50)]}, "merchant")
    assert len(many) <= len(one) <= 6, many


async def test_writing_many_costs_what_writing_one_costs(shop: Shop) -> None:
    one = await shop.statements(SET, {"metafields": [entry(), entry(owner="mug-variant")]}, "merchant")
    entries = [entry(key=f"k{n}", owner=owner) for n in range(6) for owner in ("mug", "shirt", "mug-variant", "lamp")]
    many = await shop.statements(SET, {"metafields": entries}, "merchant")
    assert len(one) == len(many), many


async def test_metafields_are_found_through_an_index(shop: Shop) -> None:
    async with shop.database.begin() as tx:
        await tx.execute(text("""INSERT INTO catalog.metafield (id, product_id, namespace, key, type, value, terms)
            SELECT md5(n::text)::uuid, :mug, 'custom', 'k' || n, 'url', '/', ARRAY['custom.k' || n || chr(31) || '/']
            FROM generate_series(1, 20000) AS n"""), {"mug": uid("mug")})  # fmt: skip
        await tx.execute(text("ANALYZE catalog.metafield"))
        where = metafield.c.terms.bool_op("&&")(text("ARRAY['custom.k77' || chr(31) || '/']"))
        found = select(metafield.c.product_id).where(where)
        sql = str(found.compile(shop.database.engine.sync_engine))
        plan = "\n".join((await tx.execute(text(f"EXPLAIN {sql}"))).scalars())
    assert "ix_metafield_terms" in plan, plan


# -- At once ----------------------------------------------------------------------------------------------------------


async def test_who_sets_one_metafield_at_once_makes_one(shop: Shop) -> None:
    told = await asyncio.gather(*(put(shop, entry(f"Clay {number}")) for number in range(8)))
    assert not any(each["userErrors"] for each in told)
    assert len({each["metafields"][0]["id"] for each in told}) == 1
    async with shop.database.read() as conn:
        assert (await conn.execute(select(func.count()).select_from(metafield))).scalar_one() == 1
    assert len(await facts(shop)) == 8


async def test_sets_and_deletions_in_any_order_neither_lock_up_nor_lose(shop: Shop) -> None:
    owners = ("mug", "shirt", "lamp", "mug-variant", "shirt-S-White")

    async def work(number: int) -> None:
        turned = owners[number % 5 :] + owners[: number % 5]
        await put(shop, *(entry(str(number), owner=owner) for owner in turned))
        named = [{"ownerId": entry(owner=owner)["ownerId"], "namespace": "custom", "key": "material"}
                 for owner in reversed(turned)]  # fmt: skip
        if number % 3 == 0:
            await shop.data(DELETE, {"metafields": named}, "merchant")

    await asyncio.gather(*(work(number) for number in range(9)))
    assert len(await terms(shop)) in (0, 5), "all or none of a set is there"


async def test_definitions_at_once_make_one(shop: Shop) -> None:
    told = await asyncio.gather(*(define(shop) for _ in range(6)))
    assert sum(each["createdDefinition"] is not None for each in told) == 1
    assert {error["code"] for each in told for error in each["userErrors"]} == {"TAKEN"}


async def test_a_metafield_that_is_being_set_is_of_the_type_that_gets_defined(shop: Shop) -> None:
    async with shop.database.begin() as tx:
        await catalog.service.hold_products(tx, [uid("mug")])
        await tx.execute(insert(metafield).values(
            id=new_id(), product_id=uid("mug"), namespace="custom", key="material", type="url", value="/"))  # fmt: skip
        defining = asyncio.create_task(define(shop))
        await until_blocked(shop.database)
        assert not defining.done(), "it waits for whoever edits products"
    assert (await defining)["userErrors"][0]["code"] == "UNSTRUCTURED_ALREADY_EXISTS"
