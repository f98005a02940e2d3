"""Synonyms, redirects and pinned products: merchants' edits, their limits, and when they count."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.database import count_statements
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import (
    SEARCH_CURATED_QUERY_CHARS_MAX,
    SEARCH_PINS_MAX,
    SYNONYM_GROUP_TERMS_MAX,
    SYNONYM_PHRASE_WORDS_MAX,
    SYNONYM_TERM_CHARS_MAX,
    URL_CHARS_MAX,
)
from commerce_graph.search.rules.curation import checked_target
from commerce_graph.search.service import curation as curation_service
from commerce_graph.search.service import rulebooks
from commerce_graph.search.tables import pin_set, redirect, synonym_group
from tests.shop import Shop, gid, uid

GROUP = "synonymGroup { id source terms } userErrors { code field message }"
CREATE_GROUP = f"""
mutation CreateGroup($input: SearchSynonymGroupInput!) {{ searchSynonymGroupCreate(input: $input) {{ {GROUP} }} }}
"""
UPDATE_GROUP = f"""
mutation UpdateGroup($id: ID!, $input: SearchSynonymGroupInput!) {{
  searchSynonymGroupUpdate(id: $id, input: $input) {{ {GROUP} }}
}}
"""
DELETE = """
mutation Delete($id: ID!) { search%sDelete(id: $id) { deletedId userErrors { code field message } } }
"""
REDIRECT = "redirect { id query target } userErrors { code field message }"
CREATE_REDIRECT = f"""
mutation CreateRedirect($input: SearchRedirectInput!) {{ searchRedirectCreate(input: $input) {{ {REDIRECT} }} }}
"""
UPDATE_REDIRECT = f"""
mutation UpdateRedirect($id: ID!, $input: SearchRedirectInput!) {{
  searchRedirectUpdate(id: $id, input: $input) {{ {REDIRECT} }}
}}
"""
PINS = "pinSet { id query products { handle } } userErrors { code field message }"
CREATE_PINS = f"""
mutation CreatePins($input: SearchPinSetInput!) {{ searchPinSetCreate(input: $input) {{ {PINS} }} }}
"""
UPDATE_PINS = f"""
mutation UpdatePins($id: ID!, $input: SearchPinSetInput!) {{
  searchPinSetUpdate(id: $id, input: $input) {{ {PINS} }}
}}
"""
NOBODY = "gid://shopify/{}/018f0000-0000-7000-8000-000000000000"


async def run(shop: Shop, document: str, **variables: Any) -> Any:
    (told,) = (await shop.data(document, variables, "merchant")).values()
    return told


async def refused(shop: Shop, document: str, **variables: Any) -> tuple[str, list[str]]:
    (error,) = (await run(shop, document, **variables))["userErrors"]
    return error["code"], error["field"]


async def test_only_merchants_decide(shop: Shop) -> None:
    for document, given_input in (
        (CREATE_GROUP, {"terms": ["sofa", "couch"]}),
        (CREATE_REDIRECT, {"query": "returns", "target": "/returns"}),
        (CREATE_PINS, {"query": "light", "productIds": []}),
    ):
        answer = await shop.run(document, {"input": given_input})
        assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
    answer = await shop.run("{ searchSynonymGroups(first: 1) { nodes { id } } }")
    assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


@pytest.mark.parametrize(
    ("given_input", "code", "field"),
    [
        ({"terms": []}, "BLANK", ["input", "terms"]),
        ({"terms": ["sofa"]}, "BLANK", ["input", "terms"]),
        ({"terms": ["sofa", " SOFÁS "]}, "BLANK", ["input", "terms"]),
        ({"terms": ["sofa", "…"]}, "BLANK", ["input", "terms", "1"]),
        ({"terms": ["sofa", "a\0b"]}, "BLANK", ["input", "terms", "1"]),
        ({"terms": ["tee"], "source": "Tees"}, "BLANK", ["input", "terms"]),
        ({"terms": ["tee"], "source": ""}, "BLANK", ["input", "source"]),
        ({"terms": ["x" * (SYNONYM_TERM_CHARS_MAX + 1), "b"]}, "TOO_LONG", ["input", "terms", "0"]),
        ({"terms": ["a", "b " * (SYNONYM_PHRASE_WORDS_MAX + 1)]}, "TOO_LONG", ["input", "terms", "1"]),
        ({"terms": [f"t{n}x" for n in range(SYNONYM_GROUP_TERMS_MAX + 1)]}, "TOO_MANY", ["input", "terms"]),
    ],
)
async def test_groups_that_say_nothing_or_too_much(
    shop: Shop, given_input: dict[str, Any], code: str, field: list[str]
) -> None:
    assert await refused(shop, CREATE_GROUP, input=given_input) == (code, field)


async def test_the_life_of_a_group(shop: Shop) -> None:
    assert await refused(shop, UPDATE_GROUP, id=NOBODY.format("SearchSynonymGroup"), input={"terms": ["a", "b"]}) == (
        "NOT_FOUND",
        ["id"],
    )
    longest = [f"t{n}x " * SYNONYM_PHRASE_WORDS_MAX for n in range(SYNONYM_GROUP_TERMS_MAX)]
    assert (await run(shop, CREATE_GROUP, input={"terms": longest}))["userErrors"] == []
    made = (await run(shop, CREATE_GROUP, input={"terms": [" sofa ", "Sofas", "coffee  table"]}))["synonymGroup"]
    assert (made["terms"], made["source"]) == (["sofa", "coffee table"], None)
    changed = await run(shop, UPDATE_GROUP, id=made["id"], input={"terms": ["t-shirt"], "source": "tee"})
    assert changed["synonymGroup"] == {"id": made["id"], "source": "tee", "terms": ["t-shirt"]}
    listed = await run(shop, "{ searchSynonymGroups(first: 5, reverse: true) { nodes { id terms createdAt } } }")
    assert listed["nodes"][0]["terms"] == ["t-shirt"]
    gone = await run(shop, DELETE % "SynonymGroup", id=made["id"])
    assert gone == {"deletedId": made["id"], "userErrors": []}
    assert await refused(shop, DELETE % "SynonymGroup", id=made["id"]) == ("NOT_FOUND", ["id"])


@pytest.mark.parametrize(
    ("query", "target", "code"),
    [
        ("!!!", "/x", "BLANK"),
        ("a\0b", "/x", "BLANK"),
        ("q" * (SEARCH_CURATED_QUERY_CHARS_MAX + 1), "/x", "TOO_LONG"),
        ("sale", "/" + "x" * URL_CHARS_MAX, "TOO_LONG"),
        ("sale", "sale", "INVALID"),
        ("sale", "//evil.test", "INVALID"),
        ("sale", "/\\evil.test", "INVALID"),
        ("sale", "javascript:alert(1)", "INVALID"),
        ("sale", "http://", "INVALID"),
        ("sale", "http://[", "INVALID"),
        ("sale", "/a b", "INVALID"),
        ("sale", "/a\nb", "INVALID"),
        ("sale", "", "INVALID"),
    ],
)
async def test_redirects_that_lead_nowhere(shop: Shop, query: str, target: str, code: str) -> None:
    assert (await refused(shop, CREATE_REDIRECT, input={"query": query, "target": target}))[0] == code


@given(st.text(max_size=40))
def test_a_target_is_a_path_here_or_a_web_address(text: str) -> None:
    for target in (text, f"/{text}", f"http{text}"):
        try:
            kept = checked_target(target)
        except Rejected:
            continue
        assert kept == target
        assert kept.isascii()
        assert kept.startswith(("http://", "https://")) or (kept[0] == "/" and kept[1:2] not in ("/", "\\"))


async def test_the_life_of_a_redirect(shop: Shop) -> None:
    made = (await run(shop, CREATE_REDIRECT, input={"query": " Return ", "target": "/policies/refunds"}))["redirect"]
    assert (made["query"], made["target"]) == ("Return", "/policies/refunds")
    other = (await run(shop, CREATE_REDIRECT, input={"query": "sale", "target": "https://a.test/x?y#z"}))["redirect"]
    assert await refused(shop, CREATE_REDIRECT, input={"query": "RETURNS", "target": "/x"}) == (
        "TAKEN",
        ["input", "query"],
    )
    assert await refused(shop, UPDATE_REDIRECT, id=other["id"], input={"query": "returns", "target": "/x"}) == (
        "TAKEN",
        ["input", "query"],
    )
    assert await refused(
        shop, UPDATE_REDIRECT, id=NOBODY.format("SearchRedirect"), input={"query": "new", "target": "/x"}
    ) == ("NOT_FOUND", ["id"])
    again = await run(shop, UPDATE_REDIRECT, id=made["id"], input={"query": "Returns", "target": "/y"})
    assert again["redirect"] == {"id": made["id"], "query": "Returns", "target": "/y"}
    assert (await run(shop, DELETE % "Redirect", id=made["id"]))["deletedId"] == made["id"]
    assert await refused(shop, DELETE % "Redirect", id=made["id"]) == ("NOT_FOUND", ["id"])
    listed = await run(shop, "{ searchRedirects(first: 5) { nodes { query target updatedAt } } }")
    assert [each["query"] for each in listed["nodes"]] == ["sale"]


async def test_the_life_of_a_pin_set(shop: Shop) -> None:
    lamp, mug = gid("Product", "lamp"), gid("Product", "mug")
    assert await refused(shop, CREATE_PINS, input={"query": "light", "productIds": []}) == (
        "BLANK",
        ["input", "productIds"],
    )
    assert await refused(
        shop, CREATE_PINS, input={"query": "light", "productIds": [lamp, NOBODY.format("Product")]}
    ) == (
        "NOT_FOUND",
        ["input", "productIds", "1"],
    )
    made = (await run(shop, CREATE_PINS, input={"query": "light", "productIds": [mug, lamp, mug]}))["pinSet"]
    assert [each["handle"] for each in made["products"]] == ["mug", "lamp"]
    assert await refused(shop, CREATE_PINS, input={"query": "Lights", "productIds": [mug]}) == (
        "TAKEN",
        ["input", "query"],
    )
    changed = await run(shop, UPDATE_PINS, id=made["id"], input={"query": "lights", "productIds": [lamp]})
    assert [each["handle"] for each in changed["pinSet"]["products"]] == ["lamp"]
    listed = await run(shop, "{ searchPinSets(first: 5) { nodes { query products { handle } } } }")
    assert listed["nodes"] == [{"query": "lights", "products": [{"handle": "lamp"}]}]
    assert (await run(shop, DELETE % "PinSet", id=made["id"]))["deletedId"] == made["id"]
    assert await refused(shop, DELETE % "PinSet", id=made["id"]) == ("NOT_FOUND", ["id"])


async def test_how_many_products_a_query_may_have(shop: Shop) -> None:
    keys = [uid(f"pin-{n}") for n in range(SEARCH_PINS_MAX + 1)]
    async with shop.database.begin() as tx:
        await curation_service.save_pin_set(tx, None, "many", keys[:-1])
        with pytest.raises(Rejected, match="the limit is"):
            await curation_service.save_pin_set(tx, None, "too many", keys)


@pytest.mark.parametrize("table", [synonym_group, redirect, pin_set], ids=lambda table: table.name)
async def test_edits_at_once_do_not_pass_a_limit(shop: Shop, monkeypatch: pytest.MonkeyPatch, table: Any) -> None:
    monkeypatch.setitem(curation_service._MOST, table, 3)

    async def add(number: int) -> bool:
        try:
            async with shop.database.begin() as tx:
                if table is synonym_group:
                    await curation_service.save_synonym_group(tx, None, [f"a{number}", f"b{number}"], None)
                elif table is redirect:
                    await curation_service.save_redirect(tx, None, f"q{number}", "/x")
                else:
                    await curation_service.save_pin_set(tx, None, f"q{number}", [uid("mug")])
        except Rejected as wrong:
            return wrong.code != "TOO_MANY"
        return True

    assert sorted(await asyncio.gather(*(add(number) for number in range(8)))) == [False] * 5 + [True] * 3


async def test_of_edits_at_once_one_gets_the_query(shop: Shop) -> None:
    answers = await asyncio.gather(
        *(run(shop, CREATE_REDIRECT, input={"query": "sale", "target": f"/{n}"}) for n in range(6))
    )
    assert sorted(answer["userErrors"][0]["code"] if answer["userErrors"] else "" for answer in answers) == [
        "", *["TAKEN"] * 5
    ]  # fmt: skip


async def test_an_edit_counts_at_once_here_and_within_seconds_elsewhere(
    shop: Shop, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, elsewhere = rulebooks(resources), rulebooks(replace(resources, services={}))
    assert here is rulebooks(resources)
    assert elsewhere is not here
    assert (await here.current()).redirect("sale") is (await elsewhere.current()).redirect("sale") is None
    await run(shop, CREATE_REDIRECT, input={"query": "sale", "target": "/sale"})
    await run(shop, CREATE_GROUP, input={"terms": ["sofa", "couch"]})
    await run(shop, CREATE_PINS, input={"query": "light", "productIds": [gid("Product", "lamp")]})
    assert (await here.current()).redirect("SALES!") == "/sale"
    assert (await elsewhere.current()).redirect("sale") is None, "its copy is still young"
    monkeypatch.setattr("commerce_graph.search.service.rulebook.SEARCH_RULEBOOK_S", 0)
    known = await elsewhere.current()
    assert known.redirect("sale") == "/sale"
    assert known.pinned("Lights") == (uid("lamp"),)
    assert known.synonyms.found[("sofa",)] == (("couch",),)


async def test_a_copy_costs_one_statement_and_none_while_it_is_young(
    resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    books = rulebooks(resources)
    with count_statements() as seen:
        await asyncio.gather(*(books.current() for _ in range(10)))
        await books.current()
    assert len(seen) == 1
    monkeypatch.setattr("commerce_graph.search.service.rulebook.SEARCH_RULEBOOK_S", 0)
    with count_statements() as seen:
        await books.current()
    assert len(seen) == 1
