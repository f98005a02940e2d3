"""What a text finds: words wherever they are, as they were meant."""

import unicodedata

import pytest

from tests.search.contract.conftest import Searching
from tests.search.contract.differences import cannot

KETTLES = {"kettle", "kettle-steel", "kettle-gone", "kettle-both"}
SOFAS = {"sofa", "couch", "settee", "oil"}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        pytest.param("copper", {"kettle"}, id="title"),
        pytest.param("emberly", {"kettle", "kettle-steel"}, id="vendor"),
        pytest.param("footwear", {"shoes-walking", "shoe-running", "sandal"}, id="type"),
        pytest.param("stovetop", KETTLES, id="tag"),
        pytest.param("tea time", {"kettle"}, id="tag of two words"),
        pytest.param("crimson", {"shoes-walking"}, id="option"),
        pytest.param("whistles", {"kettle"}, id="description"),
        pytest.param("COPPER", {"kettle"}, id="case"),
        pytest.param("copper kettle", {"kettle"}, id="all words"),
        pytest.param("emberly stovetop copper whistles", {"kettle"}, id="words of several texts"),
        pytest.param("kettle, copper!", {"kettle"}, id="punctuation"),
    ],
)
async def test_a_word_is_found_wherever_it_is(searching: Searching, asked: str, found: set[str]) -> None:
    assert set(await searching.find(asked)) == found


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("kettles", KETTLES),
        ("shoe", {"shoes-walking", "shoe-running"}),
        ("whistling", {"kettle"}),
        ("whistled", {"kettle"}),
        ("replace sole", {"shoes-walking"}),
    ],
)
async def test_english_words_are_found_by_their_stems(searching: Searching, asked: str, found: set[str]) -> None:
    assert set(await searching.find(asked)) == found


@pytest.mark.parametrize(
    ("language", "asked", "found"),
    [
        ("de", "Haus", "houses"),
        ("de", "Wanderung", "houses"),
        ("fr", "cheval", "horses"),
        ("fr", "Auvergne", "horses"),
        ("es", "camino antiguo", "roads"),
        ("pt", "cidade", "hearts"),
        ("it", "tavolo", "tables"),
        ("nl", "bloem", "books"),
    ],
)
async def test_words_of_other_languages_are_found_by_their_stems(
    searching: Searching, language: str, asked: str, found: str
) -> None:
    assert await searching.find(asked, language=language) == [found]


async def test_portuguese_words_are_found_by_stems_that_end_in_a_tilde(searching: Searching) -> None:
    assert await searching.find("coração", language="pt") == ["hearts"]


@cannot("polish")
async def test_polish_words_are_found_by_their_stems(searching: Searching) -> None:
    assert await searching.find("zima", language="pl") == ["jackets"]


@pytest.mark.parametrize(
    ("language", "asked", "found"),
    [
        ("de", "Häuser", "houses"),
        ("de", "hauser", "houses"),
        ("fr", "chevaux", "horses"),
        ("es", "montanas caminos", "roads"),
        ("pt", "coracoes", "hearts"),
        ("it", "tavoli", "tables"),
        ("nl", "boeken", "books"),
        ("pl", "kurtki", "jackets"),
        ("ja", "急須", "iron"),
        ("ja", "鉄瓶", "iron"),
        ("ja", "南部鉄器の急須", "iron"),
        ("en", "急須", "iron"),
    ],
)
async def test_words_of_other_languages_are_found_as_they_are_written(
    searching: Searching, language: str, asked: str, found: str
) -> None:
    assert await searching.find(asked, language=language) == [found]


async def test_characters_next_to_each_other_in_another_order_are_another_word(searching: Searching) -> None:
    assert await searching.find("須急", language="ja") == []


