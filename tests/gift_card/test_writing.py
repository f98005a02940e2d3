"""Merchants write gift cards: what is told, what is refused, and that the ledger is the balance."""

from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from commerce_graph.embedded import Servers
from commerce_graph.gift_card.rules import ALPHABET
from commerce_graph.gift_card.service.codes import fingerprint
from commerce_graph.gift_card.tables import card
from commerce_graph.kernel.claims import idempotency
from commerce_graph.kernel.execution import Engine
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.limits import GIFT_CARD_MINOR_MAX, TEXT_CHARS_MAX
from tests.gift_card.giving import CREATE, assert_sound, balance, key, made
from tests.repeating import here
from tests.shop import Shop, gid, uid

CARD = """query($id: ID!) { giftCard(id: $id) {
  id balance { amount currencyCode } initialValue { amount } enabled expiresOn note deactivatedAt lastCharacters
  maskedCode customer { id } order { id }
  transactions(first: 50) { nodes { __typename amount { amount } note processedAt giftCard { id } } }
} }"""
LIST = """query($query: String, $sort: GiftCardSortKeys, $reverse: Boolean, $first: Int = 10, $after: String) {
  giftCards(first: $first, after: $after, query: $query, sortKey: $sort, reverse: $reverse) {
    nodes { note transactions(first: 5) { nodes { amount { amount } } } } pageInfo { hasNextPage endCursor }
  }
}"""
UPDATE = """mutation($id: ID!, $input: GiftCardUpdateInput!) {
  came: giftCardUpdate(id: $id, input: $input) {
    giftCard { note expiresOn customer { id } } userErrors { field message }
  }
}"""
CREDIT = """mutation($id: ID!, $input: GiftCardCreditInput!) {
  came: giftCardCredit(id: $id, creditInput: $input) {
    giftCardCreditTransaction { amount { amount } note giftCard { balance { amount } } } userErrors { code field }
  }
}"""
DEBIT = """mutation($id: ID!, $input: GiftCardDebitInput!) {
  came: giftCardDebit(id: $id, debitInput: $input) {
    giftCardDebitTransaction { amount { amount } note giftCard { balance { amount } } } userErrors { code field }
  }
}"""
DEACTIVATE = """mutation($id: ID!) {
  came: giftCardDeactivate(id: $id) { giftCard { enabled deactivatedAt } userErrors { code field } }
}"""
NOWHERE = to_gid("GiftCard", uid("nowhere"))


def euros(amount: str, currency: str = "EUR") -> dict[str, str]:
    return {"amount": amount, "currencyCode": currency}


async def came(shop: Shop, document: str, card_id: str, **given: Any) -> Any:
    return (await shop.data(document, {"id": card_id, "input": given}, "merchant"))["came"]


async def refused(shop: Shop, **given: Any) -> tuple[str, list[str]]:
    payload = (await shop.data(CREATE, {"input": {"initialValue": "10", **given}}, "merchant"))["came"]
    assert payload["giftCard"] is payload["giftCardCode"] is None
    (told,) = payload["userErrors"]
    return told["code"], told["field"]


