"""What a text asks an engine for."""

from hypothesis import given
from hypothesis import strategies as st

from commerce_graph.kernel.limits import (
    SYNONYM_PHRASE_WORDS_MAX,
    SYNONYMS_PER_SEARCH_MAX,
    SYNONYMS_PER_SLOT_MAX,
)
from commerce_graph.kernel.query_syntax import Not, Or, Term, bare_terms, names, parse
from commerce_graph.kernel.query_syntax.words import Plan, Slot
from commerce_graph.search.rules.planning import SynonymGroup, Synonyms, folded, plain, plan

SHOP = Synonyms.of(
    [
        SynonymGroup(("sofa", "couch", "settee")),
        SynonymGroup(("t-shirt",), source="tee"),
        SynonymGroup(("coffee table", "cocktail table")),
        SynonymGroup(("coffee", "café")),
    ]
)


def planned(text: str, synonyms: Synonyms = SHOP, prefix: bool = False) -> Plan:
    return plan(parse(text), synonyms, prefix)


def test_nothing_asks_for_everything() -> None:
    assert planned("") == planned(" !!! & ") == planned("*") == Plan()


def test_words_become_slots_in_order() -> None:
    assert planned("desk Lamp") == Plan((Slot((("desk",),)), Slot((("Lamp",),))))


def test_a_quoted_phrase_is_exact() -> None:
    assert planned('"desk lamp" oak') == Plan((Slot((("desk", "lamp"),), exact=True), Slot((("oak",),))))


def test_the_last_word_goes_on_where_asked() -> None:
    assert [slot.prefix for slot in planned("desk la", prefix=True).slots] == [False, True]
    assert [slot.prefix for slot in planned("desk la vendor:Nord -red", prefix=True).slots] == [False, True]
    assert [slot.prefix for slot in planned('des "lamp"', prefix=True).slots] == [False, False]
    assert [slot.prefix for slot in planned("des* lamp").slots] == [True, False]


def test_what_must_not_occur() -> None:
    assert planned('lamp -red NOT "dark blue"').without == (("red",), ("dark", "blue"))
    assert planned("lamp -re*").where == Not(Term("re", prefix=True)), "not the same as without `re`"
    assert planned("lamp -!!").without == ()


def test_fields_and_groups_hold_besides() -> None:
    made = planned("lamp vendor:Nord (oak OR beech) -tag:old")
    assert made.slots == (Slot((("lamp",),)),)
    assert names(made.where) == {"vendor", "tag"}
    assert [term.value for term in bare_terms(made.where)] == ["oak", "beech"]
    assert planned("oak OR beech").where == Or((Term("oak"), Term("beech")))


def test_synonyms_follow_the_written_word() -> None:
    assert planned("Couch").slots == (Slot((("Couch",), ("sofa",), ("settee",))),)
    assert planned("COFFEES").slots == (Slot((("COFFEES",), ("café",))),), "folded, and a plural"


def test_one_way_synonyms_do_not_lead_back() -> None:
    assert planned("tees").slots == (Slot((("tees",), ("t-shirt",))),)
    assert planned("t-shirt").slots == (Slot((("t-shirt",),)),)


def test_the_longest_match_wins() -> None:
    made = planned("oak coffee table", prefix=True)
    both = (("coffee", "table"), ("cocktail", "table"))
    assert made.slots == (Slot((("oak",),)), Slot(both, prefix=True))
    assert planned("coffee oak table").slots[0] == Slot((("coffee",), ("café",)))


def test_what_stands_between_parts_words() -> None:
    assert len(planned("coffee tag:x table").slots) == 2
    assert len(planned('coffee "oak" table').slots) == 3
    assert len(planned("coffee* table").slots) == 2, "a phrase cannot go on in its middle"
    assert planned('"sofa"').slots == (Slot((("sofa",),), exact=True),)
    assert len(planned("coffee & table").slots) == 1, "says nothing, so parts nothing"


def test_terms_of_several_tokens_match_as_they_are_written() -> None:
    shop = Synonyms.of([SynonymGroup(("t-shirt", "tee"))])
    assert planned("T shirt", shop).slots == (Slot((("T", "shirt"), ("tee",))),)


def test_limits_of_synonyms() -> None:
    many = [f"word{number}x" for number in range(SYNONYMS_PER_SLOT_MAX + 2)]
    shop = Synonyms.of([SynonymGroup(tuple(many)), SynonymGroup(("sofa", "couch"))])
    assert len(planned(many[0], shop).slots[0].phrases) == 1 + SYNONYMS_PER_SLOT_MAX
    made = planned(" ".join(many), shop)
    assert sum(len(slot.phrases) - 1 for slot in made.slots) == SYNONYMS_PER_SEARCH_MAX
    long = " ".join(["a"] * SYNONYM_PHRASE_WORDS_MAX)
    assert Synonyms.of([SynonymGroup((long, "b"))]).words_max == SYNONYM_PHRASE_WORDS_MAX
    assert Synonyms.of([SynonymGroup((f"{long} a", "b"))]).found == {}


def test_groups_that_say_the_same_are_joined_once() -> None:
    shop = Synonyms.of([SynonymGroup(("sofa", "couch")), SynonymGroup(("Sofás", "COUCH", "settee"))])
    assert planned("sofa", shop).slots[0].phrases == (("sofa",), ("couch",), ("settee",))


words = st.text(max_size=12)
texts = st.one_of(
    st.text(max_size=200),
    st.lists(st.sampled_from(["coffee", "table", "sofa", '"', "-", "(", ")", "OR", "NOT", "a*", "tag:x", "é", "\\"]))
    .map(" ".join),
)  # fmt: skip


@given(texts, st.lists(st.lists(words, max_size=5), max_size=5), st.booleans())
def test_any_text_has_a_plan(text: str, groups: list[list[str]], prefix: bool) -> None:
    made = planned(text, Synonyms.of([SynonymGroup(tuple(group)) for group in groups]), prefix)
    assert made == planned(text, Synonyms.of([SynonymGroup(tuple(group)) for group in groups]), prefix)
    for slot in made.slots:
        assert all(phrase and all(phrase) for phrase in slot.phrases)
        assert len({folded(" ".join(phrase)) for phrase in slot.phrases}) == len(slot.phrases)
        assert len(slot.phrases) == 1 or not slot.exact
    assert not any(slot.prefix and slot.exact for slot in made.slots) or "*" in text


@given(texts)
def test_synonyms_lose_no_word(text: str) -> None:
    written = [word for slot in planned(text).slots for word in slot.phrases[0]]
    assert written == [word for slot in planned(text, Synonyms()).slots for word in slot.phrases[0]]


@given(st.text(max_size=50))
def test_plain_words_stay_as_they_are(text: str) -> None:
    assert plain(" ".join(plain(text))) == plain(text)


def test_letters_of_all_scripts_are_letters() -> None:
    assert plain("Žluťoučký KŮŇ, naïve") == ("zlutoucky", "kun", "naive")
    assert plain("ガラス") == ("ガラス",), "not the same as カラス"
    assert plain("हिन्दी 한국어") == ("हिनदी", "한국어")
