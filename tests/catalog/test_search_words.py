"""How products become words: the vector, codes, typos, and the vocabulary that is learnt from them."""

import asyncio
import random
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, text, update

from commerce_graph.catalog import handlers
from commerce_graph.catalog import tables as catalog
from commerce_graph.catalog.rules.search_words import LANGUAGES
from commerce_graph.catalog.rules.typos import TYPO_WORDS_MAX, distance, edits_of, nearest
from commerce_graph.catalog.service import learn_words
from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.database import Database
from tests.shop import uid

WORDS = st.text("abcd", min_size=0, max_size=9)
CUT = 26_000


async def value(database: Database, expression: str, **told: Any) -> Any:
    async with database.read() as conn:
        return (await conn.execute(text(f"SELECT {expression}"), told)).scalar_one()


async def vector(database: Database, title: str = "", description: str = "", **more: Any) -> list[str]:
    told = {"title": title, "description": description, "vendor": "", "kind": "", "tags": [], "options": "[]", **more}
    made = (
        "tsvector_to_array(catalog.search_vector(:title, :vendor, :kind, CAST(:tags AS text[]),"
        " CAST(:options AS jsonb), :description))"
    )
    return list(await value(database, made, **told))


async def test_a_vector_holds_words_and_marks_stems_with_their_language(database: Database) -> None:
    words = await vector(database, "Die Stühle", "Two lamps")
    assert {"die", "stuhle", "de~stuhl", "two", "lamps", "en~lamp"} <= set(words)
    assert not any("~" in word and word.split("~")[0] not in LANGUAGES for word in words)
    assert not [word for word in await vector(database, "lamp lamps") if word == "en~lamp"], "it is a word already"


@pytest.mark.parametrize("written", ["XR500", "xr-500", "XR 500", "Xr_500", "(XR/500)"])
async def test_a_model_number_is_the_same_words_however_it_is_written(database: Database, written: str) -> None:
    assert await vector(database, written) == ["500", "xr"]
    assert await value(database, "catalog.code(:code)", code=written) == "xr500"


async def test_characters_without_spaces_are_words_of_their_own(database: Database) -> None:
    assert set(await vector(database, "猫カフェ")) == {"猫", "カ", "フ", "ェ"}


async def test_option_values_and_tags_are_words_but_the_default_option_is_not(database: Database) -> None:
    options = (
        '[{"name": "Title", "values": [{"name": "Default Title"}]}, {"name": "Wood", "values": [{"name": "Oak"}]}]'
    )
    assert {"oak", "rustic"} <= set(await vector(database, options=options, tags=["rustic"]))
    assert not {"default", "title", "wood"} & set(await vector(database, options=options))


async def test_the_longest_texts_fit_into_a_vector(database: Database) -> None:
    letters = random.Random(4)
    words = " ".join("".join(letters.choices(string.ascii_lowercase, k=4)) + "en" for _ in range(20_000))
    widest = "\ufdfa " * 2_000  # folding makes eighteen characters of this one
    values = ", ".join(f'{{"name": "{word}"}}' for word in words.split()[:10_000])
    made = await vector(
        database, widest, words, vendor=widest, tags=words.split(), options=f'[{{"values": [{values}]}}]'
    )
    assert 5_000 < len(made) < CUT * len(LANGUAGES)


@given(WORDS, WORDS)
def test_a_distance_is_the_same_both_ways_and_bounded(one: str, other: str) -> None:
    found = distance(one, other, 2)
    assert found == distance(other, one, 2) == min(distance(one, other, 99), 3)
    assert (found == 0) == (one == other)


@given(st.text("abcd", min_size=2, max_size=9), st.data())
def test_one_edit_is_one_typo(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(word) - 2))
    for edited in (
        word[:at] + word[at + 1 :],
        word[:at] + "x" + word[at:],
        word[:at] + "x" + word[at + 1 :],
    ):
        assert distance(word, edited, 2) == 1
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    assert distance(word, swapped, 2) == (swapped != word)


@pytest.mark.parametrize(
    ("word", "edits"),
    [("cat", 0), ("lamp", 1), ("blanket", 1), ("blankets", 2), ("xr500", 0), ("lam9", 0), ("abcdefgh1", 0)],
)
def test_longer_words_are_forgiven_more_and_codes_nothing(word: str, edits: int) -> None:
    assert edits_of(word) == edits


def test_the_nearest_and_then_the_most_usual_come_first() -> None:
    known = {"lamp": 3, "clamp": 90, "damp": 40, "lump": 1, "lamps": 2, "lime": 9, "champ": 9}
    assert nearest("lamp", known) == ["clamp", "damp", "lamps", "lump"]
    assert len(nearest("aaaa", {f"aaa{letter}": 1 for letter in string.ascii_lowercase})) == TYPO_WORDS_MAX
    assert nearest("cat", {"bat": 1}) == []


