"""The catalogue's decisions: texts, options and variants, and collections' rules."""

import string
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commerce_graph.catalog import rules
from commerce_graph.catalog.rules import Option, Rule, RuleSet, Traits, Wish
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import COLLECTION_RULES_MAX, HANDLE_CHARS_MAX, URL_CHARS_MAX

MARKET = new_id()


@pytest.mark.parametrize(
    ("text", "handle"),
    [
        ("Linen Shirt", "linen-shirt"),
        ("  Crème brûlée -- Nº5! ", "creme-brulee-no5"),
        ("Straße Ærø Łódź", "strasse-aero-lodz"),
        ("茶碗", "product"),
        ("---", "product"),
        ("100% Wool", "100-wool"),
    ],
)
def test_handles(text: str, handle: str) -> None:
    assert rules.handle_of(text, "product") == handle


@given(st.text(max_size=400))
def test_a_handle_is_always_one(text: str) -> None:
    handle = rules.handle_of(text, "product")
    assert 1 <= len(handle) <= HANDLE_CHARS_MAX
    assert set(handle) <= set(string.ascii_lowercase + string.digits + "-")
    assert not handle.startswith("-")
    assert not handle.endswith("-")
    assert rules.handle_of(handle, "other") == handle


@given(st.text(max_size=300).map(lambda text: rules.handle_of(text, "product")), st.integers(1, 10**6))
def test_a_number_tells_namesakes_apart(handle: str, number: int) -> None:
    name = rules.numbered(handle, number)
    assert len(name) <= HANDLE_CHARS_MAX
    assert name.endswith(f"-{number}")
    assert rules.handle_of(name, "other") == name
    assert rules.numbered(handle, 0) == handle


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two</p>", "One Two"),
        ("Fish &amp; <b>ch</b>ips<br>&lt;hot&gt;", "Fish & chips <hot>"),
        ("<script>alert(1)</script>Hi<style>p {}</style>", "Hi"),
        ("<SCRIPT src=x>a</script >b", "b"),
        ("before<script>never closed", "before"),
        ("<ul><li>a<li>b</ul>", "a b"),
        ("<!-- no -->yes<![if !ie]>", "yes"),
        ("<![foo[bar]]>x", "x"),
        ("a < b", "a < b"),
        ("<noscript><p>no</p></noscript>yes", "yes"),
        ("<template/>x</template>", "x"),
    ],
)
def test_the_text_of_html(html: str, text: str) -> None:
    assert rules.text_of(html) == text


@given(
    st.lists(st.sampled_from(["<", ">", "<!", "<![", "]]>", "<script>", "</script>", "<p>", "&", "&#x", ";", "a", '"']))
)
def test_any_html_has_a_text(parts: list[str]) -> None:
    text = rules.text_of("".join(parts))
    assert text == " ".join(text.split())


def test_script_text_is_never_told() -> None:
    html = "<div>a<script>secret</script>b<script type='x'>secret</script></div><p>c"
    assert rules.text_of(html) == "ab c"


NO_URLS = ["javascript:alert(1)", "//evil.test/x", "ftp://a/b", "", "a.png", "/a b", "http://", "/\\x"]


@pytest.mark.parametrize("url", [*NO_URLS, "https://x/" + "a" * URL_CHARS_MAX])
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(Rejected):
        rules.checked_url(url, ["url"])


def test_urls() -> None:
    assert rules.checked_url(" https://cdn.test/a.png?v=1 ", ["url"]) == "https://cdn.test/a.png?v=1"
    assert rules.checked_url("/media/a.svg", ["url"]) == "/media/a.svg"


def test_tags_are_tidied() -> None:
    assert rules.tidy_tags([" Summer ", "summer", "", "two  words"]) == ["Summer", "two words"]


NAMES = st.sampled_from(["Size", "Color", "Cut"])
VALUES = st.sampled_from(["S", "M", "L"])


@st.composite
def _products(draw: st.DrawFn) -> tuple[list[Option], dict[UUID, dict[str, str]]]:
    names = draw(st.lists(NAMES, unique=True, min_size=1))
    chosen = draw(st.lists(st.tuples(*(VALUES for _ in names)), unique=True, min_size=1, max_size=6))
    options = [Option(name, tuple(dict.fromkeys(c[at] for c in chosen)), new_id()) for at, name in enumerate(names)]
    return options, {new_id(): dict(zip(names, values, strict=True)) for values in chosen}


