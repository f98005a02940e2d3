"""Words are found in each language by other forms of theirs, and in every writing of them."""

import pytest

from tests.search.opensearch.conftest import Index, document

FORMS = [
    ("en", "Leather Boots", "boot"),
    ("en", "Boot of leather", "boots"),
    ("en", "Chef's Knives", "knife"),
    ("en", "Women's Jackets", "woman jacket"),
    ("en", "AA Batteries", "battery"),
    ("en", "Running Vest", "runs"),
    ("de", "Gefütterte Schuhe", "Schuh"),
    ("de", "Haustür", "Haustüren"),
    ("de", "Haustür aus Eiche", "haustuer"),
    ("de", "Haustuer aus Fichte", "haustür"),
    ("de", "Große Gefäße", "grosses gefaess"),
    ("de", "Bunte Häuser", "Haus"),
    ("fr", "Écharpes d'hiver", "écharpe"),
    ("fr", "Veste pour l'hiver", "hiver"),
    ("fr", "Sac pour la plage", "l'plage"),
    ("fr", "Journaux anciens", "journal"),
    ("es", "Cinturón trenzado", "cinturones"),
    ("es", "Zapatillas blancas", "zapatilla blanca"),
    ("es", "Camión rojo", "camiones"),
    ("pt", "Calção azul", "calções"),
    ("pt", "Pão de forma", "pães"),
    ("pt", "Sapatos novos", "sapato"),
    ("it", "Scarpe comode", "scarpa"),
    ("it", "Bottiglia dell'olio", "olio"),
    ("it", "Giacca leggera", "giacche"),
    ("nl", "Houten stoelen", "stoel"),
    ("nl", "Regenjas", "regenjassen"),
    ("nl", "Boeken", "boek"),
    ("pl", "Kurtka zimowa", "kurtki"),
    ("pl", "Kurtki letnie", "kurtek"),
    ("pl", "Buty skórzane", "butów"),
    ("pl", "Krzesło dębowe", "krzeseł"),
    ("pl", "Książki", "książka"),
    ("pl", "Czarna sukienka", "czarnych sukienek"),
    ("pl", "Łóżko", "lozka"),
]


@pytest.fixture
async def shelf(index: Index) -> Index:
    """Return an index with a product for each form."""
    await index.put(*(document(f"{number}", title) for number, (_, title, _) in enumerate(FORMS)))
    return index


async def test_words_are_found_by_other_forms_of_theirs(shelf: Index) -> None:
    missed = [
        (language, title, asked)
        for number, (language, title, asked) in enumerate(FORMS)
        if f"{number}" not in await shelf.find(asked, language=language)
    ]
    assert missed == []


@pytest.mark.parametrize("asked", ["regal", "silla", "vlinder", "krzak"])
async def test_other_words_are_not(shelf: Index, asked: str) -> None:
    for language in ("en", "de", "es", "nl", "pl", "ja", "sv"):
        assert await shelf.find(asked, language=language) == []


@pytest.mark.parametrize("field", ["title", "product_type", "options_text", "description"])
async def test_stems_are_found_in_each_text(index: Index, field: str) -> None:
    await index.put(document("it", **{field: "Gefütterte Stiefeletten"}), document("other", "Sandale"))
    assert await index.find("stiefelette", language="de") == ["it"]


async def test_a_language_that_the_index_does_not_know_is_found_by_plain_words(index: Index) -> None:
    await index.put(document("table", "Ett runt bord från Älmhult"))
    for asked in ("bord", "älmhult", "almhult", "RUNT"):
        assert await index.find(asked, language="sv") == ["table"]
        assert await index.find(asked, language="xx") == ["table"]
    assert await index.find("bordet", language="sv") == []


@pytest.mark.parametrize(
    ("title", "asked"),
    [
        ("Café Crème", "cafe creme"),
        ("Cafe Creme", "café crème"),
        ("Cafe\u0301 Cre\u0300me", "café creme"),
        ("Café Crème", "cafe\u0301"),
        ("Straße", "strasse"),
        ("ÉLÉGANT", "elegant"),
        ("Łódź", "lodz"),
        ("Smørrebrød", "smorrebrod"),
        ("\uff21\uff22\uff23\uff11\uff12\uff13", "abc123"),
    ],
)
async def test_accents_case_and_width_do_not_count(index: Index, title: str, asked: str) -> None:
    await index.put(document("it", title), document("other", "Nothing of that"))
    for language in ("en", "xx", "ja"):
        assert await index.find(asked, language=language) == ["it"]


@pytest.mark.parametrize("language", ["ja", "zh", "ko", "en"])
async def test_texts_without_spaces_are_found_by_their_parts(index: Index, language: str) -> None:
    await index.put(
        document("shoe", "防水ランニングシューズ 男性用"),
        document("pot", "南部鉄器の急須"),
        document("ko", "여성용 겨울 신발"),
    )
    for asked in ("ランニング", "シューズ", "防水", "男性用 シューズ"):
        assert await index.find(asked, language=language) == ["shoe"], asked
    assert await index.find("急須", language=language) == ["pot"]
    assert await index.find("鉄", language=language) == ["pot"]
    assert await index.find("겨울", language=language) == ["ko"]
    assert await index.find("須急", language=language) == []
    assert await index.find("水防", language=language) == []


async def test_half_width_letters_are_the_same(index: Index) -> None:
    await index.put(document("it", "スニーカー"))
    assert await index.find("ｽﾆｰｶｰ", language="ja") == ["it"]


async def test_most_of_a_text_without_spaces_is_enough_where_nothing_has_all(index: Index) -> None:
    await index.put(document("shoe", "赤いランニングシューズ"), document("bag", "青い鞄"))
    assert await index.find("赤いのランニングシューズ用", language="ja") == ["shoe"]


@pytest.mark.parametrize("asked", ["boots for the winter", "the boots", "winter boots with a"])
async def test_grammar_is_not_insisted_on(index: Index, asked: str) -> None:
    await index.put(document("boots", "Winter Boots"), document("other", "The Hat for a Cat with a Bat"))
    assert await index.find(asked, language="en") == ["boots"]


async def test_grammar_alone_is_taken_at_its_word(index: Index) -> None:
    await index.put(document("the", "The Who"), document("other", "Hat"))
    assert await index.find("the", language="en") == ["the"]


async def test_a_german_filler_is_an_english_word(index: Index) -> None:
    await index.put(document("die", "Steel Die"), document("steel", "Steel Rod"))
    assert await index.find("steel die", language="en") == ["die"]
    assert set(await index.find("steel die", language="de")) == {"die", "steel"}
