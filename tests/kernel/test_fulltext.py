"""Texts as words: what is folded, what is found, and what no text can break."""

from typing import Any

import pytest
from sqlalchemy import and_, func, literal_column, select, true
from sqlalchemy.dialects.postgresql import TSVECTOR

from commerce_graph.kernel.database import Database
from commerce_graph.kernel.fulltext import WORD_CHARS_MAX, answering, found, plan_query, rank, term_query, terms_query
from commerce_graph.kernel.query_syntax import Term, parse
from commerce_graph.kernel.query_syntax.words import Plan, Slot

TITLE, BODY = "Returns & Shipping", "Care of wool: 東京タワー, half-zip jackets in Größe L"


def slot(*words: str, prefix: bool = False, exact: bool = False) -> Slot:
    return Slot((words,), prefix, exact)


async def answers(database: Database, plan: Plan, title: str = TITLE, body: str = BODY) -> bool:
    vector = func.kernel.searchable(title, body, type_=TSVECTOR)
    async with database.read() as conn:
        return bool((await conn.execute(select(and_(true(), *answering(vector, plan))))).scalar_one())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Crème brûlée, Łódź: Straße!", "creme brulee lodz strasse "),
        ("AB-12/3", "ab 12 3"),
        ("東京タワー", " 東 京 タ ワ ー "),
        ("한국", " 한 국 "),
        ("½ ﬁne", "1 2 fine"),
        ("a' & b | !c <-> (d):*", "a b c d "),
        ("\u0301\u0301", ""),
        ("", ""),
    ],
)
async def test_folds(database: Database, text: str, words: str) -> None:
    async with database.read() as conn:
        assert (await conn.execute(select(func.kernel.folded(text)))).scalar_one() == words


@pytest.mark.parametrize(
    "asked",
    [
        slot("nothing"),
        slot("shipp"),
        slot("shippings", exact=True),
        slot("return", exact=True),
        slot("wool", "care"),
        slot("東タ"),
        slot("half", "jackets"),
        slot("²'\\:*|"),
        slot("x" * 3_000, prefix=True),
        slot("x" * WORD_CHARS_MAX),
        slot("ﷲ" * WORD_CHARS_MAX),
        slot("the"),
        slot("!!!"),
    ],
)
async def test_does_not_find(database: Database, asked: Slot) -> None:
    assert not await answers(database, Plan((asked,)))


@pytest.mark.parametrize(
    "asked",
    [
        slot("RETURNED"),
        slot("returns", exact=True),
        slot("shipp", prefix=True),
        slot("care", "of", "woo", prefix=True),
        slot("caring", "for", "wool"),
        slot("京タ"),
        slot("half-zip"),
        slot("grosse"),
        Slot((("nothing",), ("half", "zip"))),
    ],
)
async def test_finds(database: Database, asked: Slot) -> None:
    assert await answers(database, Plan((asked,)))


async def test_every_slot_must_be_met_and_nothing_that_was_excluded(database: Database) -> None:
    wool, nothing, silent = slot("wool"), slot("nothing"), slot("&")
    assert not await answers(database, Plan((wool, nothing)))
    assert not await answers(database, Plan((wool,), without=(("shipping",),)))
    assert not await answers(database, Plan((wool,), without=(("care", "of"),)))
    assert await answers(database, Plan((wool, silent), without=(("of", "care"), ("-",))))
    assert plan_query(Plan()) is None
    assert await answers(database, Plan(without=(("absent",),)))
    assert not await answers(database, Plan(without=(("absent",), ("wool",))))


async def test_a_bare_term_may_go_on_unless_quoted(database: Database) -> None:
    assert term_query(Term("", prefix=True)) is None
    assert term_query(Term("…")) is None
    assert terms_query(parse("tag:x -y")) is None
    vector = func.kernel.searchable(TITLE, BODY)
    queries = [term_query(term) for term in (Term("jack"), Term("jack", quoted=True), Term("jackets", quoted=True))]
    async with database.read() as conn:
        told = [
            (await conn.execute(select(found(vector, query)))).scalar_one() for query in queries if query is not None
        ]
    assert told == [True, False, True]


async def test_the_title_counts_more_than_the_body_and_the_word_more_than_its_stem(database: Database) -> None:
    query = terms_query(parse("wool"))
    assert query is not None
    texts = [("wool", "x"), ("woolen wools", "x"), ("x", "wool"), ("x", "wools")]
    async with database.read() as conn:
        ranks = [
            (await conn.execute(select(rank(func.kernel.searchable(*each), query)))).scalar_one() for each in texts
        ]
    assert ranks == sorted(ranks, reverse=True)
    assert len(set(ranks)) == 4


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("".join(f"{at:x}ﷺ" for at in range(20_000)), id="letters that fold to many"),
        pytest.param(" ".join(chr(0x20000 + at) for at in range(50_000)), id="words of four bytes"),
        pytest.param(" ".join(f"{at:x}ing" for at in range(14_000)), id="words with stems"),
        pytest.param("㌀" * 100_000, id="squares"),
        pytest.param("\u0301" * 100_000, id="marks"),
        pytest.param("x" * 100_000, id="one word"),
    ],
)
async def test_any_text_that_can_be_stored_can_be_searched(database: Database, body: str) -> None:
    vector: Any = func.kernel.searchable("title", body)
    async with database.read() as conn:
        assert (await conn.execute(select(found(vector, literal_column("'title'::tsquery"))))).scalar_one()