@given(_products(), st.lists(st.dictionaries(NAMES, VALUES), max_size=8), st.data())
def test_an_assortment_is_whole_or_refused(
    product: tuple[list[Option], dict[UUID, dict[str, str]]], wanted: list[dict[str, str]], data: st.DataObject
) -> None:
    stored, have = product
    ids = [data.draw(st.sampled_from([None, None, *have])) for _ in wanted]
    wishes = [Wish(one, tuple(each.items())) for one, each in zip(ids, wanted, strict=True)]
    try:
        settled = rules.assort(None, stored, have, wishes)
    except Rejected:
        return
    chosen = [each.values for each in settled.variants]
    kept = [each.id for each in settled.variants if each.id]
    assert len(set(chosen)) == len(chosen) == len(wishes)
    assert all(len(values) == len(settled.options) for values in chosen)
    assert all(
        value in option.values for values in chosen for value, option in zip(values, settled.options, strict=True)
    )
    assert sorted(each.position for each in settled.variants) == list(range(1, len(chosen) + 1))
    assert len(set(kept)) == len(kept)
    assert {*kept, *settled.removed} == set(have)
    for wish, each in zip(wishes, settled.variants, strict=True):
        assert wish.id in (None, each.id)


@given(_products())
def test_the_same_options_give_the_same_variants(product: tuple[list[Option], dict[UUID, dict[str, str]]]) -> None:
    stored, have = product
    wishes = [Wish(None, tuple(values.items())) for values in have.values()]
    options = [Option(option.name, option.values) for option in reversed(stored)]
    settled = rules.assort(options, stored, have, wishes)
    assert [each.id for each in settled.variants] == list(have)
    assert settled.removed == ()


@pytest.mark.parametrize(
    ("given_rules", "path"),
    [
        ([], ["ruleSet", "rules"]),
        ([Rule("TAG", "EQUALS", "x")] * (COLLECTION_RULES_MAX + 1), ["ruleSet", "rules"]),
        ([Rule("TITLE", "GREATER_THAN", "x")], ["ruleSet", "rules", "0", "relation"]),
        ([Rule("VARIANT_PRICE", "CONTAINS", "1", MARKET, 100)], ["ruleSet", "rules", "0", "relation"]),
        ([Rule("VARIANT_PRICE", "EQUALS", "1")], ["ruleSet", "rules", "0", "condition"]),
        ([Rule("TAG", "EQUALS", "x"), Rule("TAG", "EQUALS", "  ")], ["ruleSet", "rules", "1", "condition"]),
    ],
)
def test_rule_sets_refused(given_rules: list[Rule], path: list[str]) -> None:
    with pytest.raises(Rejected) as refused:
        rules.check_rule_set(RuleSet(tuple(given_rules)))
    assert refused.value.field == path


SHIRT = Traits("Linen Shirt", "Shirt", "Nord", ["summer", "Linen"], {MARKET: (4900, 5900)})


@pytest.mark.parametrize(
    ("rule", "met"),
    [
        (Rule("TITLE", "EQUALS", "linen shirt"), True),
        (Rule("TITLE", "CONTAINS", "SHIRT"), True),
        (Rule("TITLE", "NOT_CONTAINS", "shirt"), False),
        (Rule("TYPE", "STARTS_WITH", "sh"), True),
        (Rule("VENDOR", "ENDS_WITH", "north"), False),
        (Rule("TAG", "EQUALS", "linen"), True),
        (Rule("TAG", "NOT_EQUALS", "linen"), False),
        (Rule("VARIANT_PRICE", "GREATER_THAN", "50", MARKET, 5000), True),
        (Rule("VARIANT_PRICE", "GREATER_THAN", "59", MARKET, 5900), False),
        (Rule("VARIANT_PRICE", "LESS_THAN", "49", MARKET, 4900), False),
        (Rule("VARIANT_PRICE", "EQUALS", "49", MARKET, 4900), True),
        (Rule("VARIANT_PRICE", "NOT_EQUALS", "1", new_id(), 100), False),
    ],
)
def test_rules(rule: Rule, met: bool) -> None:
    assert rules.picks(RuleSet((rule,)), SHIRT) is met


def test_rules_join() -> None:
    true, false = Rule("TITLE", "CONTAINS", "shirt"), Rule("TITLE", "CONTAINS", "lamp")
    assert not rules.picks(RuleSet((true, false)), SHIRT)
    assert rules.picks(RuleSet((true, false), applied_disjunctively=True), SHIRT)
    assert not rules.picks(RuleSet((), applied_disjunctively=True), SHIRT)
    assert not rules.picks(RuleSet(()), SHIRT)