@pytest.mark.parametrize("token", ["storefront", "partner"])
async def test_needs_the_scopes(shop: Shop, token: str) -> None:
    card_id, _ = await made(shop)
    for document, given in ((CARD, {"id": card_id}), (LIST, {}), (CREATE, {"input": {"initialValue": "1"}})):
        response = await shop.run(document, given, token)
        assert response["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


async def test_a_code_is_told_once_and_kept_as_a_keyed_hash(shop: Shop) -> None:
    card_id, code = await made(shop, "25.50", note="For Ada", expiresOn="2031-01-31", customerId=gid("Customer", "ada"))
    assert len(code) == 16
    assert set(code) <= set(ALPHABET)
    found = (await shop.data(CARD, {"id": card_id}, "merchant"))["giftCard"]
    (issued,) = found.pop("transactions")["nodes"]
    assert found == {
        "id": card_id, "balance": euros("25.50"), "initialValue": {"amount": "25.50"}, "enabled": True,
        "expiresOn": "2031-01-31", "note": "For Ada", "deactivatedAt": None, "lastCharacters": code[-4:],
        "maskedCode": f"•••• •••• •••• {code[-4:]}", "customer": {"id": gid("Customer", "ada")}, "order": None,
    }  # fmt: skip
    assert (issued["__typename"], issued["amount"]["amount"]) == ("GiftCardCreditTransaction", "25.50")
    async with shop.database.read() as conn:
        row = (await conn.execute(select(card))).one()
    assert code not in str(row)
    assert row.hash == fingerprint(shop.resources.secret, code) != fingerprint(b"another", code)


async def test_a_card_is_created_once_under_a_key(shop: Shop, servers: Servers, engine: Engine) -> None:
    """The answer that is kept is sealed: nobody who reads the database learns the code."""
    async with here(shop.database, servers.redis_url, engine) as server:
        first, second = [await server.send(CREATE, {"input": {"initialValue": "10"}}) for _ in range(2)]
        code = first.json()["data"]["came"]["giftCardCode"]
        assert first.content == second.content
        put = {"id": first.json()["data"]["came"]["giftCard"]["id"], "input": {"creditAmount": euros("5")}}
        assert len({(await server.send(CREDIT, put, key="another")).content for _ in range(3)}) == 1
    assert await balance(shop.database, put["id"]) == 1500
    async with shop.database.read() as conn:
        answers = (await conn.execute(select(idempotency.c.answer))).scalars().all()
        assert len((await conn.execute(select(card.c.id))).all()) == 1
    assert not [answer for answer in answers if code.encode() in answer]


async def test_what_is_refused_is_not_created(shop: Shop) -> None:
    await made(shop, code="SUMMER-2031 a")
    assert await refused(shop, code="summer2031A") == ("TAKEN", ["input", "code"])
    assert await refused(shop, code="SHORT77") == ("TOO_SHORT", ["input", "code"])
    assert await refused(shop, code="A" * 21) == ("TOO_LONG", ["input", "code"])
    assert await refused(shop, code="ÄÖÜ-ÄÖÜ-ÄÖÜ") == ("INVALID", ["input", "code"])
    assert await refused(shop, note="x" * (TEXT_CHARS_MAX + 1)) == ("TOO_LONG", ["input", "note"])
    assert await refused(shop, customerId=gid("Customer", "nobody")) == ("CUSTOMER_NOT_FOUND", ["input", "customerId"])
    for value, code in (("0", "GREATER_THAN"), ("-1", "GREATER_THAN"), ("1.001", "INVALID")):
        assert await refused(shop, initialValue=value) == (code, ["input", "initialValue"])
    assert (await refused(shop, initialValue=str(GIFT_CARD_MINOR_MAX // 100 + 1)))[0] == "INVALID"
    async with shop.database.read() as conn:
        assert len((await conn.execute(select(card.c.id))).all()) == 1


async def test_money_is_put_on_and_taken_off(shop: Shop) -> None:
    card_id, _ = await made(shop)
    put = (await came(shop, CREDIT, card_id, creditAmount=euros("5.25"), note="late"))["giftCardCreditTransaction"]
    assert put == {"amount": {"amount": "5.25"}, "note": "late", "giftCard": {"balance": {"amount": "15.25"}}}
    off = (await came(shop, DEBIT, card_id, debitAmount=euros("15.25")))["giftCardDebitTransaction"]
    assert off == {"amount": {"amount": "-15.25"}, "note": None, "giftCard": {"balance": {"amount": "0.00"}}}
    assert await balance(shop.database, card_id) == 0
    listed = (await shop.data(CARD, {"id": card_id}, "merchant"))["giftCard"]["transactions"]["nodes"]
    assert [each["amount"]["amount"] for each in listed] == ["10.00", "5.25", "-15.25"]
    assert {each["giftCard"]["id"] for each in listed} == {card_id}
    await assert_sound(shop.database)


async def test_what_may_not_be_put_on_or_taken_off(shop: Shop) -> None:
    card_id, _ = await made(shop)
    for document, name, amount, code in (
        (DEBIT, "debit", euros("10.01"), "INSUFFICIENT_FUNDS"),
        (DEBIT, "debit", euros("0"), "NEGATIVE_OR_ZERO_AMOUNT"),
        (CREDIT, "credit", euros("-1"), "NEGATIVE_OR_ZERO_AMOUNT"),
        (CREDIT, "credit", euros("1", "USD"), "MISMATCHING_CURRENCY"),
        (CREDIT, "credit", euros(str(GIFT_CARD_MINOR_MAX // 100)), "GIFT_CARD_LIMIT_EXCEEDED"),
    ):
        payload = await came(shop, document, card_id, **{f"{name}Amount": amount})
        assert payload["userErrors"] == [{"code": code, "field": [f"{name}Input", f"{name}Amount"]}]
        nothing = await came(shop, document, NOWHERE, **{f"{name}Amount": euros("1")})
        assert nothing["userErrors"] == [{"code": "GIFT_CARD_NOT_FOUND", "field": ["id"]}]
    late = await came(shop, CREDIT, card_id, creditAmount=euros("1"), processedAt="2999-01-01T00:00:00Z")
    assert late["userErrors"] == [{"code": "INVALID", "field": ["creditInput", "processedAt"]}]
    assert await balance(shop.database, card_id) == 1000


async def test_a_card_is_changed_and_ended(shop: Shop) -> None:
    card_id, _ = await made(shop, note="before", expiresOn="2031-01-31")
    payload = await came(shop, UPDATE, card_id, note="after", customerId=gid("Customer", "ada"))
    customer = {"id": gid("Customer", "ada")}
    assert payload["giftCard"] == {"note": "after", "expiresOn": "2031-01-31", "customer": customer}
    payload = await came(shop, UPDATE, card_id, expiresOn=None)
    assert payload["giftCard"] == {"note": "after", "expiresOn": None, "customer": customer}
    assert (await came(shop, UPDATE, NOWHERE, note="x"))["userErrors"][0]["field"] == ["id"]
    assert (await came(shop, UPDATE, card_id, note="x" * 5_001))["userErrors"][0]["field"] == ["input", "note"]
    first = (await shop.data(DEACTIVATE, {"id": card_id}, "merchant"))["came"]["giftCard"]
    again = (await shop.data(DEACTIVATE, {"id": card_id}, "merchant"))["came"]["giftCard"]
    assert first == again
    assert not first["enabled"]
    for document, name in ((CREDIT, "credit"), (DEBIT, "debit")):
        payload = await came(shop, document, card_id, **{f"{name}Amount": euros("1")})
        assert payload["userErrors"] == [{"code": "INVALID", "field": ["id"]}]
    nothing = (await shop.data(DEACTIVATE, {"id": NOWHERE}, "merchant"))["came"]["userErrors"]
    assert nothing == [{"code": "GIFT_CARD_NOT_FOUND", "field": ["id"]}]


async def test_lists(shop: Shop) -> None:
    ids = {}
    for note, value, more in (
        ("full", "30", {"code": "LASTFOURABCD"}),
        ("partial", "20", {"customerId": gid("Customer", "ada")}),
        ("empty", "10", {"expiresOn": "2020-01-31"}),
    ):
        ids[note], _ = await made(shop, value, note=note, **more)
    await came(shop, DEBIT, ids["partial"], debitAmount=euros("15"))
    await came(shop, DEBIT, ids["empty"], debitAmount=euros("10"))
    await shop.data(DEACTIVATE, {"id": ids["partial"]}, "merchant")

    async def notes(**given: Any) -> list[str]:
        return [each["note"] for each in (await shop.data(LIST, given, "merchant"))["giftCards"]["nodes"]]

    assert await notes() == ["full", "partial", "empty"]
    assert await notes(sort="BALANCE") == ["empty", "partial", "full"]
    assert await notes(sort="AMOUNT_SPENT", reverse=True) == ["partial", "empty", "full"]
    for sort in ("AMOUNT_SPENT", "BALANCE", "CREATED_AT", "ID", "INITIAL_VALUE", "UPDATED_AT"):
        paged, after = list[str](), None
        for _ in range(3):
            page = (await shop.data(LIST, {"sort": sort, "first": 1, "after": after}, "merchant"))["giftCards"]
            paged, after = paged + [each["note"] for each in page["nodes"]], page["pageInfo"]["endCursor"]
        assert paged == await notes(sort=sort), sort
        assert not page["pageInfo"]["hasNextPage"]
    for query, found in {
        "abcd": ["full"], "balance_status:full": ["full"], "balance_status:partial": ["partial"],
        "balance_status:empty": ["empty"], "balance_status:full_or_partial": ["full", "partial"],
        "status:disabled": ["partial"], "status:enabled": ["full", "empty"], "status:expired": ["empty"],
        f"customer_id:{uid('ada')}": ["partial"], "expires_on:<2021-01-01": ["empty"],
        f"id:{key(ids['full'])}": ["full"], "created_at:<2001-01-01": [],
    }.items():  # fmt: skip
        assert await notes(query=query) == found, query


async def test_statements_of_a_list_are_flat(shop: Shop) -> None:
    counts = []
    for _ in range(2):
        counts.append(len(await shop.statements(LIST, {}, "merchant")))
        for _ in range(5):
            await made(shop)
    counts.append(len(await shop.statements(LIST, {}, "merchant")))
    assert counts[1:] == [2, 2]


async def test_the_database_is_the_last_defence(shop: Shop) -> None:
    card_id, _ = await made(shop)
    with pytest.raises(IntegrityError, match="never_overspent"):
        async with shop.database.begin() as tx:
            await tx.execute(update(card).where(card.c.id == key(card_id)).values(balance_minor=-1))
    for change in ("UPDATE gift_card.entry SET note = 'x'", "DELETE FROM gift_card.entry"):
        with pytest.raises(DBAPIError, match="only grows"):
            async with shop.database.begin() as tx:
                await tx.execute(text(change))
