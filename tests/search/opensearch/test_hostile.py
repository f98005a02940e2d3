"""Texts that nobody means well with, and queries as large as they may be: an answer, never a fault of the node's."""

import pytest

from commerce_graph.kernel.limits import SEARCH_QUERY_CHARS_MAX, SEARCH_QUERY_TERMS_MAX
from commerce_graph.search.rules.planning import SynonymGroup, Synonyms
from commerce_graph.search.rules.words import CLAUSES_MAX, Way, clauses, words_query
from commerce_graph.search.service.engine import Paging
from tests.search.opensearch.conftest import LANGUAGES, Index, document, request

HOSTILE = [
    "*", "?", "\\", '"', "''", "(", ")))", "-", "--", "- -", "AND", "OR", "NOT", "a OR", "~", "shoe~2", "shoe^9",
    "[1 TO 2]", "/.*.*.*.*x/", "title:/(a+)+$/", "vendor:/.*/*", "_exists_:title", "_id:1", "_source:1",
    "<script>alert(1)</script>", '{"query":{"match_all":{}}}', '"}}, {"script": "', "${jndi:ldap://x/y}",
    "\x07\x1b[31m", "\u202eabc", "\u200b", "\ufeff", "👟👟👟", "👩\u200d👩\u200d👧", "e\u0301" * 300, "\u0301" * 900,
    "a\u0300\u0301" * 300, "\U0001d54a\U0001d559\U0001d560\U0001d556", "ﷺ", "1" * 999, "-1", "1e309", "NaN", "0x10",
    "a" * 1000, "ab" * 500, "字" * 1000, "ア" * 999, "한" * 999, "a字" * 499, "a1" * 499, "-".join("a" * 499),
    "/".join("ab1" * 160), "a." * 499, "1." * 499, "1,5," * 249, " ".join("a" * 50), " ".join(["字" * 19] * 50),
    " ".join(f"w{number}" for number in range(50)),
    " ".join(f"word{chr(97 + number % 26)}{number}x-y" for number in range(50)),
    " ".join(f"misspelt{chr(97 + number % 26)}{chr(97 + number // 26)}" for number in range(50)),
    " ".join(f"-w{number}" for number in range(50)), " ".join(f"w{number}*" for number in range(50)),
    " OR ".join(f"w{number}" for number in range(50)), "(" * 300 + "a" + ")" * 300,
    " OR ".join(f"vendor:a{number}*" for number in range(50)),
    " OR ".join(f"(a{number} -title:b{number})" for number in range(25)),
    " ".join(["-" + "a1" * 48] * 9 + ["-x1y2"]), " ".join(f'"{"b1" * 44}{number}"' for number in range(10)),
    " ".join(f'"{"b1 " * 30}{number}"' for number in range(10)), " ".join(["c1-" * 33] * 9), '"' + "a1 " * 300 + '"',
    " ".join(f'"a b{number}"' for number in range(50)), " ".join(f'"a b{number}"*' for number in range(50)),
    " OR ".join(f'"a b{number}"*' for number in range(50)), " OR ".join(f"a{number}-b-c*" for number in range(50)),
    "tag:" + ",".join("a" * 490), "sku:" + ",".join("ab" * 240), "vendor:" + ",".join("a" * 490),
    "variants.price:" + "9" * 900, "created_at:99999", "id:" + "f" * 900, "title:" + "字" * 900,
    "title:" + "a1-" * 300, 'title:"' + "a1-" * 300 + '"*',
]  # fmt: skip


@pytest.fixture
async def shelf(index: Index) -> Index:
    """Return an index of many different words."""
    await index.put(
        *(document(f"p{number}", f"misspell{chr(97 + number)}{chr(97 + number)} w{number}") for number in range(26)),
        document("words", " ".join(f"misspelt{chr(97 + n % 26)}{chr(98 + n // 26)}" for n in range(300))),
        document("cjk", "字字字 アアア 한한한"),
    )
    return index


@pytest.mark.parametrize("number", range(len(HOSTILE)))
async def test_a_text_of_any_kind_gets_an_answer(shelf: Index, number: int) -> None:
    asked = HOSTILE[number]
    assert len(asked) <= SEARCH_QUERY_CHARS_MAX
    for language in ("en", "ja", "xx"):
        found = await shelf.found(asked, language=language, total=True, facets=True, prefix=True)
        assert found.total is not None
        assert len(found.hits) == min(found.total, 50)
        await shelf.suggested(asked, language=language)


SYNONYMS = Synonyms.of(
    SynonymGroup((f"w{number}", *(f"one{other} two three" for other in range(19)))) for number in range(50)
)


async def test_the_largest_queries_are_within_the_nodes_limits(shelf: Index) -> None:
    words = [f"w{number}" for number in range(SEARCH_QUERY_TERMS_MAX)]
    texts = [
        " ".join(words),
        " ".join(f"{word}-{word}-x" for word in words),
        " ".join(f"misspelt{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(SEARCH_QUERY_TERMS_MAX)),
        " ".join(f"misspelt{chr(97 + n % 26)}" for n in range(6)),
        " ".join("字" * (3 + n % 16) + "ア" for n in range(50)),
    ]
    for text in texts:
        for language in LANGUAGES:
            for synonyms in (Synonyms(), SYNONYMS):
                asked = request(text[:SEARCH_QUERY_CHARS_MAX], synonyms=synonyms, language=language, paging=Paging(5))
                for way in (Way(), Way(typos=True), Way(typos=True, most=True), Way(slim=True)):
                    assert clauses(words_query(asked.plan, language, way)) <= CLAUSES_MAX, (text, language, way)
                await shelf.engine.search(shelf.database, asked)


async def test_a_long_word_is_looked_for_by_its_beginning(shelf: Index) -> None:
    await shelf.put(document("long", "L" * 200))
    assert await shelf.find("l" * 100) == []
    assert await shelf.find("misspellaa") == ["p0"]