@pytest.mark.parametrize("asked", ["cafe creme", "CAFÉ CRÈME", unicodedata.normalize("NFD", "café crème"), "zurich"])
async def test_accents_do_not_count(searching: Searching, asked: str) -> None:
    assert await searching.find(asked) == ["cafe"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        pytest.param("coper", {"kettle"}, id="a letter missing of 6"),
        pytest.param("coppper", {"kettle"}, id="a letter too many"),
        pytest.param("cobper", {"kettle"}, id="another letter"),
        pytest.param("copepr", {"kettle"}, id="two letters in each other's place"),
        pytest.param("vlvt couch", SOFAS, id="two of six are too many, the other word is enough"),
        pytest.param("emberyl", {"kettle", "kettle-steel"}, id="vendor"),
        pytest.param("crimzon", {"shoes-walking"}, id="option"),
        pytest.param("tableqarr", {"cafe"}, id="two of nine"),
        pytest.param("oll", set(), id="none in three letters"),
        pytest.param("cobpar", set(), id="not two in six letters"),
        pytest.param("tabxxxare", set(), id="not three in nine letters"),
    ],
)
async def test_typos_are_tolerated_by_length(searching: Searching, asked: str, found: set[str]) -> None:
    assert set(await searching.find(asked)) == found


async def test_a_word_as_it_is_written_comes_before_its_neighbours(searching: Searching) -> None:
    assert (await searching.find("couch"))[0] == "couch"
    assert (await searching.find("clay"))[0] == "pitcher"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("KTL-2040-CU", {"kettle"}),
        ("ktl-2040-cu", {"kettle"}),
        ("KTL2040CU", {"kettle"}),
        ("ktl 2040 cu", {"kettle"}),
        ("KTL-2040", {"kettle"}),
        ("4006381333931", {"kettle"}),
        ("4006381333948", {"kettle-steel"}),
        ("WLK-NA-42", {"shoes-walking"}),
        ("XR-500i", {"case"}),
        ("xr500i", {"case"}),
        ("XR 500i", {"case"}),
        ("xr500i case blk", {"case"}),
    ],
)
async def test_codes_are_found_however_they_are_written(searching: Searching, asked: str, found: set[str]) -> None:
    assert set(await searching.find(asked)) == found


@pytest.mark.parametrize("asked", ["KTL-2049-CU", "KTL-2049", "4006381333932", "XR-501i", "XR501I"])
async def test_another_code_is_no_typo(searching: Searching, asked: str) -> None:
    assert not {"kettle", "kettle-steel", "case"} & set(await searching.find(asked))


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("sofa", SOFAS),
        ("couch", SOFAS),
        ("love seat", SOFAS),
        ("sofas", SOFAS),
        ("velvet couch", {"sofa", "oil"}),
        ("pitcher", {"pitcher", "cream"}),
        ("jug", {"cream"}),
    ],
)
async def test_synonyms_find_each_other(searching: Searching, asked: str, found: set[str]) -> None:
    assert set(await searching.find(asked)) == found


async def test_what_was_written_comes_before_its_synonyms(searching: Searching) -> None:
    assert (await searching.find("sofa"))[0] == "sofa"
    assert (await searching.find("love seat"))[0] == "settee"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ('"ice cream"', ["ice"]),
        ('"cream ice"', []),
        ('"ICE CREAM" maker', ["ice"]),
        ('"copper kettles"', []),
        ('"coper kettle"', []),
        ('"velvet sofa"', ["sofa", "oil"]),
        ('"tea time"', ["kettle"]),
    ],
)
async def test_a_quoted_phrase_is_taken_at_its_word(searching: Searching, asked: str, found: list[str]) -> None:
    assert await searching.find(asked) == found


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("kettle -copper", KETTLES - {"kettle"}),
        ("kettle NOT steel", KETTLES - {"kettle-steel"}),
        ('kettle -"tin kettle"', KETTLES - {"kettle-gone"}),
        ('kettle -"kettle tin"', KETTLES),
        ("kettle -whistles -brushed", KETTLES - {"kettle", "kettle-steel"}),
        ("kettle -kettle", set()),
    ],
)
async def test_what_must_not_occur_does_not(searching: Searching, asked: str, found: set[str]) -> None:
    assert set(await searching.find(asked)) == found


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("vendor:Emberly kettle", {"kettle", "kettle-steel"}),
        ("vendor:emberly", {"kettle", "kettle-steel"}),
        ("vendor:Em*", {"kettle", "kettle-steel"}),
        ("vendor:Ember", set()),
        ("product_type:Footwear -vendor:Potter", {"shoes-walking", "shoe-running"}),
        ("tag:stovetop tag_not:travel", KETTLES - {"kettle-both"}),
        ("(vendor:Emberly OR vendor:Hearth) product_type:Kitchenware", {"kettle", "kettle-steel"}),
        ("sku:KTL-2040-CU", {"kettle"}),
        ("sku:WLK*", {"shoes-walking"}),
        ("barcode:4006381333948", {"kettle-steel"}),
        ("handle:sofa", {"sofa"}),
        ("title:kettle vendor:Potter", {"kettle-gone", "kettle-both"}),
        ("variants.price:<20 kettle", {"kettle-gone"}),
        ("variants.price:>=89 variants.price:<=89", {"kettle"}),
        ("available_for_sale:false kettle", {"kettle-gone"}),
        ("created_at:<2000-01-01", set()),
        ("created_at:>2000-01-01 copper", {"kettle"}),
        ("copper OR velvet", {"kettle", "sofa", "oil"}),
        ("(copper OR steel) kettle", {"kettle", "kettle-steel"}),
        ("unknown:field copper", {"kettle"}),
    ],
)
async def test_fields_hold_besides(searching: Searching, asked: str, found: set[str]) -> None:
    assert set(await searching.find(asked)) == found


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("copp", {"kettle"}),
        ("walking sh", {"shoes-walking"}),
        ("KTL-20", {"kettle", "kettle-steel"}),
        ("zür", {"cafe"}),
    ],
)
async def test_the_last_word_may_go_on(searching: Searching, asked: str, found: set[str]) -> None:
    assert set(await searching.find(asked, prefix=True)) == found