async def test_words_that_are_near_share_a_form(database: Database) -> None:
    """Each pair within the edits that the shorter search is forgiven meets through `catalog.near`."""
    chance = random.Random(7)
    pairs = []
    for _ in range(3_000):
        word = "".join(chance.choices("abcdefgh", k=chance.randint(4, 14)))
        other = word
        for _ in range(edits_of(word)):
            at = chance.randrange(len(other))
            other = chance.choice(
                [
                    other[:at] + other[at + 1 :],
                    other[:at] + chance.choice("abcdefgh") + other[at:],
                    other[:at] + chance.choice("abcdefgh") + other[at + 1 :],
                    other[:at] + other[at + 1 : at + 2] + other[at : at + 1] + other[at + 2 :],
                ]
            )
        if len(other) > 2 and distance(word, other, 2) <= edits_of(word):
            pairs.append((word, other))
    lost = (
        "ARRAY(SELECT word || ' ' || other FROM unnest(CAST(:words AS text[]), CAST(:others AS text[]))"
        " AS t(word, other)"
        " WHERE NOT catalog.near(word, CASE WHEN length(word) < 8 THEN 1 ELSE 2 END)"
        "  && catalog.near(other, CASE WHEN length(other) > 5 THEN 2 ELSE 1 END))"
    )
    words, others = zip(*pairs, strict=True)
    assert await value(database, lost, words=list(words), others=list(others)) == []


async def learnt(database: Database) -> dict[str, int]:
    async with database.read() as conn:
        return {row.word: row.products for row in (await conn.execute(text("SELECT * FROM catalog.word"))).all()}


async def learn(database: Database) -> bool:
    async with database.begin() as tx:
        return await learn_words(tx)


async def test_words_are_learnt_at_once_and_then_where_something_changed(database: Database) -> None:
    assert await learn(database)
    words = await learnt(database)
    assert words["lamp"] == 1
    assert words["fine"] == 5
    assert "secret" not in words, "a draft's words are not the shop's"
    assert not any("~" in word or any(char.isdigit() for char in word) or len(word) < 3 for word in words)
    assert not await learn(database), "nothing changed"
    async with database.begin() as tx:
        await tx.execute(update(catalog.vocabulary).values(learned_at=text("now() - interval '1 hour'")))
        await tx.execute(update(catalog.product).values(updated_at=text("now() - interval '2 hours'")))
    assert not await learn(database), "nothing changed since"
    async with database.begin() as tx:
        change = {"title": "Floor Luminaire", "updated_at": text("now()")}
        await tx.execute(update(catalog.product).where(catalog.product.c.id == uid("lamp")).values(**change))
    assert await learn(database)
    words = await learnt(database)
    assert words["luminaire"] == 1
    assert "desk" in words, "the description still says so"
    assert not await learn(database), "it was done a moment ago"


async def test_a_shop_without_words_learns_as_soon_as_it_has_some(resources: Resources) -> None:
    database = resources.database
    async with database.begin() as tx:
        await tx.execute(text("UPDATE catalog.product SET status = 'DRAFT'"))
    assert await learn(database)
    assert await learnt(database) == {}
    async with database.begin() as tx:
        now = {"status": "ACTIVE", "updated_at": text("now()")}
        await tx.execute(update(catalog.product).values(**now))
    assert await handlers.learn_words(resources) == 1
    assert await handlers.learn_words(resources) == 0
    assert "lamp" in await learnt(database)


async def test_learning_at_the_same_time_is_done_once(database: Database) -> None:
    done = await asyncio.gather(*(learn(database) for _ in range(6)))
    assert sum(done) == 1
    assert "lamp" in await learnt(database)


async def test_learning_waits_for_nobody(database: Database) -> None:
    async with database.begin() as other:
        assert await learn_words(other)
        assert not await learn(database), "another is at it"


async def test_a_product_of_any_text_can_be_written(database: Database) -> None:
    async with database.begin() as tx:
        for number, told in enumerate(("' \\ : & | ! ( ) <-> * ~", "en~lamp", "🙂" * 90, "a" * 255, "1" * 255)):
            row = {"id": uid(f"odd-{number}"), "handle": f"odd-{number}", "title": told, "description": told * 300}
            await tx.execute(insert(catalog.product).values(**row, status="ACTIVE"))
    assert await learn(database)
    assert "en~lamp" not in await learnt(database)
