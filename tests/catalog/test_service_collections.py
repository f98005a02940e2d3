"""Collections: refusals first, then members by hand and by rules, and that the SQL and the pure rules agree."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from commerce_graph.catalog import rules, service
from commerce_graph.catalog.rules import Rule, RuleSet, Traits
from commerce_graph.catalog.service import NewCollection, NewProduct
from commerce_graph.catalog.service.collection import stored_rules
from commerce_graph.catalog.service.membership import picked
from commerce_graph.catalog.tables import collection, collection_product, collection_publication, product, product_price
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.database import Database, count_statements
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.outbox import outbox
from tests.shop import uid

EU = uid("eu")


async def create(database: Database, **given: Any) -> UUID:
    async with database.begin() as tx:
        return await service.create_collection(tx, NewCollection(**given))


async def change(database: Database, collection_id: UUID, **given: Any) -> None:
    async with database.begin() as tx:
        await service.update_collection(tx, collection_id, NewCollection(**given))


async def members(database: Database, collection_id: UUID) -> list[UUID]:
    statement = select(collection_product.c.product_id).where(collection_product.c.collection_id == collection_id)
    async with database.read() as conn:
        ordered = statement.order_by(collection_product.c.position, collection_product.c.product_id)
        return list((await conn.execute(ordered)).scalars())


def any_of(*found: Rule) -> RuleSet:
    return RuleSet(found, applied_disjunctively=True)


TYPE_MUG = RuleSet((Rule("TYPE", "EQUALS", "mug"),))


@pytest.mark.parametrize(
    ("given", "code", "path"),
    [
        ({}, "INVALID_INPUT", ["title"]),
        ({"title": " "}, "INVALID_INPUT", ["title"]),
        ({"title": "X", "handle": "!"}, "INVALID_INPUT", ["handle"]),
        ({"title": "X", "handle": "Summer"}, "HANDLE_NOT_UNIQUE", ["handle"]),
        ({"title": "X", "image_url": "x"}, "INVALID_INPUT", ["image", "src"]),
        ({"title": "X", "sort_order": "BEST"}, "INVALID_INPUT", ["sortOrder"]),
        ({"title": "X", "rule_set": TYPE_MUG, "product_ids": [uid("mug")]}, "INVALID_INPUT", ["products"]),
        ({"title": "X", "product_ids": [uid("mug"), new_id()]}, "INVALID_INPUT", ["products", "1"]),
        ({"title": "X", "rule_set": RuleSet(())}, "INVALID_INPUT", ["ruleSet", "rules"]),
    ],
)
async def test_refusals(database: Database, given: dict[str, Any], code: str, path: list[str]) -> None:
    with pytest.raises(Rejected) as refused:
        await create(database, **given)
    assert (refused.value.code, refused.value.field) == (code, path)


@pytest.mark.parametrize(
    ("name", "given", "code"),
    [
        ("nothing", {"title": "X"}, "COLLECTION_DOES_NOT_EXIST"),
        ("summer", {"handle": "lighting"}, "HANDLE_NOT_UNIQUE"),
        ("summer", {"rule_set": TYPE_MUG}, "INVALID_INPUT"),
        ("summer", {"product_ids": [uid("mug")]}, "INVALID_INPUT"),
    ],
)
async def test_update_refusals(database: Database, name: str, given: dict[str, Any], code: str) -> None:
    with pytest.raises(Rejected) as refused:
        await change(database, uid(name), **given)
    assert refused.value.code == code


@pytest.mark.parametrize("use", [service.add_products, service.remove_products])
async def test_members_by_hand_refusals(database: Database, use: Any) -> None:
    cases = [(new_id(), [uid("mug")], ["id"]), (uid("lighting"), [uid("mug")], ["id"]),
             (uid("summer"), [uid("mug")] * 251, ["productIds"])]  # fmt: skip
    for collection_id, product_ids, path in cases:
        with pytest.raises(Rejected) as refused:
            async with database.begin() as tx:
                await use(tx, collection_id, product_ids)
        assert refused.value.field == path
    with pytest.raises(Rejected) as refused:
        async with database.begin() as tx:
            await service.add_products(tx, uid("summer"), [new_id()])
    assert refused.value.field == ["productIds", "0"]


async def test_a_collection_picked_by_hand(database: Database) -> None:
    made = await create(
        database, title="Gifts", description_html="<p>For <b>you</b></p>", product_ids=[uid("print"), uid("mug")]
    )
    assert await members(database, made) == [uid("print"), uid("mug")]
    async with database.begin() as tx:
        await service.add_products(tx, made, [uid("mug"), uid("lamp"), uid("shirt")])
        await service.remove_products(tx, made, [uid("print"), new_id()])
    assert await members(database, made) == [uid("mug"), uid("lamp"), uid("shirt")]
    async with database.read() as conn:
        row = (await conn.execute(select(collection).where(collection.c.id == made))).one()
        on = select(collection_publication.c.channel_id).where(collection_publication.c.collection_id == made)
        assert (await conn.execute(on)).scalars().all() == [uid("online")]
        facts = (await conn.execute(select(outbox.c.kind))).scalars().all()
    assert (row.handle, row.description, row.rule_set) == ("gifts", "For you", None)
    assert facts == ["CollectionChanged"] * 3


async def test_namesakes_get_numbers_even_at_once(database: Database) -> None:
    await asyncio.gather(*(create(database, title="Summer") for _ in range(5)))
    async with database.read() as conn:
        found = (await conn.execute(select(collection.c.handle).where(collection.c.title == "Summer"))).scalars().all()
    assert sorted(found) == ["summer", *(f"summer-{n}" for n in range(1, 6))]


async def test_adding_at_once_loses_nothing(database: Database) -> None:
    made = await create(database, title="Busy")

    async def add(name: str) -> None:
        async with database.begin() as tx:
            await service.add_products(tx, made, [uid(name)])

    names = ["shirt", "mug", "lamp", "print", "guide", "chair"]
    await asyncio.gather(*(add(name) for name in names))
    assert set(await members(database, made)) == {uid(name) for name in names}


async def test_rules_pick_all_products_at_once_and_follow_their_changes(database: Database) -> None:
    with count_statements() as seen:
        made = await create(
            database, title="Nord", rule_set=any_of(Rule("VENDOR", "EQUALS", "nord"), Rule("TAG", "EQUALS", "x"))
        )
    assert len(seen) <= 8
    assert set(await members(database, made)) == {uid("shirt"), uid("lamp"), uid("chair")}
    async with database.begin() as tx:
        await service.save_product(tx, NewProduct(id=uid("lamp"), vendor="South"))
        await service.save_product(tx, NewProduct(id=uid("mug"), tags=["X"]))
    assert set(await members(database, made)) == {uid("shirt"), uid("chair"), uid("mug")}
    await change(database, made, rule_set=RuleSet((Rule("TITLE", "STARTS_WITH", "desk"),)))
    assert await members(database, made) == [uid("lamp")]


async def test_price_rules_follow_the_market_they_name(database: Database) -> None:
    cheap = RuleSet((Rule("VARIANT_PRICE", "LESS_THAN", "20.00", EU, 2000),))
    made = await create(database, title="Cheap", rule_set=cheap)
    assert set(await members(database, made)) == {uid("mug"), uid("guide")}
    async with database.begin() as tx:
        await service.hold_products(tx, [uid("mug"), uid("lamp")])
        ranges = [(uid("mug"), EU, 3000, 3000), (uid("lamp"), EU, 100, 9000), (uid("print"), uid("us"), 100, 100)]
        await service.note_price_ranges(tx, [*ranges, (new_id(), EU, 1, 1)])
    assert set(await members(database, made)) == {uid("lamp"), uid("guide")}


async def test_a_change_of_rules_and_of_a_product_at_once_are_both_seen(database: Database) -> None:
    made = await create(database, title="Race", rule_set=RuleSet((Rule("TAG", "EQUALS", "t0"),)))
    for number in range(1, 8):
        wanted = RuleSet((Rule("TAG", "EQUALS", f"t{number}"),))

        async def retag(tag: str = f"t{number}") -> None:
            async with database.begin() as tx:
                await service.save_product(tx, NewProduct(id=uid("mug"), tags=[tag], handle=f"mug-{tag}"))

        await asyncio.gather(change(database, made, rule_set=wanted), retag())
        assert await members(database, made) == [uid("mug")]


TEXTS = st.text(alphabet=st.sampled_from("aAbB%_\\Ää 1ß"), min_size=0, max_size=4)
CONDITIONS = TEXTS.map(str.strip).filter(bool)
MARKETS = [new_id(), new_id()]
TEXT_RULES = st.builds(
    Rule, st.sampled_from(["TITLE", "TYPE", "VENDOR", "TAG"]), st.sampled_from(rules.TEXT_RELATIONS), CONDITIONS
)
PRICE_RULES = st.builds(
    Rule,
    st.just("VARIANT_PRICE"),
    st.sampled_from(rules.PRICE_RELATIONS),
    st.just("x"),
    st.sampled_from(MARKETS),
    st.integers(0, 5),
)
RULES = st.one_of(TEXT_RULES, PRICE_RULES)
RULE_SETS = st.builds(RuleSet, st.lists(RULES, min_size=1, max_size=3).map(tuple), st.booleans())
RANGES = st.lists(st.integers(0, 5), min_size=2, max_size=2).map(lambda pair: (min(pair), max(pair)))
TRAITS = st.builds(
    Traits,
    TEXTS.filter(bool),
    TEXTS,
    TEXTS,
    st.lists(TEXTS, max_size=3),
    st.dictionaries(st.sampled_from(MARKETS), RANGES),
)


@given(st.lists(RULE_SETS, min_size=5, max_size=15), st.lists(TRAITS, min_size=5, max_size=15))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_sql_and_pure_rules_agree(database: Database, sets: list[RuleSet], traits: list[Traits]) -> None:
    products, collections = [new_id() for _ in traits], [new_id() for _ in sets]
    async with database.engine.connect() as tx:
        for product_id, each in zip(products, traits, strict=True):
            row = {
                "title": each.title,
                "product_type": each.product_type,
                "vendor": each.vendor,
                "tags": list(each.tags),
            }
            await tx.execute(insert(product).values(id=product_id, handle=str(product_id), **row))
            for market_id, (low, high) in each.prices.items():
                prices = {"market_id": market_id, "min_minor": low, "max_minor": high}
                await tx.execute(insert(product_price).values(product_id=product_id, **prices))
        for collection_id, rule_set in zip(collections, sets, strict=True):
            row = {"handle": str(collection_id), "title": "x", "rule_set": stored_rules(rule_set)}
            await tx.execute(insert(collection).values(id=collection_id, **row))
        pairs = select(collection.c.id, product.c.id, picked()).where(
            collection.c.id.in_(collections), product.c.id.in_(products), product.c.title != collection.c.handle
        )
        said = {(row[0], row[1]): row[2] for row in (await tx.execute(pairs)).all()}
        await tx.rollback()
    for collection_id, rule_set in zip(collections, sets, strict=True):
        for product_id, each in zip(products, traits, strict=True):
            assert said[collection_id, product_id] == rules.picks(rule_set, each), (rule_set, each)