@pytest.mark.parametrize("asked", ["copp", "zür"])
async def test_a_word_does_not_go_on_unless_it_may(searching: Searching, asked: str) -> None:
    assert await searching.find(asked) == []


async def test_only_the_last_word_goes_on(searching: Searching) -> None:
    assert "kettle" not in await searching.find("copp trailhead", prefix=True)


async def test_where_nothing_meets_every_word_those_that_meet_most_are_found(searching: Searching) -> None:
    assert (await searching.find("crimson walking umbrella"))[0] == "shoes-walking"
    assert "kettle" in await searching.find("copper kettle with umbrella")
    assert await searching.find("umbrella") == []


async def test_nothing_is_relaxed_where_something_meets_every_word(searching: Searching) -> None:
    assert await searching.find("steel kettle") == ["kettle-steel"]


async def test_a_text_without_a_word_finds_everything(searching: Searching) -> None:
    everything = await searching.find()
    assert await searching.find("   ") == everything
    assert len(everything) == 50


@pytest.mark.parametrize("asked", ["!!!", "'", "—", "☂"])
async def test_signs_alone_ask_for_nothing(searching: Searching, asked: str) -> None:
    assert await searching.find(asked) == await searching.find()


HOSTILE = [
    "*", "?*", '"', '""', "((((", ")", "AND", "OR OR NOT", "-", "--", "\\", "\\\\\"", "'; DROP TABLE product; --",
    "<script>alert(1)</script>", "${jndi:ldap://x}", "{{7*7}}", "%", "_", "a:b:c", "vendor:", "vendor:*", ":", "sku:*",
    "/.*a.*b.*/", "kettle~99", "kettle^1000", "[* TO *]", "_exists_:title", "doc['x'].value",
    "\x00kettle", "\x07\x1b[31m",
    "\u202ekettle", "\u200b", "🫖", "👩‍👩‍👧‍👦 🫖", "K̷̢͓e̴t̶t̵l̸e̶", "\uff11\uff12\uff13", "ﬁne",
    "a" * 1_000, "é" * 900, "中" * 900,
    "k " * 49, "kettle* " * 40, "-kettle " * 40, "(" * 200 + "a" + ")" * 200, "a OR " * 40 + "b", "1e999", "NaN",
    "created_at:yesterday", "variants.price:abc", "id:1 OR id:2", "null", "true", "9" * 400, "-" * 500, '"' * 301,
]  # fmt: skip


@pytest.mark.parametrize("prefix", [False, True])
@pytest.mark.parametrize("asked", HOSTILE, ids=range(len(HOSTILE)))
async def test_a_text_of_any_kind_gets_an_answer(searching: Searching, asked: str, prefix: bool) -> None:
    found = await searching.found(asked, prefix=prefix, total=True, facets=True)
    assert found.total is not None
    assert len(found.hits) == min(found.total, 50)
